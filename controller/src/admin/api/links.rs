//! What agents tell of the links between offices, as it travels from here.

use std::num::NonZeroU32;

use domain::Timestamp;
use link::report::Name;
use serde::{Deserialize, Serialize};

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

/// That somebody takes care of an incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeLinkIncident {
    /// What is written down with it.
    #[serde(default)]
    pub note: Option<String>,
}
