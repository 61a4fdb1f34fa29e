//! Whether what runs no agent is there: a gateway of somebody else, an access point, a camera recorder, a
//! service far away.
//!
//! [`Targets`] says whom to ask next and judges what comes back; how one asks is not its business. An
//! answer that comes late takes back the loss that it was counted as. [`Quorum`] makes one verdict of
//! several targets, for a path whose other end runs no agent.

mod failure;
mod judge;
mod quorum;
mod record;
mod schedule;

pub use failure::Failure;
pub use judge::{State, TargetPolicy};
pub use quorum::Quorum;
pub use record::Record;
pub use schedule::{Change, Probe, Targets, Which};

/// The place of a target among all of a router, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetNumber(pub u32);

#[cfg(test)]
mod tests;
