//! Whether a packet was made with a shared secret, for people who look at it.
//!
//! The checks are those of the server and the client ([`crate::authenticator`],
//! [`crate::message_authenticator`]); here each has a word, also where there is nothing to check.

use std::fmt;

use crate::authenticator::{self, Authenticator};
use crate::code::Code;
use crate::message_authenticator::{self, MessageAuthenticatorError, Presence};
use crate::packet::Packet;
use crate::secret::SharedSecret;

/// What a check of a packet found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It was made with the secret.
    Valid,
    /// It was made with another secret, or the packet was altered.
    Wrong,
    /// It cannot be right: there is more than one, or it is too short.
    Malformed,
    /// There is none.
    Absent,
    /// It is random, and proves nothing (RFC 2865 s3).
    Random,
    /// It can be checked only with the request that the packet answers.
    NeedsRequest,
}

impl Finding {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Wrong => "wrong",
            Self::Malformed => "malformed",
            Self::Absent => "absent",
            Self::Random => "random",
            Self::NeedsRequest => "needs-request",
        }
    }

    /// Whether it speaks against the packet.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Wrong | Self::Malformed)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What both proofs of a packet say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proofs {
    /// The Message-Authenticator.
    pub message_authenticator: Finding,
    /// The authenticator of the header.
    pub authenticator: Finding,
}

impl Proofs {
    /// Checks a packet; `request` is the authenticator of the request that it answers.
    pub fn of(packet: &Packet<'_>, request: Option<Authenticator>, secret: &SharedSecret) -> Self {
        if !packet.code().is_reply() {
            return Self {
                message_authenticator: present(message_authenticator::verify_request(
                    packet, secret,
                )),
                authenticator: match packet.code() {
                    Code::AccessRequest | Code::StatusServer => Finding::Random,
                    _ => matching(authenticator::verify_request(packet, secret)),
                },
            };
        }
        let Some(request) = request else {
            let unchecked = Finding::NeedsRequest;
            return Self { message_authenticator: unchecked, authenticator: unchecked };
        };
        Self {
            message_authenticator: present(message_authenticator::verify_reply(
                packet, request, secret,
            )),
            authenticator: matching(authenticator::verify_reply(packet, request, secret)),
        }
    }
}

fn present(result: Result<Presence, MessageAuthenticatorError>) -> Finding {
    match result {
        Ok(Presence::Verified) => Finding::Valid,
        Ok(Presence::Absent) => Finding::Absent,
        Err(MessageAuthenticatorError::Mismatch) => Finding::Wrong,
        Err(MessageAuthenticatorError::Repeated | MessageAuthenticatorError::Length) => {
            Finding::Malformed
        }
    }
}

fn matching(result: Result<(), authenticator::WrongAuthenticator>) -> Finding {
    result.map_or(Finding::Wrong, |()| Finding::Valid)
}
