//! Tells the store which devices are at a site without being let in: the portal sends codes to
//! devices that it knows to be there.
//!
//! Sockets hand them over without waiting. A device that asks again and again is written down once
//! in ten minutes, and strangers that come too fast for the store are told by their next request.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, MacAddress, SiteName, Timestamp};
use store::{Appearance, Store};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Devices that may wait to be written down.
const QUEUE: usize = 4_096;
/// Devices in one transaction.
const TOGETHER: usize = 256;
/// Devices that are remembered as written down; beyond it all are told anew.
const MOST: usize = 65_536;
/// How long what was written down is new enough.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// Where sockets say whom they saw.
pub(crate) struct Seen {
    told: Mutex<HashMap<Appearance, Timestamp>>,
    queue: mpsc::Sender<Appearance>,
}

/// Writes down who was seen.
pub(crate) struct Usher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    seen: Arc<Seen>,
    /// Only [`Usher::run`] takes it, for as long as it runs.
    queue: tokio::sync::Mutex<mpsc::Receiver<Appearance>>,
}

impl Seen {
    /// A device that is not let in was asked about.
    pub(crate) fn note(&self, device: MacAddress, site: &SiteName, now: Timestamp) {
        let one = Appearance { device, site: site.clone() };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(&one).is_some_and(|at| now.since(*at) < FRESH) {
            return;
        }
        if self.queue.try_send(one.clone()).is_err() {
            tracing::debug!("radius.appearance-lost");
            return;
        }
        if told.len() >= MOST {
            told.clear();
        }
        told.insert(one, now);
    }

    /// What could not be written down is told again.
    fn forget(&self, lost: &[Appearance]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for one in lost {
            told.remove(one);
        }
    }
}

impl Usher {
    /// An usher, and where it hears of devices.
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> (Self, Arc<Seen>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let seen = Arc::new(Seen { told: Mutex::new(HashMap::new()), queue: sender });
        let usher = Self {
            store,
            clock,
            seen: Arc::clone(&seen),
            queue: tokio::sync::Mutex::new(receiver),
        };
        (usher, seen)
    }

    /// Writes down who was seen until `stop` is cancelled.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut queue = self.queue.lock().await;
        let mut batch = Vec::new();
        loop {
            let received = stop.run_until_cancelled(queue.recv_many(&mut batch, TOGETHER)).await;
            if received.is_none_or(|count| count == 0) {
                return;
            }
            let at = self.clock.now();
            if let Err(error) = self.store.record_appearances(&batch, at).await {
                tracing::warn!(error = &error as &dyn Error, "radius.not-noted");
                self.seen.forget(&batch);
            }
            batch.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ManualClock;

    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn one(last: u8) -> Appearance {
        Appearance { device: MacAddress::new([2, 0, 0, 0, 0, last]), site: "park".parse().unwrap() }
    }

    #[tokio::test]
    async fn who_is_seen_is_written_down_and_not_each_time() {
        let store = store::testing::sqlite().await;
        let shared = store.shared();
        let (usher, seen) = Usher::new(shared, Arc::new(ManualClock::new(T0)));
        for secs in [0, 1, 599, 600] {
            seen.note(one(1).device, &one(1).site, T0 + Duration::from_secs(secs));
        }
        assert_eq!(seen.queue.max_capacity() - seen.queue.capacity(), 2);
        let stop = CancellationToken::new();
        let written = async {
            while !store.has_appeared(&one(1), T0).await.unwrap() {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        tokio::join!(usher.run(stop.clone()), written);
        assert!(!store.has_appeared(&one(2), T0).await.unwrap());
    }

    #[tokio::test]
    async fn strangers_that_come_too_fast_are_told_by_their_next_request() {
        let store = store::testing::sqlite().await;
        let shared = store.shared();
        let (_usher, seen) = Usher::new(shared, Arc::new(ManualClock::new(T0)));
        let device = |n: usize| {
            let [.., a, b] = n.to_be_bytes();
            MacAddress::new([2, 0, 0, 1, a, b])
        };
        (0..=QUEUE).for_each(|n| seen.note(device(n), &one(1).site, T0));
        assert_eq!(seen.queue.capacity(), 0);
        assert_eq!(seen.told.lock().unwrap().len(), QUEUE, "the last one is not taken for told");
    }
}
