//! One-time credentials that a controller is told, by which it asks RADIUS about a device.

use std::time::Duration;

use domain::{Credential, Grant, NasName, Timestamp};

use crate::random;

/// For how long they are good.
const LIFE: Duration = Duration::from_secs(90);
/// As long as a browser's; some controllers take 31 at most.
const PASSWORD: usize = 24;

/// New credentials for the device of `grant` at `nas`.
#[must_use]
pub fn one_time_credential(grant: &Grant, nas: &NasName, now: Timestamp) -> Credential {
    Credential {
        id: random::opaque_id(),
        password: random::secret(PASSWORD),
        grant: grant.id,
        device: grant.device,
        nas: nas.clone(),
        expires_at: now + LIFE,
    }
}
