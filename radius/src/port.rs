//! One listening socket with its protocol core: datagrams in, requests out, replies back.
//!
//! Datagrams are taken from the kernel many at a time and wait here for their access point's
//! turn; replies leave together. What needs no decision of ours (retransmissions, Status-Server,
//! drops) is settled here and counted. It never waits: not for the store, not for a full socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use domain::{NasName, NasRange};
use radius_proto::duplicates::{Disposition, DuplicateLimits, Ticket};
use radius_proto::log_limit::LogLimit;
use radius_proto::server::{Datagram, Role, Server, Verdict};
use radius_proto::{DropReason, SignedPacket};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::access_points::{AccessPoint, SecretAge};
use crate::batch::{self, Inbox, Outbox};
use crate::fair_queue::FairQueue;
use crate::flood::FloodGuard;
use crate::metrics::Outcome;
use crate::precedence::Precedence;
use crate::registrar::Notice;
use crate::shared::Shared;

/// How long, and how many, replies are kept for retransmissions (RFC 5080 §2.2.2: 5 to 30 s).
const REMEMBERED: DuplicateLimits = DuplicateLimits {
    retention: Duration::from_secs(10),
    max_entries: NonZeroUsize::new(131_072).expect("not zero"),
};
/// How long a request may wait here for its turn. Then whoever asked has asked again or elsewhere.
const PATIENCE: Duration = Duration::from_secs(10);
/// Status-Server of one access point that are answered in a second; one in ten is usual.
const STATUS_A_SECOND: u32 = 100;
/// System calls for receiving in one go.
const FILLS: usize = 16;

/// A listening socket.
pub(crate) struct Port {
    pub(crate) socket: Arc<UdpSocket>,
    pub(crate) shared: Arc<Shared>,
    role: Role,
    server: Server,
    log_limit: LogLimit,
    introductions: LogLimit,
    inbox: Inbox,
    outbox: Outbox,
    flood: FloodGuard,
    waiting: FairQueue<Waiting>,
    replies: Vec<Reply>,
}

/// A datagram of a known access point, not looked into yet.
struct Waiting {
    source: SocketAddr,
    octets: Vec<u8>,
    access_point: Arc<AccessPoint>,
    arrived: Instant,
}

/// A reply on its way out.
struct Reply {
    to: SocketAddr,
    packet: SignedPacket,
    outcome: Outcome,
    access_point: Arc<AccessPoint>,
}

/// Where a reply goes.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    ticket: Ticket,
    pub(crate) source: SocketAddr,
    pub(crate) access_point: Arc<AccessPoint>,
    /// The secret that the request was made with, which also signs the reply.
    pub(crate) secret: SecretAge,
}

/// What was taken from those that wait.
pub(crate) enum Taken {
    /// Nothing that may go, for the moment.
    Nothing,
    /// A datagram that needs no decision.
    Settled,
    /// A request that is new and authentic: its octets, and who wants an answer.
    Request(Vec<u8>, Asker),
}

impl Port {
    pub(crate) fn new(socket: Arc<UdpSocket>, role: Role, shared: Arc<Shared>) -> Self {
        let waiting = FairQueue::new(shared.settings.waiting_requests);
        let flood = FloodGuard::new(Arc::clone(&socket), shared.settings.waiting_requests);
        Self {
            socket,
            shared,
            role,
            server: Server::new(role, REMEMBERED),
            log_limit: LogLimit::default(),
            introductions: LogLimit::default(),
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            flood,
            waiting,
            replies: Vec::new(),
        }
    }

    /// Takes what has arrived from the kernel, before its buffer is full.
    pub(crate) fn fill(&mut self) {
        for fill in 0..FILLS {
            match self.receive() {
                Ok(batch::MOST) if fill == 0 => self.flood.look(&self.socket),
                Ok(batch::MOST) => {}
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    tracing::warn!(%error, "radius.receive");
                    break;
                }
            }
        }
        self.flood.judge();
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut strangers = Vec::new();
        let mut displaced = Vec::new();
        let access_points = self.shared.access_points.load();
        let (waiting, flood, arrived) = (&mut self.waiting, &mut self.flood, Instant::now());
        let ranges = self.shared.ranges.load();
        let received = self.inbox.receive(&self.socket, |source, octets| {
            flood.took(source.ip());
            let Some(access_point) = access_points.find(source.ip(), octets) else {
                let range = ranges.find(source.ip());
                strangers.push((source, range.map(|range| (Arc::clone(range), octets.to_vec()))));
                return;
            };
            let request = Waiting {
                source,
                octets: octets.to_vec(),
                access_point: Arc::clone(access_point),
                arrived,
            };
            let precedence = Precedence::of(octets);
            displaced.extend(waiting.push(&access_point.nas.name, precedence, request));
        })?;
        drop((access_points, ranges));
        for (source, introduced) in strangers {
            self.drop(DropReason::UnknownClient, source, (None, &[]));
            if let Some((range, octets)) = introduced {
                self.introduce(source.ip(), range, octets);
            }
        }
        for Waiting { source, access_point, octets, .. } in displaced {
            self.turn_away((&access_point, source), &octets);
        }
        Ok(received)
    }

    /// Gives up a datagram that nobody has looked into.
    fn turn_away(&mut self, from: (&AccessPoint, SocketAddr), octets: &[u8]) {
        let (access_point, source) = from;
        self.count(Outcome::Overloaded, Some(access_point));
        self.pass(from, Outcome::Overloaded, octets);
        self.log(source, Some(&access_point.nas.name), Outcome::Overloaded.as_str());
    }

    /// Has an unknown sender in a declared range written down, once a minute at most.
    fn introduce(&mut self, source: IpAddr, range: Arc<NasRange>, octets: Vec<u8>) {
        if self.introductions.allows(source, "pending", Instant::now().into_std()) {
            self.shared.notices.leave(Notice::Stranger { source, range, octets });
        }
    }

    /// How many wait here.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the next of those that wait and may go.
    pub(crate) fn take(&mut self, may_go: impl Fn(&NasName, Precedence) -> bool) -> Taken {
        let Some(Waiting { source, octets, access_point, arrived }) = self.waiting.pop(may_go)
        else {
            return Taken::Nothing;
        };
        if arrived.elapsed() > PATIENCE {
            self.turn_away((&access_point, source), &octets);
            return Taken::Settled;
        }
        let status_answers = self.shared.recording.status_answers(self.shared.clock.now());
        self.server.set_status_answers(access_point.status_answers(status_answers));
        let client = Some(access_point.client_view());
        let now = Instant::now().into_std();
        match self.server.receive(Datagram { source, octets: &octets }, client, now) {
            Verdict::Process(request) => {
                let secret = access_point.age_of_secret(&request);
                access_point.counters.saw(&request, secret, self.shared.clock.now());
                if let Some(notice) = access_point.learn_from(&request) {
                    self.shared.notices.leave(notice);
                }
                let ticket = request.ticket;
                return Taken::Request(octets, Asker { ticket, source, access_point, secret });
            }
            Verdict::Resend(packet) => {
                let outcome = Outcome::Resent;
                self.pass((&access_point, source), outcome, &octets);
                self.replies.push(Reply { to: source, packet, outcome, access_point });
            }
            Verdict::AnswerStatus(packet) => {
                let now = self.shared.clock.now();
                if access_point.counters.status.allows(STATUS_A_SECOND, now) {
                    let outcome = Outcome::StatusAnswered;
                    self.replies.push(Reply { to: source, packet, outcome, access_point });
                } else {
                    self.count(Outcome::StatusTooOften, Some(&access_point));
                }
            }
            Verdict::Drop(reason) => self.drop(reason, source, (Some(&access_point), &octets)),
        }
        Taken::Settled
    }

    fn drop(
        &mut self,
        reason: DropReason,
        source: SocketAddr,
        (access_point, octets): (Option<&AccessPoint>, &[u8]),
    ) {
        self.count(Outcome::Dropped(reason), access_point);
        if let Some(known) = access_point {
            self.pass((known, source), Outcome::Dropped(reason), octets);
        }
        // A NAS that repeats itself while it is being answered is nothing odd.
        if reason != DropReason::DuplicateInProgress {
            let is_new =
                self.log(source, access_point.map(|known| &known.nas.name), reason.as_str());
            if is_new && access_point.is_none() {
                let now = self.shared.clock.now();
                self.shared.notes.stranger(source, self.role, reason.as_str(), now);
            }
        }
    }

    /// Notes what becomes of a request beside decisions; `octets` may be empty.
    pub(crate) fn note(&self, asker: &Asker, outcome: Outcome, octets: &[u8]) {
        self.pass((&asker.access_point, asker.source), outcome, octets);
    }

    fn pass(&self, from: (&AccessPoint, SocketAddr), outcome: Outcome, octets: &[u8]) {
        self.shared.notes.passed(from, self.role, (outcome, octets), self.shared.clock.now());
    }

    fn count(&self, outcome: Outcome, access_point: Option<&AccessPoint>) {
        let counters = access_point.map(|known| known.counters.as_ref());
        self.shared.metrics.count(outcome, counters);
    }

    /// Keeps a reply for retransmissions; it leaves with the next [`Port::flush`].
    pub(crate) fn reply(&mut self, asker: Asker, packet: SignedPacket, outcome: Outcome) {
        let now = Instant::now().into_std();
        let Asker { ticket, source: to, access_point, .. } = asker;
        match self.server.answered(ticket, &packet, now) {
            Disposition::Send => self.replies.push(Reply { to, packet, outcome, access_point }),
            Disposition::Superseded => {
                self.pass((&access_point, to), Outcome::Superseded, &[]);
                self.settle(&access_point, Outcome::Superseded);
            }
        }
    }

    /// Sends the replies that have gathered. What the kernel has no room for is not sent, and a
    /// retransmission will get it.
    pub(crate) fn flush(&mut self) {
        let mut replies = std::mem::take(&mut self.replies);
        replies.sort_by_key(|reply| (reply.to, reply.packet.len()));
        let mut rest = replies.as_slice();
        while !rest.is_empty() {
            let datagrams = rest.iter().map(|reply| (reply.to, &*reply.packet));
            let sent = match self.outbox.send(&self.socket, datagrams) {
                Ok(sent) => sent,
                Err(error) => {
                    tracing::debug!(%error, "radius.send");
                    0
                }
            };
            let (gone, left) = rest.split_at(sent);
            for reply in gone {
                self.settle(&reply.access_point, reply.outcome);
            }
            rest = left;
            // An address that cannot be sent to must not keep the others.
            if sent == 0
                && let Some((stuck, left)) = left.split_first()
            {
                self.pass((&stuck.access_point, stuck.to), Outcome::Unsent, &[]);
                self.settle(&stuck.access_point, Outcome::Unsent);
                rest = left;
            }
        }
        self.replies = replies;
        self.replies.clear();
    }

    /// Gives a request up without an answer.
    pub(crate) fn stay_silent(&mut self, asker: &Asker, outcome: Outcome) {
        self.server.released(asker.ticket);
        self.settle(&asker.access_point, outcome);
        self.warn(asker, outcome.as_str());
    }

    /// Logs what is odd about a request, unless it was logged for its source a moment ago.
    pub(crate) fn warn(&mut self, asker: &Asker, reason: &'static str) {
        self.log(asker.source, Some(&asker.access_point.nas.name), reason);
    }

    fn settle(&self, access_point: &AccessPoint, outcome: Outcome) {
        self.count(outcome, Some(access_point));
        tracing::debug!(nas = %access_point.nas.name, outcome = outcome.as_str(), "radius.request");
    }

    /// Returns whether it was logged.
    fn log(&mut self, source: SocketAddr, nas: Option<&NasName>, reason: &'static str) -> bool {
        let now = Instant::now().into_std();
        let is_new = self.log_limit.allows(source.ip(), reason, now);
        if is_new {
            let nas = nas.map_or("unknown", NasName::as_str);
            tracing::warn!(%source, nas, reason, "radius.odd");
        }
        is_new
    }
}
