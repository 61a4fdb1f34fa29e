//! Persons who were erased, for whoever keeps something about them outside the database.

use async_trait::async_trait;
use domain::{AccountId, GrantId, MacAddress, Timestamp};

use crate::StoreError;

/// A person who was erased, by all that could lead to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// When it happened.
    pub erased_at: Timestamp,
    /// Whose account it was.
    pub account: AccountId,
    /// The permissions they had.
    pub grants: Vec<GrantId>,
    /// Their devices, but for those that are somebody else's by now.
    pub devices: Vec<MacAddress>,
}

/// Erasures, until nothing older than them is kept anywhere.
#[async_trait]
pub trait Erasures: Send + Sync {
    /// Those since `since`, oldest first. One that was committed late may lie some seconds before
    /// others that were seen already.
    async fn list_erasures(&self, since: Timestamp) -> Result<Vec<Erasure>, StoreError>;

    /// Forgets those before `before`; returns how many.
    async fn prune_erasures(&self, before: Timestamp) -> Result<u64, StoreError>;
}
