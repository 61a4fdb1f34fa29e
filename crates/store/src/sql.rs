//! The one implementation of every contract, over SQLite or PostgreSQL.
//!
//! Both speak the same statements; where they differ stands in `dialect`. On SQLite one
//! connection writes and a few read; PostgreSQL has one pool for both.

mod accounts;
mod apply;
mod challenges;
mod circumstances;
mod connect;
mod credentials;
mod dialect;
mod grants;
mod identification;
mod messages;
mod migrations;
mod orders;
mod row;
mod sessions;
mod setup;

use async_trait::async_trait;
use sqlx::{Any, AnyPool, Transaction};

pub use connect::StoreSettings;
pub use migrations::Migrated;

use crate::keys::KeyRing;
use crate::{ChangeFeed, Changes, Store, StoreError};
use dialect::Dialect;

/// Everything that Sabeel remembers, in an SQL database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    dialect: Dialect,
    writer: AnyPool,
    reader: AnyPool,
    keys: KeyRing,
    feed: ChangeFeed,
    /// Marks our own notifications, which come back to us.
    instance: [u8; 8],
}

impl SqlStore {
    /// Begins a transaction that may write; on SQLite it waits for the one writer.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.writer.begin_with(self.dialect.begin()).await?)
    }

    /// Begins a transaction that changes sessions by what it reads of them: one at a time.
    async fn begin_on_sessions(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let mut transaction = self.begin().await?;
        if let Some(statement) = self.dialect.lock_sessions() {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        Ok(transaction)
    }
}

#[async_trait]
impl Store for SqlStore {
    fn changes(&self) -> Changes {
        self.feed.subscribe()
    }
}
