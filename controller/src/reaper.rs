//! The reaper: closes sessions that their access point forgot, and destroys what has
//! been kept for long enough.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Timestamp, Zone};
use store::{Store, StoreError};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::settings::{ControllerSettings, days, hours};

/// How often silent sessions are looked for.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);

/// How often old things are destroyed.
const BETWEEN_PRUNINGS: Duration = Duration::from_secs(3_600);

/// Persons destroyed in one round, each in a transaction of its own.
const MOST_ERASURES: u32 = 1_000;

/// Days for which a RADIUS server is known that was not seen.
const KNOWN_DAYS: u32 = 31;

/// A session is silent once so many reports are missing.
const MISSING_REPORTS: u32 = 3;

/// Clears away what is over.
pub(crate) struct Reaper {
    settings: ControllerSettings,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// How many things were destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub challenges: u64,
    pub credentials: u64,
    pub orders: u64,
    pub messages: u64,
    pub sessions: u64,
    pub grants: u64,
    pub usage: u64,
    pub accounts: u64,
    pub radius_servers: u64,
    pub erasures: u64,
}

impl Reaper {
    pub(crate) fn new(
        settings: ControllerSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, store, clock }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        stop.run_until_cancelled(self.reap()).await;
    }

    async fn reap(&self) {
        let started_at = self.clock.now();
        let mut rounds = tokio::time::interval(BETWEEN_ROUNDS);
        let mut prunings = tokio::time::interval(BETWEEN_PRUNINGS);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        prunings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                _ = rounds.tick() => self.close_silent_sessions(started_at).await.map(drop),
                _ = prunings.tick() => self.prune().await.map(report),
            };
            if let Err(error) = outcome {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "clearing away failed and is tried again later");
            }
        }
    }

    /// Closes sessions that have been silent for too long; returns how many. Nothing is closed
    /// until we have listened for so long ourselves, since reports may have been lost before.
    pub(crate) async fn close_silent_sessions(
        &self,
        listening_since: Timestamp,
    ) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let plans = self.store.list_plans().await?;
        let slowest = plans.iter().map(|plan| plan.interim_interval).max().unwrap_or_default();
        let silence = self.settings.stale_after().max(slowest * MISSING_REPORTS);
        if now.since(listening_since) < silence {
            return Ok(0);
        }
        let closed = self.store.close_stale_sessions(now - silence, now).await?;
        if !closed.is_empty() {
            tracing::info!(sessions = closed.len(), "silent sessions closed");
        }
        Ok(closed.len())
    }

    /// Destroys what has been kept for as long as it may.
    pub(crate) async fn prune(&self) -> Result<Pruned, StoreError> {
        let now = self.clock.now();
        let keep = &self.settings.retention;
        // Any zone will do: of the days of usage, at least today and yesterday are kept.
        let oldest_day = Zone::riyadh().day_of(now - days(keep.usage_days));
        Ok(Pruned {
            challenges: self.store.prune_challenges(now - days(keep.challenge_days)).await?,
            credentials: self.store.prune_credentials(now - hours(keep.credential_hours)).await?,
            orders: self.store.prune_orders(now - days(keep.order_days)).await?,
            messages: self.store.prune_messages(now - days(keep.message_days)).await?,
            sessions: self.store.prune_sessions(now - days(keep.session_days)).await?,
            grants: self.store.prune_grants(now - days(keep.grant_days)).await?,
            usage: self.store.prune_usage(oldest_day).await?,
            accounts: self.erase_unused(now - days(keep.account_days)).await?,
            radius_servers: self.store.prune_radius_servers(now - days(KNOWN_DAYS)).await?,
            erasures: self.store.prune_erasures(now - days(keep.erasure_days)).await?,
        })
    }

    /// Destroys persons who have not come since `before`; those that are left over are the next
    /// round's.
    async fn erase_unused(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut erased = 0;
        for account in self.store.list_unused_accounts(before, MOST_ERASURES).await? {
            erased += u64::from(self.store.erase_account(account, self.clock.now()).await?);
        }
        Ok(erased)
    }
}

fn report(pruned: Pruned) {
    if pruned == Pruned::default() {
        return;
    }
    let Pruned {
        challenges,
        credentials,
        orders,
        messages,
        sessions,
        grants,
        usage,
        accounts,
        radius_servers,
        erasures,
    } = pruned;
    tracing::info!(
        challenges,
        credentials,
        orders,
        messages,
        sessions,
        grants,
        usage,
        accounts,
        radius_servers,
        erasures,
        "old records destroyed"
    );
}

#[cfg(test)]
mod tests;
