//! Appending the kinds of attributes that are more than a type, a length and a value.
//!
//! Tagged (RFC 2868 s3), hidden behind a salt (RFC 2868 s3.5, RFC 2548 s2.4.2), extended (RFC
//! 6929 s2), prefixes (RFC 3162 s2.3, RFC 8044 s3.11), and counters of more than 32 bits (RFC
//! 2869 s5.1).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{BuildError, Field, MAX_VALUE_OCTETS, PacketBuilder};
use crate::authenticator::Authenticator;
use crate::dictionary::{
    AttributeId, AttributeType, ExtendedAttribute, ExtendedSpace, ExtendedVendorAttribute,
    attribute,
};
use crate::extended::{MORE, VENDOR_SPECIFIC};
use crate::salted::{self, Salt};
use crate::secret::SharedSecret;
use crate::tagged::{Tag, Tagged};

/// The most that one fragment of a long extended attribute holds: without Extended-Type and flags.
const MAX_FRAGMENT_OCTETS: usize = MAX_VALUE_OCTETS - 2;

/// The bits of a tagged number.
const TAGGED_NUMBER_BITS: u32 = 24;

impl PacketBuilder {
    /// Appends a number of at most 24 bits with a tag (RFC 2868 s3.1).
    pub fn tagged_u32(
        &mut self,
        kind: AttributeType,
        Tagged { tag, value }: Tagged<impl Into<u32>>,
    ) -> &mut Self {
        let number: u32 = value.into();
        if number >> TAGGED_NUMBER_BITS != 0 {
            let attribute = kind.into();
            return self.fail(BuildError::TaggedNumberTooLarge { attribute, number });
        }
        let [_, octets @ ..] = number.to_be_bytes();
        self.append(kind, &[&[Tag::octet(tag)], &octets])
    }

    /// Appends text with a tag; a zero octet says that there is none (RFC 2868 s3.3). Empty text
    /// is left out.
    pub fn tagged_text(
        &mut self,
        kind: AttributeType,
        Tagged { tag, value }: Tagged<&str>,
    ) -> &mut Self {
        if value.is_empty() {
            return self;
        }
        self.append(kind, &[&[Tag::octet(tag)], value.as_bytes()])
    }

    /// Appends a Tunnel-Password, at most [`salted::MAX_SALTED_OCTETS`]; `salt` is unlike that of
    /// any other attribute in the packet (RFC 2868 s3.5).
    pub fn tunnel_password(
        &mut self,
        Tagged { tag, value }: Tagged<&[u8]>,
        salt: Salt,
        secret: &SharedSecret,
    ) -> &mut Self {
        match salted::hide(value, salt, self.request_authenticator(), secret) {
            Ok(hidden) => self.append(attribute::TUNNEL_PASSWORD, &[&[Tag::octet(tag)], &hidden]),
            Err(error) => self.fail(error.into()),
        }
    }

    /// What hides values in this packet: the authenticator of the request that it is or answers,
    /// zeroes for the requests whose own authenticator is computed last.
    pub(super) fn request_authenticator(&self) -> Authenticator {
        let (Field::Random(authenticator) | Field::Computed(authenticator)) = self.field;
        authenticator
    }

    /// Appends octets to an extended space, in fragments if the space allows it; none are left
    /// out, since RFC 6929 s2 forbids sending them.
    pub fn extended(&mut self, id: ExtendedAttribute, value: &[u8]) -> &mut Self {
        if value.is_empty() {
            return self;
        }
        self.append_extended(id.space, id.number, id.into(), value)
    }

    /// Appends a vendor's octets to an extended space, as [`Self::extended`] does.
    pub fn extended_vendor(&mut self, id: ExtendedVendorAttribute, value: &[u8]) -> &mut Self {
        if value.is_empty() {
            return self;
        }
        let content = [&id.vendor.0.to_be_bytes()[..], &[id.number], value].concat();
        self.append_extended(id.space, VENDOR_SPECIFIC, id.into(), &content)
    }

    fn append_extended(
        &mut self,
        space: ExtendedSpace,
        number: u8,
        id: AttributeId,
        content: &[u8],
    ) -> &mut Self {
        let kind = space.attribute();
        if !space.is_long() {
            return self.append_as(id, kind, &[&[number], content]);
        }
        let mut rest = content;
        while let Some((fragment, following)) = rest.split_at_checked(MAX_FRAGMENT_OCTETS)
            && !following.is_empty()
        {
            self.append_as(id, kind, &[&[number, MORE], fragment]);
            rest = following;
        }
        self.append_as(id, kind, &[&[number, 0], rest])
    }

    /// Appends an IPv6 prefix: only the octets that its length needs, bits behind it cleared
    /// (RFC 3162 s2.3).
    pub fn ipv6_prefix(&mut self, kind: AttributeType, address: Ipv6Addr, bits: u8) -> &mut Self {
        let Some(mask) = 128u32.checked_sub(bits.into()) else {
            return self.fail(BuildError::PrefixTooLong { attribute: kind.into(), bits });
        };
        let kept = u128::MAX.checked_shl(mask).unwrap_or(0);
        let octets = (address.to_bits() & kept).to_be_bytes();
        let needed = usize::from(bits).div_ceil(8);
        self.append(kind, &[&[0, bits], octets.get(..needed).unwrap_or_default()])
    }

    /// Appends an IPv4 prefix, bits behind its length cleared (RFC 8044 s3.11).
    pub fn ipv4_prefix(&mut self, kind: AttributeType, address: Ipv4Addr, bits: u8) -> &mut Self {
        let Some(mask) = 32u32.checked_sub(bits.into()) else {
            return self.fail(BuildError::PrefixTooLong { attribute: kind.into(), bits });
        };
        let kept = u32::MAX.checked_shl(mask).unwrap_or(0);
        self.append(kind, &[&[0, bits], &(address.to_bits() & kept).to_be_bytes()])
    }

    /// Appends Acct-Input-Octets, and its Gigawords if it needs them (RFC 2869 s5.1).
    pub fn acct_input_octets(&mut self, octets: u64) -> &mut Self {
        self.counter(attribute::ACCT_INPUT_OCTETS, attribute::ACCT_INPUT_GIGAWORDS, octets)
    }

    /// Appends Acct-Output-Octets, and its Gigawords if it needs them (RFC 2869 s5.2).
    pub fn acct_output_octets(&mut self, octets: u64) -> &mut Self {
        self.counter(attribute::ACCT_OUTPUT_OCTETS, attribute::ACCT_OUTPUT_GIGAWORDS, octets)
    }

    fn counter(&mut self, low: AttributeType, high: AttributeType, octets: u64) -> &mut Self {
        let [a, b, c, d, lower @ ..] = octets.to_be_bytes();
        self.append(low, &[&lower]);
        match u32::from_be_bytes([a, b, c, d]) {
            0 => self,
            gigawords => self.u32(high, gigawords),
        }
    }
}

#[cfg(test)]
mod tests;
