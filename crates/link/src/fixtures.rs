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
