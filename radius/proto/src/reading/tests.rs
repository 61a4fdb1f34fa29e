use proptest::prelude::*;

use super::*;
use crate::build::PacketBuilder;
use crate::code::Code;
use crate::dictionary::{AttributeType, VendorAttribute, VendorId, attribute, vendor};
use crate::fixtures::secret;
use crate::packet::MIN_PACKET_OCTETS;

fn request() -> Authenticator {
    Authenticator::new([3; 16])
}

/// What a request with what `fill` appends says, line by line.
fn lines(fill: impl FnOnce(&mut PacketBuilder), secrecy: Secrecy<'_>) -> Vec<String> {
    let mut builder = PacketBuilder::access_request(request());
    builder.omit_message_authenticator();
    fill(&mut builder);
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let readings = packet.readings(&Dictionary::default(), secrecy);
    readings.iter().map(Reading::to_string).collect()
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let unknown = VendorAttribute { vendor: vendor::microsoft::VENDOR, number: 200 };
    let fill = |builder: &mut PacketBuilder| {
        builder
            .user_password(b"arctangent", &secret())
            .octets(attribute::CHAP_PASSWORD, b"abc")
            .octets(attribute::EAP_MESSAGE, b"abc")
            .vendor_octets(unknown, b"abc");
    };
    let kept = lines(fill, Secrecy::Kept);
    assert_eq!(
        kept,
        [
            "User-Password = hidden (16 octets)",
            "CHAP-Password = hidden (3 octets)",
            "EAP-Message = hidden (3 octets)",
            "Microsoft-Attr-200 = hidden (3 octets)",
        ]
    );
    let secret = secret();
    let shown = lines(fill, Secrecy::Revealed { secret: &secret, request: request() });
    assert_eq!(
        shown,
        [
            "User-Password = \"arctangent\"",
            "CHAP-Password = 0x616263",
            "EAP-Message = 0x616263",
            "Microsoft-Attr-200 = 0x616263",
        ]
    );
}

#[test]
fn a_secret_that_cannot_be_revealed_says_why() {
    let secret = secret();
    let fill = |builder: &mut PacketBuilder| {
        builder
            .octets(attribute::USER_PASSWORD, b"short")
            .octets(attribute::TUNNEL_PASSWORD, b"\x01\x80\x01short")
            .octets(attribute::TUNNEL_PASSWORD, b"");
    };
    let shown = lines(fill, Secrecy::Revealed { secret: &secret, request: request() });
    assert_eq!(
        shown,
        [
            "User-Password = 0x73686f7274 (the hidden password has 5 octets, not 16 to 128 in steps of 16)",
            "Tunnel-Password:1 = 0x800173686f7274 (the hidden value has 7 octets, not 2 and some times 16)",
            "Tunnel-Password = 0x (the hidden value has 0 octets, not 2 and some times 16)",
        ]
    );
}

#[test]
fn attributes_inside_attributes_are_followed_to_a_bounded_depth() {
    let kind = attribute::IPV6_6RD_CONFIGURATION;
    let check = |value: &[u8], expected: &[&str]| {
        assert_eq!(lines(|b| _ = b.octets(kind, value), Secrecy::Kept), expected, "{value:?}");
    };
    check(b"\x01\x03a\x02\x02", &["Attr-173.1 = 0x61", "Attr-173.2 = 0x"]);
    let flaw = "IPv6-6rd-Configuration = 0x0105 (not a sequence of types, lengths and values)";
    check(b"\x01\x05", &[flaw]);
}

#[test]
fn an_attribute_tells_where_it_begins() {
    let mut builder = PacketBuilder::access_request(request());
    builder.omit_message_authenticator();
    builder.text(attribute::USER_NAME, "nemo").u32(attribute::NAS_PORT, 3u32);
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let readings = packet.readings(&Dictionary::default(), Secrecy::Kept);
    let offsets: Vec<_> = readings.iter().map(|reading| reading.offset).collect();
    assert_eq!(offsets, [MIN_PACKET_OCTETS, MIN_PACKET_OCTETS + 6]);
}

#[test]
fn every_proof_has_a_word() {
    let good = secret();
    let other = SharedSecret::new("xyzzy5462").unwrap();
    let check = |octets: &[u8], request: Option<Authenticator>, secret, expected: [Finding; 2]| {
        let proofs = Proofs::of(&Packet::parse(octets).unwrap(), request, secret);
        assert_eq!([proofs.message_authenticator, proofs.authenticator], expected);
    };
    use Finding::{Absent, Malformed, NeedsRequest, Random, Valid, Wrong};
    let access = PacketBuilder::access_request(request()).sign(&good).unwrap();
    check(&access, None, &good, [Valid, Random]);
    check(&access, None, &other, [Wrong, Random]);
    let accounting = PacketBuilder::accounting_request().sign(&good).unwrap();
    check(&accounting, None, &good, [Absent, Valid]);
    check(&accounting, None, &other, [Absent, Wrong]);
    let answered = Packet::parse(&access).unwrap();
    let reply = PacketBuilder::reply_to(&answered, Code::AccessReject).sign(&good).unwrap();
    check(&reply, None, &good, [NeedsRequest, NeedsRequest]);
    check(&reply, Some(request()), &good, [Valid, Valid]);
    check(&reply, Some(Authenticator::ZERO), &good, [Wrong, Wrong]);
    let mut twice = PacketBuilder::access_request(request());
    twice.octets(attribute::MESSAGE_AUTHENTICATOR, b"short");
    check(&twice.sign(&good).unwrap(), None, &good, [Malformed, Random]);
}

proptest! {
    /// Whatever attributes a packet has, it is a packet, and each of them is told.
    #[test]
    fn unknown_attributes_are_never_a_reason_to_drop(
        attributes in proptest::collection::vec(
            (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..=60)), 0..=40),
        vendor in any::<u32>(),
    ) {
        let mut builder = PacketBuilder::access_request(request());
        builder.omit_message_authenticator();
        for (kind, value) in &attributes {
            builder.octets(AttributeType(*kind), value);
        }
        builder.vendor_octets(VendorAttribute { vendor: VendorId(vendor), number: 1 }, b"x");
        let octets = builder.sign(&secret()).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        prop_assert_eq!(packet.attributes().count(), attributes.len() + 1);
        let dictionary = Dictionary::default();
        let secret = secret();
        for secrecy in [Secrecy::Kept, Secrecy::Revealed { secret: &secret, request: request() }] {
            for reading in packet.readings(&dictionary, secrecy) {
                prop_assert!(!reading.to_string().is_empty());
                prop_assert!(reading.offset < packet.octets());
            }
        }
    }
}
