//! Gateways that ask by themselves: what waits to be fetched by them, and what they last said. And
//! what redirects said that controllers must be told again.

use async_trait::async_trait;
use domain::{Errand, GuestReport, MacAddress, NasName, Timestamp, WaitingErrand, Whereabouts};

use crate::StoreError;

/// What passes between us and gateways that cannot be called, and controllers that must be told more
/// than who.
#[async_trait]
pub trait Gateways: Send + Sync {
    /// Leaves an errand; it takes the place of an earlier one about the device.
    async fn leave_errand(&self, nas: &NasName, errand: &WaitingErrand) -> Result<(), StoreError>;

    /// The errands that were left at `since` or later: first those that were never told, then
    /// those that were told longest ago; at most `limit`.
    async fn list_errands(
        &self,
        nas: &NasName,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<WaitingErrand>, StoreError>;

    /// Notes that these were told at `at`, unless others have taken their place.
    async fn note_told(
        &self,
        nas: &NasName,
        told: &[WaitingErrand],
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Puts what is left of an errand in its place, or nothing; returns whether it still stood.
    async fn advance_errand(
        &self,
        nas: &NasName,
        errand: &WaitingErrand,
        next: Option<&Errand>,
    ) -> Result<bool, StoreError>;

    /// Writes down what a gateway said, unless it is older than what is known; returns whether it
    /// was new.
    async fn record_guest_report(
        &self,
        nas: &NasName,
        report: &GuestReport,
    ) -> Result<bool, StoreError>;

    /// What a gateway last said.
    async fn find_guest_report(&self, nas: &NasName) -> Result<Option<GuestReport>, StoreError>;

    /// Writes down what a redirect said of where a device is; it takes the place of what was said
    /// before.
    async fn note_whereabouts(
        &self,
        nas: &NasName,
        device: MacAddress,
        (said, at): (&Whereabouts, Timestamp),
    ) -> Result<(), StoreError>;

    /// What was last said of where a device is.
    async fn find_whereabouts(
        &self,
        nas: &NasName,
        device: MacAddress,
    ) -> Result<Option<Whereabouts>, StoreError>;

    /// Destroys what was said before `before`; returns how much.
    async fn prune_whereabouts(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Destroys errands that were left before `before`; returns how many.
    async fn prune_errands(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Destroys reports that were heard before `before`; returns how many.
    async fn prune_guest_reports(&self, before: Timestamp) -> Result<u64, StoreError>;
}
