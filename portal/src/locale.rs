//! The languages of the pages, and which of them a browser asks for.
//!
//! Order of choice: a language link, then what the device's owner chose when signing
//! in, then Accept-Language (RFC 9110 §12.5.4), then Arabic. Only the third is here.

use domain::Language;
use serde::{Deserialize, Serialize};

/// A language that every page exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Locale {
    /// Right to left, and the first choice.
    Arabic,
    /// Left to right.
    English,
}

impl Locale {
    pub(crate) const ALL: [Self; 2] = [Self::Arabic, Self::English];

    /// The primary language subtag.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::English => "en",
        }
    }

    /// The value of the `dir` attribute.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            Self::English => "ltr",
        }
    }

    /// The language that the page's language link leads to.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Arabic => Self::English,
            Self::English => Self::Arabic,
        }
    }

    pub(crate) fn language(self) -> Language {
        match self {
            Self::Arabic => Language::arabic(),
            Self::English => Language::english(),
        }
    }

    /// The locale of a language tag such as `ar` or `en-GB`, if pages exist in it.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?.trim();
        Self::ALL.into_iter().find(|locale| primary.eq_ignore_ascii_case(locale.tag()))
    }

    /// The best locale for an Accept-Language value; Arabic for a tie, and when none fits.
    pub(crate) fn negotiate(accept_language: &str) -> Self {
        let mut best = (Self::Arabic, 0);
        for range in accept_language.split(',').take(20) {
            let (tag, weight) = weighted(range);
            let locale = if tag == "*" { Some(Self::Arabic) } else { Self::from_tag(tag) };
            if let Some(locale) = locale
                && (weight > best.1 || (weight == best.1 && locale == Self::Arabic))
            {
                best = (locale, weight);
            }
        }
        best.0
    }
}

/// One element of a weighted list: the value and its weight in thousandths (RFC 9110 §12.4.2).
pub(crate) fn weighted(element: &str) -> (&str, u16) {
    let mut parts = element.split(';').map(str::trim);
    let value = parts.next().unwrap_or("");
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1_000, thousandths);
    (value, weight)
}

/// `0.8` as 800; what is no weight counts as zero.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && fraction.len() <= 3;
    match whole {
        "1" => 1_000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins_and_arabic_wins_ties() {
        for (header, expected) in [
            ("", Locale::Arabic),
            ("ar-SA,ar;q=0.9,en;q=0.8", Locale::Arabic),
            ("en-GB,en;q=0.9", Locale::English),
            ("en;q=0.5, ar;q=0.5", Locale::Arabic),
            ("ur, en;q=0.7, ar;q=0.3", Locale::English),
            ("fr-FR, de", Locale::Arabic),
            ("en;q=0", Locale::Arabic),
            ("EN", Locale::English),
            ("en;q=banana", Locale::Arabic),
            ("*;q=0.2, en;q=0.1", Locale::Arabic),
            (",,;;q=,,", Locale::Arabic),
        ] {
            assert_eq!(Locale::negotiate(header), expected, "{header}");
        }
    }
}
