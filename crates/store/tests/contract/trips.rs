//! What is told to PostgreSQL, one trip after the other.

use domain::*;
use store::testing::TestStore;
use store::{Attempt, Budget, Challenges, Proof, Sought, SqlStore};

use crate::fixtures::*;

/// A number is typed, and its code; of who is known already the grants are looked at, too.
pub async fn a_sign_in_takes_few_trips(store: TestStore) {
    const BEGUN: [&str; 5] =
        ["BEGIN; SELECT pg_adv", "SELECT place", "WITH part_0", "COMMIT", "WITH given (payload)"];
    const WON: [&str; 6] = [
        "BEGIN",
        "SELECT challenges.id",
        "INSERT INTO accounts",
        "WITH part_0",
        "COMMIT",
        "WITH given (payload)",
    ];
    set_up(&store).await;
    store.watch().await;
    let watched = SqlStore::connect(store.settings(), store.keys().clone()).await.unwrap();
    let policy = ChallengePolicy::default();
    let mut seen = store.told().await.len();
    for (id, looks_at_grants) in [(1, false), (2, true)] {
        let new = new_challenge(id, mac(id), at(id.into()), "482913");
        watched.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap();
        let (challenge, code) = (Sought::Id(new.challenge.id), code("482913"));
        let attempt = Attempt { challenge, proof: Proof::Code(&code), at: at(id.into()) };
        watched.win(&attempt, &policy, &prize(id, at(id.into()))).await.unwrap().unwrap();
        let mut expected = [&BEGUN[..], &WON[..]].concat();
        if looks_at_grants {
            expected.insert(8, "SELECT id, account, device");
        }
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
