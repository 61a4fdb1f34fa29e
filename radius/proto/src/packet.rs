//! Zero-copy reading of a received packet (RFC 2865 s3).
//!
//! Parsing checks the frame once: header, length, every attribute's bounds, at most
//! [`MAX_ATTRIBUTES`]. Whether the packet is authentic, expected or makes sense is decided
//! elsewhere. Reading attributes afterwards borrows from the datagram and cannot fail.

mod vendor;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use thiserror::Error;

use crate::authenticator::Authenticator;
use crate::code::Code;
use crate::dictionary::{AttributeType, VendorAttribute, attribute};
use crate::value::Value;

pub use vendor::VendorValue;
pub(crate) use vendor::{vendor_values, vendor_values_as};

/// The shortest packet: a header without attributes, in octets (RFC 2865 s3).
pub const MIN_PACKET_OCTETS: usize = 20;
/// The longest packet over UDP, in octets (RFC 2865 s3).
pub const MAX_PACKET_OCTETS: usize = 4096;
/// The most attributes read from one packet; more cost CPU and carry nothing.
pub const MAX_ATTRIBUTES: usize = 200;

/// A packet whose frame is sound, borrowed from the datagram that brought it.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    head: [u8; 4],
    authenticator: Authenticator,
    attributes: &'a [u8],
}

/// Why a datagram is no RADIUS packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The datagram ends inside the header.
    #[error("the datagram has {received} octets, fewer than a header")]
    NoHeader {
        /// Octets received.
        received: usize,
    },
    /// The Length field is outside 20..=4096.
    #[error("the length field says {length}, outside 20..=4096")]
    LengthOutOfRange {
        /// The field as received.
        length: u16,
    },
    /// The datagram is shorter than its Length field.
    #[error("the length field says {length}, the datagram has {received} octets")]
    Truncated {
        /// The field as received.
        length: u16,
        /// Octets received.
        received: usize,
    },
    /// An attribute's length does not cover its own two header octets.
    #[error("the attribute at octet {offset} has a length below two")]
    AttributeTooShort {
        /// Where the attribute starts in the packet.
        offset: usize,
    },
    /// An attribute reaches past the end of the packet.
    #[error("the attribute at octet {offset} reaches past the end")]
    AttributePastEnd {
        /// Where the attribute starts in the packet.
        offset: usize,
    },
    /// The packet has more than [`MAX_ATTRIBUTES`].
    #[error("the packet has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
}

/// One attribute of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The attribute's number.
    pub kind: AttributeType,
    /// What it says.
    pub value: Value<'a>,
}

impl<'a> Packet<'a> {
    /// Reads the frame of a datagram; octets after the Length field's end are padding and ignored.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let received = datagram.len();
        let no_header = ParseError::NoHeader { received };
        let (head, rest) = datagram.split_first_chunk::<4>().ok_or(no_header)?;
        let (authenticator, rest) = rest.split_first_chunk::<16>().ok_or(no_header)?;
        let [_, _, high, low] = *head;
        let length = u16::from_be_bytes([high, low]);
        if !(MIN_PACKET_OCTETS..=MAX_PACKET_OCTETS).contains(&usize::from(length)) {
            return Err(ParseError::LengthOutOfRange { length });
        }
        let attributes = rest
            .get(..usize::from(length) - MIN_PACKET_OCTETS)
            .ok_or(ParseError::Truncated { length, received })?;
        check_attributes(attributes)?;
        Ok(Self { head: *head, authenticator: Authenticator::new(*authenticator), attributes })
    }

    /// Reads a datagram as far as its frame is sound, for people who look for what is wrong with
    /// it: the packet up to the first fault, and the fault. Absent without a whole header.
    pub fn parse_sound_part(datagram: &'a [u8]) -> Option<(Self, Option<ParseError>)> {
        let error = match Self::parse(datagram) {
            Ok(packet) => return Some((packet, None)),
            Err(error) => error,
        };
        let (head, rest) = datagram.split_first_chunk::<4>()?;
        let (authenticator, rest) = rest.split_first_chunk::<16>()?;
        let [_, _, high, low] = *head;
        let announced = usize::from(u16::from_be_bytes([high, low]));
        let announced = announced.min(MAX_PACKET_OCTETS).saturating_sub(MIN_PACKET_OCTETS);
        let attributes = rest.get(..announced).unwrap_or(rest);
        let mut walk = Attributes { rest: attributes };
        walk.by_ref().take(MAX_ATTRIBUTES).for_each(drop);
        let (attributes, _) = attributes.split_at(attributes.len() - walk.rest.len());
        let authenticator = Authenticator::new(*authenticator);
        Some((Self { head: *head, authenticator, attributes }, Some(error)))
    }

    /// What the packet is.
    pub fn code(&self) -> Code {
        let [code, ..] = self.head;
        Code::from(code)
    }

    /// The number that matches replies to requests.
    pub fn identifier(&self) -> u8 {
        let [_, identifier, ..] = self.head;
        identifier
    }

    /// The header's authenticator field.
    pub fn authenticator(&self) -> Authenticator {
        self.authenticator
    }

    /// The packet's length in octets.
    pub fn octets(&self) -> usize {
        MIN_PACKET_OCTETS + self.attributes.len()
    }

    /// All attributes in the order sent.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes }
    }

    /// The values of every attribute of a kind, in the order sent.
    pub fn find_all(&self, kind: AttributeType) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.attributes().filter(move |found| found.kind == kind).map(|found| found.value)
    }

    /// The first attribute of a kind.
    pub fn find(&self, kind: AttributeType) -> Option<Value<'a>> {
        self.find_all(kind).next()
    }

    /// The first attribute of a kind as text.
    pub fn text(&self, kind: AttributeType) -> Option<&'a str> {
        self.find(kind)?.text()
    }

    /// The first attribute of a kind as octets.
    pub fn octets_of(&self, kind: AttributeType) -> Option<&'a [u8]> {
        self.find(kind).map(Value::octets)
    }

    /// The first attribute of a kind as a number.
    pub fn u32(&self, kind: AttributeType) -> Option<u32> {
        self.find(kind)?.u32()
    }

    /// The first attribute of a kind as an IPv4 address.
    pub fn ipv4(&self, kind: AttributeType) -> Option<Ipv4Addr> {
        self.find(kind)?.ipv4()
    }

    /// The first attribute of a kind as an IPv6 address.
    pub fn ipv6(&self, kind: AttributeType) -> Option<Ipv6Addr> {
        self.find(kind)?.ipv6()
    }

    /// When the event happened by the sender's clock (Event-Timestamp, RFC 2869 s5.3).
    pub fn event_time(&self) -> Option<SystemTime> {
        self.find(attribute::EVENT_TIMESTAMP)?.time()
    }

    /// The values of every attribute of a kind joined, as EAP-Message is (RFC 3579 s3.1).
    pub fn concatenated(&self, kind: AttributeType) -> Vec<u8> {
        self.find_all(kind).flat_map(Value::octets).copied().collect()
    }

    /// Acct-Input-Octets with its Gigawords: octets that the NAS received on the visitor's port
    /// (RFC 2866 s5.3, RFC 2869 s5.1).
    pub fn acct_input_octets(&self) -> Option<u64> {
        self.counter(attribute::ACCT_INPUT_OCTETS, attribute::ACCT_INPUT_GIGAWORDS)
    }

    /// Acct-Output-Octets with its Gigawords: octets that the NAS sent on the visitor's port
    /// (RFC 2866 s5.4, RFC 2869 s5.2).
    pub fn acct_output_octets(&self) -> Option<u64> {
        self.counter(attribute::ACCT_OUTPUT_OCTETS, attribute::ACCT_OUTPUT_GIGAWORDS)
    }

    fn counter(&self, octets: AttributeType, gigawords: AttributeType) -> Option<u64> {
        let low = u64::from(self.u32(octets)?);
        let high = u64::from(self.u32(gigawords).unwrap_or(0));
        Some((high << 32) | low)
    }

    /// All sub-attributes of all Vendor-Specific attributes, read in their vendor's format; an
    /// attribute that does not follow it to its end is opaque and yields nothing.
    pub fn vendor_attributes(&self) -> impl Iterator<Item = VendorValue<'a>> + use<'a> {
        self.find_all(attribute::VENDOR_SPECIFIC).flat_map(vendor_values)
    }

    /// The first sub-attribute of a vendor's kind.
    pub fn find_vendor(&self, id: VendorAttribute) -> Option<Value<'a>> {
        self.vendor_attributes().find(|found| found.id == id).map(|found| found.value)
    }

    /// Code, identifier and length as sent.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The attributes as sent.
    pub(crate) fn attribute_octets(&self) -> &'a [u8] {
        self.attributes
    }
}

/// Names the packet without its content, which may be personal; see [`Packet::dump`].
impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({} id {}, {} octets)", self.code(), self.identifier(), self.octets())
    }
}

fn check_attributes(octets: &[u8]) -> Result<(), ParseError> {
    let offset = |rest: &[u8]| MIN_PACKET_OCTETS + octets.len() - rest.len();
    let mut rest = octets;
    let mut count = 0;
    while let Some(&[_, length]) = rest.first_chunk::<2>() {
        if length < 2 {
            return Err(ParseError::AttributeTooShort { offset: offset(rest) });
        }
        let Some((_, following)) = rest.split_at_checked(length.into()) else {
            return Err(ParseError::AttributePastEnd { offset: offset(rest) });
        };
        rest = following;
        count += 1;
        if count > MAX_ATTRIBUTES {
            return Err(ParseError::TooManyAttributes);
        }
    }
    if !rest.is_empty() {
        return Err(ParseError::AttributePastEnd { offset: offset(rest) });
    }
    Ok(())
}

/// The attributes of a packet in the order sent.
#[derive(Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl Attributes<'_> {
    /// The attributes not yet visited, as sent.
    pub(crate) fn rest(&self) -> &[u8] {
        self.rest
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let (kind, value, rest) = split_type_length_value(self.rest)?;
        self.rest = rest;
        Some(Attribute { kind: AttributeType(kind), value: Value::new(value) })
    }
}

/// Splits off one attribute: its number, its value, and what follows.
pub(crate) fn split_type_length_value(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let &[number, length] = octets.first_chunk::<2>()?;
    let (whole, rest) = octets.split_at_checked(length.into())?;
    Some((number, whole.get(2..)?, rest))
}

#[cfg(test)]
mod tests;
