//! Sums of a period; those of periods that follow one another add up.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::ClockStep;
use crate::links::span::{Span, Spans};

/// What a line or an office was in a period. The first five add up to the period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Figures {
    /// In maintenance, which is not counted.
    pub excluded: Duration,
    /// Down.
    pub down: Duration,
    /// Neither known to be up nor to be down.
    pub unknown: Duration,
    /// Up.
    pub up: Duration,
    /// Before it was watched, or still to come.
    pub unwatched: Duration,
    /// The downtime, by cause.
    pub by_cause: BTreeMap<String, Duration>,
    /// Outages that began.
    pub outages: u32,
    /// Outages that ended.
    pub repaired: u32,
    /// How long those that ended had lasted altogether, also before the period.
    pub repair_time: Duration,
    /// For how long the office went by another line than the preferred one.
    pub on_backup: Duration,
    /// For how long of what is known a backup was proven.
    pub proven: Duration,
    /// Where clocks jumped.
    pub clock_steps: Vec<ClockStep>,
}

impl Figures {
    /// The share of the time that counts in which it was up; `None` if none counts.
    pub fn availability(&self) -> Option<f64> {
        share(self.up, self.up + self.down)
    }

    /// The share of the time that counts in which a backup was proven.
    pub fn readiness(&self) -> Option<f64> {
        share(self.proven, self.up + self.down)
    }

    /// The mean time to repair.
    pub fn mttr(&self) -> Option<Duration> {
        self.repair_time.checked_div(self.repaired)
    }

    /// The mean time between failures: up, by outages that began.
    pub fn mtbf(&self) -> Option<Duration> {
        self.up.checked_div(self.outages)
    }

    /// Together with those of the period that follows.
    #[must_use]
    pub fn and_then(mut self, next: &Self) -> Self {
        for (own, theirs) in [
            (&mut self.excluded, next.excluded),
            (&mut self.down, next.down),
            (&mut self.unknown, next.unknown),
            (&mut self.up, next.up),
            (&mut self.unwatched, next.unwatched),
            (&mut self.repair_time, next.repair_time),
            (&mut self.on_backup, next.on_backup),
            (&mut self.proven, next.proven),
        ] {
            *own += theirs;
        }
        for (cause, down) in &next.by_cause {
            *self.by_cause.entry(cause.clone()).or_default() += *down;
        }
        self.outages += next.outages;
        self.repaired += next.repaired;
        self.clock_steps.extend(next.clock_steps.iter().cloned());
        self
    }

    /// Counts outages, each of which is the spans of its downtime, where they begin and end.
    pub(super) fn count_outages(&mut self, outages: &[Spans], period: Span, now: Timestamp) {
        for downtime in outages {
            let (Some(first), Some(last)) = (downtime.iter().next(), downtime.iter().next_back())
            else {
                continue;
            };
            if period.contains(first.from) {
                self.outages += 1;
            }
            // One that goes on was not repaired.
            if last.until < now && period.from < last.until && last.until <= period.until {
                self.repaired += 1;
                self.repair_time += downtime.length();
            }
        }
    }
}

fn share(part: Duration, whole: Duration) -> Option<f64> {
    (!whole.is_zero()).then(|| part.as_secs_f64() / whole.as_secs_f64())
}
