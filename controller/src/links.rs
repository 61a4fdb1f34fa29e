//! The rules of the centre about links between offices: what becomes of causes, who is told, what it
//! means for availability, and how reports and maps show it.
//!
//! Nothing here reads a clock, a store or a socket; the time comes in, and what is to be done goes out.

pub mod alert;
pub mod availability;
pub mod history;
pub mod incident;
pub mod maintenance;
pub mod map;
mod markup;
pub mod report;
pub mod span;
pub mod wording;

use domain::Timestamp;
use link::cause::Moment;

/// The moment as the centre keeps time.
pub fn timestamp(moment: Moment) -> Timestamp {
    Timestamp::from_millis(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
}
