//! What visitors think of their stays; nothing in it leads to a person.

use async_trait::async_trait;
use domain::{Day, Rating, SessionId, SiteName};

use crate::StoreError;

/// Ratings by site and day.
#[async_trait]
pub trait Ratings: Send + Sync {
    /// Writes a rating down, unless the stay has one; returns whether it had none. Of the stay only
    /// a keyed hash is kept.
    async fn add_rating(&self, rating: &Rating, stay: SessionId) -> Result<bool, StoreError>;

    /// How many ratings of a site since that day there are of each score, from 1 to 5.
    async fn count_ratings(&self, site: &SiteName, since: Day) -> Result<[u64; 5], StoreError>;

    /// The latest ratings of a site since that day that give a reason, at most `most`.
    async fn list_reasoned_ratings(
        &self,
        site: &SiteName,
        since: Day,
        most: u32,
    ) -> Result<Vec<Rating>, StoreError>;

    /// Destroys ratings of days before `before`; returns how many.
    async fn prune_ratings(&self, before: Day) -> Result<u64, StoreError>;
}
