use std::collections::BTreeSet;
use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{
    AccountUsage, Applier, Journal, JournalPosition, JournalSettings, SessionFilter, SignIn,
    standing_of,
};

use crate::fixtures::*;

fn until(offset: u64) -> JournalPosition {
    JournalPosition { segment: 1, offset }
}

fn started(report: SessionReport) -> AccountingEvent {
    AccountingEvent::Started(report)
}

fn stopped(report: SessionReport) -> AccountingEvent {
    AccountingEvent::Stopped(report, SessionEnd::Reported(1))
}

pub async fn a_batch_counts_once_even_if_it_is_applied_twice(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let batch = [
        record(at(0), 1, started, usage(0, 0, 0)),
        record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100)),
        record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100)),
    ];
    let outcome = store.apply("j", &batch, until(30)).await.unwrap();
    let (octets, time) = (Octets::new(110), Duration::from_secs(60));
    let told = AccountUsage { account, octets, time, began: true };
    assert_eq!((outcome.accounts, outcome.repeated), (vec![told], 1));
    let more = [record(at(90), 1, AccountingEvent::Interim, usage(90, 11, 100))];
    let outcome = store.apply("other", &more, until(1)).await.unwrap();
    let (octets, time) = (Octets::new(1), Duration::from_secs(30));
    assert_eq!(outcome.accounts, [AccountUsage { account, octets, time, began: false }]);
    let again = store.apply("j", &batch, until(30)).await.unwrap();
    assert_eq!(again, store::ApplyOutcome::default());
    assert_eq!(store.applied_until("j").await.unwrap(), until(30));
    assert_eq!(store.applied_until("unknown").await.unwrap(), JournalPosition::default());
    let day = Zone::riyadh().day_of(T0);
    assert_eq!(store.usage_of_day(account, day).await.unwrap(), usage(90, 11, 100));
}

pub async fn a_device_that_waits_at_the_portal_has_no_session_and_uses_nothing(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let waits = [
        record(at(0), 1, AccountingEvent::Waiting, usage(0, 0, 0)),
        record(at(60), 1, AccountingEvent::Waiting, usage(60, 10, 100)),
    ];
    let outcome = store.apply("j", &waits, until(20)).await.unwrap();
    assert_eq!(outcome, store::ApplyOutcome::default());
    let gate = "gate".parse().unwrap();
    assert_eq!(store.find_open_session(&gate, mac(1)).await.unwrap(), None);
    // Nor does it end what others at the access point have.
    let begins = [record(at(90), 2, started, usage(0, 0, 0))];
    store.apply("j", &begins, until(30)).await.unwrap();
    let waits = [record(at(120), 1, AccountingEvent::Waiting, usage(120, 20, 200))];
    store.apply("j", &waits, until(40)).await.unwrap();
    assert_eq!(store.count_open_sessions(&"walkway".parse().unwrap()).await.unwrap(), 1);
    let day = Zone::riyadh().day_of(T0);
    assert_eq!(store.usage_of_day(account, day).await.unwrap(), usage(0, 0, 0));
}

pub async fn an_older_copy_of_the_journal_hides_nothing_that_comes_after(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let (dir, settings) = (tempfile::tempdir().unwrap(), JournalSettings::default());
    let segment = dir.path().join("0000000000000001.journal");
    let tell = async |seconds: u64| {
        let journal = Journal::open(dir.path(), &settings).unwrap();
        let used = usage(seconds, seconds, seconds);
        let at = at(seconds);
        journal.append(vec![record(at, 1, AccountingEvent::Interim, used)]).await.unwrap();
        Applier::new(journal, store.shared()).apply_pending().await.unwrap();
        store.usage_of_day(account, Zone::riyadh().day_of(T0)).await.unwrap()
    };
    assert_eq!(tell(60).await, usage(60, 60, 60));
    let older = std::fs::read(&segment).unwrap();
    assert_eq!(tell(120).await, usage(120, 120, 120));
    assert_eq!(tell(180).await, usage(180, 180, 180));
    std::fs::write(&segment, older).unwrap();
    assert_eq!(tell(240).await, usage(240, 240, 240));
    std::fs::remove_file(&segment).unwrap();
    assert_eq!(tell(300).await, usage(300, 300, 300));
    assert_eq!(tell(360).await, usage(360, 360, 360));
}

/// A database may be brought back to an older state under a running applier.
pub async fn an_applier_goes_by_what_the_database_says(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    let mut applier = Applier::new(journal.clone(), store.shared());
    for seconds in [60, 120, 180] {
        let used = usage(seconds, seconds, seconds);
        let report = record(at(seconds), 1, AccountingEvent::Interim, used);
        journal.append(vec![report]).await.unwrap();
        // From the second on the database knows nothing of this journal any more.
        let position = applier.apply_pending().await.unwrap();
        assert_eq!(position, journal.end());
        assert_eq!(store.applied_until(&journal.id()).await.unwrap(), position);
        assert_eq!(store.usage_of_day(account, Zone::riyadh().day_of(T0)).await.unwrap(), used);
        journal.renew().unwrap();
    }
}

/// More than one batch holds; what comes after is applied on top of it.
pub async fn an_hour_that_waited_for_the_database_is_applied_in_order_and_once(store: TestStore) {
    set_up(&store).await;
    let mut accounts = BTreeSet::new();
    for number in 1..=100 {
        let sign_in = sign_in(number, mac(number), T0);
        accounts.insert(store.sign_in(&sign_in).await.unwrap().grant.account);
    }
    let account = *accounts.first().unwrap();
    assert_eq!(accounts.len(), 1, "one person with many devices");
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    for round in 1..=200 {
        let used = usage(round * 18, round * 10, round * 100);
        let report = |number| record(at(round * 18), number, AccountingEvent::Interim, used);
        journal.append((1..=100).map(report).collect()).await.unwrap();
    }
    let mut applier = Applier::new(journal.clone(), store.shared());
    applier.apply_pending().await.unwrap();
    let stops =
        (1..=100).map(|number| record(at(3_601), number, stopped, usage(3_601, 2_001, 20_001)));
    journal.append(stops.collect()).await.unwrap();
    applier.apply_pending().await.unwrap();
    Applier::new(journal, store.shared()).apply_pending().await.unwrap();
    let all = usage(360_100, 200_100, 2_000_100);
    assert_eq!(store.usage_of_day(account, Zone::riyadh().day_of(T0)).await.unwrap(), all);
    assert!(store.open_sessions_of_accounts(&[account]).await.unwrap().is_empty());
}

pub async fn usage_reaches_person_grant_and_day(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    store.sign_in(&sign_in(2, mac(2), T0)).await.unwrap();
    let midnight = Zone::riyadh().next_day_start(T0);
    let batch = [
        record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100)),
        record(at(60), 2, AccountingEvent::Interim, usage(30, 1, 2)),
        record(midnight, 1, stopped, usage(90, 15, 150)),
    ];
    store.apply("j", &batch, until(30)).await.unwrap();
    let today = Zone::riyadh().day_of(T0);
    let tomorrow = Zone::riyadh().day_of(midnight);
    assert_eq!(store.usage_of_day(account, today).await.unwrap(), usage(90, 11, 102));
    assert_eq!(store.usage_of_day(account, tomorrow).await.unwrap(), usage(30, 5, 50));
    assert_eq!(
        store.usage_of_grant(GrantId::from_bytes([1; 16])).await.unwrap(),
        usage(90, 15, 150)
    );
    assert_eq!(store.accounts_online().await.unwrap(), vec![account]);
    assert_eq!(store.open_sessions_of_accounts(&[account]).await.unwrap().len(), 1);
    let all = store.list_sessions(&SessionFilter::default()).await.unwrap();
    assert_eq!(all.len(), 2);
    let one = SessionFilter { device: Some(mac(2)), open_only: true, ..SessionFilter::default() };
    assert_eq!(store.list_sessions(&one).await.unwrap().len(), 1);
    let gate = "gate".parse().unwrap();
    let found = store.find_open_session_by_address(&gate, "10.77.0.9".parse().unwrap()).await;
    assert_eq!(found.unwrap().map(|session| session.device), Some(mac(2)));
}

pub async fn a_restarted_access_point_has_no_earlier_sessions(store: TestStore) {
    set_up(&store).await;
    let on = AccountingRecord {
        event: AccountingEvent::NasStarted,
        ..record(at(100), 1, started, usage(0, 0, 0))
    };
    let batch = [
        record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100)),
        on,
        record(at(120), 2, started, usage(0, 0, 0)),
    ];
    store.apply("j", &batch, until(30)).await.unwrap();
    let first = store.find_session(SessionId::from_bytes([1; 16])).await.unwrap().unwrap();
    assert_eq!(first.state, SessionState::Stopped { at: at(100), end: SessionEnd::NasRestarted });
    assert!(store.find_session(SessionId::from_bytes([2; 16])).await.unwrap().unwrap().is_open());
}

pub async fn a_silent_session_is_closed_and_comes_back(store: TestStore) {
    set_up(&store).await;
    store
        .apply("j", &[record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100))], until(10))
        .await
        .unwrap();
    assert!(store.close_stale_sessions(at(60), at(300)).await.unwrap().is_empty());
    let closed = store.close_stale_sessions(at(61), at(300)).await.unwrap();
    assert_eq!(closed.len(), 1);
    store
        .apply("j", &[record(at(400), 1, AccountingEvent::Interim, usage(400, 20, 200))], until(20))
        .await
        .unwrap();
    let session = store.find_session(SessionId::from_bytes([1; 16])).await.unwrap().unwrap();
    assert!(session.is_open());
    assert_eq!(session.usage, usage(400, 20, 200));
    assert_eq!(store.prune_sessions(at(1_000)).await.unwrap(), 0, "it goes on");
}

pub async fn standing_counts_the_time_since_the_last_report(store: TestStore) {
    set_up(&store).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    store
        .apply("j", &[record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 90))], until(10))
        .await
        .unwrap();
    let standing = standing_of(store.as_ref(), &grant, at(90)).await.unwrap().unwrap();
    assert_eq!(standing.used.day, usage(90, 10, 90));
    let left =
        Remaining { time: Some(Duration::from_secs(7_110)), data: Some(Octets::new(999_999_900)) };
    assert_eq!(standing.assessment, Assessment::Within(left));
    // A silent access point costs twice its interval of reports at most.
    let later = standing_of(store.as_ref(), &grant, at(900)).await.unwrap().unwrap();
    assert_eq!(later.used.day, usage(180, 10, 90));
    store.apply("j", &[record(at(100), 1, stopped, usage(100, 10, 90))], until(20)).await.unwrap();
    let over = standing_of(store.as_ref(), &grant, at(900)).await.unwrap().unwrap();
    assert_eq!(over.used.day, usage(100, 10, 90));
}

pub async fn absurd_counters_stop_nobody(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let absurd = |number: u8| {
        let mut absurd =
            record(at(60), number, AccountingEvent::Interim, usage(60, u64::MAX, u64::MAX));
        if let AccountingEvent::Interim(report) = &mut absurd.event {
            report.grant = Some(GrantId::from_bytes([1; 16]));
        }
        absurd
    };
    for number in 1..=3 {
        store.apply("j", &[absurd(number)], until(u64::from(number))).await.unwrap();
    }
    assert_eq!(
        store.usage_of_day(account, Zone::riyadh().day_of(T0)).await.unwrap().time,
        Duration::from_secs(180)
    );
    assert_eq!(
        store.usage_of_grant(GrantId::from_bytes([1; 16])).await.unwrap().time,
        Duration::from_secs(180)
    );
}

pub async fn a_user_name_with_a_nul_stops_nobody(store: TestStore) {
    set_up(&store).await;
    let mut odd = record(at(60), 1, AccountingEvent::Interim, usage(60, 1, 1));
    if let AccountingEvent::Interim(report) = &mut odd.event {
        report.user_name = "visi\0tor".into();
        report.acct_session_id = "\0".into();
    }
    store.apply("j", &[odd], until(1)).await.unwrap();
    assert!(store.find_session(SessionId::from_bytes([1; 16])).await.unwrap().unwrap().is_open());
}

pub async fn what_is_past_its_time_is_pruned_and_what_goes_on_stays(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    store.sign_in(&sign_in(2, mac(2), T0)).await.unwrap();
    let batch = [
        record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100)),
        record(at(60), 2, stopped, usage(60, 10, 100)),
    ];
    store.apply("j", &batch, until(1)).await.unwrap();
    assert_eq!(store.prune_grants(at(86_400)).await.unwrap(), 0, "until is not before");
    assert_eq!(store.prune_grants(at(86_401)).await.unwrap(), 1, "a session goes on");
    assert!(store.find_grant(mac(1)).await.unwrap().is_some());
    let today = Zone::riyadh().day_of(T0);
    assert_eq!(store.prune_usage(today).await.unwrap(), 0);
    let tomorrow = Day::from_epoch_days(today.epoch_days() + 1);
    assert_eq!(store.prune_usage(tomorrow).await.unwrap(), 1);
    assert_eq!(store.usage_of_day(account, today).await.unwrap(), Usage::default());
}

pub async fn who_was_not_here_for_long_is_unused(store: TestStore) {
    set_up(&store).await;
    let first = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let identity = "966557654321".parse().unwrap();
    let second = SignIn { identity, ..sign_in(2, mac(2), at(10)) };
    let second = store.sign_in(&second).await.unwrap().grant;
    let unused = async |before: Timestamp, most: u32| {
        store.list_unused_accounts(before, most).await.unwrap()
    };
    assert_eq!(unused(first.until, 9).await, [], "a permission holds");
    let (later, much_later) = (second.until + Duration::from_secs(1), at(900_000));
    assert_eq!(unused(later, 9).await, [first.account, second.account]);
    assert_eq!(unused(later, 1).await, [first.account]);
    let online = [record(at(60), 1, started, usage(0, 0, 0))];
    store.apply("j", &online, until(1)).await.unwrap();
    assert_eq!(unused(much_later, 9).await, [second.account], "a session goes on");
    let stop = [record(at(800_000), 1, stopped, usage(60, 1, 1))];
    store.apply("j", &stop, until(2)).await.unwrap();
    assert_eq!(unused(at(800_000), 9).await, [second.account], "it was online until then");
    assert_eq!(unused(much_later, 9).await, [first.account, second.account]);
}

pub async fn a_number_that_was_not_used_for_long_is_somebody_elses(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    let first = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let (account, later) = (first.account, at(900_000));
    assert_eq!(store.part_with_numbers(first.until).await.unwrap(), 0, "a permission holds");
    assert!(store.hold_account(account, "request", at(1)).await.unwrap());
    assert_eq!(store.part_with_numbers(later).await.unwrap(), 0, "the law holds them together");
    assert!(store.release_account(account, at(2)).await.unwrap());
    assert_eq!(store.part_with_numbers(later).await.unwrap(), 1);
    assert_eq!(store.part_with_numbers(later).await.unwrap(), 0);
    assert!(store.find_account(&phone().into()).await.unwrap().is_none());

    let second = store.sign_in(&sign_in(2, mac(2), later)).await.unwrap().grant.account;
    begin(&store, &new_challenge(2, mac(2), later, "482913")).await;
    assert_ne!(second, account);
    let challenges = async |account| {
        let data = store.personal_data(account).await.unwrap().unwrap();
        let ids: Vec<_> = data.challenges.iter().map(|told| told.id).collect();
        (data.record.devices.len(), ids)
    };
    assert_eq!(challenges(account).await, (1, vec![ChallengeId::from_bytes([1; 16])]));
    assert_eq!(challenges(second).await, (1, vec![ChallengeId::from_bytes([2; 16])]));
    assert_eq!(store.list_unused_accounts(later, 9).await.unwrap(), [account]);
    assert!(store.erase_account(account, later).await.unwrap());
    let found = store.find_account(&phone().into()).await.unwrap().unwrap();
    assert_eq!(found.id, second);
    assert_eq!(challenges(second).await.1.len(), 1, "what the former one asked for is gone alone");
}

pub async fn how_an_access_point_names_a_session_is_kept_until_the_person_is_erased(
    store: TestStore,
) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let said = SessionIdentification {
        nas_identifier: Some("ap\0 7".into()),
        calling_station_id: Some("0200.0000.0001".into()),
        class: vec![vec![1, 2]],
        ..SessionIdentification::default()
    };
    let named = |report| SessionReport { identification: said.clone(), ..report };
    let started =
        record(at(1), 1, |report| AccountingEvent::Started(named(report)), usage(0, 0, 0));
    let interim = record(at(61), 1, AccountingEvent::Interim, usage(60, 10, 100));
    store.apply("j", &[started], JournalPosition { segment: 1, offset: 10 }).await.unwrap();
    store.apply("j", &[interim], JournalPosition { segment: 1, offset: 20 }).await.unwrap();
    let id = SessionId::from_bytes([1; 16]);
    let session = store.find_session(id).await.unwrap().unwrap();
    assert_eq!(session.identification, said, "a report that says nothing of it changes nothing");
    assert!(store.erase_account(account, at(90)).await.unwrap());
    let session = store.find_session(id).await.unwrap().unwrap();
    assert_eq!(session.identification, SessionIdentification::default());
}
