//! R22 and R24: what a secret may be, and how a proof is compared.

use domain::{Nas, Secret};
use radius_proto::SharedSecret;

use crate::city::{City, DEVICE, SECRET, exchange, nas};
use crate::gate::{Gate, SPELLED, access, report};
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST, CALLING_STATION_ID, Draft, Reply, USER_NAME,
};

#[tokio::test]
async fn r22_a_secret_of_any_length_but_none_is_kept_to() {
    assert!("".parse::<Secret>().is_err());
    assert!(SharedSecret::new("").is_err());
    for length in [1, 16, 64, 65, 128, 253] {
        // Beyond a block of the hash the secret is hashed itself; see RFC 2104.
        let secret = "s3cret! ".repeat(32)[..length].to_owned();
        let city = City::begin(Nas { secret: secret.parse().unwrap(), ..nas() }).await;
        city.sign_in(DEVICE).await;
        let gate = Gate::open(&city).await;
        let request = Draft::new(ACCESS_REQUEST, 1, 1)
            .with(USER_NAME, SPELLED)
            .password(SPELLED, &secret)
            .protected()
            .sign(&secret);
        let answer = exchange(&gate.socket, city.authentication, &request).await;
        let reply = Reply::proved(&answer, &request, &secret);
        assert_eq!(reply.code, ACCESS_ACCEPT, "{length}");
        city.end().await;
    }
}

#[test]
fn r22_a_secret_that_can_be_guessed_is_told_from_one_that_cannot() {
    for (length, is_weak) in [(1, true), (12, true), (13, false), (32, false)] {
        let secret: Secret = "x".repeat(length).parse().unwrap();
        assert_eq!(secret.is_weak(), is_weak, "{length}");
    }
}

/// Constant time cannot be seen from here; that every bit counts, alone, can.
#[tokio::test]
async fn r24_every_bit_of_a_proof_counts() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let access = access(1).protected().sign(SECRET);
    let proof = access.len() - 16;
    for at in proof..access.len() {
        let mut altered = access.clone();
        altered[at] ^= 1 << (at % 8);
        let mismatch = "message-authenticator-mismatch";
        gate.is_dropped(city.authentication, &altered, mismatch).await;
    }
    let told = report(1, 1).sign(SECRET);
    for at in 4..20 {
        let mut altered = told.clone();
        altered[at] ^= 1 << (at % 8);
        gate.is_dropped(city.accounting, &altered, "authenticator-mismatch").await;
    }
    city.end().await;
}

#[tokio::test]
async fn r24_every_character_of_a_password_counts() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let with_password = |number: u8, password: &str| {
        Draft::new(ACCESS_REQUEST, number, number)
            .with(USER_NAME, SPELLED)
            .password(password, SECRET)
            .with(CALLING_STATION_ID, "02-00-5E-10-AB-0C")
            .protected()
            .sign(SECRET)
    };
    for at in 0..SPELLED.len() {
        let mut password = SPELLED.to_owned();
        password.replace_range(at..=at, "f");
        let number = u8::try_from(at + 1).unwrap();
        let reply = gate.authenticate(&with_password(number, &password)).await;
        assert_eq!(reply.code, ACCESS_REJECT, "{password}");
    }
    for (number, password) in [(100, ""), (101, "02005e10ab0"), (102, "02005e10ab0cc")] {
        let reply = gate.authenticate(&with_password(number, password)).await;
        assert_eq!(reply.code, ACCESS_REJECT, "{password}");
    }
    let reply = gate.authenticate(&with_password(200, SPELLED)).await;
    assert_eq!(reply.code, ACCESS_ACCEPT);
    city.end().await;
}
