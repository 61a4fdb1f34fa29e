//! The seam between deciding what an access point must be told and telling it.

use async_trait::async_trait;
use domain::{Nas, NasCommand, NasOrder, Session};

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The access point says that it did it.
    Acknowledged,
    /// It said no, with this Error-Cause (RFC 5176 §3.5), 0 if it gave none.
    Refused(u32),
    /// It did not answer, retransmissions included.
    NoAnswer,
    /// It takes no orders.
    NoAddress,
}

/// Tells access points to change, renew or end a session (RFC 5176).
#[async_trait]
pub trait NasControl: Send + Sync {
    /// Tells `nas` the command by which `order` is tried now, within a time that the
    /// implementation bounds; `session` is the device's, if it has one there.
    async fn deliver(
        &self,
        nas: &Nas,
        order: &NasOrder,
        command: &NasCommand,
        session: Option<&Session>,
    ) -> Delivery;
}
