//! The value of one attribute, read as the type its reader expects.
//!
//! A value that does not fit the type reads as absent: a malformed attribute is never a reason
//! to drop a packet (RFC 6929 s2.8). Types from RFC 2865 s5, RFC 3162 s2, RFC 2869
//! s5.3 and RFC 8044 s3.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

/// The octets of an attribute after its type and length, borrowed from the datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// Wraps the octets of a value, at most 253 of them in a received packet.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The octets as they are.
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }

    /// The value as UTF-8 text, absent if it is not (RFC 2865 s5 "text").
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// The value as an 8-bit number, absent unless it has one octet.
    pub fn u8(self) -> Option<u8> {
        self.0.try_into().ok().map(u8::from_be_bytes)
    }

    /// The value as a 16-bit number, absent unless it has two octets.
    pub fn u16(self) -> Option<u16> {
        self.0.try_into().ok().map(u16::from_be_bytes)
    }

    /// The value as a 32-bit number, absent unless it has four octets.
    pub fn u32(self) -> Option<u32> {
        self.0.try_into().ok().map(u32::from_be_bytes)
    }

    /// The value as a 64-bit number, absent unless it has eight octets (RFC 6929 s2.5).
    pub fn u64(self) -> Option<u64> {
        self.0.try_into().ok().map(u64::from_be_bytes)
    }

    /// The value as an IPv4 address, absent unless it has four octets.
    pub fn ipv4(self) -> Option<Ipv4Addr> {
        self.u32().map(Ipv4Addr::from_bits)
    }

    /// The value as an IPv6 address, absent unless it has sixteen octets (RFC 3162 s2.1).
    pub fn ipv6(self) -> Option<Ipv6Addr> {
        self.0.try_into().ok().map(u128::from_be_bytes).map(Ipv6Addr::from_bits)
    }

    /// The value as an IPv4 prefix and its length in bits, absent unless it has six octets and
    /// the length is at most 32 (RFC 8044 s3.11).
    pub fn ipv4_prefix(self) -> Option<(Ipv4Addr, u8)> {
        let (&[_reserved, bits], prefix) = self.0.split_first_chunk::<2>()?;
        let address = Value(prefix).ipv4()?;
        (bits <= 32).then_some((address, bits))
    }

    /// The value as the lower half of an IPv6 address, absent unless it has eight octets
    /// (RFC 3162 s2.2).
    pub fn interface_id(self) -> Option<[u8; 8]> {
        self.0.try_into().ok()
    }

    /// The value as a hardware address, absent unless it has six octets.
    pub fn ethernet(self) -> Option<[u8; 6]> {
        self.0.try_into().ok()
    }

    /// The value as an IPv6 prefix and its length in bits, absent if longer than 128 bits or if
    /// the octets do not cover the length (RFC 3162 s2.3).
    pub fn ipv6_prefix(self) -> Option<(Ipv6Addr, u8)> {
        let (&[_reserved, bits], prefix) = self.0.split_first_chunk::<2>()?;
        if bits > 128 || prefix.len() > 16 || prefix.len() * 8 < usize::from(bits) {
            return None;
        }
        let mut address = [0; 16];
        for (to, from) in address.iter_mut().zip(prefix) {
            *to = *from;
        }
        Some((Ipv6Addr::from(address), bits))
    }

    /// The value as a point in time with seconds since 1970, absent unless it has four octets
    /// (RFC 2869 s5.3).
    pub fn time(self) -> Option<SystemTime> {
        let seconds = Duration::from_secs(self.u32()?.into());
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    }
}

/// Shows only how many octets there are; a value may be personal or secret.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} octets)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_exactly_four_octets() {
        let check = |octets: &[u8], expected: Option<u32>| {
            assert_eq!(Value::new(octets).u32(), expected, "{octets:?}");
        };
        check(&[0, 0, 14, 16], Some(3600));
        check(&[255; 4], Some(u32::MAX));
        check(&[0, 14, 16], None);
        check(&[0; 5], None);
        check(&[], None);
    }

    #[test]
    fn prefixes_are_padded_with_zero_bits() {
        let check = |octets: &[u8], expected: Option<(&str, u8)>| {
            let expected = expected.map(|(address, bits)| (address.parse().unwrap(), bits));
            assert_eq!(Value::new(octets).ipv6_prefix(), expected, "{octets:?}");
        };
        check(&[0, 32, 0x20, 0x01, 0x0d, 0xb8], Some(("2001:db8::", 32)));
        check(&[0, 0], Some(("::", 0)));
        check(&[0, 33, 0x20, 0x01, 0x0d, 0xb8], None);
        check(&[0, 129, 1, 2, 3, 4], None);
        check(&[0], None);
        check(&[0; 19], None);
    }

    #[test]
    fn ipv4_prefixes_have_at_most_32_bits() {
        let check = |octets: &[u8], expected: Option<(&str, u8)>| {
            let expected = expected.map(|(address, bits)| (address.parse().unwrap(), bits));
            assert_eq!(Value::new(octets).ipv4_prefix(), expected, "{octets:?}");
        };
        check(&[0, 24, 192, 0, 2, 0], Some(("192.0.2.0", 24)));
        check(&[0, 33, 192, 0, 2, 0], None);
        check(&[0, 24, 192, 0, 2], None);
    }

    #[test]
    fn text_must_be_utf8() {
        assert_eq!(Value::new(b"nemo").text(), Some("nemo"));
        assert_eq!(Value::new(&[0xff, 0xfe]).text(), None);
    }
}
