//! Whether a path would carry the office: a flow in the office's own shoes, from an address inside its
//! prefix, through the same rules and tunnel as real traffic, and the far agent's word that it came and
//! went by that path.
//!
//! A path can live, be fast and lose nothing, and still be no backup: a rule was forgotten on the far
//! side, answers go back another way, large packets vanish, names are not found, or it is provisioned
//! for less than the office needs. Each of these is a reason of its own here. Sockets, marks and tables
//! are the caller's, who does what [`Run`] says and tells what came of it.

mod confirmation;
mod judgement;
mod run;
mod witness;

use std::time::Duration;

pub use confirmation::{
    CarryKey, Confirmation, ConfirmationError, Interface, MESSAGE_OCTETS, NoInterface, Place,
    Query, RunId,
};
pub use judgement::{Judgement, Outcome, Ready, Requirement, Unfit, judge};
pub use run::{Action, Direction, Event, Known, Plan, Progress, Run, Step};
pub use witness::Witness;

/// From one run to the next on a path that stands by; one that is about to be used is tried at once.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// From the last word of a flow until its witness forgets it.
pub const REMEMBERED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
