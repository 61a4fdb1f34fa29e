//! Clocks of routers that jumped, seen by the order of what they wrote down.
//!
//! That a clock was put back is seen by itself. That it was put forward is believed only where the agent
//! told nothing of as long a time and did not begin anew: what comes late looks like that, too.

use std::time::Duration;

use domain::Timestamp;

use super::{Told, Word};
use crate::links::availability::{ClockStep, Sample, clock_step};
use crate::links::span::{Span, Spans};

/// By how much the spans of which nothing was told may differ from the jump.
const ROUGHLY: Duration = Duration::from_secs(120);

pub(super) fn steps(site: &str, told: &[Told], silent: &Spans) -> Vec<ClockStep> {
    let mut steps = Vec::new();
    for (place, pair) in told.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let samples = [(place, before), (place + 1, after)]
            .map(|(place, one)| Sample { at: one.at, heard: at_once(told, place) });
        let Some(step) = clock_step(site, samples[0], samples[1]) else { continue };
        if step.by < 0 {
            steps.push(step);
        } else if after.word != Word::Began {
            let between = silent.within(Span::new(before.at, after.at));
            let by = Duration::from_millis(step.by.unsigned_abs());
            let jumped = between.iter().max_by_key(|gap| gap.length());
            let jumped = jumped.filter(|gap| gap.length() + ROUGHLY >= by);
            steps.extend(jumped.map(|gap| ClockStep { at: gap.from, ..step }));
        }
    }
    steps
}

/// When the centre had it, if it had nothing else at the same moment.
fn at_once(told: &[Told], place: usize) -> Option<Timestamp> {
    let own = told.get(place)?.taken_at;
    let is_same = |other: Option<usize>| {
        other.and_then(|other| told.get(other)).is_some_and(|other| other.taken_at == own)
    };
    (!is_same(place.checked_sub(1)) && !is_same(place.checked_add(1))).then_some(own)
}
