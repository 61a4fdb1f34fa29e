//! Names that an admin gives to sites, plans and access points.
//!
//! They are the keys of those things everywhere: short, lower-case, safe in a URL,
//! a shell and a log.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// A name of one kind of thing: 1 to 40 of `a-z`, `0-9`, `-` and `.`, starting with a letter or digit.
pub struct Name<Kind>(String, PhantomData<fn() -> Kind>);

/// Marker types for [`Name`].
pub mod kind {
    /// Vouchers that are made together.
    pub enum Batch {}
    /// An access point, wireless controller or gateway.
    pub enum Nas {}
    /// A network of access points to come.
    pub enum NasRange {}
    /// A set of limits.
    pub enum Plan {}
    /// A way for messages to telephones.
    pub enum Route {}
    /// A place with visitors.
    pub enum Site {}
}

/// Names a [`crate::VoucherBatch`].
pub type BatchName = Name<kind::Batch>;
/// Names a [`crate::Nas`].
pub type NasName = Name<kind::Nas>;
/// Names a [`crate::NasRange`].
pub type RangeName = Name<kind::NasRange>;
/// Names a [`crate::Plan`].
pub type PlanName = Name<kind::Plan>;
/// Names a route: one gateway that takes messages to telephones.
pub type RouteName = Name<kind::Route>;
/// Names a [`crate::Site`].
pub type SiteName = Name<kind::Site>;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name: use 1 to 40 of a-z, 0-9, '-' and '.', starting with a letter or digit")]
pub struct NameError(String);

impl<Kind> Name<Kind> {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<Kind> FromStr for Name<Kind> {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let allowed = text.bytes().all(|b| plain(b) || b == b'-' || b == b'.');
        let starts_well = text.bytes().next().is_some_and(plain);
        if !allowed || !starts_well || text.len() > 40 {
            return Err(NameError(text.chars().take(60).collect()));
        }
        Ok(Self(text.to_owned(), PhantomData))
    }
}

impl<Kind> Clone for Name<Kind> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<Kind> PartialEq for Name<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Kind> Eq for Name<Kind> {}

impl<Kind> PartialOrd for Name<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Name<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Kind> std::hash::Hash for Name<Kind> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<Kind> fmt::Display for Name<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<Kind> fmt::Debug for Name<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> Serialize for Name<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, Kind> Deserialize<'de> for Name<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_safe_in_a_url() {
        for text in ["walkway", "king-abdullah-park", "ap-01.gate", "9"] {
            assert_eq!(text.parse::<SiteName>().expect(text).as_str(), text);
        }
        let long = "a".repeat(41);
        for text in ["", "Walkway", "-x", ".x", "a b", "a/b", "ممشى", &long] {
            assert!(text.parse::<SiteName>().is_err(), "{text}");
        }
    }
}
