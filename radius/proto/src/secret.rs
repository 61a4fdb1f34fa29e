//! Shared secrets: never empty, never printed, wiped when dropped.
//!
//! A client has one secret, or two while the old one is being replaced; then whichever verifies
//! a packet signs its reply (RFC 2865 s3 for the secret itself, DEPR 7.1 for its length).

use std::fmt;

use hmac::{Hmac, KeyInit};
use md5::Md5;
use thiserror::Error;
use zeroize::Zeroizing;

/// The longest secret that is still short enough to be guessed from captured packets, in octets
/// (DEPR 7.1).
pub const SHORT_SECRET_OCTETS: usize = 12;

/// A secret shared with one RADIUS peer.
#[derive(Clone)]
pub struct SharedSecret {
    octets: Zeroizing<Vec<u8>>,
    /// HMAC-MD5 that has taken the secret in, so that it is not taken in again for each packet.
    mac: Hmac<Md5>,
}

/// The error for a secret without octets, which RFC 2865 s3 forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the shared secret is empty")]
pub struct EmptySecret;

impl SharedSecret {
    /// Takes the octets of a secret, refusing none at all.
    pub fn new(octets: impl Into<Vec<u8>>) -> Result<Self, EmptySecret> {
        let octets = Zeroizing::new(octets.into());
        if octets.is_empty() {
            return Err(EmptySecret);
        }
        let mac = Hmac::new_from_slice(&octets).expect("HMAC takes keys of any length");
        Ok(Self { octets, mac })
    }

    /// Whether the secret has at most [`SHORT_SECRET_OCTETS`] and deserves a warning.
    pub fn is_short(&self) -> bool {
        self.octets.len() <= SHORT_SECRET_OCTETS
    }

    pub(crate) fn mac(&self) -> Hmac<Md5> {
        self.mac.clone()
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// The live secrets of one client: the current one, and the previous one during a rotation.
#[derive(Clone, Debug)]
pub struct Secrets {
    current: SharedSecret,
    previous: Option<SharedSecret>,
}

impl Secrets {
    /// A client with one secret.
    pub const fn new(current: SharedSecret) -> Self {
        Self { current, previous: None }
    }

    /// A client whose secret is being replaced: `current` is tried first, then `previous`.
    pub const fn rotating(current: SharedSecret, previous: SharedSecret) -> Self {
        Self { current, previous: Some(previous) }
    }

    /// The secret to use where none is proved by the packet.
    pub const fn current(&self) -> &SharedSecret {
        &self.current
    }

    /// The secret being replaced, during a rotation.
    pub const fn previous(&self) -> Option<&SharedSecret> {
        self.previous.as_ref()
    }

    /// All live secrets, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = &SharedSecret> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_refused() {
        assert_eq!(SharedSecret::new("").unwrap_err(), EmptySecret);
    }

    #[test]
    fn debug_output_hides_the_octets() {
        let secrets = Secrets::new(SharedSecret::new("xyzzy5461").unwrap());
        assert!(!format!("{secrets:?}").contains("xyzzy5461"));
    }

    #[test]
    fn secrets_up_to_twelve_octets_are_short() {
        assert!(SharedSecret::new("xyzzy5461abc").unwrap().is_short());
        assert!(!SharedSecret::new("xyzzy5461abcd").unwrap().is_short());
    }
}
