//! A journal on a disk without room, in a process of its own: the limit on the size of a file
//! stands in for the disk's.

use domain::{AccountingEvent, AccountingRecord, Timestamp};
use store::{Journal, JournalPosition, JournalSettings};

fn record(number: i64) -> AccountingRecord {
    AccountingRecord {
        nas: "gate".parse().expect("a name"),
        occurred_at: Timestamp::from_millis(number),
        received_at: Timestamp::from_millis(number),
        event: AccountingEvent::NasStarted,
    }
}

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

fn numbers(journal: &Journal) -> Vec<i64> {
    let mut position = JournalPosition::default();
    let mut numbers = Vec::new();
    while position < journal.end() {
        let stretch = journal.read_from(position, 1_000).expect("a journal");
        numbers.extend(stretch.records.iter().map(|record| record.occurred_at.as_millis()));
        assert_eq!(stretch.damaged, 0);
        position = stretch.next;
    }
    numbers
}

#[tokio::test]
async fn a_full_disk_refuses_whole_appends_and_is_forgotten_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    limit_files(20_000);
    let batch = |first: i64| (first..first + 100).map(record).collect::<Vec<_>>();
    let mut written = 0;
    while journal.append(batch(written)).await.is_ok() {
        written += 100;
        assert!(written < 10_000, "the disk never got full");
    }
    assert!(written > 0);
    let length = std::fs::metadata(dir.path().join("0000000000000001.journal")).unwrap().len();
    assert_eq!(length, journal.end().offset, "nothing of the failed append stays");
    journal.append(vec![record(-1)]).await.unwrap();
    limit_files(libc::RLIM_INFINITY);
    journal.append(batch(written)).await.unwrap();
    let expected: Vec<_> = (0..written).chain([-1]).chain(written..written + 100).collect();
    assert_eq!(numbers(&journal), expected);
    drop(journal);
    let again = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    assert_eq!(numbers(&again), expected);
}
