//! When people work on links between offices, and which monthly reports of them were made.

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::Timestamp;

use crate::StoreError;

/// Work that was planned, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkMaintenanceKept {
    /// Its number.
    pub number: u64,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// By whom.
    pub planned_by: String,
    /// From when on it does not take place any more; `None` if it comes again without an end.
    pub over_at: Option<Timestamp>,
    /// The whole of it, JSON.
    pub plan: String,
}

/// Work on links.
#[async_trait]
pub trait LinkMaintenance: Send + Sync {
    /// Keeps what was planned under a number of its own, which is returned; that of `kept` does not
    /// count.
    async fn plan_link_maintenance(&self, kept: &LinkMaintenanceKept) -> Result<u64, StoreError>;

    /// Keeps a plan that was `before` as it is in `kept`, and until when; `false` if it is not there or
    /// somebody else changed it meanwhile.
    async fn change_link_maintenance(
        &self,
        kept: &LinkMaintenanceKept,
        before: &str,
    ) -> Result<bool, StoreError>;

    /// What was not over at `since`, so many at most, the newest; by number.
    async fn list_link_maintenance(
        &self,
        since: Timestamp,
        most: NonZeroU32,
    ) -> Result<Vec<LinkMaintenanceKept>, StoreError>;

    /// Destroys what was over before `before`.
    async fn prune_link_maintenance(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Which monthly reports were made: each by one at a time, and once.
#[async_trait]
pub trait LinkMonthlyReports: Send + Sync {
    /// Takes the making of a month's report over until then, unless it is made, or somebody else has
    /// taken it over for longer than now; returns how far it is, as last noted, and empty at first.
    async fn claim_link_report(
        &self,
        month: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<String>, StoreError>;

    /// Notes how far a report is that was claimed, and when it was done if it is.
    async fn note_link_report(
        &self,
        month: &str,
        progress: &str,
        done_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// Forgets reports that were done before `before`.
    async fn prune_link_reports(&self, before: Timestamp) -> Result<u64, StoreError>;
}
