//! Radio sectors that the paths of several offices share: whose turn it is to try its path, and what the
//! others use of it.
//!
//! The centre hands out turns ([`Sectors`]): one at a time, in the order in which they were asked for, for
//! [`LEASE`] at most. The time is divided into slots besides, one for each member ([`Slot`]): who does not
//! hear the centre any more tries in its own, and the centre gives nobody a turn in the slot of a member
//! that it does not hear. Routers' clocks are to be right within [`CLOCKS`].

mod seat;
mod slot;
mod turns;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capacity::BitRate;
use crate::report::Name;

pub use seat::Seat;
pub use slot::Slot;
pub use turns::{Sectors, Use};

/// How long a turn is at most; who is done sooner says so.
pub const LEASE: Duration = Duration::from_secs(20);
/// How long a slot is.
pub const SLOT: Duration = Duration::from_secs(10);
/// By so much the clocks of two routers differ at most.
pub const CLOCKS: Duration = Duration::from_secs(1);
/// From one question of who waits for its turn to the next.
pub const ASK_EVERY: Duration = Duration::from_secs(1);
/// Who was not heard for so long keeps its slot for itself.
pub const SILENT_AFTER: Duration = Duration::from_secs(15);
/// Who has not heard the centre for so long takes its own slot: no turn of anybody else that was given
/// before the slot was kept for it lasts until then.
pub const ALONE_AFTER: Duration = Duration::from_secs(40);

/// What an agent asks the centre about a path on a sector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Question {
    /// Which path.
    pub path: Name,
    /// Its sector.
    pub sector: Name,
    /// What it wants.
    pub wish: Wish,
}

/// What an agent wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// To know how the others are.
    News,
    /// A turn.
    Turn,
    /// Nothing more of the turn of that number.
    Done(u64),
}

/// What the centre answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// The turn, if it is the agent's.
    pub turn: Option<Turn>,
    /// Which slot is the agent's while it does not hear the centre.
    pub slot: Option<Slot>,
    /// What the others do.
    pub siblings: Siblings,
}

/// That a path may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Turn {
    /// Which turn.
    pub number: u64,
    /// For how long, counted from when it was asked for.
    pub millis: u64,
}

/// The other links of a sector; both ends of one are one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Siblings {
    /// How many there are.
    pub links: u16,
    /// By how many an office goes, for which visitors make room.
    pub busy: u16,
    /// What those offices count on, in both directions, in bits a second.
    pub used: u64,
}

/// Beside whom a path was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Beside {
    /// Beside nobody: no other office used the sector, or the path is on none.
    #[default]
    Nobody,
    /// Beside offices that used the sector: the path carries more without them.
    Offices,
    /// The centre was not there to tell.
    Unknown,
}

impl Siblings {
    /// Nobody else.
    pub const NONE: Self = Self { links: 0, busy: 0, used: 0 };

    /// What of a sector that carries so much is left for one more office: what the others do not count on,
    /// and an equal part of all at least.
    pub fn left(self, whole: BitRate) -> BitRate {
        let bits = whole.bits_per_second();
        let equal = bits / (u64::from(self.busy) + 1);
        BitRate::from_bits_per_second(bits.saturating_sub(self.used).max(equal))
    }

    /// The part of what visitors may have in all that those of one link may have.
    pub fn part(self, room: BitRate) -> BitRate {
        if self.busy == 0 {
            return room;
        }
        BitRate::from_bits_per_second(room.bits_per_second() / (u64::from(self.links) + 1))
    }

    /// What a reading beside them is.
    pub const fn beside(self) -> Beside {
        if self.busy == 0 { Beside::Nobody } else { Beside::Offices }
    }
}

impl Beside {
    /// As it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "alone",
            Self::Offices => "shared",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
