//! The seam between deciding what an access point must be told and telling it.

use async_trait::async_trait;
use domain::{Nas, NasOrder, Session};

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The access point did it, or had nothing left to do.
    Acknowledged,
    /// It said no, with this Error-Cause (RFC 5176 §3.5), 0 if it gave none.
    Refused(u32),
    /// It did not answer, retransmissions included.
    NoAnswer,
    /// It takes no orders.
    NoAddress,
}

/// Tells access points to end or renew a session (RFC 5176).
#[async_trait]
pub trait NasControl: Send + Sync {
    /// Delivers one order, within a time that the implementation bounds; `session` is the one the
    /// order names.
    async fn deliver(&self, nas: &Nas, order: &NasOrder, session: Option<&Session>) -> Delivery;
}
