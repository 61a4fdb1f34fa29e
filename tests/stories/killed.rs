//! The server is killed fifty times while access points report: what it acknowledged is there
//! afterwards, once.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::city::City;
use crate::reports::{Books, Line, REPORTS, STAYS, open_lines, report, stays};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_counted_once_on_sqlite() {
    let city = City::begin(&[]).await;
    let url = format!("sqlite:{}", city.data_dir().join("sabeel.db").display());
    report_and_kill(city, url, 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_counted_once_on_postgresql() {
    let database = store::testing::postgres().await;
    let url = database.settings().url.clone();
    let city = City::begin(&[&format!("store.url = \"{url}\"")]).await;
    report_and_kill(city, url, 10).await;
}

/// Nothing is acknowledged but what the database has, so the journal is not needed for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_acknowledged_is_counted_once_on_sqlite() {
    let city = City::begin(&["journal.durability = \"database\""]).await;
    let url = format!("sqlite:{}", city.data_dir().join("sabeel.db").display());
    report_and_kill(city, url, 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_acknowledged_is_counted_once_on_postgresql() {
    let database = store::testing::postgres().await;
    let url = database.settings().url.clone();
    let city =
        City::begin(&[&format!("store.url = \"{url}\""), "journal.durability = \"database\""])
            .await;
    report_and_kill(city, url, 10).await;
}

async fn report_and_kill(mut city: City, url: String, kills: u32) {
    let mut chance = Chance::new();
    let books = Books::open(&city, url).await;
    let mut lines = open_lines(&city, &books).await;
    for later in (0..kills).rev() {
        let done: u32 = stays(&lines).map(|stay| stay.acknowledged).sum();
        let left = u64::from(REPORTS) * STAYS - u64::from(done);
        // So early that something is left to tell for those that follow.
        let most = left / (u64::from(later) + 2);
        let acknowledgements = u32::try_from(1 + chance.below(most)).unwrap();
        lines = report_until_killed(&mut city, lines, acknowledgements).await;
        // A server that dies while it catches up is started once more.
        if chance.below(2) == 0 {
            city.start().await;
            city.kill().await;
        }
        city.start().await;
        city.settled().await;
        books.check(&city, stays(&lines)).await;
    }
    let stop = CancellationToken::new();
    lines = report(lines, &Arc::new(Semaphore::new(0)), &stop).await;
    assert!(stays(&lines).all(|stay| stay.acknowledged == REPORTS));
    city.settled().await;
    books.check(&city, stays(&lines)).await;
    city.stop().await;
}

/// Reports, and kills the server in the middle of it after so many acknowledgements.
async fn report_until_killed(
    city: &mut City,
    lines: Vec<Line>,
    acknowledgements: u32,
) -> Vec<Line> {
    let (acknowledged, stop) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
    let killing = async {
        acknowledged.acquire_many(acknowledgements).await.unwrap().forget();
        city.kill().await;
        stop.cancel();
    };
    let (lines, ()) = tokio::join!(report(lines, &acknowledged, &stop), killing);
    lines
}
