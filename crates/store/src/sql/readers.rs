//! Connections that read, lent one at a time.
//!
//! sqlx's own pool asks each connection whether it is still there when it is given back, which costs as
//! much as a look-up. Here one is asked only if that is in doubt: if it was idle for a while, or if what
//! was done with it last did not come to its end.

use std::fmt;
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

use super::connect::{self, TRUSTED, Use};
use super::dialect::Dialect;
use super::script::Script;
use crate::StoreError;

/// As many connections as are set; made when they are first needed.
#[derive(Debug, Clone)]
pub(super) struct Readers(Pool<Connecting>);

/// How a connection is made.
#[derive(Debug)]
pub(super) struct Connecting {
    url: String,
    dialect: Dialect,
}

/// A connection, and whether it is in doubt that it is of use.
pub(super) struct Reader {
    connection: AnyConnection,
    in_doubt: bool,
}

impl Readers {
    /// So many connections to the database of that address, for each of which a call waits so long.
    pub(super) fn new(url: String, dialect: Dialect, most: usize, patience: Duration) -> Self {
        let (wait, create) = (Some(patience), Some(patience));
        let timeouts = Timeouts { wait, create, recycle: create };
        // The one that was used last has pages and plans at hand.
        let queue_mode = QueueMode::Lifo;
        let config = PoolConfig { timeouts, queue_mode, ..PoolConfig::new(most) };
        let pool = Pool::builder(Connecting { url, dialect }).config(config);
        let pool = pool.runtime(Runtime::Tokio1).build();
        Self(pool.expect("a pool with time-outs has a runtime"))
    }

    /// What each statement finds.
    pub(super) async fn fetch(&self, script: Script) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        let mut reader = self.lend().await?;
        let found = script.fetch(&mut reader.connection).await?;
        reader.in_doubt = false;
        Ok(found)
    }

    /// Closes those that are not lent, and lends no other one.
    pub(super) async fn close(&self) {
        self.0.close();
        for reader in self.0.retain(|_, _| false).removed {
            // It is gone either way.
            drop(reader.connection.close().await);
        }
    }

    /// A connection, in doubt until what is done with it has come to its end.
    async fn lend(&self) -> Result<Object<Connecting>, sqlx::Error> {
        let mut reader = self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => sqlx::Error::PoolClosed,
            PoolError::Timeout(_)
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => sqlx::Error::PoolTimedOut,
        })?;
        reader.in_doubt = true;
        Ok(reader)
    }
}

impl Manager for Connecting {
    type Type = Reader;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Reader, sqlx::Error> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        connect::prepare(&mut connection, (self.dialect, Use::Reading)).await?;
        Ok(Reader { connection, in_doubt: false })
    }

    async fn recycle(&self, reader: &mut Reader, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        // A server may have hung up meanwhile; a file has not.
        let may_be_gone = reader.in_doubt || metrics.last_used() >= TRUSTED;
        if self.dialect == Dialect::Postgres && may_be_gone {
            reader.connection.ping().await?;
        }
        Ok(())
    }
}

impl<'r> Executor<'r> for &'r Readers {
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
            let mut reader = self.lend().await?;
            let found: Vec<_> = reader.connection.fetch_many(query).try_collect().await?;
            reader.in_doubt = false;
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
            let mut reader = self.lend().await?;
            let found = reader.connection.fetch_optional(query).await?;
            reader.in_doubt = false;
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
            let mut reader = self.lend().await?;
            let prepared = reader.connection.prepare_with(sql, parameters).await?;
            reader.in_doubt = false;
            Ok(prepared)
        };
        prepared.boxed()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("in_doubt", &self.in_doubt).finish_non_exhaustive()
    }
}
