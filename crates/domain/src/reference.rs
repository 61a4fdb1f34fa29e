//! The short name of a visit, which a visitor reads to the help desk.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::readable;

const LENGTH: usize = 6;

/// Six characters that name a visit for as long as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference([u8; LENGTH]);

/// Why a text is no [`Reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reference is six letters and digits, such as K7M2QX; there is no 0, 1, I, O or Z in it")]
pub struct ReferenceError;

impl Reference {
    /// Draws a reference, each as likely as any other, from fresh random octets; those that would
    /// favour some are drawn again.
    #[must_use]
    pub fn draw(entropy: impl FnMut() -> u8) -> Self {
        Self(readable::draw(entropy))
    }
}

/// Reads what somebody wrote down: small letters, digits of all kinds, spaces and dashes.
impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        readable::read(text).map(Self).ok_or(ReferenceError)
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::text::ascii(&self.0))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_drawn_without_favour() {
        let mut octets = [255, 248, 247, 0, 30, 31, 61, 62].into_iter();
        let drawn = Reference::draw(|| octets.next().expect("six of them are fair"));
        assert_eq!(drawn.to_string(), "Y2Y2Y2");
    }

    #[test]
    fn it_is_read_however_it_was_written_down() {
        let reference: Reference = "K7M2QX".parse().unwrap();
        for text in ["k7m2qx", " K7M 2QX ", "k7m-2qx", "K٧M٢QX", "k۷m۲qx"] {
            assert_eq!(text.parse(), Ok(reference), "{text}");
        }
        for text in ["", "K7M2Q", "K7M2QXX", "K7M2Q0", "K7M2QI", "K7M2QZ", "K7M2Qé"] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError), "{text}");
        }
    }
}
