//! Languages of visitors, and texts that exist in several of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language by its primary subtag (RFC 5646 §2.2.1), such as `ar` or `en`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// Why a text is no [`Language`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a language is two or three lower-case letters such as `ar`")]
pub struct LanguageError;

impl Language {
    /// Arabic, the first language of every page.
    #[must_use]
    pub fn arabic() -> Self {
        Self("ar".to_owned())
    }

    /// English.
    #[must_use]
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// The subtag itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let well_formed =
            (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase());
        well_formed.then(|| Self(text.to_owned())).ok_or(LanguageError)
    }
}

impl TryFrom<String> for Language {
    type Error = LanguageError;

    fn try_from(text: String) -> Result<Self, LanguageError> {
        text.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One text in several languages, such as a site's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Localised(BTreeMap<Language, String>);

impl Localised {
    /// The text in `language`, else in Arabic, else in English, else in any language.
    #[must_use]
    pub fn in_language(&self, language: &Language) -> &str {
        [language, &Language::arabic(), &Language::english()]
            .into_iter()
            .find_map(|wanted| self.0.get(wanted))
            .or_else(|| self.0.values().next())
            .map_or("", String::as_str)
    }

    /// The text in exactly that language.
    #[must_use]
    pub fn find(&self, language: &Language) -> Option<&str> {
        self.0.get(language).map(String::as_str)
    }

    /// Adds or replaces the text in one language.
    #[must_use]
    pub fn with(mut self, language: Language, text: impl Into<String>) -> Self {
        self.0.insert(language, text.into());
        self
    }

    /// Takes the text in one language away.
    #[must_use]
    pub fn without(mut self, language: &Language) -> Self {
        self.0.remove(language);
        self
    }

    /// Every language with its text.
    pub fn iter(&self) -> impl Iterator<Item = (&Language, &str)> {
        self.0.iter().map(|(language, text)| (language, text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_language_falls_back_to_arabic() {
        let name = Localised::default()
            .with(Language::english(), "Walkway")
            .with(Language::arabic(), "الممشى");
        assert_eq!(name.in_language(&Language::english()), "Walkway");
        assert_eq!(name.in_language(&"ur".parse().unwrap()), "الممشى");
        assert_eq!(Localised::default().in_language(&Language::arabic()), "");
    }

    #[test]
    fn a_language_is_a_primary_subtag() {
        for text in ["", "a", "AR", "arab", "a1"] {
            assert_eq!(text.parse::<Language>(), Err(LanguageError), "{text}");
        }
    }
}
