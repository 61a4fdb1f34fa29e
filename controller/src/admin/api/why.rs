//! What happened to a person, a device or a session, as it travels.

use domain::{
    AccountId, MacAddress, NasName, OrderId, PhoneNumber, SessionId, Timestamp, VoucherId, Zone,
};
use serde::{Deserialize, Serialize};

/// Whose story is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyQuestion {
    /// Whose.
    pub of: Subject,
    /// Nothing earlier; a week ago, or the begin of the session, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// At most this many steps, the latest; 1 to 10,000, 200 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A person, a device or a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A person by number.
    Phone(PhoneNumber),
    /// A person by voucher.
    Voucher(VoucherId),
    /// A device.
    Device(MacAddress),
    /// A session by our id.
    Session(SessionId),
    /// Sessions by their access points' name for them (Acct-Session-Id).
    AcctSessionId(String),
}

/// What happened, on one time line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The person, if one is known.
    pub account: Option<AccountId>,
    /// The voucher by which the latest permission was given, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<VoucherId>,
    /// The devices that it is about.
    pub devices: Vec<MacAddress>,
    /// Nothing earlier was looked for.
    pub since: Timestamp,
    /// The zone of the site of the latest permission; UTC if there is none.
    pub zone: Zone,
    /// The steps, oldest first.
    pub steps: Vec<Step>,
    /// Earlier steps that are left out.
    pub left_out: u64,
    /// Machines with RADIUS servers whose decisions and reports are not among the steps.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// What may be missing, for people.
    pub notes: Vec<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: StepKind,
    /// Whether it is where something went wrong for the visitor.
    pub mark: Mark,
    /// At which access point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nas: Option<NasName>,
    /// About which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<MacAddress>,
    /// About which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// About which order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// What it was, in a few words.
    pub text: String,
}

/// Whether something went as the visitor would have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It did.
    Good,
    /// It says nothing.
    Plain,
    /// It did not.
    Bad,
}

/// Kinds of steps; of those at the same moment, the earlier kind comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A number was entered, and a code asked for.
    Challenge,
    /// A message with a code.
    Message,
    /// Permission was given.
    Grant,
    /// One-time credentials.
    Credential,
    /// An Access-Request was answered by an Accept.
    Accept,
    /// An Access-Request was answered by a Reject.
    Reject,
    /// An Access-Request was answered by an Accept that leads to the portal and nowhere else.
    Redirect,
    /// A packet got no answer, or the same as before.
    Passed,
    /// Accounting: the session begins.
    Start,
    /// Accounting: the session goes on.
    Interim,
    /// An order to the access point was written down.
    Order,
    /// The access point was told.
    Told,
    /// Accounting: the session is over.
    Stop,
    /// Permission ended.
    GrantEnd,
    /// What became of an order.
    OrderEnd,
    /// Events that were not kept.
    Gap,
}

impl StepKind {
    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Message => "message",
            Self::Grant => "grant",
            Self::Credential => "credential",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Redirect => "redirect",
            Self::Passed => "passed",
            Self::Start => "start",
            Self::Interim => "interim",
            Self::Order => "order",
            Self::Told => "told",
            Self::Stop => "stop",
            Self::GrantEnd => "grant-end",
            Self::OrderEnd => "order-end",
            Self::Gap => "gap",
        }
    }
}
