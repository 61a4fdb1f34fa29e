//! How often things have changed, so that a memory knows whether it is still good.
//!
//! Whoever remembers what was read asks for the version before reading, and trusts the memory as
//! long as the version is the same. So a change that is committed while something is being read
//! is never hidden by what was read.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::MacAddress;

use crate::Change;

/// Counters that devices share; two that share one cost each other a look, and nothing else.
const SHARES: usize = 4_096;

/// The versions of setup and of all devices.
#[derive(Debug)]
pub struct Versions {
    everything: AtomicU64,
    setup: AtomicU64,
    devices: Box<[AtomicU64]>,
}

/// A version. It says nothing but whether it is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    everything: u64,
    part: u64,
}

impl Versions {
    pub(crate) fn new() -> Self {
        let devices = (0..SHARES).map(|_| AtomicU64::new(0)).collect();
        Self { everything: AtomicU64::new(0), setup: AtomicU64::new(0), devices }
    }

    /// The version of sites, plans and access points.
    #[must_use]
    pub fn of_setup(&self) -> Version {
        self.version(&self.setup)
    }

    /// The version of a device's grants and of the challenges of its visits.
    #[must_use]
    pub fn of_device(&self, device: MacAddress) -> Version {
        self.version(self.share(device))
    }

    fn version(&self, part: &AtomicU64) -> Version {
        let [everything, part] = [&self.everything, part].map(|of| of.load(Ordering::Acquire));
        Version { everything, part }
    }

    /// The counter of a device: makers count the last octets, and phones draw them by lot.
    fn share(&self, device: MacAddress) -> &AtomicU64 {
        let [.., high, low] = device.octets();
        &self.devices[usize::from(u16::from_be_bytes([high, low])) % SHARES]
    }

    pub(crate) fn count(&self, change: &Change) {
        let part = match change {
            Change::Setup => &self.setup,
            Change::Grant(device) | Change::Challenge(device) => self.share(*device),
            Change::Erased | Change::Missed => &self.everything,
            Change::Pending | Change::Usage(_) | Change::Order | Change::Message => return,
        };
        part.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(last: u8) -> MacAddress {
        MacAddress::new([2, 0, 0x5e, 0, 0, last])
    }

    #[test]
    fn a_change_makes_another_version_of_what_it_is_about() {
        let versions = Versions::new();
        let all =
            || [versions.of_setup(), versions.of_device(device(1)), versions.of_device(device(2))];
        for (change, changed) in [
            (Change::Setup, [true, false, false]),
            (Change::Grant(device(1)), [false, true, false]),
            (Change::Challenge(device(2)), [false, false, true]),
            (Change::Missed, [true; 3]),
            (Change::Erased, [true; 3]),
            (Change::Order, [false; 3]),
        ] {
            let before = all();
            versions.count(&change);
            let after = all();
            let differ: Vec<_> = before.iter().zip(&after).map(|(was, is)| was != is).collect();
            assert_eq!(differ, changed, "{change:?}");
        }
    }
}
