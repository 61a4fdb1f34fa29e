//! What agents tell of the links between offices, as it travels from here.

use std::num::NonZeroU32;

use domain::Timestamp;
use link::policy::SignedPolicy;
use link::report::Name;
use serde::{Deserialize, Serialize};

use crate::links::maintenance::{Every, MaintenanceWindow};
use crate::links::span::Span;

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
