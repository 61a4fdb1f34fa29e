//! Devices that have neither a grant nor an open challenge at a site, remembered for half a minute.
//!
//! They are who asks for the first page, again and again until somebody types a number. A device
//! is no stranger any more as soon as a change says so. Forms never ask this memory.

use std::time::Duration;

use domain::{MacAddress, SiteName};
use store::{Memory, Version};

const DEVICES: usize = 100_000;
/// For how long one is remembered at most, should a change not be heard of.
const LASTS: Duration = Duration::from_secs(30);

/// Who had nothing when last looked at.
pub(crate) struct Strangers(Memory<MacAddress, (Version, SiteName)>);

impl Strangers {
    pub(crate) fn new() -> Self {
        Self(Memory::new(DEVICES, LASTS))
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
