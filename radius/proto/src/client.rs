//! The asking side: identifiers, retransmission and proof of replies for one server.
//!
//! One tracker serves one socket and one server, as identifiers belong to that pair (RFC 5080
//! s2.2.2). It hands out octets to send and says when to call again; a request stays unchanged
//! over all its transmissions. Which server to ask next is the caller's decision.

mod retransmission;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::authenticator::{Authenticator, WrongAuthenticator, verify_reply};
use crate::build::{BuildError, PacketBuilder};
use crate::code::Code;
use crate::dae;
use crate::dictionary::attribute;
use crate::message_authenticator::{self, MessageAuthenticatorError, Presence};
use crate::packet::{Packet, ParseError};
use crate::secret::SharedSecret;
use crate::signed::SignedPacket;
use retransmission::Timer;
pub use retransmission::{Due, Schedule};

/// A server as its client knows it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where requests go and replies come from.
    pub address: SocketAddr,
    /// The secret shared with it.
    pub secret: SharedSecret,
    /// When requests are sent again and given up.
    pub schedule: Schedule,
    /// Ignore Access-Accept, -Reject and -Challenge without Message-Authenticator (DEPR 5.3.7).
    pub require_message_authenticator: bool,
    /// How long an identifier rests before it is used again.
    pub identifier_rest: Duration,
}

impl Peer {
    /// An authentication or accounting server, with the timers of RFC 5080 s2.2.1; replies must
    /// carry a Message-Authenticator.
    pub fn server(address: SocketAddr, secret: SharedSecret) -> Self {
        Self {
            address,
            secret,
            schedule: Schedule::default(),
            require_message_authenticator: true,
            identifier_rest: Duration::ZERO,
        }
    }

    /// A NAS that takes CoA and Disconnect: at most 256 requests per window and source port
    /// (RFC 5176 s6.3), and a Message-Authenticator is not insisted on.
    pub fn dynamic_authorization(address: SocketAddr, secret: SharedSecret) -> Self {
        Self {
            require_message_authenticator: false,
            identifier_rest: dae::EVENT_TIMESTAMP_WINDOW,
            ..Self::server(address, secret)
        }
    }
}

/// Names one request of a tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u64);

/// A request to transmit now, for the first time or again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The request.
    pub token: Token,
    /// What to send, the same octets every time.
    pub packet: SignedPacket,
}

/// Why a request could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// All 256 identifiers are in use or resting; another source port has more.
    #[error("all identifiers towards the server are in use")]
    NoIdentifier,
    /// The packet cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// What time has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request is to be sent again.
    Retransmit(Transmit),
    /// The schedule is used up without an answer; the request is forgotten.
    GaveUp(Token),
}

/// The authentic answer to a request.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The request.
    pub token: Token,
    /// The answer.
    pub packet: Packet<'a>,
    /// Whether a Message-Authenticator protects it.
    pub message_authenticator: Presence,
}

/// Why a datagram is no answer; the request goes on waiting with its timers untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// It came from elsewhere.
    #[error("the reply does not come from the server")]
    WrongSource,
    /// It is no RADIUS packet.
    #[error(transparent)]
    Malformed(#[from] ParseError),
    /// No request waits under its identifier.
    #[error("no request waits for identifier {0}")]
    UnknownIdentifier(u8),
    /// Its code does not answer the request.
    #[error("{0} does not answer the request")]
    UnexpectedCode(Code),
    /// The Response Authenticator is wrong (RFC 2865 s3).
    #[error(transparent)]
    WrongAuthenticator(#[from] WrongAuthenticator),
    /// The Message-Authenticator is wrong (RFC 3579 s3.2).
    #[error(transparent)]
    MessageAuthenticator(#[from] MessageAuthenticatorError),
    /// It must have a Message-Authenticator and has none (DEPR 5.3.7, RFC 3579 s3.2).
    #[error("the message-authenticator is missing")]
    MissingMessageAuthenticator,
}

impl ReplyError {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongSource => "wrong-source",
            Self::Malformed(_) => "malformed",
            Self::UnknownIdentifier(_) => "unknown-identifier",
            Self::UnexpectedCode(_) => "unexpected-code",
            Self::WrongAuthenticator(WrongAuthenticator) => "authenticator-mismatch",
            Self::MessageAuthenticator(_) => "message-authenticator-mismatch",
            Self::MissingMessageAuthenticator => "message-authenticator-missing",
        }
    }
}

#[derive(Debug)]
struct Pending {
    token: Token,
    code: Code,
    authenticator: Authenticator,
    packet: SignedPacket,
    timer: Timer,
}

#[derive(Clone, Copy, Debug)]
struct Free {
    identifier: u8,
    /// When it was last in use; never, for one that was not.
    since: Option<Instant>,
}

/// The requests from one socket to one server.
#[derive(Debug)]
pub struct RequestTracker {
    peer: Peer,
    /// Least recently used first.
    free: VecDeque<Free>,
    pending: BTreeMap<u8, Pending>,
    submitted: u64,
}

impl RequestTracker {
    /// A tracker with every identifier free.
    pub fn new(peer: Peer) -> Self {
        let free = (0..=u8::MAX).map(|identifier| Free { identifier, since: None }).collect();
        Self { peer, free, pending: BTreeMap::new(), submitted: 0 }
    }

    /// The server.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// How many requests wait for an answer.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Signs a request under the identifier least recently used and starts its timer; `entropy`
    /// spreads its retransmissions and should differ for every request.
    pub fn submit(
        &mut self,
        mut request: PacketBuilder,
        entropy: u64,
        now: Instant,
    ) -> Result<Transmit, SubmitError> {
        let free = *self.free.front().ok_or(SubmitError::NoIdentifier)?;
        let is_resting = free
            .since
            .is_some_and(|since| now.saturating_duration_since(since) < self.peer.identifier_rest);
        if is_resting {
            return Err(SubmitError::NoIdentifier);
        }
        let packet = request.identifier(free.identifier).sign(&self.peer.secret)?;
        let authenticator = Packet::parse(&packet)
            .expect("what the builder signed is within the limits of the parser")
            .authenticator();
        self.free.pop_front();
        self.submitted += 1;
        let token = Token(self.submitted);
        let pending = Pending {
            token,
            code: request.code(),
            authenticator,
            packet: packet.clone(),
            timer: Timer::start(self.peer.schedule, entropy, now),
        };
        self.pending.insert(free.identifier, pending);
        Ok(Transmit { token, packet })
    }

    /// Matches a datagram with the request it answers, which is then done.
    pub fn receive<'a>(
        &mut self,
        source: SocketAddr,
        octets: &'a [u8],
        now: Instant,
    ) -> Result<Reply<'a>, ReplyError> {
        if source != self.peer.address {
            return Err(ReplyError::WrongSource);
        }
        let packet = Packet::parse(octets)?;
        let identifier = packet.identifier();
        let pending =
            self.pending.get(&identifier).ok_or(ReplyError::UnknownIdentifier(identifier))?;
        let message_authenticator = self.prove(&packet, pending)?;
        let token = pending.token;
        self.release(identifier, now);
        Ok(Reply { token, packet, message_authenticator })
    }

    fn prove(&self, reply: &Packet<'_>, request: &Pending) -> Result<Presence, ReplyError> {
        let code = reply.code();
        if !code.answers(request.code) {
            return Err(ReplyError::UnexpectedCode(code));
        }
        let (authenticator, secret) = (request.authenticator, &self.peer.secret);
        verify_reply(reply, authenticator, secret)?;
        let presence = message_authenticator::verify_reply(reply, authenticator, secret)?;
        if presence == Presence::Absent {
            let is_access =
                matches!(code, Code::AccessAccept | Code::AccessReject | Code::AccessChallenge);
            let is_required = is_access && self.peer.require_message_authenticator;
            if is_required || reply.find(attribute::EAP_MESSAGE).is_some() {
                return Err(ReplyError::MissingMessageAuthenticator);
            }
        }
        Ok(presence)
    }

    /// When [`RequestTracker::poll`] has something to say, if nothing is received before.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.pending.values().map(|pending| pending.timer.deadline()).min()
    }

    /// The next thing due at `now`; to be called until there is none.
    pub fn poll(&mut self, now: Instant) -> Option<Event> {
        let (&identifier, pending) =
            self.pending.iter_mut().min_by_key(|(_, pending)| pending.timer.deadline())?;
        let token = pending.token;
        match pending.timer.poll(now)? {
            Due::Retransmit => {
                let packet = pending.packet.clone();
                Some(Event::Retransmit(Transmit { token, packet }))
            }
            Due::GiveUp => {
                self.release(identifier, now);
                Some(Event::GaveUp(token))
            }
        }
    }

    /// Forgets a request whose answer is no longer wanted.
    pub fn cancel(&mut self, token: Token, now: Instant) {
        let found = self.pending.iter().find(|(_, pending)| pending.token == token);
        if let Some((&identifier, _)) = found {
            self.release(identifier, now);
        }
    }

    fn release(&mut self, identifier: u8, now: Instant) {
        if self.pending.remove(&identifier).is_some() {
            self.free.push_back(Free { identifier, since: Some(now) });
        }
    }
}

#[cfg(test)]
mod tests;
