//! What vouches for a packet (RFC 5880 s6.7): nothing, a password, or a SHA1 hash over the packet, a
//! sequence number and a key.
//!
//! Keyed MD5 and Meticulous Keyed MD5 are refused: the RFC asks for neither, and SHA1 does all that they
//! do. A password travels in the clear and can be sent again by whoever saw it, so it keeps out mistakes
//! only. With Keyed SHA1 the last packet can be sent again; with the meticulous kind none can.

mod secret;

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use thiserror::Error;

use super::drop_reason::DropReason;
use super::packet::{Datagram, Frame, MANDATORY_OCTETS, Packet};
use crate::key::Key;
pub use secret::Secret;

/// Octets of a SHA1 section.
const SHA1_OCTETS: u8 = 28;
const HASH_OCTETS: usize = 20;
/// Where the hash starts in a packet.
const HASH_START: usize = MANDATORY_OCTETS + 8;
/// The most octets of a password.
const MAX_PASSWORD_OCTETS: usize = 16;
/// The most keys that are accepted besides the one that is used.
const MAX_FURTHER_KEYS: usize = 7;

/// How packets are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// A password of 1 to 16 octets in every packet.
    SimplePassword,
    /// A hash, and a sequence number that grows when the content changes.
    KeyedSha1,
    /// A hash, and a sequence number that grows with every packet.
    MeticulousKeyedSha1,
}

impl Algorithm {
    /// The number of the Auth Type field.
    const fn number(self) -> u8 {
        match self {
            Self::SimplePassword => 1,
            Self::KeyedSha1 => 4,
            Self::MeticulousKeyedSha1 => 5,
        }
    }

    const fn max_secret_octets(self) -> usize {
        match self {
            Self::SimplePassword => MAX_PASSWORD_OCTETS,
            Self::KeyedSha1 | Self::MeticulousKeyedSha1 => Secret::MAX_OCTETS,
        }
    }
}

/// The number by which both sides know a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u8);

/// Why keys cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AuthenticationError {
    /// The secret has too many octets for the algorithm.
    #[error("key {0:?} is longer than {1} octets")]
    TooLong(KeyId, usize),
    /// Two keys have the same number.
    #[error("two keys have the number {0:?}")]
    Repeated(KeyId),
    /// There are too many.
    #[error("more than {MAX_FURTHER_KEYS} keys are accepted besides the one in use")]
    TooMany,
}

/// Keys of one algorithm: one to send with, and all that are accepted, so that keys can be changed on
/// one side after the other.
#[derive(Clone, Debug)]
pub struct Keys {
    algorithm: Algorithm,
    /// The first is the one to send with.
    keys: Vec<(KeyId, Secret)>,
}

impl Keys {
    /// One key to send with, and others that are accepted too.
    pub fn new(
        algorithm: Algorithm,
        sending: (KeyId, Secret),
        further: Vec<(KeyId, Secret)>,
    ) -> Result<Self, AuthenticationError> {
        if further.len() > MAX_FURTHER_KEYS {
            return Err(AuthenticationError::TooMany);
        }
        let mut keys = vec![sending];
        for (id, secret) in further {
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(AuthenticationError::Repeated(id));
            }
            keys.push((id, secret));
        }
        let most = algorithm.max_secret_octets();
        match keys.iter().find(|(_, secret)| secret.octets().len() > most) {
            Some((id, _)) => Err(AuthenticationError::TooLong(*id, most)),
            None => Ok(Self { algorithm, keys }),
        }
    }

    fn find(&self, id: u8) -> Option<&Secret> {
        self.keys.iter().find(|(known, _)| known.0 == id).map(|(_, secret)| secret)
    }

    fn sign(&self, datagram: &mut Datagram, sequence: u32) {
        // There is one at least, as `new` makes them.
        let Some((KeyId(id), secret)) = self.keys.first() else { return };
        let number = self.algorithm.number();
        if self.algorithm == Algorithm::SimplePassword {
            let password = secret.octets();
            // 16 octets at most.
            datagram.extend_section(&[number, password.len() as u8 + 3, *id]);
            datagram.extend_section(password);
            return;
        }
        datagram.extend_section(&[number, SHA1_OCTETS, *id, 0]);
        datagram.extend_section(&sequence.to_be_bytes());
        datagram.extend_section(&[0; HASH_OCTETS]);
        let signed = datagram.get(..HASH_START).unwrap_or_default();
        let hash = hash(signed, secret);
        datagram.replace_end(&hash);
    }

    /// Proves a section of this algorithm; what comes back is its sequence number, if it has one.
    fn prove(
        &self,
        frame: &Frame<'_>,
        section: &[u8],
        last: Option<u32>,
    ) -> Result<Option<u32>, DropReason> {
        let &[number, length, id] =
            section.first_chunk().ok_or(DropReason::AuthenticationLength)?;
        if number != self.algorithm.number() {
            return Err(DropReason::AuthenticationType);
        }
        let secret = self.find(id).ok_or(DropReason::AuthenticationKey)?;
        if section.len() != usize::from(length) {
            return Err(DropReason::AuthenticationLength);
        }
        match self.algorithm {
            Algorithm::SimplePassword => prove_password(section, secret).map(|()| None),
            Algorithm::KeyedSha1 => prove_hash(frame, section, secret, (last, 0)).map(Some),
            Algorithm::MeticulousKeyedSha1 => {
                prove_hash(frame, section, secret, (last, 1)).map(Some)
            }
        }
    }
}

fn prove_password(section: &[u8], secret: &Secret) -> Result<(), DropReason> {
    let password = section.get(3..).unwrap_or_default();
    if password.len() != secret.octets().len() {
        return Err(DropReason::AuthenticationLength);
    }
    let is_right = bool::from(password.ct_eq(secret.octets()));
    if is_right { Ok(()) } else { Err(DropReason::AuthenticationMismatch) }
}

/// Proves a SHA1 section whose sequence number must be ahead of `last` by `least` at the least.
fn prove_hash(
    frame: &Frame<'_>,
    section: &[u8],
    secret: &Secret,
    (last, least): (Option<u32>, u32),
) -> Result<u32, DropReason> {
    let length = DropReason::AuthenticationLength;
    let (head, received) = section.split_first_chunk::<8>().ok_or(length)?;
    if received.len() != HASH_OCTETS {
        return Err(length);
    }
    let [.., a, b, c, d] = *head;
    let sequence = u32::from_be_bytes([a, b, c, d]);
    if let Some(last) = last {
        let most = 3 * u32::from(frame.packet().detect_mult.get());
        if !(least..=most).contains(&sequence.wrapping_sub(last)) {
            return Err(DropReason::AuthenticationSequence);
        }
    }
    let signed = frame.octets().get(..HASH_START).ok_or(length)?;
    let is_right = bool::from(hash(signed, secret).ct_eq(received));
    if is_right { Ok(sequence) } else { Err(DropReason::AuthenticationMismatch) }
}

/// The hash over a packet in whose last octets the key stands (RFC 5880 s6.7.4).
fn hash(signed: &[u8], secret: &Secret) -> [u8; HASH_OCTETS] {
    Sha1::new().chain_update(signed).chain_update(secret.padded()).finalize().into()
}

/// Whether and how packets are authenticated.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// They are not.
    #[default]
    Off,
    /// By keys.
    On(Keys),
}

impl Authentication {
    /// That of two ends which share `key`: hashes that nobody can send again.
    pub fn shared(key: &Key) -> Self {
        let keys = vec![(KeyId(1), Secret::of(key))];
        Self::On(Keys { algorithm: Algorithm::MeticulousKeyedSha1, keys })
    }

    /// A packet with what vouches for it; `sequence` is used where the algorithm has numbers.
    pub fn signed(&self, packet: &Packet, sequence: u32) -> Datagram {
        let mut datagram = packet.encode();
        self.sign(&mut datagram, sequence);
        datagram
    }

    /// Adds what vouches for a packet.
    pub(crate) fn sign(&self, datagram: &mut Datagram, sequence: u32) {
        if let Self::On(keys) = self {
            keys.sign(datagram, sequence);
        }
    }

    /// Whether every packet needs a sequence number of its own.
    pub(crate) fn is_meticulous(&self) -> bool {
        matches!(self, Self::On(keys) if keys.algorithm == Algorithm::MeticulousKeyedSha1)
    }

    /// Judges what vouches for a packet, of which `last` is the last known sequence number; what
    /// comes back is the packet's, if it has one.
    pub(crate) fn prove(
        &self,
        frame: &Frame<'_>,
        last: Option<u32>,
    ) -> Result<Option<u32>, DropReason> {
        match (self, frame.section()) {
            (Self::Off, None) => Ok(None),
            (Self::Off, Some(_)) => Err(DropReason::AuthenticationUnexpected),
            (Self::On(_), None) => Err(DropReason::AuthenticationMissing),
            (Self::On(keys), Some(section)) => keys.prove(frame, section, last),
        }
    }
}
