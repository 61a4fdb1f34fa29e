//! Whether an access point counts its octets the wrong way round.
//!
//! Visitors download far more than they upload. Where most stays say the opposite, the access
//! point counts towards itself, as some makers do, and its direction is to be set the other way.

use serde::{Deserialize, Serialize};

/// Which way the octets of an access point's latest stays went, as they are counted now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OctetBalance {
    /// Stays that were looked at.
    pub stays: u32,
    /// Those of them that seem to have uploaded more than they downloaded.
    pub uploading: u32,
}

impl OctetBalance {
    /// Stays with less than this tell nothing: a phone that only looks for the network.
    pub const LEAST_OCTETS: u64 = 1 << 20;
    /// How many of the latest stays are looked at.
    pub const MOST_STAYS: u32 = 100;
    /// Fewer stays than this prove nothing: somebody may be sending their holiday film.
    const LEAST_STAYS: u32 = 20;

    /// Whether there were enough stays to tell anything.
    #[must_use]
    pub const fn is_telling(self) -> bool {
        self.stays >= Self::LEAST_STAYS
    }

    /// Whether upload and download seem to be exchanged: so say four of five stays.
    #[must_use]
    pub const fn looks_swapped(self) -> bool {
        self.is_telling() && self.uploading * 5 >= self.stays * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_many_stays_must_say_so() {
        for (stays, uploading, expected) in [
            (0, 0, false),
            (19, 19, false),
            (20, 15, false),
            (20, 16, true),
            (100, 79, false),
            (100, 100, true),
        ] {
            let balance = OctetBalance { stays, uploading };
            assert_eq!(balance.looks_swapped(), expected, "{balance:?}");
        }
    }
}
