use proptest::prelude::*;

use super::*;
use crate::build::PacketBuilder;
use crate::dictionary::vendor;
use crate::fixtures::secret;

#[test]
fn octet_counters_join_their_gigawords() {
    let check = |octets: Option<u32>, gigawords: Option<u32>, expected: Option<u64>| {
        let mut builder = PacketBuilder::accounting_request();
        if let Some(octets) = octets {
            builder.u32(attribute::ACCT_INPUT_OCTETS, octets);
            builder.u32(attribute::ACCT_OUTPUT_OCTETS, 1u32);
        }
        if let Some(gigawords) = gigawords {
            builder.u32(attribute::ACCT_INPUT_GIGAWORDS, gigawords);
        }
        let octets = builder.sign(&secret()).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        assert_eq!(packet.acct_input_octets(), expected);
        assert_eq!(packet.acct_output_octets(), expected.map(|_| 1));
    };
    check(Some(5), Some(2), Some(0x2_0000_0005));
    check(Some(u32::MAX), None, Some(0xffff_ffff));
    check(Some(u32::MAX), Some(u32::MAX), Some(u64::MAX));
    check(None, Some(1), None);
}

#[test]
fn the_first_of_a_kind_is_found_and_all_are_listed() {
    let mut builder = PacketBuilder::access_request(Authenticator::ZERO);
    builder
        .text(attribute::REPLY_MESSAGE, "one")
        .text(attribute::REPLY_MESSAGE, "two")
        .vendor_u32(vendor::wispr::BANDWIDTH_MAX_UP, 1)
        .vendor_u32(vendor::wispr::BANDWIDTH_MAX_UP, 2);
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let all: Vec<_> = packet.find_all(attribute::REPLY_MESSAGE).map(Value::text).collect();
    assert_eq!(packet.text(attribute::REPLY_MESSAGE), Some("one"));
    assert_eq!(all, [Some("one"), Some("two")]);
    assert_eq!(packet.concatenated(attribute::REPLY_MESSAGE), b"onetwo");
    let up = packet.find_vendor(vendor::wispr::BANDWIDTH_MAX_UP).and_then(Value::u32);
    assert_eq!(up, Some(1));
    assert_eq!(packet.find_vendor(vendor::wispr::BANDWIDTH_MAX_DOWN), None);
}

#[test]
fn the_sound_part_of_a_packet_ends_before_the_first_fault() {
    let check = |attributes: &[u8], length: u8, expected: usize, error: Option<ParseError>| {
        let datagram = [&[1, 9, 0, length][..], &[7; 16], attributes].concat();
        let (packet, found) = Packet::parse_sound_part(&datagram).unwrap();
        assert_eq!((packet.attributes().count(), found), (expected, error), "{attributes:?}");
        assert_eq!((packet.code(), packet.identifier()), (Code::AccessRequest, 9));
    };
    let past_end = |offset| Some(ParseError::AttributePastEnd { offset });
    check(&[1, 3, b'a'], 23, 1, None);
    check(&[1, 3, b'a', 2, 9, 0], 26, 1, past_end(23));
    check(&[1, 3, b'a', 2, 1, 0], 26, 1, Some(ParseError::AttributeTooShort { offset: 23 }));
    check(&[1, 3, b'a'], 24, 1, Some(ParseError::Truncated { length: 24, received: 23 }));
    check(&[1, 3, b'a'], 19, 0, Some(ParseError::LengthOutOfRange { length: 19 }));
    assert!(Packet::parse_sound_part(&[1; 19]).is_none());
}

/// Walks everything that can be read from a datagram.
fn read_all(datagram: &[u8]) {
    let Ok(packet) = Packet::parse(datagram) else { return };
    let read: usize = packet.attributes().map(|found| found.value.octets().len() + 2).sum();
    assert_eq!(read, packet.octets() - MIN_PACKET_OCTETS);
    for found in packet.attributes() {
        let value = found.value;
        _ = (value.text(), value.u32(), value.ipv4(), value.ipv6(), value.ipv6_prefix());
        _ = value.time();
    }
    let secret = secret();
    _ = packet.vendor_attributes().count();
    _ = crate::message_authenticator::verify_request(&packet, &secret);
    _ = crate::chap::ChapAnswer::from_request(&packet).map(|chap| chap.matches(b"1234"));
    if let Some(hidden) = packet.octets_of(attribute::USER_PASSWORD) {
        _ = crate::user_password::reveal(hidden, packet.authenticator(), &secret);
    }
    assert!(!packet.dump().to_string().is_empty());
}

/// A right header before any attributes, and one octet of it changed.
fn nearly_a_packet() -> impl Strategy<Value = Vec<u8>> {
    let attribute = (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40));
    let attributes = proptest::collection::vec(attribute, 0..12);
    (any::<[u8; 18]>(), attributes, any::<(u16, u8)>()).prop_map(|(head, attributes, flip)| {
        let mut packet = vec![head[0], head[1], 0, 0];
        packet.extend_from_slice(&head[2..]);
        for (kind, value) in attributes {
            packet.extend_from_slice(&[kind, value.len() as u8 + 2]);
            packet.extend_from_slice(&value);
        }
        let length = (packet.len() as u16).to_be_bytes();
        packet[2..4].copy_from_slice(&length);
        let position = usize::from(flip.0) % packet.len();
        packet[position] ^= flip.1;
        packet
    })
}

proptest! {
    #[test]
    fn any_octets_are_read_without_panic(datagram in proptest::collection::vec(any::<u8>(), 0..600)) {
        read_all(&datagram);
    }

    #[test]
    fn nearly_right_packets_are_read_without_panic(datagram in nearly_a_packet()) {
        read_all(&datagram);
    }

    #[test]
    fn what_was_built_is_read(
        identifier in any::<u8>(),
        random in any::<[u8; 16]>(),
        values in proptest::collection::vec(
            (1u8..=255, proptest::collection::vec(any::<u8>(), 0..=253)), 0..12),
    ) {
        let values: Vec<_> = values.into_iter().filter(|(kind, _)| *kind != 80).collect();
        let mut builder = PacketBuilder::access_request(Authenticator::new(random));
        builder.identifier(identifier);
        for (kind, value) in &values {
            builder.octets(AttributeType(*kind), value);
        }
        let octets = builder.sign(&secret()).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        prop_assert_eq!(packet.code(), Code::AccessRequest);
        prop_assert_eq!(packet.identifier(), identifier);
        prop_assert_eq!(packet.authenticator(), Authenticator::new(random));
        let read: Vec<_> = packet
            .attributes()
            .skip(1)
            .map(|found| (found.kind.0, found.value.octets().to_vec()))
            .collect();
        prop_assert_eq!(read, values);
        prop_assert!(crate::message_authenticator::verify_request(&packet, &secret()).is_ok());
    }
}
