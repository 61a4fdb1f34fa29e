//! What is asked of a NAS's packets, and what its counters mean.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is asked of a NAS's Access-Requests (draft-ietf-radext-deprecating-radius §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageAuthenticatorRule {
    /// A request without Message-Authenticator is dropped.
    Required,
    /// It may be missing until the NAS has sent a right one.
    Learn,
    /// The NAS has sent a right one, so a request without it is dropped.
    Learnt,
    /// It may be missing; a wrong one is dropped all the same.
    Optional,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rule for Message-Authenticator; known are required, learn and optional")]
pub struct RuleError(String);

impl MessageAuthenticatorRule {
    /// Whether requests of the NAS can be forged, since nothing need protect them.
    #[must_use]
    pub const fn leaves_unprotected(self) -> bool {
        match self {
            Self::Required | Self::Learnt => false,
            Self::Learn | Self::Optional => true,
        }
    }

    /// The rule's name in configuration, store and command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Learn => "learn",
            Self::Learnt => "learnt",
            Self::Optional => "optional",
        }
    }
}

impl FromStr for MessageAuthenticatorRule {
    type Err = RuleError;

    /// Reads a rule that an admin can set; that something was learnt is no such rule.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        [Self::Required, Self::Learn, Self::Optional]
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or_else(|| RuleError(text.chars().take(40).collect()))
    }
}

/// Whether Proxy-State, the carrier of CVE-2024-3596, may come unprotected (§5.3.4 there).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyStateRule {
    /// An Access-Request with Proxy-State and without Message-Authenticator is dropped.
    #[default]
    Limited,
    /// It is taken, for an old proxy in between; everything of it can be forged.
    Unlimited,
}

/// Whether a NAS that asks whether the server is well is told so (RFC 5997 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusServerRule {
    /// Its Status-Server is answered while the server can do its work.
    #[default]
    Answered,
    /// Its Status-Server is never answered.
    Ignored,
}

/// What Acct-Input-Octets means to a NAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OctetDirection {
    /// Input is from the visitor, as RFC 2866 §5.3 says.
    Standard,
    /// Input is to the visitor, as some makers count.
    Swapped,
}
