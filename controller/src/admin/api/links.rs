//! What agents tell of the links between offices, as it travels from here.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use domain::Timestamp;
use link::policy::SignedPolicy;
use link::report::{Cell, Name};
use serde::{Deserialize, Serialize};

use crate::links::availability::Figures;
use crate::links::maintenance::{Every, MaintenanceWindow};
use crate::links::span::Span;
use crate::links::wording::Language;

/// An office whose agent was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSiteView {
    /// What it is called.
    pub site: String,
    /// When its agent was heard for the first time.
    pub first_seen_at: Timestamp,
    /// When it was last heard.
    pub seen_at: Timestamp,
    /// For how many seconds it has been silent; `null` while it speaks.
    pub silent_seconds: Option<u64>,
    /// How many events and spans its disk lost before they came.
    pub missing: u64,
    /// How its links are, as it last told: what `sabeel link list --json` says there.
    pub state: Option<serde_json::Value>,
    /// When it told that.
    pub state_at: Option<Timestamp>,
}

/// An event of an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEventView {
    /// Where it stands among all events of its office; goes up.
    pub position: u64,
    /// When it came.
    pub taken_at: Timestamp,
    /// As the agent wrote it.
    pub event: serde_json::Value,
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkEventsQuery {
    /// Those after this position, 1,000 at most.
    #[serde(default)]
    pub after: u64,
    /// The last ones instead, so many.
    #[serde(default)]
    pub last: Option<NonZeroU32>,
}

/// Of which paths and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkHistoryQuery {
    /// Which path; all without.
    #[serde(default)]
    pub path: Option<Name>,
    /// From when on; a day before `until` without.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until when; now without.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// In spans of 10, 60 or 900 seconds; what fits without.
    #[serde(default)]
    pub span: Option<u32>,
}

/// How the paths of an office were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkHistoryView {
    /// Each in each span, by their names.
    pub items: Vec<Cell>,
    /// The bulk runs over them that ended, or were given up, in that time; the first one first, 1,000 at
    /// most.
    pub bulk_runs: Vec<LinkBulkRunView>,
}

/// What came of a bulk run, as one end of the path told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkBulkRunView {
    /// When it ended, by the clock of the router.
    pub at: Timestamp,
    /// Over which path.
    pub path: String,
    /// What the path carried to the far end and from there, in kbit/s; `null` if the run was given up.
    pub carried_kbit: Option<[u64; 2]>,
    /// What was lost and how late, or why it was given up, in words.
    pub why: Option<String>,
}

/// Which incidents of links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkIncidentsQuery {
    /// Those that are over, too.
    #[serde(default)]
    pub all: bool,
}

/// Which work on links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkMaintenanceQuery {
    /// What is over, too.
    #[serde(default)]
    pub all: bool,
}

/// Work on the links of an office, or on one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanLinkMaintenance {
    /// Which office.
    pub site: Name,
    /// Which of its paths; all of it without.
    #[serde(default)]
    pub path: Option<Name>,
    /// When it begins, for the first time.
    pub from: Timestamp,
    /// When it ends then.
    pub until: Timestamp,
    /// After what it comes again; never without.
    #[serde(default)]
    pub every: Option<Every>,
    /// From when on it comes no more; without an end without.
    #[serde(default)]
    pub last: Option<Timestamp>,
    /// What it is, 1 to 200 characters.
    pub why: String,
}

/// That work does not take place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelLinkMaintenance {
    /// On that day only, such as `2026-11-27`; from now on without.
    #[serde(default)]
    pub day: Option<String>,
}

/// Work on links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkMaintenanceView {
    /// Its number.
    pub number: u64,
    /// What it is, on what, and when.
    pub window: MaintenanceWindow,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// By whom.
    pub planned_by: String,
    /// When it is, or will be next; `null` if it is over.
    pub next: Option<Span>,
    /// Whether that is now.
    pub is_now: bool,
}

/// In which language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkMapQuery {
    /// `ar` or `en`; Arabic without.
    #[serde(default)]
    pub language: Language,
}

/// Of which month, in which language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkReportQuery {
    /// Such as `2026-10`; the last one that is over without.
    #[serde(default)]
    pub month: Option<String>,
    /// `ar` or `en`; Arabic without.
    #[serde(default)]
    pub language: Language,
}

/// The map of all links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkMapView {
    /// The picture.
    pub svg: String,
    /// The lines.
    pub lines: Vec<LinkLineView>,
}

/// How a line is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkLineView {
    /// What it is called.
    pub name: String,
    /// Its ends: site and path of each; `?` where nobody tells of it.
    pub ends: [[String; 2]; 2],
    /// `up`, `degraded`, `down`, `maintenance` or `unknown`.
    pub state: String,
    /// How long a round trip takes.
    pub round_trip_us: Option<u64>,
}

/// What a month was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkReportView {
    /// Which, such as `2026-10`.
    pub month: String,
    /// When it began.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// When the report was made.
    pub made: Timestamp,
    /// The offices.
    pub offices: Vec<LinkFiguresView>,
    /// What they reach.
    pub services: Vec<LinkFiguresView>,
    /// The lines.
    pub lines: Vec<LinkFiguresView>,
    /// The whole of it as a page.
    pub html: String,
}

/// What a line, office or service was; the first five spans add up to the month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkFiguresView {
    /// What it is called.
    pub name: String,
    /// For how many seconds it was up.
    pub up_seconds: f64,
    /// Down.
    pub down_seconds: f64,
    /// Neither is known.
    pub unknown_seconds: f64,
    /// In maintenance, which is not counted.
    pub maintenance_seconds: f64,
    /// Before it was watched, or still to come.
    pub unwatched_seconds: f64,
    /// The share of what counts in which it was up; `null` if nothing counts.
    pub availability: Option<f64>,
    /// The share of what counts in which a backup was proven.
    pub readiness: Option<f64>,
    /// Outages that began.
    pub outages: u32,
    /// The mean time to repair; `null` if nothing was repaired.
    pub repair_seconds: Option<f64>,
    /// For how many seconds the office went by another line than the preferred one.
    pub on_backup_seconds: f64,
    /// Seconds down, by cause.
    pub by_cause: BTreeMap<String, f64>,
}

impl LinkFiguresView {
    pub(in crate::admin) fn new(name: &str, figures: &Figures) -> Self {
        let by_cause = figures.by_cause.iter();
        Self {
            name: name.to_owned(),
            up_seconds: figures.up.as_secs_f64(),
            down_seconds: figures.down.as_secs_f64(),
            unknown_seconds: figures.unknown.as_secs_f64(),
            maintenance_seconds: figures.excluded.as_secs_f64(),
            unwatched_seconds: figures.unwatched.as_secs_f64(),
            availability: figures.availability(),
            readiness: figures.readiness(),
            outages: figures.outages,
            repair_seconds: figures.mttr().map(|time| time.as_secs_f64()),
            on_backup_seconds: figures.on_backup.as_secs_f64(),
            by_cause: by_cause.map(|(cause, time)| (cause.clone(), time.as_secs_f64())).collect(),
        }
    }
}

/// That somebody takes care of an incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeLinkIncident {
    /// What is written down with it.
    #[serde(default)]
    pub note: Option<String>,
}

/// Which policy of an office was published last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPolicyView {
    /// Whose it is.
    pub site: Name,
    /// Which of theirs.
    pub generation: u64,
    /// When it was published.
    pub published_at: Timestamp,
}

/// The policy of an office that was published last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPolicyView {
    /// When it was published.
    pub published_at: Timestamp,
    /// As it was signed.
    pub signed: SignedPolicy,
}
