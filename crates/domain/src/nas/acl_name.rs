//! The name of an access list of a NAS, which RADIUS can name and not make.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::text;

/// The name of an access list: 1 to 32 letters, digits, `-` and `_`, which is what every Cisco
/// controller takes (AireOS's `config acl create`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct AclName(String);

/// Why a text is no [`AclName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access list's name has 1 to 32 letters, digits, - and _")]
pub struct AclNameError;

impl AclName {
    /// The name as it stands in packets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AclName {
    /// The list that what is pasted into a controller makes.
    fn default() -> Self {
        Self("SABEEL_REDIRECT".to_owned())
    }
}

impl FromStr for AclName {
    type Err = AclNameError;

    fn from_str(text: &str) -> Result<Self, AclNameError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=32).contains(&text.len()) || !text.bytes().all(is_plain) {
            return Err(AclNameError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AclName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for AclName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_that_every_controller_takes() {
        for text in ["SABEEL_REDIRECT", "cwa-1", &"x".repeat(32)] {
            assert_eq!(text.parse::<AclName>().unwrap().as_str(), text);
        }
        assert_eq!(AclName::default().as_str().parse(), Ok(AclName::default()));
        for text in ["", "a b", "a\nb", "a;b", "قائمة", &"x".repeat(33)] {
            assert_eq!(text.parse::<AclName>(), Err(AclNameError), "{text}");
        }
    }
}
