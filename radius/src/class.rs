//! Class: what an Accept gives the NAS to repeat in accounting (RFC 2865 §5.25).
//!
//! Ours is a version octet, the grant's id and eight random octets, new with every Accept, so
//! that two stays under one grant never share a token even if the NAS repeats its session ids.

use domain::GrantId;
use radius_proto::{Packet, attribute};

/// The only version of our Class.
const VERSION: u8 = 0x01;

/// A Class of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    /// The grant that let the device in.
    pub(crate) grant: GrantId,
    /// What sets this Accept apart from any other of the grant.
    pub(crate) token: [u8; 8],
}

impl Class {
    /// The 25 octets as they travel.
    pub(crate) fn octets(self) -> Vec<u8> {
        [&[VERSION], self.grant.to_bytes().as_slice(), &self.token].concat()
    }

    /// The first Class of a packet that is ours; other servers' are none of our business.
    pub(crate) fn find(packet: &Packet<'_>) -> Option<Self> {
        packet.find_all(attribute::CLASS).find_map(|value| Self::parse(value.octets()))
    }

    fn parse(octets: &[u8]) -> Option<Self> {
        let (&[VERSION], rest) = octets.split_first_chunk::<1>()? else { return None };
        let (grant, token) = rest.split_first_chunk::<16>()?;
        Some(Self { grant: GrantId::from_bytes(*grant), token: token.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_class_is_read() {
        let class = Class { grant: GrantId::from_bytes([7; 16]), token: [9; 8] };
        let ours = class.octets();
        assert_eq!(ours.len(), 25);
        assert_eq!(Class::parse(&ours), Some(class));
        let other_version = [&[2], ours.get(1..).unwrap()].concat();
        for other in [&[][..], &[1], ours.get(..24).unwrap(), &[1; 26], &other_version] {
            assert_eq!(Class::parse(other), None, "{other:?}");
        }
    }
}
