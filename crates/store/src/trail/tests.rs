//! Bounds, torn ends, filters and retention.

use std::fs;
use std::time::{Duration, SystemTime};

use domain::{AccountId, GrantId, MacAddress, Timestamp};

use super::*;
use crate::JournalPosition;

/// Long before any file is written.
const NOW: i64 = 1_000_000_000_000;

fn device(number: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, number])
}

fn settings() -> TrailSettings {
    TrailSettings { min_free_octets: 0, ..TrailSettings::default() }
}

fn note(trail: &Trail, number: u8, millis: i64) {
    let at = Timestamp::from_millis(NOW + millis);
    let what = TrailKind::Rejected { rule: "rejected-no-grant", renews: None };
    let event =
        TrailEvent { nas: Some("gate"), device: Some(device(number)), ..TrailEvent::new(at, what) };
    trail.note(&event);
}

/// The offsets in time of what is found about a device, with how the search went.
fn found(archive: &TrailArchive, number: u8, since: i64) -> (Vec<i64>, Searched) {
    let wanted = Wanted { devices: vec![device(number)], ..Wanted::default() };
    let mut times = Vec::new();
    let searched = archive
        .search(&wanted, Timestamp::from_millis(NOW + since), u64::MAX, |event| {
            times.push(event.at.as_millis() - NOW);
        })
        .unwrap();
    (times, searched)
}

fn followed(archive: &TrailArchive, from: JournalPosition) -> (Vec<i64>, JournalPosition) {
    let mut times = Vec::new();
    let (next, _) = archive.follow(from, |event| times.push(event.at.as_millis() - NOW)).unwrap();
    (times, next)
}

#[test]
fn what_is_noted_is_found_by_device_and_followed_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let archive = TrailArchive::new(dir.path());
    assert!(found(&archive, 1, 0).0.is_empty());
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    let begin = archive.end().unwrap();
    for number in 0..10 {
        note(&trail, number % 2, number.into());
    }
    drop(trail);
    assert_eq!(found(&archive, 1, 4).0, [5, 7, 9]);
    let (times, next) = followed(&archive, begin);
    assert_eq!(times, (0..10).collect::<Vec<_>>());
    assert_eq!(followed(&archive, next), (vec![], next));
    // Who follows goes on in the next file.
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    note(&trail, 1, 10);
    drop(trail);
    assert_eq!(followed(&archive, next).0, [10]);
    let metadata = fs::metadata(files::path(dir.path(), 1)).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
}

#[test]
fn a_finished_file_is_opened_only_if_its_filter_allows() {
    let dir = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        let trail = Trail::open(dir.path(), &settings()).unwrap();
        note(&trail, number, number.into());
    }
    // The last one is finished by the next start.
    drop(Trail::open(dir.path(), &settings()).unwrap());
    let archive = TrailArchive::new(dir.path());
    let (times, searched) = found(&archive, 2, 0);
    assert_eq!((times, searched.passed_over), (vec![2], 2));
    // A filter that is damaged is no filter.
    fs::write(files::filter_path(&files::path(dir.path(), 1)), "damage").unwrap();
    let (times, searched) = found(&archive, 2, 0);
    assert_eq!((times, searched.passed_over, searched.is_whole), (vec![2], 1, true));
}

#[test]
fn a_torn_end_and_damage_cost_what_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    (0..3).for_each(|number| note(&trail, 1, number));
    drop(trail);
    let path = files::path(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    let archive = TrailArchive::new(dir.path());
    for cut in whole.len() / 3 * 2..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(found(&archive, 1, 0).0, [0, 1], "{cut}");
    }
    for flipped in 0..whole.len() / 3 {
        let mut damaged = whole.clone();
        damaged[flipped] ^= 0x55;
        fs::write(&path, &damaged).unwrap();
        let times = found(&archive, 1, 0).0;
        assert!(times.ends_with(&[2]), "{flipped}: {times:?}");
    }
    // The next run begins a file of its own behind a torn one.
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    note(&trail, 1, 3);
    drop(trail);
    assert_eq!(followed(&archive, JournalPosition::default()).0, [0, 1, 3]);
}

#[test]
fn memory_is_bounded_and_what_is_missing_is_said() {
    let gathering =
        Arc::new(Gathering { state: Mutex::default(), changed: Condvar::new(), most: 1_000 });
    // Nobody writes.
    let thread = WriterThread { gathering: Arc::clone(&gathering), running: None };
    let trail =
        Trail { dir: PathBuf::new(), gathering: Arc::clone(&gathering), _thread: Arc::new(thread) };
    (0..1_000).for_each(|number| note(&trail, 1, number));
    trail.leave_out();
    let waiting = gathering.lock();
    assert!(waiting.octets.len() < 1_000 + 200, "{}", waiting.octets.len());
    assert_eq!(waiting.events + waiting.counts.overflowed, 1_000);
    assert!(waiting.counts.overflowed > 900);
    drop(waiting);

    let dir = tempfile::tempdir().unwrap();
    Writer::open(dir.path(), &settings()).unwrap().run({
        gathering.lock().is_closed = true;
        &gathering
    });
    let mut gaps = Vec::new();
    TrailArchive::new(dir.path())
        .follow(JournalPosition::default(), |event| {
            if let TrailKind::NotKept { overflowed, limited } = event.what {
                gaps.push((overflowed, limited));
            }
        })
        .unwrap();
    let counts = trail.counts();
    assert_eq!(gaps, [(counts.overflowed, 1)]);
    assert_eq!(counts.written + counts.overflowed, 1_000);
}

#[test]
fn days_octets_and_the_free_disk_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let numbers = || {
        let listed = files::list(dir.path()).unwrap();
        listed.into_iter().map(|segment| segment.number).collect::<Vec<_>>()
    };
    let past = |number: u64, days: u64| {
        let path = files::path(dir.path(), number);
        let file = fs::File::options().append(true).create(true).open(path).unwrap();
        file.set_len(9_000_000).unwrap();
        let age = Duration::from_secs(days * 86_400);
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    past(1, 31);
    past(2, 29);
    past(3, 1);
    drop(Trail::open(dir.path(), &settings()).unwrap());
    assert_eq!(numbers(), [2, 3, 4]);
    // The newest file always has room.
    drop(Trail::open(dir.path(), &TrailSettings { max_octets: 30_000_000, ..settings() }).unwrap());
    assert_eq!(numbers(), [3, 4]);
    // A disk that is too full takes the old files back, and is said to be full.
    let full = TrailSettings { min_free_octets: u64::MAX, ..settings() };
    let trail = Trail::open(dir.path(), &full).unwrap();
    note(&trail, 1, 0);
    drop(trail);
    assert_eq!(numbers(), [4]);
    let archive = TrailArchive::new(dir.path());
    assert!(found(&archive, 1, 0).0.is_empty());
}

/// Who owned device 1 until `millis`.
fn person(millis: i64) -> Erasure {
    Erasure {
        erased_at: Timestamp::from_millis(NOW + millis),
        account: AccountId::from_bytes([8; 16]),
        grants: vec![GrantId::from_bytes([7; 16])],
        devices: vec![device(1)],
    }
}

/// Whether any file in `dir` has these octets.
fn is_in_a_file(dir: &Path, octets: &[u8]) -> bool {
    let files = fs::read_dir(dir).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|file| file.windows(octets.len()).any(|window| window == octets))
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_and_others_stay_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let archive = TrailArchive::new(dir.path());
    let what = TrailKind::Rejected { rule: "rejected-used-up", renews: None };
    let whole = |number: u8, millis| TrailEvent {
        nas: Some("gate"),
        device: Some(device(1)),
        account: Some(AccountId::from_bytes([number; 16])),
        grant: Some(GrantId::from_bytes([number - 1; 16])),
        ..TrailEvent::new(Timestamp::from_millis(NOW + millis), what)
    };
    // One file is finished, one is being written.
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    (0..4).for_each(|number| note(&trail, 1 + number % 2, number.into()));
    trail.note(&whole(8, 4));
    drop(trail);
    let finished = files::path(dir.path(), 1);
    let old = SystemTime::now() - Duration::from_secs(86_400);
    fs::File::options().append(true).open(&finished).unwrap().set_modified(old).unwrap();
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    let begin = JournalPosition { segment: 1, offset: 0 };
    note(&trail, 1, 5);
    note(&trail, 2, 6);

    assert_eq!(trail.erase(vec![person(5)]).await.unwrap(), 4);
    assert!(!is_in_a_file(dir.path(), &device(1).octets()));
    assert!(!is_in_a_file(dir.path(), &[8; 16]) && !is_in_a_file(dir.path(), &[7; 16]));
    assert_eq!(fs::metadata(&finished).unwrap().modified().unwrap(), old);
    let (times, next) = followed(&archive, begin);
    assert_eq!(times, [1, 3, 6]);
    // It goes on in the same file; a device that is somebody else's later stays theirs.
    note(&trail, 1, 6);
    trail.note(&whole(3, 2));
    note(&trail, 2, 7);
    assert_eq!(trail.erase(vec![person(5)]).await.unwrap(), 0);
    assert_eq!(followed(&archive, next).0, [6, 2, 7]);
    drop(trail);
    let (found, searched) = found(&archive, 1, 0);
    assert_eq!((found, searched.passed_over), (vec![6, 2], 1));
}

#[tokio::test]
async fn what_a_crash_has_left_of_a_person_goes_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    (0..3).for_each(|number| note(&trail, number % 2, number.into()));
    drop(trail);
    let path = files::path(dir.path(), 1);
    let octets = fs::read(&path).unwrap();
    // Half an event, and a file that was being written anew.
    note_half(&path, &octets);
    fs::write(path.with_extension("anew"), &octets).unwrap();
    let trail = Trail::open(dir.path(), &settings()).unwrap();
    assert_eq!(trail.erase(vec![person(5)]).await.unwrap(), 1);
    assert!(!is_in_a_file(dir.path(), &device(1).octets()));
    assert!(is_in_a_file(dir.path(), &device(0).octets()));
}

/// Appends the event of device 1, without its last octet.
fn note_half(path: &Path, octets: &[u8]) {
    let event = &octets[octets.len() / 3..octets.len() / 3 * 2 - 1];
    fs::write(path, [octets, event].concat()).unwrap();
}
