//! SQLite on a disk without room, in a process of its own: the limit on the size of a file stands
//! in for the disk's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::{AccountingEvent, AccountingRecord, Timestamp};
use store::testing::TestStore;
use store::{ApplyOutcome, JournalPosition, StoreError};

/// Lets no file of this process grow beyond `octets`; a write beyond fails as on a full disk.
fn limit_files(octets: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: octets, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: plain calls; the limit lives through the call, and ignoring a signal runs no code.
    let done = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

async fn apply(store: &TestStore, offset: u64) -> Result<ApplyOutcome, StoreError> {
    let record = AccountingRecord {
        nas: "gate".parse().unwrap(),
        occurred_at: Timestamp::from_secs(1),
        received_at: Timestamp::from_secs(1),
        event: AccountingEvent::NasStarted,
    };
    store.apply("journal", &[record], JournalPosition { segment: 1, offset }).await
}

#[tokio::test]
async fn a_full_disk_is_forgotten_once_there_is_room() {
    let store = store::testing::sqlite().await;
    apply(&store, 1).await.unwrap();
    limit_files(1);
    assert!(apply(&store, 2).await.is_err());
    assert!(apply(&store, 2).await.is_err());
    limit_files(libc::RLIM_INFINITY);
    apply(&store, 2).await.unwrap();
    let until = store.applied_until("journal").await.unwrap();
    assert_eq!(until, JournalPosition { segment: 1, offset: 2 });
}
