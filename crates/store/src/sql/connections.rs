//! Connections, lent one at a time.
//!
//! sqlx's own pool asks each connection whether it is still there when it is given back, which costs as
//! much as a look-up, and lends it to nobody meanwhile. Here one is asked only if that is in doubt: if
//! it was idle for a while, or if what was done with it last did not come to its end.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolConfig, PoolError, QueueMode, RecycleResult, Timeouts,
};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, AnyConnection, Connection, Either, Execute, Executor, SqlStr};

use super::connect::{self, Use};
use super::dialect::Dialect;
use super::script::Script;
use super::transaction::Transaction;
use crate::StoreError;

/// A connection that was used so lately is not asked whether it is still there: that would cost as much
/// as a look-up.
const TRUSTED: Duration = Duration::from_millis(20);
/// A server that starts is asked again after so long, by who would change something.
const STARTING: Duration = Duration::from_millis(100);

/// As many connections as are set; made when they are first needed.
#[derive(Debug, Clone)]
pub(super) struct Connections(Pool<Connecting>);

/// How a connection is made.
#[derive(Debug)]
pub(super) struct Connecting {
    url: String,
    dialect: Dialect,
    purpose: Use,
}

/// A connection that is lent.
pub(super) type Lent = Object<Connecting>;

/// A connection, and whether it is in doubt that it is of use.
pub(super) struct Wire {
    pub(super) connection: AnyConnection,
    in_doubt: bool,
}

impl Wire {
    /// What was done with it came to its end.
    pub(super) const fn is_in_order(&mut self) {
        self.in_doubt = false;
    }
}

impl Connections {
    /// So many connections for that purpose to the database of that address, for each of which a call
    /// waits so long.
    pub(super) fn new(
        url: String,
        (dialect, purpose): (Dialect, Use),
        most: usize,
        patience: Duration,
    ) -> Self {
        sqlx::any::install_default_drivers();
        let (wait, create) = (Some(patience), Some(patience));
        let timeouts = Timeouts { wait, create, recycle: create };
        // The one that was used last has pages and plans at hand.
        let queue_mode = QueueMode::Lifo;
        let config = PoolConfig { timeouts, queue_mode, ..PoolConfig::new(most) };
        let pool = Pool::builder(Connecting { url, dialect, purpose }).config(config);
        let pool = pool.runtime(Runtime::Tokio1).build();
        Self(pool.expect("a pool with time-outs has a runtime"))
    }

    /// What each statement finds.
    pub(super) async fn fetch(&self, script: Script) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        let mut lent = self.lend().await?;
        let found = script.fetch(&mut lent.connection).await?;
        lent.is_in_order();
        Ok(found)
    }

    /// Begins a transaction by these statements, which have no values.
    pub(super) async fn begin(
        &self,
        statements: impl Into<String>,
    ) -> Result<Transaction, sqlx::Error> {
        Transaction::begin(self.lend().await?, statements.into()).await
    }

    /// Closes all once they are given back, and lends no other one.
    pub(super) async fn close(&self) {
        let mut all = Vec::new();
        for _ in 0..self.0.status().size {
            all.extend(self.lend().await);
        }
        self.0.close();
        for lent in all {
            // It is gone either way.
            drop(Object::take(lent).connection.close().await);
        }
    }

    /// A connection, in doubt until what is done with it has come to its end.
    pub(super) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        let mut lent = self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => sqlx::Error::PoolClosed,
            PoolError::Timeout(_)
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => sqlx::Error::PoolTimedOut,
        })?;
        lent.in_doubt = true;
        Ok(lent)
    }
}

impl Connecting {
    const fn is_for_reading(&self) -> bool {
        matches!(self.purpose, Use::Reading | Use::ReadingByKeys)
    }

    async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = match (self.dialect, self.purpose) {
            (Dialect::Sqlite, Use::Writing) => connect::connect_below(self.url.clone()).await?,
            _ => AnyConnection::connect(&self.url).await?,
        };
        connect::prepare(&mut connection, (self.dialect, self.purpose)).await?;
        Ok(connection)
    }
}

impl Manager for Connecting {
    type Type = Wire;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Wire, sqlx::Error> {
        loop {
            match self.connect().await {
                // Who looks something up has others to ask, or asks again.
                Err(error) if !self.is_for_reading() && is_starting(&error) => {
                    tokio::time::sleep(STARTING).await;
                }
                connected => return Ok(Wire { connection: connected?, in_doubt: false }),
            }
        }
    }

    async fn recycle(&self, wire: &mut Wire, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        // A server may have hung up meanwhile; a file has not.
        let may_be_gone = wire.in_doubt || metrics.last_used() >= TRUSTED;
        if self.dialect == Dialect::Postgres && may_be_gone {
            wire.connection.ping().await?;
        }
        Ok(())
    }
}

/// Whether a server may be on its way up.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        _ => false,
    }
}

impl<'r> Executor<'r> for &'r Connections {
    type Database = Any;

    /// What is found is gathered before the first of it is given.
    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, sqlx::Error>>
    where
        'r: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let found = async move {
            let mut lent = self.lend().await?;
            let found: Vec<_> = lent.connection.fetch_many(query).try_collect().await?;
            lent.is_in_order();
            Ok::<_, sqlx::Error>(stream::iter(found).map(Ok))
        };
        stream::once(found).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<AnyRow>, sqlx::Error>>
    where
        'r: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let found = async move {
            let mut lent = self.lend().await?;
            let found = lent.connection.fetch_optional(query).await?;
            lent.is_in_order();
            Ok(found)
        };
        found.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, sqlx::Error>>
    where
        'r: 'e,
    {
        let prepared = async move {
            let mut lent = self.lend().await?;
            let prepared = lent.connection.prepare_with(sql, parameters).await?;
            lent.is_in_order();
            Ok(prepared)
        };
        prepared.boxed()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("in_doubt", &self.in_doubt).finish_non_exhaustive()
    }
}
