//! Clocks of agents that jump: they are told of, and what they jumped over is not counted.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::links::span::Span;

/// By how many milliseconds a clock may be corrected without being told of.
const TOLERATED: i64 = 5_000;

/// That the clock of an agent jumped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClockStep {
    /// What it showed before.
    pub at: Timestamp,
    /// Of which site.
    pub site: String,
    /// By how many milliseconds it was put forward; back if negative.
    pub by: i64,
}

/// Something that an agent told, by its clock and by that of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When, by the clock of the agent.
    pub at: Timestamp,
    /// When the centre had it, if the agent told it at once; `None` if it came later with others.
    pub heard: Option<Timestamp>,
}

impl ClockStep {
    /// The time that never was, if the clock was put forward.
    pub fn jumped(&self) -> Option<Span> {
        let until = Timestamp::from_millis(self.at.as_millis().saturating_add(self.by));
        (self.by > 0).then(|| Span::new(self.at, until))
    }
}

/// Whether the clock of an agent jumped between two things that it numbered one after the other. That it
/// was put back is always seen; that it was put forward is, if the agent told both at once.
pub fn clock_step(site: &str, before: Sample, after: Sample) -> Option<ClockStep> {
    let own = after.at.as_millis().saturating_sub(before.at.as_millis());
    let by = match before.heard.zip(after.heard) {
        Some((first, second)) => {
            let real = second.as_millis().saturating_sub(first.as_millis());
            own.saturating_sub(real)
        }
        None => own.min(0),
    };
    (by.abs() > TOLERATED).then(|| ClockStep { at: before.at, site: site.to_owned(), by })
}
