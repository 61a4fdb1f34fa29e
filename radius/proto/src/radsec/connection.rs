//! The core of one RADIUS/TLS connection, seen from the server.
//!
//! Octets and the time come in; requests to decide, octets to send, answers to the server's own
//! requests, or a reason to close come out. What breaks the framing or proves another secret
//! closes the connection (RFC 6613 s2.6.4). Requests run through the very server core of UDP,
//! one for each kind, since an identifier may name one request of each (RFC 9765 s4.2.2).

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::frames::{Frames, WrongLength};
use super::reverse::{RequestNumber, Reverse};
use super::{SECRET, Version, token};
use crate::authenticator::Authenticator;
use crate::build::PacketBuilder;
use crate::client::{ReplyError, SubmitError};
use crate::code::Code;
use crate::dictionary::enumeration::ErrorCause;
use crate::dictionary::{attribute, extended};
use crate::drop_reason::DropReason;
use crate::duplicates::{self, Disposition, DuplicateLimits};
use crate::message_authenticator::MessageAuthenticatorError;
use crate::packet::{Packet, ParseError};
use crate::secret::{Secrets, SharedSecret};
use crate::server::{ClientView, Datagram, Role, Server, StatusAnswers, Verdict};
use crate::signed::SignedPacket;

/// A connection has 256 identifiers of each kind, and what was answered rests as over UDP.
const REMEMBERED: DuplicateLimits = DuplicateLimits {
    retention: Duration::from_secs(10),
    max_entries: NonZeroUsize::new(256).expect("not zero"),
};

/// When a connection is given up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After so long without a packet; a client that wants to stay sends Status-Server.
    pub idle: Duration,
    /// A request of the server's that is followed by nothing for so long leads to a Status-Server,
    /// and if nothing follows that for as long, the peer is gone (RFC 3539 s3.4).
    pub watch: Duration,
}

/// What a request wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// An Access-Request.
    Access,
    /// An Accounting-Request.
    Accounting,
}

/// Names a request to [`Connection::answer`] and [`Connection::release`].
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    question: Question,
    claim: Claim,
}

#[derive(Clone, Copy, Debug)]
enum Claim {
    Identifier(duplicates::Ticket),
    Token(token::Token),
}

/// Why octets are sent that needed no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A request came again.
    Again,
    /// A Status-Server came.
    Status,
    /// A request of a kind came that nobody here answers (RFC 7930 s4).
    ProtocolError,
}

/// What the connection has brought.
#[derive(Debug)]
pub enum Event {
    /// Decide on a request, in the historic format and signed with [`SECRET`] where it must be,
    /// then call [`Connection::answer`] or [`Connection::release`].
    Request {
        /// What it wants to know.
        question: Question,
        /// Its octets.
        octets: Vec<u8>,
        /// Names it.
        ticket: Ticket,
    },
    /// Send these octets.
    Send(SignedPacket, Sent),
    /// A request of the server's is answered by this packet.
    Answered(RequestNumber, Vec<u8>),
    /// A request of the server's is given up.
    GaveUp(RequestNumber),
    /// A packet was dropped.
    Dropped(DropReason),
    /// Nothing follows a request of the server's: send what [`Connection::watch`] gives.
    WatchDue,
}

/// Why a connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// The stream cannot be read any more.
    #[error(transparent)]
    Length(#[from] WrongLength),
    /// A packet is no RADIUS packet.
    #[error(transparent)]
    Malformed(ParseError),
    /// A request was made with another secret, or altered.
    #[error("a request is not authentic")]
    NotAuthentic,
    /// An answer was made with another secret, or altered.
    #[error("an answer is not authentic")]
    AnswerNotAuthentic,
    /// Nothing came for too long.
    #[error("nothing came for too long")]
    Idle,
    /// Nothing came after a Status-Server of the server's.
    #[error("a status-server was not answered")]
    Unanswered,
}

impl CloseReason {
    /// The label in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Length(_) => "closed-wrong-length",
            Self::Malformed(_) => "closed-malformed",
            Self::NotAuthentic => "closed-not-authentic",
            Self::AnswerNotAuthentic => "closed-answer-not-authentic",
            Self::Idle => "closed-idle",
            Self::Unanswered => "closed-unanswered",
        }
    }
}

/// The state of one connection.
#[derive(Debug)]
pub struct Connection {
    version: Version,
    peer: SocketAddr,
    secrets: Secrets,
    frames: Frames,
    access: Server,
    accounting: Server,
    status: Server,
    reverse: Reverse,
    limits: Limits,
    heard_at: Instant,
    /// When something was asked that nothing has followed.
    owed_since: Option<Instant>,
    /// When a Status-Server was due since then.
    watched_at: Option<Instant>,
}

impl Connection {
    /// A connection on which nothing has been said.
    pub fn new(version: Version, peer: SocketAddr, limits: Limits, now: Instant) -> Self {
        let secret = SharedSecret::new(SECRET).expect("it is not empty");
        Self {
            version,
            peer,
            secrets: Secrets::new(secret),
            frames: Frames::default(),
            access: Server::new(Role::Authentication, REMEMBERED),
            accounting: Server::new(Role::Accounting, REMEMBERED),
            status: Server::new(Role::Authentication, REMEMBERED),
            reverse: Reverse::new(version),
            limits,
            heard_at: now,
            owed_since: None,
            watched_at: None,
        }
    }

    /// Sets whether Status-Server is answered from now on.
    pub fn set_status_answers(&mut self, answers: StatusAnswers) {
        self.status.set_status_answers(answers);
    }

    /// Appends what was received; [`Connection::next`] is then to be called until it has nothing.
    pub fn push(&mut self, octets: &[u8]) {
        self.frames.push(octets);
    }

    /// What a packet that has arrived leads to.
    ///
    /// # Errors
    /// Why the connection must be closed, with nothing more sent.
    pub fn next(&mut self, now: Instant) -> Result<Option<Event>, CloseReason> {
        let Some(frame) = self.frames.take()? else { return Ok(None) };
        let octets = frame.to_vec();
        self.heard_at = now;
        self.owed_since = None;
        self.watched_at = None;
        let packet = match Packet::parse(&octets) {
            Ok(packet) => packet,
            // A limit of ours, not an error in the stream.
            Err(error @ ParseError::TooManyAttributes) => {
                return Ok(Some(Event::Dropped(error.into())));
            }
            Err(error) => return Err(CloseReason::Malformed(error)),
        };
        if Reverse::is_answer(packet.code()) {
            return self.take_answer(&packet, &octets).map(Some);
        }
        match self.version {
            Version::Historic => self.take_historic(&packet, &octets, now).map(Some),
            Version::Tokens => Ok(Some(self.take_with_token(&packet))),
        }
    }

    fn take_answer(&mut self, packet: &Packet<'_>, octets: &[u8]) -> Result<Event, CloseReason> {
        match self.reverse.receive(packet, self.secrets.current()) {
            Ok(number) => Ok(Event::Answered(number, octets.to_vec())),
            Err(ReplyError::WrongAuthenticator(_) | ReplyError::MessageAuthenticator(_)) => {
                Err(CloseReason::AnswerNotAuthentic)
            }
            // It was given up before, or answers nothing.
            Err(_) => Ok(Event::Dropped(DropReason::UnexpectedCode(packet.code()))),
        }
    }

    fn take_historic(
        &mut self,
        packet: &Packet<'_>,
        octets: &[u8],
        now: Instant,
    ) -> Result<Event, CloseReason> {
        let (server, question) = match packet.code() {
            Code::AccountingRequest => (&mut self.accounting, Question::Accounting),
            Code::StatusServer => (&mut self.status, Question::Access),
            _ => (&mut self.access, Question::Access),
        };
        // TLS protects what these rules protect over UDP (DEPR 5.3.1).
        let client = ClientView {
            secrets: &self.secrets,
            require_message_authenticator: false,
            limit_proxy_state: false,
        };
        let datagram = Datagram { source: self.peer, octets };
        Ok(match server.receive(datagram, Some(client), now) {
            Verdict::Process(request) => {
                let ticket = Ticket { question, claim: Claim::Identifier(request.ticket) };
                Event::Request { question, octets: octets.to_vec(), ticket }
            }
            Verdict::Resend(reply) => Event::Send(reply, Sent::Again),
            Verdict::AnswerStatus(reply) => Event::Send(reply, Sent::Status),
            Verdict::Drop(DropReason::UnexpectedCode(code)) => self.refuse(packet, code),
            Verdict::Drop(
                DropReason::WrongAuthenticator(_)
                | DropReason::MessageAuthenticator(MessageAuthenticatorError::Mismatch),
            ) => return Err(CloseReason::NotAuthentic),
            Verdict::Drop(reason) => Event::Dropped(reason),
        })
    }

    /// Nothing is checked for repetition, since nothing is repeated on such a connection
    /// (RFC 9765 s4.2.2).
    fn take_with_token(&mut self, packet: &Packet<'_>) -> Event {
        let claim = Claim::Token(token::token(packet));
        let question = match packet.code() {
            Code::AccessRequest => Question::Access,
            Code::AccountingRequest => Question::Accounting,
            Code::StatusServer => return self.answer_status(packet),
            code => return self.refuse(packet, code),
        };
        match token::inward(packet, self.secrets.current()) {
            Some(octets) => Event::Request { question, octets, ticket: Ticket { question, claim } },
            None => Event::Dropped(DropReason::Malformed(ParseError::LengthOutOfRange {
                length: u16::MAX,
            })),
        }
    }

    fn answer_status(&self, packet: &Packet<'_>) -> Event {
        if let Some(reason) = self.status.status_answers().refusal() {
            return Event::Dropped(reason);
        }
        let reply = PacketBuilder::reply_to(packet, Code::AccessAccept);
        self.sent(packet, &reply, Sent::Status)
    }

    /// Says that nobody here answers such a request, if the peer understands that.
    fn refuse(&self, packet: &Packet<'_>, code: Code) -> Event {
        if !is_request(code) || !self.knows_protocol_error(packet) {
            return Event::Dropped(DropReason::UnexpectedCode(code));
        }
        let mut reply = PacketBuilder::reply_to(packet, Code::ProtocolError);
        reply.u32(attribute::ERROR_CAUSE, ErrorCause::UnsupportedExtension);
        if self.version == Version::Historic {
            reply.extended(extended::ORIGINAL_PACKET_CODE, &[0, 0, 0, code.into()]);
        }
        self.sent(packet, &reply, Sent::ProtocolError)
    }

    /// With tokens everybody does; else who sends Response-Length (RFC 7930 s4).
    fn knows_protocol_error(&self, packet: &Packet<'_>) -> bool {
        self.version == Version::Tokens || packet.find_extended(extended::RESPONSE_LENGTH).is_some()
    }

    fn sent(&self, packet: &Packet<'_>, reply: &PacketBuilder, sent: Sent) -> Event {
        match reply.sign(self.secrets.current()) {
            Ok(signed) => match self.version {
                Version::Historic => Event::Send(signed, sent),
                Version::Tokens => Event::Send(token::outward(&signed, token::token(packet)), sent),
            },
            // Only Proxy-States that leave no room for our own words.
            Err(_) => Event::Dropped(DropReason::UnexpectedCode(packet.code())),
        }
    }

    /// What is sent for a reply signed with [`SECRET`]; absent if the NAS has given the
    /// identifier to a newer request meanwhile.
    pub fn answer(
        &mut self,
        ticket: Ticket,
        reply: &SignedPacket,
        now: Instant,
    ) -> Option<SignedPacket> {
        match ticket.claim {
            Claim::Token(token) => Some(token::outward(reply, token)),
            Claim::Identifier(claim) => match self.server(ticket).answered(claim, reply, now) {
                Disposition::Send => Some(reply.clone()),
                Disposition::Superseded => None,
            },
        }
    }

    /// Gives a request up without an answer.
    pub fn release(&mut self, ticket: Ticket) {
        if let Claim::Identifier(claim) = ticket.claim {
            self.server(ticket).released(claim);
        }
    }

    fn server(&mut self, ticket: Ticket) -> &mut Server {
        match ticket.question {
            Question::Access => &mut self.access,
            Question::Accounting => &mut self.accounting,
        }
    }

    /// Gives a request of the server's, CoA or Disconnect, its number and octets to send.
    ///
    /// # Errors
    /// Too many wait already, or the request cannot be built.
    pub fn ask(
        &mut self,
        request: PacketBuilder,
        now: Instant,
        deadline: Instant,
    ) -> Result<(RequestNumber, SignedPacket), SubmitError> {
        let submitted = self.reverse.submit(request, self.secrets.current(), deadline)?;
        self.owed_since.get_or_insert(now);
        Ok(submitted)
    }

    /// The Status-Server that is due; `random` as for an Access-Request. Whatever arrives after it
    /// shows that the peer is there.
    ///
    /// # Errors
    /// Too many requests wait already.
    pub fn watch(
        &mut self,
        random: Authenticator,
        now: Instant,
    ) -> Result<SignedPacket, SubmitError> {
        let request = PacketBuilder::status_server(random);
        let deadline = now + self.limits.watch;
        let (_, packet) = self.reverse.submit(request, self.secrets.current(), deadline)?;
        Ok(packet)
    }

    /// When [`Connection::elapse`] has something to say, if nothing is received before.
    pub fn next_deadline(&self) -> Instant {
        let idle = self.heard_at + self.limits.idle;
        let watch = self.watched_at.or(self.owed_since).map(|since| since + self.limits.watch);
        let due = [self.reverse.next_deadline(), watch];
        due.into_iter().flatten().fold(idle, Instant::min)
    }

    /// What time has brought; to be called until there is nothing.
    ///
    /// # Errors
    /// Nothing came for too long, or after a Status-Server.
    pub fn elapse(&mut self, now: Instant) -> Result<Option<Event>, CloseReason> {
        if let Some(number) = self.reverse.give_up(now) {
            return Ok(Some(Event::GaveUp(number)));
        }
        if now >= self.heard_at + self.limits.idle {
            return Err(CloseReason::Idle);
        }
        let is_over = |since: Instant| now >= since + self.limits.watch;
        match (self.owed_since, self.watched_at) {
            (_, Some(watched)) if is_over(watched) => Err(CloseReason::Unanswered),
            (Some(owed), None) if is_over(owed) => {
                self.watched_at = Some(now);
                Ok(Some(Event::WatchDue))
            }
            _ => Ok(None),
        }
    }
}

/// Whether somebody could answer a packet of this code: an answer to it is never wanted for one
/// that is itself an answer.
const fn is_request(code: Code) -> bool {
    matches!(code, Code::DisconnectRequest | Code::CoaRequest | Code::Other(_))
}

#[cfg(test)]
mod tests;
