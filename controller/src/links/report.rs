//! The monthly report: one page that needs nothing else, to be read on a screen and printed on A4, in
//! Arabic (right to left) or English.

mod page;
mod plot;
mod trend;

use std::collections::BTreeMap;
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
