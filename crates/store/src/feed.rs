//! The change feed: who must look again after a commit.
//!
//! A change says what to look at, never what it has become, so a lost or repeated
//! change does no harm to a reader that also looks now and then by itself.

use domain::{AccountId, MacAddress, SiteName};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A site, plan or access point was added, changed or removed.
    Setup,
    /// A device's grant was made or ended.
    Grant(MacAddress),
    /// Usage of these accounts was applied.
    Usage(Vec<AccountId>),
    /// An order waits to be delivered.
    Order,
    /// A message waits to be sent.
    Message,
    /// A challenge began at a site.
    Challenge(SiteName),
    /// Changes may have been missed: look at everything.
    Missed,
}

/// Spreads changes inside this process, and receives those of other processes where the
/// database can carry them.
#[derive(Debug, Clone)]
pub struct ChangeFeed(broadcast::Sender<Change>);

impl ChangeFeed {
    /// A feed that keeps up to 1,024 changes for a slow reader.
    #[must_use]
    pub fn new() -> Self {
        Self(broadcast::channel(1_024).0)
    }

    /// Tells every reader; nobody listening is fine.
    pub fn publish(&self, change: Change) {
        drop(self.0.send(change));
    }

    /// Starts listening; only changes from now on are seen.
    #[must_use]
    pub fn subscribe(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

impl Default for ChangeFeed {
    fn default() -> Self {
        Self::new()
    }
}

/// A reader's end of the feed.
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// Waits for the next change; `None` once the store is closed.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_fell_behind_is_told_to_look_at_everything() {
        let feed = ChangeFeed::new();
        let mut changes = feed.subscribe();
        for _ in 0..2_000 {
            feed.publish(Change::Order);
        }
        assert_eq!(changes.next().await, Some(Change::Missed));
        drop(feed);
        while let Some(change) = changes.next().await {
            assert_eq!(change, Change::Order);
        }
    }
}
