//! The monthly report: one page that needs nothing else, to be read on a screen and printed on A4, in
//! Arabic (right to left) or English.

mod page;
mod plot;
mod trend;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{Timestamp, Zone};
use link::Histogram;

use super::availability::Figures;
use super::span::{Span, Spans};

pub use page::{duration, percent, render};
pub use trend::trend;

/// What a report tells.
#[derive(Debug, Clone)]
pub struct Report {
    /// Whose links.
    pub city: String,
    /// By whose clocks.
    pub zone: Zone,
    /// Which month: [`Span::month`].
    pub month: Span,
    /// When it was made.
    pub made: Timestamp,
    /// The offices, each with its figures.
    pub offices: Vec<(String, Figures)>,
    /// What offices reach by them, each with its figures.
    pub services: Vec<(String, Figures)>,
    /// The lines.
    pub lines: Vec<LineReport>,
    /// What was down, in order.
    pub outages: Vec<OutageReport>,
    /// Exercises, in order.
    pub exercises: Vec<ExerciseReport>,
    /// The map of the links ([`super::map::svg`]), if it is to be in it.
    pub map: Option<String>,
}

/// What a report tells of a line.
#[derive(Debug, Clone)]
pub struct LineReport {
    /// Its name.
    pub name: String,
    /// Its availability.
    pub figures: Figures,
    /// How good it was, by day of the month from 1; days of which nothing is known are missing.
    pub days: BTreeMap<u32, DayQuality>,
    /// When people worked on it.
    pub maintenance: Spans,
    /// What it carried when it was filled, if it was.
    pub carried: Option<CarriedReport>,
}

/// What a line carried to the end when it was filled in the nights of a month: from an office to the far end,
/// and from there, in kbit/s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedReport {
    /// Which office.
    pub site: String,
    /// In how many nights, each from noon to noon.
    pub nights: usize,
    /// The last time.
    pub last: [u64; 2],
    /// Half of the times it was no more, in each direction by itself.
    pub median: [u64; 2],
    /// The least, in each direction by itself.
    pub lowest: [u64; 2],
}

/// How good a line was on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayQuality {
    /// Half of the round trips took no longer.
    pub median: Duration,
    /// 95 of 100.
    pub p95: Duration,
    /// 99 of 100.
    pub p99: Duration,
    /// The share of probes that were lost.
    pub loss: f64,
}

/// That a line was down.
#[derive(Debug, Clone)]
pub struct OutageReport {
    /// Which line.
    pub line: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when, if it is over.
    pub until: Option<Timestamp>,
    /// Why, as [`link::cause::Kind::as_str`].
    pub cause: String,
}

/// That an office used its backup as an exercise, or was to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExerciseReport {
    /// Which office.
    pub site: String,
    /// When it was over.
    pub at: Timestamp,
    /// The path that it went to, or would not leave.
    pub backup: String,
    /// `passed`, `failed` or `refused`.
    pub outcome: String,
    /// How it was, as its agent says.
    pub said: String,
}

impl CarriedReport {
    /// From what was carried when, in order; `None` if that was never.
    pub fn of(site: &str, runs: &[(Timestamp, [u64; 2])], zone: &Zone) -> Option<Self> {
        let (_, last) = *runs.last()?;
        let half_a_day = Duration::from_secs(12 * 3_600);
        let night =
            |(at, _): &(Timestamp, _)| zone.write(*at - half_a_day).get(..10).map(str::to_owned);
        let nights: BTreeSet<_> = runs.iter().filter_map(night).collect();
        let sorted = |direction: fn(&[u64; 2]) -> u64| {
            let mut rates: Vec<u64> = runs.iter().map(|(_, kbit)| direction(kbit)).collect();
            rates.sort_unstable();
            rates
        };
        let each = [sorted(|[there, _]| *there), sorted(|[_, back]| *back)];
        let of_each =
            |place: usize| each.each_ref().map(|rates| rates.get(place).copied().unwrap_or(0));
        Some(Self {
            site: site.to_owned(),
            nights: nights.len(),
            last,
            median: of_each((runs.len() - 1) / 2),
            lowest: of_each(0),
        })
    }
}

impl DayQuality {
    /// From the round trips of a day and what became of its probes; `None` if none came back.
    pub fn of(round_trips: &Histogram, sent: u64, lost: u64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a share of a plot")]
        let loss = if sent == 0 { 0.0 } else { lost as f64 / sent as f64 };
        Some(Self {
            median: round_trips.percentile(50)?,
            p95: round_trips.percentile(95)?,
            p99: round_trips.percentile(99)?,
            loss: loss.min(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_carried_is_told_of_each_direction_and_a_night_goes_from_noon_to_noon() {
        let zone = Zone::riyadh();
        let run = |time: &str, there, back| (time.parse::<Timestamp>().unwrap(), [there, back]);
        let runs = [
            run("2026-10-01T20:50:00Z", 8_000, 7_000),
            // The same night, after midnight.
            run("2026-10-01T23:10:00Z", 6_000, 9_000),
            run("2026-10-02T23:10:00Z", 7_000, 3_000),
            run("2026-10-04T23:10:00Z", 9_000, 8_000),
        ];
        let expected = CarriedReport {
            site: "hofuf".to_owned(),
            nights: 3,
            last: [9_000, 8_000],
            median: [7_000, 7_000],
            lowest: [6_000, 3_000],
        };
        assert_eq!(CarriedReport::of("hofuf", &runs, &zone), Some(expected));
        assert_eq!(CarriedReport::of("hofuf", &[], &zone), None);
    }
}
