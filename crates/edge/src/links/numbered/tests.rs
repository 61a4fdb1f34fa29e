use std::ops::RangeInclusive;

use tempfile::TempDir;

use super::*;

const EXTENT: Extent = Extent { largest: 16 * 1_024 * 1_024, former: 1 };

fn down() -> Event {
    Event {
        number: 0,
        at: 1_500,
        site: "hofuf".to_owned(),
        what: "path".to_owned(),
        path: Some("fibre".to_owned()),
        target: None,
        from: Some("up".to_owned()),
        to: Some("down".to_owned()),
        why: None,
        code: None,
        routes: None,
        clamped: None,
        took_us: None,
        carried_kbit: None,
        dry_run: false,
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap().number).collect()
}

fn numbers_in(path: &Path) -> Vec<u64> {
    numbers(&fs::read_to_string(path).unwrap())
}

fn place() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("links.jsonl");
    (dir, path)
}

/// Ten events, three of them in each file but the newest.
fn ten(path: &Path, former: u8) -> NumberedLog {
    let mut log = NumberedLog::open(path, Extent { largest: 230, former }).unwrap();
    for _ in 0..10 {
        log.append(&mut [down()]).unwrap();
    }
    log
}

fn told(batch: &Batch) -> Vec<u64> {
    let numbers = numbers(std::str::from_utf8(&batch.octets).unwrap());
    assert_eq!(numbers.len() as u64, batch.count);
    assert_eq!(numbers.first().copied().unwrap_or_default(), batch.first);
    assert!(numbers.is_empty() || numbers.last() == Some(&batch.last()));
    numbers
}

/// All that can be read after a number.
fn all_after(tail: &mut Tail, mut after: u64) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let batch = tail.read(after).unwrap();
        if batch.count == 0 {
            return all;
        }
        after = batch.last();
        all.extend(told(&batch));
    }
}

fn up_to(range: RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn numbers_go_on_after_a_restart_and_half_a_line_is_cut_off() {
    let (_dir, path) = place();
    let mut log = NumberedLog::open(&path, EXTENT).unwrap();
    log.append(&mut [down(), down()]).unwrap();
    drop(log);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"number\":3,\"at\":15").unwrap();
    let mut log = NumberedLog::open(&path, EXTENT).unwrap();
    let mut events = [down()];
    log.append(&mut events).unwrap();
    assert_eq!(events[0].number, 3);
    assert_eq!(numbers_in(&path), [1, 2, 3]);
}

#[test]
fn a_large_file_makes_room_for_the_next_and_numbers_go_on() {
    let (_dir, path) = place();
    ten(&path, 2);
    assert_eq!(numbers_in(&path), [10]);
    assert_eq!(numbers_in(&former(&path, 1)), [7, 8, 9]);
    assert_eq!(numbers_in(&former(&path, 2)), [4, 5, 6]);
    assert!(!former(&path, 3).exists());
    fs::write(&path, b"").unwrap();
    let log = NumberedLog::open(&path, EXTENT).unwrap();
    assert_eq!(log.next, 10, "the former file is read, too");
}

#[test]
fn a_full_disk_leaves_no_half_line_and_no_gap() {
    let (_dir, path) = place();
    let mut log = NumberedLog::open(&path, EXTENT).unwrap();
    let next = log.next;
    log.file = OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
    assert!(log.append(&mut [down()]).is_err());
    assert_eq!(log.next, next);
}

#[test]
fn all_files_are_read_in_order_and_what_comes_meanwhile() {
    let (_dir, path) = place();
    let mut log = ten(&path, 9);
    let mut tail = Tail::new(&path, 9);
    assert_eq!(all_after(&mut tail, 0), up_to(1..=10));
    assert_eq!(all_after(&mut tail, 10), [0; 0]);
    for _ in 0..7 {
        log.append(&mut [down()]).unwrap();
    }
    assert_eq!(all_after(&mut tail, 10), up_to(11..=17), "over two files that were begun");
    assert_eq!(all_after(&mut tail, 5), up_to(6..=17), "whoever wants it has it again");
    assert_eq!(all_after(&mut Tail::new(&path, 9), 12), up_to(13..=17));
}

#[test]
fn what_comes_into_a_file_before_the_next_is_begun_is_not_passed_over() {
    let (_dir, path) = place();
    let mut log = NumberedLog::open(&path, Extent { largest: 230, former: 3 }).unwrap();
    let mut tail = Tail::new(&path, 3);
    log.append(&mut [down()]).unwrap();
    assert_eq!(told(&tail.read(0).unwrap()), [1]);
    for _ in 0..3 {
        log.append(&mut [down()]).unwrap();
    }
    assert!(former(&path, 1).exists());
    assert_eq!(all_after(&mut tail, 1), [2, 3, 4]);
}

#[test]
fn a_reader_that_was_left_behind_goes_on_with_what_is_there() {
    let (_dir, path) = place();
    let mut log = ten(&path, 1);
    let mut tail = Tail::new(&path, 1);
    let batch = tail.read(2).unwrap();
    assert_eq!((batch.first, batch.last()), (7, 10), "3 to 6 are gone");
    for _ in 0..20 {
        log.append(&mut [down()]).unwrap();
    }
    let rest = all_after(&mut tail, 10);
    assert!(rest.is_sorted_by(|one, next| one < next), "{rest:?}");
    assert_eq!(rest.last(), Some(&30));
    assert!(rest.len() < 20, "some are gone: {rest:?}");
}

#[test]
fn a_line_that_cannot_be_read_ends_a_batch_and_hinders_nothing() {
    let (_dir, path) = place();
    let mut log = NumberedLog::open(&path, EXTENT).unwrap();
    log.append(&mut [down(), down()]).unwrap();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"\x00\xffgarbage\n").unwrap();
    log.next += 1;
    log.append(&mut [down()]).unwrap();
    file.write_all(b"{\"number\":5,").unwrap();
    let mut tail = Tail::new(&path, 1);
    assert_eq!(told(&tail.read(0).unwrap()), [1, 2]);
    assert_eq!(told(&tail.read(2).unwrap()), [4]);
    assert_eq!(tail.read(4).unwrap().count, 0, "the fifth is being written");
    file.write_all(b"\"at\":1}\n").unwrap();
    assert_eq!(tail.read(4).unwrap().first, 5);
}

#[test]
fn a_batch_has_a_most_of_lines() {
    let (_dir, path) = place();
    let mut log = NumberedLog::open(&path, EXTENT).unwrap();
    log.append(&mut vec![down(); 1_200]).unwrap();
    let mut tail = Tail::new(&path, 1);
    for (after, last) in [(0, 500), (500, 1_000), (1_000, 1_200)] {
        let batch = tail.read(after).unwrap();
        assert_eq!((batch.first, batch.last()), (after + 1, last));
    }
    let mut batch = tail.read(1_190).unwrap();
    batch.drop_until(1_195);
    assert_eq!(told(&batch), up_to(1_196..=1_200));
    batch.keep_before(1_198);
    assert_eq!(told(&batch), [1_196, 1_197]);
    batch.drop_until(2_000);
    assert_eq!((batch.count, batch.octets.len()), (0, 0));
}

#[test]
fn a_log_without_lines_is_of_another_epoch_and_one_with_lines_keeps_its_own() {
    let (_dir, path) = place();
    let mut log = NumberedLog::open(&path, EXTENT).unwrap();
    let first = Told::open(&path).unwrap();
    assert_eq!(Told::open(&path).unwrap(), first);
    log.append(&mut [down()]).unwrap();
    drop(log);
    NumberedLog::open(&path, EXTENT).unwrap();
    assert_eq!(Told::open(&path).unwrap(), first);
    let later = Told::begin(&path, 1).unwrap();
    assert!(later.epoch != first.epoch);
    assert_eq!(Told::open(&path).unwrap(), later);
    fs::remove_file(&path).unwrap();
    NumberedLog::open(&path, EXTENT).unwrap();
    let of_new_disk = Told::open(&path).unwrap();
    assert!(of_new_disk.epoch != later.epoch && of_new_disk.after == 0);
    fs::write(beside(&path, "epoch"), "nonsense").unwrap();
    assert!(Told::open(&path).unwrap().epoch != of_new_disk.epoch);
}
