//! The seam between the courier and whatever carries a message.
//!
//! A transport tries once. Whether and when to try again is the courier's business;
//! the transport only says whether that has a point.

use std::time::Duration;

use async_trait::async_trait;
use store::OutgoingMessage;

/// That a gateway has taken a message; it need not have arrived yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The gateway's name for the message, if it gave one.
    pub reference: Option<String>,
}

/// Why a message was not taken. Reasons never hold the text or the number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may be taken later: no answer, or a gateway in trouble.
    #[error("not now: {reason}")]
    Later {
        /// For how long the gateway wants to be left alone, if it said so.
        after: Option<Duration>,
        /// What happened.
        reason: String,
    },
    /// It may be taken later by a gateway that is well and has too much to do.
    #[error("busy: {reason}")]
    Busy {
        /// For how long the gateway wants to be left alone, if it said so.
        after: Option<Duration>,
        /// What happened.
        reason: String,
    },
    /// It will never be taken.
    #[error("refused: {reason}")]
    Permanent {
        /// What happened.
        reason: String,
    },
}

/// Carries messages to a gateway, a console, a telephone.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Tries once to hand a message over, within a time that the transport bounds itself.
    ///
    /// # Errors
    /// [`SendError`] says whether trying again has a point.
    async fn send(&self, message: &OutgoingMessage) -> Result<Accepted, SendError>;
}
