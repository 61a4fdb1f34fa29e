//! Consent: proof of what a person agreed to, in which words and where, each purpose by itself
//! (PDPL, Art. 7; its regulations, Art. 11 and 12).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountId, HashOf, Language, SiteName, Timestamp};

/// What a person agrees to; no purpose is the price of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentPurpose {
    /// The terms of the service, and the notice of what is kept for it.
    Service,
    /// Awareness messages of the municipality.
    Awareness,
}

/// Why a text is no [`ConsentPurpose`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a purpose is `service` or `awareness`")]
pub struct ConsentPurposeError;

impl ConsentPurpose {
    /// The purpose's name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Awareness => "awareness",
        }
    }
}

impl fmt::Display for ConsentPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ConsentPurpose {
    type Err = ConsentPurposeError;

    fn from_str(text: &str) -> Result<Self, ConsentPurposeError> {
        let all = [Self::Service, Self::Awareness];
        all.into_iter().find(|purpose| purpose.as_str() == text).ok_or(ConsentPurposeError)
    }
}

/// By which way consent was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentChannel {
    /// A box ticked on a page of the portal.
    Portal,
}

impl ConsentChannel {
    /// The channel's name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Portal => "portal",
        }
    }
}

/// Why a text is no [`ConsentChannel`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a channel is `portal`")]
pub struct ConsentChannelError;

impl FromStr for ConsentChannel {
    type Err = ConsentChannelError;

    fn from_str(text: &str) -> Result<Self, ConsentChannelError> {
        (text == Self::Portal.as_str()).then_some(Self::Portal).ok_or(ConsentChannelError)
    }
}

/// What a [`WordingHash`] is the hash of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Words {}

/// The hash of words as they stood on a page (SHA-256), by which they are found again.
pub type WordingHash = HashOf<Words>;

impl WordingHash {
    /// That of these words.
    #[must_use]
    pub fn of(words: &str) -> Self {
        Self::from_bytes(Sha256::digest(words.as_bytes()).into())
    }
}

/// What a visitor agrees to on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// To what.
    pub purpose: ConsentPurpose,
    /// Which version of the text.
    pub version: String,
    /// In which words.
    pub wording: WordingHash,
    /// In which language.
    pub language: Language,
}

/// That a person agreed to something, kept as proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// Who.
    pub account: AccountId,
    /// To what.
    pub purpose: ConsentPurpose,
    /// Which version of the text stood on the page.
    pub version: String,
    /// Its words; `None` for consents from before words were kept.
    pub wording: Option<WordingHash>,
    /// In which language it was read.
    pub language: Language,
    /// At which site.
    pub site: SiteName,
    /// By which way.
    pub channel: ConsentChannel,
    /// When.
    pub given_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_hashes_survive_their_text_form() {
        for purpose in [ConsentPurpose::Service, ConsentPurpose::Awareness] {
            assert_eq!(purpose.to_string().parse(), Ok(purpose));
        }
        assert_eq!("marketing".parse::<ConsentPurpose>(), Err(ConsentPurposeError));
        let hash = WordingHash::of("I accept");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(WordingHash::from_bytes(hash.to_bytes()), hash);
        assert_ne!(WordingHash::of("I accept "), hash);
        assert_eq!("12".parse::<WordingHash>(), Err(crate::HashError));
    }
}
