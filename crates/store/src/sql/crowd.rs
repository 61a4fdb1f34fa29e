//! Changes on PostgreSQL that many make at once: one transaction for all who wait meanwhile.
//!
//! Each looks something up once it has its locks, decides by that, and changes rows. Together that takes
//! four trips for all, and one commit that waits for the disk; each statement is made ready once. The
//! more come, the more share it. Nobody waits here for a lock that somebody else has, nor long for a row:
//! who cannot go on, or needs more than this, [goes alone](Seen::Alone), and so do all if the transaction
//! fails.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::Row;
use sqlx::any::AnyRow;
use tokio::sync::oneshot;

use super::connections::{Connections, Lent};
use super::dialect::{Dialect, Lock};
use super::given::{Column, Given};
use super::row::Columns;
use super::script::Script;
use super::till::Receipt;
use super::together::lost;
use super::transaction::Transaction;
use crate::StoreError;

/// The most that share a transaction. Each number of them is a statement that is made ready.
const MOST: usize = 16;

/// Those who wait, and the connection on which one transaction is made after the other.
pub(super) struct Crowd {
    connection: Connections,
    waiting: Mutex<Vec<Waiting>>,
}

/// What somebody looks up, and which locks that takes.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) locks: Vec<Lock>,
    /// A statement that finds rows for each row of `given`, with its column `place`. Those share a
    /// transaction who have the same.
    pub(super) statement: String,
    /// The columns of `given` behind `place`.
    pub(super) values: Vec<Cell>,
}

/// A value of somebody's row of `given`.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Octets(Vec<u8>),
    Number(i64),
    Text(String),
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
    /// Somebody else has one of the locks.
    Alone,
}

/// Somebody's part of a transaction. Dropped, it adds nothing to what looking up did there.
pub(super) struct Place(oneshot::Sender<Part>);

/// What somebody changes.
struct Part {
    rows: Box<dyn FnOnce(&mut Script) + Send>,
    /// That it is paid for, if it costs something.
    receipt: Option<Receipt>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

impl Place {
    /// Changes rows, by statements of which none depends on what another one does. `false` is that
    /// nothing was changed, and that one should try alone.
    pub(super) async fn change(
        self,
        rows: impl FnOnce(&mut Script) + Send + 'static,
        receipt: Option<Receipt>,
    ) -> Result<bool, StoreError> {
        let (done, outcome) = oneshot::channel();
        let Ok(()) = self.0.send(Part { rows: Box::new(rows), receipt, done }) else {
            return Ok(false);
        };
        match outcome.await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

impl Crowd {
    /// A crowd that has this connection.
    pub(super) fn new(connection: Connections) -> Arc<Self> {
        Arc::new(Self { connection, waiting: Mutex::default() })
    }

    /// Looks up with whoever waits meanwhile.
    pub(super) async fn come(self: &Arc<Self>, look: Look) -> Seen {
        let (seen, row) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { look, seen });
        // Whoever stops waiting stops nobody else. As many take turns as come, so everybody is served.
        tokio::spawn(Arc::clone(self).take_turn());
        row.await.unwrap_or(Seen::Alone)
    }

    /// Makes a change of all who wait once the connection is free, and can go together. What fails
    /// leaves each of them to go alone.
    async fn take_turn(self: Arc<Self>) {
        let lent = self.connection.lend().await;
        let together = self.those_together();
        if together.is_empty() {
            if let Ok(mut lent) = lent {
                lent.is_in_order();
            }
            return;
        }
        let served = match lent {
            Ok(lent) => serve(lent, together).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = served {
            tracing::debug!(%error, "changes are not made together");
        }
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
        self.connection.close().await;
    }
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd").finish_non_exhaustive()
    }
}

async fn serve(lent: Lent, together: Vec<Waiting>) -> Result<(), StoreError> {
    let (mut transaction, together) = lock(lent, together).await?;
    let found = look_up(&mut transaction, &together).await?;
    let mut parts = Vec::new();
    for (waiting, rows) in together.into_iter().zip(found) {
        let (part, place) = oneshot::channel();
        if waiting.seen.send(Seen::Rows(rows, Place(part))).is_ok() {
            parts.push(place);
        }
    }
    let mut script = Script::stacked();
    let mut done = Vec::new();
    let mut receipts = Vec::new();
    for part in parts {
        // Whoever changes nothing has dropped it.
        let Ok(part) = part.await else { continue };
        (part.rows)(&mut script);
        receipts.extend(part.receipt);
        done.push(part.done);
    }
    if done.is_empty() {
        return Ok(transaction.rollback().await?);
    }
    script.execute(&mut transaction).await?;
    // Of a commit that fails nobody knows whether it was made.
    receipts.into_iter().for_each(Receipt::keep);
    let committed = transaction.commit().await;
    for done in done {
        // Whoever asked may have gone meanwhile.
        drop(done.send(committed.as_ref().map(|_| ()).map_err(|_| lost())));
    }
    Ok(committed?)
}

/// Begins a transaction of those whose locks nobody else has; the others are told so.
async fn lock(
    lent: Lent,
    together: Vec<Waiting>,
) -> Result<(Transaction, Vec<Waiting>), StoreError> {
    let begin = Dialect::Postgres.begin_by_keys();
    let locks: Vec<_> =
        together.iter().map(|waiting| Lock::take_if_free(&waiting.look.locks)).collect();
    let statements = format!("{begin}; SELECT {}", locks.join(", "));
    let (transaction, found) = Transaction::begin_finding(lent, statements).await?;
    let had = found.first().ok_or(sqlx::Error::RowNotFound)?;
    let mut with_locks = Vec::new();
    for (place, waiting) in together.into_iter().enumerate() {
        match had.try_get::<bool, _>(place)? {
            true => with_locks.push(waiting),
            // Whoever asked may have gone meanwhile.
            false => drop(waiting.seen.send(Seen::Alone)),
        }
    }
    Ok((transaction, with_locks))
}

/// What each of them looks up, in their order.
async fn look_up(
    transaction: &mut Transaction,
    together: &[Waiting],
) -> Result<Vec<Vec<AnyRow>>, StoreError> {
    let Some(first) = together.first() else { return Ok(Vec::new()) };
    let places = 0..i64::try_from(together.len()).unwrap_or(i64::MAX);
    let mut columns = vec![Column::numbers(places)];
    let mut names = "place".to_owned();
    for number in 0..first.look.values.len() {
        write!(names, ", value_{}", number + 1).expect("a text takes all");
        let cells = together.iter().filter_map(|waiting| waiting.look.values.get(number));
        columns.push(column(cells));
    }
    let given = Given { dialect: Dialect::Postgres, names: &names, columns };
    let mut found: Vec<_> = together.iter().map(|_| Vec::new()).collect();
    for row in given.fetch(transaction, &first.look.statement).await? {
        let place = usize::try_from(Columns(&row).integer("place")?).ok();
        if let Some(rows) = place.and_then(|place| found.get_mut(place)) {
            rows.push(row);
        }
    }
    Ok(found)
}

/// A column of these values, which are all of one kind.
fn column<'c>(cells: impl Iterator<Item = &'c Cell>) -> Column {
    let (mut octets, mut numbers, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        match cell {
            Cell::Octets(value) => octets.push(Some(value.clone())),
            Cell::Number(value) => numbers.push(Some(*value)),
            Cell::Text(value) => texts.push(Some(value.clone())),
        }
    }
    match (octets.is_empty(), numbers.is_empty()) {
        (false, _) => Column::Octets(octets),
        (true, false) => Column::Numbers(numbers),
        (true, true) => Column::Texts(texts),
    }
}
