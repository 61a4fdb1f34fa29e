//! Which requests were seen before, and what was answered (RFC 5080 s2.2.2).
//!
//! One cache serves one socket. A retransmission (same source, identifier and authenticator)
//! gets the stored reply, or silence while the first copy is in progress; another authenticator
//! means that the NAS has moved on to a new request. Only packets that proved themselves, as far
//! as their kind can, may be put to the cache.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use crate::authenticator::Authenticator;
use crate::packet::Packet;
use crate::signed::SignedPacket;

/// Queue marks kept beyond twice the live entries before dead ones are swept.
const SWEEP_SLACK: usize = 64;

/// How long and how many requests are remembered.
#[derive(Clone, Copy, Debug)]
pub struct DuplicateLimits {
    /// How long a reply is kept after it was given, and an unanswered request after it came.
    pub retention: Duration,
    /// How many requests are kept; beyond it the replies given longest ago are forgotten.
    pub max_entries: NonZeroUsize,
}

/// One request in progress: needed to store its reply or to give it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    key: Key,
    generation: u64,
}

/// What the cache knows of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: process it, then call [`DuplicateCache::answered`] or
    /// [`DuplicateCache::released`].
    New(Ticket),
    /// It is being processed.
    InProgress,
    /// It was answered with these octets.
    Answered(SignedPacket),
    /// Every entry is in progress and there is no room for one more.
    Full,
}

/// Whether a reply may still be sent.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Send it.
    Send,
    /// The NAS has given the identifier to a newer request; it would not accept this reply.
    Superseded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: SocketAddr,
    identifier: u8,
}

#[derive(Debug)]
struct Entry {
    authenticator: Authenticator,
    generation: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    InProgress,
    Answered(SignedPacket),
}

/// When a ticket entered a state.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    ticket: Ticket,
}

/// The requests of one socket's clients.
#[derive(Debug)]
pub struct DuplicateCache {
    limits: DuplicateLimits,
    entries: HashMap<Key, Entry>,
    started: VecDeque<Mark>,
    answered: VecDeque<Mark>,
    generation: u64,
}

impl DuplicateCache {
    /// An empty cache.
    pub fn new(limits: DuplicateLimits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            started: VecDeque::new(),
            answered: VecDeque::new(),
            generation: 0,
        }
    }

    /// Looks a verified request up and remembers it as in progress if it is new.
    pub fn begin(&mut self, source: SocketAddr, request: &Packet<'_>, now: Instant) -> Seen {
        self.expire(now);
        let key = Key { source, identifier: request.identifier() };
        let known = self.entries.get(&key);
        if let Some(entry) = known
            && entry.authenticator == request.authenticator()
        {
            return match &entry.state {
                State::InProgress => Seen::InProgress,
                State::Answered(reply) => Seen::Answered(reply.clone()),
            };
        }
        if known.is_none() && !self.has_room() {
            return Seen::Full;
        }
        self.generation += 1;
        let ticket = Ticket { key, generation: self.generation };
        let entry = Entry {
            authenticator: request.authenticator(),
            generation: self.generation,
            state: State::InProgress,
        };
        self.entries.insert(key, entry);
        self.started.push_back(Mark { at: now, ticket });
        self.sweep();
        Seen::New(ticket)
    }

    /// Stores the reply to a request, unless the request was replaced or forgotten meanwhile.
    pub fn answered(&mut self, ticket: Ticket, reply: &SignedPacket, now: Instant) -> Disposition {
        let Some(entry) = self.entries.get_mut(&ticket.key) else {
            return Disposition::Send;
        };
        if entry.generation != ticket.generation {
            return Disposition::Superseded;
        }
        entry.state = State::Answered(reply.clone());
        self.answered.push_back(Mark { at: now, ticket });
        self.sweep();
        Disposition::Send
    }

    /// Forgets a request that stays unanswered, so that its retransmission is processed.
    pub fn released(&mut self, ticket: Ticket) {
        if is_in_progress(&self.entries, ticket) {
            self.entries.remove(&ticket.key);
        }
    }

    /// How many requests are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no request is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether one more entry fits, after forgetting the reply given longest ago if need be.
    fn has_room(&mut self) -> bool {
        while self.entries.len() >= self.limits.max_entries.get() {
            let Some(oldest) = self.answered.pop_front() else {
                return false;
            };
            if is_answered(&self.entries, oldest.ticket) {
                self.entries.remove(&oldest.ticket.key);
            }
        }
        true
    }

    fn expire(&mut self, now: Instant) {
        let retention = self.limits.retention;
        let is_due = |mark: &mut Mark| now.saturating_duration_since(mark.at) >= retention;
        while let Some(mark) = self.answered.pop_front_if(is_due) {
            if is_answered(&self.entries, mark.ticket) {
                self.entries.remove(&mark.ticket.key);
            }
        }
        while let Some(mark) = self.started.pop_front_if(is_due) {
            if is_in_progress(&self.entries, mark.ticket) {
                self.entries.remove(&mark.ticket.key);
            }
        }
    }

    /// Keeps the queues in proportion to the entries: dead marks go once they are the majority.
    fn sweep(&mut self) {
        let most = 2 * self.entries.len() + SWEEP_SLACK;
        let entries = &self.entries;
        if self.started.len() > most {
            self.started.retain(|mark| is_in_progress(entries, mark.ticket));
        }
        if self.answered.len() > most {
            self.answered.retain(|mark| is_answered(entries, mark.ticket));
        }
    }
}

fn is_in_progress(entries: &HashMap<Key, Entry>, ticket: Ticket) -> bool {
    entries.get(&ticket.key).is_some_and(|entry| {
        entry.generation == ticket.generation && matches!(entry.state, State::InProgress)
    })
}

fn is_answered(entries: &HashMap<Key, Entry>, ticket: Ticket) -> bool {
    entries.get(&ticket.key).is_some_and(|entry| {
        entry.generation == ticket.generation && matches!(entry.state, State::Answered(_))
    })
}

#[cfg(test)]
mod tests;
