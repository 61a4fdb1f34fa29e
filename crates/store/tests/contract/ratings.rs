//! Ratings of stays.

use domain::*;
use store::testing::TestStore;

use crate::fixtures::*;

fn rating(day: i32, score: u8, reason: &str) -> Rating {
    Rating {
        site: site().name,
        nas: "gate".parse().unwrap(),
        day: Day::from_epoch_days(day),
        score: Score::new(score).unwrap(),
        reason: reason.into(),
    }
}

pub async fn a_stay_rates_once_and_leaves_no_name(store: TestStore) {
    set_up(&store).await;
    let stay = |last: u8| SessionId::from_bytes([last; 16]);
    for (last, day, score, reason) in
        [(1, 10, 5, ""), (2, 10, 4, "fast"), (3, 11, 1, "slow"), (4, 5, 3, "old")]
    {
        assert!(store.add_rating(&rating(day, score, reason), stay(last)).await.unwrap());
    }
    assert!(!store.add_rating(&rating(12, 2, "again"), stay(1)).await.unwrap(), "it has one");
    let since = Day::from_epoch_days(10);
    assert_eq!(store.count_ratings(&site().name, since).await.unwrap(), [1, 0, 0, 1, 1]);
    let park = "park".parse().unwrap();
    assert_eq!(store.count_ratings(&park, since).await.unwrap(), [0; 5]);
    let reasoned = store.list_reasoned_ratings(&site().name, since, 10).await.unwrap();
    assert_eq!(reasoned, [rating(11, 1, "slow"), rating(10, 4, "fast")]);
    assert_eq!(store.list_reasoned_ratings(&site().name, since, 1).await.unwrap().len(), 1);
    // The session itself is not in the row.
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let rows = sqlx::query("SELECT stay FROM ratings").fetch_all(&raw).await.unwrap();
    for row in &rows {
        let text: String = sqlx::Row::get(row, 0);
        assert!((1..=4).all(|last| text != stay(last).to_string()), "{text}");
    }
    assert_eq!(store.prune_ratings(since).await.unwrap(), 1);
    assert_eq!(
        store.count_ratings(&site().name, Day::from_epoch_days(0)).await.unwrap(),
        [1, 0, 0, 1, 1]
    );
}
