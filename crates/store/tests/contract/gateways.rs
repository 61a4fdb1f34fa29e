//! What waits for gateways that ask by themselves, and what they say.

use domain::{
    Errand, Guest, GuestReport, GuestStanding, MacAddress, NasName, Octets, Timestamp,
    WaitingErrand, Whereabouts,
};
use store::testing::TestStore;

use crate::fixtures::at;

fn gate() -> NasName {
    "gate".parse().unwrap()
}

fn device(last: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, last])
}

fn cut(last: u8, left_at: Timestamp) -> WaitingErrand {
    WaitingErrand { device: device(last), errand: Errand::Cut, left_at }
}

fn admit(last: u8, left_at: Timestamp) -> WaitingErrand {
    let plan = domain::Plan::visitor("visitor".parse().unwrap());
    let terms = domain::Terms {
        speed: domain::Speed::Full,
        rate: plan.rate_at(domain::Speed::Full),
        time: std::time::Duration::from_secs(60),
        data: Some(Octets::new(5)),
        idle_timeout: plan.idle_timeout,
        interim_interval: plan.interim_interval,
    };
    WaitingErrand { device: device(last), errand: Errand::Admit(terms), left_at }
}

pub async fn an_errand_waits_until_it_is_done_and_the_newest_counts(store: TestStore) {
    let list = async || store.list_errands(&gate(), at(0), 9).await.unwrap();
    store.leave_errand(&gate(), &cut(1, at(1))).await.unwrap();
    let newer = admit(1, at(2));
    store.leave_errand(&gate(), &newer).await.unwrap();
    assert_eq!(list().await, std::slice::from_ref(&newer));
    assert_eq!(store.list_errands(&"hall".parse().unwrap(), at(0), 9).await.unwrap(), []);
    assert_eq!(store.list_errands(&gate(), at(3), 9).await.unwrap(), []);
    assert!(!store.advance_errand(&gate(), &cut(1, at(1)), None).await.unwrap(), "overtaken");
    assert!(!store.advance_errand(&gate(), &cut(1, at(2)), None).await.unwrap(), "another one");
    assert!(store.advance_errand(&gate(), &newer, Some(&Errand::Cut)).await.unwrap());
    assert_eq!(list().await, [cut(1, at(2))]);
    assert!(store.advance_errand(&gate(), &cut(1, at(2)), None).await.unwrap());
    assert_eq!(list().await, []);

    store.leave_errand(&gate(), &cut(1, at(1))).await.unwrap();
    store.leave_errand(&gate(), &cut(2, at(2))).await.unwrap();
    assert_eq!(store.prune_errands(at(2)).await.unwrap(), 1);
    assert_eq!(list().await, [cut(2, at(2))]);
}

pub async fn who_was_told_gives_way_to_who_was_not(store: TestStore) {
    for last in 1..=5 {
        store.leave_errand(&gate(), &cut(last, at(u64::from(last)))).await.unwrap();
    }
    let next = async |now: u64| {
        let told = store.list_errands(&gate(), at(0), 2).await.unwrap();
        store.note_told(&gate(), &told, at(now)).await.unwrap();
        told.iter().map(|errand| errand.device.octets()[5]).collect::<Vec<_>>()
    };
    assert_eq!(next(10).await, [1, 2]);
    assert_eq!(next(11).await, [3, 4]);
    assert_eq!(next(12).await, [5, 1]);
    store.leave_errand(&gate(), &cut(4, at(20))).await.unwrap();
    assert_eq!(next(21).await, [4, 2], "a new errand was never told");
    store.note_told(&gate(), &[], at(22)).await.unwrap();
}

pub async fn an_older_report_never_takes_the_place_of_a_newer_one(store: TestStore) {
    let report = |heard: u64, downloaded: u64| {
        let guest = Guest {
            device: device(1),
            standing: GuestStanding::Admitted,
            since: at(1),
            address: Some([10, 5, 0, 1].into()),
            uploaded: Octets::new(1),
            downloaded: Octets::new(downloaded),
        };
        let (guests, gone) = (vec![guest.clone()], vec![(at(1), guest)]);
        GuestReport { said_at: at(heard), heard_at: at(heard), guests, gone }
    };
    assert_eq!(store.find_guest_report(&gate()).await.unwrap(), None);
    assert!(store.record_guest_report(&gate(), &report(5, 10)).await.unwrap());
    assert!(!store.record_guest_report(&gate(), &report(4, 20)).await.unwrap());
    assert!(!store.record_guest_report(&gate(), &report(5, 30)).await.unwrap(), "the same again");
    assert_eq!(store.find_guest_report(&gate()).await.unwrap(), Some(report(5, 10)));
    assert!(store.record_guest_report(&gate(), &report(6, 40)).await.unwrap());
    assert_eq!(store.find_guest_report(&gate()).await.unwrap(), Some(report(6, 40)));
    assert_eq!(store.prune_guest_reports(at(6)).await.unwrap(), 0);
    assert_eq!(store.prune_guest_reports(at(7)).await.unwrap(), 1);
    assert_eq!(store.find_guest_report(&gate()).await.unwrap(), None);
}

pub async fn where_a_device_is_is_what_was_last_said_of_it(store: TestStore) {
    let said = |ssid: &str| Whereabouts(vec![("ssidName".to_owned(), ssid.to_owned())]);
    let find = async |last: u8| store.find_whereabouts(&gate(), device(last)).await.unwrap();
    assert_eq!(find(1).await, None);
    for (last, ssid, second) in [(1, "Park", 1), (2, "Park", 2), (1, "ممشى", 3)] {
        let said = said(ssid);
        store.note_whereabouts(&gate(), device(last), (&said, at(second))).await.unwrap();
    }
    assert_eq!(find(1).await, Some(said("ممشى")));
    assert_eq!(find(1).await.unwrap().find("ssidName"), Some("ممشى"));
    let elsewhere = store.find_whereabouts(&"hall".parse().unwrap(), device(1)).await.unwrap();
    assert_eq!(elsewhere, None);
    assert_eq!(store.prune_whereabouts(at(3)).await.unwrap(), 1);
    assert_eq!(find(2).await, None);
    assert_eq!(find(1).await, Some(said("ممشى")));
}
