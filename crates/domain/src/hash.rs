//! SHA-256 hashes of one kind of thing; those of different kinds never mix.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// The hash of a thing of one kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashOf<Kind>([u8; 32], PhantomData<fn() -> Kind>);

/// Why a text is not a [`HashOf`] anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits")]
pub struct HashError;

impl<Kind> HashOf<Kind> {
    /// The hash of these octets.
    #[must_use]
    pub const fn from_bytes(octets: [u8; 32]) -> Self {
        Self(octets, PhantomData)
    }

    /// Its octets.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl<Kind> fmt::Display for HashOf<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl<Kind> fmt::Debug for HashOf<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> FromStr for HashOf<Kind> {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| HashError)?;
        octets.try_into().map(Self::from_bytes).map_err(|_| HashError)
    }
}

impl<Kind> Serialize for HashOf<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Kind> Deserialize<'de> for HashOf<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}
