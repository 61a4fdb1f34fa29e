//! What one path did in a span of time. Cells of spans that follow one another can be merged, and
//! percentiles of what was merged are still right.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Histogram, Second};

/// The most classes that a histogram can have, and no path ever fills.
const MOST_CLASSES: usize = 600;
const LONGEST_NAME: usize = 32;
const LONGEST_WORD: usize = 32;

/// What one path did in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cell {
    /// Its number in the log of the agent; 0 for one that was merged.
    #[serde(default)]
    pub number: u64,
    /// When the span begins, in milliseconds of Unix time by the clock of the router; a multiple of the
    /// span.
    pub begin: u64,
    /// How long it is, in seconds.
    pub span: u32,
    /// Whose path it is.
    pub site: String,
    /// What it is called.
    pub path: String,
    /// What was counted.
    #[serde(flatten)]
    pub tally: Tally,
    /// How the path was at the end of the span.
    pub health: String,
    /// Whether it would have carried the office then: `ready`, `stale` or `unfit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<String>,
    /// Its seconds in which the path was watched, in their order; none of a cell that was merged, or told by
    /// an agent of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seconds: Vec<OneSecond>,
}

/// What a path did in one second of a cell. It is written as a list, for there are many of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Listed", into = "Listed")]
pub struct OneSecond {
    /// Which of the span's seconds it is, from 0 on.
    pub place: u8,
    /// What was counted.
    pub tally: Tally,
}

/// The place, the counts in the order of [`Tally`], the shortest and the longest round trip, the classes, and
/// the jitter.
type Listed = (u8, [u32; 7], Option<(u64, u64)>, Vec<(u16, u64)>, u64);

/// What is counted in a span; those of several spans add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// Seconds in which the path was watched.
    pub watched: u32,
    /// Those of them in which packets passed.
    pub alive: u32,
    /// Those of them in which the office's traffic went by it.
    pub carried: u32,
    /// Probes of which it is known what became of them.
    pub sent: u32,
    /// Those that were lost.
    pub lost: u32,
    /// Those of which it is known that they were lost on their way there.
    pub lost_there: u32,
    /// Or on the way back.
    pub lost_back: u32,
    /// The shortest round trip in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_us: Option<u64>,
    /// The longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_us: Option<u64>,
    /// Round trips by the classes of [`Histogram`], in ascending order, each with its count.
    #[serde(default)]
    pub classes: Vec<(u16, u64)>,
    /// The largest difference from one round trip to the next in any second (RFC 3550 §6.4.1), in
    /// microseconds.
    #[serde(default)]
    pub jitter_us: u64,
}

/// Why a cell cannot be what a path did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// A name or word is none.
    #[error("a name is empty or too long")]
    Name,
    /// It begins where no span does, or its span is not of this kind.
    #[error("its span is none")]
    Span,
    /// Its seconds are not in their order, or of another span.
    #[error("its seconds are none of it")]
    Seconds,
    /// A part is more than the whole.
    #[error("a part is more than the whole")]
    Sum,
    /// The histogram is none.
    #[error("its classes are none")]
    Classes,
}

impl Tally {
    /// Counts a second.
    pub fn add(&mut self, second: &Second) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(second.sent);
        self.lost = self.lost.saturating_add(second.lost);
        self.jitter_us = self.jitter_us.max(micros(second.jitter));
        let mut round_trips = self.round_trips();
        round_trips.merge(&second.round_trips);
        self.keep(&round_trips);
    }

    /// Adds what was counted in another span.
    pub fn merge(&mut self, other: &Self) {
        for (own, theirs) in [
            (&mut self.watched, other.watched),
            (&mut self.alive, other.alive),
            (&mut self.carried, other.carried),
            (&mut self.sent, other.sent),
            (&mut self.lost, other.lost),
            (&mut self.lost_there, other.lost_there),
            (&mut self.lost_back, other.lost_back),
        ] {
            *own = own.saturating_add(theirs);
        }
        self.jitter_us = self.jitter_us.max(other.jitter_us);
        let mut round_trips = self.round_trips();
        round_trips.merge(&other.round_trips());
        self.keep(&round_trips);
    }

    /// The round trips.
    pub fn round_trips(&self) -> Histogram {
        let ends = self.least_us.zip(self.most_us);
        let ends =
            ends.map(|(least, most)| (Duration::from_micros(least), Duration::from_micros(most)));
        Histogram::of_classes(&self.classes, ends)
    }

    fn keep(&mut self, round_trips: &Histogram) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.least_us = round_trips.least().map(micros);
        self.most_us = round_trips.most().map(micros);
        self.classes = round_trips.classes().collect();
    }

    /// Whether it can be what happened in so many seconds.
    fn check(&self, span: u32) -> Result<(), CellError> {
        let is_part = |part: u32, whole: u32| part <= whole;
        let known = self.lost_there.checked_add(self.lost_back);
        // An agent that was busy looks twice at the turn of a second.
        let is_whole = is_part(self.watched, span.saturating_mul(2))
            && is_part(self.alive, self.watched)
            && is_part(self.carried, self.watched)
            && is_part(self.lost, self.sent)
            && known.is_some();
        if !is_whole {
            return Err(CellError::Sum);
        }
        let is_ascending = self.classes.windows(2).all(|pair| match pair {
            [(before, _), (after, _)] => before < after,
            _ => true,
        });
        let is_class = |(class, count): &(u16, u64)| {
            *class <= Histogram::LAST_CLASS && *count <= u32::MAX.into()
        };
        let has_ends = match (self.least_us, self.most_us) {
            (Some(least), Some(most)) => least <= most && !self.classes.is_empty(),
            (None, None) => self.classes.is_empty(),
            _ => false,
        };
        let is_known = self.classes.iter().all(is_class) && self.classes.len() <= MOST_CLASSES;
        if is_ascending && is_known && has_ends { Ok(()) } else { Err(CellError::Classes) }
    }
}

impl Cell {
    /// Whether a path can have done that in a span of so many seconds.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn check(&self, span: u32) -> Result<(), CellError> {
        let is_name = |name: &str, longest: usize| (1..=longest).contains(&name.len());
        let readiness = self.readiness.as_deref().unwrap_or("-");
        if ![&self.site, &self.path].into_iter().all(|name| is_name(name, LONGEST_NAME))
            || ![self.health.as_str(), readiness].iter().all(|word| is_name(word, LONGEST_WORD))
        {
            return Err(CellError::Name);
        }
        let millis = u64::from(span) * 1_000;
        if self.span != span || millis == 0 || !self.begin.is_multiple_of(millis) {
            return Err(CellError::Span);
        }
        let places = self.seconds.iter().map(|second| u32::from(second.place));
        if !places.clone().is_sorted_by(|one, next| one < next) || places.max() >= Some(span) {
            return Err(CellError::Seconds);
        }
        self.seconds.iter().try_for_each(|second| second.tally.check(1))?;
        self.tally.check(span)
    }

    /// Its seconds as cells of their own; how the path was is known of their end alone.
    pub fn by_the_second(self) -> impl Iterator<Item = Self> {
        let Self { begin, site, path, health, readiness, seconds, .. } = self;
        seconds.into_iter().map(move |OneSecond { place, tally }| Self {
            number: 0,
            begin: begin.saturating_add(u64::from(place) * 1_000),
            span: 1,
            site: site.clone(),
            path: path.clone(),
            tally,
            health: health.clone(),
            readiness: readiness.clone(),
            seconds: Vec::new(),
        })
    }
}

impl From<Listed> for OneSecond {
    fn from((place, counts, ends, classes, jitter_us): Listed) -> Self {
        let [watched, alive, carried, sent, lost, lost_there, lost_back] = counts;
        let (least_us, most_us) = ends.unzip();
        let tally = Tally {
            watched,
            alive,
            carried,
            sent,
            lost,
            lost_there,
            lost_back,
            least_us,
            most_us,
            classes,
            jitter_us,
        };
        Self { place, tally }
    }
}

impl From<OneSecond> for Listed {
    fn from(OneSecond { place, tally: of }: OneSecond) -> Self {
        let counts =
            [of.watched, of.alive, of.carried, of.sent, of.lost, of.lost_there, of.lost_back];
        (place, counts, of.least_us.zip(of.most_us), of.classes, of.jitter_us)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(times: &[u64], lost: u32) -> Second {
        let mut round_trips = Histogram::default();
        for time in times {
            round_trips.record(Duration::from_micros(*time));
        }
        let sent = u32::try_from(times.len()).unwrap() + lost;
        Second { sent, lost, round_trips, jitter: Duration::from_micros(7) }
    }

    fn cell() -> Cell {
        let mut tally = Tally { watched: 10, alive: 10, carried: 10, ..Tally::default() };
        tally.add(&second(&[1_000, 1_010, 3_000], 1));
        Cell {
            number: 4,
            begin: 1_795_000_000_000,
            span: FINE_SPAN,
            site: "hofuf".to_owned(),
            path: "fibre".to_owned(),
            tally,
            health: "up".to_owned(),
            readiness: None,
            seconds: Vec::new(),
        }
    }

    fn with_seconds() -> Cell {
        let of = |place: u8, times: &[u64], lost: u32| {
            let mut tally = Tally { watched: 1, alive: 1, carried: 1, ..Tally::default() };
            tally.add(&second(times, lost));
            OneSecond { place, tally }
        };
        Cell { seconds: vec![of(2, &[1_000, 1_010], 0), of(9, &[3_000], 1)], ..cell() }
    }

    use crate::report::FINE_SPAN;

    #[test]
    fn a_cell_is_one_line_and_read_as_it_was_written() {
        let line = serde_json::to_string(&cell()).unwrap();
        let expected = concat!(
            r#"{"number":4,"begin":1795000000000,"span":10,"site":"hofuf","path":"fibre","watched":10,"#,
            r#""alive":10,"carried":10,"sent":4,"lost":1,"lost-there":0,"lost-back":0,"least-us":1000,"#,
            r#""most-us":3000,"classes":[[111,2],[135,1]],"jitter-us":7,"health":"up"}"#,
        );
        assert_eq!(line, expected);
        assert_eq!(serde_json::from_str::<Cell>(&line).unwrap(), cell());
        let line = serde_json::to_string(&with_seconds()).unwrap();
        let seconds = concat!(
            r#","health":"up","seconds":[[2,[1,1,1,2,0,0,0],[1000,1010],[[111,2]],7],"#,
            r#"[9,[1,1,1,2,1,0,0],[3000,3000],[[135,1]],7]]}"#,
        );
        assert_eq!(line, expected.replace(r#","health":"up"}"#, seconds));
        assert_eq!(serde_json::from_str::<Cell>(&line).unwrap(), with_seconds());
    }

    #[test]
    fn a_cell_has_its_seconds_which_together_are_the_cell() {
        let cell = with_seconds();
        assert_eq!(cell.check(FINE_SPAN), Ok(()));
        let seconds: Vec<_> = cell.clone().by_the_second().collect();
        let begins: Vec<_> = seconds.iter().map(|of| (of.begin - cell.begin, of.span)).collect();
        assert_eq!(begins, [(2_000, 1), (9_000, 1)]);
        let mut sum = Tally::default();
        for second in &seconds {
            assert_eq!(second.check(1), Ok(()));
            sum.merge(&second.tally);
        }
        assert_eq!(sum.round_trips(), cell.tally.round_trips());
        assert_eq!((sum.sent, sum.lost), (cell.tally.sent, cell.tally.lost));
    }

    #[test]
    fn what_no_path_can_have_done_is_refused() {
        assert_eq!(cell().check(FINE_SPAN), Ok(()));
        type Spoil = fn(&mut Cell);
        let spoils: [(Spoil, CellError); 16] = [
            (|cell| cell.path.clear(), CellError::Name),
            (|cell| cell.site = "x".repeat(33), CellError::Name),
            (|cell| cell.health.clear(), CellError::Name),
            (|cell| cell.readiness = Some(String::new()), CellError::Name),
            (|cell| cell.begin += 1, CellError::Span),
            (|cell| cell.span = 60, CellError::Span),
            (|cell| cell.tally.watched = 21, CellError::Sum),
            (|cell| cell.tally.alive = 11, CellError::Sum),
            (|cell| cell.tally.lost = 5, CellError::Sum),
            (|cell| cell.tally.classes.reverse(), CellError::Classes),
            (|cell| cell.tally.classes[1].0 = u16::MAX, CellError::Classes),
            (|cell| cell.tally.least_us = None, CellError::Classes),
            (|cell| cell.tally.classes.clear(), CellError::Classes),
            (|cell| cell.seconds.reverse(), CellError::Seconds),
            (|cell| cell.seconds[1].place = 10, CellError::Seconds),
            (|cell| cell.seconds[0].tally.lost = 3, CellError::Sum),
        ];
        for (place, (spoil, error)) in spoils.into_iter().enumerate() {
            let mut spoiled = with_seconds();
            spoil(&mut spoiled);
            assert_eq!(spoiled.check(FINE_SPAN), Err(error), "of spoil {place}");
        }
    }

    proptest! {
        #[test]
        fn what_is_merged_is_as_if_counted_together(
            some in prop::collection::vec(0_u64..4_000_000_000, 0..30),
            others in prop::collection::vec(0_u64..4_000_000_000, 0..30)
        ) {
            let of = |times: &[u64]| {
                let mut tally = Tally::default();
                tally.add(&second(times, 1));
                tally
            };
            let mut merged = of(&some);
            merged.merge(&of(&others));
            let mut together = of(&some);
            together.add(&second(&others, 1));
            prop_assert_eq!(&merged, &together);
            let all = [some, others].concat();
            prop_assert_eq!(merged.round_trips(), second(&all, 0).round_trips);
        }
    }
}
