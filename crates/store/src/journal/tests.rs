use std::io::Write;
use std::path::PathBuf;

use domain::{
    AccountingEvent, MacAddress, NasName, SessionId, SessionIdentification, SessionReport, Speed,
    Timestamp, Usage,
};

use super::*;
use crate::Wanted;

fn record(number: u8) -> AccountingRecord {
    let at = Timestamp::from_secs(1_795_597_200);
    AccountingRecord {
        nas: "gate".parse::<NasName>().unwrap(),
        occurred_at: at,
        received_at: at,
        event: AccountingEvent::Started(SessionReport {
            session: SessionId::from_bytes([number; 16]),
            acct_session_id: format!("s{number}"),
            device: MacAddress::new([2, 0, 0, 0, 0, number]),
            user_name: "visitor".into(),
            address: None,
            grant: None,
            usage: Usage::default(),
            identification: SessionIdentification::default(),
            speed: Speed::Full,
        }),
    }
}

fn all(journal: &Journal) -> (Vec<AccountingRecord>, u64) {
    let mut position = JournalPosition::default();
    let (mut records, mut damaged) = (Vec::new(), 0);
    while position < journal.end() {
        let stretch = journal.read_from(position, 3).unwrap();
        assert!(stretch.next > position, "reading goes on");
        records.extend(stretch.records);
        damaged += stretch.damaged;
        position = stretch.next;
    }
    (records, damaged)
}

fn only_segment(dir: &Path) -> PathBuf {
    segment::path(dir, 1)
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings::default();
    let journal = Journal::open(dir.path(), &settings).unwrap();
    let id = journal.id();
    for number in 1..=10 {
        journal.append(vec![record(number), record(number + 100)]).await.unwrap();
    }
    let before = all(&journal);
    drop(journal);
    let journal = Journal::open(dir.path(), &settings).unwrap();
    assert_eq!(journal.id(), id);
    assert_eq!(all(&journal), before);
    assert_eq!(before.0.len(), 20);
    assert_eq!(before.1, 0);
}

#[tokio::test]
async fn a_record_cut_off_by_a_crash_is_removed_and_the_rest_stays() {
    for cut in [1, 5, 20] {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
        journal.append(vec![record(1), record(2), record(3)]).await.unwrap();
        drop(journal);
        let path = only_segment(dir.path());
        let length = fs::metadata(&path).unwrap().len();
        shorten(&path, length - cut);
        let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
        journal.append(vec![record(4)]).await.unwrap();
        assert_eq!(all(&journal), (vec![record(1), record(2), record(4)], 0), "{cut} octets cut");
    }
}

/// Shortens a file as a crash does.
fn shorten(path: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[tokio::test]
async fn a_flipped_bit_costs_one_record_and_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    journal.append(vec![record(1), record(2), record(3)]).await.unwrap();
    drop(journal);
    let path = only_segment(dir.path());
    let mut octets = fs::read(&path).unwrap();
    let middle = octets.len() / 2;
    octets[middle] ^= 0x10;
    fs::File::create(&path).unwrap().write_all(&octets).unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    assert_eq!(all(&journal), (vec![record(1), record(3)], 1));
}

#[tokio::test]
async fn a_full_segment_is_followed_by_the_next_and_removed_once_applied() {
    let dir = tempfile::tempdir().unwrap();
    let settings =
        JournalSettings { segment_octets: 1_000_000, keep_days: 0, ..JournalSettings::default() };
    let journal = Journal::open(dir.path(), &settings).unwrap();
    let batch: Vec<_> = (0..10_000).map(|_| record(7)).collect();
    for _ in 0..3 {
        journal.append(batch.clone()).await.unwrap();
    }
    assert!(journal.end().segment > 1, "{:?}", journal.end());
    let mut position = JournalPosition::default();
    let mut count = 0;
    while position < journal.end() {
        let stretch = journal.read_from(position, 8_192).unwrap();
        count += stretch.records.len();
        position = stretch.next;
    }
    assert_eq!(count, 30_000);
    journal.remove_applied(position).unwrap();
    assert_eq!(segment::list(dir.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_search_opens_only_files_that_can_match_and_what_they_are_about_goes_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings {
        segment_octets: 1_000_000,
        keep_days: 0,
        min_free_octets: 0,
        ..JournalSettings::default()
    };
    let journal = Journal::open(dir.path(), &settings).unwrap();
    for device in [1, 2] {
        journal.append((0..10_000).map(|_| record(device)).collect()).await.unwrap();
    }
    assert_eq!(journal.end().segment, 2);
    let archive = Archive::new(dir.path());
    let search = |device| {
        let wanted =
            Wanted { devices: vec![MacAddress::new([2, 0, 0, 0, 0, device])], ..Wanted::default() };
        let mut found = 0;
        let begin = Timestamp::from_millis(0);
        let searched = archive.search(&wanted, begin, u64::MAX, |_| found += 1).unwrap();
        (found, searched.files, searched.passed_over)
    };
    assert_eq!(search(2), (10_000, 2, 0), "what is not indexed is read");
    index(journal.dir(), 1, None).unwrap();
    assert_eq!(search(2), (10_000, 1, 1));
    assert_eq!(search(1), (10_000, 2, 0));
    assert!(index(journal.dir(), 7, None).is_err());
    journal.remove_applied(journal.end()).unwrap();
    assert_eq!(search(1), (0, 1, 0));
    assert!(!segment::filter_path(&segment::path(dir.path(), 1)).exists());
}

#[tokio::test]
async fn a_damaged_length_costs_one_record_and_never_the_end_of_the_journal() {
    for octet in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
        journal.append(vec![record(1)]).await.unwrap();
        let second = usize::try_from(journal.end().offset).unwrap();
        journal.append(vec![record(2), record(3), record(4)]).await.unwrap();
        drop(journal);
        let path = only_segment(dir.path());
        let mut octets = fs::read(&path).unwrap();
        octets[second + octet] ^= 0x20;
        fs::write(&path, &octets).unwrap();
        let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
        assert_eq!(all(&journal), (vec![record(1), record(3), record(4)], 1), "octet {octet}");
    }
}

#[tokio::test]
async fn a_journal_belongs_to_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings::default();
    let journal = Journal::open(dir.path(), &settings).unwrap();
    let second = Journal::open(dir.path(), &settings);
    assert!(matches!(second, Err(JournalError::InUse { .. })), "{second:?}");
    journal.append(vec![record(1)]).await.unwrap();
    drop(journal);
    assert_eq!(all(&Journal::open(dir.path(), &settings).unwrap()), (vec![record(1)], 0));
}

#[tokio::test]
async fn a_damaged_stretch_longer_than_a_window_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    journal.append(vec![record(1)]).await.unwrap();
    let end = usize::try_from(journal.end().offset).unwrap();
    drop(journal);
    let path = only_segment(dir.path());
    let sound = fs::read(&path).unwrap();
    let zeros = vec![0; 9 * 1024 * 1024];
    fs::write(&path, [&sound[..], &zeros, &sound[..end]].concat()).unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    let (records, damaged) = all(&journal);
    assert_eq!(records, vec![record(1), record(1)]);
    assert!(damaged > 0);
}

#[tokio::test]
async fn a_full_journal_refuses_whole_appends_until_the_database_has_caught_up() {
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings {
        segment_octets: 1_000_000,
        max_octets: 2_500_000,
        min_free_octets: 0,
        ..JournalSettings::default()
    };
    let journal = Journal::open(dir.path(), &settings).unwrap();
    let batch = || vec![record(1); 1_000];
    let mut appended = 0;
    while journal.append(batch()).await.is_ok() {
        appended += 1_000;
        assert!(appended < 1_000_000, "the journal never got full");
    }
    assert_eq!(all(&journal).0.len(), appended);
    journal.applied(JournalPosition { segment: 2, offset: 0 });
    journal.append(batch()).await.unwrap();
    let segments = segment::list(dir.path()).unwrap();
    assert_eq!(segments.first().map(|(number, _)| *number), Some(2), "the first is applied whole");
}

#[tokio::test]
async fn a_disk_without_the_room_that_is_to_stay_free_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings { min_free_octets: u64::MAX / 2, ..JournalSettings::default() };
    let journal = Journal::open(dir.path(), &settings).unwrap();
    assert!(matches!(journal.append(vec![record(1)]).await, Err(JournalError::Disk { .. })));
    assert_eq!(all(&journal).0, []);
}

#[tokio::test]
async fn what_must_be_in_the_database_is_acknowledged_once_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let settings =
        JournalSettings { durability: Durability::Database, ..JournalSettings::default() };
    let mut journal = Journal::open(dir.path(), &settings).unwrap();
    let writer = journal.clone();
    let begin = journal.end();
    let append = tokio::spawn(async move { writer.append(vec![record(1)]).await });
    assert!(journal.wait_beyond(begin).await);
    assert!(!append.is_finished());
    journal.applied(journal.end());
    append.await.unwrap().unwrap();

    let (writer, before) = (journal.clone(), journal.end());
    let append = tokio::spawn(async move { writer.append(vec![record(2)]).await });
    assert!(journal.wait_beyond(before).await);
    journal.applying_failed();
    assert!(matches!(append.await.unwrap(), Err(JournalError::DatabaseAway)));
    let end = journal.end();
    assert!(matches!(journal.append(vec![record(3)]).await, Err(JournalError::DatabaseAway)));
    assert_eq!(journal.end(), end, "nothing piles up while the database is away");
    journal.applied(end);
    let writer = journal.clone();
    let append = tokio::spawn(async move { writer.append(vec![record(3)]).await });
    assert!(journal.wait_beyond(end).await);
    journal.applied(journal.end());
    append.await.unwrap().unwrap();
}

#[tokio::test]
async fn damage_is_found_beside_the_writer_and_an_unfinished_end_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), &JournalSettings::default()).unwrap();
    journal.append(vec![record(1)]).await.unwrap();
    let second = journal.end().offset;
    journal.append(vec![record(2), record(3)]).await.unwrap();
    let end = journal.end().offset;
    let archive = Archive::new(dir.path());
    let report = |records, damaged_at: &[u64], unfinished| SegmentReport {
        number: 1,
        octets: end + unfinished,
        records,
        damaged_at: damaged_at.to_vec(),
        unfinished,
    };
    assert_eq!(archive.verify(1).unwrap(), report(3, &[], 0));
    let mut octets = fs::read(only_segment(dir.path())).unwrap();
    octets.extend([7, 0, 0]);
    fs::write(only_segment(dir.path()), &octets).unwrap();
    assert_eq!(archive.verify(1).unwrap(), report(3, &[], 3));
    octets[usize::try_from(second).unwrap() + 12] ^= 1;
    fs::write(only_segment(dir.path()), &octets).unwrap();
    assert_eq!(archive.verify(1).unwrap(), report(2, &[second], 3));
    let mut names = Vec::new();
    archive
        .read(JournalPosition::default(), |record| {
            names.push(record);
            Ok::<(), JournalError>(())
        })
        .unwrap();
    assert_eq!(names, [record(1), record(3)]);
}
