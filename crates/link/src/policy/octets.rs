//! Octets that people copy and paste: hexadecimal digits in text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// So many octets that are no secret, written as hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Octets<const N: usize>([u8; N]);

/// That a text is not that many octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} digits from 0 to f are expected")]
pub struct OctetsError(pub usize);

impl<const N: usize> Octets<N> {
    /// Those octets.
    pub const fn new(octets: [u8; N]) -> Self {
        Self(octets)
    }

    /// The octets.
    pub const fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The octets by themselves.
    pub const fn into_array(self) -> [u8; N] {
        self.0
    }
}

impl<const N: usize> FromStr for Octets<N> {
    type Err = OctetsError;

    fn from_str(text: &str) -> Result<Self, OctetsError> {
        let wrong = OctetsError(N * 2);
        let mut octets = [0; N];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != N || !rest.is_empty() {
            return Err(wrong);
        }
        for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
            *octet =
                digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low).ok_or(wrong)?;
        }
        Ok(Self(octets))
    }
}

const fn digit(of: u8) -> Option<u8> {
    match of {
        b'0'..=b'9' => Some(of - b'0'),
        b'a'..=b'f' => Some(of - b'a' + 10),
        b'A'..=b'F' => Some(of - b'A' + 10),
        _ => None,
    }
}

impl<const N: usize> TryFrom<String> for Octets<N> {
    type Error = OctetsError;

    fn try_from(text: String) -> Result<Self, OctetsError> {
        text.parse()
    }
}

impl<const N: usize> From<Octets<N>> for String {
    fn from(octets: Octets<N>) -> Self {
        octets.to_string()
    }
}

impl<const N: usize> fmt::Display for Octets<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Octets<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
