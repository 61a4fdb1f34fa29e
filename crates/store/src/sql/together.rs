//! Small changes that are committed together.
//!
//! SQLite has one writer, and each of its commits waits for the disk. So changes that come while
//! one is being committed take turns within the next transaction, each behind a savepoint, and
//! share its commit. A change is told to be done after that commit; one that is given up leaves
//! nothing behind, and spoils no other. PostgreSQL joins commits itself, and every change has a
//! transaction of its own there.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Executor, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::SqlStore;
use super::dialect::Dialect;
use crate::StoreError;

/// The transaction in which changes take turns; whoever wants one waits in line for it.
pub(super) type Line = Arc<Mutex<Option<Group>>>;

/// Changes that will be committed together.
pub(super) struct Group {
    transaction: Transaction<'static, Any>,
    done: Vec<oneshot::Sender<Result<(), StoreError>>>,
    /// What follows the last change that is part of it.
    turn: Turn,
}

/// How far the turn of a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nothing is behind a savepoint.
    Over,
    /// A change has begun, or was given up, behind the savepoint.
    Begun,
    /// The transaction is of no use any more.
    Broken,
}

/// One change: by its turn in a group, or alone. Dropped without a commit, it changes nothing.
pub(super) enum Together {
    Alone(Transaction<'static, Any>),
    InTurn(OwnedMutexGuard<Option<Group>>),
}

impl Together {
    /// Makes the change durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let mut group = match self {
            Self::Alone(transaction) => return Ok(transaction.commit().await?),
            Self::InTurn(group) => group,
        };
        let outcome = {
            let group = group.as_mut().expect("a turn is in a group");
            // Who stops waiting here is committed all the same.
            group.turn = Turn::Over;
            if let Err(error) = group.transaction.execute("RELEASE turn").await {
                group.turn = Turn::Broken;
                return Err(error.into());
            }
            let (done, outcome) = oneshot::channel();
            group.done.push(done);
            outcome
        };
        drop(group);
        outcome.await.unwrap_or_else(|_| Err(lost()))
    }
}

impl From<Transaction<'static, Any>> for Together {
    fn from(transaction: Transaction<'static, Any>) -> Self {
        Self::Alone(transaction)
    }
}

impl Deref for Together {
    type Target = Transaction<'static, Any>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Alone(transaction) => transaction,
            Self::InTurn(group) => &group.as_ref().expect("a turn is in a group").transaction,
        }
    }
}

impl DerefMut for Together {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Alone(transaction) => transaction,
            Self::InTurn(group) => &mut group.as_mut().expect("a turn is in a group").transaction,
        }
    }
}

impl Group {
    const fn new(transaction: Transaction<'static, Any>) -> Self {
        Self { transaction, done: Vec::new(), turn: Turn::Over }
    }

    /// Takes back what the last turn left behind its savepoint, if it was given up. A transaction
    /// that SQLite itself has ended, as on a full disk, has no savepoint.
    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.turn == Turn::Begun {
            self.turn = Turn::Broken;
            self.transaction.execute("ROLLBACK TO turn; RELEASE turn").await?;
            self.turn = Turn::Over;
        }
        Ok(())
    }

    async fn begin_turn(&mut self) -> Result<(), StoreError> {
        self.settle().await?;
        self.transaction.execute("SAVEPOINT turn").await?;
        self.turn = Turn::Begun;
        Ok(())
    }

    /// Commits what is done, and tells everybody.
    async fn finish(mut self) {
        let outcome = match self.settle().await {
            Ok(()) if self.turn == Turn::Broken => Err(lost()),
            Ok(()) => self.transaction.commit().await.map_err(StoreError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tracing::warn!(error = error as &dyn std::error::Error, "changes were not committed");
        }
        for done in self.done {
            // Whoever asked may have gone meanwhile.
            drop(done.send(outcome.as_ref().copied().map_err(|_| lost())));
        }
    }
}

/// What those are told whose change went with the transaction of others.
fn lost() -> StoreError {
    StoreError::Database(sqlx::Error::Protocol("the transaction was not committed".to_owned()))
}

impl SqlStore {
    /// Makes a change of one statement.
    pub(super) async fn change(
        &self,
        change: Query<'_, Any, AnyArguments>,
    ) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            change.execute(&self.writer).await?;
            return Ok(());
        }
        let mut turn = self.begin_together().await?;
        change.execute(&mut **turn).await?;
        turn.commit().await
    }

    /// Begins a small change. It must not wait for anything but the database.
    pub(super) async fn begin_together(&self) -> Result<Together, StoreError> {
        self.begin_together_with(self.dialect.begin()).await
    }

    /// Begins a small change of rows that are found by their keys.
    pub(super) async fn begin_together_by_keys(&self) -> Result<Together, StoreError> {
        self.begin_together_with(self.dialect.begin_by_keys()).await
    }

    async fn begin_together_with(&self, statement: &'static str) -> Result<Together, StoreError> {
        if self.dialect == Dialect::Postgres {
            return Ok(Together::Alone(self.writer.begin_with(statement).await?));
        }
        loop {
            let mut place = Arc::clone(&self.line).lock_owned().await;
            let group = match place.as_mut() {
                Some(group) if group.turn == Turn::Broken => {
                    drop(place);
                    tokio::task::yield_now().await;
                    continue;
                }
                Some(group) => group,
                None => {
                    let group = place.insert(Group::new(self.begin().await?));
                    tokio::spawn(finish(Arc::clone(&self.line)));
                    group
                }
            };
            group.begin_turn().await?;
            return Ok(Together::InTurn(place));
        }
    }
}

/// Commits the group after those who are in line already, and before those who come later.
async fn finish(line: Line) {
    let mut place = line.lock().await;
    if let Some(group) = place.take() {
        group.finish().await;
    }
}
