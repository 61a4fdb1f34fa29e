//! What every socket of one server works with.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use domain::Clock;
use store::Journal;

use crate::access_points::AccessPoints;
use crate::cui::CuiKey;
use crate::facts::Facts;
use crate::metrics::Metrics;
use crate::recording::Recording;
use crate::settings::RadiusSettings;

/// Settings, access points, facts, journal, clock and counters.
pub(crate) struct Shared {
    pub(crate) settings: RadiusSettings,
    pub(crate) access_points: ArcSwap<AccessPoints>,
    pub(crate) facts: Facts,
    pub(crate) journal: Journal,
    pub(crate) recording: Recording,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) cui: OnceLock<CuiKey>,
}
