//! The change feed: who must look again after a commit.
//!
//! A change says what to look at, never what it has become, so a lost or repeated
//! change does no harm to a reader that also looks now and then by itself. Of usage it says how
//! much it is at most, so that a reader may leave alone what cannot matter yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::MacAddress;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::{AccountUsage, Versions};

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A site, plan or access point was added, changed or removed.
    Setup,
    /// A sender in a declared range was seen for the first time, or says something new.
    Pending,
    /// A device's grant was made or ended.
    Grant(MacAddress),
    /// Usage of these accounts was applied.
    Usage(Vec<AccountUsage>),
    /// An order waits to be delivered.
    Order,
    /// A message waits to be sent.
    Message,
    /// A person was erased.
    Erased,
    /// A challenge of a device's visit began.
    Challenge(MacAddress),
    /// Changes may have been missed: look at everything.
    Missed,
}

/// Spreads changes inside this process, and receives those of other processes where the
/// database can carry them.
#[derive(Debug, Clone)]
pub struct ChangeFeed {
    readers: broadcast::Sender<Change>,
    versions: Arc<Versions>,
}

impl ChangeFeed {
    /// A feed that keeps up to 1,024 changes for a slow reader.
    #[must_use]
    pub fn new() -> Self {
        Self { readers: broadcast::channel(1_024).0, versions: Arc::new(Versions::new()) }
    }

    /// Tells every reader; nobody listening is fine.
    pub fn publish(&self, change: Change) {
        self.versions.count(&change);
        drop(self.readers.send(change));
    }

    /// Starts listening; only changes from now on are seen.
    #[must_use]
    pub fn subscribe(&self) -> Changes {
        Changes { receiver: self.readers.subscribe(), next: None }
    }

    /// What was told so far, as versions.
    #[must_use]
    pub fn versions(&self) -> &Versions {
        &self.versions
    }
}

impl Default for ChangeFeed {
    fn default() -> Self {
        Self::new()
    }
}

/// A reader's end of the feed.
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
    /// A change that was received and is still to be told.
    next: Option<Change>,
}

impl Changes {
    /// Waits for the next change; `None` once the store is closed. Usage that was applied several
    /// times while the reader was busy is told once, so that no account is looked at in vain.
    pub async fn next(&mut self) -> Option<Change> {
        let change = match self.next.take() {
            Some(change) => change,
            None => match self.receiver.recv().await {
                Ok(change) => change,
                Err(RecvError::Lagged(_)) => Change::Missed,
                Err(RecvError::Closed) => return None,
            },
        };
        match change {
            Change::Usage(accounts) => Some(Change::Usage(self.with_waiting(accounts))),
            other => Some(other),
        }
    }

    /// Forgets what waits to be told, for a reader who is about to look at everything anyway.
    pub fn skip_waiting(&mut self) {
        self.next = None;
        while !matches!(self.receiver.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {
        }
    }

    /// Adds the accounts of the usage that waits next, each account once.
    fn with_waiting(&mut self, accounts: Vec<AccountUsage>) -> Vec<AccountUsage> {
        let mut together = BTreeMap::new();
        let mut add = |more: Vec<AccountUsage>| {
            for usage in more {
                let sum =
                    together.entry(usage.account).or_insert(AccountUsage::none(usage.account));
                *sum = sum.and(usage);
            }
        };
        add(accounts);
        loop {
            match self.receiver.try_recv() {
                Ok(Change::Usage(more)) => add(more),
                Ok(other) => self.next = Some(other),
                Err(TryRecvError::Lagged(_)) => self.next = Some(Change::Missed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
            if self.next.is_some() {
                break;
            }
        }
        together.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{AccountId, Octets};

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

    #[tokio::test]
    async fn usage_that_waits_is_told_at_once_and_each_account_once() {
        let feed = ChangeFeed::new();
        let mut changes = feed.subscribe();
        let used = |number: u8, octets: u64, began: bool| AccountUsage {
            octets: Octets::new(octets),
            time: Duration::from_secs(octets),
            began,
            ..AccountUsage::none(AccountId::from_bytes([number; 16]))
        };
        for change in [
            Change::Usage(vec![used(2, 5, true), used(1, 7, false)]),
            Change::Usage(vec![used(3, 1, false), used(2, 6, false)]),
            Change::Order,
            Change::Usage(vec![used(1, 9, false)]),
        ] {
            feed.publish(change);
        }
        let together = vec![used(1, 7, false), used(2, 11, true), used(3, 1, false)];
        for expected in
            [Change::Usage(together), Change::Order, Change::Usage(vec![used(1, 9, false)])]
        {
            assert_eq!(changes.next().await, Some(expected));
        }
    }
}
