//! Why a received packet is dropped without an answer.
//!
//! The reason is also the metric label and the log field, so the labels never change. The rules
//! are those of RFC 2865 s3, RFC 3579 s3.2, RFC 5080 s2.2.2, RFC 5176 s6.3 and DEPR 5.3.

use thiserror::Error;

use crate::authenticator::WrongAuthenticator;
use crate::code::Code;
use crate::message_authenticator::MessageAuthenticatorError;
use crate::packet::ParseError;

/// Why a request is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DropReason {
    /// The source address belongs to no client.
    #[error("the source is not a known client")]
    UnknownClient,
    /// The datagram is no RADIUS packet.
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// The code has no business on this port.
    #[error("{0} is not expected here")]
    UnexpectedCode(Code),
    /// The client, or the code, requires a Message-Authenticator (DEPR 5.3.3, RFC 5997 s3).
    #[error("the message-authenticator is missing")]
    MissingMessageAuthenticator,
    /// A Proxy-State that nothing protects, the carrier of CVE-2024-3596 (DEPR 5.3.4).
    #[error("a proxy-state comes without message-authenticator")]
    ProxyStateUnprotected,
    /// An EAP-Message that nothing protects (RFC 3579 s3.2).
    #[error("an eap-message comes without message-authenticator")]
    EapUnprotected,
    /// The Message-Authenticator is wrong.
    #[error(transparent)]
    MessageAuthenticator(#[from] MessageAuthenticatorError),
    /// The Request Authenticator is wrong (RFC 2866 s3, RFC 5176 s2.3).
    #[error(transparent)]
    WrongAuthenticator(#[from] WrongAuthenticator),
    /// The first copy is still being processed.
    #[error("the same request is in progress")]
    DuplicateInProgress,
    /// No room to remember one more request in progress.
    #[error("too many requests are in progress")]
    TooManyInProgress,
    /// The server was told not to answer Status-Server (RFC 5997 s4.2).
    #[error("status-server is not answered now")]
    StatusSilenced,
    /// This client's Status-Server is never answered.
    #[error("status-server of this client is not answered")]
    StatusDenied,
    /// A dynamic authorization request without Event-Timestamp (RFC 5176 s6.3).
    #[error("the event-timestamp is missing")]
    MissingEventTimestamp,
    /// An Event-Timestamp too far from now (RFC 5176 s6.3).
    #[error("the event-timestamp is outside the window")]
    StaleEventTimestamp,
}

impl DropReason {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown-client",
            Self::Malformed(ParseError::NoHeader { .. }) => "no-header",
            Self::Malformed(ParseError::LengthOutOfRange { .. }) => "length-out-of-range",
            Self::Malformed(ParseError::Truncated { .. }) => "truncated",
            Self::Malformed(ParseError::AttributeTooShort { .. }) => "attribute-too-short",
            Self::Malformed(ParseError::AttributePastEnd { .. }) => "attribute-past-end",
            Self::Malformed(ParseError::TooManyAttributes) => "too-many-attributes",
            Self::UnexpectedCode(_) => "unexpected-code",
            Self::MissingMessageAuthenticator => "message-authenticator-missing",
            Self::ProxyStateUnprotected => "proxy-state-unprotected",
            Self::EapUnprotected => "eap-unprotected",
            Self::MessageAuthenticator(MessageAuthenticatorError::Repeated) => {
                "message-authenticator-repeated"
            }
            Self::MessageAuthenticator(MessageAuthenticatorError::Length) => {
                "message-authenticator-length"
            }
            Self::MessageAuthenticator(MessageAuthenticatorError::Mismatch) => {
                "message-authenticator-mismatch"
            }
            Self::WrongAuthenticator(WrongAuthenticator) => "authenticator-mismatch",
            Self::DuplicateInProgress => "duplicate-in-progress",
            Self::TooManyInProgress => "too-many-in-progress",
            Self::StatusSilenced => "status-silenced",
            Self::StatusDenied => "status-denied",
            Self::MissingEventTimestamp => "event-timestamp-missing",
            Self::StaleEventTimestamp => "event-timestamp-stale",
        }
    }
}
