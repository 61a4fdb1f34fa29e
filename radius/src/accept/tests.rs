use std::time::Duration;

use domain::Speed;
use radius_proto::{Authenticator, Code, Packet, message_authenticator};

use super::*;
use crate::fixtures::{T0, access_request, admission, secret};

fn accept(admission: &Admission, identity: Option<&str>) -> Vec<u8> {
    let request = access_request(|request| {
        request.octets(attribute::PROXY_STATE, b"one").octets(attribute::PROXY_STATE, b"two");
    });
    let request = Packet::parse(&request).unwrap();
    let mut accept = PacketBuilder::reply_to(&request, Code::AccessAccept);
    let identity = identity.map(str::to_owned);
    let particulars = Particulars { now: T0, closes_at: None, token: [9; 8], identity };
    write(&mut accept, admission, NasProfile::Generic, &particulars);
    accept.sign(&secret()).unwrap().to_vec()
}

#[test]
fn an_accept_carries_the_whole_set_of_terms() {
    let octets = accept(&admission(), Some("c0ffee"));
    let accept = Packet::parse(&octets).unwrap();
    assert_eq!(accept.code(), Code::AccessAccept);
    let kinds: Vec<_> = accept.attributes().map(|found| found.kind).collect();
    assert_eq!(
        kinds,
        [
            attribute::MESSAGE_AUTHENTICATOR,
            attribute::PROXY_STATE,
            attribute::PROXY_STATE,
            attribute::SESSION_TIMEOUT,
            attribute::IDLE_TIMEOUT,
            attribute::ACCT_INTERIM_INTERVAL,
            attribute::VENDOR_SPECIFIC,
            attribute::VENDOR_SPECIFIC,
            attribute::CLASS,
            attribute::CHARGEABLE_USER_IDENTITY,
        ]
    );
    let sender = Authenticator::new([1; 16]);
    message_authenticator::verify_reply(&accept, sender, &secret()).unwrap();
    assert_eq!(accept.u32(attribute::SESSION_TIMEOUT), Some(3_600));
    assert_eq!(accept.u32(attribute::IDLE_TIMEOUT), Some(900));
    assert_eq!(accept.u32(attribute::ACCT_INTERIM_INTERVAL), Some(60));
    assert_eq!(accept.text(attribute::CHARGEABLE_USER_IDENTITY), Some("c0ffee"));
    let states: Vec<_> = accept.find_all(attribute::PROXY_STATE).map(|s| s.octets()).collect();
    assert_eq!(states, [b"one", b"two"]);
    let class = Class { grant: admission().grant.id, token: [9; 8], speed: Speed::Full };
    assert_eq!(Class::find(&accept), Some(class));
}

#[test]
fn the_session_ends_with_the_allowance_or_the_grant_whichever_is_first() {
    let check = |left: u64, granted_ms: u64, expected: u32| {
        let mut admission = admission();
        admission.terms.time = Duration::from_secs(left);
        admission.grant.until = T0 + Duration::from_millis(granted_ms);
        let octets = accept(&admission, None);
        let accept = Packet::parse(&octets).unwrap();
        assert_eq!(accept.u32(attribute::SESSION_TIMEOUT), Some(expected), "{left} {granted_ms}");
    };
    check(3_600, 86_400_000, 3_600);
    check(3_600, 60_000, 60);
    check(3_600, 300, 1);
    check(1, 86_400_000, 1);
}
