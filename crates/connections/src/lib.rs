//! Room for connections of clients that nobody knows: so many in all, so many of one source.
//!
//! Whoever opens connections and says nothing must keep nobody out. So when there is no room,
//! somebody who only waits gives way to the newcomer: the oldest connection that has never asked
//! anything, or else the one that has been idle for longest. Of a source that has its share, one
//! of its own gives way. A connection whose request is being answered never does. Whoever gave way
//! has a socket until it is closed, so newcomers wait while many are on their way out.
//!
//! Every request passes here twice, so a connection is found by its place and not by a hash.

pub mod unix;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Counts the connections of all sources; remembers as many sources as are connected.
pub struct Room<S> {
    most: usize,
    most_per_source: usize,
    taken: Mutex<Taken<S>>,
    /// Few are on their way out again.
    cleared: Notify,
}

struct Taken<S> {
    /// Grows with every turn, so that an older turn is less.
    turns: u64,
    by_source: HashMap<S, usize>,
    shares: Slab<Share<S>>,
    connections: Slab<Connection>,
    /// Those that may have to give way, the next one first.
    waiting: BTreeMap<Turn, usize>,
    /// Those that gave way and are not closed yet.
    leaving: usize,
}

/// What one source has.
struct Share<S> {
    source: S,
    all: usize,
    /// Those of them that may have to give way, the next one first.
    waiting: BTreeSet<Turn>,
}

struct Connection {
    /// No other ever has it, whereas places are given again.
    number: u64,
    share: usize,
    /// `None` while a request is being answered.
    turn: Option<Turn>,
    end: CancellationToken,
}

/// When somebody gives way: the lesser one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    patience: Patience,
    since: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Patience {
    /// Has never asked anything.
    Silent,
    /// Was answered, and may ask again.
    Answered,
}

/// The place of one connection; given back when dropped.
pub struct Place<S: Eq + Hash + Clone> {
    room: Arc<Room<S>>,
    at: usize,
    number: u64,
    end: CancellationToken,
}

/// A request that is being answered; the connection waits again when this is dropped.
pub struct Work<'a, S: Eq + Hash + Clone>(&'a Place<S>);

impl<S: Eq + Hash + Clone> Room<S> {
    /// Room for so many connections, and for so many of one source.
    #[must_use]
    pub fn new(most: usize, most_per_source: usize) -> Arc<Self> {
        let taken = Taken {
            turns: 0,
            by_source: HashMap::new(),
            shares: Slab::new(),
            connections: Slab::new(),
            waiting: BTreeMap::new(),
            leaving: 0,
        };
        let taken = Mutex::new(taken);
        Arc::new(Self { most, most_per_source, taken, cleared: Notify::new() })
    }

    /// Ends when few are on their way out; until then no connection should be accepted.
    pub async fn cleared(&self) {
        loop {
            let cleared = self.cleared.notified();
            if self.taken().leaving < self.most_leaving() {
                return;
            }
            cleared.await;
        }
    }

    /// How many may be on their way out, beside those that there is room for.
    fn most_leaving(&self) -> usize {
        (self.most / 16).max(1)
    }

    /// A place for a connection of `source`; `None` if everybody who could give way is at work.
    pub fn take(self: &Arc<Self>, source: S) -> Option<Place<S>> {
        let mut taken = self.taken();
        let share = taken.by_source.get(&source).and_then(|at| taken.shares.get(*at));
        if let Some(share) = share.filter(|share| share.all >= self.most_per_source) {
            let turn = share.waiting.first().copied()?;
            taken.send_away(turn);
        } else if taken.connections.len() >= self.most {
            let turn = taken.waiting.first_key_value().map(|(turn, _)| *turn)?;
            taken.send_away(turn);
        }
        let end = CancellationToken::new();
        let (at, number) = taken.enter(source, end.clone());
        drop(taken);
        Some(Place { room: Arc::clone(self), at, number, end })
    }

    fn taken(&self) -> MutexGuard<'_, Taken<S>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Eq + Hash + Clone> Taken<S> {
    /// Where the connection is from now on, and its number.
    fn enter(&mut self, source: S, end: CancellationToken) -> (usize, u64) {
        let shares = &mut self.shares;
        let share = *self.by_source.entry(source).or_insert_with_key(|source| {
            shares.insert(Share { source: source.clone(), all: 0, waiting: BTreeSet::new() })
        });
        if let Some(share) = self.shares.get_mut(share) {
            share.all += 1;
        }
        let number = self.turns;
        let at = self.connections.insert(Connection { number, share, turn: None, end });
        self.wait(at, number, Patience::Silent);
        (at, number)
    }

    /// The connection of that number, if it is still there.
    fn find(&mut self, at: usize, number: u64) -> Option<&mut Connection> {
        self.connections.get_mut(at).filter(|connection| connection.number == number)
    }

    /// Lets a connection that is still there wait for its next request.
    fn wait(&mut self, at: usize, number: u64, patience: Patience) {
        let turn = Turn { patience, since: self.turns };
        self.turns += 1;
        let Some(connection) = self.find(at, number) else { return };
        connection.turn = Some(turn);
        let share = connection.share;
        self.waiting.insert(turn, at);
        if let Some(share) = self.shares.get_mut(share) {
            share.waiting.insert(turn);
        }
    }

    /// From now on the connection gives way to nobody.
    fn work(&mut self, at: usize, number: u64) {
        let Some(connection) = self.find(at, number) else { return };
        let Some(turn) = connection.turn.take() else { return };
        let share = connection.share;
        self.waiting.remove(&turn);
        if let Some(share) = self.shares.get_mut(share) {
            share.waiting.remove(&turn);
        }
    }

    fn send_away(&mut self, turn: Turn) {
        if let Some(at) = self.waiting.get(&turn).copied()
            && let Some(number) = self.connections.get(at).map(|connection| connection.number)
            && let Some(connection) = self.leave(at, number)
        {
            connection.end.cancel();
            self.leaving += 1;
        }
    }

    fn leave(&mut self, at: usize, number: u64) -> Option<Connection> {
        self.work(at, number);
        let share_at = self.find(at, number)?.share;
        if let Some(share) = self.shares.get_mut(share_at) {
            share.all -= 1;
            if share.all == 0 {
                let Share { source, .. } = self.shares.remove(share_at);
                self.by_source.remove(&source);
            }
        }
        self.connections.try_remove(at)
    }
}

impl<S: Eq + Hash + Clone> Place<S> {
    /// Ends when the connection has to give way; it must be closed then.
    pub async fn lost(&self) {
        self.end.cancelled().await;
    }

    /// Says that a request's head has arrived.
    #[must_use]
    pub fn work(&self) -> Work<'_, S> {
        self.room.taken().work(self.at, self.number);
        Work(self)
    }
}

impl<S: Eq + Hash + Clone> Drop for Place<S> {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        if taken.leave(self.at, self.number).is_some() {
            return;
        }
        taken.leaving -= 1;
        if taken.leaving + 1 == self.room.most_leaving() {
            self.room.cleared.notify_waiters();
        }
    }
}

impl<S: Eq + Hash + Clone> Drop for Work<'_, S> {
    fn drop(&mut self) {
        let Place { room, at, number, .. } = self.0;
        room.taken().wait(*at, *number, Patience::Answered);
    }
}

#[cfg(test)]
mod tests;
