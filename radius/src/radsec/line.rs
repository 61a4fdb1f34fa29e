//! The life of one connection: the loop around the core of `radius-proto`.
//!
//! Requests are decided in tasks and accounting is written in batches, as over UDP; nothing is
//! lost for want of room, since a connection is simply not read from meanwhile. Whose it is is
//! looked up for everything that arrives, so what an admin changes counts at once.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{AccountingRecord, CertificateName};
use radius_proto::radsec::{
    CloseReason, Connection, Event, Question, RequestNumber, Sent, Ticket, Version,
};
use radius_proto::server::Role;
use radius_proto::{Authenticator, SignedPacket};
use store::JournalError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::time::DelayQueue;

use super::connections::Errand;
use super::outbox::Outbox;
use super::settings::RadsecSettings;
use crate::access_points::{AccessPoint, SecretAge};
use crate::answer::{Answer, answer};
use crate::authentication::with_jitter;
use crate::authorise::Refusal;
use crate::metrics::Outcome;
use crate::random;
use crate::record::{self, NoRecord};
use crate::shared::Shared;

/// Octets read at a time.
const READ: usize = 16 << 10;
/// Octets unsent, or tasks at work, with which a connection is not read from.
const MOST_UNSENT: usize = 64 << 10;
const MOST_AT_WORK: usize = 256;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a connection ends.
enum End {
    /// The access point has closed it.
    Left,
    /// The server stops.
    Stopped,
    /// The access point has opened too many others since.
    Replaced,
    /// The certificate is no access point's any more.
    NoLongerKnown,
    /// What was sent stays unread.
    ReadsNothing,
    /// The network or TLS failed.
    Broken(io::Error),
    /// The core says so.
    Closed(CloseReason),
}

/// What a task is about.
enum Work {
    Access(Ticket),
    Accounting(Vec<(Ticket, SignedPacket)>),
}

enum Done {
    Access(Answer),
    Accounting(Result<(), JournalError>),
}

struct HeldReject {
    ticket: Ticket,
    reply: SignedPacket,
    refusal: Refusal,
}

/// One connection of an access point.
pub(super) struct Line {
    shared: Arc<Shared>,
    names: Vec<CertificateName>,
    access_point: Arc<AccessPoint>,
    peer: SocketAddr,
    unread_time: Duration,
    core: Connection,
    out: Outbox,
    tasks: JoinSet<Done>,
    work: HashMap<Id, Work>,
    rejects: DelayQueue<HeldReject>,
    /// Who waits for the answer to each request of ours.
    asked: HashMap<RequestNumber, oneshot::Sender<Option<Vec<u8>>>>,
}

impl Line {
    pub(super) fn new(
        settings: &RadsecSettings,
        shared: Arc<Shared>,
        (names, access_point): (Vec<CertificateName>, Arc<AccessPoint>),
        version: Version,
        peer: SocketAddr,
    ) -> Self {
        let limits = settings.limits();
        Self {
            shared,
            names,
            access_point,
            peer,
            unread_time: settings.unread_time(),
            core: Connection::new(version, peer, limits, Instant::now().into_std()),
            out: Outbox::default(),
            tasks: JoinSet::new(),
            work: HashMap::new(),
            rejects: DelayQueue::new(),
            asked: HashMap::new(),
        }
    }

    /// Serves the connection to its end.
    pub(super) async fn run(
        mut self,
        stream: TlsStream<TcpStream>,
        mut errands: mpsc::Receiver<Errand>,
        stop: CancellationToken,
    ) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut buffer = vec![0; READ];
        let end = loop {
            let (deadline, reads) = (self.next_deadline(), self.has_room());
            let Self { tasks, rejects, out, .. } = &mut self;
            let step = tokio::select! {
                () = stop.cancelled() => Err(End::Stopped),
                Some(done) = tasks.join_next_with_id() => { self.finish(done); Ok(()) }
                Some(due) = poll_fn(|cx| rejects.poll_expired(cx)) => {
                    self.reject(due.into_inner());
                    Ok(())
                }
                sent = out.send(&mut writer), if out.is_waiting() => sent.map_err(End::Broken),
                received = reader.read(&mut buffer), if reads => match received {
                    Ok(0) => Err(End::Left),
                    Ok(length) => self.take(buffer.get(..length).unwrap_or_default()),
                    Err(error) => Err(End::Broken(error)),
                },
                errand = errands.recv() => match errand {
                    Some(errand) => { self.ask(errand); Ok(()) }
                    None => Err(End::Replaced),
                },
                () = tokio::time::sleep_until(deadline) => self.elapse(),
            };
            if let Err(end) = step {
                break end;
            }
        };
        self.log(end);
        drop(timeout(GOODBYE, writer.shutdown()).await);
    }

    fn has_room(&self) -> bool {
        self.out.len() < MOST_UNSENT && self.tasks.len() < MOST_AT_WORK
    }

    fn next_deadline(&self) -> Instant {
        let core = Instant::from_std(self.core.next_deadline());
        self.out.overdue_at(self.unread_time).map_or(core, |overdue| overdue.min(core))
    }

    fn elapse(&mut self) -> Result<(), End> {
        let now = Instant::now();
        while let Some(event) = self.core.elapse(now.into_std()).map_err(End::Closed)? {
            self.heed(event, &mut Vec::new());
        }
        match self.out.overdue_at(self.unread_time) {
            Some(overdue) if overdue <= now => Err(End::ReadsNothing),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes what was received; accounting in it is written at once and together.
    fn take(&mut self, octets: &[u8]) -> Result<(), End> {
        let known = self.shared.access_points.load().find_by_certificate(&self.names).cloned();
        self.access_point = known.ok_or(End::NoLongerKnown)?;
        let answers = self.shared.recording.status_answers(self.shared.clock.now());
        self.core.set_status_answers(self.access_point.status_answers(answers));
        self.core.push(octets);
        let mut records = Vec::new();
        let ended = loop {
            match self.core.next(Instant::now().into_std()) {
                Ok(Some(event)) => self.heed(event, &mut records),
                Ok(None) => break Ok(()),
                Err(reason) => break Err(End::Closed(reason)),
            }
        };
        self.write(records);
        ended
    }

    fn heed(&mut self, event: Event, records: &mut Vec<(AccountingRecord, Ticket, SignedPacket)>) {
        match event {
            Event::Request { question: Question::Access, octets, ticket } => {
                self.decide(octets, ticket);
            }
            Event::Request { question: Question::Accounting, octets, ticket } => {
                records.extend(self.read(&octets, ticket));
            }
            Event::Send(packet, sent) => {
                self.out.push(&packet);
                self.count(match sent {
                    Sent::Again => Outcome::Resent,
                    Sent::Status => Outcome::StatusAnswered,
                    Sent::ProtocolError => Outcome::KindRefused,
                });
            }
            Event::WatchDue => self.watch(),
            Event::Answered(number, octets) => self.tell(number, Some(octets)),
            Event::GaveUp(number) => self.tell(number, None),
            Event::Dropped(reason) => {
                self.note(Role::Authentication, Outcome::Dropped(reason), &[]);
                self.count(Outcome::Dropped(reason));
            }
        }
    }

    fn decide(&mut self, octets: Vec<u8>, ticket: Ticket) {
        // Half of all places at most, as over UDP.
        let share = self.shared.settings.requests_in_progress.div_ceil(2);
        let Some(place) = self.access_point.counters.begin(share) else {
            self.note(Role::Authentication, Outcome::Overloaded, &octets);
            return self.stay_silent(ticket, Outcome::Overloaded);
        };
        let (shared, access_point) = (Arc::clone(&self.shared), Arc::clone(&self.access_point));
        let peer = self.peer;
        let task = self.tasks.spawn(async move {
            let _place = place;
            let from = (octets.as_slice(), peer);
            Done::Access(answer(&shared, &access_point, SecretAge::Current, from).await)
        });
        self.work.insert(task.id(), Work::Access(ticket));
    }

    fn read(
        &mut self,
        octets: &[u8],
        ticket: Ticket,
    ) -> Option<(AccountingRecord, Ticket, SignedPacket)> {
        match record::receive(&self.shared, &self.access_point, SecretAge::Current, octets) {
            Ok((record, reply)) => return Some((record, ticket, reply)),
            Err(NoRecord::Unusable(reply, reason)) => {
                self.note(Role::Accounting, Outcome::Unusable(reason), octets);
                self.reply(ticket, &reply, Outcome::Unusable(reason));
            }
            Err(NoRecord::Unanswerable) => self.stay_silent(ticket, Outcome::Unanswerable),
        }
        None
    }

    fn write(&mut self, gathered: Vec<(AccountingRecord, Ticket, SignedPacket)>) {
        if gathered.is_empty() {
            return;
        }
        let (records, replies) =
            gathered.into_iter().map(|(record, ticket, reply)| (record, (ticket, reply))).unzip();
        let shared = Arc::clone(&self.shared);
        let append = async move { Done::Accounting(shared.journal.append(records).await) };
        let task = self.tasks.spawn(append);
        self.work.insert(task.id(), Work::Accounting(replies));
    }

    fn finish(&mut self, done: Result<(Id, Done), JoinError>) {
        let (id, done) = match done {
            Ok((id, done)) => (id, Ok(done)),
            Err(error) => (error.id(), Err(error)),
        };
        match (self.work.remove(&id), done) {
            (Some(Work::Access(ticket)), Ok(Done::Access(answer))) => self.give(ticket, answer),
            (Some(Work::Access(ticket)), Err(error)) => {
                tracing::error!(%error, "access.panicked");
                self.stay_silent(ticket, Outcome::Panicked);
            }
            (Some(Work::Accounting(replies)), Ok(Done::Accounting(written))) => {
                let settled = record::settle(&self.shared, Ok(written));
                self.acknowledge(replies, settled);
            }
            (Some(Work::Accounting(replies)), Err(error)) => {
                let settled = record::settle(&self.shared, Err(error));
                self.acknowledge(replies, settled);
            }
            (_, _) => debug_assert!(false, "a task ends once, as what it began"),
        }
    }

    fn acknowledge(&mut self, replies: Vec<(Ticket, SignedPacket)>, settled: Result<(), Outcome>) {
        for (ticket, reply) in replies {
            match settled {
                Ok(()) => self.reply(ticket, &reply, Outcome::Recorded),
                Err(outcome) => {
                    self.note(Role::Accounting, outcome, &[]);
                    self.stay_silent(ticket, outcome);
                }
            }
        }
    }

    fn give(&mut self, ticket: Ticket, answer: Answer) {
        match answer {
            Answer::Accept(reply, outcome) => self.reply(ticket, &reply, outcome),
            Answer::Reject(reply, refusal) => self.hold(HeldReject { ticket, reply, refusal }),
            Answer::Silence(outcome) => self.stay_silent(ticket, outcome),
        }
    }

    fn hold(&mut self, held: HeldReject) {
        let settings = &self.shared.settings;
        if settings.reject_delay().is_zero() {
            self.reject(held);
        } else if self.rejects.len() >= settings.delayed_rejects {
            self.note(Role::Authentication, Outcome::TooManyRejects, &[]);
            self.stay_silent(held.ticket, Outcome::TooManyRejects);
        } else {
            self.rejects.insert(held, with_jitter(settings.reject_delay()));
        }
    }

    fn reject(&mut self, HeldReject { ticket, reply, refusal }: HeldReject) {
        self.reply(ticket, &reply, Outcome::Rejected(refusal));
    }

    fn reply(&mut self, ticket: Ticket, reply: &SignedPacket, outcome: Outcome) {
        match self.core.answer(ticket, reply, Instant::now().into_std()) {
            Some(packet) => {
                self.out.push(&packet);
                self.count(outcome);
            }
            None => self.count(Outcome::Superseded),
        }
    }

    fn stay_silent(&mut self, ticket: Ticket, outcome: Outcome) {
        self.core.release(ticket);
        self.count(outcome);
    }

    fn ask(&mut self, errand: Errand) {
        let Errand { request, patience, answer } = errand;
        let now = Instant::now().into_std();
        match self.core.ask(request, now, now + patience) {
            Ok((number, packet)) => {
                self.out.push(&packet);
                self.asked.insert(number, answer);
            }
            Err(error) => {
                tracing::warn!(nas = %self.access_point.nas.name, %error, "radsec.unsendable");
                answer.send(None).ok();
            }
        }
    }

    /// Asks whether the access point is still there.
    fn watch(&mut self) {
        let nas = &self.access_point.nas.name;
        match self.core.watch(Authenticator::new(random::octets()), Instant::now().into_std()) {
            Ok(packet) => {
                tracing::debug!(%nas, "radsec.watched");
                self.out.push(&packet);
            }
            Err(error) => tracing::warn!(%nas, %error, "radsec.unsendable"),
        }
    }

    /// Tells who asked, if anybody still wants to know.
    fn tell(&mut self, number: RequestNumber, answer: Option<Vec<u8>>) {
        if let Some(asker) = self.asked.remove(&number) {
            asker.send(answer).ok();
        }
    }

    /// Notes what becomes of a packet beside decisions; `octets` may be empty.
    fn note(&self, role: Role, outcome: Outcome, octets: &[u8]) {
        let from = (self.access_point.as_ref(), self.peer);
        self.shared.notes.passed(from, role, (outcome, octets), self.shared.clock.now());
    }

    fn count(&self, outcome: Outcome) {
        self.shared.metrics.count(outcome, Some(&self.access_point.counters));
        tracing::debug!(nas = %self.access_point.nas.name, outcome = outcome.as_str(), "radius.request");
    }

    fn log(&self, end: End) {
        let nas = &self.access_point.nas.name;
        let reason = match end {
            End::Left => return tracing::info!(%nas, "radsec.left"),
            End::Stopped => return,
            End::Broken(error) => return tracing::info!(%nas, %error, "radsec.broken"),
            End::Replaced => "replaced",
            End::NoLongerKnown => "no-longer-known",
            End::ReadsNothing => "reads-nothing",
            End::Closed(reason) => {
                self.count(Outcome::Closed(reason));
                reason.as_str()
            }
        };
        tracing::warn!(%nas, reason, "radsec.closed");
    }
}
