use domain::GrantId;
use radius_proto::{PacketBuilder, chap};

use super::*;
use crate::fixtures::{DEVICE, T0, access_request, secret};

const CREDENTIAL: &str = "aerukz4jvpg66ajdivtytk6n54";

type Fill = fn(&mut PacketBuilder);

fn pap(request: &mut PacketBuilder, password: &str) {
    request.user_password(password.as_bytes(), &secret());
}

fn chap_with(request: &mut PacketBuilder, password: &str) {
    request
        .octets(attribute::CHAP_PASSWORD, &chap::respond(5, password.as_bytes(), b"challenge"))
        .octets(attribute::CHAP_CHALLENGE, b"challenge");
}

fn device_of(fill: Fill) -> Result<MacAddress, Refusal> {
    let octets = access_request(fill);
    let request = Packet::parse(&octets).unwrap();
    match read(&request, &secret())? {
        Claim::Device(device) => Ok(device),
        Claim::Credential(presented) => panic!("{presented:?} instead of a device"),
    }
}

#[test]
fn a_hardware_address_is_a_claim_with_its_own_password_or_call_check() {
    let cases: [(Fill, Result<MacAddress, Refusal>); 11] = [
        (
            |r| {
                r.text(attribute::USER_NAME, "02-00-5E-10-AB-0C");
                pap(r, "02005e10ab0c");
            },
            Ok(DEVICE),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
                r.text(attribute::CALLING_STATION_ID, "02:00:5E:10:AB:0C");
                chap_with(r, "0200.5e10.ab0c");
            },
            Ok(DEVICE),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
                r.u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
            },
            Ok(DEVICE),
        ),
        (
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02:00:5E:10:AB:0C");
                r.u32(attribute::SERVICE_TYPE, ServiceType::AuthorizeOnly);
            },
            Ok(DEVICE),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
                r.text(attribute::CALLING_STATION_ID, "02:00:5E:10:AB:0D");
                pap(r, "02005e10ab0c");
            },
            Err(Refusal::OtherDevice),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
                r.text(attribute::CALLING_STATION_ID, "somewhere");
                pap(r, "02005e10ab0c");
            },
            Err(Refusal::NotUnderstood),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
                pap(r, "02005e10ab0d");
            },
            Err(Refusal::WrongPassword),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
                chap_with(r, "02005e10ab0d");
            },
            Err(Refusal::WrongPassword),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "02005e10ab0c");
            },
            Err(Refusal::WrongPassword),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "nemo");
                pap(r, "arctangent");
            },
            Err(Refusal::NotUnderstood),
        ),
        (
            |r| {
                r.text(attribute::USER_NAME, "nemo");
                r.text(attribute::CALLING_STATION_ID, "02:00:5E:10:AB:0C");
                pap(r, "arctangent");
            },
            Err(Refusal::NotUnderstood),
        ),
    ];
    for (number, (fill, expected)) in cases.into_iter().enumerate() {
        assert_eq!(device_of(fill), expected, "case {number}");
    }
}

#[test]
fn every_spelling_of_an_address_answers_a_challenge() {
    let spelled: Vec<String> = spellings(DEVICE).collect();
    assert_eq!(spelled.len(), 16);
    for text in &spelled {
        assert_eq!(text.parse(), Ok(DEVICE), "{text}");
    }
    for text in ["02005e10ab0c", "02-00-5E-10-AB-0C", "0200.5e10.ab0c", "02005E-10AB0C"] {
        assert!(spelled.iter().any(|known| known == text), "{text}");
    }
}

fn credential() -> Credential {
    Credential {
        id: CredentialId::of_user_name(CREDENTIAL).unwrap(),
        password: "k3hV9sQ2".parse().unwrap(),
        grant: GrantId::from_bytes([7; 16]),
        device: DEVICE,
        nas: "gate".parse().unwrap(),
        expires_at: T0,
    }
}

fn check_credential(nas: &str, fill: Fill) -> Result<(), Refusal> {
    let octets = access_request(|request| {
        request.text(attribute::USER_NAME, CREDENTIAL);
        fill(request);
    });
    let request = Packet::parse(&octets).unwrap();
    match read(&request, &secret())? {
        Claim::Credential(presented) => {
            assert_eq!(presented.id, credential().id);
            presented.check(&credential(), &nas.parse().unwrap())
        }
        Claim::Device(device) => panic!("{device} instead of a credential"),
    }
}

#[test]
fn a_credential_is_good_with_its_password_at_its_access_point_for_its_device() {
    let cases: [(&str, Fill, Result<(), Refusal>); 7] = [
        (
            "gate",
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
                pap(r, "k3hV9sQ2");
            },
            Ok(()),
        ),
        (
            "gate",
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
                chap_with(r, "k3hV9sQ2");
            },
            Ok(()),
        ),
        (
            "gate",
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
                pap(r, "k3hV9sQ3");
            },
            Err(Refusal::WrongPassword),
        ),
        (
            "gate",
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
            },
            Err(Refusal::WrongPassword),
        ),
        ("gate", |r| pap(r, "k3hV9sQ2"), Err(Refusal::OtherDevice)),
        (
            "gate",
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0D");
                pap(r, "k3hV9sQ2");
            },
            Err(Refusal::OtherDevice),
        ),
        (
            "park",
            |r| {
                r.text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
                pap(r, "k3hV9sQ2");
            },
            Err(Refusal::OtherAccessPoint),
        ),
    ];
    for (number, (nas, fill, expected)) in cases.into_iter().enumerate() {
        assert_eq!(check_credential(nas, fill), expected, "case {number}");
    }
}
