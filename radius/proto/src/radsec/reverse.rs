//! What the server asks over a connection that the NAS opened: CoA and Disconnect
//! (draft-ietf-radext-reverse-coa), and with Status-Server whether it is still there.
//!
//! Its identifiers are a space of their own, apart from those of the NAS's requests. Nothing is
//! sent twice on a connection (RFC 6613 s2.6.1): a request is answered, or given up.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Version;
use super::token;
use crate::authenticator::{Authenticator, verify_reply};
use crate::build::PacketBuilder;
use crate::client::{ReplyError, SubmitError};
use crate::code::Code;
use crate::message_authenticator;
use crate::packet::Packet;
use crate::secret::SharedSecret;
use crate::signed::SignedPacket;

/// Requests that wait for an answer at a time; also all that the historic identifier can name.
pub const MOST_REQUESTS: usize = 256;

/// Names a request of the server on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestNumber(u32);

#[derive(Debug)]
struct Pending {
    code: Code,
    authenticator: Authenticator,
    deadline: Instant,
}

/// The requests of the server that wait for an answer.
#[derive(Debug)]
pub(super) struct Reverse {
    version: Version,
    pending: BTreeMap<u32, Pending>,
    /// The number tried next, so that one is not used again before all others were.
    next: u32,
}

impl Reverse {
    pub(super) fn new(version: Version) -> Self {
        Self { version, pending: BTreeMap::new(), next: 0 }
    }

    /// Gives a request its number and octets; it waits until `deadline`.
    pub(super) fn submit(
        &mut self,
        mut request: PacketBuilder,
        secret: &SharedSecret,
        deadline: Instant,
    ) -> Result<(RequestNumber, SignedPacket), SubmitError> {
        let number = self.free_number().ok_or(SubmitError::NoIdentifier)?;
        let [.., identifier] = number.to_be_bytes();
        let signed = request.identifier(identifier).sign(secret)?;
        let authenticator = Packet::parse(&signed)
            .expect("what the builder signed is within the limits of the parser")
            .authenticator();
        let packet = match self.version {
            Version::Historic => signed,
            Version::Tokens => token::outward(&signed, number),
        };
        self.next = number.wrapping_add(1);
        self.pending.insert(number, Pending { code: request.code(), authenticator, deadline });
        Ok((RequestNumber(number), packet))
    }

    fn free_number(&self) -> Option<u32> {
        if self.pending.len() >= MOST_REQUESTS {
            return None;
        }
        let most = u32::try_from(MOST_REQUESTS).ok()?;
        (0..most)
            .map(|step| match self.version {
                Version::Historic => self.next.wrapping_add(step) % most,
                Version::Tokens => self.next.wrapping_add(step),
            })
            .find(|number| !self.pending.contains_key(number))
    }

    /// Whether a packet of this code answers a request of the server's.
    pub(super) const fn is_answer(code: Code) -> bool {
        matches!(
            code,
            Code::AccessAccept
                | Code::AccountingResponse
                | Code::DisconnectAck
                | Code::DisconnectNak
                | Code::CoaAck
                | Code::CoaNak
                | Code::ProtocolError
        )
    }

    /// Matches an answer with its request, which is then done.
    pub(super) fn receive(
        &mut self,
        reply: &Packet<'_>,
        secret: &SharedSecret,
    ) -> Result<RequestNumber, ReplyError> {
        let identifier = reply.identifier();
        let number = match self.version {
            Version::Historic => identifier.into(),
            Version::Tokens => token::token(reply),
        };
        let unknown = ReplyError::UnknownIdentifier(identifier);
        let pending = self.pending.get(&number).ok_or(unknown)?;
        let code = reply.code();
        if code != Code::ProtocolError && !code.answers(pending.code) {
            return Err(ReplyError::UnexpectedCode(code));
        }
        if self.version == Version::Historic {
            verify_reply(reply, pending.authenticator, secret)?;
            message_authenticator::verify_reply(reply, pending.authenticator, secret)?;
        }
        self.pending.remove(&number);
        Ok(RequestNumber(number))
    }

    /// When the next request is given up.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending.values().map(|pending| pending.deadline).min()
    }

    /// Gives a request up whose deadline has passed.
    pub(super) fn give_up(&mut self, now: Instant) -> Option<RequestNumber> {
        let due = self.pending.iter().find(|(_, pending)| pending.deadline <= now);
        let number = due.map(|(number, _)| *number)?;
        self.pending.remove(&number);
        Some(RequestNumber(number))
    }
}
