//! What happened to the links of an office, as it is written down and told to the centre.

use serde::{Deserialize, Serialize};

/// A line of the event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// Its number, from 1.
    pub number: u64,
    /// When, in milliseconds of Unix time, by the clock of this router.
    pub at: u64,
    /// Whose links.
    pub site: String,
    /// `began`, `reloaded`, `path`, `site`, `fitness`, `visitors`, `stuck`, `target`, `isolation`, `breach`,
    /// `drill`, `policy`, `budget`, `work`, `bulk`, or what a later version tells.
    pub what: String,
    /// The path that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The target that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The same of a path or its fitness, in one word for programs; of visitors whether more may come,
    /// [`OPEN`](super::OPEN) or [`STOPPED`](super::STOPPED); of an office [`PREFERRED`](super::PREFERRED).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// By which paths the office goes afterwards: what is protected, and the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<[String; 2]>,
    /// The path on which visitors make room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clamped: Option<String>,
    /// How long it took to move routes, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// What the path carried to the end in a bulk run, to the far end and from there, in kbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_kbit: Option<[u64; 2]>,
    /// Nothing was moved, for this is a dry run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}
