//! What is told to PostgreSQL, one trip after the other.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{Attempt, Begun, Budget, Challenges, NewChallenge, Proof, SendBlock, Sought, SqlStore};

use crate::fixtures::*;

/// A number is typed, and its code; of who is known already the grants are looked at, too.
pub async fn a_sign_in_takes_few_trips(store: TestStore) {
    const BEGUN: [&str; 5] = [
        "BEGIN; SELECT pg_try",
        "WITH given (place, ",
        "WITH part_0 AS (INSERT INTO visits",
        "COMMIT",
        "WITH given (payload)",
    ];
    const WON: [&str; 5] = [
        "BEGIN; SELECT pg_try",
        "WITH given (place, ",
        "WITH part_0 AS (UPDATE challenges",
        "COMMIT",
        "WITH given (payload)",
    ];
    const WON_BY_ONE_KNOWN: [&str; 9] = [
        "BEGIN; SELECT pg_try",
        "WITH given (place, ",
        "COMMIT",
        "BEGIN",
        "WITH part_0 AS (UPDATE challenges",
        "SELECT id, account, device",
        "WITH part_0",
        "COMMIT",
        "WITH given (payload)",
    ];
    set_up(&store).await;
    store.watch().await;
    let watched = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let policy = ChallengePolicy::default();
    let mut seen = store.told().await.len();
    for (id, won) in [(1, &WON[..]), (2, &WON_BY_ONE_KNOWN)] {
        let new = new_challenge(id, mac(id), at(id.into()), "482913");
        watched.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap();
        let (challenge, code) = (Sought::Id(new.challenge.id), code("482913"));
        let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(id.into()) };
        watched.win(&attempt, &policy, &prize(id, at(id.into()))).await.unwrap().unwrap();
        let expected = [&BEGUN, won].concat();
        let told = store.told().await.split_off(seen);
        seen += told.len();
        // How a connection is made ready, and whether one is there that was idle, is another matter.
        let others = |text: &&String| !text.starts_with("SET ") && !text.starts_with("/*");
        let told: Vec<_> = told.iter().filter(others).collect();
        let is_as_expected = |(told, expected): (&&String, &&str)| told.starts_with(*expected);
        let as_expected = told.iter().zip(&expected).all(is_as_expected);
        assert!(as_expected && told.len() == expected.len(), "{told:#?}");
    }
    watched.close().await;
}

/// An attempt need not be on the disk to be compared, but to be told wrong.
pub async fn a_wrong_code_is_told_once_its_attempt_is_on_the_disk(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    let policy = ChallengePolicy::default();
    store.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap();
    store.watch().await;
    let watched = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let seen = store.told().await.len();
    let (challenge, code) = (Sought::Id(new.challenge.id), code("111111"));
    let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(1) };
    let won = watched.win(&attempt, &policy, &prize(1, at(1))).await.unwrap();
    assert_eq!(won.unwrap_err(), Verdict::Wrong { left: policy.attempts - 1 });
    let told = store.told().await.split_off(seen);
    let counted = told.iter().position(|text| text.contains("attempts = attempts + 1"));
    let after = &told[counted.expect("it is counted")..];
    assert!(matches!(after, [_, end] if end == "COMMIT"), "{after:#?}");
    assert!(!told.iter().any(|text| text.contains("synchronous_commit")), "{told:#?}");
    watched.close().await;
}

/// What a number is must not be told by how long its answer takes.
pub async fn what_nobody_is_sent_takes_the_same_trips(store: TestStore) {
    set_up(&store).await;
    let of_number = Counted::ChallengesOfNumber;
    let limits = [SendLimit { counted: of_number, window: Duration::from_secs(900), most: 1 }];
    let charge = crate::spending::charge(T0, "1000", None);
    let budget = Budget { limits: &limits, charge, ..Budget::NONE };
    let ask = |id: u8, secs: u64, number: &str| {
        let base = new_challenge(id, mac(id / 10), at(secs), "482913");
        let challenge = Challenge { phone: number.parse().unwrap(), ..base.challenge };
        NewChallenge { challenge, claim_until: Some(at(secs + 10)), ..base }
    };
    let target = "96657".parse().unwrap();
    let block = SendBlock { target, reason: "so".to_owned(), at: T0, until: None };
    store.add_send_block(&block).await.unwrap();
    let policy = ChallengePolicy::default();
    for (id, number) in [(1, "966551234561"), (2, "966551234562")] {
        store.begin_challenge(&ask(id * 10, 0, number), &budget, &policy).await.unwrap();
    }
    store.watch().await;
    let watched = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let mut told = Vec::new();
    // Each device asks for a number, for another code, and for another number.
    for (row, numbers) in (3_u8..).zip([
        ["966551234563", "966551234564"],
        ["966571234561", "966571234562"],
        ["966551234561", "966551234562"],
    ]) {
        let mut seen = store.told().await.len();
        let mut trips = Vec::new();
        let mut look = async || {
            let told = store.told().await.split_off(seen);
            seen += told.len();
            // What is given back is given back after the answer, and others' times are of no number.
            let of_answer = |text: &String| {
                !["SET ", "/*", "UPDATE spending"].iter().any(|start| text.starts_with(start))
            };
            let told = told.into_iter().filter(of_answer);
            let mut told: Vec<_> =
                told.map(|text| text.chars().take(30).collect::<String>()).collect();
            // A payment and what is paid for do not wait for each other.
            told.sort_unstable();
            trips.push(told);
        };
        let first = ask(row * 10, 1, numbers[0]);
        let begun = watched.begin_challenge(&first, &budget, &policy).await.unwrap();
        assert_eq!(matches!(begun, Begun::Mute(_)), row > 3, "{begun:?}");
        look().await;
        let another = another_code(row * 10, "222222", at(100));
        watched.send_code_again(&another, &budget, &policy).await.unwrap().unwrap();
        look().await;
        let second = ask(row * 10 + 1, 101, numbers[1]);
        let begun = watched.begin_challenge(&second, &budget, &policy).await.unwrap();
        assert_eq!(matches!(begun, Begun::Mute(_)), row > 3, "{begun:?}");
        look().await;
        told.push(trips);
    }
    let unknown = told.remove(0);
    assert!(unknown.iter().all(|trips| trips.len() > 4), "{unknown:#?}");
    for other in told {
        assert_eq!(other, unknown);
    }
    watched.close().await;
}
