//! How much visitors may have of a path while an office needs it as its backup.
//!
//! The office comes first: visitors keep what it leaves, never less than a floor (portal, messages,
//! emergency) and never more than half of the path. While the office feels them they have less from
//! second to second, and afterwards they get everything back in steps. What comes out is what is
//! wanted; counters, classes and queues of the kernel are the business of whoever applies it.

use std::time::{Duration, Instant};

use crate::Second;
use crate::capacity::BitRate;
use crate::sector::Siblings;

/// Of a path 95 % are given away; the rest keeps the queue on this side of the bottleneck.
pub const USABLE: Share = Share { of: 95, in_all: 100 };
/// An office may want so much more than the 95th percentile of what it had.
pub const OFFICE_RESERVE: Share = Share { of: 130, in_all: 100 };
const MOST_WHILE_CLAMPED: Share = Share { of: 1, in_all: 2 };
const HALF: Share = Share { of: 1, in_all: 2 };
const DOUBLE: Share = Share { of: 2, in_all: 1 };
const RAISE: Share = Share { of: 125, in_all: 100 };

/// Some part of a rate, or a multiple of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    of: u64,
    in_all: u64,
}

impl Share {
    /// So much of that rate, rounded down.
    pub const fn of(self, rate: BitRate) -> BitRate {
        let bits = rate.bits_per_second() as u128 * self.of as u128 / self.in_all as u128;
        let bits = if bits > u64::MAX as u128 { u64::MAX } else { bits as u64 };
        BitRate::from_bits_per_second(bits)
    }
}

/// When visitors have to make room, and how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuardPolicy {
    /// Visitors have so much whatever happens; half of the path, if that is less.
    pub floor: BitRate,
    /// The middle round trip of a second is too long from so much more than usual on.
    pub delay: Duration,
    /// The share of probes lost in a second that is too much.
    pub loss: f64,
    /// The share of the capacity that the office itself uses from which on it needs more room.
    pub busy: Share,
    /// Visitors get more after so long without any of these.
    pub clean: Duration,
    /// After so long at the floor nobody new is let in.
    pub patience: Duration,
    /// From one step back to the next, once the office is gone.
    pub step: Duration,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            floor: BitRate::from_kilobits_per_second(500),
            delay: Duration::from_millis(50),
            loss: 0.05,
            busy: Share { of: 80, in_all: 100 },
            clean: Duration::from_secs(20),
            patience: Duration::from_secs(30),
            step: Duration::from_secs(10),
        }
    }
}

/// What an office felt in one second on the path that it shares with visitors.
#[derive(Debug, Clone, Copy)]
pub struct Felt<'a> {
    /// What its probes showed.
    pub second: &'a Second,
    /// How long round trips usually take.
    pub usual: Option<Duration>,
    /// What it sent.
    pub office: BitRate,
}

/// Why an office needs more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crowding {
    /// Round trips take longer than usual.
    Delay,
    /// Probes are lost.
    Loss,
    /// It fills the path by itself.
    Busy,
}

/// What made visitors' share what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardReason {
    /// The office does not need the path.
    Free,
    /// The office came to it.
    OfficeCame,
    /// The office felt them.
    Crowded(Crowding),
    /// The office has not felt them for a while.
    Clean,
    /// The office is gone, and they get it back step by step.
    Restoring,
}

/// Whether visitors who are not online yet may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignIns {
    /// They may.
    Open,
    /// There is no room for them.
    Stopped,
}

/// What visitors are to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// At most so much; `None` is all that the office leaves.
    pub ceil: Option<BitRate>,
    /// Why.
    pub reason: GuardReason,
    /// Whether more of them may come.
    pub sign_ins: SignIns,
}

/// The guard of one path.
#[derive(Debug, Clone)]
pub struct Guard {
    policy: GuardPolicy,
    capacity: BitRate,
    /// What it was seen to carry to the end, if that was tried.
    carried: Option<BitRate>,
    siblings: Siblings,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Free,
    Clamped(Clamped),
    Restoring { ceil: BitRate, next: Instant },
}

#[derive(Debug, Clone, Copy)]
struct Clamped {
    ceil: BitRate,
    reason: GuardReason,
    sign_ins: SignIns,
    begun: Instant,
    /// The last second that was weighed, counted from the beginning.
    weighed: u64,
    /// Since when the office has not felt visitors.
    clean_since: Instant,
    /// Since when visitors have had the floor alone and the office felt them.
    pressed_since: Option<Instant>,
}

impl Guard {
    /// A path of that capacity, of which visitors may have all that the office leaves.
    pub const fn new(policy: GuardPolicy, capacity: BitRate) -> Self {
        Self { policy, capacity, carried: None, siblings: Siblings::NONE, state: State::Free }
    }

    /// What visitors are to have now.
    pub const fn wanted(&self) -> Wanted {
        match self.state {
            State::Free => {
                Wanted { ceil: None, reason: GuardReason::Free, sign_ins: SignIns::Open }
            }
            State::Clamped(Clamped { ceil, reason, sign_ins, .. }) => {
                Wanted { ceil: Some(ceil), reason, sign_ins }
            }
            State::Restoring { ceil, .. } => {
                Wanted { ceil: Some(ceil), reason: GuardReason::Restoring, sign_ins: SignIns::Open }
            }
        }
    }

    /// Other offices use the sector that the path is on: what it carries is for all of them. Whoever is
    /// clamped and has more than that leaves, gets less.
    pub fn share(&mut self, siblings: Siblings) -> Wanted {
        self.siblings = siblings;
        if let State::Clamped(clamped) = self.state {
            let ceil = clamped.ceil.min(self.most());
            self.state = State::Clamped(Clamped { ceil, ..clamped });
        }
        self.wanted()
    }

    /// The path carries no more than that, whatever it is set to; what visitors have is by it from the next
    /// time on that they make room.
    pub const fn bound(&mut self, carried: Option<BitRate>) {
        self.carried = carried;
    }

    /// The least that visitors have while they are clamped.
    pub fn floor(&self) -> BitRate {
        self.policy.floor.min(self.most())
    }

    /// When something is due although nobody tells of a second.
    pub const fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Restoring { next, .. } => Some(next),
            State::Free | State::Clamped(_) => None,
        }
    }

    /// The office comes, or is there: visitors make room at once. `office` is the 95th percentile of
    /// what it had lately.
    ///
    /// Whoever is clamped stays as it is; whoever was getting the path back gets no more by that.
    pub fn clamp(&mut self, office: BitRate, now: Instant) -> Wanted {
        let left = USABLE.of(self.left()).bits_per_second();
        let reserved = OFFICE_RESERVE.of(office).bits_per_second();
        let left = BitRate::from_bits_per_second(left.saturating_sub(reserved));
        let left = self.siblings.part(left).clamp(self.floor(), self.most());
        let ceil = match self.state {
            State::Clamped(_) => return self.wanted(),
            State::Free => left,
            State::Restoring { ceil, .. } => left.min(ceil),
        };
        self.state = State::Clamped(Clamped {
            ceil,
            reason: GuardReason::OfficeCame,
            sign_ins: SignIns::Open,
            begun: now,
            weighed: 0,
            clean_since: now,
            pressed_since: None,
        });
        self.wanted()
    }

    /// The office does not need the path any more: visitors get it back from now on.
    pub fn release(&mut self, now: Instant) -> Wanted {
        if let State::Clamped(Clamped { ceil, .. }) = self.state {
            self.state = State::Restoring { ceil, next: now + self.policy.step };
        }
        self.expire(now)
    }

    /// Weighs what the office felt; a second counts once, however often it is told.
    pub fn weigh(&mut self, felt: Felt<'_>, now: Instant) -> Wanted {
        if let State::Clamped(clamped) = self.state {
            let second = now.saturating_duration_since(clamped.begun).as_secs();
            if second > clamped.weighed {
                let clamped = Clamped { weighed: second, ..clamped };
                self.state = State::Clamped(match self.crowding(felt) {
                    Some(crowding) => self.press(clamped, crowding, now),
                    None => self.ease(clamped, now),
                });
            }
        }
        self.expire(now)
    }

    /// Takes the steps that are due.
    pub fn expire(&mut self, now: Instant) -> Wanted {
        while let State::Restoring { ceil, next } = self.state {
            if now < next {
                break;
            }
            let ceil = DOUBLE.of(ceil);
            self.state = if ceil > self.most() || ceil == BitRate::default() {
                State::Free
            } else {
                State::Restoring { ceil, next: next + self.policy.step }
            };
        }
        self.wanted()
    }

    fn most(&self) -> BitRate {
        self.siblings.part(MOST_WHILE_CLAMPED.of(self.left()))
    }

    /// What offices on the same sector leave of the path.
    fn left(&self) -> BitRate {
        self.siblings.left(self.carried.map_or(self.capacity, |of| of.min(self.capacity)))
    }

    fn crowding(&self, felt: Felt<'_>) -> Option<Crowding> {
        let middle = felt.second.round_trips.percentile(50);
        let is_late = middle
            .zip(felt.usual)
            .is_some_and(|(middle, usual)| middle > usual + self.policy.delay);
        if felt.second.loss() >= self.policy.loss && felt.second.lost > 0 {
            return Some(Crowding::Loss);
        }
        if is_late {
            return Some(Crowding::Delay);
        }
        (felt.office > self.policy.busy.of(self.left())).then_some(Crowding::Busy)
    }

    /// Half of what they have, and after a while at the floor nobody new.
    fn press(&self, clamped: Clamped, crowding: Crowding, now: Instant) -> Clamped {
        let floor = self.floor();
        let ceil = HALF.of(clamped.ceil).max(floor);
        let is_at_floor = clamped.ceil <= floor;
        let since = is_at_floor.then(|| clamped.pressed_since.unwrap_or(now));
        let is_over = since.is_some_and(|since| now >= since + self.policy.patience);
        Clamped {
            ceil,
            reason: GuardReason::Crowded(crowding),
            sign_ins: if is_over { SignIns::Stopped } else { clamped.sign_ins },
            // A quiet moment between is none.
            clean_since: now,
            pressed_since: since,
            ..clamped
        }
    }

    /// More, once the office has not felt them for a while.
    fn ease(&self, clamped: Clamped, now: Instant) -> Clamped {
        if now < clamped.clean_since + self.policy.clean {
            return clamped;
        }
        Clamped {
            ceil: RAISE.of(clamped.ceil).min(self.most()),
            reason: GuardReason::Clean,
            sign_ins: SignIns::Open,
            clean_since: now,
            pressed_since: None,
            ..clamped
        }
    }
}

#[cfg(test)]
mod tests;
