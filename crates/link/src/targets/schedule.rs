//! Whom to ask when. Targets are spread over their intervals, so that ten thousand that are asked once a
//! second are one every 100 microseconds and no burst.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::judge::Judge;
use super::{Failure, Record, State, TargetNumber, TargetPolicy};

/// All targets of a router.
#[derive(Debug)]
pub struct Targets {
    judges: Vec<Judge>,
    due: BinaryHeap<Reverse<Due>>,
    changes: Vec<Change>,
}

/// A probe that is to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// To whom.
    pub target: TargetNumber,
    /// Which of the probes of that target it is.
    pub sequence: u32,
}

/// Which probe an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// That of this number.
    Number(u32),
    /// The latest that has none, where answers do not say it (ARP).
    Any,
}

/// That a target is another one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which one.
    pub target: TargetNumber,
    /// How it was.
    pub from: State,
    /// How it is.
    pub to: State,
    /// Why it is down.
    pub failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Instant,
    target: TargetNumber,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Before the next is asked.
    Expire(u32),
    Ask,
}

impl Targets {
    /// So many targets, each asked for the first time within its interval.
    pub fn new(policies: impl IntoIterator<Item = TargetPolicy>, now: Instant) -> Self {
        let judges: Vec<_> = policies.into_iter().map(|policy| Judge::new(policy, now)).collect();
        let first = |(number, judge): (u32, &Judge)| {
            let at = now + judge.policy.every.mul_f64(share(number));
            Reverse(Due { at, target: TargetNumber(number), what: What::Ask })
        };
        let due = (0..).zip(&judges).map(first).collect();
        Self { judges, due, changes: Vec::new() }
    }

    /// When something is due although nothing comes.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse(due)| due.at)
    }

    /// The next probe that is due by then, if there is one; what was not answered in time is lost. To
    /// be called until there is none.
    pub fn poll(&mut self, now: Instant) -> Option<Probe> {
        while self.due.peek().is_some_and(|Reverse(due)| due.at <= now) {
            let Reverse(due) = self.due.pop()?;
            match due.what {
                What::Expire(sequence) => {
                    self.fail(Probe { target: due.target, sequence }, Failure::Silent, now);
                }
                What::Ask => {
                    let begun = self.begin(due, now);
                    if begun.is_some() {
                        return begun;
                    }
                }
            }
        }
        None
    }

    /// Takes a probe back that could not be sent for want of room on this side.
    pub fn withdraw(&mut self, probe: Probe) {
        if let Some(judge) = self.judge(probe.target) {
            judge.withdraw(probe.sequence);
        }
    }

    /// Takes an answer that came then.
    pub fn answer(&mut self, target: TargetNumber, which: Which, at: Instant) {
        if self.judge(target).is_some_and(|judge| judge.answer(which, at)) {
            self.look(target);
        }
    }

    /// Takes it that a probe failed.
    pub fn fail(&mut self, probe: Probe, failure: Failure, now: Instant) {
        let Probe { target, sequence } = probe;
        if self.judge(target).is_some_and(|judge| judge.fail(sequence, failure, now)) {
            self.look(target);
        }
    }

    /// What changed since the last time.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// How a target is.
    pub fn state(&self, target: TargetNumber) -> State {
        self.find(target).map_or(State::Unknown, |judge| judge.state)
    }

    /// The last round trip of a target.
    pub fn last(&self, target: TargetNumber) -> Option<Duration> {
        self.find(target)?.last
    }

    /// Why the last probe of a target that failed did.
    pub fn failure(&self, target: TargetNumber) -> Option<Failure> {
        self.find(target)?.failure
    }

    /// What the last minutes of a target showed.
    pub fn record(&self, target: TargetNumber) -> Option<&Record> {
        Some(&self.find(target)?.record)
    }

    /// Asks a target, and notes when the next time is. Times that nobody looked at are not made up for.
    fn begin(&mut self, due: Due, now: Instant) -> Option<Probe> {
        let target = due.target;
        let judge = self.judges.get_mut(usize::try_from(target.0).ok()?)?;
        let TargetPolicy { every, timeout, .. } = judge.policy;
        let behind = now.saturating_duration_since(due.at).as_nanos() / every.as_nanos().max(1);
        let missed = u32::try_from(behind).unwrap_or(u32::MAX).saturating_add(1);
        let next = every.checked_mul(missed).map_or(now + every, |later| due.at + later);
        self.due.push(Reverse(Due { at: next, target, what: What::Ask }));
        let sequence = judge.begin(now)?;
        let what = What::Expire(sequence);
        self.due.push(Reverse(Due { at: now + timeout, target, what }));
        Some(Probe { target, sequence })
    }

    fn look(&mut self, target: TargetNumber) {
        let Some(judge) = self.judge(target) else { return };
        let to = judge.judge();
        let from = std::mem::replace(&mut judge.state, to);
        let failure = judge.failure.filter(|_| to == State::Down);
        if from != to {
            self.changes.push(Change { target, from, to, failure });
        }
    }

    fn find(&self, target: TargetNumber) -> Option<&Judge> {
        self.judges.get(usize::try_from(target.0).ok()?)
    }

    fn judge(&mut self, target: TargetNumber) -> Option<&mut Judge> {
        self.judges.get_mut(usize::try_from(target.0).ok()?)
    }
}

/// Where in its interval a target is asked, from 0 to 1: multiples of the golden ratio, which lie apart
/// from each other however many there are.
fn share(number: u32) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    (f64::from(number) * GOLDEN).fract()
}
