//! Secrets by which two agents know each other's probe packets: HMAC-SHA-256, of which the first
//! sixteen octets go with the packet (RFC 8762 s4.4, RFC 4868).
//!
//! Never printed, wiped when dropped, compared in constant time.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// The octets of a proof on the wire.
pub const TAG_OCTETS: usize = 16;

/// A secret shared by the two ends of a path.
#[derive(Clone)]
pub struct Key {
    /// Has taken the secret in, and wipes what it made of it.
    mac: Hmac<Sha256>,
}

/// A secret that can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a secret has {0} octets, of at least {least}", least = Key::LEAST_OCTETS)]
pub struct ShortKey(pub usize);

impl Key {
    /// The shortest secret that is taken, in octets.
    pub const LEAST_OCTETS: usize = 16;

    /// Takes a secret in.
    pub fn new(secret: &[u8]) -> Result<Self, ShortKey> {
        if secret.len() < Self::LEAST_OCTETS {
            return Err(ShortKey(secret.len()));
        }
        Ok(Self::of(secret))
    }

    /// A key for one purpose, so that a packet of one protocol proves nothing in another.
    pub fn derived(&self, purpose: &str) -> Self {
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(self.digest(&[purpose.as_bytes()]));
        Self::of(secret.as_slice())
    }

    fn of(secret: &[u8]) -> Self {
        Self { mac: Hmac::new_from_slice(secret).expect("HMAC takes keys of any length") }
    }

    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// The proof of the parts, one after the other.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_OCTETS] {
        let mut tag = [0; TAG_OCTETS];
        tag.iter_mut().zip(self.digest(parts)).for_each(|(place, octet)| *place = octet);
        tag
    }

    /// Whether the proof is that of the parts.
    pub(crate) fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag(parts).ct_eq(tag).into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn a_tag_is_the_first_half_of_hmac_sha_256() {
        // RFC 4231 s4.2.
        let key = Key::new(&[0x0b; 20]).unwrap();
        let tag = key.tag(&[b"Hi ", b"There"]);
        assert_eq!(HEXLOWER.encode(&tag), "b0344c61d8db38535ca8afceaf0bf12b");
    }

    #[test]
    fn what_was_changed_is_not_proved() {
        let key = Key::new(&[7; 16]).unwrap();
        let tag = key.tag(&[b"packet"]);
        assert!(key.verifies(&[b"pac", b"ket"], &tag));
        assert!(!key.verifies(&[b"pocket"], &tag));
        assert!(!key.verifies(&[b"packet"], &tag[..15]));
        assert!(!Key::new(&[8; 16]).unwrap().verifies(&[b"packet"], &tag));
    }

    #[test]
    fn a_proof_for_one_purpose_is_none_for_another() {
        let key = Key::new(&[7; 16]).unwrap();
        assert!(!key.derived("a").verifies(&[b"packet"], &key.derived("b").tag(&[b"packet"])));
    }

    #[test]
    fn short_secrets_are_refused() {
        assert_eq!(Key::new(&[1; 15]).unwrap_err(), ShortKey(15));
        assert_eq!(ShortKey(15).to_string(), "a secret has 15 octets, of at least 16");
    }

    #[test]
    fn a_key_is_not_printed_and_is_wiped() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        // An HMAC is two of these.
        is_wiped::<Sha256>();
        assert_eq!(format!("{:?}", Key::new(b"xyzzy5461xyzzy5461").unwrap()), "Key(..)");
    }
}
