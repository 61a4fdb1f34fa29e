//! Links between offices without IO: whether a path lives, how good it is, whether it would carry an
//! office, and which path the office is to use.
//!
//! Bytes, the time and entropy come in as parameters; decisions, bytes and the next deadline go out.
//! Nothing here opens a socket, reads a clock or draws a random number, so that every transition is a
//! table test.

pub mod bfd;
pub mod cadence;
pub mod capacity;
pub mod carry;
pub mod cause;
#[cfg(test)]
mod fixtures;
pub mod guard;
pub mod histogram;
pub mod isolation;
pub mod key;
pub mod maintenance;
pub mod metered;
pub mod path;
pub mod path_mtu;
pub mod penalty;
pub mod policy;
pub mod quality;
pub mod report;
pub mod sector;
pub mod site;
pub mod stamp;
pub mod targets;
pub mod voice;

pub use guard::{Guard, GuardPolicy};
pub use histogram::Histogram;
pub use key::Key;
pub use path::{Health, Path, PathPolicy};
pub use penalty::{Penalty, PenaltyPolicy};
pub use quality::{Baseline, Fault, QualityPolicy, Second};
pub use site::{Mode, PathNumber, PathView, Readiness, Routes, Site, SitePolicy};
pub use voice::Mos;
