//! One listening socket with its protocol core: datagrams in, requests out, replies back.
//!
//! What needs no decision of ours (retransmissions, Status-Server, drops) is settled here and
//! counted. It never waits: not for the store, not for a full socket.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use radius_proto::duplicates::{Disposition, DuplicateLimits, Ticket};
use radius_proto::packet::MAX_PACKET_OCTETS;
use radius_proto::server::{Datagram, Role, Server, Verdict};
use radius_proto::{DropReason, SignedPacket};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::access_points::AccessPoint;
use crate::log_limit::LogLimit;
use crate::metrics::Outcome;
use crate::shared::Shared;

/// How long, and how many, replies are kept for retransmissions (RFC 5080 §2.2.2: 5 to 30 s).
const REMEMBERED: DuplicateLimits = DuplicateLimits {
    retention: Duration::from_secs(10),
    max_entries: NonZeroUsize::new(131_072).expect("not zero"),
};

/// A listening socket.
pub(crate) struct Port {
    pub(crate) socket: Arc<UdpSocket>,
    pub(crate) shared: Arc<Shared>,
    server: Server,
    log_limit: LogLimit,
    buffer: Box<[u8; MAX_PACKET_OCTETS]>,
}

/// Where a reply goes.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    ticket: Ticket,
    source: SocketAddr,
    pub(crate) access_point: Arc<AccessPoint>,
}

/// What was taken from the socket.
pub(crate) enum Taken {
    /// Nothing, for the moment.
    Nothing,
    /// A datagram that needs no decision.
    Settled,
    /// A request that is new and authentic: its octets, and who wants an answer.
    Request(Vec<u8>, Asker),
}

impl Port {
    pub(crate) fn new(socket: Arc<UdpSocket>, role: Role, shared: Arc<Shared>) -> Self {
        Self {
            socket,
            shared,
            server: Server::new(role, REMEMBERED),
            log_limit: LogLimit::default(),
            buffer: Box::new([0; MAX_PACKET_OCTETS]),
        }
    }

    /// Takes the next datagram that has arrived.
    pub(crate) fn take(&mut self) -> Taken {
        let (length, source) = match self.socket.try_recv_from(self.buffer.as_mut_slice()) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Taken::Nothing,
            Err(error) => {
                tracing::warn!(%error, "radius.receive");
                return Taken::Settled;
            }
        };
        let access_point = self.shared.access_points.load().find(source.ip()).cloned();
        let status_answers = self.shared.recording.status_answers(self.shared.clock.now());
        self.server.set_status_answers(status_answers);
        let octets = self.buffer.get(..length).unwrap_or_default();
        let client = access_point.as_deref().map(AccessPoint::client_view);
        let now = Instant::now().into_std();
        match self.server.receive(Datagram { source, octets }, client, now) {
            Verdict::Process(request) => {
                let ticket = request.ticket;
                let octets = octets.to_vec();
                let access_point = access_point.expect("only a known client is processed");
                return Taken::Request(octets, Asker { ticket, source, access_point });
            }
            Verdict::Resend(reply) => {
                self.send(&reply, source);
                self.count(Outcome::Resent, access_point.as_deref());
            }
            Verdict::AnswerStatus(reply) => {
                self.send(&reply, source);
                self.count(Outcome::StatusAnswered, access_point.as_deref());
            }
            Verdict::Drop(reason) => self.drop(reason, source, access_point.as_deref()),
        }
        Taken::Settled
    }

    fn drop(&mut self, reason: DropReason, source: SocketAddr, access_point: Option<&AccessPoint>) {
        self.count(Outcome::Dropped(reason), access_point);
        // A NAS that repeats itself while it is being answered is nothing odd.
        if reason != DropReason::DuplicateInProgress {
            self.log(source, access_point, reason.as_str());
        }
    }

    fn count(&self, outcome: Outcome, access_point: Option<&AccessPoint>) {
        let counters = access_point.map(|known| known.counters.as_ref());
        self.shared.metrics.count(outcome, counters);
    }

    /// Keeps a reply for retransmissions and sends it.
    pub(crate) fn reply(&mut self, asker: &Asker, reply: &SignedPacket, outcome: Outcome) {
        let now = Instant::now().into_std();
        let outcome = match self.server.answered(asker.ticket, reply, now) {
            Disposition::Send => match self.send(reply, asker.source) {
                Sent::Yes => outcome,
                Sent::No => Outcome::Unsent,
            },
            Disposition::Superseded => Outcome::Superseded,
        };
        self.settle(asker, outcome);
    }

    /// Gives a request up without an answer.
    pub(crate) fn stay_silent(&mut self, asker: &Asker, outcome: Outcome) {
        self.server.released(asker.ticket);
        self.settle(asker, outcome);
        self.warn(asker, outcome.as_str());
    }

    /// Logs what is odd about a request, unless it was logged for its source a moment ago.
    pub(crate) fn warn(&mut self, asker: &Asker, reason: &'static str) {
        self.log(asker.source, Some(&asker.access_point), reason);
    }

    fn settle(&self, asker: &Asker, outcome: Outcome) {
        self.count(outcome, Some(&asker.access_point));
        tracing::debug!(nas = %asker.access_point.nas.name, outcome = outcome.as_str(), "radius.request");
    }

    fn send(&self, octets: &[u8], to: SocketAddr) -> Sent {
        match self.socket.try_send_to(octets, to) {
            Ok(_) => Sent::Yes,
            Err(error) => {
                tracing::debug!(%error, "radius.send");
                Sent::No
            }
        }
    }

    fn log(
        &mut self,
        source: SocketAddr,
        access_point: Option<&AccessPoint>,
        reason: &'static str,
    ) {
        let now = self.shared.clock.now();
        if self.log_limit.allows(source.ip(), reason, now) {
            let nas = access_point.map_or("unknown", |known| known.nas.name.as_str());
            tracing::warn!(%source, nas, reason, "radius.odd");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Yes,
    No,
}
