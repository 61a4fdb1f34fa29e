use domain::{HandOff, HandOffMethod};
use radius_proto::Code;

use super::*;
use crate::fixtures::{T0, access_request, nas, secret};

const PORTAL: &str = "http://portal.example";

/// A controller that redirects by RADIUS.
fn controller() -> Nas {
    let signs = Some("signs redirects".parse().unwrap());
    let method = HandOffMethod::CiscoCwa;
    Nas { hand_off: HandOff { method, ..HandOff::mac_authentication(signs) }, ..nas() }
}

/// What is said instead of a refusal about a device whose request has these AV pairs.
fn instead(refusal: Refusal, nas: &Nas, portal: &str, pairs: &[&str]) -> Option<Redirect> {
    let octets = access_request(|request| {
        request.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
        for pair in pairs {
            request.vendor_text(cisco::AVPAIR, pair);
        }
    });
    let request = Packet::parse(&octets).unwrap();
    Redirect::instead_of(refusal, nas, Some(portal), &request, T0)
}

#[test]
fn the_address_names_device_session_and_time_and_is_signed() {
    let pairs = ["service-type=Call Check", "audit-session-id=0A0B0C0D00000042F00DCAFE"];
    let redirect = instead(Refusal::NoGrant, &controller(), PORTAL, &pairs).unwrap();
    // printf 'cwa\n02:00:5e:10:ab:0c\n0A0B0C0D00000042F00DCAFE\n1795597200' |
    //   openssl dgst -sha256 -hmac 'signs redirects'
    let expected = "http://portal.example/n/4f2a9c/?mac=02:00:5e:10:ab:0c\
        &session=0A0B0C0D00000042F00DCAFE&t=1795597200&sig=2bc75feb2859396c4d31000fd2fed064";
    assert_eq!(redirect.url, expected);
    assert_eq!(redirect.acl.as_str(), "SABEEL_REDIRECT");
}

#[test]
fn only_who_is_kept_out_for_a_reason_that_the_portal_can_tell_is_redirected() {
    let closed = Refusal::Closed { opens: (6, 0), closes: (0, 0) };
    for (refusal, expected) in [
        (Refusal::NoGrant, true),
        (Refusal::UsedUp { until: None }, true),
        (closed, true),
        (Refusal::Full, true),
        (Refusal::NotUnderstood, false),
        (Refusal::Eap, false),
        (Refusal::WrongPassword, false),
        (Refusal::OtherDevice, false),
        (Refusal::OtherAccessPoint, false),
        (Refusal::NoCredential, false),
        (Refusal::TooManyFailures, false),
    ] {
        let redirect = instead(refusal, &controller(), PORTAL, &[]);
        assert_eq!(redirect.is_some(), expected, "{refusal:?}");
        assert_eq!(instead(refusal, &nas(), PORTAL, &[]), None, "any other access point");
    }
}

#[test]
fn a_session_name_that_is_odd_or_too_long_is_left_out() {
    let session = |name: &str, portal: &str| {
        let pair = format!("audit-session-id={name}");
        let redirect = instead(Refusal::NoGrant, &controller(), portal, &[&pair])?;
        let (_, rest) = redirect.url.split_once("&session=").unwrap();
        Some(rest.split_once("&t=").unwrap().0.to_owned())
    };
    let long = "A".repeat(64);
    assert_eq!(session("0a01", PORTAL).as_deref(), Some("0a01"));
    assert_eq!(session(&long, PORTAL).as_deref(), Some(long.as_str()));
    for odd in ["", "a&mac=02:00:00:00:00:01", "a b", "a\u{7f}", &"A".repeat(65)] {
        assert_eq!(session(odd, PORTAL).as_deref(), Some(""), "{odd}");
    }
    let far = format!("https://{}.example", "x".repeat(80));
    assert_eq!(session(&long, &far).as_deref(), Some(""), "there is no room for it");
    let farther = format!("https://{}.example", "x".repeat(200));
    assert_eq!(session(&long, &farther), None, "nor for any address");
}

#[test]
fn the_accept_opens_the_portal_for_half_an_hour_and_marks_what_accounting_will_say() {
    let mut nas = controller();
    nas.hand_off.redirect_acl = Some("CWA-1".parse().unwrap());
    let redirect = instead(Refusal::NoGrant, &nas, PORTAL, &[]).unwrap();
    let octets = access_request(|_| {});
    let mut accept = PacketBuilder::reply_to(&Packet::parse(&octets).unwrap(), Code::AccessAccept);
    redirect.write(&mut accept);
    let octets = accept.sign(&secret()).unwrap();
    let accept = Packet::parse(&octets).unwrap();
    assert_eq!(accept.u32(attribute::SESSION_TIMEOUT), Some(1_800));
    assert_eq!(accept.octets_of(attribute::CLASS), Some(class::WAITING));
    let pairs: Vec<_> = accept.vendor_attributes().map(|pair| pair.value.text().unwrap()).collect();
    assert_eq!(pairs, ["url-redirect-acl=CWA-1", &format!("url-redirect={}", redirect.url)]);
}
