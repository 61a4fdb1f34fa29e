//! Whom to ask when. Targets are spread over their intervals, so that ten thousand that are asked once a
//! second are one every 100 microseconds and no burst.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use super::judge::Judge;
use super::{Failure, Record, State, TargetNumber, TargetPolicy};

/// All targets of a router.
#[derive(Debug)]
pub struct Targets {
    judges: Vec<Judge>,
    /// Who is to be asked when, of those that have the same interval.
    rounds: Vec<Round>,
    /// When the first of each round is due, and the round's place.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Probes by their timeout; of those that have the same the one that was sent first is lost first.
    waiting: Vec<(Duration, VecDeque<(Instant, Probe)>)>,
    changes: Vec<Change>,
}

/// Targets with the same interval, the one that is due first before the others: who was asked goes to the
/// end, which costs less than to find a place among ten thousand.
#[derive(Debug)]
struct Round {
    every: Duration,
    turns: VecDeque<(Instant, TargetNumber)>,
}

impl Round {
    /// Who is due by then; it has its next turn after that.
    fn next(&mut self, now: Instant) -> Option<TargetNumber> {
        let (due, target) = self.turns.pop_front_if(|(due, _)| *due <= now)?;
        let next = after(due, self.every, now);
        match self.turns.back() {
            // Where turns were missed not all have their next one in the same order.
            Some((last, _)) if next < *last => {
                let place = self.turns.partition_point(|(at, _)| *at <= next);
                self.turns.insert(place, (next, target));
            }
            _ => self.turns.push_back((next, target)),
        }
        Some(target)
    }

    fn first(&self) -> Option<Instant> {
        self.turns.front().map(|(at, _)| *at)
    }
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

impl Targets {
    /// So many targets, each asked for the first time within its interval.
    pub fn new(policies: impl IntoIterator<Item = TargetPolicy>, now: Instant) -> Self {
        let judges: Vec<_> = policies.into_iter().map(|policy| Judge::new(policy, now)).collect();
        let mut rounds = BTreeMap::<Duration, Vec<_>>::new();
        for (number, judge) in (0..).zip(&judges) {
            let every = judge.policy.every;
            let at = now + every.mul_f64(share(number));
            rounds.entry(every).or_default().push((at, TargetNumber(number)));
        }
        let round = |(every, mut turns): (Duration, Vec<_>)| {
            turns.sort_unstable();
            Round { every, turns: turns.into() }
        };
        let rounds: Vec<_> = rounds.into_iter().map(round).collect();
        let due = rounds.iter().map(Round::first).zip(0..);
        let due = due.filter_map(|(at, place)| Some(Reverse((at?, place)))).collect();
        Self { judges, rounds, due, waiting: Vec::new(), changes: Vec::new() }
    }

    /// When something is due although nothing comes.
    pub fn next_deadline(&self) -> Option<Instant> {
        let asked = self.due.peek().map(|Reverse((at, _))| *at);
        let lost =
            self.waiting.iter().filter_map(|(_, lane)| lane.front().map(|(until, _)| *until));
        asked.into_iter().chain(lost).min()
    }

    /// The next probe that is due by then, if there is one; what was not answered in time is lost. To
    /// be called until there is none. Times that nobody looked at are not made up for.
    pub fn poll(&mut self, now: Instant) -> Option<Probe> {
        self.expire(now);
        loop {
            let mut first = self.due.peek_mut()?;
            let Reverse((_, place)) = *first;
            let round = self.rounds.get_mut(place)?;
            let target = round.next(now)?;
            *first = Reverse((round.first()?, place));
            drop(first);
            let judge = self.judges.get_mut(usize::try_from(target.0).ok()?)?;
            let timeout = judge.policy.timeout;
            if let Some(sequence) = judge.begin(now) {
                let probe = Probe { target, sequence };
                self.wait(probe, timeout, now);
                return Some(probe);
            }
        }
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

    /// Whether the latest probe of a target whose outcome is known was answered, and is not long ago: then
    /// the next hop took it, wherever the target is.
    pub fn is_answering(&self, target: TargetNumber, now: Instant) -> bool {
        self.find(target).is_some_and(|judge| judge.is_answering(now))
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

    /// Waits for the answer to a probe.
    fn wait(&mut self, probe: Probe, timeout: Duration, now: Instant) {
        let lane = self.waiting.iter_mut().find(|(of, _)| *of == timeout);
        match lane {
            Some((_, lane)) => lane.push_back((now + timeout, probe)),
            None => self.waiting.push((timeout, VecDeque::from([(now + timeout, probe)]))),
        }
    }

    /// What was not answered in time is lost.
    fn expire(&mut self, now: Instant) {
        for lane in 0..self.waiting.len() {
            while let Some((_, waiting)) = self.waiting.get_mut(lane)
                && let Some((_, probe)) = waiting.pop_front_if(|(until, _)| *until <= now)
            {
                self.fail(probe, Failure::Silent, now);
            }
        }
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

/// The next time after now, of those that lie so far apart.
fn after(due: Instant, every: Duration, now: Instant) -> Instant {
    let behind = now.saturating_duration_since(due).as_nanos() / every.as_nanos().max(1);
    let missed = u32::try_from(behind).unwrap_or(u32::MAX).saturating_add(1);
    every.checked_mul(missed).map_or(now + every, |later| due + later)
}

/// Where in its interval a target is asked, from 0 to 1: multiples of the golden ratio, which lie apart
/// from each other however many there are.
fn share(number: u32) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    (f64::from(number) * GOLDEN).fract()
}
