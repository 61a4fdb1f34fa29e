//! NAS-Identifier: what tells access points apart that send from the same addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::text;

/// A NAS-Identifier (RFC 2865 §5.32): 1 to 253 octets of text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct NasIdentifier(String);

/// Why a text is no [`NasIdentifier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a NAS-Identifier has 1 to 253 octets and no control characters")]
pub struct NasIdentifierError;

impl NasIdentifier {
    /// The identifier as it stands in packets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NasIdentifier {
    type Err = NasIdentifierError;

    fn from_str(text: &str) -> Result<Self, NasIdentifierError> {
        if !(1..=253).contains(&text.len()) || text.contains(char::is_control) {
            return Err(NasIdentifierError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NasIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for NasIdentifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_short_text() {
        assert_eq!("pole 7".parse::<NasIdentifier>().unwrap().as_str(), "pole 7");
        for text in ["", "a\nb", &"x".repeat(254)] {
            assert_eq!(text.parse::<NasIdentifier>(), Err(NasIdentifierError));
        }
    }
}
