//! Visits: what the help desk finds by a reference.

use async_trait::async_trait;
use domain::{Counted, EntryRefusal, Reference, Timestamp, VisitRecord};

use crate::StoreError;

/// Visits by their reference; they are written where a challenge begins, and where something is refused.
#[async_trait]
pub trait Visits: Send + Sync {
    /// The visit of that reference.
    async fn find_visit(&self, reference: &Reference) -> Result<Option<VisitRecord>, StoreError>;

    /// Writes down that something was refused at `visit.asked_at` before any message came into question.
    /// Of a visit in which a number was typed before it changes nothing but what was refused.
    async fn note_refusal(&self, visit: &VisitRecord, why: EntryRefusal) -> Result<(), StoreError>;

    /// What visits were refused messages for that asked last since then, with how many of them, the most first.
    async fn count_refused(&self, since: Timestamp) -> Result<Vec<(Counted, u64)>, StoreError>;

    /// Destroys visits in which nothing was asked since `before`; returns how many.
    async fn prune_visits(&self, before: Timestamp) -> Result<u64, StoreError>;
}
