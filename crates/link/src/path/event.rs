//! What is heard of a path, and what becomes of it.

use std::fmt;
use std::time::Instant;

use crate::{Fault, Second};

/// How a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// Taken out by people, here or at the other end.
    Maintenance,
    /// Nothing is known yet.
    Init,
    /// It carries nothing.
    Down,
    /// It flapped too much; it may carry all the same.
    Held,
    /// It carries again, on trial.
    Recovering,
    /// It carries badly.
    Degraded,
    /// It carried a moment ago.
    Suspect,
    /// It carries well.
    Up,
}

impl Health {
    /// As it is written in logs, events and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Init => "init",
            Self::Down => "down",
            Self::Held => "held",
            Self::Recovering => "recovering",
            Self::Degraded => "degraded",
            Self::Suspect => "suspect",
            Self::Up => "up",
        }
    }

    /// Whether traffic may stay on it or come to it: it has proved that it carries, if badly.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Degraded | Self::Suspect | Self::Up)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the heartbeats say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// One came while the session was up.
    Heartbeat,
    /// One is late.
    Missed,
    /// The session came up: both ends hear each other.
    Up,
    /// None came for the detection time.
    Expired,
    /// Too few targets answer, of a path that lives by them.
    TooFew,
    /// The other end does not hear us.
    PeerDown,
    /// The other end says by another path that it does not hear us.
    PeerTold,
    /// The other end is taken out by people.
    PeerMaintenance,
}

/// What is heard of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// From its heartbeats.
    Liveness(Liveness),
    /// Whether its device has a carrier.
    Carrier(bool),
    /// From a second of probes.
    Second(Second),
    /// People take it out, until then.
    Maintenance {
        /// When it comes back by itself.
        until: Option<Instant>,
    },
    /// People elsewhere planned to work on it now, until then.
    Work {
        /// When it comes back by itself.
        until: Instant,
    },
    /// People give it back.
    MaintenanceOver,
    /// Traffic that had come back to it has to leave again.
    TrialFailed,
}

/// That a path is another one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// How it was.
    pub from: Health,
    /// How it is.
    pub to: Health,
    /// What made it so.
    pub why: Why,
}

/// What made a path what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The other end is heard.
    Heard,
    /// Nothing was heard of the other end since the beginning.
    NeverHeard,
    /// A heartbeat is late.
    HeartbeatMissed,
    /// Nothing was heard for the detection time.
    Silent,
    /// Too few of its targets answer.
    TooFew,
    /// The other end hears nothing of us.
    PeerDown,
    /// The other end lost it, and said so by another path: whether it is heard is not known.
    PeerTold,
    /// The device has no carrier.
    CarrierLost,
    /// What was measured is bad.
    Bad(Fault),
    /// What was measured is good for long enough.
    Clean,
    /// It failed too often.
    Flapping,
    /// It has not failed for long enough.
    Released,
    /// People took it out.
    Maintenance,
    /// People elsewhere planned to work on it now.
    Work,
    /// People took it out at the other end.
    PeerMaintenance,
    /// People gave it back.
    MaintenanceOver,
}
