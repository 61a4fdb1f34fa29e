//! Consent: proof of what a person agreed to, in which words and where, each purpose by itself
//! (PDPL, Art. 7; its regulations, Art. 11 and 12).

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{AccountId, Language, SiteName, Timestamp, text};

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

/// The hash of words as they stood on a page (SHA-256), by which they are found again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordingHash([u8; 32]);

/// Why a text is no [`WordingHash`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the hash of a wording is 64 hexadecimal digits")]
pub struct WordingHashError;

impl WordingHash {
    /// That of these words.
    #[must_use]
    pub fn of(words: &str) -> Self {
        Self(Sha256::digest(words.as_bytes()).into())
    }

    /// The hash of these octets.
    #[must_use]
    pub const fn from_bytes(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for WordingHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for WordingHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for WordingHash {
    type Err = WordingHashError;

    fn from_str(text: &str) -> Result<Self, WordingHashError> {
        let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| WordingHashError)?;
        octets.try_into().map(Self).map_err(|_| WordingHashError)
    }
}

impl Serialize for WordingHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WordingHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
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
        assert_eq!("12".parse::<WordingHash>(), Err(WordingHashError));
    }
}
