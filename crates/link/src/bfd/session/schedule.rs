//! When packets are sent (RFC 5880 s6.8.7).
//!
//! The next periodic packet is due a part of the interval after the last one. The part is drawn with
//! each packet, the interval is the one of the moment: so a change of intervals counts from the last
//! packet, without a timer to be set again.
//!
//! The RFC takes a random part of up to a quarter off, so that systems do not fall into step. A tenth is
//! enough for that, and has what is cut found sooner: the detection time counts from the last packet that
//! came, which is half an interval old on average where packets are a whole one apart.

use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use super::super::diagnostic::Diagnostic;
use super::super::interval::Interval;
use super::super::settings::Intervals;
use super::super::state::State;

/// Thousandths of the interval that a packet waits, at least and at most.
const PART: [u64; 2] = [900, 1_000];
/// The same where one missed packet ends the session: no more than 90 % and no less than 75 %, as the RFC has it.
const PART_WITHOUT_SPARE: [u64; 2] = [750, 900];

/// What is told before its time when it changes.
pub(super) type News = (State, Diagnostic, Intervals);

#[derive(Clone, Copy, Debug)]
struct Last {
    at: Instant,
    /// Which part of the interval follows it.
    part: u64,
    told: News,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// The last packet that was no answer.
    last: Option<Last>,
    /// When the first one is due.
    start: Instant,
    /// Since when a Poll waits for its answer.
    asked: Option<Instant>,
}

impl Schedule {
    /// The first packet is due at once.
    pub(super) const fn new(now: Instant) -> Self {
        Self { last: None, start: now, asked: None }
    }

    /// Has a Poll answered at once; several are answered by one packet.
    pub(super) fn ask(&mut self, now: Instant) {
        self.asked.get_or_insert(now);
    }

    /// When an answer is due.
    pub(super) const fn answer_due(&self) -> Option<Instant> {
        self.asked
    }

    /// When a packet with that to tell is due, if packets that are no answers may be sent: at once,
    /// where the last one told something else.
    pub(super) fn packet_due(&self, interval: Interval, news: News) -> Instant {
        let Some(last) = self.last else { return self.start };
        let is_told = last.told == news;
        let wait = if is_told { u64::from(interval.micros()) * last.part / 1_000 } else { 0 };
        last.at + Duration::from_micros(wait)
    }

    pub(super) fn answered(&mut self) {
        self.asked = None;
    }

    /// A packet that is no answer was sent with that told; `entropy` draws the part of the interval to
    /// the next.
    pub(super) fn sent(&mut self, now: Instant, mult: NonZeroU8, told: News, entropy: u64) {
        let [least, most] = if mult == NonZeroU8::MIN { PART_WITHOUT_SPARE } else { PART };
        self.last = Some(Last { at: now, part: least + entropy % (most - least + 1), told });
    }
}
