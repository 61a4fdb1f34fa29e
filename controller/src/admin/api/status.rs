//! How the service does.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use store::JournalPosition;

/// How the service does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// When the service started.
    pub started_at: Timestamp,
    /// For how many seconds it has been up.
    pub uptime_seconds: u64,
    /// How much there is of what.
    pub counts: Counts,
    /// When the next order to an access point is due, if one waits.
    pub next_order_at: Option<Timestamp>,
    /// When the next message to a telephone is due, if one waits.
    pub next_message_at: Option<Timestamp>,
    /// What somebody should know.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// The accounting journal, where this process keeps one.
    pub journal: Option<JournalStatus>,
}

/// How much there is of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Sites.
    pub sites: u64,
    /// Plans.
    pub plans: u64,
    /// Access points.
    pub access_points: u64,
    /// Those of them whose requests can be forged, since Message-Authenticator may be missing.
    #[serde(default)]
    pub unprotected: u64,
    /// Persons with an open session.
    pub accounts_online: u64,
}

/// How far the accounting journal has come; nothing waits when both places are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalStatus {
    /// The journal's id.
    pub id: String,
    /// Up to where records are on the disk.
    pub written: JournalPlace,
    /// Up to where they are in the database.
    pub applied: JournalPlace,
}

/// A place in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPlace {
    /// The segment's number.
    pub segment: u64,
    /// The octet in it.
    pub offset: u64,
}

impl From<JournalPosition> for JournalPlace {
    fn from(position: JournalPosition) -> Self {
        Self { segment: position.segment, offset: position.offset }
    }
}

/// That the service is up and reaches its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Always true; a service that is not well answers with a failure.
    pub healthy: bool,
}
