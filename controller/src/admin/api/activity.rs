//! What was seen of an access point, as it travels.

use std::collections::BTreeMap;

use domain::{OctetBalance, Timestamp};
use serde::{Deserialize, Serialize};

use super::AccessPoint;

/// An access point, and what the RADIUS server of this process has seen of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessPointShown {
    /// The access point.
    #[serde(flatten)]
    pub access_point: AccessPoint,
    /// Which way the octets of its latest stays went.
    pub octet_balance: OctetBalance,
    /// Whether upload and download seem to be exchanged.
    pub octets_look_swapped: bool,
    /// Since this process started; `None` where RADIUS runs in another one.
    pub activity: Option<Activity>,
}

/// What one RADIUS server has seen of an access point since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Access-Accepts.
    pub accepted: u64,
    /// Access-Rejects.
    pub rejected: u64,
    /// Accounting-Requests brought to disk.
    pub recorded: u64,
    /// Retransmissions answered again.
    pub resent: u64,
    /// Packets that got no answer, by reason.
    pub unanswered: BTreeMap<String, u64>,
    /// Access-Requests.
    pub access: Times,
    /// Accounting-Requests.
    pub accounting: Times,
    /// Interim reports among them.
    pub interim: Times,
    /// Access-Requests that came without Message-Authenticator and were looked at all the same.
    pub without_message_authenticator: Times,
    /// Reports of sessions without Class, which count for nobody.
    pub without_class: Times,
    /// Requests that were made with the former secret.
    pub former_secret: Times,
    /// Milliseconds by which its clock is ahead of ours, if it told the time.
    pub clock_ahead_millis: Option<i64>,
}

/// How often something was seen, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// How often.
    pub count: u64,
    /// When last.
    pub last: Option<Timestamp>,
}
