//! Declared networks of access points to come, and who was seen there.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::{NasRange, PendingNas, PendingState, RangeName};

use crate::StoreError;

/// What became of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// It is kept.
    Kept,
    /// There is no room for one more sender, or the range is gone.
    NotKept,
}

/// Ranges by name, and pending access points by address. Secrets are encrypted at rest.
#[async_trait]
pub trait NasRanges: Send + Sync {
    /// Every range, by name.
    async fn list_ranges(&self) -> Result<Vec<NasRange>, StoreError>;

    /// Adds a range whose site exists.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a taken name, [`StoreError::Reference`] for an unknown site or
    /// for addresses that are exactly those of another range.
    async fn add_range(&self, range: &NasRange) -> Result<(), StoreError>;

    /// Removes a range with whoever waits in it; returns whether it was there. Access points that
    /// were approved stay.
    async fn remove_range(&self, name: &RangeName) -> Result<bool, StoreError>;

    /// Keeps what a sender said last. One that is known keeps its first sighting and what was
    /// decided; those not seen for a month before give way, and there are `most` at most.
    async fn record_pending(&self, seen: &PendingNas, most: u32) -> Result<Sighting, StoreError>;

    /// Every pending access point, by address.
    async fn list_pending(&self) -> Result<Vec<PendingNas>, StoreError>;

    /// The pending access point that sends from there.
    async fn find_pending(&self, address: IpAddr) -> Result<Option<PendingNas>, StoreError>;

    /// Writes down what was decided; returns whether it was there.
    async fn decide_pending(
        &self,
        address: IpAddr,
        state: PendingState,
    ) -> Result<bool, StoreError>;

    /// Forgets a pending access point; returns whether it was there.
    async fn forget_pending(&self, address: IpAddr) -> Result<bool, StoreError>;
}
