//! R28: RADIUS over TLS (draft-ietf-radext-radiusdtls-bis). What TLS itself refuses
//! is in `tls.rs`; more stories are in `radius/tests/radsec/`, whose city and access point these are.

use radius::RadsecSettings;
use radius_proto::Code;

use crate::city;

#[allow(dead_code, reason = "for other tests")]
#[path = "../radsec/pki.rs"]
pub mod pki;
#[allow(dead_code, reason = "for other tests")]
#[path = "../radsec/square.rs"]
pub mod square;
#[allow(dead_code, reason = "for other tests")]
#[path = "../radsec/wire.rs"]
pub mod wire;

use square::{GATE, Square};
use wire::{Wire, access_request, status};

#[test]
fn r28_the_port_is_2083() {
    let ports: Vec<_> = RadsecSettings::default().listen.iter().map(|a| a.port()).collect();
    assert_eq!(ports, [2083]);
}

#[tokio::test]
async fn r28_who_asks_is_proved_by_a_certificate_of_our_own_authority() {
    let square = Square::begin().await;
    let forged = pki::Ca::new().issue(&[GATE]);
    for identity in [None, Some(&forged)] {
        let served = match square.connect(identity).await {
            Ok(mut wire) => wire.is_alive().await,
            Err(_) => false,
        };
        assert!(!served);
    }
    square.city.end().await;
}

/// The access point's address is another one; the certificate alone says who it is.
#[tokio::test]
async fn r28_who_asks_is_named_by_its_certificate_and_never_by_its_address() {
    let square = Square::begin().await;
    assert!(square.connect_gate().await.is_alive().await);
    let other = square.ca.issue(&["other.park.example"]);
    let served = match square.connect(Some(&other)).await {
        Ok(mut wire) => wire.is_alive().await,
        Err(_) => false,
    };
    assert!(!served);
    square.city.end().await;
}

#[tokio::test]
async fn r28_a_version_that_is_offered_is_agreed_on() {
    let square = Square::begin().await;
    let server = square.city.radsec.unwrap();
    for (offered, agreed) in [
        (&[][..], None),
        (&[b"radius/1.0".as_slice()][..], Some(b"radius/1.0".as_slice())),
        (&[b"radius/1.0".as_slice(), b"radius/1.1"][..], Some(b"radius/1.1".as_slice())),
    ] {
        let wire = Wire::open(server, &square.ca, Some(&square.gate), offered).await.unwrap();
        assert_eq!(wire.agreed(), agreed);
    }
    square.city.end().await;
}

#[tokio::test]
async fn r28_a_signature_may_be_missing_and_a_wrong_one_closes_the_connection() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    // User-Name alone, and no Message-Authenticator: it is answered.
    let unsigned = [&[1, 9, 0, 23][..], &[7; 16], &[1, 3, b'n']].concat();
    assert_eq!(wire.exchange(&unsigned).await, Some(Code::AccessReject));
    let mut forged = access_request("02-00-5e-10-ab-0c");
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(wire.exchange(&forged).await, None);
    square.city.end().await;
}

#[tokio::test]
async fn r28_a_wrong_length_closes_the_connection() {
    let square = Square::begin().await;
    for length in [0_u16, 19, 4_097, u16::MAX] {
        let mut wire = square.connect_gate().await;
        let mut packet = status(1);
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(wire.exchange(&packet).await, None, "{length}");
    }
    square.city.end().await;
}
