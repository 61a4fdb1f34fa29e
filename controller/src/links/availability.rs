//! How available lines and offices were in a period, from outages, maintenance and what is not known.
//!
//! Each moment is one of four: in maintenance (excluded), down, unknown, or up. A line is down while
//! either end says so; unknown while its agent is silent and nobody says that it is down; and what a
//! clock jumped over is unknown, not an outage. An office is up while any of its lines is.

mod clock;
mod figures;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

pub use clock::{ClockStep, Sample, clock_step};
pub use figures::Figures;

use super::span::{Span, Spans};

/// That a line carried nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outage {
    /// Since when.
    pub from: Timestamp,
    /// Until when, if it is over.
    pub until: Option<Timestamp>,
    /// Why, as [`link::cause::Kind::as_str`].
    pub cause: String,
}

/// What is known of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LineHistory {
    /// Its name.
    pub line: String,
    /// Since when it is watched.
    pub watched_since: Timestamp,
    /// When it was down; in any order, and they may overlap.
    pub outages: Vec<Outage>,
    /// When its agent was silent.
    pub silent: Spans,
    /// When people worked on it or on the site.
    pub maintenance: Spans,
    /// When it was proven to carry the office.
    pub proven: Spans,
    /// Where clocks of its agents jumped.
    pub clock_steps: Vec<ClockStep>,
}

/// What is known of an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceHistory {
    /// The site.
    pub site: String,
    /// Its lines, the preferred one first.
    pub lines: Vec<LineHistory>,
    /// When it went by another line than the preferred one.
    pub on_backup: Spans,
}

/// What every moment was.
#[derive(Debug)]
struct Moments {
    excluded: Spans,
    down: Spans,
    unknown: Spans,
    up: Spans,
}

impl LineHistory {
    /// What it was in a period, as far as that has passed by `now`.
    pub fn figures(&self, period: Span, now: Timestamp) -> Figures {
        let moments = self.moments(now);
        let outages = self.spans(now);
        let pieces = pieces(&moments.down, &outages);
        let mut figures = moments.figures(period, &pieces);
        let apart = merged(&moments.down, &outages);
        figures.count_outages(&apart, period, now);
        figures.proven = self.proven.and(&moments.known()).within(period).length();
        figures.clock_steps = steps_in(&self.clock_steps, period);
        figures
    }

    /// Outages with the ends that they have by `now`.
    fn spans(&self, now: Timestamp) -> Vec<(Span, &str)> {
        let span = |outage: &Outage| Span::new(outage.from, outage.until.unwrap_or(now).min(now));
        let mut spans: Vec<_> =
            self.outages.iter().map(|outage| (span(outage), outage.cause.as_str())).collect();
        spans.sort_unstable();
        spans
    }

    fn moments(&self, now: Timestamp) -> Moments {
        let watched = Spans::of(Span::new(self.watched_since, now));
        let jumps = self.clock_steps.iter().filter_map(ClockStep::jumped).collect();
        let outages: Spans = self.spans(now).into_iter().map(|(span, _)| span).collect();
        let excluded = self.maintenance.and(&watched);
        let rest = watched.without(&excluded);
        let down = outages.and(&rest).without(&jumps);
        let unknown = self.silent.or(&jumps).and(&rest).without(&down);
        let up = rest.without(&down).without(&unknown);
        Moments { excluded, down, unknown, up }
    }
}

impl ServiceHistory {
    /// What the office had in a period, as far as that has passed by `now`.
    pub fn figures(&self, period: Span, now: Timestamp) -> Figures {
        let lines: Vec<Moments> = self.lines.iter().map(|line| line.moments(now)).collect();
        let any = |of: fn(&Moments) -> &Spans| {
            lines.iter().fold(Spans::default(), |all, line| all.or(of(line)))
        };
        let up = any(|line| &line.up);
        let unknown = any(|line| &line.unknown).without(&up);
        let down = any(|line| &line.down).without(&up).without(&unknown);
        let excluded = any(|line| &line.excluded).without(&up).without(&unknown).without(&down);
        let moments = Moments { excluded, down, unknown, up };
        // The one that failed last cut the office off.
        let mut outages: Vec<_> = self.lines.iter().flat_map(|line| line.spans(now)).collect();
        outages.sort_unstable();
        let cause_of = |piece: Span| {
            let covering = outages.iter().rfind(|(span, _)| span.contains(piece.from));
            covering.map_or("unknown", |(_, cause)| *cause)
        };
        let pieces: Vec<_> = moments.down.iter().map(|piece| (piece, cause_of(piece))).collect();
        let mut figures = moments.figures(period, &pieces);
        let apart: Vec<Spans> = moments.down.iter().map(Spans::of).collect();
        figures.count_outages(&apart, period, now);
        figures.on_backup = self
            .on_backup
            .within(period)
            .within(Span::new(Timestamp::from_millis(0), now))
            .length();
        // Of the backups; an office with nothing to fall back on proves nothing.
        let backups = self.lines.iter().skip(1).map(|line| line.proven.clone());
        let proven = backups.fold(Spans::default(), |all, proven| all.or(&proven));
        figures.proven = proven.and(&moments.known()).within(period).length();
        let steps = self.lines.iter().flat_map(|line| steps_in(&line.clock_steps, period));
        figures.clock_steps = steps.collect();
        figures.clock_steps.sort_unstable();
        figures.clock_steps.dedup();
        figures
    }
}

impl Moments {
    /// When it is known whether it was up or down.
    fn known(&self) -> Spans {
        self.up.or(&self.down)
    }

    fn figures(&self, period: Span, pieces: &[(Span, &str)]) -> Figures {
        let length = |spans: &Spans| spans.within(period).length();
        let mut by_cause: BTreeMap<String, Duration> = BTreeMap::new();
        for (piece, cause) in pieces {
            let within = Spans::of(*piece).within(period).length();
            if !within.is_zero() {
                *by_cause.entry((*cause).to_owned()).or_default() += within;
            }
        }
        let [excluded, down, unknown, up] =
            [&self.excluded, &self.down, &self.unknown, &self.up].map(length);
        let unwatched = period.length().saturating_sub(excluded + down + unknown + up);
        Figures { excluded, down, unknown, up, unwatched, by_cause, ..Figures::default() }
    }
}

/// Each moment of downtime with its cause: that of the outage which began first, counted once.
fn pieces<'a>(down: &Spans, outages: &[(Span, &'a str)]) -> Vec<(Span, &'a str)> {
    let mut left = down.clone();
    let mut pieces = Vec::new();
    for (span, cause) in outages {
        let own = left.within(*span);
        pieces.extend(own.iter().map(|piece| (piece, *cause)));
        left = left.without(&own);
    }
    pieces
}

/// The downtime of each outage: those that overlap are one, and one that maintenance interrupts, too.
fn merged(down: &Spans, outages: &[(Span, &str)]) -> Vec<Spans> {
    let together: Spans = outages.iter().map(|(span, _)| *span).collect();
    let own = together.iter().map(|span| down.within(span));
    own.filter(|downtime| !downtime.is_empty()).collect()
}

fn steps_in(steps: &[ClockStep], period: Span) -> Vec<ClockStep> {
    let mut steps: Vec<_> = steps.iter().filter(|step| period.contains(step.at)).cloned().collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

#[cfg(test)]
mod tests;
