//! Takes erased persons out of this machine's trail: those of the time while it was down when it
//! starts, then each when the change feed tells of it, and once more a minute later, when all that
//! was under way meanwhile has been noted.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{Change, Changes, JournalError, Store, StoreError, Trail};

/// How soon it is looked again after something was erased, or failed.
const SOON: Duration = Duration::from_secs(60);
/// How often it is looked when nothing is told, which may have been lost.
const NOW_AND_THEN: Duration = Duration::from_secs(3_600);
/// What was committed late, or is to be looked for again, is not older than the last one by more.
const OVERLAP: Duration = Duration::from_secs(600);

/// The one who erases from a trail.
pub struct Eraser {
    trail: Trail,
    store: Arc<dyn Store>,
}

/// Why somebody was not erased yet.
#[derive(Debug, thiserror::Error)]
enum EraseError {
    #[error("who was erased cannot be read")]
    Store(#[from] StoreError),
    #[error("the trail cannot be written anew")]
    Trail(#[from] JournalError),
}

impl Eraser {
    /// An eraser of whom `store` names, from `trail`.
    #[must_use]
    pub fn new(trail: Trail, store: Arc<dyn Store>) -> Self {
        Self { trail, store }
    }

    /// Erases until asked to stop.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(self) {
        let mut changes = self.store.changes();
        let mut since = Timestamp::from_millis(i64::MIN);
        loop {
            let pause = match self.erase(since).await {
                Ok(None) => NOW_AND_THEN,
                Ok(Some(latest)) => {
                    let is_new = since < latest - OVERLAP;
                    since = latest - OVERLAP;
                    if is_new { SOON } else { NOW_AND_THEN }
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "erased persons are still in the trail");
                    SOON
                }
            };
            if let Ok(Told::Nothing) = tokio::time::timeout(pause, told(&mut changes)).await {
                return;
            }
        }
    }

    /// Erases those since `since`; returns when the last of them was.
    async fn erase(&self, since: Timestamp) -> Result<Option<Timestamp>, EraseError> {
        let persons = self.store.list_erasures(since).await?;
        let Some(last) = persons.last() else { return Ok(None) };
        let latest = last.erased_at;
        let events = self.trail.erase(persons).await?;
        if events > 0 {
            tracing::info!(events, "erased persons are out of the trail");
        }
        Ok(Some(latest))
    }
}

/// What the feed said.
enum Told {
    Erased,
    /// The store is closed.
    Nothing,
}

async fn told(changes: &mut Changes) -> Told {
    loop {
        match changes.next().await {
            Some(Change::Erased | Change::Missed) => return Told::Erased,
            Some(
                Change::Setup
                | Change::Pending
                | Change::Grant(_)
                | Change::Usage(_)
                | Change::Order
                | Change::Message
                | Change::Challenge(_),
            ) => {}
            None => return Told::Nothing,
        }
    }
}
