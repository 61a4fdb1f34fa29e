//! Who is told of incidents, when and by which way.
//!
//! What comes out are messages to be sent, each with a key by which a sender that was interrupted knows
//! it again; what comes back is whether each was sent. One that failed goes by the next way. What must not
//! be told now, because it is quiet or too much, is told together later, and never dropped. Who was told
//! of an incident is told of its end, and nobody else. The whole state is a value that can be written
//! down and read back at any step.

mod alerts;
mod settings;
mod text;

use serde::{Deserialize, Serialize};

pub use alerts::Alerts;
pub use settings::{
    AddressSettings, AlertSettings, AlertSettingsError, ChannelSettings, RecipientSettings, Way,
};

use super::incident::{IncidentId, Severity};
use super::wording::Language;

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// It is the matter.
    Raised,
    /// Nobody takes care of it.
    Escalated,
    /// It is worse than was told.
    Refined,
    /// It is over.
    Resolved,
    /// All that was held back.
    Digest,
}

impl Purpose {
    /// As it is written in keys and webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Escalated => "escalated",
            Self::Refined => "refined",
            Self::Resolved => "resolved",
            Self::Digest => "digest",
        }
    }
}

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Message {
    /// The same message again has the same key, and no other has it.
    pub key: String,
    /// To whom, by name.
    pub recipient: String,
    /// By which channel.
    pub channel: String,
    /// The number, address or URL there.
    pub to: String,
    /// Why.
    pub purpose: Purpose,
    /// How bad the worst of it is.
    pub severity: Severity,
    /// Of which incidents.
    pub incidents: Vec<IncidentId>,
    /// In which language.
    pub language: Language,
    /// In one text message.
    pub text: String,
    /// A line for each incident, for ways that have room.
    pub lines: Vec<String>,
}

#[cfg(test)]
mod tests;
