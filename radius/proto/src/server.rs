//! The core of one listening socket for authentication or accounting.
//!
//! Given a datagram, the client it came from and the time, it decides: process, send again,
//! answer a Status-Server, or drop with a reason. It does not know visitors, plans or sockets.
//! Order: known client, frame, code, proof, duplicates (RFC 2865 s3, RFC 5080 s2.2.2, DEPR 5.3).

use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;

use crate::build::PacketBuilder;
use crate::code::Code;
use crate::drop_reason::DropReason;
use crate::duplicates::{Disposition, DuplicateCache, DuplicateLimits, Seen, Ticket};
use crate::message_authenticator::Presence;
use crate::packet::Packet;
use crate::proof::{self, Proof, Sensitive};
use crate::secret::{Secrets, SharedSecret};
use crate::signed::SignedPacket;

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Port 1812: Access-Request and Status-Server.
    Authentication,
    /// Port 1813: Accounting-Request and Status-Server.
    Accounting,
}

/// A received datagram.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    /// Where it came from.
    pub source: SocketAddr,
    /// What it says.
    pub octets: &'a [u8],
}

impl fmt::Debug for Datagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Datagram({} octets from {})", self.octets.len(), self.source)
    }
}

/// What the server needs to know about the client that sent a datagram.
#[derive(Clone, Copy, Debug)]
pub struct ClientView<'c> {
    /// The client's live secrets.
    pub secrets: &'c Secrets,
    /// Drop an Access-Request without Message-Authenticator (DEPR 5.3.3).
    pub require_message_authenticator: bool,
    /// Drop an Access-Request with Proxy-State but without Message-Authenticator (DEPR 5.3.4).
    pub limit_proxy_state: bool,
}

/// Whether a Status-Server is answered (RFC 5997 s4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusAnswers {
    /// The server can do its work.
    Given,
    /// The server cannot record or decide now; silence makes clients try their next server.
    Withheld,
    /// The client asks in vain, whatever the state of the server.
    Denied,
}

impl StatusAnswers {
    /// Why there is none, if there is none.
    pub const fn refusal(self) -> Option<DropReason> {
        match self {
            Self::Given => None,
            Self::Withheld => Some(DropReason::StatusSilenced),
            Self::Denied => Some(DropReason::StatusDenied),
        }
    }
}

/// What to do with a datagram.
#[derive(Debug)]
pub enum Verdict<'a, 'c> {
    /// Decide on the request, then call [`Server::answered`] or [`Server::released`].
    Process(Request<'a, 'c>),
    /// A retransmission: send these octets again.
    Resend(SignedPacket),
    /// A Status-Server: send these octets.
    AnswerStatus(SignedPacket),
    /// Stay silent.
    Drop(DropReason),
}

/// A request that is new and as authentic as its kind can be.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a, 'c> {
    /// The packet.
    pub packet: Packet<'a>,
    /// Where it came from and the reply goes to.
    pub source: SocketAddr,
    /// The secret that made it; the client's current one if an Access-Request comes without
    /// Message-Authenticator and so proves none.
    pub secret: &'c SharedSecret,
    /// Whether a Message-Authenticator protects it.
    pub message_authenticator: Presence,
    /// Names it to [`Server::answered`] and [`Server::released`].
    pub ticket: Ticket,
}

impl Request<'_, '_> {
    /// Begins a reply, to be signed with [`Request::secret`].
    pub fn reply(&self, code: Code) -> PacketBuilder {
        PacketBuilder::reply_to(&self.packet, code)
    }
}

/// The state of one listening socket.
#[derive(Debug)]
pub struct Server {
    role: Role,
    duplicates: DuplicateCache,
    status_answers: StatusAnswers,
}

impl Server {
    /// A server that has seen nothing and answers Status-Server.
    pub fn new(role: Role, limits: DuplicateLimits) -> Self {
        let duplicates = DuplicateCache::new(limits);
        Self { role, duplicates, status_answers: StatusAnswers::Given }
    }

    /// Sets whether Status-Server is answered from now on.
    pub fn set_status_answers(&mut self, answers: StatusAnswers) {
        self.status_answers = answers;
    }

    /// Whether Status-Server is answered.
    pub fn status_answers(&self) -> StatusAnswers {
        self.status_answers
    }

    /// Decides on a datagram; `client` is absent when no client has the source address.
    pub fn receive<'a, 'c>(
        &mut self,
        datagram: Datagram<'a>,
        client: Option<ClientView<'c>>,
        now: Instant,
    ) -> Verdict<'a, 'c> {
        match self.admit(datagram, client, now) {
            Ok(verdict) => verdict,
            Err(reason) => Verdict::Drop(reason),
        }
    }

    fn admit<'a, 'c>(
        &mut self,
        datagram: Datagram<'a>,
        client: Option<ClientView<'c>>,
        now: Instant,
    ) -> Result<Verdict<'a, 'c>, DropReason> {
        let client = client.ok_or(DropReason::UnknownClient)?;
        let packet = Packet::parse(datagram.octets)?;
        let proof = self.prove(&packet, client)?;
        let is_status = packet.code() == Code::StatusServer;
        if is_status && let Some(reason) = self.status_answers.refusal() {
            return Err(reason);
        }
        let source = datagram.source;
        let ticket = match self.duplicates.begin(source, &packet, now) {
            Seen::New(ticket) => ticket,
            Seen::InProgress => return Err(DropReason::DuplicateInProgress),
            Seen::Answered(reply) => return Ok(Verdict::Resend(reply)),
            Seen::Full => return Err(DropReason::TooManyInProgress),
        };
        let Proof { secret, message_authenticator } = proof;
        let request = Request { packet, source, secret, message_authenticator, ticket };
        if is_status {
            return Ok(Verdict::AnswerStatus(self.answer_status(&request, now)));
        }
        Ok(Verdict::Process(request))
    }

    fn prove<'c>(
        &self,
        packet: &Packet<'_>,
        client: ClientView<'c>,
    ) -> Result<Proof<'c>, DropReason> {
        match (self.role, packet.code()) {
            (Role::Authentication, Code::AccessRequest) => prove_access_request(packet, client),
            (Role::Accounting, Code::AccountingRequest) => {
                proof::by_request_authenticator(packet, client.secrets)
            }
            (Role::Authentication | Role::Accounting, Code::StatusServer) => {
                prove_status_server(packet, client)
            }
            (Role::Authentication | Role::Accounting, code) => {
                Err(DropReason::UnexpectedCode(code))
            }
        }
    }

    fn answer_status(&mut self, request: &Request<'_, '_>, now: Instant) -> SignedPacket {
        let code = match self.role {
            Role::Authentication => Code::AccessAccept,
            Role::Accounting => Code::AccountingResponse,
        };
        let reply = request
            .reply(code)
            .sign(request.secret)
            .expect("a message-authenticator and proxy-states that came in one packet fit in one");
        let disposition = self.duplicates.answered(request.ticket, &reply, now);
        debug_assert_eq!(disposition, Disposition::Send);
        reply
    }

    /// Stores the reply to a request for its retransmissions, and says whether to send it.
    pub fn answered(&mut self, ticket: Ticket, reply: &SignedPacket, now: Instant) -> Disposition {
        self.duplicates.answered(ticket, reply, now)
    }

    /// Gives up a request without an answer, so that its retransmission is processed again.
    pub fn released(&mut self, ticket: Ticket) {
        self.duplicates.released(ticket);
    }

    /// How many requests are remembered, answered or in progress.
    pub fn remembered(&self) -> usize {
        self.duplicates.len()
    }
}

/// DEPR 5.3.3 and 5.3.4, RFC 3579 s3.2: what is missing is found before anything is hashed.
fn prove_access_request<'c>(
    packet: &Packet<'_>,
    client: ClientView<'c>,
) -> Result<Proof<'c>, DropReason> {
    let sensitive = Sensitive::of(packet);
    if !sensitive.message_authenticator {
        if client.require_message_authenticator {
            return Err(DropReason::MissingMessageAuthenticator);
        }
        if sensitive.eap_message {
            return Err(DropReason::EapUnprotected);
        }
        if client.limit_proxy_state && sensitive.proxy_state {
            return Err(DropReason::ProxyStateUnprotected);
        }
    }
    proof::by_message_authenticator(packet, client.secrets)
}

/// RFC 5997 s3: a Status-Server without Message-Authenticator is never answered.
fn prove_status_server<'c>(
    packet: &Packet<'_>,
    client: ClientView<'c>,
) -> Result<Proof<'c>, DropReason> {
    let proof = proof::by_message_authenticator(packet, client.secrets)?;
    match proof.message_authenticator {
        Presence::Verified => Ok(proof),
        Presence::Absent => Err(DropReason::MissingMessageAuthenticator),
    }
}

#[cfg(test)]
mod tests;
