//! The part of the time in which one member of a sector may try its path without a word of the centre.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CLOCKS, SLOT};
use crate::report::Name;

/// So many slots there are for whoever was never told how many members there are.
const UNTOLD: u16 = 32;

/// One of the slots into which the time is divided, by the clocks that all share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Slot {
    number: u16,
    of: u16,
}

impl Slot {
    /// That of the member of this number among so many.
    pub(super) fn new(number: usize, of: usize) -> Self {
        let [number, of] = [number, of].map(|count| u16::try_from(count).unwrap_or(u16::MAX));
        Self { number, of }
    }

    /// That of an agent which was never told its own; another one may have the same.
    pub fn guess(site: &Name, path: &Name) -> Self {
        // FNV-1a: all agents find the same, of whatever version.
        let octets = site.as_str().bytes().chain([0]).chain(path.as_str().bytes());
        let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        // Fewer than it is divided by.
        Self { number: ((hash >> 32) % u64::from(UNTOLD)) as u16, of: UNTOLD }
    }

    /// How long it lasts yet, at that Unix time; none if it is not now.
    pub fn lasts(self, unix: Duration) -> Option<Duration> {
        let (begun, number) = self.at(unix);
        let end = SLOT.saturating_sub(CLOCKS);
        (number == u64::from(self.number) && begun >= CLOCKS && begun < end).then(|| end - begun)
    }

    /// How long it is until it may be, whatever the clock of its owner is.
    pub(super) fn begins(self, unix: Duration) -> Duration {
        let (begun, number) = self.at(unix);
        let of = u64::from(self.of.max(1));
        let own = u64::from(self.number) % of;
        if number == own {
            return Duration::ZERO;
        }
        let between = (own + of - number - 1) % of;
        let left = SLOT.saturating_sub(begun);
        left + SLOT * u32::try_from(between).unwrap_or(u32::MAX)
    }

    /// How long ago the present slot began, and which one it is.
    fn at(self, unix: Duration) -> (Duration, u64) {
        let slot = SLOT.as_secs();
        let number = unix.as_secs() / slot % u64::from(self.of.max(1));
        let begun = Duration::new(unix.as_secs() % slot, unix.subsec_nanos());
        (begun, number)
    }
}
