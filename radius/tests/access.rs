//! Stories of devices that want to be let in, told by a real RADIUS client.

mod city;

use std::time::Duration;

use city::{City, DEVICE, SECRET, T0, exchange, nas, radclient, radclient_in_vain};
use domain::{Credential, CredentialId, MessageAuthenticatorRule, Nas, NasName};
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, SharedSecret, attribute};
use store::{AccessPoints, Credentials, Grants, Store};
use tokio::net::UdpSocket;

const MAC_AUTHENTICATION: &str = "User-Name = \"02-00-5e-10-ab-0c\"\n\
    User-Password = \"02-00-5e-10-ab-0c\"\n\
    Service-Type = Call-Check\n\
    Calling-Station-Id = \"02-00-5E-10-AB-0C\"\n\
    NAS-Identifier = \"gate\"\n\
    Chargeable-User-Identity = 0x00\n\
    Message-Authenticator = 0x00\n";

fn assert_says(output: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(output.contains(text), "no `{text}` in:\n{output}");
    }
}

#[tokio::test]
async fn a_device_that_signed_in_comes_back_by_its_hardware_address() {
    let city = City::begin(nas()).await;
    let stranger = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&stranger, &["Received Access-Reject", "This device is not signed in."]);
    city.sign_in(DEVICE).await;
    let returned = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(
        &returned,
        &[
            "Received Access-Accept",
            "Session-Timeout = 7200",
            "Idle-Timeout = 900",
            "Acct-Interim-Interval = 60",
            "Class = 0x01",
            "Chargeable-User-Identity = 0x",
            "WISPr-Bandwidth-Max-Down = 10000000",
            "WISPr-Bandwidth-Max-Up = 5000000",
            "ChilliSpot-Max-Total-Octets = 1000000000",
        ],
    );
    assert_eq!((city.counted("rejected-no-grant"), city.counted("accepted")), (1, 1));
    city.end().await;
}

#[tokio::test]
async fn an_ended_grant_is_refused_at_once_although_it_was_remembered() {
    let city = City::begin(nas()).await;
    let grant = city.sign_in(DEVICE).await;
    let accepted = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&accepted, &["Received Access-Accept"]);
    let mut changes = city.store.changes();
    city.store
        .end_grant(grant.id, domain::GrantEnd::Revoked, domain::OrderReason::Admin, T0)
        .await
        .expect("ended");
    while changes.next().await != Some(store::Change::Grant(DEVICE)) {}
    let refused = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&refused, &["Received Access-Reject"]);
    city.end().await;
}

async fn add_credential(city: &City, number: u8) -> Credential {
    let grant = city.sign_in(DEVICE).await;
    let credential = Credential {
        id: CredentialId::new(T0, [number; 10]),
        password: "k3hV9sQ2".parse().expect("a password"),
        grant: grant.id,
        device: DEVICE,
        nas: "gate".parse::<NasName>().expect("a name"),
        expires_at: T0 + Duration::from_secs(60),
    };
    city.store.add_credential(&credential).await.expect("added");
    credential
}

fn login(credential: &Credential, password: &str) -> String {
    format!(
        "User-Name = \"{}\"\n{password}\nCalling-Station-Id = \"02-00-5E-10-AB-0C\"\n\
         Message-Authenticator = 0x00\n",
        credential.id.user_name()
    )
}

#[tokio::test]
async fn a_credential_logs_in_once_by_pap_and_a_wrong_password_does_not_burn_it() {
    let city = City::begin(nas()).await;
    let credential = add_credential(&city, 1).await;
    for (password, expected) in [
        ("User-Password = \"k3hV9sQ3\"", "Received Access-Reject"),
        ("User-Password = \"k3hV9sQ2\"", "Received Access-Accept"),
        ("User-Password = \"k3hV9sQ2\"", "Received Access-Reject"),
    ] {
        let request = login(&credential, password);
        let output = radclient(city.authentication, "auth", SECRET, &request).await;
        assert_says(&output, &[expected]);
    }
    assert_eq!(city.counted("rejected-wrong-password"), 1);
    assert_eq!(city.counted("rejected-no-credential"), 1);
    city.end().await;
}

#[tokio::test]
async fn a_device_that_keeps_guessing_is_refused_even_when_it_guesses_right() {
    let city = City::begin(nas()).await;
    let credential = add_credential(&city, 1).await;
    let wrong = login(&credential, "User-Password = \"k3hV9sQ3\"");
    for _ in 0..10 {
        radclient(city.authentication, "auth", SECRET, &wrong).await;
    }
    let right = login(&credential, "User-Password = \"k3hV9sQ2\"");
    let output = radclient(city.authentication, "auth", SECRET, &right).await;
    assert_says(&output, &["Received Access-Reject"]);
    assert_eq!(city.counted("rejected-wrong-password"), 10);
    assert_eq!(city.counted("rejected-too-many-failures"), 1);
    city.end().await;
}

#[tokio::test]
async fn a_credential_logs_in_by_chap() {
    let city = City::begin(nas()).await;
    let credential = add_credential(&city, 2).await;
    for (password, expected) in [
        ("CHAP-Password = \"k3hV9sQ3\"", "Received Access-Reject"),
        ("CHAP-Password = \"k3hV9sQ2\"", "Received Access-Accept"),
    ] {
        let request = login(&credential, password);
        let output = radclient(city.authentication, "auth", SECRET, &request).await;
        assert_says(&output, &[expected]);
    }
    city.end().await;
}

#[tokio::test]
async fn an_expired_credential_is_worthless() {
    let city = City::begin(nas()).await;
    let credential = add_credential(&city, 3).await;
    city.clock.advance(Duration::from_secs(61));
    let request = login(&credential, "User-Password = \"k3hV9sQ2\"");
    let output = radclient(city.authentication, "auth", SECRET, &request).await;
    assert_says(&output, &["Received Access-Reject"]);
    city.end().await;
}

#[tokio::test]
async fn a_wrong_secret_meets_silence() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let output =
        radclient_in_vain(city.authentication, "auth", "another secret", MAC_AUTHENTICATION).await;
    assert_says(&output, &["No reply from server"]);
    assert_eq!(city.counted("message-authenticator-mismatch"), 1);
    city.end().await;
}

#[tokio::test]
async fn message_authenticator_is_asked_for_as_the_access_point_is_set_up() {
    let without = MAC_AUTHENTICATION.replace("Message-Authenticator = 0x00\n", "");
    for (message_authenticator, expected, dropped) in [
        (MessageAuthenticatorRule::Required, "No reply from server", 1),
        (MessageAuthenticatorRule::Optional, "Received Access-Accept", 0),
    ] {
        let city = City::begin(Nas { message_authenticator, ..nas() }).await;
        city.sign_in(DEVICE).await;
        let output = match dropped {
            0 => radclient(city.authentication, "auth", SECRET, &without).await,
            _ => radclient_in_vain(city.authentication, "auth", SECRET, &without).await,
        };
        assert_says(&output, &[expected]);
        assert_eq!(city.counted("message-authenticator-missing"), dropped);
        city.end().await;
    }
}

#[tokio::test]
async fn the_first_message_authenticator_makes_it_required_for_good() {
    let learn = MessageAuthenticatorRule::Learn;
    let city = City::begin(Nas { message_authenticator: learn, ..nas() }).await;
    city.sign_in(DEVICE).await;
    let mut changes = city.store.changes();
    let without = MAC_AUTHENTICATION.replace("Message-Authenticator = 0x00\n", "");
    let output = radclient(city.authentication, "auth", SECRET, &without).await;
    assert_says(&output, &["Received Access-Accept"]);
    let output = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&output, &["Received Access-Accept"]);
    let output = radclient_in_vain(city.authentication, "auth", SECRET, &without).await;
    assert_says(&output, &["No reply from server"]);
    while changes.next().await != Some(store::Change::Setup) {}
    let kept = city.store.find_access_point(&nas().name).await.unwrap().unwrap();
    assert_eq!(kept.message_authenticator, MessageAuthenticatorRule::Learnt);
    let statistics = city.metrics.of_access_point(&nas().name).unwrap();
    assert_eq!(statistics.unanswered_by_reason.get("message-authenticator-missing"), Some(&1));
    city.end().await;
}

#[tokio::test]
async fn while_a_secret_is_replaced_each_packet_is_answered_with_its_own() {
    let mut rotating = nas();
    let until = T0 + Duration::from_secs(3_600);
    rotating.rotate("the secret of tomorrow".parse().unwrap(), T0, until).unwrap();
    let city = City::begin(rotating).await;
    city.sign_in(DEVICE).await;
    let mut changes = city.store.changes();
    let in_use = async || {
        let kept = city.store.find_access_point(&nas().name).await.unwrap().unwrap();
        kept.former_secret.unwrap().replaced_at
    };
    let output = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&output, &["Received Access-Accept"]);
    assert_eq!(in_use().await, None);
    let new = "the secret of tomorrow";
    let output = radclient(city.authentication, "auth", new, MAC_AUTHENTICATION).await;
    assert_says(&output, &["Received Access-Accept"]);
    while changes.next().await != Some(store::Change::Setup) {}
    assert_eq!(in_use().await, Some(T0));
    let statistics = city.metrics.of_access_point(&nas().name).unwrap();
    assert_eq!((statistics.access.count, statistics.former_secret.count), (2, 1));
    city.end().await;
}

#[tokio::test]
async fn an_unprotected_proxy_state_is_never_carried_back() {
    let optional = MessageAuthenticatorRule::Optional;
    let city = City::begin(Nas { message_authenticator: optional, ..nas() }).await;
    city.sign_in(DEVICE).await;
    let attributes =
        MAC_AUTHENTICATION.replace("Message-Authenticator = 0x00\n", "Proxy-State = 0x616263\n");
    let output = radclient_in_vain(city.authentication, "auth", SECRET, &attributes).await;
    assert_says(&output, &["No reply from server"]);
    assert_eq!(city.counted("proxy-state-unprotected"), 1);
    city.end().await;
}

#[tokio::test]
async fn a_stranger_among_the_sources_meets_silence() {
    let elsewhere = "127.0.0.2/32".parse().expect("a prefix");
    let city = City::begin(Nas { addresses: elsewhere, ..nas() }).await;
    let output = radclient_in_vain(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&output, &["No reply from server"]);
    assert_eq!(city.counted("unknown-client"), 1);
    city.end().await;
}

#[tokio::test]
async fn status_server_is_answered_on_both_ports() {
    let city = City::begin(nas()).await;
    let attributes = "Message-Authenticator = 0x00\n";
    let output = radclient(city.authentication, "status", SECRET, attributes).await;
    assert_says(&output, &["Received Access-Accept"]);
    let output = radclient(city.accounting, "status", SECRET, attributes).await;
    assert_says(&output, &["Received Accounting-Response"]);
    city.end().await;
}

#[tokio::test]
async fn a_repeated_request_is_answered_by_the_same_octets() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let secret = SharedSecret::new(SECRET).expect("a secret");
    let mut request = PacketBuilder::access_request(Authenticator::new([7; 16]));
    request
        .text(attribute::USER_NAME, "02005e10ab0c")
        .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C")
        .user_password(b"02005e10ab0c", &secret);
    let octets = request.sign(&secret).expect("a packet");
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let first = exchange(&socket, city.authentication, &octets).await;
    let second = exchange(&socket, city.authentication, &octets).await;
    assert_eq!(Packet::parse(&first).expect("a packet").code(), Code::AccessAccept);
    assert_eq!(first, second);
    let elsewhere = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let other = exchange(&elsewhere, city.authentication, &octets).await;
    assert_ne!(first, other, "each accept has a class of its own");
    assert_eq!(city.counted("resent"), 1);
    city.end().await;
}

#[tokio::test]
async fn while_the_store_is_away_a_known_device_stays_in_and_nobody_is_refused() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    // What was asked in the moment of a change is not remembered, so ask again after it.
    for _ in 0..2 {
        let accepted = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
        assert_says(&accepted, &["Received Access-Accept"]);
        city.clock.advance(Duration::from_secs(1));
    }
    city.store.close().await;
    city.clock.advance(Duration::from_secs(3_600));
    let known = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&known, &["Received Access-Accept", "Session-Timeout = 7200"]);
    let other = MAC_AUTHENTICATION.replace("ab-0c", "ab-0d").replace("AB-0C", "AB-0D");
    let unknown = radclient_in_vain(city.authentication, "auth", SECRET, &other).await;
    assert_says(&unknown, &["No reply from server"]);
    city.clock.advance(Duration::from_secs(30 * 86_400));
    let over = radclient_in_vain(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&over, &["No reply from server"]);
    assert_eq!(city.counted("accepted-while-store-away"), 1);
    assert_eq!(city.counted("store-away"), 2);
    city.end().await;
}

#[tokio::test]
async fn a_socket_whose_loop_panics_begins_anew() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let accepted = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&accepted, &["Received Access-Accept"]);
    city.clock.fail_once();
    let lost = radclient_in_vain(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&lost, &["No reply from server"]);
    assert_eq!(city.counted("panicked"), 1);
    let again = radclient(city.authentication, "auth", SECRET, MAC_AUTHENTICATION).await;
    assert_says(&again, &["Received Access-Accept"]);
    city.end().await;
}
