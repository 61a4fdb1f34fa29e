//! Text messages as the rest of the system sees them.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The classes of messages that the Kingdom's regulator tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageClass {
    /// One-time codes and other messages that a person asked for; at any hour.
    Service,
}

/// How urgent a message is beside others that wait for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody waits for it before a page.
    Awaited,
    /// It goes out once nothing waits that is awaited.
    Ordinary,
}

/// The words of a message; they hold a code, so they are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsText(Zeroizing<String>);

impl SmsText {
    /// Takes the words as they shall arrive.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The words, for the transport.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsText(…)")
    }
}

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// Not yet taken by a gateway.
    Waiting,
    /// A gateway has taken it, under its own reference if it gave one.
    Accepted {
        /// The gateway's reference.
        reference: Option<String>,
    },
    /// No gateway took it, and trying again is pointless.
    Failed {
        /// The reason in the gateway's or our words; never the text itself.
        reason: String,
    },
}
