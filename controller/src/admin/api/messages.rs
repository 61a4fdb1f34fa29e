//! Routes of messages, as they travel.

use domain::RouteName;
use serde::{Deserialize, Serialize};

/// How a route does. Messages are those of the last hour; receipts that count for nothing are those
/// since the start, and known like `resting` only where the messages are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteView {
    /// Its name.
    pub name: RouteName,
    /// Whether it takes no messages and rests.
    pub resting: Option<bool>,
    /// Messages that wait for its gateway.
    pub waiting: u32,
    /// Messages that it took.
    pub taken: u32,
    /// Messages that it did not take.
    pub not_taken: u32,
    /// Messages that arrived, says its gateway.
    pub delivered: u32,
    /// Messages that did not arrive, says its gateway.
    pub undelivered: u32,
    /// Receipts that named no message of the route.
    pub unknown_receipts: Option<u64>,
    /// Receipts that were forged or could not be read.
    pub bad_receipts: Option<u64>,
}
