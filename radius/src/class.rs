//! Class: what an Accept gives the NAS to repeat in accounting (RFC 2865 §5.25).
//!
//! Ours is an octet for the speed of the Accept, the grant's id and eight octets, new with every
//! Accept, so that two stays under one grant never share a token even if the NAS repeats its
//! session ids. Nobody gains by guessing them: accounting is proved by the shared secret.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{GrantId, Speed};
use radius_proto::{Packet, attribute};

use crate::random;

/// The first octet of a Class of ours.
const FULL: u8 = 0x01;
const REDUCED: u8 = 0x02;
const YIELDING: u8 = 0x04;
const REDUCED_YIELDING: u8 = 0x05;

/// The Class of a device that was only let through to the portal: what accounting says with it is
/// about no session.
pub(crate) const WAITING: &[u8] = b"\x03sabeel: waits at the portal";

/// Tokens that no other Accept has: they are counted from where chance began, so that no two
/// processes, nor two lives of one, count the same.
#[derive(Debug)]
pub(crate) struct Tokens(AtomicU64);

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(u64::from_be_bytes(random::octets())))
    }

    pub(crate) fn next(&self) -> [u8; 8] {
        self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }
}

/// A Class of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    /// The grant that let the device in.
    pub(crate) grant: GrantId,
    /// What sets this Accept apart from any other of the grant.
    pub(crate) token: [u8; 8],
    /// The speed that the Accept gave.
    pub(crate) speed: Speed,
}

impl Class {
    /// The 25 octets as they travel.
    pub(crate) fn octets(self) -> Vec<u8> {
        let first = match self.speed {
            Speed::Full => FULL,
            Speed::Reduced => REDUCED,
            Speed::Yielding => YIELDING,
            Speed::ReducedYielding => REDUCED_YIELDING,
        };
        [&[first], self.grant.to_bytes().as_slice(), &self.token].concat()
    }

    /// The first Class of a packet that is ours; other servers' are none of our business.
    pub(crate) fn find(packet: &Packet<'_>) -> Option<Self> {
        packet.find_all(attribute::CLASS).find_map(|value| Self::parse(value.octets()))
    }

    /// Whether accounting is about a device that only waits at the portal. A Class of a grant counts
    /// for more, whatever else the NAS still repeats.
    pub(crate) fn says_waiting(packet: &Packet<'_>) -> bool {
        Self::find(packet).is_none()
            && packet.find_all(attribute::CLASS).any(|value| value.octets() == WAITING)
    }

    fn parse(octets: &[u8]) -> Option<Self> {
        let (first, rest) = octets.split_first()?;
        let speed = match *first {
            FULL => Speed::Full,
            REDUCED => Speed::Reduced,
            YIELDING => Speed::Yielding,
            REDUCED_YIELDING => Speed::ReducedYielding,
            _ => return None,
        };
        let (grant, token) = rest.split_first_chunk::<16>()?;
        Some(Self { grant: GrantId::from_bytes(*grant), token: token.try_into().ok()?, speed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_class_is_read() {
        let class = |speed| Class { grant: GrantId::from_bytes([7; 16]), token: [9; 8], speed };
        for class in Speed::ALL.map(class) {
            assert_eq!(class.octets().len(), 25);
            assert_eq!(Class::parse(&class.octets()), Some(class));
        }
        let ours = class(Speed::Full).octets();
        let other_version = [&[3], ours.get(1..).unwrap()].concat();
        for other in [&[][..], &[1], WAITING, ours.get(..24).unwrap(), &[1; 26], &other_version] {
            assert_eq!(Class::parse(other), None, "{other:?}");
        }
    }
}
