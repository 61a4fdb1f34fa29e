//! How far a sign-in came, as it travels.

use domain::{Language, MacAddress, NasName, Reference, SiteName, Timestamp, Zone};
use serde::{Deserialize, Serialize};

/// How far the sign-in of one visit came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The name of the visit.
    pub reference: Reference,
    /// At which site.
    pub site: SiteName,
    /// At which access point.
    pub nas: NasName,
    /// Which device.
    pub device: MacAddress,
    /// The language of its pages.
    pub language: Language,
    /// The site's clock.
    pub zone: Zone,
    /// All stages in their order.
    pub stages: Vec<StageTold>,
    /// The stage at which it stopped or waits; none if the device is online.
    pub stopped_at: Option<SignInStage>,
    /// What to do about that, for the help desk.
    pub advice: Option<String>,
    /// What was refused on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusals: Option<RefusalsTold>,
}

/// What was refused in a visit: of however many the first and the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalsTold {
    /// How many.
    pub count: u32,
    /// The first.
    pub first: RefusalTold,
    /// The last, which may be the first.
    pub last: RefusalTold,
}

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalTold {
    /// When.
    pub at: Timestamp,
    /// Why, in a few words.
    pub text: String,
}

/// One stage, and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTold {
    /// Which.
    pub stage: SignInStage,
    /// How it stands.
    pub state: StageState,
    /// When that came about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What is known, in a few words; empty for one that was not reached.
    pub text: String,
}

/// The stages of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInStage {
    /// The access point sent the device to the portal, and it had its page.
    Page,
    /// A number was typed, and a code asked for.
    Number,
    /// The message with the code went to the gateway.
    Message,
    /// The code came back.
    Code,
    /// The device may be online.
    Permission,
    /// The access point was told.
    HandOff,
    /// RADIUS let it in, and its session began.
    Session,
    /// The first octets were counted.
    Traffic,
}

impl SignInStage {
    /// The name as it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Number => "number",
            Self::Message => "message",
            Self::Code => "code",
            Self::Permission => "permission",
            Self::HandOff => "hand-off",
            Self::Session => "session",
            Self::Traffic => "traffic",
        }
    }
}

/// How a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageState {
    /// It is past.
    Done,
    /// It may still come.
    Waiting,
    /// It went wrong.
    Failed,
    /// The sign-in did not get there.
    NotReached,
}
