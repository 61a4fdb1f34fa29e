//! A disk fills up while access points report: what was acknowledged is there, the rest is not
//! acknowledged, and once there is room again all of it is there, once.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::city::{City, eventually};
use crate::disk::Disk;
use crate::reports::{Books, Line, REPORTS, STAYS, open_lines, report, stays};

/// Megabytes of a small disk, and of one that is large enough.
const SMALL: u32 = 24;
const LARGE: u32 = 256;
/// Octets that are free when the reports begin: less than all of them take.
const FREE: u64 = 200_000;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_journals_disk_is_full_nothing_more_is_acknowledged_and_then_all_is_there_once() {
    let city = City::plan(&["journal.min-free-octets = 0"]);
    let disk = Disk::mount(&city.data_dir().join("journal"), SMALL);
    let mut city = city.within(&disk.entrance());
    city.start().await;
    let url = format!("sqlite:{}", city.data_dir().join("sabeel.db").display());
    let books = Books::open(&city, url).await;
    let lines = open_lines(&city, &books).await;
    disk.fill(FREE);
    let lines = report_until_it_is_said(&city, lines, "accounting cannot be written down").await;
    city.settled().await;
    books.check(&city, stays(&lines)).await;
    disk.enlarge(LARGE);
    let lines = report_all(lines).await;
    city.settled().await;
    books.check(&city, stays(&lines)).await;
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_databases_disk_is_full_the_journal_keeps_what_is_acknowledged() {
    let Town { mut city, disk, books } = Town::with_a_full_database(&[]).await;
    let lines = open_lines(&city, &books).await;
    disk.fill(FREE);
    let lines = report_all(lines).await;
    is_said(&city, "will try again").await;
    disk.enlarge(LARGE);
    city.settled().await;
    let (books, _copy) = copy_of(&disk, books);
    books.check(&city, stays(&lines)).await;
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_of_a_database_that_acknowledges_is_full_nothing_more_is_acknowledged() {
    let settings = "journal.durability = \"database\"";
    let Town { mut city, disk, books } = Town::with_a_full_database(&[settings]).await;
    let lines = open_lines(&city, &books).await;
    disk.fill(FREE);
    let lines = report_until_it_is_said(&city, lines, "accounting.not-recorded").await;
    disk.enlarge(LARGE);
    city.settled().await;
    let (books, copy) = copy_of(&disk, books);
    books.check(&city, stays(&lines)).await;
    drop(copy);
    let lines = report_all(lines).await;
    city.settled().await;
    let (books, _copy) = copy_of(&disk, books);
    books.check(&city, stays(&lines)).await;
    city.stop().await;
}

/// A city whose database alone is on a small disk.
struct Town {
    city: City,
    disk: Disk,
    books: Books,
}

impl Town {
    async fn with_a_full_database(settings: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let url = url_in(place.path());
        let store = format!("store.url = \"{url}\"");
        let mut city = City::begin(&[&[store.as_str()], settings].concat()).await;
        let books = Books::open(&city, url).await;
        city.stop().await;
        // The disk covers the place, and gets what is there.
        let disk = Disk::mount(place.path(), SMALL);
        copy(place.path(), &disk.seen_from_outside());
        let mut city = city.within(&disk.entrance());
        city.start().await;
        Self { city, disk: disk.keeping(place), books }
    }
}

/// The books in a copy of the database, since SQLite finds no way to where the disk is seen.
fn copy_of(disk: &Disk, books: Books) -> (Books, TempDir) {
    let place = tempfile::tempdir().unwrap();
    copy(&disk.seen_from_outside(), place.path());
    (books.kept_in(url_in(place.path())), place)
}

fn copy(from: &Path, to: &Path) {
    for name in ["sabeel.db", "sabeel.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

fn url_in(place: &Path) -> String {
    format!("sqlite:{}", place.join("sabeel.db").display())
}

/// Reports until the server says that it cannot go on.
async fn report_until_it_is_said(city: &City, lines: Vec<Line>, words: &str) -> Vec<Line> {
    let stop = CancellationToken::new();
    let stopping = async {
        is_said(city, words).await;
        stop.cancel();
    };
    let acknowledged = Arc::new(Semaphore::new(0));
    let (lines, ()) = tokio::join!(report(lines, &acknowledged, &stop), stopping);
    let done: u32 = stays(&lines).map(|stay| stay.acknowledged).sum();
    assert!(u64::from(done) < u64::from(REPORTS) * STAYS, "the disk was not full");
    lines
}

async fn report_all(lines: Vec<Line>) -> Vec<Line> {
    let stop = CancellationToken::new();
    let lines = report(lines, &Arc::new(Semaphore::new(0)), &stop).await;
    assert!(stays(&lines).all(|stay| stay.acknowledged == REPORTS));
    lines
}

async fn is_said(city: &City, words: &str) {
    eventually(words, async || {
        tokio::task::yield_now().await;
        city.log().contains(words).then_some(())
    })
    .await;
}
