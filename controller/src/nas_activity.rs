//! What RADIUS has seen of access points: the seam to whoever counts it.

use domain::NasName;

use crate::admin::api::Activity;

/// Says what was seen of access points; where no RADIUS server runs, nobody does.
pub trait NasActivity: Send + Sync {
    /// What was seen of the access point of that name since counting began.
    fn of(&self, name: &NasName) -> Option<Activity>;
}
