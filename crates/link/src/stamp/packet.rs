//! The packets of STAMP: RFC 8762 s4.2.1, s4.2.2, s4.3.1 and s4.3.2, with the session identifier of
//! RFC 8972 s3 in what was to be zero.
//!
//! What must be zero is written so and not looked at. What follows the base packet is extensions
//! ([`super::extensions`]); a packet that is to be longer is filled by one of Extra Padding.

use thiserror::Error;

use super::clock::{ErrorEstimate, Timestamp};
use super::extensions;
use crate::key::{Key, TAG_OCTETS};

/// The shortest packet without a proof.
pub const BASE_OCTETS: usize = 44;

/// The shortest packet with a proof.
pub const SEALED_OCTETS: usize = 112;

/// All that an answer says, as TWAMP knows it (RFC 5357 s4.2.1); STAMP has three octets of zero more.
pub const TWAMP_LIGHT_OCTETS: usize = 41;

/// What a proof is made of: the first six blocks of a packet (RFC 8762 s4.4).
const PROVED_OCTETS: usize = SEALED_OCTETS - TAG_OCTETS;

/// The sender's sequence number, stamp and error estimate, with which every packet begins.
const LEAST_OCTETS: usize = 14;

/// Whether packets carry a proof.
#[derive(Clone, Copy, Debug)]
pub enum Authentication<'k> {
    /// They do not: RFC 8762 s4.2.1 and s4.3.1.
    None,
    /// They do: RFC 8762 s4.2.2 and s4.3.2.
    Hmac(&'k Key),
}

/// Which of the sessions between two addresses a packet is of (RFC 8972 s3); 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SessionId(pub u16);

/// What a sender says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderPacket {
    /// One more for every packet.
    pub sequence: u32,
    /// When it was sent.
    pub timestamp: Timestamp,
    /// How far the stamp may be trusted.
    pub error: ErrorEstimate,
    /// Its session.
    pub session: SessionId,
}

/// What a reflector gives back of the sender's packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The sender's number.
    pub sequence: u32,
    /// When the sender sent it.
    pub timestamp: Timestamp,
    /// How far that stamp may be trusted.
    pub error: ErrorEstimate,
    /// The time to live, or hop limit, with which it arrived.
    pub ttl: u8,
}

/// What a reflector answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReflectorPacket {
    /// The reflector's own number; the sender's, if it keeps no session.
    pub sequence: u32,
    /// When the answer was sent.
    pub timestamp: Timestamp,
    /// How far its stamps may be trusted.
    pub error: ErrorEstimate,
    /// The session of what is answered.
    pub session: SessionId,
    /// When what is answered arrived.
    pub received: Timestamp,
    /// What is answered.
    pub origin: Origin,
}

/// Why octets are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// There are too few.
    #[error("a packet of {0} octets is too short")]
    TooShort(usize),
    /// The proof was made with another secret, or the packet was altered.
    #[error("the proof does not match the secret")]
    WrongProof,
}

impl ParseError {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooShort(_) => "too-short",
            Self::WrongProof => "wrong-proof",
        }
    }
}

/// Where the fields stand.
struct Layout {
    timestamp: usize,
    received: usize,
    origin_sequence: usize,
    origin_timestamp: usize,
    ttl: usize,
}

const OPEN: Layout =
    Layout { timestamp: 4, received: 16, origin_sequence: 24, origin_timestamp: 28, ttl: 40 };
const SEALED: Layout =
    Layout { timestamp: 16, received: 32, origin_sequence: 48, origin_timestamp: 64, ttl: 80 };

impl Authentication<'_> {
    /// The length of a packet without extensions.
    pub const fn base_octets(self) -> usize {
        match self {
            Self::None => BASE_OCTETS,
            Self::Hmac(_) => SEALED_OCTETS,
        }
    }

    const fn layout(self) -> &'static Layout {
        match self {
            Self::None => &OPEN,
            Self::Hmac(_) => &SEALED,
        }
    }

    /// Refuses what is too short, and what is to be proved and is not.
    fn check(self, octets: &[u8], least: usize) -> Result<(), ParseError> {
        let too_short = ParseError::TooShort(octets.len());
        let Self::Hmac(key) = self else {
            return if octets.len() < least { Err(too_short) } else { Ok(()) };
        };
        let base = octets.get(..SEALED_OCTETS).ok_or(too_short)?;
        let (proved, tag) = base.split_at_checked(PROVED_OCTETS).ok_or(too_short)?;
        if key.verifies(&[proved], tag) { Ok(()) } else { Err(ParseError::WrongProof) }
    }

    /// Proves a base packet.
    fn seal(self, base: &mut [u8; SEALED_OCTETS]) {
        if let Self::Hmac(key) = self {
            let (proved, tag) = base.split_at_mut(PROVED_OCTETS);
            tag.copy_from_slice(&key.tag(&[proved]));
        }
    }
}

impl SenderPacket {
    /// Reads one; without a proof also one of TWAMP Light that is shorter than those of STAMP, which
    /// has no session identifier.
    pub fn parse(octets: &[u8], authentication: Authentication<'_>) -> Result<Self, ParseError> {
        authentication.check(octets, LEAST_OCTETS)?;
        let at = authentication.layout();
        let has_session = octets.len() >= authentication.base_octets();
        let session = if has_session { u16_at(octets, at.timestamp + 10) } else { 0 };
        Ok(Self {
            sequence: u32_at(octets, 0),
            timestamp: Timestamp::from_bits(u64_at(octets, at.timestamp)),
            error: ErrorEstimate::from_bits(u16_at(octets, at.timestamp + 8)),
            session: SessionId(session),
        })
    }

    /// Writes it over all of `octets`, which tell how long it is to be.
    pub fn write(
        &self,
        authentication: Authentication<'_>,
        octets: &mut [u8],
    ) -> Result<(), ParseError> {
        let too_short = ParseError::TooShort(octets.len());
        let at = authentication.layout();
        let mut base = [0; SEALED_OCTETS];
        put(&mut base, 0, &self.sequence.to_be_bytes());
        put(&mut base, at.timestamp, &self.timestamp.bits().to_be_bytes());
        put(&mut base, at.timestamp + 8, &self.error.bits().to_be_bytes());
        put(&mut base, at.timestamp + 10, &self.session.0.to_be_bytes());
        authentication.seal(&mut base);
        let (place, rest) =
            octets.split_at_mut_checked(authentication.base_octets()).ok_or(too_short)?;
        place.iter_mut().zip(base).for_each(|(place, octet)| *place = octet);
        extensions::pad(rest);
        Ok(())
    }
}

impl ReflectorPacket {
    /// Reads one; without a proof also one that ends with what TWAMP Light says.
    pub fn parse(octets: &[u8], authentication: Authentication<'_>) -> Result<Self, ParseError> {
        authentication.check(octets, TWAMP_LIGHT_OCTETS)?;
        let at = authentication.layout();
        let ttl = octets.get(at.ttl).copied().ok_or(ParseError::TooShort(octets.len()))?;
        Ok(Self {
            sequence: u32_at(octets, 0),
            timestamp: Timestamp::from_bits(u64_at(octets, at.timestamp)),
            error: ErrorEstimate::from_bits(u16_at(octets, at.timestamp + 8)),
            session: SessionId(u16_at(octets, at.timestamp + 10)),
            received: Timestamp::from_bits(u64_at(octets, at.received)),
            origin: Origin {
                sequence: u32_at(octets, at.origin_sequence),
                timestamp: Timestamp::from_bits(u64_at(octets, at.origin_timestamp)),
                error: ErrorEstimate::from_bits(u16_at(octets, at.origin_timestamp + 8)),
                ttl,
            },
        })
    }

    /// Writes it over the beginning of `octets`; for who sent less than a base packet, as much of it
    /// as there is room for, if that is all that is said.
    pub fn write(
        &self,
        authentication: Authentication<'_>,
        octets: &mut [u8],
    ) -> Result<(), ParseError> {
        let least = match authentication {
            Authentication::None => TWAMP_LIGHT_OCTETS,
            Authentication::Hmac(_) => SEALED_OCTETS,
        };
        if octets.len() < least {
            return Err(ParseError::TooShort(octets.len()));
        }
        let at = authentication.layout();
        let mut base = [0; SEALED_OCTETS];
        put(&mut base, 0, &self.sequence.to_be_bytes());
        put(&mut base, at.timestamp, &self.timestamp.bits().to_be_bytes());
        put(&mut base, at.timestamp + 8, &self.error.bits().to_be_bytes());
        put(&mut base, at.timestamp + 10, &self.session.0.to_be_bytes());
        put(&mut base, at.received, &self.received.bits().to_be_bytes());
        put(&mut base, at.origin_sequence, &self.origin.sequence.to_be_bytes());
        put(&mut base, at.origin_timestamp, &self.origin.timestamp.bits().to_be_bytes());
        put(&mut base, at.origin_timestamp + 8, &self.origin.error.bits().to_be_bytes());
        put(&mut base, at.ttl, &[self.origin.ttl]);
        authentication.seal(&mut base);
        let base = base.into_iter().take(authentication.base_octets());
        octets.iter_mut().zip(base).for_each(|(place, octet)| *place = octet);
        Ok(())
    }
}

/// The octets there; zero where there are none.
fn array_at<const N: usize>(octets: &[u8], at: usize) -> [u8; N] {
    octets.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(array_at(octets, at))
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array_at(octets, at))
}

fn u64_at(octets: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(array_at(octets, at))
}

fn put(base: &mut [u8], at: usize, field: &[u8]) {
    base.iter_mut().skip(at).zip(field).for_each(|(place, octet)| *place = *octet);
}

#[cfg(test)]
mod tests;
