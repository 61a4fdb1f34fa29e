//! The words of alerts, reports and maps, one Fluent file per language under `locales/`.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language in which the centre writes about links.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Language {
    /// Arabic.
    #[default]
    #[serde(rename = "ar")]
    Arabic,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Arabic, Self::English];

    /// Its tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::English => "en",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Arabic => include_str!("../../locales/ar.ftl"),
            Self::English => include_str!("../../locales/en.ftl"),
        }
    }
}

/// The words of every language.
pub struct Catalogue {
    books: [FluentBundle<FluentResource>; 2],
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalogue {
    /// Reads the files that are compiled in; a test proves that they are whole.
    pub fn new() -> Self {
        Self { books: Language::ALL.map(book) }
    }

    /// The text of `key`.
    pub fn text(&self, language: Language, key: &str) -> String {
        self.fill(language, key, &[])
    }

    /// The text of `key` with its values.
    pub fn fill(&self, language: Language, key: &str, values: &[(&'static str, &str)]) -> String {
        let [arabic, english] = &self.books;
        let book = match language {
            Language::Arabic => arabic,
            Language::English => english,
        };
        let Some(pattern) = book.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(text.key = key, "a text is missing from the catalogue");
            return key.to_owned();
        };
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, *value)).collect();
        book.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

fn book(language: Language) -> FluentBundle<FluentResource> {
    let identifier: LanguageIdentifier =
        language.as_str().parse().expect("each language is a language identifier");
    let mut book = FluentBundle::new_concurrent(vec![identifier]);
    // Pages isolate values by elements, and messages to telephones have no room for it.
    book.set_use_isolating(false);
    let resource = FluentResource::try_new(language.file().to_owned())
        .unwrap_or_else(|(resource, _)| resource);
    book.add_resource_overriding(resource);
    book
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The keys of a file, each with the names of its values.
    fn keys(language: Language) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        assert!(FluentResource::try_new(language.file().to_owned()).is_ok(), "{language:?}");
        let lines = language.file().lines().filter_map(|line| line.split_once(" = "));
        let values = |text: &'static str| {
            text.split("{ $").skip(1).filter_map(|rest| rest.split_once(" }")).map(|(name, _)| name)
        };
        lines.map(|(key, text)| (key, values(text).collect())).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        assert_eq!(keys(Language::Arabic), keys(Language::English));
        assert!(keys(Language::Arabic).len() > 60);
    }

    #[test]
    fn a_text_is_filled_with_its_values() {
        let catalogue = Catalogue::new();
        let text =
            catalogue.fill(Language::English, "alert-places", &[("place", "hofuf"), ("more", "2")]);
        assert_eq!(text, "hofuf +2");
        assert_eq!(catalogue.text(Language::Arabic, "cause-cut"), "انقطع المسار");
        assert_eq!(catalogue.text(Language::English, "no-such-key"), "no-such-key");
    }
}
