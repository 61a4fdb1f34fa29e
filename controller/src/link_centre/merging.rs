//! Adds what agents tell to the longer spans in which it is kept, and destroys what was kept for as long
//! as it may. No person is in it, so the audit log is not told.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Timestamp};
use store::{LinkSpan, Store, StoreError};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::settings::{RetentionSettings, days};

const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);
/// Cells that are added, or destroyed, in one transaction: nobody who writes waits long for it.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");

/// The job.
pub(crate) struct Merging {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    keep: RetentionSettings,
}

impl Merging {
    pub(crate) const fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        keep: RetentionSettings,
    ) -> Self {
        Self { store, clock, keep }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut rounds = tokio::time::interval(BETWEEN_ROUNDS);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let working = async {
            loop {
                rounds.tick().await;
                for outcome in [self.merge().await, self.prune().await] {
                    if let Err(error) = outcome {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "the history of links is kept in order again later");
                    }
                }
            }
        };
        stop.run_until_cancelled(working).await;
    }

    /// Adds all that there is; returns how many cells.
    pub(crate) async fn merge(&self) -> Result<u64, StoreError> {
        let mut merged = 0;
        for site in self.store.list_link_sites().await? {
            loop {
                let count = self.store.merge_link_cells(&site.name, AT_ONCE).await?;
                merged += count;
                if count < u64::from(AT_ONCE.get()) {
                    break;
                }
            }
        }
        Ok(merged)
    }

    /// Destroys what was kept for as long as it may; returns how many records.
    pub(crate) async fn prune(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let before = |kept: u32| -> Timestamp { now - days(kept) };
        let RetentionSettings {
            link_second_days, link_fine_days, link_minute_days, link_days, ..
        } = self.keep;
        let mut pruned = 0;
        let kept = [link_second_days, link_fine_days, link_minute_days, link_days];
        for (span, kept) in LinkSpan::ALL.into_iter().zip(kept) {
            loop {
                let count = self.store.prune_link_history(span, before(kept), AT_ONCE).await?;
                pruned += count;
                if count < u64::from(AT_ONCE.get()) {
                    break;
                }
            }
        }
        pruned += self.store.prune_link_events(before(link_days)).await?;
        pruned += self.store.prune_link_incidents(before(link_days)).await?;
        pruned += self.store.prune_link_maintenance(before(link_days)).await?;
        pruned += self.store.prune_link_reports(before(link_days)).await?;
        pruned += self.store.prune_link_sites(before(link_days)).await?;
        if pruned > 0 {
            tracing::debug!(pruned, "old histories of links destroyed");
        }
        Ok(pruned)
    }
}
