//! What agents tell of links: exactly once whatever is told again, and in spans that lose and double
//! nothing.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::*;
use link::report::{Cell, Epoch, Kind, Name, OneSecond, Tally};
use link::{Histogram, Second};
use store::testing::TestStore;
use store::{LinkBatch, LinkEvent, LinkEventsQuestion, LinkHistoryQuestion, LinkSpan, LinkTaken};

use crate::fixtures::*;

const OLD: Epoch = Epoch::new(1);
const NEW: Epoch = Epoch::new(2);
/// The beginning of a quarter of an hour.
const BEGIN: u64 = 1_795_597_200;
const MANY: NonZeroU32 = NonZeroU32::new(10_000).unwrap();

fn hofuf() -> Name {
    "hofuf".parse().unwrap()
}

fn batch(epoch: Epoch, first: u64) -> LinkBatch {
    LinkBatch { site: hofuf(), epoch, first, is_rest_gone: false, at: at(5) }
}

fn events(first: u64, count: u64) -> Vec<LinkEvent> {
    let event = |number: u64| LinkEvent {
        at: at(number),
        line: format!(r#"{{"number":{number},"what":"a \"later\" thing","of":"الهفوف"}}"#),
    };
    (first..first + count).map(event).collect()
}

async fn take(store: &TestStore, batch: &LinkBatch, count: u64) -> LinkTaken {
    store.take_link_events(batch, &events(batch.first, count)).await.unwrap()
}

/// The numbers of the events that are kept, in their order, and that positions go up by one.
async fn kept(store: &TestStore) -> Vec<u64> {
    let told = store.list_link_events(&hofuf(), 0, MANY).await.unwrap();
    let positions: Vec<_> = told.iter().map(|told| told.position).collect();
    assert_eq!(positions, (1..=told.len() as u64).collect::<Vec<_>>());
    told.iter().map(|told| (told.event.at.as_secs() - T0.as_secs()).try_into().unwrap()).collect()
}

pub async fn events_are_kept_once_however_often_they_are_told(store: TestStore) {
    for (first, count, last) in [(1, 3, 3), (1, 3, 3), (2, 4, 5), (1, 1, 5), (6, 1, 6)] {
        let taken = take(&store, &batch(OLD, first), count).await;
        assert_eq!(taken, LinkTaken::UpTo(last), "{count} from {first} on");
    }
    assert_eq!(kept(&store).await, [1, 2, 3, 4, 5, 6]);
    let position = store.find_link_position(&hofuf(), Kind::Events, OLD, at(9)).await.unwrap();
    assert_eq!(position, 6);
    let told = store.list_link_events(&hofuf(), 4, MANY).await.unwrap();
    assert_eq!(told.iter().map(|told| told.position).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(told[0].event, events(5, 1)[0]);
    let sites = store.list_link_sites().await.unwrap();
    assert_eq!(sites[0].events, 6);
    let two = NonZeroU32::new(2).unwrap();
    assert_eq!(store.list_last_link_events(&hofuf(), two).await.unwrap(), told);
}

pub async fn events_are_found_by_a_word_and_when_they_happened(store: TestStore) {
    let lines = [
        r#"{"what":"bulk"}"#,
        r#"{"what":"path","why":"it is \"bulk\" of it"}"#,
        r#"{ "what" : "bulk" }"#,
        r#"{"what":"bulky"}"#,
        r#"{"what":"bulk","path":"radio"}"#,
    ];
    let event = |(number, line): (u64, &str)| LinkEvent { at: at(number), line: line.to_owned() };
    let events: Vec<_> = (1..).zip(lines).map(event).collect();
    store.take_link_events(&batch(OLD, 1), &events).await.unwrap();
    let elsewhere = LinkBatch { site: "abha".parse().unwrap(), ..batch(OLD, 1) };
    store.take_link_events(&elsewhere, &events).await.unwrap();
    for (from, until, most, expected) in [
        (0, 9, 9, &[1, 3, 5][..]),
        (1, 5, 9, &[1, 3]),
        (2, 6, 9, &[3, 5]),
        (0, 9, 2, &[3, 5]),
        (6, 9, 9, &[]),
    ] {
        let question = LinkEventsQuestion {
            site: hofuf(),
            word: "bulk".parse().unwrap(),
            from: at(from),
            until: at(until),
            most: NonZeroU32::new(most).unwrap(),
        };
        let found = store.list_link_events_with(&question).await.unwrap();
        let positions: Vec<_> = found.iter().map(|found| found.position).collect();
        assert_eq!(positions, expected, "{most} from {from} until {until}");
        assert!(found.iter().all(|found| events.contains(&found.event)));
    }
}

pub async fn events_that_are_told_at_the_same_time_are_kept_once(store: TestStore) {
    let telling = (0..8_u64).map(|of| {
        let store = store.shared();
        tokio::spawn(async move {
            for first in 1..=20 {
                let batch = batch(OLD, first);
                store.take_link_events(&batch, &events(first, 1 + of % 3)).await.unwrap();
            }
        })
    });
    for told in telling.collect::<Vec<_>>() {
        told.await.unwrap();
    }
    assert_eq!(kept(&store).await, (1..=22).collect::<Vec<_>>());
}

pub async fn a_gap_is_refused_unless_the_rest_is_gone(store: TestStore) {
    assert_eq!(take(&store, &batch(OLD, 2), 1).await, LinkTaken::Gap(0));
    assert_eq!(take(&store, &batch(OLD, 1), 2).await, LinkTaken::UpTo(2));
    assert_eq!(take(&store, &batch(OLD, 5), 2).await, LinkTaken::Gap(2));
    assert_eq!(kept(&store).await, [1, 2]);
    let gone = LinkBatch { is_rest_gone: true, ..batch(OLD, 5) };
    for _ in 0..2 {
        assert_eq!(take(&store, &gone, 2).await, LinkTaken::UpTo(6));
    }
    assert_eq!(kept(&store).await, [1, 2, 5, 6]);
    let sites = store.list_link_sites().await.unwrap();
    assert_eq!(sites[0].missing, 2, "3 and 4 will never come");
}

pub async fn a_log_that_begins_anew_is_another_and_the_former_goes_on_where_it_was(
    store: TestStore,
) {
    take(&store, &batch(OLD, 1), 3).await;
    assert_eq!(take(&store, &batch(NEW, 1), 2).await, LinkTaken::UpTo(2));
    assert_eq!(kept(&store).await, [1, 2, 3, 1, 2]);
    assert_eq!(take(&store, &batch(OLD, 3), 2).await, LinkTaken::UpTo(4));
    assert_eq!(kept(&store).await, [1, 2, 3, 1, 2, 4]);
    let cells = store.find_link_position(&hofuf(), Kind::Cells, NEW, at(9)).await.unwrap();
    assert_eq!(cells, 0, "cells are numbered by themselves");
    let beginning_is_gone = LinkBatch { is_rest_gone: true, ..batch(Epoch::new(3), 7) };
    assert_eq!(take(&store, &beginning_is_gone, 1).await, LinkTaken::UpTo(7));
    let sites = store.list_link_sites().await.unwrap();
    assert_eq!(sites[0].missing, 0, "nobody knows what came before");
}

pub async fn a_site_is_known_from_when_it_is_heard_and_as_it_told_last(store: TestStore) {
    store.note_link_state(&hofuf(), r#"{"mode":"primary"}"#, at(10)).await.unwrap();
    store.find_link_position(&"abha".parse().unwrap(), Kind::Cells, OLD, at(20)).await.unwrap();
    store.note_link_state(&hofuf(), r#"{"mode":"on-backup"}"#, at(30)).await.unwrap();
    take(&store, &batch(OLD, 1), 1).await;
    let [abha, hofuf] = &store.list_link_sites().await.unwrap()[..] else {
        panic!("there are two")
    };
    assert_eq!((abha.name.as_str(), abha.seen_at, &abha.state), ("abha", at(20), &None));
    assert_eq!((hofuf.first_seen_at, hofuf.seen_at), (at(10), at(30)), "no clock goes back");
    assert_eq!(hofuf.state, Some((r#"{"mode":"on-backup"}"#.to_owned(), at(30))));
    assert_eq!(store.prune_link_sites(at(30)).await.unwrap(), 1);
    assert_eq!(store.list_link_sites().await.unwrap().len(), 1);
    assert_eq!(store.prune_link_events(at(5)).await.unwrap(), 0);
    assert_eq!(store.prune_link_events(at(6)).await.unwrap(), 1);
}

/// What a path did in the ten seconds of that number, of which each took so many milliseconds.
fn cell(number: u64, path: &str, round_trip: u64) -> Cell {
    let mut round_trips = Histogram::default();
    for _ in 0..50 {
        round_trips.record(Duration::from_millis(round_trip));
    }
    let mut tally = Tally { watched: 10, alive: 9, carried: 8, lost_there: 1, ..Tally::default() };
    let jitter = Duration::from_millis(round_trip);
    tally.add(&Second { sent: 52, lost: 2, round_trips, jitter });
    Cell {
        number: 0,
        begin: (BEGIN + (number - 1) * 10) * 1_000,
        span: 10,
        site: "hofuf".to_owned(),
        path: path.to_owned(),
        tally,
        health: if number.is_multiple_of(6) { "down" } else { "up" }.to_owned(),
        readiness: number.is_multiple_of(6).then(|| "ready".to_owned()),
        seconds: Vec::new(),
    }
}

/// The same with what it did in these seconds of it.
fn told_by_the_second(number: u64, path: &str, places: &[u8]) -> Cell {
    let of = |place: u8| {
        let mut round_trips = Histogram::default();
        round_trips.record(Duration::from_millis(place.into()));
        let mut tally = Tally { watched: 1, alive: 1, ..Tally::default() };
        let jitter = Duration::from_millis(number);
        tally.add(&Second { sent: 5, lost: u32::from(place) / 2, round_trips, jitter });
        OneSecond { place, tally }
    };
    Cell { seconds: places.iter().map(|place| of(*place)).collect(), ..cell(number, path, 9) }
}

pub async fn seconds_are_kept_beside_their_spans_and_for_a_shorter_time(store: TestStore) {
    let all: Vec<u8> = (0..10).collect();
    let cells = [
        told_by_the_second(1, "fibre", &all),
        told_by_the_second(2, "fibre", &[0, 7, 8]),
        // As an agent of an earlier version tells it.
        cell(3, "fibre", 9),
        told_by_the_second(4, "radio", &[9]),
        // A clock was set back.
        told_by_the_second(2, "fibre", &[4, 7]),
    ];
    store.take_link_cells(&batch(OLD, 1), &cells, MANY).await.unwrap();
    let asked = async |path: &str, from: u64, until: u64, most: u32| {
        let at = |seconds: u64| Timestamp::from_secs((BEGIN + seconds).try_into().unwrap());
        let (from, until, most) = (at(from), at(until), NonZeroU32::new(most).unwrap());
        let question =
            LinkHistoryQuestion { from, until, most, ..question(path, LinkSpan::Second) };
        store.list_link_history(&question).await.unwrap()
    };
    let begins = |cells: &[Cell]| {
        cells.iter().map(|of| (of.begin / 1_000 - BEGIN, of.tally.sent)).collect::<Vec<_>>()
    };
    let whole = asked("", 0, 3_600, 100).await;
    let expected: Vec<_> = (0..=10).map(|second| (second, 5)).collect();
    let expected = [&expected[..], &[(14, 5), (17, 10), (18, 5), (39, 5)]].concat();
    assert_eq!(begins(&whole), expected);
    assert!(whole.iter().all(|of| of.span == 1 && of.check(1) == Ok(())));
    let first: Vec<_> = whole[..10].iter().map(|of| &of.tally).collect();
    assert_eq!(first, cells[0].seconds.iter().map(|of| &of.tally).collect::<Vec<_>>());
    assert_eq!((whole[14].path.as_str(), whole[14].health.as_str()), ("radio", "up"));
    assert_eq!(
        begins(&asked("fibre", 8, 18, 100).await),
        [(8, 5), (9, 5), (10, 5), (14, 5), (17, 10)]
    );
    assert_eq!(begins(&asked("fibre", 0, 3_600, 3).await), [(0, 5), (1, 5), (2, 5)]);
    assert_eq!(history(&store, "fibre", LinkSpan::Fine).await.len(), 3, "beside their spans");
    store.merge_link_cells(&hofuf(), MANY).await.unwrap();
    let later = Timestamp::from_secs((BEGIN + 20).try_into().unwrap());
    for gone in [2, 1, 0] {
        let two = NonZeroU32::new(2).unwrap();
        assert_eq!(store.prune_link_history(LinkSpan::Second, later, two).await.unwrap(), gone);
    }
    assert_eq!(begins(&asked("", 0, 3_600, 100).await), [(39, 5)]);
    assert_eq!(history(&store, "fibre", LinkSpan::Fine).await.len(), 3);
}

fn question(path: &str, span: LinkSpan) -> LinkHistoryQuestion {
    LinkHistoryQuestion {
        site: hofuf(),
        path: (!path.is_empty()).then(|| path.parse().unwrap()),
        span,
        from: Timestamp::from_secs(BEGIN.try_into().unwrap()),
        until: Timestamp::from_secs((BEGIN + 86_400).try_into().unwrap()),
        most: MANY,
    }
}

async fn history(store: &TestStore, path: &str, span: LinkSpan) -> Vec<Cell> {
    store.list_link_history(&question(path, span)).await.unwrap()
}

/// What cells say together.
fn sum<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Tally {
    let mut sum = Tally::default();
    for cell in cells {
        sum.merge(&cell.tally);
    }
    sum
}

pub async fn longer_spans_lose_and_double_nothing(store: TestStore) {
    let cells: Vec<_> = (1..=200).map(|number| cell(number, "fibre", number)).collect();
    let few = NonZeroU32::new(7).unwrap();
    let mut merged = 0;
    // In batches that are told twice, and added up in between.
    for (first, part) in (1..).step_by(15).zip(cells.chunks(15)) {
        for _ in 0..2 {
            store.take_link_cells(&batch(OLD, first), part, MANY).await.unwrap();
        }
        merged += store.merge_link_cells(&hofuf(), few).await.unwrap();
    }
    while store.merge_link_cells(&hofuf(), few).await.unwrap() > 0 {}
    assert!(merged < 200, "some waited for a later round");
    assert_eq!(history(&store, "fibre", LinkSpan::Fine).await, cells);
    let minutes = history(&store, "fibre", LinkSpan::Minute).await;
    assert_eq!(minutes.len(), 34);
    assert_eq!(minutes[0].tally, sum(&cells[..6]));
    assert_eq!(
        (minutes[0].health.as_str(), minutes[0].readiness.as_deref()),
        ("down", Some("ready"))
    );
    assert_eq!((minutes[33].health.as_str(), &minutes[33].readiness), ("up", &None));
    let quarters = history(&store, "", LinkSpan::Quarter).await;
    let ends: Vec<_> = quarters.iter().map(|cell| cell.begin / 1_000 - BEGIN).collect();
    assert_eq!(ends, [0, 900, 1_800]);
    assert_eq!(quarters[0].tally, sum(&cells[..90]));
    assert_eq!(sum(&quarters), sum(&cells));
    assert_eq!(sum(&minutes), sum(&cells));
    assert_eq!(
        sum(&cells).round_trips().percentile(50),
        sum(&quarters).round_trips().percentile(50)
    );
    let other = history(&store, "radio", LinkSpan::Minute).await;
    assert_eq!(other, []);
}

pub async fn spans_that_are_added_up_by_two_at_once_are_right(store: TestStore) {
    let cells: Vec<_> = (1..=120).map(|number| cell(number, "fibre", 3)).collect();
    store.take_link_cells(&batch(OLD, 1), &cells, MANY).await.unwrap();
    let adding = (0..4).map(|_| {
        let store = store.shared();
        tokio::spawn(async move {
            let few = NonZeroU32::new(11).unwrap();
            while store.merge_link_cells(&hofuf(), few).await.unwrap() > 0 {}
        })
    });
    for added in adding.collect::<Vec<_>>() {
        added.await.unwrap();
    }
    assert_eq!(sum(&history(&store, "fibre", LinkSpan::Minute).await), sum(&cells));
    assert_eq!(sum(&history(&store, "fibre", LinkSpan::Quarter).await), sum(&cells));
}

pub async fn what_comes_when_its_neighbours_are_gone_is_added_up_all_the_same(store: TestStore) {
    let cells: Vec<_> = (1..=6).map(|number| cell(number, "fibre", number)).collect();
    store.take_link_cells(&batch(OLD, 1), &cells[..3], MANY).await.unwrap();
    let later = Timestamp::from_secs((BEGIN + 3_600).try_into().unwrap());
    let gone = store.prune_link_history(LinkSpan::Fine, later, MANY).await.unwrap();
    assert_eq!(gone, 0, "what is in no longer span yet stays");
    assert_eq!(store.merge_link_cells(&hofuf(), MANY).await.unwrap(), 3);
    let two = NonZeroU32::new(2).unwrap();
    for left in [2, 1, 0] {
        let gone = store.prune_link_history(LinkSpan::Fine, later, two).await.unwrap();
        assert_eq!(gone, left, "no more at a time than asked for");
    }
    store.take_link_cells(&batch(OLD, 4), &cells[3..], MANY).await.unwrap();
    store.merge_link_cells(&hofuf(), MANY).await.unwrap();
    let minutes = history(&store, "fibre", LinkSpan::Minute).await;
    assert_eq!((minutes.len(), &minutes[0].tally), (1, &sum(&cells)));
    assert_eq!(store.prune_link_history(LinkSpan::Minute, later, MANY).await.unwrap(), 1);
    assert_eq!(history(&store, "fibre", LinkSpan::Minute).await, []);
    assert_eq!(history(&store, "fibre", LinkSpan::Quarter).await.len(), 1);
    assert_eq!(store.prune_link_history(LinkSpan::Quarter, later, MANY).await.unwrap(), 1);
}

pub async fn a_router_whose_clock_was_set_back_has_a_span_once(store: TestStore) {
    let cells = [cell(1, "fibre", 1), cell(1, "fibre", 9), cell(2, "fibre", 1)];
    store.take_link_cells(&batch(OLD, 1), &cells, MANY).await.unwrap();
    let fine = history(&store, "fibre", LinkSpan::Fine).await;
    assert_eq!((fine.len(), &fine[0].tally), (2, &sum(&cells[..2])));
    store.merge_link_cells(&hofuf(), MANY).await.unwrap();
    assert_eq!(sum(&history(&store, "fibre", LinkSpan::Minute).await), sum(&cells));
}

pub async fn a_site_has_no_more_paths_than_it_may_and_what_it_has_goes_on(store: TestStore) {
    let two = NonZeroU32::new(2).unwrap();
    let cells = [cell(1, "fibre", 1), cell(1, "radio", 1), cell(2, "fibre", 1), cell(2, "lte", 1)];
    let too_many = LinkTaken::TooManyPaths("lte".to_owned());
    assert_eq!(store.take_link_cells(&batch(OLD, 1), &cells, two).await.unwrap(), too_many);
    let position = store.find_link_position(&hofuf(), Kind::Cells, OLD, at(9)).await.unwrap();
    assert_eq!(position, 0, "nothing of it is taken, so all of it can be told again");
    let taken = store.take_link_cells(&batch(OLD, 1), &cells[..2], two).await.unwrap();
    assert_eq!(taken, LinkTaken::UpTo(2));
    while store.merge_link_cells(&hofuf(), MANY).await.unwrap() > 0 {}
    let after_a_week = at(7 * 86_400 + 3_600);
    assert_eq!(store.prune_link_history(LinkSpan::Fine, after_a_week, MANY).await.unwrap(), 2);
    for (part, taken) in [(2..4, too_many.clone()), (2..3, LinkTaken::UpTo(3))] {
        let told = store.take_link_cells(&batch(OLD, 3), &cells[part], two).await.unwrap();
        assert_eq!(told, taken, "what is in the longer spans counts");
    }
    let one = NonZeroU32::MIN;
    let again = [cell(3, "radio", 1)];
    let taken = store.take_link_cells(&batch(OLD, 4), &again, one).await.unwrap();
    assert_eq!(taken, LinkTaken::UpTo(4), "a lower limit stops nothing that is there");
    let elsewhere = LinkBatch { site: "abha".parse().unwrap(), ..batch(OLD, 1) };
    let taken = store.take_link_cells(&elsewhere, &cells[3..], one).await.unwrap();
    assert_eq!(taken, LinkTaken::UpTo(1), "each site has its own");
    let taken = store.take_link_cells(&batch(OLD, 5), &cells[3..], MANY).await.unwrap();
    assert_eq!(taken, LinkTaken::UpTo(5), "what was refused is taken once it may be");
}
