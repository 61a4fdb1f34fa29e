//! The one implementation of every contract, over SQLite or PostgreSQL.
//!
//! Both speak the same statements; where they differ stands in `dialect`. On SQLite one
//! connection writes and a few read; PostgreSQL has one pool for both.

mod access_points;
mod accounts;
mod appearances;
mod apply;
mod audit;
mod challenges;
mod circumstances;
mod connect;
mod connections;
mod consents;
mod credentials;
mod crowd;
mod dialect;
mod erasure_requests;
mod erasures;
mod gateways;
mod given;
mod grants;
mod heritage;
mod histories;
mod holds;
mod identification;
mod link_incidents;
mod link_maintenance;
mod link_policies;
mod links;
mod messages;
mod migrations;
mod nas_ranges;
mod orders;
mod pseudonyms;
mod radius_servers;
mod ratings;
mod row;
mod script;
mod send_blocks;
mod sessions;
mod setup;
mod spending;
mod till;
mod together;
mod transaction;
mod visits;
mod vouchers;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

pub use connect::StoreSettings;
use connect::Telling;
pub use migrations::Migrated;

use crate::keys::KeyRing;
use crate::{AuditEntry, ChangeFeed, Changes, Store, StoreError, Versions};
use apply::Known;
use audit::Due;
use connections::Connections;
use crowd::Crowd;
use dialect::Dialect;
use row::Columns;
use till::Till;
use together::Line;
use transaction::Transaction;

/// Everything that Sabeel remembers, in an SQL database.
#[derive(Clone)]
pub struct SqlStore {
    dialect: Dialect,
    writer: Connections,
    reader: Connections,
    /// For many rows by their keys, which RADIUS asks about.
    by_keys: Connections,
    keys: KeyRing,
    feed: ChangeFeed,
    /// What other processes are to be told of it.
    telling: Arc<Telling>,
    /// What the last batch of accounting left behind.
    known: Arc<Mutex<Known>>,
    /// Where small changes take turns.
    line: Line,
    /// Where messages are paid for, on PostgreSQL.
    till: Option<Arc<Till>>,
    /// Where first codes are asked for.
    first_codes: Arc<Crowd>,
    /// Where codes are tried.
    attempts: Arc<Crowd>,
    /// What the next change is written into the audit log with.
    due: Due,
    /// Marks our own notifications, which come back to us.
    instance: [u8; 8],
}

impl SqlStore {
    /// Begins a transaction that may write; on SQLite it waits for the one writer.
    async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.writer.begin(self.dialect.begin()).await?)
    }

    /// Begins a transaction that changes sessions by what it reads of them: one at a time. Returns
    /// the number of this change, one more than that of the last that was committed.
    async fn begin_on_sessions(&self) -> Result<(Transaction, i64), StoreError> {
        let mut transaction = self.writer.begin(self.dialect.begin_by_keys()).await?;
        let statement = "UPDATE session_changes SET number = number + 1 RETURNING number";
        let row = sqlx::query(statement).fetch_one(&mut *transaction).await?;
        Ok((transaction, Columns(&row).integer("number")?))
    }
}

#[async_trait]
impl Store for SqlStore {
    fn changes(&self) -> Changes {
        self.feed.subscribe()
    }

    fn versions(&self) -> &Versions {
        self.feed.versions()
    }

    fn on_record(&self, entry: AuditEntry) -> Arc<dyn Store> {
        Arc::new(Self { due: Due::of(entry), ..self.clone() })
    }
}
