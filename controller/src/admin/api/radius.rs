//! What the RADIUS server does, as it travels: as it happens, and in figures.

use std::collections::BTreeMap;

use domain::{MacAddress, NasName, Timestamp};
use serde::{Deserialize, Serialize};
use store::TrailCounts;

use super::{Activity, JournalPlace, JournalStatus, Step};

/// What to follow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TailQuestion {
    /// From where on; from now on, if left out.
    pub after: Option<Cursor>,
    /// Only what is of this access point.
    pub nas: Option<NasName>,
    /// Only what is about this device.
    pub device: Option<MacAddress>,
}

/// Places in trail and journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// In the trail.
    pub trail: JournalPlace,
    /// In the journal.
    pub journal: JournalPlace,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// Where to go on.
    pub after: Cursor,
    /// Whether there is more already.
    pub more: bool,
    /// What came, oldest first.
    pub steps: Vec<Step>,
}

/// What the RADIUS server has counted since it started, and what it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadiusStatistics {
    /// When it started.
    pub started_at: Timestamp,
    /// When these figures were taken.
    pub at: Timestamp,
    /// Packets by outcome; drops by their reasons. What never came is absent.
    pub outcomes: BTreeMap<String, u64>,
    /// Packets by access point.
    pub access_points: BTreeMap<NasName, Activity>,
    /// The trail; `None` if none is kept.
    pub trail: Option<TrailStatus>,
    /// The journal.
    pub journal: Option<JournalStatus>,
}

/// How much trail there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailStatus {
    /// Its files.
    pub files: u64,
    /// Their octets.
    pub octets: u64,
    /// Events since the process started.
    #[serde(flatten)]
    pub counts: TrailCounts,
}
