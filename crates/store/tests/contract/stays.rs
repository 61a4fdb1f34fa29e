//! Stays to which an access point gave the same name.

use domain::{
    AccountingEvent, AccountingRecord, GrantId, OctetBalance, Octets, Session, SessionEnd,
    SessionReport, SessionState, Timestamp, Usage,
};
use store::testing::TestStore;
use store::{JournalPosition, SessionFilter};

use crate::fixtures::{at, mac, record, set_up, sign_in, usage};

fn started(when: Timestamp) -> AccountingRecord {
    record(when, 1, AccountingEvent::Started, usage(0, 0, 0))
}

fn interim(when: Timestamp, used: Usage) -> AccountingRecord {
    record(when, 1, AccountingEvent::Interim, used)
}

fn stopped(when: Timestamp, used: Usage) -> AccountingRecord {
    let end = |report: SessionReport| AccountingEvent::Stopped(report, SessionEnd::Reported(1));
    record(when, 1, end, used)
}

/// A visitor at the access point.
async fn signed_in(store: &TestStore) {
    set_up(store).await;
    store.sign_in(&sign_in(1, mac(1), at(0))).await.unwrap();
}

/// Applies each record in a batch of its own, twice, as after a crash.
async fn play(store: &TestStore, records: &[AccountingRecord]) {
    for (offset, record) in (1..).zip(records) {
        for _ in 0..2 {
            let until = JournalPosition { segment: 1, offset };
            store.apply("j", std::slice::from_ref(record), until).await.unwrap();
        }
    }
}

/// All stays, in the order in which they began.
async fn stays(store: &TestStore) -> Vec<Session> {
    let mut stays = store.list_sessions(&SessionFilter::default()).await.unwrap();
    stays.sort_by_key(|stay| stay.started_at);
    stays
}

/// What the stays' grant was charged with.
async fn charged(store: &TestStore) -> Octets {
    store.usage_of_grant(GrantId::from_bytes([1; 16])).await.unwrap().total()
}

pub async fn a_name_that_is_given_again_is_another_stay_and_nothing_counts_twice(store: TestStore) {
    signed_in(&store).await;
    let reports = [
        started(at(0)),
        interim(at(600), usage(600, 10, 100)),
        // The access point lost power; nothing said so.
        started(at(2_000)),
        interim(at(2_600), usage(600, 7, 70)),
        stopped(at(2_700), usage(700, 8, 80)),
        started(at(9_000)),
    ];
    play(&store, &reports).await;
    let stays = stays(&store).await;
    let seen: Vec<_> = stays.iter().map(|stay| (stay.started_at, stay.usage, stay.state)).collect();
    let stale = SessionState::Stopped { at: at(600), end: SessionEnd::Stale };
    let over = SessionState::Stopped { at: at(2_700), end: SessionEnd::Reported(1) };
    assert_eq!(
        seen,
        [
            (at(0), usage(600, 10, 100), stale),
            (at(2_000), usage(700, 8, 80), over),
            (at(9_000), usage(0, 0, 0), SessionState::Open),
        ]
    );
    assert_eq!(charged(&store).await, Octets::new(198));
}

pub async fn a_late_report_reaches_the_stay_it_is_about(store: TestStore) {
    signed_in(&store).await;
    let reports = [
        started(at(0)),
        interim(at(600), usage(600, 10, 100)),
        started(at(2_000)),
        stopped(at(900), usage(900, 20, 200)),
        started(at(0)),
        interim(at(2_600), usage(600, 7, 70)),
    ];
    play(&store, &reports).await;
    let stays = stays(&store).await;
    let seen: Vec<_> = stays.iter().map(|stay| (stay.usage, stay.is_open())).collect();
    assert_eq!(seen, [(usage(900, 20, 200), false), (usage(600, 7, 70), true)]);
    assert_eq!(charged(&store).await, Octets::new(297));
}

pub async fn a_device_that_comes_back_after_a_restart_under_its_old_name_is_counted(
    store: TestStore,
) {
    signed_in(&store).await;
    let on = AccountingRecord { event: AccountingEvent::NasStarted, ..started(at(700)) };
    let reports = [
        interim(at(600), usage(600, 10, 100)),
        on,
        started(at(705)),
        interim(at(1_305), usage(600, 7, 70)),
    ];
    store.apply("j", &reports, JournalPosition { segment: 1, offset: 9 }).await.unwrap();
    let stays = stays(&store).await;
    let seen: Vec<_> = stays.iter().map(|stay| (stay.usage, stay.is_open())).collect();
    assert_eq!(seen, [(usage(600, 10, 100), false), (usage(600, 7, 70), true)]);
    assert_eq!(charged(&store).await, Octets::new(187));
}

pub async fn the_balance_of_octets_is_that_of_the_latest_stays_that_moved_some(store: TestStore) {
    const MIB: u64 = 1 << 20;
    set_up(&store).await;
    let reports = [
        (1, usage(60, 0, 5 * MIB)),
        (2, usage(60, 9 * MIB, 5)),
        (3, usage(60, 2 * MIB, 9 * MIB)),
        (4, usage(60, 700, 500)),
    ]
    .map(|(session, used)| record(at(60), session, AccountingEvent::Interim, used));
    store.apply("j", &reports, JournalPosition { segment: 1, offset: 9 }).await.unwrap();
    let balance = |nas: &'static str, since| {
        let store = &store;
        async move { store.octet_balance(&nas.parse().unwrap(), since).await.unwrap() }
    };
    assert_eq!(balance("gate", at(0)).await, OctetBalance { stays: 3, uploading: 1 });
    assert_eq!(balance("gate", at(1)).await, OctetBalance::default());
    assert_eq!(balance("other", at(0)).await, OctetBalance::default());
}
