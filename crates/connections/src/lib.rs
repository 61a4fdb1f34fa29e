//! Room for connections of clients that nobody knows: so many in all, so many of one source.
//!
//! Whoever opens connections and says nothing must keep nobody out. So when there is no room,
//! somebody who only waits gives way to the newcomer: the oldest connection that has never asked
//! anything, or else the one that has been idle for longest. Of a source that has its share, one
//! of its own gives way. A connection whose request is being answered never does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Counts the connections of all sources; remembers as many sources as are connected.
pub struct Room<S> {
    most: usize,
    most_per_source: usize,
    taken: Mutex<Taken<S>>,
}

struct Taken<S> {
    /// Grows with every turn, so that an older turn is less.
    turns: u64,
    by_source: HashMap<S, Share>,
    connections: HashMap<u64, Connection<S>>,
    /// Those that may have to give way, the next one first.
    waiting: BTreeMap<Turn, u64>,
}

/// What one source has.
#[derive(Default)]
struct Share {
    all: usize,
    waiting: BTreeSet<Turn>,
}

struct Connection<S> {
    source: S,
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
    id: u64,
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
            connections: HashMap::new(),
            waiting: BTreeMap::new(),
        };
        Arc::new(Self { most, most_per_source, taken: Mutex::new(taken) })
    }

    /// A place for a connection of `source`; `None` if everybody who could give way is at work.
    pub fn take(self: &Arc<Self>, source: S) -> Option<Place<S>> {
        let mut taken = self.taken();
        let share = taken.by_source.get(&source);
        if share.is_some_and(|share| share.all >= self.most_per_source) {
            let turn = share.and_then(|share| share.waiting.first().copied())?;
            taken.send_away(turn);
        } else if taken.connections.len() >= self.most {
            let turn = taken.waiting.first_key_value().map(|(turn, _)| *turn)?;
            taken.send_away(turn);
        }
        let end = CancellationToken::new();
        let id = taken.enter(source, end.clone());
        drop(taken);
        Some(Place { room: Arc::clone(self), id, end })
    }

    fn taken(&self) -> MutexGuard<'_, Taken<S>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Eq + Hash + Clone> Taken<S> {
    fn enter(&mut self, source: S, end: CancellationToken) -> u64 {
        self.by_source.entry(source.clone()).or_default().all += 1;
        let id = self.turns;
        self.connections.insert(id, Connection { source, turn: None, end });
        self.wait(id, Patience::Silent);
        id
    }

    /// Lets a connection that is still there wait for its next request.
    fn wait(&mut self, id: u64, patience: Patience) {
        let turn = Turn { patience, since: self.turns };
        self.turns += 1;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.turn = Some(turn);
        self.waiting.insert(turn, id);
        if let Some(share) = self.by_source.get_mut(&connection.source) {
            share.waiting.insert(turn);
        }
    }

    /// From now on the connection gives way to nobody.
    fn work(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(turn) = connection.turn.take() else { return };
        self.waiting.remove(&turn);
        if let Some(share) = self.by_source.get_mut(&connection.source) {
            share.waiting.remove(&turn);
        }
    }

    fn send_away(&mut self, turn: Turn) {
        if let Some(id) = self.waiting.get(&turn).copied()
            && let Some(connection) = self.leave(id)
        {
            connection.end.cancel();
        }
    }

    fn leave(&mut self, id: u64) -> Option<Connection<S>> {
        self.work(id);
        let connection = self.connections.remove(&id)?;
        if let Some(share) = self.by_source.get_mut(&connection.source) {
            share.all -= 1;
            if share.all == 0 {
                self.by_source.remove(&connection.source);
            }
        }
        Some(connection)
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
        self.room.taken().work(self.id);
        Work(self)
    }
}

impl<S: Eq + Hash + Clone> Drop for Place<S> {
    fn drop(&mut self) {
        self.room.taken().leave(self.id);
    }
}

impl<S: Eq + Hash + Clone> Drop for Work<'_, S> {
    fn drop(&mut self) {
        self.0.room.taken().wait(self.0.id, Patience::Answered);
    }
}

#[cfg(test)]
mod tests;
