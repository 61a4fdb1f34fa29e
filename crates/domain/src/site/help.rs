//! Where visitors find help: telephone numbers as they are shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// As many characters as a page has room for.
const LONGEST: usize = 24;

/// Numbers that visitors may call or write to; one that is not given is the portal's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpNumbers {
    /// The municipality's unified number.
    #[serde(default)]
    pub unified: Option<DialNumber>,
    /// The number for WhatsApp.
    #[serde(default)]
    pub whatsapp: Option<DialNumber>,
    /// The number for reports to the municipality, such as 940.
    #[serde(default)]
    pub reports: Option<DialNumber>,
}

/// A number to dial, as people write it: `940`, `920 000 000`, `+966 13 000 0000`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DialNumber(String);

/// Why a text is no [`DialNumber`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a number to dial has 3 to 24 digits, spaces and hyphens, and may begin with +; it is not `{0}`"
)]
pub struct DialNumberError(String);

impl DialNumber {
    /// The number as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DialNumber {
    type Err = DialNumberError;

    fn from_str(text: &str) -> Result<Self, DialNumberError> {
        let dialled = text.strip_prefix('+').unwrap_or(text);
        let plain = dialled.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'));
        let framed = dialled.starts_with(|c: char| c.is_ascii_digit())
            && dialled.ends_with(|c: char| c.is_ascii_digit());
        let digits = dialled.bytes().filter(u8::is_ascii_digit).count();
        let usable = plain && framed && digits >= 3 && text.len() <= LONGEST;
        usable
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| DialNumberError(text.chars().take(LONGEST).collect()))
    }
}

impl TryFrom<String> for DialNumber {
    type Error = DialNumberError;

    fn try_from(text: String) -> Result<Self, DialNumberError> {
        text.parse()
    }
}

impl From<DialNumber> for String {
    fn from(number: DialNumber) -> Self {
        number.0
    }
}

impl fmt::Display for DialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_to_dial_is_digits_as_people_group_them() {
        for text in ["940", "920000000", "+966 13 123 4567", "05-0123-4567"] {
            assert_eq!(text.parse::<DialNumber>().map(String::from), Ok(text.to_owned()));
        }
        for text in [
            "",
            "94",
            "+",
            "+ 966 13",
            "940 ",
            "-940",
            "call 940",
            "٩٤٠",
            "940<b>",
            "0+966123",
            "1234567890123456789012345",
        ] {
            assert!(text.parse::<DialNumber>().is_err(), "{text}");
        }
    }
}
