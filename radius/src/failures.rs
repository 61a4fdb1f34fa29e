//! Devices that keep presenting wrong credentials are refused for a while without a look.
//!
//! What is counted is a failed proof, never a device that is not signed in (its visitor may be
//! typing the code right now). Memory is bounded; who falls out of it begins anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::MacAddress;
use store::Memory;

/// For how long failures count, from the first one on.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Devices whose failures are counted.
const MOST_DEVICES: usize = 65_536;

/// The failures of the last minute.
#[derive(Debug)]
pub(crate) struct Failures {
    most: u32,
    lately: Memory<MacAddress, Arc<AtomicU32>>,
}

impl Failures {
    /// Allows each device `most` failures a minute.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, lately: Memory::new(MOST_DEVICES, REMEMBERED) }
    }

    /// Counts a failure.
    pub(crate) fn count(&self, device: MacAddress) {
        self.lately.get_or_insert_with(&device, Arc::default).fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the device must wait.
    pub(crate) fn are_too_many(&self, device: MacAddress) -> bool {
        self.lately.get(&device).is_some_and(|count| count.load(Ordering::Relaxed) >= self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::DEVICE;

    #[test]
    fn a_device_that_fails_too_often_waits_alone() {
        let failures = Failures::new(3);
        for expected in [false, false, false, true] {
            assert_eq!(failures.are_too_many(DEVICE), expected);
            failures.count(DEVICE);
        }
        assert!(!failures.are_too_many(MacAddress::new([2, 0, 0, 0, 0, 9])));
    }
}
