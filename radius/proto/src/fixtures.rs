//! What the tests of several modules start from.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::secret::SharedSecret;

/// The secret of the examples in RFC 2865 s7.
pub(crate) fn secret() -> SharedSecret {
    SharedSecret::new("xyzzy5461").unwrap()
}

/// A NAS on the given source port.
pub(crate) fn nas(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// The moment a test starts; only differences to it matter.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub(crate) fn origin() -> Instant {
    Instant::now()
}

/// Some seconds.
pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
