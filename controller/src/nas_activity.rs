//! What RADIUS has seen of access points: the seam to whoever counts it.

use std::collections::BTreeMap;

use domain::NasName;

use crate::admin::api::Activity;

/// Everything that was counted.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Packets by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Packets by access point.
    pub access_points: BTreeMap<NasName, Activity>,
}

/// Says what was seen of access points; where no RADIUS server runs, nobody does.
pub trait NasActivity: Send + Sync {
    /// What was seen of the access point of that name since counting began.
    fn of(&self, name: &NasName) -> Option<Activity>;

    /// Everything that was counted since counting began.
    fn all(&self) -> Counted;
}
