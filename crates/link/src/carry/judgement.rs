//! What came of a run, and what that means for the path now.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Direction, Interface, Step};
use crate::Readiness;
use crate::capacity::BitRate;
use crate::path_mtu::{PacketSize, Said};
use crate::sector::{Beside, Siblings};

/// What an office needs of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// What it sends.
    pub up: BitRate,
    /// What it receives.
    pub down: BitRate,
    /// The largest packets it sends.
    pub mtu: PacketSize,
    /// How long a run is good for: two of them.
    pub max_age: Duration,
}

impl Default for Requirement {
    fn default() -> Self {
        Self {
            up: BitRate::default(),
            down: BitRate::default(),
            mtu: PacketSize(1_400),
            max_age: Duration::from_secs(120),
        }
    }
}

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The path carried all of it.
    Ready(Ready),
    /// It did not.
    Unfit {
        /// When that was found.
        at: Instant,
        /// What was wrong.
        reason: Unfit,
    },
}

/// How a path carried a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// When the run ended.
    pub at: Instant,
    /// What it carries from here to the far end.
    pub capacity_up: BitRate,
    /// What it carries from the far end.
    pub capacity_down: BitRate,
    /// The largest packet that is known to pass.
    pub mtu: PacketSize,
    /// How long the connection took to be made: one round trip.
    pub round_trip: Duration,
    /// So many of a thousand probes are lost on it.
    pub loss: u16,
    /// Beside whom the capacities were measured.
    pub beside: Beside,
}

/// Why a path would not carry the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unfit {
    /// This end has no way to send from the office's addresses there.
    NoRoute,
    /// The far end refuses the connection.
    Refused,
    /// Packets of the office do not get through in one direction, though the agents hear each other.
    HalfOpen {
        /// In which.
        direction: Direction,
    },
    /// Packets came to the far end by another interface of it than that of the path.
    NotArrivedOnPath {
        /// By which.
        interface: Interface,
    },
    /// The far end's packets go back by another interface, or its resolver's come by one.
    WrongReturnPath {
        /// By which, of the end that saw them.
        interface: Interface,
    },
    /// Something answered in place of the far end, which saw nothing.
    AnsweredByOther,
    /// What came back was not what was sent.
    Altered,
    /// Packets of that size do not pass.
    Mtu {
        /// The size.
        size: PacketSize,
        /// Which router on the way says that it takes less, where that was shown to pass.
        said: Option<Said>,
    },
    /// The far resolver finds no names.
    NoDns,
    /// It carries less than the office needs.
    TooSlow {
        /// In that direction.
        direction: Direction,
        /// What it carries.
        capacity: BitRate,
        /// What is needed.
        required: BitRate,
    },
    /// A step was not done in time, and nothing tells why.
    TimedOut {
        /// The first such step.
        step: Step,
    },
}

impl Unfit {
    /// The label in metrics and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no-route",
            Self::Refused => "refused",
            Self::HalfOpen { .. } => "half-open",
            Self::NotArrivedOnPath { .. } => "not-arrived-on-path",
            Self::WrongReturnPath { .. } => "wrong-return-path",
            Self::AnsweredByOther => "answered-by-other",
            Self::Altered => "altered",
            Self::Mtu { .. } => "mtu",
            Self::NoDns => "no-dns",
            Self::TooSlow { .. } => "too-slow",
            Self::TimedOut { .. } => "timed-out",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute => f.write_str("there is no route for the office's addresses"),
            Self::Refused => f.write_str("the far end refuses the connection"),
            Self::HalfOpen { direction } => {
                write!(f, "packets of the office do not get through {direction}")
            }
            Self::NotArrivedOnPath { interface } => {
                write!(f, "packets arrive at the far end by {interface}, which is not the path")
            }
            Self::WrongReturnPath { interface } => {
                write!(f, "the far end answers by {interface}, which is not the path")
            }
            Self::AnsweredByOther => f.write_str("something answers in place of the far end"),
            Self::Altered => f.write_str("what comes back is not what was sent"),
            Self::Mtu { size, said: None } => write!(f, "packets of {size} do not pass"),
            Self::Mtu { size, said: Some(Said { router, most }) } => {
                write!(f, "packets of {size} do not pass: {router} takes {most}")
            }
            Self::NoDns => f.write_str("the far resolver finds no names"),
            Self::TooSlow { direction, capacity, required } => {
                write!(f, "{capacity} {direction} are less than the {required} that are needed")
            }
            Self::TimedOut { step } => write!(f, "{step} took too long"),
        }
    }
}

/// Whether a path would carry the office now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It did lately, and it is enough.
    Ready,
    /// It was not tried, or not lately.
    Stale,
    /// It does not.
    Unfit(Unfit),
}

impl From<Judgement> for Readiness {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Ready => Self::Ready,
            Judgement::Stale => Self::Stale,
            Judgement::Unfit(_) => Self::Unfit,
        }
    }
}

/// What the latest run means now. Age takes nothing from a run that failed: only one that succeeds
/// makes the path fit again.
pub fn judge(latest: Option<&Outcome>, required: &Requirement, now: Instant) -> Judgement {
    match latest {
        None => Judgement::Stale,
        Some(Outcome::Unfit { reason, .. }) => Judgement::Unfit(*reason),
        Some(Outcome::Ready(ready)) => match ready.falls_short_of(required) {
            Some(reason) => Judgement::Unfit(reason),
            None if now.saturating_duration_since(ready.at) > required.max_age => Judgement::Stale,
            None => Judgement::Ready,
        },
    }
}

impl Ready {
    /// What is left of it beside offices that use the same sector. What was measured beside some says so
    /// already.
    pub fn left_by(self, siblings: Siblings) -> Self {
        if self.beside == Beside::Offices {
            return self;
        }
        Self {
            capacity_up: siblings.left(self.capacity_up),
            capacity_down: siblings.left(self.capacity_down),
            ..self
        }
    }

    /// What is missing for the office, which may need more by now than when the run was made.
    pub fn falls_short_of(&self, required: &Requirement) -> Option<Unfit> {
        let too_slow = |direction, capacity, required| {
            (capacity < required).then_some(Unfit::TooSlow { direction, capacity, required })
        };
        if self.mtu < required.mtu {
            return Some(Unfit::Mtu { size: required.mtu, said: None });
        }
        too_slow(Direction::Up, self.capacity_up, required.up)
            .or_else(|| too_slow(Direction::Down, self.capacity_down, required.down))
    }
}
