//! From when on a path is what.

use std::time::Duration;

use crate::{PenaltyPolicy, QualityPolicy};

/// The limits of one path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPolicy {
    /// What is good and bad; without it, of a path whose far end answers no probes, liveness alone
    /// counts.
    pub quality: Option<QualityPolicy>,
    /// What failures cost.
    pub penalty: PenaltyPolicy,
    /// So many probes are waited for before the first verdict.
    pub samples: u32,
    /// A path that is not good for so long at first is bad, and one that is not heard is down.
    pub patience: Duration,
    /// A carrier that is gone for so long without a heartbeat means that the path is down.
    pub carrier_grace: Duration,
    /// A bad path is good again after so long a calm.
    pub calm: Duration,
    /// A path that failed once has to be clean for so long; after each further failure for twice as
    /// long.
    pub recovery: Duration,
    /// But for no longer than this.
    pub longest_recovery: Duration,
}

impl PathPolicy {
    /// Of so many last seconds ...
    pub(super) const SECONDS: usize = 3;
    /// ... so many have to be bad for the path to be bad.
    pub(super) const BAD_SECONDS: usize = 2;
}

impl Default for PathPolicy {
    fn default() -> Self {
        Self {
            quality: Some(QualityPolicy::default()),
            penalty: PenaltyPolicy::default(),
            samples: 10,
            patience: Duration::from_secs(30),
            carrier_grace: Duration::from_millis(50),
            calm: Duration::from_secs(30),
            recovery: Duration::from_secs(30),
            longest_recovery: Duration::from_secs(15 * 60),
        }
    }
}
