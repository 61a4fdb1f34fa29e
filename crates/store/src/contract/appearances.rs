//! Appearances: which devices are at a site without being let in.

use async_trait::async_trait;
use domain::{MacAddress, SiteName, Timestamp};

use crate::StoreError;

/// A device that an access point of a site asked about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Appearance {
    /// The device.
    pub device: MacAddress,
    /// Where it is.
    pub site: SiteName,
}

/// What access points show of devices that they do not let in.
#[async_trait]
pub trait Appearances: Send + Sync {
    /// Writes down that they were there at `at`.
    async fn record_appearances(
        &self,
        seen: &[Appearance],
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whether the device was at the site at `since` or later.
    async fn has_appeared(&self, seen: &Appearance, since: Timestamp) -> Result<bool, StoreError>;

    /// Destroys what was seen before `before` alone; returns how many.
    async fn prune_appearances(&self, before: Timestamp) -> Result<u64, StoreError>;
}
