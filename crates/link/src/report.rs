//! What an agent tells the centre of the links of an office: what happened, and how each path was.
//!
//! An agent numbers events and cells from 1 without a gap, each in a log of its own. A log that is begun
//! anew has another [`Epoch`], so that equal numbers of two logs are never taken for one. What travels is
//! the lines of the log as they stand there, and the answer is the last number that the centre has.

mod cell;
mod event;
mod name;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use cell::{Cell, CellError, OneSecond, Tally};
pub use event::Event;
pub use name::{Name, NameError};

/// The span of the cells that agents tell, in seconds.
pub const FINE_SPAN: u32 = 10;

/// In the code of an event about visitors: more of them may come.
pub const OPEN: &str = "open";
/// There is no room for more of them.
pub const STOPPED: &str = "stopped";
/// The code of the event of an office whose primary path is another one from now on: `path` names it.
pub const PREFERRED: &str = "preferred";

/// The kind of a refusal of what is too much: it is kept by the agent, and told again later.
pub const LIMIT: &str = "limit";

/// Of what a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// [`Event`]s.
    Events,
    /// [`Cell`]s.
    Cells,
}

impl Kind {
    /// As it is written in paths and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Cells => "cells",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Events, Self::Cells].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Which log it is, of all that an agent ever begins: a number drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// The log that drew that number.
    pub const fn new(drawn: u64) -> Self {
        Self(drawn)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// That a text is no epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an epoch has 16 digits from 0 to f")]
pub struct EpochError;

impl FromStr for Epoch {
    type Err = EpochError;

    fn from_str(text: &str) -> Result<Self, EpochError> {
        let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
        if text.len() != 16 || !text.bytes().all(is_digit) {
            return Err(EpochError);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| EpochError)
    }
}

/// That the centre has everything up to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Taken {
    /// The last number of this epoch that the centre has; 0 if none.
    pub last: u64,
}

/// Why the centre did not take what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// What kind of refusal, for programs: `gap` if something before is missing, `line` if one cannot
    /// be understood, [`LIMIT`] if there is too much of something.
    pub error: String,
    /// One sentence for people.
    pub reason: String,
    /// The last number of this epoch that the centre has, where something before is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// The number of the line that cannot be understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_read_as_it_is_written() {
        for drawn in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let epoch = Epoch::new(drawn);
            assert_eq!(epoch.to_string().parse(), Ok(epoch));
        }
        for text in ["", "0", "+123456789abcdef", "0123456789ABCDEF", "0123456789abcdef0"] {
            assert_eq!(text.parse::<Epoch>(), Err(EpochError), "{text}");
        }
    }
}
