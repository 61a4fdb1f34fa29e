//! What a session has used, although the kernel's counters know admissions only.
//!
//! A session may outlast an admission (the machine restarts, the device changes its address),
//! and an admission may outlast a session (new terms begin a new session). Usage never runs
//! backwards, whatever the counters do.

use domain::Octets;
use serde::{Deserialize, Serialize};

/// Octets in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// From the device.
    pub uploaded: Octets,
    /// To the device.
    pub downloaded: Octets,
}

impl Traffic {
    /// Octets both ways.
    #[must_use]
    pub fn total(self) -> Octets {
        self.uploaded + self.downloaded
    }

    fn max(self, other: Self) -> Self {
        Self {
            uploaded: self.uploaded.max(other.uploaded),
            downloaded: self.downloaded.max(other.downloaded),
        }
    }
}

/// The usage of one session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meter {
    /// Used under earlier admissions.
    before: Traffic,
    /// Where the counters of the present admission stood when the session began.
    zero: Traffic,
    /// Where they stood at last.
    counted: Traffic,
}

impl Meter {
    /// What the session has used.
    pub(super) fn usage(&self) -> Traffic {
        let Self { before, zero, counted } = self;
        Traffic {
            uploaded: before.uploaded + counted.uploaded.saturating_sub(zero.uploaded),
            downloaded: before.downloaded + counted.downloaded.saturating_sub(zero.downloaded),
        }
    }

    /// Takes note of the counters of the present admission.
    pub(super) fn read(&mut self, counters: Traffic) {
        self.counted = self.counted.max(counters);
    }

    /// Goes on under a new admission, whose counters begin at zero.
    pub(super) fn readmitted(&mut self) {
        *self = Self { before: self.usage(), ..Self::default() };
    }

    /// The meter of a session that begins now under the same admission.
    pub(super) fn successor(&self) -> Self {
        Self { before: Traffic::default(), zero: self.counted, counted: self.counted }
    }

    /// Where the admission's counters together stand when the session's usage reaches `ceiling`.
    pub(super) fn counters_at(&self, ceiling: Octets) -> Octets {
        ceiling.saturating_sub(self.before.total()) + self.zero.total()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn traffic(uploaded: u64, downloaded: u64) -> Traffic {
        Traffic { uploaded: Octets::new(uploaded), downloaded: Octets::new(downloaded) }
    }

    #[test]
    fn a_session_goes_on_over_admissions_and_its_successor_begins_at_zero() {
        let mut meter = Meter::default();
        meter.read(traffic(10, 100));
        meter.readmitted();
        meter.read(traffic(1, 2));
        assert_eq!(meter.usage(), traffic(11, 102));
        assert_eq!(meter.counters_at(Octets::new(1_110)), Octets::new(1_000));
        let mut successor = meter.successor();
        assert_eq!(successor.usage(), traffic(0, 0));
        successor.read(traffic(2, 4));
        assert_eq!(successor.usage(), traffic(1, 2));
        assert_eq!(successor.counters_at(Octets::new(1_000)), Octets::new(1_003));
    }

    proptest! {
        #[test]
        fn usage_never_runs_backwards(
            steps in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<bool>()), 0..40),
        ) {
            let mut meter = Meter::default();
            let mut last = Traffic::default();
            for (up, down, readmitted) in steps {
                if readmitted {
                    meter.readmitted();
                }
                meter.read(traffic(up.into(), down.into()));
                let usage = meter.usage();
                prop_assert_eq!(usage.max(last), usage);
                last = usage;
            }
        }
    }
}
