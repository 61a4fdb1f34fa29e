//! What every socket of one server works with.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use domain::Clock;
use store::Journal;

use crate::access_points::AccessPoints;
use crate::appearances::Seen;
use crate::class::Tokens;
use crate::cui::CuiKey;
use crate::facts::Facts;
use crate::failures::Failures;
use crate::metrics::Metrics;
use crate::notes::Notes;
use crate::precedence::Backlog;
use crate::ranges::Ranges;
use crate::recording::Recording;
use crate::registrar::Notices;
use crate::settings::RadiusSettings;

/// Settings, access points, facts, journal, clock, counters, notices, trail and what is new in
/// each Class.
pub(crate) struct Shared {
    pub(crate) settings: RadiusSettings,
    pub(crate) access_points: ArcSwap<AccessPoints>,
    pub(crate) ranges: ArcSwap<Ranges>,
    pub(crate) facts: Facts,
    pub(crate) journal: Journal,
    pub(crate) recording: Recording,
    pub(crate) backlog: Backlog,
    pub(crate) failures: Failures,
    pub(crate) tokens: Tokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) notices: Notices,
    pub(crate) seen: Arc<Seen>,
    pub(crate) notes: Notes,
    pub(crate) cui: OnceLock<CuiKey>,
    /// `scheme://host[:port]` of the portal, where devices are sent that may not go online.
    pub(crate) portal: OnceLock<String>,
}
