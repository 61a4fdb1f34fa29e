//! What an office or a path is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an office or a path: 1 to 32 letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// That a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 32 of letters, digits and '-'")]
pub struct NameError;

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text));
        }
        Err(NameError)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.to_owned().try_into()
    }
}

impl From<Name> for String {
    fn from(Name(name): Name) -> Self {
        name
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_paths_and_files() {
        for text in ["a", "Al-Hofuf-2", &"x".repeat(32)] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a/b", "..", "\u{627}", &"x".repeat(33)] {
            assert_eq!(text.parse::<Name>(), Err(NameError), "{text}");
        }
    }
}
