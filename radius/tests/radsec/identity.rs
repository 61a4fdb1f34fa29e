//! Whom the server believes.

use domain::CertificateName;
use sha2::{Digest, Sha256};

use crate::pki::{Ca, Identity};
use crate::square::{GATE, Square};

/// Connects, and says whether the server answers.
async fn is_let_in(square: &Square, identity: Option<&Identity>) -> bool {
    match square.connect(identity).await {
        Ok(mut wire) => wire.is_alive().await,
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let square = Square::begin().await;
    let forged = Ca::new().issue(&[GATE]);
    assert!(!is_let_in(&square, Some(&forged)).await);
    square.counted("handshake-failed").await;
    square.city.end().await;
}

#[tokio::test]
async fn who_brings_no_certificate_is_refused() {
    let square = Square::begin().await;
    assert!(!is_let_in(&square, None).await);
    square.counted("handshake-failed").await;
    square.city.end().await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let square = Square::begin().await;
    let expired = square.ca.issue_until(&[GATE], 2_024);
    assert!(!is_let_in(&square, Some(&expired)).await);
    square.counted("handshake-failed").await;
    square.city.end().await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused() {
    let square = Square::begin().await;
    assert!(is_let_in(&square, Some(&square.gate)).await);
    square.replace_files(&square.ca, &[&square.gate]);
    crate::square::eventually("refusal", async || {
        (!is_let_in(&square, Some(&square.gate)).await).then_some(())
    })
    .await;
    assert!(is_let_in(&square, Some(&square.ca.issue(&[GATE]))).await);
    square.city.end().await;
}

#[tokio::test]
async fn a_genuine_certificate_with_an_unknown_name_is_turned_away() {
    let square = Square::begin().await;
    let other = square.ca.issue(&["other.park.example"]);
    assert!(!is_let_in(&square, Some(&other)).await);
    square.counted("unknown-certificate").await;
    square.city.end().await;
}

#[tokio::test]
async fn an_access_point_can_be_known_by_the_fingerprint_of_its_certificate() {
    let square = Square::begin().await;
    let nameless = square.ca.issue(&["whatever.example"]);
    let fingerprint = Sha256::digest(nameless.certificate.der());
    let mut nas = crate::square::gate();
    nas.name = "pole".parse().unwrap();
    nas.addresses = "192.0.2.2/32".parse().unwrap();
    nas.portal_path = "5a2a9c".parse().unwrap();
    nas.certificate = Some(CertificateName::of_fingerprint(&fingerprint.into()));
    store::AccessPoints::add_access_point(&square.city.store, &nas).await.unwrap();
    crate::square::eventually("access point", async || {
        is_let_in(&square, Some(&nameless)).await.then_some(())
    })
    .await;
    square.city.end().await;
}

#[tokio::test]
async fn an_access_point_that_is_removed_is_cut_off_with_its_next_packet() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    assert!(wire.is_alive().await);
    let name = crate::square::gate().name;
    assert!(store::AccessPoints::remove_access_point(&square.city.store, &name).await.unwrap());
    crate::square::eventually("end", async || (!wire.is_alive().await).then_some(())).await;
    assert!(!is_let_in(&square, Some(&square.gate)).await);
    square.city.end().await;
}
