//! The thread that asks targets: what is due is sent in short batches, what came is judged, and what
//! follows from it is told.
//!
//! It wakes a hundred times a second at most, for the kernel keeps answers together with their times.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, TrySendError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use link::PathNumber;
use link::targets::{Change, Failure, Probe, Quorum, TargetNumber, Targets, Which};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::time::TimeSpec;

use super::Outlets;
use super::batch::{self, Batch, Received, Way};
use super::ends::{Ends, unsent};
use super::names::Names;
use super::settings::Question;
use super::status::Board;
use super::streams::{Outcome, Service, Streams};
use crate::links::event::Event;
use crate::links::switch::Family;
use crate::links::watch::Command;

/// The time from one look to the next at least.
const TICK: Duration = Duration::from_millis(10);
/// How often it is looked whether devices were made again, and told which paths live.
const SECOND: Duration = Duration::from_secs(1);
/// Events that are handed over in one tick, so that those of paths are never kept out.
const EVENTS_A_TICK: usize = 16;
/// Events that wait for that; with more of them the oldest are lost.
const EVENTS: usize = 20_000;
/// Batches that are taken of one socket before others have their turn.
const IN_A_ROW: usize = 256;
/// A kernel's time that is longer ago than this is none.
const OLDEST: Duration = Duration::from_secs(60);

/// A target as it is asked.
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) address: IpAddr,
    /// The place of its path.
    pub(super) path: usize,
    pub(super) timeout: Duration,
}

impl Asked {
    fn number(&self) -> PathNumber {
        PathNumber::new(u8::try_from(self.path).unwrap_or(u8::MAX))
    }
}

/// What the thread has.
pub(super) struct Prober {
    asked: Vec<Asked>,
    /// Targets that are asked as neighbours, by path and address.
    neighbours: HashMap<(usize, IpAddr), TargetNumber>,
    ends: Vec<Ends>,
    quorums: Vec<(PathNumber, Quorum)>,
    streams: Streams,
    came: Receiver<Outcome>,
    board: Arc<Board>,
    wake: Arc<EventFd>,
    to: Outlets,
    events: VecDeque<Event>,
    batch: Batch,
}

impl Prober {
    pub(super) fn new(
        asked: Vec<Asked>,
        ends: Vec<Ends>,
        quorums: Vec<(PathNumber, Quorum)>,
        (streams, came): (Streams, Receiver<Outcome>),
        board: Arc<Board>,
        wake: Arc<EventFd>,
        to: Outlets,
    ) -> Self {
        let neighbours = (0..).map(TargetNumber).zip(&asked).filter_map(|(number, asked)| {
            let is_neighbour = asked.question == Question::Neighbour;
            is_neighbour.then_some(((asked.path, asked.address), number))
        });
        let neighbours = neighbours.collect();
        let (events, batch) = (VecDeque::new(), Batch::new());
        Self { asked, neighbours, ends, quorums, streams, came, board, wake, to, events, batch }
    }

    /// Asks until it is over.
    ///
    /// # Errors
    /// When the kernel lets nobody wait any more.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut looked_at = Instant::now();
        let mut woke_at = looked_at;
        loop {
            self.rest(woke_at + TICK)?;
            woke_at = Instant::now();
            if self.to.over.is_cancelled() {
                return Ok(());
            }
            let board = Arc::clone(&self.board);
            let mut targets = board.targets.lock().unwrap_or_else(PoisonError::into_inner);
            self.receive(&mut targets);
            self.ask(&mut targets);
            let changes = targets.take_changes();
            let is_due = looked_at.elapsed() >= SECOND;
            if is_due || !changes.is_empty() {
                self.tell(&changes, &targets);
            }
            drop(targets);
            if is_due {
                looked_at = Instant::now();
                self.ends.iter_mut().for_each(Ends::refresh);
            }
            self.hand_over();
        }
    }

    /// Waits for an answer, the end, or the next deadline, and until the tick is over in any case.
    fn rest(&self, tick: Instant) -> io::Result<()> {
        let deadline = {
            let targets = self.board.targets.lock().unwrap_or_else(PoisonError::into_inner);
            targets.next_deadline()
        };
        let now = Instant::now();
        let deadline = deadline.map_or(now + SECOND, |deadline| deadline.min(now + SECOND));
        // Outcomes of connections wake it, too, and can wait for the tick.
        std::thread::sleep(tick.saturating_duration_since(now));
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let mut fds = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
        let all = self.ends.iter().flat_map(Ends::waiting);
        fds.extend(all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match ppoll(&mut fds, Some(TimeSpec::from(left)), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Takes all that came, before it is looked what is lost.
    fn receive(&mut self, targets: &mut Targets) {
        // It is empty if nobody woke us.
        let _ = self.wake.read();
        for (probe, outcome, at) in self.came.try_iter() {
            match outcome {
                Ok(()) => targets.answer(probe.target, Which::Number(probe.sequence), at),
                Err(failure) => targets.fail(probe, failure, at),
            }
        }
        let Self { asked, neighbours, ends, batch, .. } = self;
        for (path, ends) in ends.iter_mut().enumerate() {
            let mut found = |from: Option<IpAddr>, at| {
                let target = from.and_then(|from| neighbours.get(&(path, from)));
                if let Some(target) = target {
                    targets.answer(*target, Which::Any, at);
                }
            };
            if let Ok(arp) = ends.arp.open() {
                drain(batch, arp.fd(), |came, at| found(arp.read(came.octets).map(Into::into), at));
            }
            if let Ok(ndp) = ends.ndp.open() {
                drain(batch, ndp.fd(), |came, at| found(ndp.read(&came).map(Into::into), at));
            }
            for family in Family::BOTH {
                if let Ok(echo) = ends.echo.of(family).open() {
                    drain(batch, echo.fd(), |came, at| {
                        let Some(probe) = echo.read(came.octets) else { return };
                        if is_at(asked, probe.target, path, came.from) {
                            targets.answer(probe.target, Which::Number(probe.sequence), at);
                        }
                    });
                }
                if let Ok(names) = ends.names.of(family).open() {
                    take_names(batch, names, targets);
                }
            }
        }
    }

    /// Sends what is due.
    fn ask(&mut self, targets: &mut Targets) {
        loop {
            let mut gathered = 0;
            let now = Instant::now();
            while gathered < batch::MOST
                && let Some(probe) = targets.poll(now)
            {
                gathered += 1;
                self.send(probe, targets, now);
            }
            for ends in &mut self.ends {
                for family in Family::BOTH {
                    if let Ok(echo) = ends.echo.of(family).open() {
                        echo.send(|probe, errno| note(targets, probe, errno, now));
                    }
                }
            }
            if gathered < batch::MOST {
                return;
            }
        }
    }

    /// Sends a probe, or puts it to those that are sent together.
    fn send(&mut self, probe: Probe, targets: &mut Targets, now: Instant) {
        let place = usize::try_from(probe.target.0).unwrap_or(usize::MAX);
        let Some(asked) = self.asked.get(place) else { return };
        let Some(ends) = self.ends.get_mut(asked.path) else { return };
        let (address, timeout) = (asked.address, asked.timeout);
        let family = Family::of_address(address);
        // Answers of neighbours and connections tell the kernel by themselves.
        let way = match targets.is_answering(probe.target, now) {
            true => Way::Open,
            false => Way::Unknown,
        };
        let sent = match &asked.question {
            Question::Ping => ends.at(address, 0).and_then(|to| {
                let echo = ends.echo.of(family).open()?;
                echo.put((to, way), probe)
            }),
            Question::Neighbour => match address {
                IpAddr::V4(address) => ends.arp.open().and_then(|arp| arp.ask(address)),
                IpAddr::V6(address) => ends.ndp.open().and_then(|ndp| ndp.ask(address)),
            },
            Question::Dns { port, name } => ends
                .at(address, *port)
                .and_then(|to| ends.names.of(family).open()?.ask((to, way), name, probe)),
            Question::Tcp { port } => {
                let to = (address, Service::Port(*port));
                begun(self.streams.begin(ends.bound.clone(), to, probe, timeout))
            }
            Question::Http { url, host, port, ca_file } => {
                let (url, host, ca_file) = (url.clone(), host.clone(), ca_file.clone());
                let to = (address, Service::Page { url, host, port: *port, ca_file });
                begun(self.streams.begin(ends.bound.clone(), to, probe, timeout))
            }
        };
        match sent {
            // If none of it can be sent after all, it was little.
            Ok(()) => self.to.counts.add(asked.number(), asked.question.octets(family)),
            Err(errno) => note(targets, probe, errno, now),
        }
    }

    /// Tells of targets that changed, and which paths live.
    fn tell(&mut self, changes: &[Change], targets: &Targets) {
        let now = SystemTime::now();
        for change in changes {
            let place = usize::try_from(change.target.0).unwrap_or(usize::MAX);
            let Some(of) = self.board.settings.get(place) else { continue };
            if self.events.len() >= EVENTS {
                tracing::error!("links.targets: an event is lost");
                self.events.pop_front();
            }
            let blank = self.to.words.blank("target", now);
            self.events.push_back(Event {
                path: Some(of.path.clone()),
                target: Some(of.name.clone()),
                from: Some(change.from.as_str().to_owned()),
                to: Some(change.to.as_str().to_owned()),
                why: change.failure.map(|failure: Failure| failure.to_string()),
                ..blank
            });
        }
        for (path, quorum) in &mut self.quorums {
            let Some(is_met) = quorum.look(targets) else { continue };
            // It is told again each second, so nothing is lost where there was no room.
            if self.to.commands.try_send(Command::Targets(*path, is_met)).is_ok() {
                let _ = self.to.wake.write(1);
            }
        }
    }

    /// Hands some events to whoever writes them down.
    fn hand_over(&mut self) {
        for _ in 0..EVENTS_A_TICK {
            let Some(event) = self.events.pop_front() else { return };
            if let Err(TrySendError::Full(event)) = self.to.events.try_send(event) {
                return self.events.push_front(event);
            }
        }
    }
}

/// Whether this is how a target is asked, so that no host answers for another.
fn is_at(asked: &[Asked], target: TargetNumber, path: usize, from: Option<SocketAddr>) -> bool {
    let place = usize::try_from(target.0).unwrap_or(usize::MAX);
    asked.get(place).is_some_and(|asked| {
        let is_from = from.is_some_and(|from| from.ip() == asked.address);
        asked.question == Question::Ping && asked.path == path && is_from
    })
}

/// Takes what servers of names answered.
fn take_names(batch: &mut Batch, names: &mut Names, targets: &mut Targets) {
    let mut answers = Vec::new();
    drain(batch, names.fd(), |came, at| {
        answers.extend(came.from.map(|from| (came.octets.to_vec(), from, at)));
    });
    for (octets, from, at) in answers {
        match names.read(&octets, from) {
            Some((Probe { target, sequence }, None)) => {
                targets.answer(target, Which::Number(sequence), at);
            }
            Some((probe, Some(failure))) => targets.fail(probe, failure, at),
            None => {}
        }
    }
}

const fn begun(is_begun: bool) -> Result<(), Errno> {
    if is_begun { Ok(()) } else { Err(Errno::EAGAIN) }
}

/// A probe that could not be sent has failed, unless it was for want of room here.
fn note(targets: &mut Targets, probe: Probe, errno: Errno, now: Instant) {
    match unsent(errno) {
        Some(failure) => targets.fail(probe, failure, now),
        None => targets.withdraw(probe),
    }
}

/// Takes all that a socket has, each with the time at which it came.
fn drain(batch: &mut Batch, fd: BorrowedFd<'_>, mut take: impl FnMut(Received<'_>, Instant)) {
    for _ in 0..IN_A_ROW {
        let mut first = None;
        let came = batch.receive(fd, |received| {
            let (now, wall) = *first.get_or_insert_with(|| (Instant::now(), SystemTime::now()));
            let ago = received.at.and_then(|at| wall.duration_since(at).ok());
            let ago = ago.filter(|ago| *ago < OLDEST).unwrap_or_default();
            take(received, now.checked_sub(ago).unwrap_or(now));
        });
        match came {
            Ok(true) => {}
            Ok(false) => return,
            // It is over once it is read, and says nothing that probes do not.
            Err(error) => tracing::trace!(%error, "links.targets.receive"),
        }
    }
}
