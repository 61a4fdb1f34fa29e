//! Changes that many make at once: one for all who wait meanwhile.
//!
//! Each looks something up once it has its locks, decides by that, and changes rows. Together that takes
//! two trips to SQLite, in one [turn](super::together), and four to PostgreSQL, in one transaction; each
//! statement is made ready once. The more come, the more share it. Nobody waits here for a lock that
//! somebody else has, nor long for a row: who cannot go on, or needs more than this,
//! [goes alone](Seen::Alone), and so do all if the change fails.

mod postgres;
mod sqlite;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Charge;
use sqlx::any::AnyRow;
use tokio::sync::oneshot;

use super::SqlStore;
use super::connections::Connections;
use super::dialect::Lock;
use super::script::Script;
use super::till::Receipt;
use super::together::lost;
use crate::StoreError;

/// The most that share a change. Each number of them is a statement that is made ready.
const MOST: usize = 16;

/// Those who wait.
pub(super) struct Crowd {
    /// Where one transaction is made after the other, on PostgreSQL.
    connection: Option<Connections>,
    waiting: Mutex<Vec<Waiting>>,
}

/// What somebody looks up, and which locks that takes.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) locks: Vec<Lock>,
    /// A statement with these values; on PostgreSQL one that finds rows for each row of `given`, with its
    /// column `place`, which have the values. Those share a change who have the same.
    pub(super) statement: String,
    pub(super) values: Vec<Cell>,
}

/// A value that something is looked up by.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Octets(Vec<u8>),
    Number(i64),
    Text(String),
}

impl Look {
    /// Adds the statement with its values to a script.
    pub(super) fn add_to(&self, script: &mut Script) {
        script.add(&self.statement);
        for value in &self.values {
            match value {
                Cell::Octets(octets) => script.bind(octets.clone()),
                Cell::Number(number) => script.bind(*number),
                Cell::Text(text) => script.bind(text.clone()),
            };
        }
    }
}

impl Cell {
    /// The value in octets, for which it may stand.
    pub(super) fn as_octets(&self) -> &[u8] {
        match self {
            Self::Octets(value) => value,
            Self::Text(value) => value.as_bytes(),
            Self::Number(_) => &[],
        }
    }
}

struct Waiting {
    look: Look,
    seen: oneshot::Sender<Seen>,
}

/// What somebody learns who came to a crowd.
pub(super) enum Seen {
    /// The rows that were found, which nobody else changes, and where to bring what is to be changed.
    Rows(Vec<AnyRow>, Place),
    /// It takes more, or somebody else has one of the locks.
    Alone,
}

/// Somebody's part of a change, for which all others wait. Dropped, it adds nothing to what looking up did
/// there.
pub(super) struct Place(oneshot::Sender<Part>);

/// What somebody changes.
struct Part {
    rows: Box<dyn FnOnce(&mut Script) + Send>,
    payment: Payment,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// How a part is paid for.
pub(super) enum Payment {
    /// It costs nothing, or no more than is given back.
    Nothing,
    /// It is paid, on PostgreSQL.
    Made(Receipt),
    /// It is paid with all others, on SQLite, and given back at once if it is mute.
    Due { charge: Charge, mute: bool },
}

impl Place {
    /// Changes rows, by statements of which none depends on what another one does. `false` is that
    /// nothing was changed, and that one should try alone.
    pub(super) async fn change(
        self,
        rows: impl FnOnce(&mut Script) + Send + 'static,
        payment: Payment,
    ) -> Result<bool, StoreError> {
        let (done, outcome) = oneshot::channel();
        let Ok(()) = self.0.send(Part { rows: Box::new(rows), payment, done }) else {
            return Ok(false);
        };
        match outcome.await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

impl Crowd {
    /// A crowd that has this connection to PostgreSQL, or takes turns with all others on SQLite.
    pub(super) fn new(connection: Option<Connections>) -> Arc<Self> {
        Arc::new(Self { connection, waiting: Mutex::default() })
    }

    /// Looks up with whoever waits meanwhile. Whose change is written into the audit log goes alone.
    pub(super) async fn come(self: &Arc<Self>, store: &SqlStore, look: Look) -> Seen {
        if store.due.is_open() {
            return Seen::Alone;
        }
        let (seen, row) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { look, seen });
        // Whoever stops waiting stops nobody else. As many take turns as come, so everybody is served.
        tokio::spawn(Arc::clone(self).take_turn(store.clone()));
        row.await.unwrap_or(Seen::Alone)
    }

    /// Makes a change of all who wait once it is their turn, and can go together. What fails leaves each
    /// of them to go alone.
    async fn take_turn(self: Arc<Self>, store: SqlStore) {
        let served = match &self.connection {
            Some(connection) => postgres::serve(connection, &self).await,
            None => sqlite::serve(&store, &self).await,
        };
        if let Err(error) = served {
            tracing::debug!(%error, "changes are not made together");
        }
    }

    /// Whether nobody waits.
    fn is_served(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes those who can go with the one who has waited longest: who look up the same, and need none
    /// of the locks of the others.
    fn those_together(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut together: Vec<Waiting> = Vec::new();
        let mut locks = BTreeSet::new();
        let mut left = Vec::new();
        for other in waiting.drain(..) {
            let is_alike =
                together.first().is_none_or(|first| first.look.statement == other.look.statement);
            let is_apart = other.look.locks.iter().all(|lock| !locks.contains(lock));
            if is_alike && is_apart && together.len() < MOST {
                locks.extend(other.look.locks.iter().copied());
                together.push(other);
            } else {
                left.push(other);
            }
        }
        *waiting = left;
        together
    }

    /// Closes its connection.
    pub(super) async fn close(&self) {
        if let Some(connection) = &self.connection {
            connection.close().await;
        }
    }
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd").finish_non_exhaustive()
    }
}

/// What each of them changes who was found these rows.
async fn decide(together: Vec<Waiting>, found: Vec<Vec<AnyRow>>) -> Vec<Part> {
    let mut deciding = Vec::new();
    for (waiting, rows) in together.into_iter().zip(found) {
        let (part, place) = oneshot::channel();
        if waiting.seen.send(Seen::Rows(rows, Place(part))).is_ok() {
            deciding.push(place);
        }
    }
    let mut parts = Vec::new();
    for place in deciding {
        // Whoever changes nothing has dropped it.
        parts.extend(place.await.ok());
    }
    parts
}

/// Tells those who changed something how the commit went. Of one that failed nobody knows whether it was
/// made.
fn tell(all: Vec<oneshot::Sender<Result<(), StoreError>>>, is_committed: bool) {
    for done in all {
        // Whoever asked may have gone meanwhile.
        drop(done.send(if is_committed { Ok(()) } else { Err(lost()) }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(crowd: &Crowd, statement: &str, locks: &[&[u8]]) {
        let locks = locks.iter().map(|name| Lock::of_attempt(name)).collect();
        let look = Look { locks, statement: statement.to_owned(), values: Vec::new() };
        let waiting = Waiting { look, seen: oneshot::channel().0 };
        crowd.waiting.lock().unwrap().push(waiting);
    }

    #[test]
    fn they_go_together_who_look_up_the_same_and_need_none_of_the_others_locks() {
        let crowd = Crowd::new(None);
        for (statement, locks) in [
            ("one", &[&b"a"[..], b"b"][..]),
            ("one", &[b"c"]),
            ("other", &[b"d"]),
            ("one", &[b"d", b"b"]),
            ("one", &[b"d"]),
        ] {
            wait(&crowd, statement, locks);
        }
        let mut turns = Vec::new();
        while !crowd.is_served() {
            let together = crowd.those_together();
            turns.push(together.iter().map(|other| other.look.locks.len()).collect::<Vec<_>>());
        }
        // The fourth needs what the first has.
        assert_eq!(turns, [vec![2, 1, 1], vec![1], vec![2]]);
    }

    #[test]
    fn no_more_go_together_than_a_statement_is_made_ready_for() {
        let crowd = Crowd::new(None);
        for number in 0..40_u8 {
            wait(&crowd, "one", &[&[number]]);
        }
        let turns = [(); 3].map(|()| crowd.those_together().len());
        assert_eq!((turns, crowd.is_served()), ([MOST, MOST, 8], true));
    }
}
