//! A password or key: never empty, never printed, wiped when dropped.

use std::fmt;

use zeroize::Zeroizing;

use crate::key::Key;

/// A password or key of 1 to 20 octets.
#[derive(Clone)]
pub struct Secret {
    /// With zeros up to its greatest length (RFC 5880 s6.7.4).
    padded: Zeroizing<[u8; Self::MAX_OCTETS]>,
    length: usize,
}

impl Secret {
    /// The most octets of a SHA1 key.
    pub const MAX_OCTETS: usize = 20;

    /// The secret of these octets; absent where there are none, or too many.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let length = octets.len();
        let mut padded = Zeroizing::new([0; Self::MAX_OCTETS]);
        padded.get_mut(..length)?.copy_from_slice(octets);
        (length > 0).then_some(Self { padded, length })
    }

    /// The key of heartbeats between ends that share `key`.
    pub fn of(key: &Key) -> Self {
        let digest = Zeroizing::new(key.digest(&[b"sabeel heartbeats 1"]));
        let mut padded = Zeroizing::new([0; Self::MAX_OCTETS]);
        padded.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        Self { padded, length: Self::MAX_OCTETS }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        self.padded.get(..self.length).unwrap_or_default()
    }

    pub(crate) fn padded(&self) -> &[u8] {
        self.padded.as_slice()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_share_a_key_share_the_secret_of_their_heartbeats() {
        let secret = |octet| Secret::of(&Key::new(&[octet; 16]).unwrap());
        assert_eq!(secret(1).octets().len(), Secret::MAX_OCTETS);
        assert_eq!(secret(1).octets(), secret(1).octets());
        assert_ne!(secret(1).octets(), secret(2).octets());
    }

    #[test]
    fn a_secret_has_one_to_twenty_octets_and_is_never_printed() {
        for (octets, is_one) in [("", false), ("s", true), ("twenty octets of key", true)] {
            assert_eq!(Secret::new(octets.as_bytes()).is_some(), is_one, "{octets}");
        }
        assert!(Secret::new(b"twenty-one octets key").is_none());
        let secret = Secret::new(b"murmur").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(secret.octets(), b"murmur");
        assert_eq!(secret.padded(), b"murmur\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    }
}
