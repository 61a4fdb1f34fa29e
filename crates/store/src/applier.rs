//! Brings the journal into the database, in its order and in large batches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::journal::{self, Passing};
use crate::{Durability, Journal, JournalError, JournalPosition, Store, StoreError, Stretch};

/// Records in one transaction; a visitor's sign-in on SQLite waits for one at most.
const BATCH: usize = 32_768;
/// How often what has come is applied at most, unless somebody waits for it: a transaction costs
/// much the same whether it brings ten records or a thousand.
const GATHERING: Duration = Duration::from_millis(100);
/// Where applying costs much, it is done for a tenth of the time at most, since many reports of
/// one session cost one row; but a person's quota waits no longer than this.
const LONGEST_GATHERING: Duration = Duration::from_secs(1);
/// The longest pause between two tries while the database is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often old files are looked for when nothing comes.
const TIDYING: Duration = Duration::from_secs(3_600);

/// Why a batch was not applied; it stays in the journal.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database did not take it.
    #[error("accounting cannot be applied")]
    Store(#[from] StoreError),
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
}

/// The one reader of a journal.
pub struct Applier {
    journal: Journal,
    store: Arc<dyn Store>,
    /// How far the database should be, since we brought it there.
    expected: JournalPosition,
    /// What the file that is being applied is about.
    passing: Arc<Mutex<Passing>>,
}

impl Applier {
    /// An applier of `journal` into `store`.
    #[must_use]
    pub fn new(journal: Journal, store: Arc<dyn Store>) -> Self {
        let (expected, passing) = (JournalPosition::default(), Arc::default());
        Self { journal, store, expected, passing }
    }

    /// Applies what there is and what comes, until asked to stop. While the database is away
    /// the journal grows, and is applied when it is back.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = Duration::from_millis(250);
        loop {
            let begun = Instant::now();
            let pending = tokio::select! {
                () = stop.cancelled() => return,
                pending = self.apply_pending() => pending,
            };
            let idle = match pending {
                Ok(position) => {
                    pause = Duration::from_millis(250);
                    let not_before = begun + self.gathering(begun.elapsed());
                    tokio::select! {
                        () = stop.cancelled() => return,
                        more = self.gather(position, not_before) => !more,
                        // Files grow too old also while nothing comes.
                        () = tokio::time::sleep(TIDYING) => {
                            if let Err(error) = self.journal.remove_applied(position) {
                                tracing::warn!(%error, "old files stay");
                            }
                            false
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "will try again");
                    self.journal.applying_failed();
                    let waited = tokio::time::timeout(pause, stop.cancelled()).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    waited.is_ok()
                }
            };
            if idle {
                return;
            }
        }
    }

    /// Waits until there is something beyond `position` and the time to apply it has come; `false`
    /// once the journal is closed.
    async fn gather(&mut self, position: JournalPosition, not_before: Instant) -> bool {
        let more = self.journal.wait_beyond(position).await;
        tokio::time::sleep_until(not_before).await;
        more
    }

    /// How long after the begin of one that took so long the next applying begins.
    fn gathering(&self, took: Duration) -> Duration {
        match self.journal.durability() {
            Durability::Journal => (took * 10).clamp(GATHERING, LONGEST_GATHERING),
            Durability::Database => Duration::ZERO,
        }
    }

    /// Applies everything that is in the journal now; returns how far that is.
    ///
    /// # Errors
    /// [`ApplyError`] at the first batch that fails; earlier batches stay applied.
    pub async fn apply_pending(&mut self) -> Result<JournalPosition, ApplyError> {
        let mut id = self.journal.id();
        // The database may be an older copy since, but seldom is: what comes next is read meanwhile.
        let (position, next) =
            tokio::join!(self.store.applied_until(&id), self.read(self.expected));
        let mut position = position?;
        let mut next = (position == self.expected).then_some(next);
        if position > self.journal.end() {
            // Else what is acknowledged from now on would count as applied. What is applied again
            // changes nothing, for counters only run forward.
            tracing::error!(
                "the journal has lost files or is an older copy: applied from its begin"
            );
            self.journal.renew()?;
            id = self.journal.id();
            position = JournalPosition::default();
        }
        self.journal.applied(position);
        let end = self.journal.end();
        while position < end {
            let stretch = match next.take() {
                Some(stretch) => stretch?,
                None => self.read(position).await?,
            };
            let outcome = self.store.apply(&id, &stretch.records, stretch.next).await?;
            tracing::debug!(
                records = stretch.records.len(),
                repeated = outcome.repeated,
                "accounting applied"
            );
            if stretch.next.segment > position.segment {
                self.journal.remove_applied(stretch.next)?;
                self.index(stretch.next.segment - 1);
            }
            position = stretch.next;
            self.expected = position;
            self.journal.applied(position);
        }
        Ok(position)
    }

    async fn read(&self, position: JournalPosition) -> Result<Stretch, JournalError> {
        let (journal, passing) = (self.journal.clone(), Arc::clone(&self.passing));
        let read = tokio::task::spawn_blocking(move || {
            let stretch = journal.read_from(position, BATCH)?;
            lock(&passing).note(position, &stretch);
            Ok(stretch)
        });
        read.await.map_err(|_| JournalError::Closed)?
    }

    /// Has written down what a finished file is about, beside the work; without it a search reads
    /// the file.
    fn index(&self, segment: u64) {
        let dir = self.journal.dir().to_owned();
        let gathered = lock(&self.passing).take(segment);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = journal::index(&dir, segment, gathered) {
                tracing::debug!(%error, segment, "a file of the journal is not indexed");
            }
        });
    }
}

fn lock(passing: &Mutex<Passing>) -> MutexGuard<'_, Passing> {
    passing.lock().unwrap_or_else(PoisonError::into_inner)
}
