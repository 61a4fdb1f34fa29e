//! Small changes that are committed together.
//!
//! SQLite has one writer, and each of its commits waits for the disk. So changes that come while
//! one is being committed take turns within the next transaction, each behind a savepoint, and
//! share its commit. A change is told to be done after that commit; one that is given up leaves
//! nothing behind, and spoils no other. PostgreSQL joins commits itself, and such a change has a
//! transaction of its own there; those that are made most have one with others (see
//! [`crowd`](super::crowd)).

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::SqlStore;
use super::dialect::Dialect;
use super::given::Given;
use super::script::{Script, each};
use super::transaction::Transaction;
use crate::StoreError;

/// What follows the beginning of a group: the first savepoint.
const FIRST_SAVEPOINT: &str = "; SAVEPOINT turn";
/// What stands before the statements of each change in a group: what stands behind the savepoint is kept,
/// and there is another one. Of the last change the commit keeps it.
const NEXT_SAVEPOINT: [&str; 2] = ["RELEASE turn", "SAVEPOINT turn"];

/// The transaction in which changes take turns; whoever wants one waits in line for it.
pub(super) type Line = Arc<Mutex<Option<Group>>>;

/// Changes that will be committed together.
pub(super) struct Group {
    transaction: Transaction,
    done: Vec<oneshot::Sender<Result<(), StoreError>>>,
    /// What follows the last change that is part of it.
    turn: Turn,
}

/// How far the turn of a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// What is behind the savepoint, if anything, is to be kept.
    Over,
    /// A change has begun, or was given up, behind the savepoint.
    Begun,
    /// The transaction is of no use any more.
    Broken,
}

/// One change: by its turn in a group, or alone. Dropped without a commit, it changes nothing.
pub(super) enum Together {
    Alone(Transaction),
    InTurn(OwnedMutexGuard<Option<Group>>),
}

/// A change whose turn has come, and that has changed nothing yet: by this it only reads what it
/// depends on. On SQLite nobody else changes anything meanwhile.
pub(super) struct Looking(Together);

impl Looking {
    /// Begins to change something.
    pub(super) async fn begin(mut self) -> Result<Together, StoreError> {
        if let Together::InTurn(group) = &mut self.0 {
            let group = group.as_mut().expect("a turn is in a group");
            group.turn = Turn::Begun;
            group.within_turn(Script::new(Dialect::Sqlite)).await?;
        }
        Ok(self.0)
    }

    /// Begins with these statements; returns also what each of them found.
    pub(super) async fn begin_with(
        mut self,
        script: Script,
    ) -> Result<(Together, Vec<Vec<AnyRow>>), StoreError> {
        let found = match &mut self.0 {
            Together::Alone(transaction) => script.fetch(transaction).await?,
            Together::InTurn(group) => {
                let group = group.as_mut().expect("a turn is in a group");
                group.turn = Turn::Begun;
                group.within_turn(script).await?
            }
        };
        Ok((self.0, found))
    }

    /// Makes a change of these statements, of all or none of them.
    pub(super) async fn commit_with(self, script: Script) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        self.0.commit_with(script).await
    }
}

impl Deref for Looking {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Looking {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Together {
    /// Makes the change durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.commit_with(Script::new(Dialect::Sqlite)).await.map(drop)
    }

    /// Makes it durable with these last statements; returns what each of them found. Who stops waiting
    /// for it has changed it all the same.
    pub(super) async fn commit_with(self, script: Script) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        match self {
            Self::Alone(mut transaction) => {
                let found = script.fetch(&mut transaction).await?;
                transaction.commit().await?;
                Ok(found)
            }
            Self::InTurn(group) => {
                let ended = tokio::spawn(end_turn(group, script)).await;
                let (found, outcome) = ended.unwrap_or_else(|_| Err(lost()))?;
                outcome.await.unwrap_or_else(|_| Err(lost()))?;
                Ok(found)
            }
        }
    }
}

/// What statements found, and how the commit of their group goes.
type Ended = (Vec<Vec<AnyRow>>, oneshot::Receiver<Result<(), StoreError>>);

/// Ends a turn with these statements, so that it is part of its group.
async fn end_turn(
    mut group: OwnedMutexGuard<Option<Group>>,
    script: Script,
) -> Result<Ended, StoreError> {
    let group = group.as_mut().expect("a turn is in a group");
    let found = match group.turn {
        Turn::Begun if script.is_empty() => Vec::new(),
        Turn::Begun => script.fetch(&mut group.transaction).await?,
        Turn::Over | Turn::Broken => {
            group.turn = Turn::Begun;
            group.within_turn(script).await?
        }
    };
    group.turn = Turn::Over;
    let (done, outcome) = oneshot::channel();
    group.done.push(done);
    Ok((found, outcome))
}

impl From<Transaction> for Together {
    fn from(transaction: Transaction) -> Self {
        Self::Alone(transaction)
    }
}

impl Deref for Together {
    type Target = AnyConnection;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Alone(transaction) => transaction,
            Self::InTurn(group) => &group.as_ref().expect("a turn is in a group").transaction,
        }
    }
}

impl DerefMut for Together {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Alone(transaction) => transaction,
            Self::InTurn(group) => &mut group.as_mut().expect("a turn is in a group").transaction,
        }
    }
}

impl Group {
    const fn new(transaction: Transaction) -> Self {
        Self { transaction, done: Vec::new(), turn: Turn::Over }
    }

    /// Does the first statements of a change, behind a savepoint of its own.
    async fn within_turn(&mut self, script: Script) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        let mut found = script.after(NEXT_SAVEPOINT).fetch(&mut self.transaction).await?;
        Ok(found.split_off(NEXT_SAVEPOINT.len().min(found.len())))
    }

    /// Takes back what the last turn left behind its savepoint, if it was given up. A transaction
    /// that SQLite itself has ended, as on a full disk, has no savepoint.
    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.turn == Turn::Begun {
            self.turn = Turn::Broken;
            self.transaction.execute("ROLLBACK TO turn").await?;
            self.turn = Turn::Over;
        }
        Ok(())
    }

    /// Commits what is done, and tells everybody.
    async fn finish(mut self) {
        let outcome = match self.settle().await {
            Ok(()) if self.turn == Turn::Broken => Err(lost()),
            Ok(()) => self.transaction.commit().await.map_err(StoreError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tracing::warn!(error = error as &dyn std::error::Error, "changes were not committed");
        }
        for done in self.done {
            // Whoever asked may have gone meanwhile.
            drop(done.send(outcome.as_ref().copied().map_err(|_| lost())));
        }
    }
}

/// What those are told whose change went with the transaction of others.
pub(super) fn lost() -> StoreError {
    StoreError::Database(sqlx::Error::Protocol("the transaction was not committed".to_owned()))
}

impl SqlStore {
    /// Statements for this database.
    pub(super) const fn script(&self) -> Script {
        Script::new(self.dialect)
    }

    /// The same, of which none depends on what another one does.
    pub(super) const fn independent(&self) -> Script {
        Script::of_independent(self.dialect)
    }

    /// Reads by as many statements, outside of any change; returns what each found.
    pub(super) async fn read<const N: usize>(
        &self,
        script: Script,
    ) -> Result<[Vec<AnyRow>; N], StoreError> {
        Ok(each(self.reader.fetch(script).await?))
    }

    /// Reads by `statement`, which knows these rows as `given`.
    pub(super) async fn read_given(
        &self,
        given: &Given<'_>,
        statement: &str,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let mut script = self.script();
        given.add_to(&mut script, statement);
        Ok(self.by_keys.fetch(script).await?.into_iter().flatten().collect())
    }

    /// Makes a change of one statement.
    pub(super) async fn change(&self, script: Script) -> Result<(), StoreError> {
        self.change_finding(script).await.map(drop)
    }

    /// The same; returns also what it found.
    pub(super) async fn change_finding(
        &self,
        script: Script,
    ) -> Result<Vec<Vec<AnyRow>>, StoreError> {
        match self.dialect {
            Dialect::Postgres => self.writer.fetch(script).await,
            Dialect::Sqlite => self.look().await?.commit_with(script).await,
        }
    }

    /// Begins a small change by reading what is found by its keys. It must not wait for anything but the
    /// database.
    pub(super) async fn look(&self) -> Result<Looking, StoreError> {
        self.look_after(None).await
    }

    /// Begins a small change. It must not wait for anything but the database.
    pub(super) async fn begin_together(&self) -> Result<Together, StoreError> {
        self.look().await?.begin().await
    }

    /// Begins by reading once it has that lock, where the database has locks.
    pub(super) async fn look_after(&self, lock: Option<String>) -> Result<Looking, StoreError> {
        if self.dialect == Dialect::Postgres {
            let begin = self.dialect.begin_by_keys();
            let statement =
                lock.map_or_else(|| begin.to_owned(), |lock| format!("{begin}; {lock}"));
            let transaction = self.writer.begin(statement).await?;
            return Ok(Looking(Together::Alone(transaction)));
        }
        self.take_turn().await
    }

    /// Waits for a turn on SQLite.
    async fn take_turn(&self) -> Result<Looking, StoreError> {
        loop {
            let mut place = Arc::clone(&self.line).lock_owned().await;
            let group = match place.as_mut() {
                Some(group) if group.turn == Turn::Broken => {
                    drop(place);
                    tokio::task::yield_now().await;
                    continue;
                }
                Some(group) => group,
                None => {
                    let statement = format!("{}{FIRST_SAVEPOINT}", self.dialect.begin());
                    let transaction = self.writer.begin(statement).await?;
                    let group = place.insert(Group::new(transaction));
                    tokio::spawn(finish(Arc::clone(&self.line)));
                    group
                }
            };
            group.settle().await?;
            return Ok(Looking(Together::InTurn(place)));
        }
    }
}

/// Commits the group after those who are in line already, and before those who come later.
async fn finish(line: Line) {
    let mut place = line.lock().await;
    if let Some(group) = place.take() {
        group.finish().await;
    }
}
