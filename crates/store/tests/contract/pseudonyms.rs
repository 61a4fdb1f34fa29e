//! Hardware addresses in what is over: hashed after their days, and found by the address as before.

use domain::*;
use store::testing::TestStore;
use store::{ChallengesOf, JournalPosition, OrderFilter, SessionFilter};

use crate::fixtures::*;

/// Everything in these tests is over before.
const LATER: u64 = 9_000_000;
/// How the access point calls the session of device 1.
const NAME: &str = "4f0/02-00-00-00-00-01/17";

/// How many records of each kind are hashed that are older.
async fn hash(store: &TestStore, before: Timestamp) -> [u64; 6] {
    let mut counts = [0; 6];
    for (count, of) in counts.iter_mut().zip(RecordsOfDevices::ALL) {
        *count = store.hash_addresses(of, before, 100).await.unwrap();
    }
    counts
}

/// How many records have that as their device, whatever finds them.
async fn with_device(store: &TestStore, device: MacAddress) -> [i64; 6] {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let mut counts = [0; 6];
    for (count, of) in counts.iter_mut().zip(RecordsOfDevices::ALL) {
        let statement = format!("SELECT COUNT(*) FROM {} WHERE device = $1", of.as_str());
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement));
        *count = query.bind(device.octets().to_vec()).fetch_one(&pool).await.unwrap();
    }
    pool.close().await;
    counts
}

/// What device 1 is told of at its access point, which has the address in many words.
fn told(when: Timestamp, event: impl FnOnce(SessionReport) -> AccountingEvent) -> AccountingRecord {
    record(
        when,
        1,
        |report| {
            event(SessionReport {
                acct_session_id: NAME.into(),
                user_name: "020000000001".into(),
                identification: SessionIdentification {
                    calling_station_id: Some("02-00-00-00-00-01".into()),
                    called_station_id: Some("02-AA-00-00-00-FF:park".into()),
                    ..SessionIdentification::default()
                },
                ..report
            })
        },
        usage(60, 10, 100),
    )
}

async fn apply(store: &TestStore, offset: u64, reports: &[AccountingRecord]) {
    store.apply("j", reports, JournalPosition { segment: 1, offset }).await.unwrap();
}

fn stopped(report: SessionReport) -> AccountingEvent {
    AccountingEvent::Stopped(report, SessionEnd::Reported(1))
}

/// A stay of device 1 from its challenge to the answered order, all over at 130 s; returns whose.
async fn stay(store: &TestStore) -> AccountId {
    set_up(store).await;
    begin(store, &new_challenge(1, mac(1), T0, "482913")).await;
    let credential = Credential {
        id: CredentialId::from_bytes([1; 16]),
        password: "one-time password".parse().unwrap(),
        grant: GrantId::from_bytes([1; 16]),
        device: mac(1),
        nas: "gate".parse().unwrap(),
        expires_at: at(60),
    };
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    store.add_credential(&credential).await.unwrap();
    apply(store, 1, &[told(at(60), AccountingEvent::Interim)]).await;
    let (revoked, admin) = (GrantEnd::Revoked, OrderReason::Admin);
    assert!(store.end_grant(grant.id, revoked, admin, at(70)).await.unwrap());
    apply(store, 2, &[told(at(120), stopped)]).await;
    let order = store.list_orders(&OrderFilter::latest(1)).await.unwrap().pop().unwrap();
    let done = OrderStep::Done { last: None, at: at(130), outcome: OrderOutcome::Acknowledged };
    assert!(store.advance_order(&order, &done).await.unwrap());
    grant.account
}

fn sessions_of(device: MacAddress) -> SessionFilter {
    SessionFilter { device: Some(device), ..SessionFilter::default() }
}

pub async fn what_is_over_keeps_its_address_for_its_days_and_a_hash_afterwards(store: TestStore) {
    let account = stay(&store).await;
    assert_eq!(hash(&store, T0).await, [0; 6], "nothing is that old");
    assert_eq!(with_device(&store, mac(1)).await, [1; 6]);
    assert_eq!(hash(&store, at(LATER)).await, [1; 6]);
    assert_eq!(with_device(&store, mac(1)).await, [0; 6], "the address is nowhere");
    assert_eq!(hash(&store, at(LATER)).await, [0; 6], "once is enough");

    let session = store.list_sessions(&sessions_of(mac(1))).await.unwrap().pop().unwrap();
    let pseudonym = session.device;
    assert!(pseudonym.is_pseudonym());
    assert_eq!(with_device(&store, pseudonym).await, [1; 6], "each has the same");
    assert_eq!(session.acct_session_id, format!("4f0/{pseudonym}/17"));
    assert_eq!(session.user_name, pseudonym.to_string());
    let identification = &session.identification;
    assert_eq!(identification.calling_station_id, Some(pseudonym.to_string()));
    assert_eq!(identification.called_station_id.as_deref(), Some("02-AA-00-00-00-FF:park"));
    assert_eq!(session.usage, usage(60, 10, 100));

    let devices = store.account_record(account).await.unwrap().unwrap().devices;
    assert_eq!(devices.iter().map(|device| device.mac).collect::<Vec<_>>(), [mac(1)]);
}

pub async fn what_has_a_hash_is_found_by_the_address(store: TestStore) {
    let account = stay(&store).await;
    assert_eq!(hash(&store, at(LATER)).await, [1; 6]);
    for (device, expected) in [(mac(1), 1), (mac(2), 0)] {
        let of_device = ChallengesOf::Device(device);
        assert_eq!(store.list_challenges(&of_device, T0, 9).await.unwrap().len(), expected);
        assert_eq!(store.list_sessions(&sessions_of(device)).await.unwrap().len(), expected);
        assert_eq!(store.list_grants_of_device(device, 9).await.unwrap().len(), expected);
        let orders = OrderFilter { device: Some(device), ..OrderFilter::latest(9) };
        assert_eq!(store.list_orders(&orders).await.unwrap().len(), expected);
    }
    let pseudonym = store.list_sessions(&sessions_of(mac(1))).await.unwrap()[0].device;
    assert_eq!(store.list_sessions(&sessions_of(pseudonym)).await.unwrap().len(), 1);
    for (name, expected) in [(NAME, 1), ("4f0/02-00-00-00-00-02/17", 0)] {
        assert_eq!(store.list_sessions_called(name, 9).await.unwrap().len(), expected, "{name}");
    }
    let data = store.personal_data(account).await.unwrap().unwrap();
    assert_eq!((data.visits.len(), data.visits[0].device), (1, pseudonym));
    assert_eq!((data.challenges.len(), data.record.sessions.len()), (1, 1));
}

pub async fn what_is_not_over_keeps_its_address(store: TestStore) {
    set_up(&store).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    apply(&store, 1, &[told(at(60), AccountingEvent::Interim)]).await;
    assert_eq!(hash(&store, at(LATER)).await, [0; 6], "a session goes on by a grant that is over");
    let (revoked, admin) = (GrantEnd::Revoked, OrderReason::Admin);
    assert!(store.end_grant(grant.id, revoked, admin, at(70)).await.unwrap());
    assert_eq!(hash(&store, at(LATER)).await, [0; 6], "an order waits for that session");
    assert_eq!(store.find_grant(mac(1)).await.unwrap().unwrap().id, grant.id);

    let another = store.sign_in(&sign_in(2, mac(2), T0)).await.unwrap().grant;
    assert_eq!(hash(&store, another.until).await, [0; 6], "its time is not over");
}

pub async fn who_is_held_keeps_the_address_until_the_release(store: TestStore) {
    let account = stay(&store).await;
    assert!(store.hold_account(account, "request 12/2026", at(200)).await.unwrap());
    assert_eq!(hash(&store, at(LATER)).await, [0; 6]);
    assert_eq!(with_device(&store, mac(1)).await, [1; 6]);
    assert!(store.release_account(account, at(300)).await.unwrap());
    assert_eq!(hash(&store, at(LATER)).await, [1; 6]);

    assert!(store.hold_account(account, "request 13/2026", at(400)).await.unwrap());
    let prune = async || {
        let visits = store.prune_visits(at(LATER)).await.unwrap();
        [visits, store.prune_challenges(at(LATER)).await.unwrap()]
    };
    assert_eq!(prune().await, [0; 2], "a hash is held as well");
    assert!(store.release_account(account, at(500)).await.unwrap());
    assert_eq!(prune().await, [1; 2]);
}

pub async fn an_erased_person_leaves_nothing_under_a_hash(store: TestStore) {
    let account = stay(&store).await;
    assert_eq!(hash(&store, at(LATER)).await, [1; 6]);
    let pseudonym = store.list_sessions(&sessions_of(mac(1))).await.unwrap()[0].device;
    assert!(store.erase_account(account, at(LATER)).await.unwrap());
    let reference = "K7M2QX".parse().unwrap();
    assert_eq!(store.find_visit(&reference).await.unwrap(), None);
    let erasures = store.list_erasures(T0).await.unwrap();
    assert_eq!(erasures[0].devices, [mac(1)], "no trail knows a hash");
    let [visits, challenges, credentials, _, sessions, grants] =
        with_device(&store, pseudonym).await;
    assert_eq!([visits, challenges, credentials, sessions, grants], [0; 5]);
    assert_eq!(hash(&store, at(LATER)).await, [0; 6], "a nameless session has nothing to hash");
}

pub async fn a_challenge_that_was_never_answered_keeps_nobody_from_another(store: TestStore) {
    set_up(&store).await;
    for (id, when) in [(1, T0), (2, at(LATER)), (3, at(2 * LATER))] {
        begin(&store, &new_challenge(id, mac(1), when, "482913")).await;
        let open = store.find_open_challenge(&sign_in_of(mac(1))).await.unwrap().unwrap();
        assert_eq!(open.id, ChallengeId::from_bytes([id; 16]));
        let count = |of| store.hash_addresses(of, when + std::time::Duration::from_secs(1), 100);
        assert_eq!(count(RecordsOfDevices::Challenges).await.unwrap(), 1);
        assert_eq!(store.find_open_challenge(&sign_in_of(mac(1))).await.unwrap(), None);
    }
}

pub async fn a_session_that_was_thought_dead_has_its_address_again(store: TestStore) {
    set_up(&store).await;
    apply(&store, 1, &[told(at(60), AccountingEvent::Interim)]).await;
    assert_eq!(store.close_stale_sessions(at(100), at(100)).await.unwrap().len(), 1);
    let sessions = RecordsOfDevices::Sessions;
    assert_eq!(store.hash_addresses(sessions, at(LATER), 100).await.unwrap(), 1);
    apply(&store, 2, &[told(at(LATER), AccountingEvent::Interim)]).await;
    let session = store.find_open_session(&"gate".parse().unwrap(), mac(1)).await.unwrap().unwrap();
    assert_eq!((session.device, session.acct_session_id.as_str()), (mac(1), NAME));
    assert_eq!(session.user_name, "020000000001");
    assert_eq!(store.hash_addresses(sessions, at(LATER), 100).await.unwrap(), 0, "it goes on");
}

pub async fn a_round_hashes_the_oldest_and_no_more_than_it_may(store: TestStore) {
    set_up(&store).await;
    for device in 1..=3 {
        let when = at(60 * u64::from(device));
        let report = record(when, device, stopped, usage(60, 10, 100));
        apply(&store, device.into(), &[report]).await;
    }
    let sessions = RecordsOfDevices::Sessions;
    for (count, left) in [(2, 1), (1, 0), (0, 0)] {
        assert_eq!(store.hash_addresses(sessions, at(LATER), 2).await.unwrap(), count);
        let of_newest = with_device(&store, mac(3)).await;
        assert_eq!(of_newest.iter().sum::<i64>(), left);
    }
}
