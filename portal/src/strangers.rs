//! Devices that have neither a grant nor an open challenge at a site, remembered for half a minute.
//!
//! They are who asks for the first page, again and again until somebody types a number. A device
//! is no stranger any more as soon as a change says so. Forms never ask this memory.

use std::time::Duration;

use domain::{MacAddress, SiteName};
use moka::sync::Cache;
use store::Version;

const DEVICES: u64 = 100_000;
/// For how long one is remembered at most, should a change not be heard of.
const MEMORY: Duration = Duration::from_secs(30);

/// Who had nothing when last looked at.
pub(crate) struct Strangers(Cache<MacAddress, (Version, SiteName)>);

impl Strangers {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(DEVICES).time_to_live(MEMORY).build())
    }

    /// Remembers what was found at that version of the device.
    pub(crate) fn remember(&self, device: MacAddress, site: &SiteName, version: Version) {
        self.0.insert(device, (version, site.clone()));
    }

    /// Whether the device has nothing at that site, as of that version.
    pub(crate) fn knows(&self, device: MacAddress, site: &SiteName, version: Version) -> bool {
        self.0.get(&device).is_some_and(|known| known.0 == version && known.1 == *site)
    }
}
