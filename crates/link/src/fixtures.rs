//! What the tests of several modules start from.

use std::time::{Duration, Instant};

use crate::key::Key;

/// The moment a test starts; only differences to it matter.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub(crate) fn origin() -> Instant {
    Instant::now()
}

/// Some milliseconds.
pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A secret.
pub(crate) fn key() -> Key {
    Key::new(b"sixteen octets or more").unwrap()
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        // The xorshift of Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}
