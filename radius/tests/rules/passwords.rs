//! R26: which passwords there are, for how long, and who never sees them.

use std::time::Duration;

use domain::{Credential, CredentialId, Grant};
use store::Credentials;

use crate::city::{City, DEVICE, SECRET, T0, nas};
use crate::gate::{Gate, SPELLED, access};
use crate::log::Log;
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST, CALLING_STATION_ID, CHAP_CHALLENGE,
    CHAP_PASSWORD, Draft, USER_NAME, VENDOR_SPECIFIC, md5,
};

const PASSWORD: &str = "k3hV9sQ2";

/// What lets the city's device in once, within a minute.
async fn credential(city: &City, grant: &Grant, number: u8) -> String {
    let credential = Credential {
        id: CredentialId::new(T0, [number; 10]),
        password: PASSWORD.parse().unwrap(),
        grant: grant.id,
        device: DEVICE,
        nas: "gate".parse().unwrap(),
        expires_at: T0 + Duration::from_secs(60),
    };
    city.store.add_credential(&credential).await.unwrap();
    credential.id.user_name()
}

fn login(number: u8, name: &str) -> Draft {
    Draft::new(ACCESS_REQUEST, number, number)
        .with(USER_NAME, name)
        .with(CALLING_STATION_ID, "02-00-5E-10-AB-0C")
}

fn by_chap(number: u8, name: &str, password: &str) -> Vec<u8> {
    let challenge = b"sixteen octets..";
    let response = md5(&[&[number], password.as_bytes(), challenge]);
    login(number, name)
        .with(CHAP_PASSWORD, [&[number], response.as_slice()].concat())
        .with(CHAP_CHALLENGE, challenge)
        .protected()
        .sign(SECRET)
}

#[tokio::test]
async fn r26_a_password_works_once_and_for_a_minute_by_pap_and_by_chap() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    let by_pap = |number: u8, name: &str, password: &str| {
        login(number, name).password(password, SECRET).protected().sign(SECRET)
    };
    let grant = city.sign_in(DEVICE).await;
    let first = credential(&city, &grant, 1).await;
    let second = credential(&city, &grant, 2).await;
    let third = credential(&city, &grant, 3).await;
    for (request, code) in [
        (by_pap(1, &first, "k3hV9sQ3"), ACCESS_REJECT),
        (by_pap(2, &first, PASSWORD), ACCESS_ACCEPT),
        (by_pap(3, &first, PASSWORD), ACCESS_REJECT),
        (by_chap(4, &second, "k3hV9sQ3"), ACCESS_REJECT),
        (by_chap(5, &second, PASSWORD), ACCESS_ACCEPT),
        (by_chap(6, &second, PASSWORD), ACCESS_REJECT),
    ] {
        assert_eq!(gate.authenticate(&request).await.code, code, "{}", request[1]);
    }
    city.clock.advance(Duration::from_secs(61));
    assert_eq!(gate.authenticate(&by_pap(7, &third, PASSWORD)).await.code, ACCESS_REJECT);
    city.end().await;
}

#[tokio::test]
async fn r26_ms_chap_is_nobodys_proof() {
    let city = City::begin(nas()).await;
    let grant = city.sign_in(DEVICE).await;
    let name = credential(&city, &grant, 1).await;
    let gate = Gate::open(&city).await;
    let microsoft = |number: u8, value: &[u8]| {
        let length = u8::try_from(value.len() + 2).unwrap();
        [&[0, 0, 1, 55, number, length], value].concat()
    };
    for (number, name) in [(1, name.as_str()), (2, SPELLED)] {
        let request = login(number, name)
            .with(VENDOR_SPECIFIC, microsoft(11, &[7; 16]))
            .with(VENDOR_SPECIFIC, microsoft(25, &[0; 50]))
            .protected()
            .sign(SECRET);
        assert_eq!(gate.authenticate(&request).await.code, ACCESS_REJECT);
    }
    city.end().await;
}

#[tokio::test]
async fn r26_no_password_is_ever_logged() {
    let log = Log::listen();
    let city = City::begin(nas()).await;
    let grant = city.sign_in(DEVICE).await;
    let name = credential(&city, &grant, 1).await;
    let gate = Gate::open(&city).await;
    let right = login(1, &name).password(PASSWORD, SECRET).protected();
    let wrong = login(2, &name).password("k3hV9sQ3", SECRET).protected();
    let by_address = access(3).protected();
    for request in [right, wrong, by_address] {
        gate.authenticate(&request.clone().sign(SECRET)).await;
        let guess = request.sign("a guess");
        gate.is_dropped(city.authentication, &guess, "message-authenticator-mismatch").await;
    }
    city.end().await;
    let text = log.text();
    assert!(text.contains("radius.request"), "the log is listened to: {text}");
    for secret in [PASSWORD, "k3hV9sQ3", SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
}
