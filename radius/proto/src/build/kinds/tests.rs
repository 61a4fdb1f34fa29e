use super::*;
use crate::code::Code;
use crate::dictionary::{VendorAttribute, VendorId, vendor};
use crate::fixtures::secret;
use crate::packet::Packet;
use crate::salted::SaltedError;
use crate::value::Value;

/// What a packet with what `fill` appends is, after signing.
fn built(fill: impl FnOnce(&mut PacketBuilder)) -> Result<Vec<u8>, BuildError> {
    let mut builder = PacketBuilder::access_request(Authenticator::new([7; 16]));
    builder.omit_message_authenticator();
    fill(&mut builder);
    builder.sign(&secret()).map(|octets| octets.to_vec())
}

/// Checks the attributes of such a packet, octet for octet.
fn check(fill: impl FnOnce(&mut PacketBuilder), expected: &[u8]) {
    assert_eq!(built(fill).unwrap()[20..], *expected);
}

#[test]
fn tags_stand_before_numbers_and_text() {
    let tag = Tag::new(1);
    let kind = attribute::TUNNEL_TYPE;
    check(|b| _ = b.tagged_u32(kind, Tagged { tag, value: 13u32 }), &[64, 6, 1, 0, 0, 13]);
    check(|b| _ = b.tagged_u32(kind, Tagged { tag: None, value: 13u32 }), &[64, 6, 0, 0, 0, 13]);
    let kind = attribute::TUNNEL_PRIVATE_GROUP_ID;
    check(|b| _ = b.tagged_text(kind, Tagged { tag, value: "10" }), &[81, 5, 1, b'1', b'0']);
    check(|b| _ = b.tagged_text(kind, Tagged { tag: None, value: "10" }), &[81, 5, 0, b'1', b'0']);
    check(|b| _ = b.tagged_text(kind, Tagged { tag, value: "" }), &[]);
}

#[test]
fn hidden_values_are_revealed_from_the_reply_that_carries_them() {
    let request = built(|_| {}).unwrap();
    let request = Packet::parse(&request).unwrap();
    let mut reply = PacketBuilder::reply_to(&request, Code::AccessAccept);
    let tagged = Tagged { tag: Tag::new(2), value: &b"psk of the day"[..] };
    reply.tunnel_password(tagged, Salt::new([1, 1]), &secret()).vendor_salted(
        vendor::microsoft::MPPE_SEND_KEY,
        &[5; 32],
        Salt::new([1, 2]),
        &secret(),
    );
    let octets = reply.sign(&secret()).unwrap();
    let reply = Packet::parse(&octets).unwrap();
    let reveal = |value: Value<'_>| {
        salted::reveal(value.octets(), request.authenticator(), &secret()).unwrap()
    };
    let password = reply.find(attribute::TUNNEL_PASSWORD).and_then(Value::behind_tag).unwrap();
    let key = reply.find_vendor(vendor::microsoft::MPPE_SEND_KEY).unwrap();
    assert_eq!(password.tag, Tag::new(2));
    assert!(reveal(password.value).matches(b"psk of the day"));
    assert!(reveal(key).matches(&[5; 32]));
}

#[test]
fn the_longest_hidden_values_fit() {
    let salt = Salt::new([1, 1]);
    let value = [1; salted::MAX_SALTED_OCTETS];
    let password = Tagged { tag: None, value: &value[..] };
    let key = vendor::microsoft::MPPE_RECV_KEY;
    assert!(built(|b| _ = b.tunnel_password(password, salt, &secret())).is_ok());
    assert!(built(|b| _ = b.vendor_salted(key, &value, salt, &secret())).is_ok());
}

#[test]
fn prefixes_carry_the_octets_that_they_need() {
    let address: Ipv6Addr = "2001:db8:ffff:ffff::1".parse().unwrap();
    let kind = attribute::DELEGATED_IPV6_PREFIX;
    check(
        |b| _ = b.ipv6_prefix(kind, address, 44),
        &[123, 10, 0, 44, 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xf0],
    );
    check(|b| _ = b.ipv6_prefix(kind, address, 0), &[123, 4, 0, 0]);
    let kind = attribute::PMIP6_HOME_IPV4_HOA;
    let address = Ipv4Addr::new(192, 0, 2, 255);
    check(|b| _ = b.ipv4_prefix(kind, address, 25), &[155, 8, 0, 25, 192, 0, 2, 128]);
    check(|b| _ = b.ipv4_prefix(kind, address, 0), &[155, 8, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn counters_have_gigawords_only_when_they_need_them() {
    check(|b| _ = b.acct_input_octets(5), &[42, 6, 0, 0, 0, 5]);
    check(|b| _ = b.acct_output_octets(0x2_0000_0005), &[43, 6, 0, 0, 0, 5, 53, 6, 0, 0, 0, 2]);
}

#[test]
fn vendors_with_other_formats_get_theirs() {
    let id = |vendor, number| VendorAttribute { vendor: VendorId(vendor), number };
    let check = |id: VendorAttribute, expected: &[u8]| {
        let octets = built(|b| _ = b.vendor_octets(id, b"x")).unwrap();
        assert_eq!(octets[26..], *expected, "{id:?}");
        let packet = Packet::parse(&octets).unwrap();
        assert_eq!(packet.find_vendor(id).map(Value::octets), Some(&b"x"[..]), "{id:?}");
    };
    check(id(14122, 7), &[7, 3, b'x']);
    check(id(4846, 0x0102), &[1, 2, 4, b'x']);
    check(id(8164, 0x0102), &[1, 2, 0, 5, b'x']);
    check(id(429, 0x9001), &[0, 0, 0x90, 1, b'x']);
    check(id(24757, 1), &[1, 4, 0, b'x']);
}

#[test]
fn what_does_not_fit_is_refused() {
    let check = |fill: &dyn Fn(&mut PacketBuilder), expected: BuildError| {
        assert_eq!(built(|builder| fill(builder)), Err(expected));
    };
    let tunnel = attribute::TUNNEL_TYPE;
    let long = ExtendedAttribute { space: ExtendedSpace::E241, number: 1 };
    let prefix = attribute::FRAMED_IPV6_PREFIX;
    let wide = VendorAttribute { vendor: vendor::wispr::VENDOR, number: 256 };
    let number = 1 << 24;
    check(
        &|b| _ = b.tagged_u32(tunnel, Tagged { tag: None, value: number }),
        BuildError::TaggedNumberTooLarge { attribute: tunnel.into(), number },
    );
    check(
        &|b| _ = b.extended(long, &[0; 253]),
        BuildError::ValueTooLong { attribute: long.into(), length: 254 },
    );
    check(
        &|b| _ = b.ipv6_prefix(prefix, Ipv6Addr::UNSPECIFIED, 129),
        BuildError::PrefixTooLong { attribute: prefix.into(), bits: 129 },
    );
    check(
        &|b| _ = b.vendor_u32(wide, 1),
        BuildError::ValueTooLong { attribute: wide.into(), length: 4 },
    );
    check(
        &|b| {
            let tagged = Tagged { tag: None, value: &[0; 240][..] };
            b.tunnel_password(tagged, Salt::new([1, 1]), &secret());
        },
        BuildError::Salted(SaltedError::TooLong { length: 240 }),
    );
}
