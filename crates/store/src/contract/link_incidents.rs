//! What the centre concluded from what agents told: one value that is changed by one at a time, and the
//! incidents in it by themselves, for whoever lists them.

use std::num::NonZeroU32;

use async_trait::async_trait;
use domain::Timestamp;

use crate::StoreError;

/// What was concluded, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkConclusion {
    /// Goes up by one with each change; 0 if nothing is kept.
    pub version: u64,
    /// The value, JSON.
    pub state: String,
}

/// An incident, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkIncident {
    /// Its number.
    pub number: u64,
    /// When it began.
    pub begin_at: Timestamp,
    /// When it ended, if it has.
    pub ended_at: Option<Timestamp>,
    /// The whole of it, JSON.
    pub incident: String,
}

/// What the centre concluded of links.
#[async_trait]
pub trait LinkIncidents: Send + Sync {
    /// What was concluded last.
    async fn find_link_conclusion(&self) -> Result<LinkConclusion, StoreError>;

    /// Keeps what follows from the conclusion of `version`, with the incidents that changed and the
    /// numbers of those that are no more. Nothing is kept, and `false` returned, if somebody else
    /// concluded something from that version before.
    async fn keep_link_conclusion(
        &self,
        version: u64,
        state: &str,
        changed: &[LinkIncident],
        gone: &[u64],
    ) -> Result<bool, StoreError>;

    /// Incidents, so many at most and the newest first; only those that have not ended, or all.
    async fn list_link_incidents(
        &self,
        open_only: bool,
        most: NonZeroU32,
    ) -> Result<Vec<LinkIncident>, StoreError>;

    /// Destroys incidents that ended before `before`.
    async fn prune_link_incidents(&self, before: Timestamp) -> Result<u64, StoreError>;
}
