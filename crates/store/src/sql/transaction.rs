//! A transaction, which has a connection of its own until it ends.

use std::ops::{Deref, DerefMut};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Executor};
use tokio::runtime::Handle;

use super::connections::Lent;

/// A transaction. Dropped without a commit, it changes nothing, and holds no lock for long: it is
/// rolled back at once, and its connection lent to nobody before that is done.
pub(super) struct Transaction(Option<Lent>);

impl Transaction {
    /// Begins by these statements, which have no values.
    pub(super) async fn begin(lent: Lent, statements: String) -> Result<Self, sqlx::Error> {
        let mut begun = Self(Some(lent));
        begun.execute(AssertSqlSafe(statements)).await?;
        Ok(begun)
    }

    /// The same; returns also what the statements find.
    pub(super) async fn begin_finding(
        lent: Lent,
        statements: String,
    ) -> Result<(Self, Vec<AnyRow>), sqlx::Error> {
        let mut begun = Self(Some(lent));
        let found = begun.fetch_all(AssertSqlSafe(statements)).await?;
        Ok((begun, found))
    }

    /// Makes it durable.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Takes it back.
    pub(super) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.execute(statement).await?;
        if let Some(mut lent) = self.0.take() {
            lent.is_in_order();
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        &self.0.as_ref().expect("it has a connection until it ends").connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0.as_mut().expect("it has a connection until it ends").connection
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(lent) = self.0.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(take_back(lent))),
            // The program ends, and its connections with it.
            Err(_) => drop(Lent::take(lent)),
        }
    }
}

/// Ends what was not committed. What cannot be ended goes with its connection: a server that is gone,
/// or a transaction that SQLite has ended by itself, as on a full disk.
async fn take_back(mut lent: Lent) {
    match lent.connection.execute("ROLLBACK").await {
        Ok(_) => lent.is_in_order(),
        Err(error) => {
            tracing::debug!(%error, "a connection is given up");
            drop(Lent::take(lent));
        }
    }
}
