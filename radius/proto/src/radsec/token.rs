//! RADIUS/1.1 packets into those that the rest of this crate reads and writes, and back.
//!
//! RADIUS/1.1 has a token in place of identifier and authenticator, no Message-Authenticator,
//! and nothing hidden (RFC 9765 s4 and s5). Inside the server a request is one of the historic
//! format, so that every decision about it is the same; only here the difference is known.

use crate::authenticator::Authenticator;
use crate::dictionary::attribute;
use crate::packet::{Attribute, MAX_PACKET_OCTETS, MIN_PACKET_OCTETS, Packet};
use crate::secret::SharedSecret;
use crate::signed::SignedPacket;
use crate::user_password;

/// What matches an answer with its request on one connection (RFC 9765 s4.2).
pub(super) type Token = u32;

const RESERVED: [u8; 12] = [0; 12];

/// The token of a packet: the first four octets of what was the authenticator.
pub(super) fn token(packet: &Packet<'_>) -> Token {
    let [a, b, c, d, ..] = *packet.authenticator().octets();
    u32::from_be_bytes([a, b, c, d])
}

/// A request in the historic format: without Message-Authenticator, which means nothing here
/// (RFC 9765 s5.2), and with User-Password hidden by `secret`; one longer than 128 octets is
/// left out (s5.1.1). Absent if hiding makes the packet too long for that format.
pub(super) fn inward(packet: &Packet<'_>, secret: &SharedSecret) -> Option<Vec<u8>> {
    let field = packet.authenticator();
    let mut attributes = Vec::with_capacity(packet.octets());
    for found in packet.attributes() {
        match found.kind {
            attribute::MESSAGE_AUTHENTICATOR => {}
            attribute::USER_PASSWORD => {
                let hidden = user_password::hide(found.value.octets(), field, secret);
                hidden.iter().for_each(|value| append(&mut attributes, found.kind.0, value));
            }
            _ => append_as_is(&mut attributes, found),
        }
    }
    whole(packet, field, &attributes)
}

/// A packet that was signed in the historic format, as it is sent with a token.
pub(super) fn outward(packet: &SignedPacket, token: Token) -> SignedPacket {
    const PROOF: &str = "a signed packet is sound, and does not grow by what is left out";
    let packet = Packet::parse(packet).expect(PROOF);
    let mut attributes = Vec::with_capacity(packet.octets());
    packet
        .attributes()
        .filter(|found| found.kind != attribute::MESSAGE_AUTHENTICATOR)
        .for_each(|found| append_as_is(&mut attributes, found));
    let mut field = [0; 16];
    let octets = token.to_be_bytes().into_iter().chain(RESERVED);
    field.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
    SignedPacket::new(whole(&packet, Authenticator::new(field), &attributes).expect(PROOF))
}

fn append_as_is(attributes: &mut Vec<u8>, found: Attribute<'_>) {
    append(attributes, found.kind.0, found.value.octets());
}

/// Appends an attribute; a value that was received or hidden has at most 253 octets.
fn append(attributes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    if let Ok(length) = u8::try_from(value.len() + 2) {
        attributes.extend([kind, length]);
        attributes.extend_from_slice(value);
    }
}

/// The packet with another field and other attributes, and no identifier.
fn whole(packet: &Packet<'_>, field: Authenticator, attributes: &[u8]) -> Option<Vec<u8>> {
    let length = MIN_PACKET_OCTETS + attributes.len();
    if length > MAX_PACKET_OCTETS {
        return None;
    }
    let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
    let head = [packet.code().into(), 0, high, low];
    Some([head.as_slice(), field.octets(), attributes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::fixtures::secret;
    use crate::{Authenticator, PacketBuilder};

    /// A packet as a peer sends it: code, token, attributes.
    fn received(code: u8, token: Token, attributes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(20 + attributes.len()).unwrap();
        let mut octets = vec![code, 99];
        octets.extend(length.to_be_bytes());
        octets.extend(token.to_be_bytes());
        // Reserved octets are ignored, whatever they are.
        octets.extend([0xee; 12]);
        octets.extend(attributes);
        octets
    }

    #[test]
    fn a_password_in_clear_is_hidden_and_a_message_authenticator_ignored() {
        let attributes =
            [[1, 3, b'n'].as_slice(), &[2, 5, b'a', 0, b'b'], &[80, 18], &[7; 16], &[60, 3, 1]];
        let octets = received(1, 0x0102_0304, &attributes.concat());
        let packet = Packet::parse(&octets).unwrap();
        assert_eq!(token(&packet), 0x0102_0304);
        let inside = inward(&packet, &secret()).unwrap();
        let inside = Packet::parse(&inside).unwrap();
        assert_eq!((inside.code(), inside.identifier()), (Code::AccessRequest, 0));
        assert_eq!(inside.text(attribute::USER_NAME), Some("n"));
        assert_eq!(inside.octets_of(attribute::CHAP_CHALLENGE), Some([1].as_slice()));
        assert!(inside.find(attribute::MESSAGE_AUTHENTICATOR).is_none());
        let hidden = inside.octets_of(attribute::USER_PASSWORD).unwrap();
        let password = user_password::reveal(hidden, inside.authenticator(), &secret()).unwrap();
        assert!(password.matches(b"a\0b"));
    }

    #[test]
    fn a_password_that_is_too_long_is_none() {
        let attributes = [[2, 131].as_slice(), &[b'a'; 129]].concat();
        let octets = received(1, 1, &attributes);
        let inside = inward(&Packet::parse(&octets).unwrap(), &secret()).unwrap();
        assert!(Packet::parse(&inside).unwrap().find(attribute::USER_PASSWORD).is_none());
    }

    #[test]
    fn a_request_that_hiding_makes_too_long_is_none() {
        let mut attributes = vec![2, 3, b'a'];
        while attributes.len() < 4_076 - 255 {
            attributes.extend([79, 255]);
            attributes.extend([0; 253]);
        }
        attributes.extend([18, u8::try_from(4_076 - attributes.len()).unwrap()]);
        attributes.resize(4_076, b'x');
        let octets = received(1, 1, &attributes);
        assert!(inward(&Packet::parse(&octets).unwrap(), &secret()).is_none());
    }

    #[test]
    fn an_answer_carries_the_token_and_nothing_of_md5() {
        let request = received(1, 7, &[]);
        let mut reply =
            PacketBuilder::reply_to(&Packet::parse(&request).unwrap(), Code::AccessAccept);
        reply.text(attribute::REPLY_MESSAGE, "in");
        let sent = outward(&reply.sign(&secret()).unwrap(), 0x0a0b_0c0d);
        let mut expected = vec![2, 0, 0, 24, 0x0a, 0x0b, 0x0c, 0x0d];
        expected.extend([0; 12]);
        expected.extend([18, 4, b'i', b'n']);
        assert_eq!(&sent[..], expected);
        let again = Packet::parse(&sent).unwrap();
        assert_ne!(again.authenticator(), Authenticator::ZERO);
    }
}
