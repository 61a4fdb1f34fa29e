//! Texts that a site says in its own words.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Language, Localised};

/// Texts of the pages by key and language; what is not there is said in the portal's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteTexts(BTreeMap<String, Localised>);

/// A text of the pages that a site may say in its own words: one without values in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TextKey {
    /// What the network is called, in pages and in messages.
    NetworkName,
    /// The title of the first page.
    LandingTitle,
    /// The first page's sentence of welcome.
    LandingBody,
    /// Why the number is asked for.
    PhoneWhy,
    /// The farewell.
    ByeBody,
    /// The terms: how the service is used.
    TermsUse,
    /// The terms: allowance and availability.
    TermsFair,
    /// The terms: what becomes of data.
    TermsData,
    /// The terms: what a person may ask for.
    TermsRights,
    /// The terms: who is under age.
    TermsMinor,
    /// Help when no message comes.
    HelpSms,
    /// Help when the window was closed.
    HelpClosed,
    /// Help when the page does not open.
    HelpVpn,
}

/// Why a text cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No text has that key, or none that can be replaced.
    #[error("`{given}` is no text that a site can say in its own words; those are {}", known())]
    Key {
        /// What was asked for.
        given: String,
    },
    /// Nothing to be said, or more than there is room for.
    #[error("{key} needs 1 to {most} characters in `{language}`, not {given}")]
    Length {
        /// Which text.
        key: TextKey,
        /// In which language.
        language: Language,
        /// How many characters there may be.
        most: usize,
        /// How many there are.
        given: usize,
    },
    /// Line ends, or marks that would turn the page around.
    #[error("{key} has characters in `{language}` that cannot be shown")]
    Unshowable {
        /// Which text.
        key: TextKey,
        /// In which language.
        language: Language,
    },
}

impl TextKey {
    /// Every text that can be replaced.
    pub const ALL: [Self; 13] = [
        Self::NetworkName,
        Self::LandingTitle,
        Self::LandingBody,
        Self::PhoneWhy,
        Self::ByeBody,
        Self::TermsUse,
        Self::TermsFair,
        Self::TermsData,
        Self::TermsRights,
        Self::TermsMinor,
        Self::HelpSms,
        Self::HelpClosed,
        Self::HelpVpn,
    ];

    /// Its key in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NetworkName => "network-name",
            Self::LandingTitle => "landing-title",
            Self::LandingBody => "landing-body",
            Self::PhoneWhy => "phone-why",
            Self::ByeBody => "bye-body",
            Self::TermsUse => "terms-use",
            Self::TermsFair => "terms-fair",
            Self::TermsData => "terms-data",
            Self::TermsRights => "terms-rights",
            Self::TermsMinor => "terms-minor",
            Self::HelpSms => "help-sms",
            Self::HelpClosed => "help-closed",
            Self::HelpVpn => "help-vpn",
        }
    }

    /// How many characters there is room for: on a page of 6 kB or terms of 14 kB, and, for the
    /// name, in a message with a code that must stay one SMS (70 characters, or 160 of plain Latin
    /// ones; 3GPP 23.038).
    #[must_use]
    pub fn most(self, language: &Language, text: &str) -> usize {
        match self {
            Self::NetworkName if text.is_ascii() || *language == Language::arabic() => 24,
            Self::NetworkName => 15,
            Self::LandingTitle => 50,
            Self::LandingBody => 150,
            Self::PhoneWhy => 80,
            Self::ByeBody | Self::HelpSms | Self::HelpClosed | Self::HelpVpn => 160,
            Self::TermsUse
            | Self::TermsFair
            | Self::TermsData
            | Self::TermsRights
            | Self::TermsMinor => 600,
        }
    }
}

fn known() -> String {
    TextKey::ALL.map(TextKey::as_str).join(", ")
}

impl FromStr for TextKey {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let known = Self::ALL.into_iter().find(|key| key.as_str() == text);
        known.ok_or_else(|| TextError::Key { given: text.chars().take(40).collect() })
    }
}

impl TryFrom<String> for TextKey {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl From<TextKey> for String {
    fn from(key: TextKey) -> Self {
        key.as_str().to_owned()
    }
}

impl fmt::Display for TextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SiteTexts {
    /// The site's own words for a text in exactly that language.
    #[must_use]
    pub fn find(&self, key: &str, language: &Language) -> Option<&str> {
        self.0.get(key)?.find(language)
    }

    /// Says a text in one language in these words from now on.
    pub fn put(&mut self, key: TextKey, language: Language, text: impl Into<String>) {
        let texts = self.0.entry(key.into()).or_default();
        *texts = std::mem::take(texts).with(language, text);
    }

    /// Says it in the portal's words again.
    pub fn take_away(&mut self, key: TextKey, language: &Language) {
        let Some(texts) = self.0.get_mut(key.as_str()) else { return };
        *texts = std::mem::take(texts).without(language);
        if texts.iter().next().is_none() {
            self.0.remove(key.as_str());
        }
    }

    /// Every text with its key and language.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Language, &str)> {
        self.0.iter().flat_map(|(key, texts)| {
            texts.iter().map(move |(language, text)| (key.as_str(), language, text))
        })
    }

    /// Whether every text may be replaced, fits and can be shown.
    ///
    /// # Errors
    /// The first that may not.
    pub fn check(&self) -> Result<(), TextError> {
        self.iter().try_for_each(|(key, language, text)| {
            let key: TextKey = key.parse()?;
            let (given, most) = (text.trim().chars().count(), key.most(language, text));
            if !(1..=most).contains(&given) {
                return Err(TextError::Length { key, language: language.clone(), most, given });
            }
            if !is_showable(text) {
                return Err(TextError::Unshowable { key, language: language.clone() });
            }
            // What Latin keyboards have and the alphabet of messages counts twice or not at all.
            if key == TextKey::NetworkName
                && text.contains(['^', '{', '}', '[', ']', '~', '\\', '|', '`'])
            {
                return Err(TextError::Unshowable { key, language: language.clone() });
            }
            Ok(())
        })
    }
}

/// Whether a text stays in its line and leaves the direction of the page alone (UAX #9 §2).
pub fn is_showable(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| c.is_control() || turns(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(key: TextKey, language: &str, text: &str) -> Result<(), TextError> {
        let mut texts = SiteTexts::default();
        texts.put(key, language.parse().unwrap(), text);
        texts.check()
    }

    #[test]
    fn a_text_fits_into_its_place_and_turns_nothing_around() {
        let long = "x".repeat(151);
        for (key, language, text, fits) in [
            (TextKey::LandingBody, "en", "Welcome to the oasis", true),
            (TextKey::LandingBody, "en", &long[1..], true),
            (TextKey::LandingBody, "en", &long, false),
            (TextKey::LandingBody, "en", "  ", false),
            (TextKey::LandingBody, "ar", "سطر\nوآخر", false),
            (TextKey::LandingBody, "ar", "\u{2069}واحة", false),
            (TextKey::LandingBody, "ar", "\u{202e}oasis", false),
            (TextKey::NetworkName, "en", "Diriyah Gate Park Wi-Fi", true),
            (TextKey::NetworkName, "en", "Diriyah Gate Gardens Wi-Fi", false),
            (TextKey::NetworkName, "en", "Oasis {Wi-Fi}", false),
            (TextKey::NetworkName, "en", "Café de l’Oasis Wi-Fi", false),
            (TextKey::NetworkName, "ar", "واي فاي متنزه الملك عبد", true),
        ] {
            assert_eq!(checked(key, language, text).is_ok(), fits, "{key} {text}");
        }
    }

    #[test]
    fn a_text_is_found_in_its_own_language_alone_and_can_be_taken_away() {
        let mut texts = SiteTexts::default();
        let (arabic, english) = (Language::arabic(), Language::english());
        texts.put(TextKey::ByeBody, english.clone(), "Farewell.");
        assert_eq!(texts.find("bye-body", &english), Some("Farewell."));
        assert_eq!(texts.find("bye-body", &arabic), None);
        texts.take_away(TextKey::ByeBody, &arabic);
        assert_eq!(texts.iter().count(), 1);
        texts.take_away(TextKey::ByeBody, &english);
        assert_eq!(texts, SiteTexts::default());
    }

    #[test]
    fn only_texts_without_values_can_be_replaced() {
        for key in TextKey::ALL {
            assert_eq!(key.as_str().parse(), Ok(key));
        }
        let refused = "code-sent".parse::<TextKey>().unwrap_err().to_string();
        assert!(refused.contains("`code-sent`") && refused.contains("landing-body"), "{refused}");
    }
}
