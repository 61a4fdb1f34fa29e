//! The words of the pages, one Fluent file per language under `locales/`.
//!
//! A language is there because its file is; what else it has to say of itself (its name, its
//! direction) stands in the file too. Numbers and other values that read left to right are
//! wrapped in Unicode isolates (UAX #9 §2.4.2), which [`Html`] turns into `<bdi dir="ltr">`,
//! so that they keep their order inside Arabic sentences.

use std::fmt;

use askama::filters::HtmlSafe;
use domain::{Language, SiteTexts, TextKey};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::weighted::weighted;

const ISOLATE: char = '\u{2066}';
const END_OF_ISOLATE: char = '\u{2069}';

/// The files of `locales/` by language.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// A value that reads left to right wherever it stands.
pub(crate) fn ltr(value: impl fmt::Display) -> String {
    format!("{ISOLATE}{value}{END_OF_ISOLATE}")
}

/// Every text in every language.
pub(crate) struct Catalogue {
    /// Arabic first.
    books: Vec<Book>,
}

/// Every text in one language.
struct Book {
    language: Language,
    texts: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// Reads the files that are compiled in; a test proves that they are whole.
    pub(crate) fn new() -> Self {
        Self::of(FILES)
    }

    /// Reads files by their languages.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut books: Vec<Book> = files.iter().map(|(tag, text)| Book::new(tag, text)).collect();
        books.sort_by_key(|book| book.language != Language::arabic());
        Self { books }
    }

    /// The words in one language, or in Arabic.
    pub(crate) fn words(&self, language: &Language) -> Words<'_> {
        let book = self.books.iter().find(|book| book.language == *language);
        Words::new(book.or(self.books.first()).expect("there is a file at least"))
    }

    /// Every language, as its own words.
    pub(crate) fn languages(&self) -> impl Iterator<Item = Words<'_>> {
        self.books.iter().map(Words::new)
    }

    /// The languages of `wanted` that there are, in its order; all of them if none is wanted, or
    /// none of the wanted is there.
    fn among(&self, wanted: &[Language]) -> Vec<&Book> {
        let find = |language: &Language| self.books.iter().find(|book| book.language == *language);
        let found: Vec<_> = wanted.iter().filter_map(find).collect();
        if found.is_empty() { self.books.iter().collect() } else { found }
    }

    /// The other languages of those, as their own words.
    pub(crate) fn others(&self, than: &Language, among: &[Language]) -> Vec<Words<'_>> {
        let others = self.among(among).into_iter().filter(|book| book.language != *than);
        others.map(Words::new).collect()
    }

    /// That language if it is one of those, else the first of them.
    pub(crate) fn one_of(&self, language: Language, among: &[Language]) -> Language {
        let among = self.among(among);
        if among.iter().any(|book| book.language == language) {
            return language;
        }
        among.first().map_or_else(Language::arabic, |book| book.language.clone())
    }

    /// The language of a tag such as `ar` or `en-GB`, if pages exist in it.
    pub(crate) fn language(&self, tag: &str) -> Option<&Language> {
        let primary = tag.split('-').next()?.trim();
        let mut languages = self.books.iter().map(|book| &book.language);
        languages.find(|language| primary.eq_ignore_ascii_case(language.as_str()))
    }

    /// The best of those languages for an Accept-Language value (RFC 9110 §12.5.4); the first of
    /// them for a tie, and when none fits.
    pub(crate) fn negotiate(&self, accept_language: &str, among: &[Language]) -> Language {
        let among: Vec<_> = self.among(among).into_iter().map(|book| &book.language).collect();
        let first = among.first().copied();
        let mut best = (first, 0);
        for range in accept_language.split(',').take(20) {
            let (tag, weight) = weighted(range);
            let known = || self.language(tag).filter(|language| among.contains(language));
            let language = if tag == "*" { first } else { known() };
            if language.is_some() && (weight > best.1 || (weight == best.1 && language == first)) {
                best = (language, weight);
            }
        }
        best.0.cloned().unwrap_or_else(Language::arabic)
    }
}

impl Book {
    fn new(tag: &str, text: &str) -> Self {
        let language = tag.parse().expect("each file is named for its language");
        let identifier: LanguageIdentifier =
            tag.parse().expect("each language is a language identifier");
        let mut texts = FluentBundle::new_concurrent(vec![identifier]);
        texts.set_use_isolating(false);
        texts.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => Some(ltr(number.as_string())),
            _ => None,
        }));
        // What cannot be parsed is left out here, and found missing by the tests.
        let resource =
            FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
        texts.add_resource_overriding(resource);
        Self { language, texts }
    }
}

/// The words in one language.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    book: &'a Book,
    /// What a site says in words of its own.
    own: Option<&'a SiteTexts>,
}

impl<'a> Words<'a> {
    const fn new(book: &'a Book) -> Self {
        Self { book, own: None }
    }

    /// The words of a site that says these texts in its own.
    pub(crate) const fn of_site(self, own: &'a SiteTexts) -> Self {
        Self { own: Some(own), ..self }
    }

    /// Which language it is.
    pub(crate) fn language(&self) -> &'a Language {
        &self.book.language
    }

    /// The value of the `dir` attribute.
    pub(crate) fn direction(&self) -> String {
        self.text("language-direction")
    }

    /// The text of `key`.
    pub(crate) fn text(&self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// The text of `key` with its values.
    pub(crate) fn fill(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        match self.own(key) {
            Some(own) => own.to_owned(),
            None => self.format(
                key,
                values.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect(),
            ),
        }
    }

    /// The text of `key` that counts `n` things, as subject or object of its sentence.
    pub(crate) fn count(&self, key: &str, n: u64, case: Case) -> String {
        let mut args = FluentArgs::new();
        let is_arabic = self.book.language == Language::arabic();
        args.set("n", if is_arabic { representative(n) } else { n });
        args.set("count", n);
        args.set("case", case.as_str());
        self.format(key, args)
    }

    fn own(&self, key: &str) -> Option<&'a str> {
        self.own?.find(key, &self.book.language)
    }

    fn format(&self, key: &str, mut args: FluentArgs<'_>) -> String {
        let pattern = self.book.texts.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            tracing::error!(text.key = key, "a text is missing from the catalogue");
            return key.to_owned();
        };
        // A text of one piece has no place for any value.
        if pattern.elements.len() > 1 {
            args.set("network", self.text(TextKey::NetworkName.as_str()));
        }
        self.book.texts.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

/// A number of the same plural form that is at most 100. From 100 on the forms of Arabic depend on
/// the last two digits alone (CLDR: few is n % 100 = 3..10), which the rules of
/// intl_pluralrules 7.0.2 overlook.
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

/// Splits at the first character that may not stand in a page as it is.
fn until_special(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find([ISOLATE, END_OF_ISOLATE, '&', '<', '>', '"', '\''])?;
    let (plain, from) = text.split_at(at);
    let special = from.chars().next()?;
    Some((plain, special, &from[special.len_utf8()..]))
}

/// A text that is safe to stand in a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

impl Html {
    /// Escapes `text` and turns isolates into elements.
    pub(crate) fn new(text: &str) -> Self {
        let mut html = String::with_capacity(text.len() + 32);
        let mut rest = text;
        while let Some((plain, c, after)) = until_special(rest) {
            html.push_str(plain);
            html.push_str(match c {
                ISOLATE => "<bdi dir=\"ltr\">",
                END_OF_ISOLATE => "</bdi>",
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                _ => "&#39;",
            });
            rest = after;
        }
        html.push_str(rest);
        Self(html)
    }

    /// The same for a heading or a name, whose lines do not end at a hyphen (U+2011).
    pub(crate) fn heading(text: &str) -> Self {
        Self::new(&text.replace('-', "\u{2011}"))
    }
}

impl Html {
    /// The text without elements, for an attribute.
    pub(crate) fn plain(&self) -> Self {
        Self(self.0.replace("<bdi dir=\"ltr\">", "").replace("</bdi>", ""))
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
