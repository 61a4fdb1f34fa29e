//! What messages may be sent within: what is counted, whom a refusal is told, and what is shared.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{AnotherCode, Begun, Budget, ChallengesOf, NewChallenge, NotSent};

use crate::fixtures::*;

const MINUTE: Duration = Duration::from_secs(60);

fn policy() -> ChallengePolicy {
    ChallengePolicy::default()
}

/// A challenge of a device for a number.
fn ask(id: u8, device: u8, number: &str, secs: u64) -> NewChallenge {
    let base = new_challenge(id, mac(device), at(secs), "482913");
    let phone = number.parse().unwrap();
    NewChallenge { challenge: Challenge { phone, ..base.challenge }, ..base }
}

async fn begin_within(store: &TestStore, new: &NewChallenge, limits: &[SendLimit]) -> Begun {
    store.begin_challenge(new, &Budget::of(limits), &policy()).await.unwrap()
}

/// How many messages were written for a device.
async fn messages(store: &TestStore, device: u8) -> usize {
    let of = ChallengesOf::Device(mac(device));
    let told = store.list_challenges(&of, T0, 50).await.unwrap();
    told.iter().map(|challenge| challenge.messages.len()).sum()
}

/// Who asks for a number in each try, by what is counted; the last of them is the first too many.
pub async fn each_budget_refuses_at_its_number_and_not_before(store: TestStore) {
    // Longer than a challenge lives.
    const HOUR: Duration = Duration::from_secs(3_600);
    set_up(&store).await;
    let same = |n: u8| format!("96655000000{n}");
    for (row, (counted, most)) in (0_u8..).zip([
        (Counted::SendsOfDevice, 3),
        (Counted::NumbersOfDevice, 2),
        (Counted::ChallengesOfNumber, 3),
        (Counted::SendsToNumber, 2),
        (Counted::SendsToBlock, 4),
    ]) {
        let limits = [SendLimit { counted, window: HOUR, most }];
        let one = row * 40;
        let try_it = async |n: u8, secs: u64| {
            let (device, number) = match counted {
                Counted::ChallengesOfNumber | Counted::SendsToNumber => (one + n, same(row)),
                Counted::SendsToBlock => (one + n, format!("9665511{row}000{n}")),
                _ => (one, format!("96655{row}{n}00000")),
            };
            begin_within(&store, &ask(one + n, device, &number, secs), &limits).await
        };
        let all = u8::try_from(most).unwrap();
        for n in 0..all {
            assert_eq!(try_it(n, u64::from(n)).await, Begun::Begins, "{counted:?} {n}");
        }
        let refused = try_it(all, 1_200).await;
        let over = OverLimit { limit: limits[0], wait: 40 * MINUTE };
        let expected = if counted.is_of_number() { Begun::Mute(over) } else { Begun::Over(over) };
        assert_eq!(refused, expected, "{counted:?}");
        // The first of them is forgotten.
        assert_eq!(try_it(all + 1, 3_600).await, Begun::Begins, "{counted:?}");
    }
}

pub async fn who_had_all_messages_of_a_sign_in_waits_before_another(store: TestStore) {
    set_up(&store).await;
    let counted = Counted::SpentChallengesOfDevice;
    let limits = [SendLimit { counted, window: 2 * MINUTE, most: 1 }];
    begin_within(&store, &ask(1, 1, "966550000001", 0), &limits).await;
    for secs in [30, 90] {
        let another = another_code(1, "222222", at(secs));
        let sent = store.send_code_again(&another, &Budget::of(&limits), &policy()).await.unwrap();
        assert!(sent.is_ok(), "{sent:?}");
    }
    // Whoever mistyped the number would wait no longer than for the third message.
    let wait = Duration::from_secs(20);
    let over = Begun::Over(OverLimit { limit: limits[0], wait });
    assert_eq!(begin_within(&store, &ask(2, 1, "966550000002", 190), &limits).await, over);
    assert_eq!(begin_within(&store, &ask(3, 1, "966550000002", 210), &limits).await, Begun::Begins);
    // One that had a single message leads to no waiting.
    assert_eq!(begin_within(&store, &ask(4, 1, "966550000003", 211), &limits).await, Begun::Begins);
}

pub async fn what_others_used_up_begins_without_a_message(store: TestStore) {
    set_up(&store).await;
    let number = "966550000001";
    let limits = [
        SendLimit { counted: Counted::ChallengesOfNumber, window: 15 * MINUTE, most: 2 },
        SendLimit { counted: Counted::SendsToNumber, window: 60 * MINUTE, most: 3 },
    ];
    for (id, secs) in [(1, 0), (2, 1)] {
        store.abandon_challenge(ChallengeId::from_bytes([id - 1; 16])).await.unwrap();
        assert_eq!(begin_within(&store, &ask(id, 1, number, secs), &limits).await, Begun::Begins);
        store.abandon_challenge(ChallengeId::from_bytes([id; 16])).await.unwrap();
    }
    // Who used it up is told; everybody else sees what looks like any other.
    let told = begin_within(&store, &ask(3, 1, number, 2), &limits).await;
    assert!(matches!(told, Begun::Over(_)), "{told:?}");
    for id in 4..9 {
        let new = ask(id, id, number, 3);
        let begun = begin_within(&store, &new, &limits).await;
        assert!(matches!(begun, Begun::Mute(_)), "{begun:?}");
        assert_eq!(messages(&store, id).await, 0);
        let open = store.find_open_challenge(&sign_in_of(mac(id))).await.unwrap().unwrap();
        assert_eq!(open, new.challenge);
        // A second tap finds it, as any other.
        let again = begin_within(&store, &ask(id, id, number, 4), &limits).await;
        assert!(matches!(again, Begun::GoesOn(_)), "{again:?}");
    }
    let visit = store.find_visit(&"K7M2QX".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(visit.device, mac(8), "the help desk finds why");
    // A third message may go out, and after it another code is mute as well.
    let again = async |id: u8, secs: u64| {
        let another = another_code(id, "222222", at(secs));
        let sent = store.send_code_again(&another, &Budget::of(&limits), &policy()).await.unwrap();
        (sent.map(|challenge| challenge.sends), messages(&store, id).await)
    };
    assert_eq!(again(4, 40).await, (Ok(2), 1));
    assert_eq!(again(5, 40).await, (Ok(2), 0));
    // What nobody was sent keeps nobody waiting: the number begins again after its own time.
    assert_eq!(begin_within(&store, &ask(20, 20, number, 900), &[limits[0]]).await, Begun::Begins);
}

pub async fn what_is_refused_takes_nothing_from_what_all_share(store: TestStore) {
    set_up(&store).await;
    let taken = AtomicU32::new(0);
    let shared = || {
        let so_far = taken.fetch_add(1, Ordering::SeqCst);
        let busy = Busy { counted: Counted::SendsOfSite, wait: Duration::from_secs(7) };
        if so_far < 2 { Ok(()) } else { Err(busy) }
    };
    let limits = [SendLimit { counted: Counted::NumbersOfDevice, window: MINUTE, most: 1 }];
    let budget = Budget { limits: &limits, shared: &shared, charge: None };
    let begin = async |id: u8, device: u8, number: &str, secs: u64| {
        let new = ask(id, device, number, secs);
        store.begin_challenge(&new, &budget, &policy()).await.unwrap()
    };
    assert_eq!(begin(1, 1, "966550000001", 0).await, Begun::Begins);
    assert!(matches!(begin(2, 1, "966550000002", 1).await, Begun::Over(_)));
    assert!(matches!(begin(3, 1, "966550000001", 2).await, Begun::GoesOn(_)));
    let another = async |secs: u64| {
        let visit = ask(1, 1, "966550000001", secs).visit;
        let another = AnotherCode { visit, ..another_code(1, "222222", at(secs)) };
        store.send_code_again(&another, &budget, &policy()).await.unwrap().map(|open| open.sends)
    };
    let refused =
        async || store.find_visit(&"K7M2QX".parse().unwrap()).await.unwrap().unwrap().refused;
    assert!(another(3).await.is_err(), "too early");
    assert_eq!(taken.load(Ordering::SeqCst), 1);
    assert_eq!(another(30).await, Ok(2));
    assert_eq!(begin(4, 4, "966550000004", 40).await, Begun::Busy(Duration::from_secs(7)));
    assert_eq!(refused().await, Some(Refused::First(Counted::SendsOfSite)));
    assert_eq!(another(90).await, Err(NotSent::Busy(Duration::from_secs(7))));
    assert_eq!(refused().await, Some(Refused::Another(Counted::SendsOfSite)));
    assert_eq!((messages(&store, 1).await, messages(&store, 4).await), (2, 0));
    assert_eq!(store.find_open_challenge(&sign_in_of(mac(4))).await.unwrap(), None);
}

/// That all is busy is told of every number, or it would tell those apart to which nothing is sent.
pub async fn what_nobody_is_sent_takes_from_what_all_share(store: TestStore) {
    set_up(&store).await;
    let taken = AtomicU32::new(0);
    let busy = Busy { counted: Counted::SendsOfSite, wait: Duration::from_secs(7) };
    let shared = || if taken.fetch_add(1, Ordering::SeqCst) < 3 { Ok(()) } else { Err(busy) };
    let limits = [SendLimit { counted: Counted::ChallengesOfNumber, window: MINUTE, most: 1 }];
    let budget = Budget { limits: &limits, shared: &shared, charge: None };
    let begin = async |id: u8| {
        let new = ask(id, id, "966550000001", 0);
        store.begin_challenge(&new, &budget, &policy()).await.unwrap()
    };
    assert_eq!(begin(1).await, Begun::Begins);
    assert!(matches!(begin(2).await, Begun::Mute(_)));
    let another = async |secs: u64| {
        let another = another_code(2, "222222", at(secs));
        store.send_code_again(&another, &budget, &policy()).await.unwrap().map(|open| open.sends)
    };
    assert_eq!(another(30).await, Ok(2));
    assert_eq!(taken.load(Ordering::SeqCst), 3);
    assert_eq!(begin(3).await, Begun::Busy(busy.wait));
    assert_eq!(another(90).await, Err(NotSent::Busy(busy.wait)));
}

pub async fn no_number_of_beginnings_passes_the_limit_of_a_block(store: TestStore) {
    set_up(&store).await;
    let limit = SendLimit { counted: Counted::SendsToBlock, window: MINUTE, most: 5 };
    let mut devices = tokio::task::JoinSet::new();
    for id in 1..15 {
        let store = store.shared();
        let new = ask(id, id, &format!("9665500000{id:02}"), 0);
        devices.spawn(async move {
            store.begin_challenge(&new, &Budget::of(&[limit]), &policy()).await.unwrap()
        });
    }
    let outcomes = devices.join_all().await;
    let begun = outcomes.iter().filter(|begun| **begun == Begun::Begins).count();
    let mute = outcomes.iter().filter(|begun| matches!(begun, Begun::Mute(_))).count();
    assert_eq!((begun, mute), (5, 9), "{outcomes:?}");
}
