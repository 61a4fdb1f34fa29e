//! The reaper: closes sessions that their access point forgot, destroys what has been kept
//! for long enough, and before that leaves only hashes of hardware addresses in what is over. The
//! audit log is told in the same transaction.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, RecordsOfDevices, SpendingPeriod, Timestamp, Zone};
use store::{
    Act, Actor, AuditEntry, AuditSubject, RequestFilter, Store, StoreError, order_off_account,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::settings::{ControllerSettings, days, hours};

/// How often silent sessions are looked for.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);

/// How often old things are destroyed.
const BETWEEN_PRUNINGS: Duration = Duration::from_secs(3_600);

/// Persons destroyed in one round, each in a transaction of its own.
const MOST_ERASURES: u32 = 1_000;

/// Addresses that are hashed in one transaction, and transactions of one round for records of a
/// kind: the former keeps other writers away for some ten milliseconds, both suffice for some two
/// million records in a day.
const HASHED_AT_ONCE: u32 = 1_000;
const MOST_HASHINGS: u32 = 100;

/// Days for which a RADIUS server is known that was not seen.
const KNOWN_DAYS: u32 = 31;

/// Hours for which it is known where a device was seen that was not let in; not less than the
/// portal can be told to look back.
const SEEN_HOURS: u32 = 24;

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
    pub visits: u64,
    pub appearances: u64,
    pub errands: u64,
    pub guest_reports: u64,
    pub whereabouts: u64,
    pub credentials: u64,
    pub orders: u64,
    pub messages: u64,
    pub sessions: u64,
    pub grants: u64,
    pub usage: u64,
    pub ratings: u64,
    pub spending: u64,
    pub send_blocks: u64,
    pub accounts: u64,
    pub numbers: u64,
    pub vouchers: u64,
    pub radius_servers: u64,
    pub erasures: u64,
    pub erasure_requests: u64,
    pub links: u64,
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
                _ = prunings.tick() => self.clear_away().await,
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

    async fn clear_away(&self) -> Result<(), StoreError> {
        report(self.prune().await?);
        let records = self.hash_addresses(HASHED_AT_ONCE).await?;
        if records > 0 {
            tracing::info!(records, "hardware addresses replaced by hashes");
        }
        Ok(())
    }

    /// Leaves only keyed hashes of hardware addresses that have been kept for as long as they may,
    /// in so many records at once; returns in how many. What is left over is the next round's.
    pub(crate) async fn hash_addresses(&self, at_once: u32) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let before = now - days(self.settings.retention.mac_days);
        let mut hashed = 0;
        for of in RecordsOfDevices::ALL {
            for _ in 0..MOST_HASHINGS {
                let subject = (AuditSubject::Records(of.as_str()), before);
                let store = self.store.on_record(entry(now, Act::AddressesHashed, subject));
                let count = store.hash_addresses(of, before, at_once).await?;
                hashed += count;
                if count < u64::from(at_once) {
                    break;
                }
            }
        }
        Ok(hashed)
    }

    /// Destroys what has been kept for as long as it may.
    pub(crate) async fn prune(&self) -> Result<Pruned, StoreError> {
        let now = self.clock.now();
        let keep = &self.settings.retention;
        let past = |span: Duration| (now, now - span);
        // Any zone will do: of the days of usage, at least today and yesterday are kept.
        let oldest_day = Zone::riyadh().day_of(now - days(keep.usage_days));
        let (store, before) = self.told("challenges", past(days(keep.challenge_days)));
        let challenges = store.prune_challenges(before).await?;
        let (store, before) = self.told("visits", past(days(keep.challenge_days)));
        let visits = store.prune_visits(before).await?;
        let (store, before) = self.told("appearances", past(hours(SEEN_HOURS)));
        let appearances = store.prune_appearances(before).await?;
        let (store, before) = self.told("errands", past(hours(SEEN_HOURS)));
        let errands = store.prune_errands(before).await?;
        let (store, before) = self.told("guest-reports", past(hours(SEEN_HOURS)));
        let guest_reports = store.prune_guest_reports(before).await?;
        let (store, before) = self.told("whereabouts", past(hours(SEEN_HOURS)));
        let whereabouts = store.prune_whereabouts(before).await?;
        let (store, before) = self.told("credentials", past(hours(keep.credential_hours)));
        let credentials = store.prune_credentials(before).await?;
        let (store, before) = self.told("orders", past(days(keep.order_days)));
        let orders = store.prune_orders(before).await?;
        let (store, before) = self.told("messages", past(days(keep.message_days)));
        let messages = store.prune_messages(before).await?;
        let (store, before) = self.told("sessions", past(days(keep.session_days)));
        let sessions = store.prune_sessions(before).await?;
        let (store, before) = self.told("grants", past(days(keep.grant_days)));
        let grants = store.prune_grants(before).await?;
        let (store, _) = self.told("usage", past(days(keep.usage_days)));
        let usage = store.prune_usage(oldest_day).await?;
        let (store, _) = self.told("ratings", past(days(keep.usage_days)));
        let ratings = store.prune_ratings(oldest_day).await?;
        let (store, _) = self.told("spending", past(days(keep.usage_days)));
        // Its month is counted until it is over.
        let oldest_spending = oldest_day.min(SpendingPeriod::at(now).month);
        let spending = store.prune_spending(oldest_spending).await?;
        let (store, before) = self.told("send-blocks", past(days(keep.challenge_days)));
        let send_blocks = store.prune_send_blocks(before).await?;
        let asked_for = self.erase_requested(now).await?;
        let accounts = asked_for + self.erase_unused(past(days(keep.account_days))).await?;
        let (store, before) = self.told("numbers", past(days(keep.identity_days)));
        let numbers = store.part_with_numbers(before).await?;
        let (store, before) = self.told("erasure-requests", past(days(keep.audit_days)));
        let erasure_requests = store.prune_erasure_requests(before).await?;
        let (store, before) = self.told("voucher-batches", past(days(keep.voucher_days)));
        let vouchers = store.prune_vouchers(before).await?;
        let (store, before) = self.told("radius-servers", past(days(KNOWN_DAYS)));
        let radius_servers = store.prune_radius_servers(before).await?;
        let (store, before) = self.told("erasures", past(days(keep.erasure_days)));
        let erasures = store.prune_erasures(before).await?;
        let links = self.store.shorten_audit(now - days(keep.audit_days), now).await?;
        Ok(Pruned {
            challenges,
            visits,
            appearances,
            errands,
            guest_reports,
            whereabouts,
            credentials,
            orders,
            messages,
            sessions,
            grants,
            usage,
            ratings,
            spending,
            send_blocks,
            accounts,
            numbers,
            vouchers,
            radius_servers,
            erasures,
            erasure_requests,
            links,
        })
    }

    /// The store that writes down how many records of a kind it destroys, and before when.
    fn told(
        &self,
        kind: &'static str,
        (now, before): (Timestamp, Timestamp),
    ) -> (Arc<dyn Store>, Timestamp) {
        let entry = entry(now, Act::Destroyed, (AuditSubject::Records(kind), before));
        (self.store.on_record(entry), before)
    }

    /// Destroys persons who asked for it and were held by the law until now.
    async fn erase_requested(&self, now: Timestamp) -> Result<u64, StoreError> {
        let open = RequestFilter { open_only: true, limit: MOST_ERASURES };
        let mut erased = 0;
        for request in self.store.list_erasure_requests(open).await? {
            let holds = self.store.list_holds(request.account).await?;
            if holds.iter().any(|hold| hold.released_at.is_none()) {
                continue;
            }
            order_off_account(self.store.as_ref(), request.account, now).await?;
            let reference = request.reference.to_string();
            let store = self.store.on_record(AuditEntry {
                at: now,
                actor: Actor::Service,
                act: Act::AccountErased,
                subject: AuditSubject::Account(request.account),
                detail: [("request".to_owned(), reference.into())].into_iter().collect(),
            });
            erased += u64::from(store.erase_account(request.account, now).await?);
        }
        Ok(erased)
    }

    /// Destroys persons who have not come since `before`; those that are left over are the next
    /// round's.
    async fn erase_unused(&self, (now, before): (Timestamp, Timestamp)) -> Result<u64, StoreError> {
        let mut erased = 0;
        for account in self.store.list_unused_accounts(before, MOST_ERASURES).await? {
            let subject = (AuditSubject::Account(account), before);
            let store = self.store.on_record(entry(now, Act::AccountErased, subject));
            erased += u64::from(store.erase_account(account, now).await?);
        }
        Ok(erased)
    }
}

/// That what was older than `before` was destroyed or hashed by the settings.
fn entry(at: Timestamp, act: Act, (subject, before): (AuditSubject, Timestamp)) -> AuditEntry {
    let detail = [("before".to_owned(), before.to_string().into())].into_iter().collect();
    AuditEntry { at, actor: Actor::Service, act, subject, detail }
}

fn report(pruned: Pruned) {
    if pruned == Pruned::default() {
        return;
    }
    let Pruned {
        challenges,
        visits,
        appearances,
        errands,
        guest_reports,
        whereabouts,
        credentials,
        orders,
        messages,
        sessions,
        grants,
        usage,
        ratings,
        spending,
        send_blocks,
        accounts,
        numbers,
        vouchers,
        radius_servers,
        erasures,
        erasure_requests,
        links,
    } = pruned;
    tracing::info!(
        challenges,
        visits,
        appearances,
        errands,
        guest_reports,
        whereabouts,
        credentials,
        orders,
        messages,
        sessions,
        grants,
        usage,
        ratings,
        spending,
        send_blocks,
        accounts,
        numbers,
        vouchers,
        radius_servers,
        erasures,
        erasure_requests,
        links,
        "old records destroyed"
    );
}

#[cfg(test)]
mod tests;
