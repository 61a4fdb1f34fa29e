use std::time::Duration;

use domain::{
    Approval, Introduction, MessageAuthenticatorRule, NasProfile, NasRange, PendingNas,
    PendingState, SecretProof, Timestamp,
};
use store::testing::TestStore;
use store::{Change, Sighting, StoreError};

use crate::fixtures::*;

fn range(name: &str, addresses: &str) -> NasRange {
    NasRange {
        name: name.parse().unwrap(),
        site: "walkway".parse().unwrap(),
        addresses: addresses.parse().unwrap(),
        profile: NasProfile::Generic,
        secret: "secret of the range".parse().unwrap(),
        message_authenticator: MessageAuthenticatorRule::Learn,
        approval: Approval::Auto,
    }
}

fn seen(address: &str, when: Timestamp) -> PendingNas {
    PendingNas {
        address: address.parse().unwrap(),
        range: "park".parse().unwrap(),
        said: Introduction {
            identifier: Some("pole 7".parse().unwrap()),
            called_station: Some("02-00-00-00-00-01:City".into()),
            port_type: Some(19),
            vendor: Some("Ruckus".into()),
            secret: SecretProof::Proved,
            message_authenticator: true,
        },
        first_seen: when,
        last_seen: when,
        state: PendingState::Waiting,
    }
}

pub async fn a_range_is_kept_with_its_secret_sealed(store: TestStore) {
    set_up(&store).await;
    let park = range("park", "10.3.0.0/16");
    store.add_range(&park).await.unwrap();
    assert_eq!(store.list_ranges().await.unwrap(), vec![park.clone()]);
    let again = store.add_range(&park).await;
    assert!(matches!(again, Err(StoreError::Exists { kind: "range", .. })), "{again:?}");
    let same_addresses = store.add_range(&range("other", "10.3.0.0/16")).await;
    assert!(matches!(same_addresses, Err(StoreError::Reference { .. })), "{same_addresses:?}");
    let nowhere = NasRange { site: "nowhere".parse().unwrap(), ..range("x", "10.4.0.0/16") };
    let nowhere = store.add_range(&nowhere).await;
    assert!(matches!(nowhere, Err(StoreError::Reference { kind: "site", .. })), "{nowhere:?}");
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let row = sqlx::query("SELECT secret FROM access_point_ranges").fetch_one(&raw).await.unwrap();
    let octets: Vec<u8> = sqlx::Row::get(&row, 0);
    assert!(!String::from_utf8_lossy(&octets).contains("secret"));
    assert!(store.remove_range(&park.name).await.unwrap());
    assert!(!store.remove_range(&park.name).await.unwrap());
}

pub async fn a_sender_keeps_its_first_sighting_and_what_was_decided(store: TestStore) {
    set_up(&store).await;
    store.add_range(&range("park", "10.3.0.0/16")).await.unwrap();
    let mut changes = store.changes();
    let first = seen("10.3.0.7", at(0));
    assert_eq!(store.record_pending(&first, 2).await.unwrap(), Sighting::Kept);
    assert_eq!(changes.next().await, Some(Change::Pending));
    assert_eq!(store.find_pending(first.address).await.unwrap().as_ref(), Some(&first));
    assert!(store.decide_pending(first.address, PendingState::Rejected).await.unwrap());
    store.record_pending(&seen("10.3.0.7", at(60)), 2).await.unwrap();
    let expected = PendingNas { last_seen: at(60), state: PendingState::Rejected, ..first.clone() };
    assert_eq!(store.list_pending().await.unwrap(), vec![expected]);
    assert!(store.forget_pending(first.address).await.unwrap());
    assert!(!store.forget_pending(first.address).await.unwrap());
    assert!(!store.decide_pending(first.address, PendingState::Waiting).await.unwrap());
}

pub async fn senders_that_wait_are_bounded_and_go_with_their_range_or_with_time(store: TestStore) {
    set_up(&store).await;
    store.add_range(&range("park", "10.3.0.0/16")).await.unwrap();
    for (address, after, expected) in [
        ("10.3.0.1", 0, Sighting::Kept),
        ("10.3.0.2", 1, Sighting::Kept),
        ("10.3.0.3", 2, Sighting::NotKept),
        ("10.3.0.2", 3, Sighting::Kept),
    ] {
        let sighting = store.record_pending(&seen(address, at(after)), 2).await.unwrap();
        assert_eq!(sighting, expected, "{address} after {after} s");
    }
    let month_later = at(1) + Duration::from_secs(30 * 86_400);
    let late = store.record_pending(&seen("10.3.0.3", month_later), 2).await.unwrap();
    assert_eq!(late, Sighting::Kept);
    let addresses: Vec<String> =
        store.list_pending().await.unwrap().iter().map(|one| one.address.to_string()).collect();
    assert_eq!(addresses, ["10.3.0.2", "10.3.0.3"]);
    store.remove_range(&"park".parse().unwrap()).await.unwrap();
    assert_eq!(store.list_pending().await.unwrap(), vec![]);
    let gone = store.record_pending(&seen("10.3.0.1", month_later), 2).await.unwrap();
    assert_eq!(gone, Sighting::NotKept);
}
