//! Callers that get in each other's way: the outcome is as if one had come after the other.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{
    AcceptedMessage, Accounts, Attempt, Begun, Budget, Challenges, Change, JournalPosition,
    NewChallenge, Proof, ReceiptOf, SessionReports, Sought, SqlStore, Store,
};

use crate::fixtures::*;

const DAY: Duration = Duration::from_secs(86_400);

fn until(offset: u64) -> JournalPosition {
    JournalPosition { segment: 1, offset }
}

fn day() -> Day {
    Zone::riyadh().day_of(T0)
}

/// An access point that changes between two RADIUS servers reports one session through two
/// journals, which are applied at the same time.
pub async fn two_journals_count_one_session_once(store: TestStore) {
    set_up(&store).await;
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    for step in 1..=20_u64 {
        let used = usage(step * 60, step * 10, step * 100);
        let reports = [record(at(step * 60), 1, AccountingEvent::Interim, used)];
        let (one, other) = tokio::join!(
            store.apply("one", &reports, until(step)),
            store.apply("other", &reports, until(step))
        );
        one.unwrap();
        other.unwrap();
    }
    let all = usage(1_200, 200, 2_000);
    assert_eq!(store.usage_of_day(account, day()).await.unwrap(), all);
    assert_eq!(store.usage_of_grant(GrantId::from_bytes([1; 16])).await.unwrap(), all);
}

/// What a store remembers of sessions gives way to what another has written since.
pub async fn a_batch_begins_with_what_others_left(store: TestStore) {
    set_up(&store).await;
    let other = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let account = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant.account;
    let report = |step: u64| {
        let used = usage(step * 60, step * 10, step * 100);
        [record(at(step * 60), 1, AccountingEvent::Interim, used)]
    };
    store.apply("one", &report(1), until(1)).await.unwrap();
    store.apply("one", &report(2), until(2)).await.unwrap();
    other.apply("other", &report(5), until(1)).await.unwrap();
    store.apply("one", &report(6), until(3)).await.unwrap();
    assert_eq!(store.usage_of_day(account, day()).await.unwrap(), usage(360, 60, 600));
    assert!(other.erase_account(account, at(90)).await.unwrap());
    store.apply("one", &report(7), until(4)).await.unwrap();
    assert_eq!(store.usage_of_day(account, day()).await.unwrap(), Usage::default());
}

pub async fn equal_orders_at_the_same_time_are_written_once(store: TestStore) {
    for round in 0..10_u8 {
        let order = |id: u8| NasOrder {
            id: OrderId::from_bytes([round * 10 + id; 16]),
            nas: "gate".parse().unwrap(),
            kind: OrderKind::Reauthenticate,
            device: mac(round),
            session: None,
            reason: OrderReason::SignedIn,
            created_at: T0,
            progress: OrderProgress::default(),
            state: OrderState::Waiting { attempts: 0, next_at: T0 },
        };
        let (one, two, three) = (order(1), order(2), order(3));
        let (one, two, three) =
            tokio::join!(store.add_order(&one), store.add_order(&two), store.add_order(&three));
        let written = [one, two, three].map(|written| u32::from(written.unwrap()));
        assert_eq!(written.iter().sum::<u32>(), 1);
    }
}

pub async fn rivals_for_a_device_all_get_an_answer(store: TestStore) {
    set_up(&store).await;
    for round in 0..10_u8 {
        let tasks: Vec<_> = (0..8_u8)
            .map(|rival| {
                let store = store.shared();
                tokio::spawn(async move {
                    let mut new = sign_in(
                        round * 8 + rival + 1,
                        mac(1 + (rival + round) % 3),
                        at(u64::from(round)),
                    );
                    new.identity = format!("96655123456{}", rival % 4).parse().unwrap();
                    new.devices = 1;
                    store.sign_in(&new).await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
}

/// A person's phones win at once, each with a challenge of its own: first one whom nobody knows, then
/// the same one again.
pub async fn phones_that_sign_in_at_once_keep_within_the_persons_number(store: TestStore) {
    const PHONES: u8 = 8;
    set_up(&store).await;
    for round in 0..12_u8 {
        let number: PhoneNumber = format!("96655123450{}", round / 2).parse().unwrap();
        let when = at(u64::from(round));
        let ids = round * PHONES + 1..=round * PHONES + PHONES;
        for id in ids.clone() {
            let mut new = new_challenge(id, mac(id), when, "482913");
            (new.challenge.phone, new.visit) = (number.clone(), None);
            begin(&store, &new).await;
        }
        let mut phones = tokio::task::JoinSet::new();
        for id in ids {
            let store = store.shared();
            phones.spawn(async move {
                let challenge = Sought::Id(ChallengeId::from_bytes([id; 16]));
                let code = code("482913");
                let attempt = Attempt { challenge, proof: Proof::Code(&code), at: when };
                store.win(&attempt, &ChallengePolicy::default(), &prize(id, when)).await
            });
        }
        for won in phones.join_all().await {
            won.unwrap().unwrap();
        }
        let account = store.find_account(&number.into()).await.unwrap().unwrap().id;
        let grants = store.account_record(account).await.unwrap().unwrap().grants;
        let live = grants.iter().filter(|grant| grant.holds(when)).count();
        assert_eq!(live, 2, "of so many as a person may have, in round {round}");
    }
}

/// Who types the right code in several windows, or sends it several times, has counted each of these
/// before the first one wins.
pub async fn a_right_code_that_comes_many_times_at_once_wins_once(store: TestStore) {
    const TIMES: u8 = 4;
    set_up(&store).await;
    for round in 0..20_u8 {
        let first = round * TIMES + 1;
        let mut new = new_challenge(first, mac(first), T0, "482913");
        new.challenge.phone = format!("9665512345{round:02}").parse().unwrap();
        begin(&store, &new).await;
        let mut attempts = tokio::task::JoinSet::new();
        for id in first..first + TIMES {
            let store = store.shared();
            attempts.spawn(async move {
                let challenge = Sought::Id(ChallengeId::from_bytes([first; 16]));
                let code = code("482913");
                let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(1) };
                store.win(&attempt, &ChallengePolicy::default(), &prize(id, at(1))).await
            });
        }
        let verdicts = attempts.join_all().await;
        let won = verdicts.iter().filter(|verdict| matches!(verdict, Ok(Ok(_)))).count();
        let used = verdicts.iter().filter(|verdict| matches!(verdict, Ok(Err(Verdict::Used))));
        assert_eq!((won, used.count()), (1, 3), "in round {round}: {verdicts:?}");
    }
}

/// A browser that goes away takes its request with it, wherever that had come to.
pub async fn who_stops_waiting_keeps_nobody_waiting(store: TestStore) {
    set_up(&store).await;
    let mut rivals = tokio::task::JoinSet::new();
    for id in 1..=120_u8 {
        let shared = store.shared();
        let rival = rivals.spawn(async move {
            // One device and number: each waits for the one before.
            let new = new_challenge(id, mac(1), T0, "482913");
            let policy = ChallengePolicy::default();
            shared.begin_challenge(&new, &Budget::NONE, &policy).await.map(drop)
        });
        // As far as so many look-ups take.
        for _ in 0..id % 8 {
            store.find_grant(mac(2)).await.unwrap();
        }
        rival.abort();
    }
    while let Some(rival) = rivals.join_next().await {
        // Most were given up; nobody is refused.
        if let Ok(begun) = rival {
            begun.unwrap();
        }
    }
    // Whose connections are others, and wait for what was left locked.
    let other = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let (new, policy) = (new_challenge(121, mac(1), at(1), "482913"), ChallengePolicy::default());
    let begun = other.begin_challenge(&new, &Budget::NONE, &policy);
    let begun = tokio::time::timeout(Duration::from_secs(30), begun).await.unwrap().unwrap();
    assert!(matches!(begun, Begun::Begins | Begun::GoesOn(_)), "{begun:?}");
    let messages = store.claim_messages(at(2), at(60), 200).await.unwrap();
    assert_eq!(messages.len(), 1, "whoever began, one message is sent");
}

/// Who signs in locks the person's grants while accounting writes what they used.
pub async fn signing_in_and_accounting_never_wait_for_each_other(store: TestStore) {
    set_up(&store).await;
    for step in 1..=40_u8 {
        let sign_in = sign_in(step, mac(1 + step % 3), at(u64::from(step)));
        let used = usage(u64::from(step) * 60, u64::from(step) * 10, 0);
        let report =
            |number| record(at(u64::from(step) * 60), number, AccountingEvent::Interim, used);
        let reports: Vec<_> = (1..=step).rev().map(report).collect();
        let until = until(u64::from(step));
        let (signed_in, applied) =
            tokio::join!(store.sign_in(&sign_in), store.apply("j", &reports, until));
        signed_in.unwrap();
        applied.unwrap();
    }
}

/// The messages of some devices, taken at that time, with the later challenges before the earlier.
async fn taken(
    store: &TestStore,
    devices: std::ops::Range<u8>,
    when: Timestamp,
) -> Vec<AcceptedMessage> {
    for id in devices.rev() {
        let new = new_challenge(id, mac(id), when, "482913");
        begin(store, &NewChallenge { visit: None, ..new }).await;
    }
    let messages = store.claim_messages(when, when + DAY, 100).await.unwrap();
    let accepted = |message: store::OutgoingMessage| AcceptedMessage {
        message: message.id,
        route: "main".parse().unwrap(),
        reference: Some(message.id.to_string()),
        at: when,
        watch_until: Some(when + DAY),
    };
    messages.into_iter().map(accepted).collect()
}

/// Receipts overtake what their gateways answer, and several couriers write that down.
pub async fn receipts_and_acceptances_of_the_same_messages_never_wait_for_each_other(
    store: TestStore,
) {
    set_up(&store).await;
    for round in 0..10_u8 {
        let when = at(u64::from(round));
        let accepted = taken(&store, round * 16..round * 16 + 16, when).await;
        let mut tasks = tokio::task::JoinSet::new();
        for backwards in [false, true] {
            let (store, mut accepted) = (store.shared(), accepted.clone());
            if backwards {
                accepted.reverse();
            }
            tasks.spawn(async move { store.accept_messages(&accepted).await });
        }
        for one in accepted {
            for of in
                [ReceiptOf::Message(one.message), ReceiptOf::Reference(one.reference.unwrap())]
            {
                let (store, route) = (store.shared(), one.route.clone());
                tasks.spawn(async move {
                    store.record_receipt(&route, &of, Receipt::Delivered, when).await.map(drop)
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap().unwrap();
        }
    }
}

/// What a gateway took is written down while messages run out, and while whom they went to is erased.
pub async fn who_ends_many_messages_at_once_hinders_nobody(store: TestStore) {
    set_up(&store).await;
    for round in 0..10_u8 {
        let when = at(u64::from(round) * 1_000);
        let account = store.sign_in(&sign_in(round + 1, mac(200), when)).await.unwrap();
        let account = account.grant.account;
        let accepted = taken(&store, round * 20..round * 20 + 20, when).await;
        let late = when + Duration::from_secs(400);
        let (one, two) = (store.shared(), store.shared());
        let claims = tokio::spawn(async move { one.claim_messages(late, late, 100).await });
        let erased = tokio::spawn(async move { two.erase_account(account, late).await });
        store.accept_messages(&accepted).await.unwrap();
        assert!(claims.await.unwrap().unwrap().is_empty(), "they ran out");
        assert!(erased.await.unwrap().unwrap());
    }
}

/// Only PostgreSQL has other processes.
pub async fn another_process_hears_of_a_change_once(store: TestStore) {
    let other = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let (mut theirs, mut ours) = (other.changes(), store.changes());
    store.add_plan(&Plan::visitor("visitor".parse().unwrap())).await.unwrap();
    assert_eq!(theirs.next().await, Some(Change::Setup));
    store.add_site(&site()).await.unwrap();
    store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap();
    let expected = [Change::Setup, Change::Setup, Change::Grant(mac(1))];
    for change in &expected {
        assert_eq!(ours.next().await.as_ref(), Some(change), "own changes come once");
    }
    for change in &expected[1..] {
        assert_eq!(theirs.next().await.as_ref(), Some(change));
    }
}
