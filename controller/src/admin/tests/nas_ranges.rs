use domain::{Introduction, PendingNas, PendingState, SecretProof};

use super::*;
use crate::newcomers::Newcomers;

pub(super) fn seen(address: &str, secret: SecretProof) -> PendingNas {
    PendingNas {
        address: address.parse().unwrap(),
        range: "park".parse().unwrap(),
        said: Introduction {
            identifier: Some("pole 7".parse().unwrap()),
            called_station: None,
            port_type: None,
            vendor: None,
            secret,
            message_authenticator: true,
        },
        first_seen: Timestamp::from_secs(1),
        last_seen: Timestamp::from_secs(1),
        state: PendingState::Waiting,
    }
}

async fn park(approval: &str) -> (Office, String) {
    let office = Office::open().await;
    let range = json!({
        "name": "park", "site": "walkway", "addresses": "10.3.0.0/16", "profile": "generic",
        "approval": approval
    });
    let (status, added) = office.post("/v1/ranges", range).await;
    assert_eq!(status, 201, "{added}");
    let secret = added["secret"].as_str().unwrap().to_owned();
    (office, secret)
}

#[tokio::test]
async fn who_waits_in_a_range_is_approved_or_rejected_by_an_admin() {
    let (office, secret) = park("ask").await;
    let (_, ranges) = office.get("/v1/ranges").await;
    assert_eq!(names(&ranges), ["park"]);
    assert!(!ranges.to_string().contains(&secret));
    let store = &office.stage.store;
    for address in ["10.3.0.7", "10.3.0.8"] {
        store.record_pending(&seen(address, SecretProof::Proved), 10).await.unwrap();
    }
    assert_eq!(
        Newcomers::new(store.shared(), office.stage.clock.clone()).approve_proved().await.unwrap(),
        0
    );
    let (_, pending) = office.get("/v1/pending").await;
    assert_eq!(pending["items"].as_array().unwrap().len(), 2);
    assert_eq!(pending["items"][0]["said"]["secret"], "proved");
    let by_identifier = json!({"name": "pole-7", "by_identifier": true});
    let (status, approved) = office.post("/v1/pending/10.3.0.7/approve", by_identifier).await;
    assert_eq!(status, 201, "{approved}");
    assert_eq!(approved["identifier"], "pole 7");
    let kept = store.find_access_point(&"pole-7".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.secret.expose(), secret);
    assert_eq!(office.post("/v1/pending/10.3.0.8/reject", json!(null)).await.0, 200);
    let (_, pending) = office.get("/v1/pending").await;
    assert_eq!(pending["items"].as_array().unwrap().len(), 1);
    assert_eq!(pending["items"][0]["state"], "rejected");
    assert_eq!(office.post("/v1/pending/10.3.0.9/approve", json!({})).await.0, 404);
    assert_eq!(office.delete("/v1/ranges/park").await.0, 200);
    assert_eq!(office.get("/v1/pending").await.1["items"], json!([]));
}

#[tokio::test]
async fn a_range_lets_in_by_itself_who_proves_its_secret_and_was_not_rejected() {
    let (office, _) = park("auto").await;
    let store = &office.stage.store;
    for (address, proof) in [
        ("10.3.0.1", SecretProof::Proved),
        ("10.3.0.2", SecretProof::Refuted),
        ("10.3.0.3", SecretProof::None),
        ("10.3.0.4", SecretProof::Proved),
    ] {
        store.record_pending(&seen(address, proof), 10).await.unwrap();
    }
    store.decide_pending("10.3.0.4".parse().unwrap(), PendingState::Rejected).await.unwrap();
    let newcomers = Newcomers::new(store.shared(), office.stage.clock.clone());
    assert_eq!(newcomers.approve_proved().await.unwrap(), 1);
    assert_eq!(newcomers.approve_proved().await.unwrap(), 0);
    let (_, list) = office.get("/v1/access-points").await;
    assert_eq!(names(&list), ["gate", "park-10.3.0.1", "pole"]);
}
