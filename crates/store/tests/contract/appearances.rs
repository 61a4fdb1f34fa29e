//! Who was seen at a site without being let in.

use domain::MacAddress;
use store::Appearance;
use store::testing::TestStore;

use crate::fixtures::at;

fn one(last: u8, site: &str) -> Appearance {
    let device = MacAddress::new([2, 0, 0, 0, 0, last]);
    Appearance { device, site: site.parse().unwrap() }
}

pub async fn a_device_is_known_to_have_been_at_its_site_for_a_while(store: TestStore) {
    let (there, elsewhere) = (one(1, "park"), one(1, "walkway"));
    store.record_appearances(&[], at(0)).await.unwrap();
    store.record_appearances(&[there.clone(), one(2, "park")], at(60)).await.unwrap();
    // A server whose clock is behind does not make it older.
    store.record_appearances(std::slice::from_ref(&there), at(50)).await.unwrap();
    assert!(store.has_appeared(&there, at(60)).await.unwrap());
    assert!(!store.has_appeared(&there, at(61)).await.unwrap());
    assert!(!store.has_appeared(&elsewhere, at(0)).await.unwrap());
    assert!(!store.has_appeared(&one(3, "park"), at(0)).await.unwrap());

    store.record_appearances(&[there.clone(), there.clone()], at(90)).await.unwrap();
    assert_eq!(store.prune_appearances(at(61)).await.unwrap(), 1);
    assert!(store.has_appeared(&there, at(90)).await.unwrap());
    assert!(!store.has_appeared(&one(2, "park"), at(0)).await.unwrap());
}

pub async fn servers_that_see_the_same_crowd_do_not_hinder_each_other(store: TestStore) {
    let crowd: Vec<_> = (0..=99).map(|n| one(n, "park")).collect();
    let backwards: Vec<_> = crowd.iter().rev().cloned().collect();
    let writers = (0..8).map(|n| {
        let (store, seen) = (store.shared(), if n % 2 == 0 { &crowd } else { &backwards }.clone());
        tokio::spawn(async move { store.record_appearances(&seen, at(n)).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    assert!(store.has_appeared(&one(99, "park"), at(7)).await.unwrap());
}
