//! What the tests of several modules start from.

use std::time::Instant;

/// The moment a test starts; only differences to it matter.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub(crate) fn origin() -> Instant {
    Instant::now()
}
