//! The receiving side of CoA and Disconnect: what a NAS does with them (RFC 5176).
//!
//! A request must be made with the secret, recent by its Event-Timestamp, and new. The window
//! for timestamps is also how long answers are remembered, so that nothing can be replayed
//! (RFC 5176 s6.3). Which session is meant, and what to change in it, is the caller's business.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use crate::build::PacketBuilder;
use crate::code::Code;
use crate::dictionary::attribute;
use crate::dictionary::enumeration::ErrorCause;
use crate::drop_reason::DropReason;
use crate::duplicates::{Disposition, DuplicateCache, DuplicateLimits, Seen, Ticket};
use crate::packet::Packet;
use crate::proof;
use crate::secret::{Secrets, SharedSecret};
use crate::server::Datagram;
use crate::signed::SignedPacket;

/// How far an Event-Timestamp may be from now, either way (RFC 5176 s6.3).
pub const EVENT_TIMESTAMP_WINDOW: Duration = Duration::from_secs(300);

/// What a request without Event-Timestamp meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTimestampRule {
    /// It is dropped.
    Required,
    /// It is processed; only the duplicate cache protects from replay.
    Optional,
}

/// Both clocks at the moment a datagram is handled.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For how long things are remembered.
    pub monotonic: Instant,
    /// For the sender's Event-Timestamp.
    pub wall: SystemTime,
}

/// What a dynamic authorization request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// End the session.
    Disconnect,
    /// Change the terms of the session.
    Authorization,
}

/// A request that is authentic, recent and new.
#[derive(Clone, Copy, Debug)]
pub struct DynamicRequest<'a, 'c> {
    /// What it asks for.
    pub change: Change,
    /// The packet.
    pub packet: Packet<'a>,
    /// Where it came from and the reply goes to.
    pub source: SocketAddr,
    /// The secret that made it and signs the reply.
    pub secret: &'c SharedSecret,
    /// Names it to [`DynamicServer::answered`] and [`DynamicServer::released`].
    pub ticket: Ticket,
}

impl DynamicRequest<'_, '_> {
    /// Begins the reply that the change is made.
    pub fn ack(&self) -> PacketBuilder {
        let code = match self.change {
            Change::Disconnect => Code::DisconnectAck,
            Change::Authorization => Code::CoaAck,
        };
        PacketBuilder::reply_to(&self.packet, code)
    }

    /// Begins the reply that the change is not made, and why (RFC 5176 s3.5).
    pub fn nak(&self, cause: ErrorCause) -> PacketBuilder {
        let code = match self.change {
            Change::Disconnect => Code::DisconnectNak,
            Change::Authorization => Code::CoaNak,
        };
        let mut reply = PacketBuilder::reply_to(&self.packet, code);
        reply.u32(attribute::ERROR_CAUSE, cause);
        reply
    }
}

/// What to do with a datagram.
#[derive(Debug)]
pub enum DynamicVerdict<'a, 'c> {
    /// Make the change, then call [`DynamicServer::answered`] or [`DynamicServer::released`].
    Process(DynamicRequest<'a, 'c>),
    /// A retransmission: send these octets again.
    Resend(SignedPacket),
    /// Stay silent.
    Drop(DropReason),
}

/// The state of one socket that takes dynamic authorization requests.
#[derive(Debug)]
pub struct DynamicServer {
    duplicates: DuplicateCache,
    event_timestamp: EventTimestampRule,
}

impl DynamicServer {
    /// A server that has seen nothing; a retention below [`EVENT_TIMESTAMP_WINDOW`] is raised to
    /// twice it, because a timestamp may also be that far ahead.
    pub fn new(event_timestamp: EventTimestampRule, limits: DuplicateLimits) -> Self {
        let retention = limits.retention.max(EVENT_TIMESTAMP_WINDOW * 2);
        let duplicates = DuplicateCache::new(DuplicateLimits { retention, ..limits });
        Self { duplicates, event_timestamp }
    }

    /// Decides on a datagram; `secrets` are absent when no client has the source address.
    pub fn receive<'a, 'c>(
        &mut self,
        datagram: Datagram<'a>,
        secrets: Option<&'c Secrets>,
        now: Now,
    ) -> DynamicVerdict<'a, 'c> {
        match self.admit(datagram, secrets, now) {
            Ok(verdict) => verdict,
            Err(reason) => DynamicVerdict::Drop(reason),
        }
    }

    fn admit<'a, 'c>(
        &mut self,
        datagram: Datagram<'a>,
        secrets: Option<&'c Secrets>,
        now: Now,
    ) -> Result<DynamicVerdict<'a, 'c>, DropReason> {
        let secrets = secrets.ok_or(DropReason::UnknownClient)?;
        let packet = Packet::parse(datagram.octets)?;
        let change = match packet.code() {
            Code::DisconnectRequest => Change::Disconnect,
            Code::CoaRequest => Change::Authorization,
            code => return Err(DropReason::UnexpectedCode(code)),
        };
        let secret = proof::by_request_authenticator(&packet, secrets)?.secret;
        self.check_event_timestamp(&packet, now.wall)?;
        let source = datagram.source;
        match self.duplicates.begin(source, &packet, now.monotonic) {
            Seen::New(ticket) => {
                let request = DynamicRequest { change, packet, source, secret, ticket };
                Ok(DynamicVerdict::Process(request))
            }
            Seen::Answered(reply) => Ok(DynamicVerdict::Resend(reply)),
            Seen::InProgress => Err(DropReason::DuplicateInProgress),
            Seen::Full => Err(DropReason::TooManyInProgress),
        }
    }

    fn check_event_timestamp(
        &self,
        packet: &Packet<'_>,
        now: SystemTime,
    ) -> Result<(), DropReason> {
        let Some(event) = packet.event_time() else {
            return match self.event_timestamp {
                EventTimestampRule::Required => Err(DropReason::MissingEventTimestamp),
                EventTimestampRule::Optional => Ok(()),
            };
        };
        let apart =
            now.duration_since(event).unwrap_or_else(|event_is_later| event_is_later.duration());
        if apart > EVENT_TIMESTAMP_WINDOW {
            return Err(DropReason::StaleEventTimestamp);
        }
        Ok(())
    }

    /// Stores the reply to a request for its retransmissions, and says whether to send it.
    pub fn answered(&mut self, ticket: Ticket, reply: &SignedPacket, now: Instant) -> Disposition {
        self.duplicates.answered(ticket, reply, now)
    }

    /// Gives up a request without an answer, so that its retransmission is processed again.
    pub fn released(&mut self, ticket: Ticket) {
        self.duplicates.released(ticket);
    }
}

#[cfg(test)]
mod tests;
