//! The database goes away while access points report, and comes back: nothing that was
//! acknowledged meanwhile is lost or counted twice.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::city::{City, eventually};
use crate::reports::{Books, REPORTS, STAYS, open_lines, report, stays};

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_acknowledged_while_the_database_is_away_and_counted_once_it_is_back() {
    let database = store::testing::postgres().await;
    let url = database.settings().url.clone();
    let mut city = City::begin(&[&format!("store.url = \"{url}\"")]).await;
    let books = Books::open(&city, url).await;
    let lines = open_lines(&city, &books).await;
    let third = u32::try_from(STAYS).unwrap() * REPORTS / 3;
    let (acknowledged, stop) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
    let absence = async {
        acknowledged.acquire_many(third).await.unwrap().forget();
        database.go_away().await;
        acknowledged.acquire_many(third).await.unwrap().forget();
        eventually("the database is missed", async || {
            city.log().contains("accounting cannot be applied").then_some(())
        })
        .await;
        database.come_back().await;
    };
    let (lines, ()) = tokio::join!(report(lines, &acknowledged, &stop), absence);
    assert!(stays(&lines).all(|stay| stay.acknowledged == REPORTS));
    city.settled().await;
    books.check(&city, stays(&lines)).await;
    city.stop().await;
}
