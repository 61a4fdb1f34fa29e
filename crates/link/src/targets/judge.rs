//! The verdict on one target: down when so many of the last probes were lost, up again when so many in
//! a row were answered, and between the two what it was.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Failure, Record, Which};

/// How a target is asked and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetPolicy {
    /// The time from one probe to the next.
    pub every: Duration,
    /// After so long a probe is lost.
    pub timeout: Duration,
    /// It is down when so many ...
    pub missing: u8,
    /// ... of so many last probes were lost.
    pub of: u8,
    /// It is up again when so many in a row were answered.
    pub answered: u8,
}

/// How a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Too few probes have been sent.
    Unknown,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

impl State {
    /// As it is written in events and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// One target and its last probes.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) policy: TargetPolicy,
    pub(super) state: State,
    pub(super) record: Record,
    /// The last round trip.
    pub(super) last: Option<Duration>,
    /// Why the last probe that failed did.
    pub(super) failure: Option<Failure>,
    next: u32,
    /// The oldest first; besides those that wait, as many as are judged.
    probes: VecDeque<Sent>,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    sequence: u32,
    at: Instant,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Answered,
    Lost(Failure),
}

impl Judge {
    /// Probes that may be under way at once; who asks more often than that within the timeout pauses.
    const UNDER_WAY: usize = 16;
    /// For so long an answer says that the way is open: as long as the confirmation of a neighbour counts
    /// at least (RFC 4861 s6.3.2: half of 30 s).
    const LATELY: Duration = Duration::from_secs(15);

    pub(super) fn new(policy: TargetPolicy, now: Instant) -> Self {
        Self {
            policy,
            state: State::Unknown,
            record: Record::new(now),
            last: None,
            failure: None,
            next: 0,
            probes: VecDeque::new(),
        }
    }

    /// Begins a probe, if not too many are under way: its number.
    pub(super) fn begin(&mut self, now: Instant) -> Option<u32> {
        let waiting = self.probes.iter().filter(|sent| sent.outcome == Outcome::Waiting).count();
        if waiting >= Self::UNDER_WAY {
            return None;
        }
        let sequence = self.next;
        self.next = self.next.wrapping_add(1);
        self.probes.push_back(Sent { sequence, at: now, outcome: Outcome::Waiting });
        Some(sequence)
    }

    /// Takes a probe back that was not sent for want of room on this side.
    pub(super) fn withdraw(&mut self, sequence: u32) {
        self.probes.retain(|sent| sent.sequence != sequence || sent.outcome != Outcome::Waiting);
    }

    /// Takes an answer. `false` for one to a question that is forgotten, or that has its answer.
    pub(super) fn answer(&mut self, which: Which, at: Instant) -> bool {
        let Some(sent) = self.find(which) else { return false };
        let (round_trip, was_lost) = (
            at.saturating_duration_since(sent.at),
            match sent.outcome {
                Outcome::Waiting => false,
                Outcome::Lost(failure) if failure.is_open() => true,
                Outcome::Lost(_) | Outcome::Answered => return false,
            },
        );
        sent.outcome = Outcome::Answered;
        if was_lost {
            self.record.correct_loss();
        }
        self.record.count_answer(round_trip, at);
        self.last = Some(round_trip);
        true
    }

    /// Takes it that a probe failed, unless that is known. `false` if it is.
    pub(super) fn fail(&mut self, sequence: u32, failure: Failure, now: Instant) -> bool {
        let Some(sent) = self.find(Which::Number(sequence)) else { return false };
        if sent.outcome != Outcome::Waiting {
            return false;
        }
        sent.outcome = Outcome::Lost(failure);
        self.failure = Some(failure);
        self.record.count_loss(now);
        true
    }

    /// Whether the latest probe of which it is known was answered, and is not long ago.
    pub(super) fn is_answering(&self, now: Instant) -> bool {
        let decided = self.probes.iter().rev().find(|sent| sent.outcome != Outcome::Waiting);
        decided.is_some_and(|sent| {
            let is_new = now.saturating_duration_since(sent.at) <= Self::LATELY;
            sent.outcome == Outcome::Answered && is_new
        })
    }

    /// The state that follows from the last probes.
    pub(super) fn judge(&mut self) -> State {
        let decided = |sent: &&Sent| sent.outcome != Outcome::Waiting;
        let is_lost = |sent: &&Sent| matches!(sent.outcome, Outcome::Lost(_));
        let mut excess = self.probes.iter().filter(decided).count();
        excess = excess.saturating_sub(usize::from(self.policy.of));
        // Those before the first that waits are the oldest.
        while excess > 0 && self.probes.front().as_ref().is_some_and(decided) {
            self.probes.pop_front();
            excess -= 1;
        }
        let judged = || self.probes.iter().rev().filter(decided).take(self.policy.of.into());
        let lost = judged().filter(is_lost).count();
        let in_a_row = judged().take_while(|sent| !is_lost(sent)).count();
        match self.state {
            State::Unknown | State::Down if in_a_row >= self.policy.answered.into() => {
                self.forgive();
                State::Up
            }
            State::Unknown | State::Up if lost >= self.policy.missing.into() => State::Down,
            state => state,
        }
    }

    /// What was lost before a target came up does not take it down again.
    fn forgive(&mut self) {
        let lost = |sent: &Sent| matches!(sent.outcome, Outcome::Lost(_));
        if let Some(last) = self.probes.iter().rposition(lost) {
            self.probes.drain(..=last);
        }
    }

    fn find(&mut self, which: Which) -> Option<&mut Sent> {
        let by_number = |number| move |sent: &&mut Sent| sent.sequence == number;
        match which {
            Which::Number(number) => self.probes.iter_mut().rev().find(by_number(number)),
            Which::Any => {
                let open = |sent: &&mut Sent| match sent.outcome {
                    Outcome::Waiting => true,
                    Outcome::Lost(failure) => failure.is_open(),
                    Outcome::Answered => false,
                };
                self.probes.iter_mut().rev().find(open)
            }
        }
    }
}
