//! The words of the pages, one Fluent file per language under `locales/`.
//!
//! Numbers and other values that read left to right are wrapped in Unicode isolates
//! (UAX #9 §2.4.2), which [`Html`] turns into `<bdi dir="ltr">`, so that they keep
//! their order inside Arabic sentences.

use std::fmt;

use askama::filters::HtmlSafe;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::locale::Locale;

const ISOLATE: char = '\u{2066}';
const END_OF_ISOLATE: char = '\u{2069}';

/// A value that reads left to right wherever it stands.
pub(crate) fn ltr(value: impl fmt::Display) -> String {
    format!("{ISOLATE}{value}{END_OF_ISOLATE}")
}

/// Every text in every language.
pub(crate) struct Catalogue {
    arabic: FluentBundle<FluentResource>,
    english: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// Reads the files that are compiled in; a test proves that they are whole.
    pub(crate) fn new() -> Self {
        Self {
            arabic: bundle(Locale::Arabic, include_str!("../locales/ar.ftl")),
            english: bundle(Locale::English, include_str!("../locales/en.ftl")),
        }
    }

    /// The words in one language.
    pub(crate) fn words(&self, locale: Locale) -> Words<'_> {
        let bundle = match locale {
            Locale::Arabic => &self.arabic,
            Locale::English => &self.english,
        };
        Words { locale, bundle }
    }
}

fn bundle(locale: Locale, source: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier =
        locale.tag().parse().expect("both tags are language identifiers");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(ltr(number.as_string())),
        _ => None,
    }));
    // What cannot be parsed is left out here, and found missing by the tests.
    let resource =
        FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The words in one language.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub locale: Locale,
    bundle: &'a FluentBundle<FluentResource>,
}

impl Words<'_> {
    /// The text of `key`.
    pub(crate) fn text(&self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// The text of `key` with its values.
    pub(crate) fn fill(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        self.format(
            key,
            &values.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect(),
        )
    }

    /// The text of `key` that counts `n` things, as subject or object of its sentence.
    pub(crate) fn count(&self, key: &str, n: u64, case: Case) -> String {
        let mut args = FluentArgs::new();
        args.set("n", representative(n));
        args.set("count", n);
        args.set("case", case.as_str());
        self.format(key, &args)
    }

    fn format(&self, key: &str, args: &FluentArgs<'_>) -> String {
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            tracing::error!(text.key = key, "a text is missing from the catalogue");
            return key.to_owned();
        };
        self.bundle.format_pattern(pattern, Some(args), &mut Vec::new()).into_owned()
    }
}

/// A number of the same plural form that is at most 100. The forms of both languages depend on
/// the last two digits alone from 100 on (CLDR: Arabic few is n % 100 = 3..10), which the rules
/// of intl_pluralrules 7.0.2 overlook.
const fn representative(n: u64) -> u64 {
    match (n, n % 100) {
        (0..100, _) => n,
        (_, 0..=2) => 100,
        (_, last) => last,
    }
}

/// The grammatical case of an amount, which Arabic duals show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// As the sentence's subject.
    Subject,
    /// After a verb or preposition.
    Object,
}

impl Case {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Object => "object",
        }
    }
}

/// A text that is safe to stand in a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

impl Html {
    /// Escapes `text` and turns isolates into elements.
    pub(crate) fn new(text: &str) -> Self {
        let mut html = String::with_capacity(text.len() + 32);
        for c in text.chars() {
            match c {
                ISOLATE => html.push_str("<bdi dir=\"ltr\">"),
                END_OF_ISOLATE => html.push_str("</bdi>"),
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                c => html.push(c),
            }
        }
        Self(html)
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}

#[cfg(test)]
mod tests;
