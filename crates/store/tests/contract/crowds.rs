//! Visitors who come at the same time, and share what is told to the database.

use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use domain::*;
use sqlx::{Connection, Executor, PgConnection};
use store::testing::TestStore;
use store::{
    Attempt, Begun, Budget, NewChallenge, Proof, SignInOutcome, Sought, SqlStore, Store, StoreError,
};
use tokio::task::JoinSet;

use crate::fixtures::*;

type Won = Result<SignInOutcome, Verdict>;

/// The number of somebody, of a block of its own.
fn number(id: u8) -> PhoneNumber {
    format!("9665{:08}", u32::from(id) * 10_007).parse().unwrap()
}

/// Somebody with a device, a number and a visit of one's own.
fn new(id: u8, code_text: &str) -> NewChallenge {
    let mut new = new_challenge(id, mac(id), T0, code_text);
    new.challenge.phone = number(id);
    let mut letters = [id; 6].into_iter().enumerate();
    let reference = Reference::draw(|| {
        let (place, letter) = letters.next().unwrap_or_default();
        if place < 3 { letter % 16 } else { letter / 16 }
    });
    new.visit = new.visit.map(|visit| VisitRecord { reference, ..visit });
    new
}

/// What so many do at the same time, in the order of their numbers.
async fn at_once<T: Send + 'static, F>(ids: RangeInclusive<u8>, each: impl Fn(u8) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for id in ids {
        let one = each(id);
        tasks.spawn(async move { (id, one.await) });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|(id, _)| *id);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn begin_all(store: &Arc<dyn Store>, ids: RangeInclusive<u8>) -> Vec<Begun> {
    at_once(ids, |id| {
        let (store, new) = (Arc::clone(store), new(id, "482913"));
        async move {
            let policy = ChallengePolicy::default();
            store.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap()
        }
    })
    .await
}

fn win(
    store: &Arc<dyn Store>,
    id: u8,
    text: &'static str,
) -> impl Future<Output = Result<Won, StoreError>> + Send + 'static + use<> {
    let store = Arc::clone(store);
    async move {
        let (challenge, code) = (Sought::Id(ChallengeId::from_bytes([id; 16])), code(text));
        let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(1) };
        store.win(&attempt, &ChallengePolicy::default(), &prize(id, at(1))).await
    }
}

/// Each gets one's own, whatever the others do.
pub async fn who_come_at_once_get_their_own(store: TestStore) {
    set_up(&store).await;
    assert!(begin_all(&store, 1..=60).await.iter().all(|begun| *begun == Begun::Begins));
    let messages = store.claim_messages(at(1), at(60), 200).await.unwrap();
    let mut sent: Vec<_> = messages.iter().map(|message| message.phone.digits()).collect();
    let numbers: Vec<_> = (1..=60).map(number).collect();
    let mut typed: Vec<_> = numbers.iter().map(PhoneNumber::digits).collect();
    sent.sort_unstable();
    typed.sort_unstable();
    assert_eq!(sent, typed);
    // Every fifth mistypes the code.
    let typed = |id: u8| if id.is_multiple_of(5) { "111111" } else { "482913" };
    for (id, won) in (1..).zip(at_once(1..=60, |id| win(&store, id, typed(id))).await) {
        let open = store.find_open_challenge(&sign_in_of(mac(id))).await.unwrap();
        let visit = new(id, "482913").visit.unwrap();
        assert_eq!(store.find_visit(&visit.reference).await.unwrap(), Some(visit));
        match won.unwrap() {
            Ok(outcome) => {
                assert_eq!((outcome.grant.device, open), (mac(id), None));
                let account = store.find_account(&number(id).into()).await.unwrap().unwrap();
                assert_eq!(account.id, outcome.grant.account);
            }
            Err(verdict) => {
                assert_eq!((verdict, id % 5), (Verdict::Wrong { left: 4 }, 0));
                assert_eq!(open.map(|open| open.attempts), Some(1));
            }
        }
    }
    // A code wins once, and who has counted attempts may go on.
    for (id, won) in (1..).zip(at_once(1..=60, |id| win(&store, id, "482913")).await) {
        let is_late = matches!(won.unwrap(), Err(Verdict::Used));
        assert_eq!(is_late, id % 5 != 0, "{id}");
        assert!(store.find_grant(mac(id)).await.unwrap().is_some());
    }
}

/// Whoever names a challenge in two ways at once has tried twice, and wins once.
pub async fn two_names_of_a_challenge_are_no_second_try(store: TestStore) {
    set_up(&store).await;
    begin_all(&store, 1..=40).await;
    let twice = async |text: &'static str| {
        at_once(1..=80, |n| {
            let (store, id) = (store.shared(), n.div_ceil(2));
            async move {
                let (binding, code) = (sign_in_of(mac(id)), code(text));
                let challenge = match n % 2 {
                    0 => Sought::OpenOf(&binding),
                    _ => Sought::Id(ChallengeId::from_bytes([id; 16])),
                };
                let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(1) };
                store.win(&attempt, &ChallengePolicy::default(), &prize(n, at(1))).await.unwrap()
            }
        })
        .await
    };
    assert!(twice("111111").await.iter().all(Result::is_err));
    for id in 1..=40 {
        let open = store.find_open_challenge(&sign_in_of(mac(id))).await.unwrap();
        assert_eq!(open.map(|open| open.attempts), Some(2), "{id}");
    }
    for won in twice("482913").await.chunks(2) {
        assert_eq!(won.iter().filter(|won| won.is_ok()).count(), 1, "{won:?}");
    }
}

/// Two devices of one person cannot both be the first one, which is no matter of the others'.
pub async fn a_person_with_two_devices_spoils_nothing_for_others(store: TestStore) {
    set_up(&store).await;
    begin_all(&store, 1..=6).await;
    let twin = NewChallenge {
        challenge: Challenge { phone: number(6), ..new(7, "482913").challenge },
        ..new(7, "482913")
    };
    assert_eq!(begin(&store, &twin).await, Begun::Begins);
    let outcomes = at_once(1..=7, |id| win(&store, id, "482913")).await;
    let accounts: Vec<_> =
        outcomes.into_iter().map(|won| won.unwrap().unwrap().grant.account).collect();
    assert_eq!(accounts[5], accounts[6], "one account for one number");
    for id in 1..=7 {
        assert!(store.find_grant(mac(id)).await.unwrap().is_some(), "{id} is in");
    }
}

/// Many share what is told to PostgreSQL.
pub async fn many_share_a_commit(store: TestStore) {
    set_up(&store).await;
    store.watch().await;
    let watched = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let watched: Arc<dyn Store> = Arc::new(watched);
    let commits = async || {
        let told = store.told().await;
        told.iter().filter(|text| *text == "COMMIT").count()
    };
    begin_all(&watched, 1..=48).await;
    let begun = commits().await;
    assert!(begun <= 12, "{begun} commits for 48 visitors");
    for won in at_once(1..=48, |id| win(&watched, id, "482913")).await {
        won.unwrap().unwrap();
    }
    let won = commits().await - begun;
    assert!(won <= 12, "{won} commits for 48 visitors");
}

/// What somebody else is changing keeps whoever needs it waiting, and nobody beside.
pub async fn who_has_to_wait_keeps_nobody_else_waiting(store: TestStore) {
    set_up(&store).await;
    begin_all(&store, 1..=8).await;
    let mut other = PgConnection::connect(&store.settings().url).await.unwrap();
    let lock = "BEGIN; SELECT id FROM challenges WHERE id = '\\x03030303030303030303030303030303' FOR UPDATE";
    other.execute(sqlx::raw_sql(lock)).await.unwrap();
    let waiting = tokio::spawn(win(&store, 3, "482913"));
    let others = at_once(4..=8, |id| win(&store, id, "482913"));
    for won in tokio::time::timeout(Duration::from_secs(30), others).await.unwrap() {
        won.unwrap().unwrap();
    }
    assert!(!waiting.is_finished());
    other.execute("COMMIT").await.unwrap();
    waiting.await.unwrap().unwrap().unwrap();
    other.close().await.unwrap();
}
