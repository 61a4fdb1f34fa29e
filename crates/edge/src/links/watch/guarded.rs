//! What visitors have of one path, told when it changes; and what the office used of it lately.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use link::Second;
use link::capacity::BitRate;
use link::guard::{Felt, Guard, GuardPolicy, SignIns, Wanted};
use link::sector::Siblings;

use crate::links::shaper::Shape;

/// So many seconds are lately.
const LATELY: usize = 300;

/// The guard of a path, and what was told of it.
#[derive(Debug)]
pub(super) struct Guarded {
    guard: Guard,
    told: (Option<BitRate>, SignIns),
    office: VecDeque<BitRate>,
}

impl Guarded {
    /// That of a path of that shape.
    pub(super) fn of(shape: &Shape) -> Self {
        let policy = GuardPolicy { floor: shape.floor, ..GuardPolicy::default() };
        let guard = Guard::new(policy, shape.capacity);
        Self { guard, told: (None, SignIns::Open), office: VecDeque::new() }
    }

    /// What visitors have at most.
    pub(super) const fn ceil(&self) -> Option<BitRate> {
        self.guard.wanted().ceil
    }

    /// Whether there is no room for more of them.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.guard.wanted().sign_ins, SignIns::Stopped)
    }

    /// Takes what the office sent in a second.
    pub(super) fn note_office(&mut self, rate: BitRate) {
        self.office.push_back(rate);
        if self.office.len() > LATELY {
            self.office.pop_front();
        }
    }

    /// The 95th percentile of what the office sent lately.
    pub(super) fn usual_office(&self) -> BitRate {
        let mut rates: Vec<_> = self.office.iter().copied().collect();
        rates.sort_unstable();
        rates.get(rates.len().saturating_sub(1) * 95 / 100).copied().unwrap_or_default()
    }

    /// The office comes, which used that much lately.
    pub(super) fn come(&mut self, office: BitRate, now: Instant) -> Option<Wanted> {
        let wanted = self.guard.clamp(office, now);
        self.tell(wanted)
    }

    /// The path carries no more than that to the end.
    pub(super) const fn bound(&mut self, carried: Option<BitRate>) {
        self.guard.bound(carried);
    }

    /// Other offices use the sector of the path.
    pub(super) fn share(&mut self, siblings: Siblings) -> Option<Wanted> {
        let wanted = self.guard.share(siblings);
        self.tell(wanted)
    }

    /// The office is gone.
    pub(super) fn go(&mut self, now: Instant) -> Option<Wanted> {
        let wanted = self.guard.release(now);
        self.tell(wanted)
    }

    /// Weighs what the office felt in the last second.
    pub(super) fn weigh(
        &mut self,
        second: &Second,
        usual: Option<Duration>,
        now: Instant,
    ) -> Option<Wanted> {
        let office = self.office.back().copied().unwrap_or_default();
        let wanted = self.guard.weigh(Felt { second, usual, office }, now);
        self.tell(wanted)
    }

    /// Takes the steps that are due.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Wanted> {
        let wanted = self.guard.expire(now);
        self.tell(wanted)
    }

    /// When a step is due.
    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        self.guard.next_deadline()
    }

    fn tell(&mut self, wanted: Wanted) -> Option<Wanted> {
        let is_other = self.told != (wanted.ceil, wanted.sign_ins);
        self.told = (wanted.ceil, wanted.sign_ins);
        is_other.then_some(wanted)
    }
}
