use std::time::Duration;

use super::*;
use crate::authenticator::{verify_reply, verify_request};
use crate::dictionary::vendor;
use crate::fixtures::secret;
use crate::message_authenticator::{self, Presence};
use crate::value::Value;

fn random() -> Authenticator {
    Authenticator::new([7; 16])
}

#[test]
fn an_access_request_starts_with_its_message_authenticator() {
    let mut builder = PacketBuilder::access_request(random());
    builder
        .identifier(9)
        .text(attribute::USER_NAME, "nemo")
        .user_password(b"arctangent", &secret());
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let first = packet.attributes().next().unwrap();
    assert_eq!(first.kind, attribute::MESSAGE_AUTHENTICATOR);
    assert_eq!(message_authenticator::verify_request(&packet, &secret()), Ok(Presence::Verified));
    assert_eq!((packet.identifier(), packet.authenticator()), (9, random()));
}

#[test]
fn computed_requests_verify_with_both_proofs() {
    let check = |mut builder: PacketBuilder, expected: Presence| {
        builder.text(attribute::ACCT_SESSION_ID, "1");
        let octets = builder.sign(&secret()).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        assert_eq!(verify_request(&packet, &secret()), Ok(()));
        assert_eq!(message_authenticator::verify_request(&packet, &secret()), Ok(expected));
    };
    check(PacketBuilder::accounting_request(), Presence::Absent);
    check(PacketBuilder::coa_request(), Presence::Verified);
    check(PacketBuilder::disconnect_request(), Presence::Verified);
}

#[test]
fn a_reply_proves_itself_and_echoes_every_proxy_state_in_order() {
    let mut request = PacketBuilder::access_request(random());
    request
        .identifier(200)
        .octets(attribute::PROXY_STATE, b"b")
        .text(attribute::USER_NAME, "nemo")
        .octets(attribute::PROXY_STATE, b"")
        .octets(attribute::PROXY_STATE, b"a");
    let request = request.sign(&secret()).unwrap();
    let request = Packet::parse(&request).unwrap();
    let mut reply = PacketBuilder::reply_to(&request, Code::AccessReject);
    reply.text(attribute::REPLY_MESSAGE, "no");
    let reply = reply.sign(&secret()).unwrap();
    let reply = Packet::parse(&reply).unwrap();

    let kinds: Vec<_> = reply.attributes().map(|found| found.kind.0).collect();
    let states: Vec<_> = reply.find_all(attribute::PROXY_STATE).map(Value::octets).collect();
    assert_eq!(kinds, [80, 33, 33, 33, 18]);
    assert_eq!(states, [&b"b"[..], b"", b"a"]);
    assert_eq!(reply.identifier(), 200);
    assert_eq!(verify_reply(&reply, random(), &secret()), Ok(()));
    let proof = message_authenticator::verify_reply(&reply, random(), &secret());
    assert_eq!(proof, Ok(Presence::Verified));
}

#[test]
fn an_accounting_response_carries_no_message_authenticator() {
    let request = PacketBuilder::accounting_request().sign(&secret()).unwrap();
    let request = Packet::parse(&request).unwrap();
    let reply = PacketBuilder::reply_to(&request, Code::AccountingResponse);
    assert_eq!(reply.sign(&secret()).unwrap().len(), 20);
}

#[test]
fn what_does_not_fit_is_refused() {
    let check = |fill: &dyn Fn(&mut PacketBuilder), expected: BuildError| {
        let mut builder = PacketBuilder::access_request(random());
        fill(&mut builder);
        assert_eq!(builder.sign(&secret()), Err(expected));
    };
    let user_name = AttributeId::from(attribute::USER_NAME);
    let rate = AttributeId::from(vendor::mikrotik::RATE_LIMIT);
    let time = AttributeId::from(attribute::EVENT_TIMESTAMP);
    check(
        &|builder| {
            builder.text(attribute::USER_NAME, &"x".repeat(254));
        },
        BuildError::ValueTooLong { attribute: user_name, length: 254 },
    );
    check(
        &|builder| {
            builder.vendor_text(vendor::mikrotik::RATE_LIMIT, &"x".repeat(248));
        },
        BuildError::ValueTooLong { attribute: rate, length: 248 },
    );
    check(
        &|builder| {
            let past = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
            builder.time(attribute::EVENT_TIMESTAMP, past);
        },
        BuildError::TimeOutOfRange { attribute: time },
    );
    check(
        &|builder| {
            builder.split_octets(attribute::EAP_MESSAGE, &[0; 4096]);
        },
        BuildError::PacketTooLong { length: 20 + 18 + 4096 + 17 * 2 },
    );
    check(
        &|builder| {
            for _ in 0..200 {
                builder.octets(attribute::CLASS, b"");
            }
        },
        BuildError::TooManyAttributes,
    );
}

#[test]
fn the_longest_values_fit() {
    let mut builder = PacketBuilder::access_request(random());
    builder
        .text(attribute::USER_NAME, &"x".repeat(253))
        .vendor_text(vendor::mikrotik::RATE_LIMIT, &"y".repeat(247))
        .split_octets(attribute::EAP_MESSAGE, &[1; 600]);
    let octets = builder.sign(&secret()).unwrap();
    let packet = Packet::parse(&octets).unwrap();
    let rate = packet.find_vendor(vendor::mikrotik::RATE_LIMIT).and_then(Value::text);
    let parts: Vec<_> =
        packet.find_all(attribute::EAP_MESSAGE).map(|part| part.octets().len()).collect();
    assert_eq!(rate, Some("y".repeat(247).as_str()));
    assert_eq!(parts, [253, 253, 94]);
    assert_eq!(packet.concatenated(attribute::EAP_MESSAGE), [1; 600]);
}

#[test]
fn empty_text_is_left_out_and_empty_octets_are_not() {
    let mut builder = PacketBuilder::access_request(random());
    builder
        .text(attribute::REPLY_MESSAGE, "")
        .vendor_text(vendor::wispr::LOCATION_NAME, "")
        .octets(attribute::CHARGEABLE_USER_IDENTITY, b"");
    let octets = builder.sign(&secret()).unwrap();
    let kinds: Vec<_> =
        Packet::parse(&octets).unwrap().attributes().map(|found| found.kind.0).collect();
    assert_eq!(kinds, [80, 89]);
}

#[test]
fn a_password_stands_only_in_an_access_request() {
    let mut builder = PacketBuilder::coa_request();
    builder.user_password(b"arctangent", &secret());
    let expected = BuildError::PasswordOutsideAccessRequest { code: Code::CoaRequest };
    assert_eq!(builder.sign(&secret()), Err(expected));
}
