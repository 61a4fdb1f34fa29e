//! The seam between the courier and whatever carries a message.
//!
//! A transport tries once. Whether and when to try again is the courier's business;
//! the transport only says whether that has a point.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Code, MessageId, PhoneNumber, SmsText};
use store::OutgoingMessage;

/// What a transport carries.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The same for each try.
    pub id: MessageId,
    /// To whom.
    pub phone: &'a PhoneNumber,
    /// What is said.
    pub text: &'a SmsText,
    /// The code in it, for gateways with words of their own around it; none where it is about something
    /// else.
    pub code: Option<&'a Code>,
}

impl<'a> From<&'a OutgoingMessage> for Letter<'a> {
    fn from(message: &'a OutgoingMessage) -> Self {
        let OutgoingMessage { id, phone, text, code, .. } = message;
        Self { id: *id, phone, text, code: Some(code) }
    }
}

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
    async fn send(&self, letter: Letter<'_>) -> Result<Accepted, SendError>;

    /// Whether it says what the letter says, and not words of the gateway's around the code.
    fn carries_text(&self) -> bool;
}
