//! Whether an access point is set up as it must be, as it travels.

use domain::{NasName, NasProfile, Timestamp};
use serde::{Deserialize, Serialize};

/// What to test of an access point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestAccessPoint {
    /// Whether it is asked to end a session that does not exist; `send` if left out.
    #[serde(default)]
    pub probe: ProbeWanted,
}

/// Whether an access point is asked something, or only what it did by itself is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeWanted {
    /// It is asked, which takes until it answers or the patience set is over.
    #[default]
    Send,
    /// It is not asked; there is no row about orders then.
    Omit,
}

/// What a test of an access point found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPointTested {
    /// Its name.
    pub name: NasName,
    /// Its maker.
    pub profile: NasProfile,
    /// One row for each thing that was looked at, always in the same order.
    pub rows: Vec<TestRow>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRow {
    /// What.
    pub what: TestSubject,
    /// Whether it is as it must be.
    pub verdict: TestVerdict,
    /// What was found.
    pub found: String,
    /// When that was last seen, if it is something that happens.
    pub last: Option<Timestamp>,
    /// What to do about it, if anything.
    pub advice: Option<String>,
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestSubject {
    /// Whether its packets arrive.
    Seen,
    /// Whether it asks about devices, and is answered.
    Authentication,
    /// Whether its requests are protected.
    MessageAuthenticator,
    /// Whether it reports what visitors use.
    Accounting,
    /// Whether it uses the present secret, where one was replaced.
    Secret,
    /// Whether it can be told to end a session.
    Orders,
    /// Whether its clock is right.
    Clock,
    /// Whether it counts upload as upload.
    Octets,
}

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestVerdict {
    /// As it must be.
    Ok,
    /// It works, but should be looked after.
    Warning,
    /// It does not work.
    Failed,
    /// Nothing was seen from which to tell.
    Unknown,
}

impl TestSubject {
    /// The name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Authentication => "authentication",
            Self::MessageAuthenticator => "message-authenticator",
            Self::Accounting => "accounting",
            Self::Secret => "secret",
            Self::Orders => "orders",
            Self::Clock => "clock",
            Self::Octets => "octets",
        }
    }
}

impl TestVerdict {
    /// The name in tables; what does not work stands out.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::Unknown => "unknown",
        }
    }
}
