//! The seam between deciding what an access point must be told and telling it.

use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use domain::{Guest, Nas, NasCommand, NasOrder, OrderAnswer, Session};

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

impl Delivery {
    /// What the access point answered; `None` if nothing leads to it.
    #[must_use]
    pub const fn answer(self) -> Option<OrderAnswer> {
        match self {
            Self::Acknowledged => Some(OrderAnswer::Acknowledged),
            Self::Refused(cause) => Some(OrderAnswer::Refused(cause)),
            Self::NoAnswer => Some(OrderAnswer::Nothing),
            Self::NoAddress => None,
        }
    }
}

/// What came of asking for something that cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// How it ended.
    pub delivery: Delivery,
    /// How the access point was asked.
    pub way: Way,
}

/// How an access point is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over its own RADIUS/TLS connection.
    OwnConnection,
    /// At its address.
    Address(SocketAddr),
    /// By its controller's API.
    Api,
    /// Not by us: it asks by itself.
    ByItself,
    /// In no way.
    None,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnConnection => f.write_str("over its own TLS connection"),
            Self::Address(address) => write!(f, "at {address}"),
            Self::Api => f.write_str("by its API"),
            Self::ByItself => f.write_str("when it next asks"),
            Self::None => f.write_str("nowhere"),
        }
    }
}

/// Why a controller did not say who is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the controller does not say who is there: {0}")]
pub struct GuestsError(pub String);

/// Tells access points to change, renew or end a session: by RFC 5176, by their controller's API, or
/// by what waits for them until they ask.
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

    /// Asks `nas` to end a session that does not exist, within a time that the implementation
    /// bounds: whoever takes orders says that there is none (RFC 5176 §3.5, 503).
    /// A controller's API is asked for something harmless instead: acknowledged is that it answers
    /// and takes the key; and of who asks by itself, that it lately has.
    async fn probe(&self, nas: &Nas) -> Probe;

    /// Every device that the controller of `nas` sees at its site, within a time that the
    /// implementation bounds.
    ///
    /// # Errors
    /// That it does not say so, and why, without a secret.
    async fn guests(&self, nas: &Nas) -> Result<Vec<Guest>, GuestsError>;
}
