//! Keeps memory in step with the store: the table of access points and the known grants.
//!
//! Changes say what to look at; besides, the table is read now and then anyhow, so a change that
//! got lost does no lasting harm. While the store is away the last table stays in force.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use domain::{Nas, NasRange, Site};
use store::{Change, Changes, Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::access_points::AccessPoints;
use crate::ranges::Ranges;
use crate::shared::Shared;

/// How old the table gets without a change.
const READ_EVERY: Duration = Duration::from_secs(30);
/// How soon reading is tried again when the store is away.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// The reader of changes.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    /// Only [`Follower::follow`] takes it, for as long as it runs.
    changes: Mutex<Changes>,
}

impl Follower {
    /// Listens from now on.
    pub(crate) fn new(shared: Arc<Shared>, store: Arc<dyn Store>) -> Self {
        let changes = Mutex::new(store.changes());
        Self { shared, store, changes }
    }

    /// Follows the changes until `stop` is cancelled.
    pub(crate) async fn follow(&self, stop: CancellationToken) {
        let mut changes = self.changes.lock().await;
        let mut is_open = true;
        let mut read_at = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(read_at) => {
                    read_at = Instant::now() + self.read_access_points().await;
                }
                change = changes.next(), if is_open => match change {
                    Some(change) => {
                        if self.heed(change) {
                            read_at = Instant::now();
                        }
                    }
                    None => is_open = false,
                },
            }
        }
    }

    /// Takes a change into account; returns whether the table must be read.
    fn heed(&self, change: Change) -> bool {
        let now = self.shared.clock.now();
        let known = &self.shared.facts.known;
        match change {
            Change::Setup | Change::Missed => {
                known.all_changed(now);
                return true;
            }
            Change::Grant(device) => known.grant_changed(device, now),
            Change::Usage(accounts) => {
                accounts.iter().for_each(|usage| known.usage_changed(usage.account, now));
            }
            Change::Pending
            | Change::Order
            | Change::Message
            | Change::Challenge(_)
            | Change::Erased => {}
        }
        false
    }

    /// Reads the table; returns after how long it should be read again.
    pub(crate) async fn read_access_points(&self) -> Duration {
        match self.read().await {
            Ok((list, sites, ranges)) => {
                let now = self.shared.clock.now();
                let former = self.shared.access_points.load();
                let table = AccessPoints::new(list, &sites, &former, &self.shared.metrics, now);
                tracing::debug!(access_points = table.len(), "radius.table");
                self.shared.access_points.store(Arc::new(table));
                self.shared.ranges.store(Arc::new(Ranges::new(ranges)));
                READ_EVERY
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "radius.table-unread");
                TRY_EVERY
            }
        }
    }

    async fn read(&self) -> Result<(Vec<Nas>, Vec<Site>, Vec<NasRange>), StoreError> {
        let store = &self.store;
        Ok((
            store.list_access_points().await?,
            store.list_sites().await?,
            store.list_ranges().await?,
        ))
    }
}
