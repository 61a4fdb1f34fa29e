//! All sessions of a system: which one a packet belongs to, and which one has something to do next.
//!
//! A packet is its session's by Your Discriminator, and until the other side knows that by where it
//! came from: interface and peer for one hop (RFC 5881 s3), the pair of addresses for several
//! (RFC 5883 s3). Other than RFC 5880 s6.3 allows, a packet that comes by another interface or port than
//! its session's is dropped: it says nothing about the path that is watched. Only that the other side
//! lost a session is believed by the path of another session that is up, so that a path that is cut in
//! both directions is left by both ends as soon as one of them finds out.

mod deadlines;
mod path;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::diagnostic::Diagnostic;
use super::discriminator::Discriminator;
use super::drop_reason::{DropCounts, DropReason};
use super::packet::{Datagram, Frame};
use super::session::{Change, Due, Session, Standing};
use super::settings::Settings;
use super::state::State;
use deadlines::Deadlines;
use path::Origin;
pub use path::{Arrival, Hops, Interface, Path};

/// Why a session cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddError {
    /// There are as many as there may be.
    #[error("there are {0} sessions, which is the most")]
    Full(usize),
    /// The path has one.
    #[error("the path has session {0} already")]
    PathTaken(Discriminator),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A packet is to be sent.
    Transmit {
        /// Whose it is.
        session: Discriminator,
        /// Where it goes.
        path: Path,
        /// What is sent.
        datagram: Datagram,
    },
    /// A session has changed its state.
    Changed {
        /// Which one.
        session: Discriminator,
        /// How.
        change: Change,
    },
    /// A session that is up misses a packet; see [`Due::Late`].
    Late {
        /// Which one.
        session: Discriminator,
        /// For how long nothing was heard.
        silence: Duration,
    },
    /// A packet is to be sent by all other paths to the same system; see [`Due::Elsewhere`].
    Elsewhere {
        /// Whose it is.
        session: Discriminator,
        /// What is sent.
        datagram: Datagram,
    },
    /// A session that was removed has told the other side for long enough, and is gone.
    Removed {
        /// Which one.
        session: Discriminator,
    },
}

/// A packet that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Whose it was.
    pub session: Discriminator,
    /// What it changed.
    pub change: Option<Change>,
}

#[derive(Debug)]
struct Entry {
    session: Session,
    path: Path,
    /// Until when it tells that it ends, once it does.
    leaving: Option<Instant>,
    /// For when the deadlines have it.
    scheduled: Option<Instant>,
}

impl Entry {
    fn next_deadline(&self) -> Option<Instant> {
        self.session.next_deadline().into_iter().chain(self.leaving).min()
    }
}

/// Sessions by their own numbers, up to a bound.
#[derive(Debug)]
pub struct Sessions {
    limit: NonZeroUsize,
    entries: BTreeMap<Discriminator, Entry>,
    origins: BTreeMap<Origin, Discriminator>,
    deadlines: Deadlines,
    dropped: DropCounts,
}

impl Sessions {
    /// None yet, and never more than that many.
    pub fn new(limit: NonZeroUsize) -> Self {
        Self {
            limit,
            entries: BTreeMap::new(),
            origins: BTreeMap::new(),
            deadlines: Deadlines::default(),
            dropped: DropCounts::default(),
        }
    }

    /// How many there are, with those that are about to end.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many packets were dropped, and why.
    pub const fn dropped(&self) -> &DropCounts {
        &self.dropped
    }

    /// How a session stands.
    pub fn find(&self, session: Discriminator) -> Option<Standing> {
        self.entries.get(&session).map(|entry| entry.session.standing())
    }

    /// The session of a path, unless it is about to end.
    pub fn find_by_path(&self, path: &Path) -> Option<Discriminator> {
        let session = self.origins.get(&path.origin()).copied()?;
        self.entries.get(&session).filter(|entry| entry.leaving.is_none()).map(|_| session)
    }

    /// Every session with its path and how it stands.
    pub fn iter(&self) -> impl Iterator<Item = (Discriminator, &Path, Standing)> {
        self.entries
            .iter()
            .map(|(session, entry)| (*session, &entry.path, entry.session.standing()))
    }

    /// Begins a session, whose number and first sequence number `entropy` gives. One that is about to
    /// end makes room for it.
    pub fn add(
        &mut self,
        path: Path,
        settings: Settings,
        entropy: u64,
        now: Instant,
    ) -> Result<Discriminator, AddError> {
        if let Some(taken) = self.find_by_path(&path) {
            return Err(AddError::PathTaken(taken));
        }
        if let Some(leaving) = self.origins.get(&path.origin()).copied() {
            self.forget(leaving);
        }
        if self.entries.len() >= self.limit.get() {
            let leaving = self.entries.iter().find(|(_, entry)| entry.leaving.is_some());
            let leaving = leaving.map(|(session, _)| *session);
            self.forget(leaving.ok_or(AddError::Full(self.limit.get()))?);
        }
        let local = self.draw(entropy);
        // The number takes the lower half.
        let sequence = (entropy >> 32) as u32;
        let session = Session::new(local, settings, sequence, now);
        self.origins.insert(path.origin(), local);
        self.entries.insert(local, Entry { session, path, leaving: None, scheduled: None });
        self.deadlines.reserve(self.entries.len());
        self.schedule(local);
        Ok(local)
    }

    /// Ends a session: the other side is told for as long as it would wait for packets, then
    /// [`Output::Removed`] follows.
    pub fn remove(&mut self, session: Discriminator, now: Instant) -> Option<Change> {
        self.change(session, |entry| {
            if entry.leaving.is_some() {
                return None;
            }
            let change = entry.session.disable(Diagnostic::AdministrativelyDown, now);
            entry.leaving = Some(now + entry.session.farewell().unwrap_or_default());
            change
        })
    }

    /// Holds a session down; see [`Session::disable`].
    pub fn disable(
        &mut self,
        session: Discriminator,
        diagnostic: Diagnostic,
        now: Instant,
    ) -> Option<Change> {
        self.change(session, |entry| entry.session.disable(diagnostic, now))
    }

    /// Holds it down no longer; one that is about to end stays as it is.
    pub fn enable(&mut self, session: Discriminator, now: Instant) -> Option<Change> {
        self.change(session, |entry| match entry.leaving {
            None => entry.session.enable(now),
            Some(_) => None,
        })
    }

    /// Takes a session down for a reason of this side's; see [`Session::restart`].
    pub fn restart(
        &mut self,
        session: Discriminator,
        diagnostic: Diagnostic,
        now: Instant,
    ) -> Option<Change> {
        self.change(session, |entry| entry.session.restart(diagnostic, now))
    }

    /// Has a session go by other settings without losing it.
    pub fn reconfigure(&mut self, session: Discriminator, settings: Settings) {
        self.change(session, |entry| {
            entry.session.reconfigure(settings);
            None
        });
    }

    /// Takes in a datagram. All that has arrived is to be taken in before time is asked for by
    /// [`Sessions::poll`].
    pub fn receive(
        &mut self,
        arrival: &Arrival,
        datagram: &[u8],
        now: Instant,
    ) -> Result<Received, DropReason> {
        let received = self.deliver(arrival, datagram, now);
        if let Err(reason) = received {
            self.dropped.record(reason);
        }
        received
    }

    fn deliver(
        &mut self,
        arrival: &Arrival,
        datagram: &[u8],
        now: Instant,
    ) -> Result<Received, DropReason> {
        let frame = Frame::parse(datagram)?;
        let session = self.select(&frame, arrival)?;
        let is_elsewhere = self.is_of_another(session, arrival);
        let entry = self.entries.get_mut(&session).ok_or(DropReason::UnknownDiscriminator)?;
        let change = match entry.path.admit(arrival) {
            Err(DropReason::WrongPath) if is_elsewhere => {
                entry.session.receive_elsewhere(&frame, now)?;
                None
            }
            admitted => admitted.and_then(|()| entry.session.receive(&frame, now))?,
        };
        self.schedule(session);
        Ok(Received { session, change })
    }

    /// Whether it came by the path of another session that is up.
    fn is_of_another(&self, session: Discriminator, arrival: &Arrival) -> bool {
        let other = self.origins.get(&arrival.origin()).filter(|other| **other != session);
        let other = other.and_then(|other| self.entries.get(other));
        other.is_some_and(|other| {
            other.path.admit(arrival).is_ok() && other.session.standing().state == State::Up
        })
    }

    fn select(&self, frame: &Frame<'_>, arrival: &Arrival) -> Result<Discriminator, DropReason> {
        let packet = frame.packet();
        if let Some(session) = packet.your_discriminator {
            return Ok(session);
        }
        if matches!(packet.state, State::Init | State::Up) {
            return Err(DropReason::YourDiscriminatorZero);
        }
        self.origins.get(&arrival.origin()).copied().ok_or(DropReason::UnknownPeer)
    }

    /// When [`Sessions::poll`] is to be called, if nothing happens before; at once where that is past.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        self.next().map(|(at, _)| at)
    }

    /// The next thing due at `now`; to be called until there is none. `entropy` spreads packets and
    /// should differ for every call.
    pub fn poll(&mut self, now: Instant, entropy: u64) -> Option<Output> {
        while let Some((at, session)) = self.next()
            && at <= now
        {
            let Some(entry) = self.entries.get_mut(&session) else { continue };
            match entry.session.poll(now, entropy) {
                Some(Due::Transmit(datagram)) => {
                    return Some(Output::Transmit { session, path: entry.path, datagram });
                }
                Some(Due::Changed(change)) => return Some(Output::Changed { session, change }),
                Some(Due::Late(silence)) => return Some(Output::Late { session, silence }),
                Some(Due::Elsewhere(datagram)) => {
                    return Some(Output::Elsewhere { session, datagram });
                }
                None => {}
            }
            if entry.leaving.is_some_and(|until| until <= now) {
                self.forget(session);
                return Some(Output::Removed { session });
            }
        }
        None
    }

    /// The session with the earliest deadline, which is the deadlines' first from now on.
    fn next(&mut self) -> Option<(Instant, Discriminator)> {
        while let Some((at, session)) = self.deadlines.first() {
            let entry = self.entries.get_mut(&session).filter(|entry| entry.scheduled == Some(at));
            let Some(entry) = entry else {
                self.deadlines.pop();
                continue;
            };
            let due = entry.next_deadline();
            if due == Some(at) {
                return Some((at, session));
            }
            // It was put off since.
            self.deadlines.pop();
            entry.scheduled = due;
            if let Some(due) = due {
                self.deadlines.push(due, session);
            }
        }
        None
    }

    fn change(
        &mut self,
        session: Discriminator,
        change: impl FnOnce(&mut Entry) -> Option<Change>,
    ) -> Option<Change> {
        let change = change(self.entries.get_mut(&session)?);
        self.schedule(session);
        change
    }

    /// Sees to it that the deadlines have the session early enough. What is put off is found to be so
    /// when its old deadline comes, so that a packet that arrives in time costs nothing here.
    fn schedule(&mut self, session: Discriminator) {
        let Some(entry) = self.entries.get_mut(&session) else { return };
        let due = entry.next_deadline();
        let is_early_enough = match (due, entry.scheduled) {
            (Some(due), Some(scheduled)) => scheduled <= due,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if is_early_enough {
            return;
        }
        entry.scheduled = due;
        if let Some(due) = due {
            self.deadlines.push(due, session);
        }
        if self.deadlines.len() > Deadlines::room(self.entries.len()) {
            let live = self.entries.iter();
            self.deadlines.rebuild(
                live.filter_map(|(session, entry)| entry.scheduled.map(|at| (at, *session))),
            );
        }
    }

    fn forget(&mut self, session: Discriminator) {
        if let Some(entry) = self.entries.remove(&session) {
            self.origins.remove(&entry.path.origin());
        }
    }

    /// A number that no session has.
    fn draw(&self, entropy: u64) -> Discriminator {
        // Its lower half first; where that is taken, numbers that follow from it at odd steps, which
        // come back to it only after all others.
        const STEP: u32 = 0x9e37_79b9;
        let mut number = entropy as u32;
        loop {
            match Discriminator::new(number) {
                Some(free) if !self.entries.contains_key(&free) => return free,
                _ => number = number.wrapping_add(STEP),
            }
        }
    }
}

#[cfg(test)]
mod tests;
