//! Work on links is kept by its number, and a report is made by one at a time.

use std::num::NonZeroU32;

use domain::Timestamp;
use store::LinkMaintenanceKept;
use store::testing::TestStore;

use crate::fixtures::*;

const MANY: NonZeroU32 = NonZeroU32::new(100).unwrap();

fn planned(plan: &str, over_at: Option<Timestamp>) -> LinkMaintenanceKept {
    LinkMaintenanceKept {
        number: 0,
        planned_at: at(1),
        planned_by: "uid 0".to_owned(),
        over_at,
        plan: plan.to_owned(),
    }
}

pub async fn work_that_is_planned_at_the_same_time_has_numbers_of_its_own(store: TestStore) {
    let planning = (0..8).map(|who| {
        let store = store.shared();
        let plan = planned(&format!("{who}"), Some(at(100)));
        tokio::spawn(async move { store.plan_link_maintenance(&plan).await.unwrap() })
    });
    let mut numbers = Vec::new();
    for number in planning.collect::<Vec<_>>() {
        numbers.push(number.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    let kept = store.list_link_maintenance(at(0), MANY).await.unwrap();
    assert_eq!(kept.iter().map(|kept| kept.number).collect::<Vec<_>>(), numbers);
    let last = store.list_link_maintenance(at(0), NonZeroU32::MIN).await.unwrap();
    assert_eq!(last[0].number, 8, "the newest are listed where not all are");
}

pub async fn work_is_changed_by_who_knows_how_it_was_and_goes_when_it_is_old(store: TestStore) {
    for (plan, over_at) in [("once", Some(at(50))), ("again and again", None)] {
        store.plan_link_maintenance(&planned(plan, over_at)).await.unwrap();
    }
    let list = async |since| {
        let kept = store.list_link_maintenance(since, MANY).await.unwrap();
        kept.into_iter().map(|kept| (kept.number, kept.over_at, kept.plan)).collect::<Vec<_>>()
    };
    assert_eq!(list(at(49)).await.len(), 2);
    assert_eq!(list(at(50)).await, [(2, None, "again and again".to_owned())]);
    let ended = LinkMaintenanceKept { number: 2, ..planned("until then", Some(at(60))) };
    assert!(!store.change_link_maintenance(&ended, "never was so").await.unwrap());
    assert!(store.change_link_maintenance(&ended, "again and again").await.unwrap());
    assert!(!store.change_link_maintenance(&ended, "again and again").await.unwrap(), "too late");
    let gone = LinkMaintenanceKept { number: 3, ..ended.clone() };
    assert!(!store.change_link_maintenance(&gone, "again and again").await.unwrap());
    let ended = [(2, Some(at(60)), "until then".to_owned())];
    assert_eq!(list(at(50)).await, ended);
    assert_eq!(store.prune_link_maintenance(at(60)).await.unwrap(), 1);
    assert_eq!(list(at(0)).await, ended);
}

pub async fn a_report_is_made_by_one_at_a_time_and_once(store: TestStore) {
    let claim =
        async |now, until| store.claim_link_report("2026-10", at(now), at(until)).await.unwrap();
    let claiming = (0..4).map(|_| {
        let store = store.shared();
        tokio::spawn(async move {
            store.claim_link_report("2026-10", at(10), at(20)).await.unwrap().is_some()
        })
    });
    let mut holders = 0;
    for holds in claiming.collect::<Vec<_>>() {
        holders += u32::from(holds.await.unwrap());
    }
    assert_eq!(holders, 1);
    assert_eq!(claim(19, 30).await, None);
    store.note_link_report("2026-10", "written", None).await.unwrap();
    assert_eq!(claim(20, 30).await.as_deref(), Some("written"), "who holds it is gone");
    store.note_link_report("2026-10", "told", Some(at(25))).await.unwrap();
    assert_eq!(claim(1_000, 2_000).await, None, "it is made");
    let other = store.claim_link_report("2026-11", at(25), at(26)).await.unwrap();
    assert_eq!(other.as_deref(), Some(""));
    assert_eq!(store.prune_link_reports(at(26)).await.unwrap(), 1);
    assert_eq!(store.prune_link_reports(at(26)).await.unwrap(), 0, "one that is not done stays");
}
