//! Counts what each path does, in spans of ten seconds by the clock, and writes it down for the centre:
//! on a thread of its own, to which the thread that watches hands a [`Sample`] each second without
//! waiting.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use link::report::{Cell, FINE_SPAN, OneSecond, Tally};
use link::{Health, Readiness, Second};
use tokio::sync::Notify;

use super::event::Words;
use super::numbered::NumberedLog;

/// Cells that the disk may be behind: an hour of eight paths.
const MOST_WAITING: usize = 2_880;
const SPAN_MILLIS: u64 = FINE_SPAN as u64 * 1_000;

/// What all paths did in a second.
#[derive(Debug)]
pub(super) struct Sample {
    /// When it was over, in milliseconds of Unix time.
    pub(super) at: u64,
    /// Each path, in their order.
    pub(super) paths: Vec<PathSample>,
}

/// What one path did in a second.
#[derive(Debug)]
pub(super) struct PathSample {
    pub(super) second: Second,
    pub(super) losses: Losses,
    pub(super) health: Health,
    /// Whether it would carry the office, if that is tried.
    pub(super) readiness: Option<Readiness>,
    pub(super) is_alive: bool,
    pub(super) is_used: bool,
}

/// What became known of the directions of losses, also of earlier ones.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Losses {
    pub(super) there: u64,
    pub(super) back: u64,
    /// Answers that came after all.
    pub(super) late: u32,
}

/// Cells that are being filled.
#[derive(Debug)]
pub(super) struct Cells {
    words: Words,
    begin: u64,
    open: Vec<Open>,
}

#[derive(Debug, Default)]
struct Open {
    tally: Tally,
    late: u32,
    seconds: Vec<OneSecond>,
    health: Option<Health>,
    readiness: Option<Readiness>,
}

impl Cells {
    pub(super) const fn new(words: Words) -> Self {
        Self { words, begin: 0, open: Vec::new() }
    }

    /// Counts a second; the cells of the span before, if this is the first of another.
    pub(super) fn take(&mut self, sample: &Sample) -> Vec<Cell> {
        // The second that ends with a span belongs to it.
        let begin = sample.at.saturating_sub(1) / SPAN_MILLIS * SPAN_MILLIS;
        let done = if begin == self.begin { Vec::new() } else { self.close() };
        self.begin = begin;
        self.open.resize_with(sample.paths.len(), Open::default);
        let place = sample.at.saturating_sub(1).saturating_sub(begin) / 1_000;
        let place = u8::try_from(place).unwrap_or(u8::MAX);
        for (open, path) in self.open.iter_mut().zip(&sample.paths) {
            open.add(path, place);
        }
        done
    }

    /// What was counted of a span that may not be over.
    pub(super) fn close(&mut self) -> Vec<Cell> {
        let paths = self.words.paths.iter().zip(std::mem::take(&mut self.open));
        let watched = paths.filter(|(_, open)| open.tally.watched > 0);
        let cell = |(path, open): (&String, Open)| Cell {
            number: 0,
            begin: self.begin,
            span: FINE_SPAN,
            site: self.words.site.clone(),
            path: path.clone(),
            tally: open.settled(),
            health: open.health.map(|health| health.to_string()).unwrap_or_default(),
            readiness: open.readiness.map(|readiness| word(readiness).to_owned()),
            seconds: open.seconds,
        };
        watched.map(cell).collect()
    }
}

impl Open {
    fn add(&mut self, path: &PathSample, place: u8) {
        let few = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let mut second = Tally {
            watched: 1,
            alive: u32::from(path.is_alive),
            carried: u32::from(path.is_used),
            lost_there: few(path.losses.there),
            lost_back: few(path.losses.back),
            ..Tally::default()
        };
        second.add(&path.second);
        self.tally.merge(&second);
        self.late += path.losses.late;
        match self.seconds.binary_search_by_key(&place, |of| of.place) {
            // Who is busy looks twice at the turn of a second. What comes more often is of a clock that was
            // set back, and the same second no more.
            Ok(at) => {
                let same = self.seconds.get_mut(at).filter(|of| of.tally.watched < 2);
                if let Some(same) = same {
                    same.tally.merge(&second);
                }
            }
            Err(at) => self.seconds.insert(at, OneSecond { place, tally: second }),
        }
        self.forgive(path.losses.late);
        (self.health, self.readiness) = (Some(path.health), path.readiness);
    }

    /// Takes losses back that were none, of the latest seconds first.
    fn forgive(&mut self, mut late: u32) {
        for OneSecond { tally, .. } in self.seconds.iter_mut().rev() {
            let here = late.min(tally.lost);
            tally.lost -= here;
            tally.lost_back = tally.lost_back.saturating_sub(here);
            late -= here;
        }
    }

    /// What came after all was no loss.
    fn settled(&self) -> Tally {
        let mut tally = self.tally.clone();
        tally.lost = tally.lost.saturating_sub(self.late);
        tally.lost_back = tally.lost_back.saturating_sub(self.late);
        tally
    }
}

const fn word(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "ready",
        Readiness::Stale => "stale",
        Readiness::Unfit => "unfit",
    }
}

/// Writes cells down as they are done, until nobody sends any more; tells when there are new ones. On a
/// disk that is full they are kept and tried again with the next ones.
pub(super) fn write(
    mut log: NumberedLog,
    mut cells: Cells,
    samples: &Receiver<Sample>,
    written: &Arc<Notify>,
) {
    let mut waiting = Vec::new();
    while let Ok(sample) = samples.recv() {
        waiting.extend(cells.take(&sample));
        keep(&mut log, &mut waiting, written);
    }
    waiting.extend(cells.close());
    keep(&mut log, &mut waiting, written);
}

fn keep(log: &mut NumberedLog, waiting: &mut Vec<Cell>, written: &Notify) {
    if waiting.is_empty() {
        return;
    }
    match log.append(waiting) {
        Ok(()) => {
            waiting.clear();
            written.notify_one();
        }
        Err(error) => {
            tracing::error!(%error, waiting = waiting.len(), "links.cells cannot be written");
            let excess = waiting.len().saturating_sub(MOST_WAITING);
            waiting.drain(..excess);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use link::Histogram;

    use super::*;
    use crate::links::settings::SwitchMode;

    fn words() -> Words {
        Words {
            site: "hofuf".to_owned(),
            paths: vec!["fibre".to_owned(), "radio".to_owned()],
            mode: SwitchMode::Switch,
        }
    }

    fn path(sent: u32, lost: u32, losses: Losses) -> PathSample {
        let mut round_trips = Histogram::default();
        for _ in lost..sent {
            round_trips.record(Duration::from_millis(2));
        }
        PathSample {
            second: Second { sent, lost, round_trips, jitter: Duration::ZERO },
            losses,
            health: Health::Up,
            readiness: Some(Readiness::Ready),
            is_alive: true,
            is_used: lost == 0,
        }
    }

    fn sample(at: u64) -> Sample {
        let losses = Losses { there: 1, back: 1, late: 0 };
        let paths = vec![path(5, 0, Losses::default()), path(5, 2, losses)];
        Sample { at, paths }
    }

    #[test]
    fn ten_seconds_are_a_cell_of_each_path() {
        let mut cells = Cells::new(words());
        for second in 1..=10 {
            assert_eq!(cells.take(&sample(1_000_000 + second * 1_000)), []);
        }
        let done = cells.take(&sample(1_011_000));
        let [fibre, radio] = &done[..] else { panic!("there are two: {done:?}") };
        assert_eq!((fibre.begin, fibre.span, fibre.path.as_str()), (1_000_000, 10, "fibre"));
        assert_eq!((fibre.tally.watched, fibre.tally.carried, fibre.tally.sent), (10, 10, 50));
        assert_eq!((radio.tally.alive, radio.tally.carried, radio.tally.lost), (10, 0, 20));
        assert_eq!((radio.tally.lost_there, radio.tally.lost_back), (10, 10));
        assert_eq!(radio.tally.round_trips().len(), 30);
        assert_eq!((radio.health.as_str(), radio.readiness.as_deref()), ("up", Some("ready")));
        for cell in &done {
            assert_eq!(cell.check(FINE_SPAN), Ok(()));
            let places: Vec<_> = cell.seconds.iter().map(|second| second.place).collect();
            assert_eq!(places, (0..10).collect::<Vec<_>>());
            let mut sum = Tally::default();
            cell.seconds.iter().for_each(|second| sum.merge(&second.tally));
            assert_eq!(sum, cell.tally);
        }
    }

    #[test]
    fn a_second_at_which_a_busy_agent_looks_twice_is_one_and_one_at_which_it_did_not_is_none() {
        let mut cells = Cells::new(words());
        for at in [1_003_000, 1_003_900, 1_004_000, 1_009_001] {
            cells.take(&sample(at));
        }
        let fibre = &cells.close()[0];
        let seconds: Vec<_> =
            fibre.seconds.iter().map(|second| (second.place, second.tally.watched)).collect();
        assert_eq!(seconds, [(2, 1), (3, 2), (9, 1)]);
        assert_eq!(fibre.check(FINE_SPAN), Ok(()));
        // Set back by some seconds, twice.
        for at in [1_006_000, 1_007_000, 1_006_000, 1_007_000, 1_006_000, 1_007_000, 1_008_000] {
            cells.take(&sample(at));
        }
        let fibre = &cells.close()[0];
        let seconds: Vec<_> =
            fibre.seconds.iter().map(|second| (second.place, second.tally.watched)).collect();
        assert_eq!((seconds, fibre.tally.watched), (vec![(5, 2), (6, 2), (7, 1)], 7));
        assert_eq!(fibre.check(FINE_SPAN), Ok(()));
    }

    #[test]
    fn what_came_after_all_was_no_loss() {
        let mut cells = Cells::new(words());
        let there = path(0, 0, Losses::default());
        let losses = Losses { there: 0, back: 2, late: 0 };
        cells.take(&Sample { at: 1_000, paths: vec![there, path(5, 2, losses)] });
        let late = Losses { there: 0, back: 0, late: 1 };
        let paths = vec![path(0, 0, Losses::default()), path(5, 0, late)];
        cells.take(&Sample { at: 2_000, paths });
        let radio = cells.close().pop().unwrap();
        assert_eq!((radio.tally.lost, radio.tally.lost_back), (1, 1));
        let seconds: Vec<_> = radio.seconds.iter().map(|second| second.tally.lost).collect();
        assert_eq!(seconds, [1, 0]);
    }

    #[test]
    fn a_clock_that_is_set_back_or_forward_ends_a_cell() {
        let mut cells = Cells::new(words());
        for (at, done) in [(55_000, 0), (21_000, 2), (900_000, 2)] {
            assert_eq!(cells.take(&sample(at)).len(), done, "at {at}");
        }
        assert_eq!(cells.close()[0].begin, 890_000);
        assert_eq!(cells.close(), []);
    }
}
