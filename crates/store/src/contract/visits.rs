//! Visits: what the help desk finds by a reference.

use async_trait::async_trait;
use domain::{Counted, Reference, Timestamp, VisitRecord};

use crate::StoreError;

/// Visits by their reference; they are written where a challenge begins, and where another message of
/// it is refused.
#[async_trait]
pub trait Visits: Send + Sync {
    /// The visit of that reference.
    async fn find_visit(&self, reference: &Reference) -> Result<Option<VisitRecord>, StoreError>;

    /// What visits were refused for that asked last since then, with how many of them, the most first.
    async fn count_refused(&self, since: Timestamp) -> Result<Vec<(Counted, u64)>, StoreError>;

    /// Destroys visits in which nothing was asked since `before`; returns how many.
    async fn prune_visits(&self, before: Timestamp) -> Result<u64, StoreError>;
}
