//! What is told to PostgreSQL, one trip after the other.

use domain::*;
use store::testing::TestStore;
use store::{Attempt, Budget, Challenges, Proof, Sought, SqlStore};

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
