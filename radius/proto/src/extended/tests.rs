use proptest::prelude::*;

use super::*;
use crate::authenticator::Authenticator;
use crate::build::PacketBuilder;
use crate::dictionary::{AttributeType, attribute, extended};
use crate::fixtures::secret;

/// The values of the extended spaces in a packet with these attributes.
fn values(attributes: &[(u8, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let mut builder = PacketBuilder::access_request(Authenticator::ZERO);
    for (kind, value) in attributes {
        builder.octets(AttributeType(*kind), value);
    }
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let values = packet.extended_attributes();
    values.map(|value| (value.id.oid().to_string(), value.octets.into_owned())).collect()
}

/// Checks what a packet with these attributes says, as `(path, octets)`.
fn check(attributes: &[(u8, &[u8])], expected: &[(&str, &[u8])]) {
    let read = values(attributes);
    let read: Vec<_> = read.iter().map(|(oid, octets)| (oid.as_str(), octets.as_slice())).collect();
    assert_eq!(read, expected, "{attributes:?}");
}

#[test]
fn a_short_extended_attribute_is_one_value() {
    check(&[(241, b"\x01bob")], &[("241.1", b"bob")]);
    check(&[(244, b"\x1a\0\0\0\x01\x04test")], &[("244.26.1.4", b"test")]);
    check(&[(1, b"nemo"), (242, b"\x02x"), (243, b"\x02y")], &[("242.2", b"x"), ("243.2", b"y")]);
}

#[test]
fn fragments_are_joined_up_to_the_one_without_the_flag() {
    check(&[(245, b"\x01\0bob")], &[("245.1", b"bob")]);
    check(&[(245, b"\x01\x80bo"), (245, b"\x01\0b")], &[("245.1", b"bob")]);
    check(
        &[(246, b"\x04\x80a"), (246, b"\x04\x80b"), (246, b"\x04\0c"), (246, b"\x04\0d")],
        &[("246.4", b"abc"), ("246.4", b"d")],
    );
}

#[test]
fn a_vendor_is_named_in_the_first_fragment_only() {
    check(
        &[(245, b"\x1a\x80\0\0\0\x01\x06aa"), (245, b"\x1a\0bbbb\xbbcc")],
        &[("245.26.1.6", b"aabbbb\xbbcc")],
    );
    check(
        &[(245, b"\x1a\0\0\0\0\x01\x06aa"), (245, b"\x1a\0\0\0\0\x02\x07bb")],
        &[("245.26.1.6", b"aa"), ("245.26.2.7", b"bb")],
    );
}

#[test]
fn invalid_ones_are_read_over_and_what_follows_is_read() {
    let next: (u8, &[u8]) = (241, b"\x01x");
    let read: (&str, &[u8]) = ("241.1", b"x");
    check(&[(245, b""), next], &[read]);
    check(&[(245, b"\x01"), next], &[read]);
    check(&[(245, b"\x01\0"), next], &[read]);
    check(&[(241, b"\x01"), next], &[read]);
    check(&[(245, b"\x1a\0\0\0\0\x01\x06"), next], &[read]);
    check(&[(245, b"\x01\x80bob"), next], &[read]);
    check(&[(245, b"\x01\x80bob"), (245, b"\x02\0x"), next], &[("245.2", b"x"), read]);
    check(
        &[(245, b"\x01\x80bob"), (1, b"nemo"), (245, b"\x01\0x"), next],
        &[("245.1", b"x"), read],
    );
    check(&[(245, b"\x01\x80bob")], &[]);
}

#[test]
fn only_a_value_of_several_fragments_is_copied() {
    let space = ExtendedSpace::E245;
    let is_owned = |value: &[u8]| {
        let id = ExtendedAttribute { space, number: 1 };
        let mut builder = PacketBuilder::access_request(Authenticator::ZERO);
        builder.extended(id, value);
        let octets = builder.sign(&secret()).unwrap();
        let found = Packet::parse(&octets).unwrap().find_extended(id).unwrap();
        assert_eq!(found, value);
        matches!(found, Cow::Owned(_))
    };
    assert!(!is_owned(&[1; 251]));
    assert!(is_owned(&[1; 252]));
}

#[test]
fn the_code_of_the_original_packet_is_found_by_its_constant() {
    let mut builder = PacketBuilder::access_request(Authenticator::ZERO);
    builder.extended(extended::ORIGINAL_PACKET_CODE, &4u32.to_be_bytes());
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let code = packet.find_extended(extended::ORIGINAL_PACKET_CODE).unwrap();
    assert_eq!(*code, [0, 0, 0, 4]);
    assert_eq!(packet.find_extended(extended::RESPONSE_LENGTH), None);
    assert_eq!(packet.find(attribute::USER_NAME), None);
}

proptest! {
    #[test]
    fn what_was_split_is_joined(
        long in any::<bool>(),
        number in any::<u8>(),
        vendor in any::<u32>(),
        value in proptest::collection::vec(any::<u8>(), 1..=1900),
    ) {
        let space = if long { ExtendedSpace::E246 } else { ExtendedSpace::E242 };
        let value = if long { &value[..] } else { &value[..value.len().min(247)] };
        let evs = ExtendedVendorAttribute { space, vendor: VendorId(vendor), number };
        let plain = ExtendedAttribute { space, number: if number == 26 { 27 } else { number } };
        let mut builder = PacketBuilder::access_request(Authenticator::ZERO);
        builder.extended_vendor(evs, value).extended(plain, value);
        let octets = builder.sign(&secret()).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        let found: Vec<_> = packet.extended_attributes().map(|found| found.id).collect();
        prop_assert_eq!(found, [AttributeId::from(evs), plain.into()]);
        prop_assert_eq!(packet.find_extended(evs).unwrap(), value);
        prop_assert_eq!(packet.find_extended(plain).unwrap(), value);
    }
}
