//! The packets that a sender remembers, by number.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Instant;

use super::wire;
use crate::stamp::{ErrorEstimate, Timestamp};

/// A packet that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) sent: Instant,
    /// What stood in it.
    pub(super) stamp: Timestamp,
    pub(super) error: ErrorEstimate,
    /// Which of the lengths it has.
    pub(super) kind: usize,
    pub(super) state: State,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    /// It was not answered in time.
    Lost,
    /// It was answered with that number of the reflector, after that many restarts of it.
    Answered {
        epoch: u32,
        number: i64,
    },
}

/// The last packets that were sent; what room they need is set aside at once.
#[derive(Debug)]
pub(super) struct Ring {
    probes: VecDeque<Probe>,
    most: usize,
    /// The number of the next packet.
    next: u64,
    /// The first that still waits; what is before is answered or lost.
    waiting: u64,
    /// The latest that is answered.
    latest: Option<u64>,
}

impl Ring {
    pub(super) fn new(most: NonZeroUsize, next: u64) -> Self {
        let probes = VecDeque::with_capacity(most.get());
        Self { probes, most: most.get(), next, waiting: next, latest: None }
    }

    /// How many are remembered at most.
    pub(super) fn most(&self) -> i64 {
        i64::try_from(self.most).unwrap_or(i64::MAX)
    }

    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// The number of the oldest packet that is remembered.
    fn oldest(&self) -> u64 {
        self.next - self.probes.len() as u64
    }

    fn place(&self, sequence: u64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(self.oldest())?).ok()
    }

    pub(super) fn probe(&self, sequence: u64) -> Option<&Probe> {
        self.probes.get(self.place(sequence)?)
    }

    /// The packet that went out under that number lately.
    pub(super) fn find(&self, number: u32) -> Option<u64> {
        let back = u64::from(wire(self.next).wrapping_sub(number));
        (1..=self.probes.len() as u64).contains(&back).then(|| self.next - back)
    }

    pub(super) fn first_waiting(&self) -> Option<&Probe> {
        self.probe(self.waiting)
    }

    /// Whether an answer to a later packet has come.
    pub(super) fn is_overtaken(&self, sequence: u64) -> bool {
        self.latest.is_some_and(|latest| latest > sequence)
    }

    /// Whether a packet was answered so.
    pub(super) fn has(&self, state: State) -> bool {
        self.probes.iter().any(|probe| probe.state == state)
    }

    /// Remembers one more; whether one was forgotten for it that still waited.
    pub(super) fn push(&mut self, probe: Probe) -> bool {
        let mut forgotten = None;
        if self.probes.len() >= self.most {
            forgotten = self.probes.pop_front();
        }
        self.probes.push_back(probe);
        self.next += 1;
        self.waiting = self.waiting.max(self.oldest());
        forgotten.is_some_and(|probe| probe.state == State::Waiting)
    }

    /// A packet that waits left later than it was written.
    pub(super) fn left(&mut self, sequence: u64, at: Instant) {
        let place = self.place(sequence);
        if let Some(probe) = place.and_then(|place| self.probes.get_mut(place))
            && probe.state == State::Waiting
        {
            probe.sent = probe.sent.max(at);
        }
    }

    pub(super) fn answer(&mut self, sequence: u64, state: State) {
        let Some(place) = self.place(sequence) else { return };
        let Some(probe) = self.probes.get_mut(place) else { return };
        probe.state = state;
        self.latest = self.latest.max(Some(sequence));
    }

    /// The first that waits is lost.
    pub(super) fn lose_first(&mut self) {
        let place = self.place(self.waiting);
        if let Some(probe) = place.and_then(|place| self.probes.get_mut(place)) {
            probe.state = State::Lost;
            self.waiting += 1;
        }
    }

    /// Goes to the first that waits, and tells of each answered one on the way.
    pub(super) fn settle_answered(&mut self, mut settled: impl FnMut(u64, State)) {
        while let Some(probe) = self.probe(self.waiting)
            && probe.state != State::Waiting
        {
            settled(self.waiting, probe.state);
            self.waiting += 1;
        }
    }
}
