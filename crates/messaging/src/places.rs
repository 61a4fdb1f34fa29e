//! Places for messages that are being handed over, and the short way to one.
//!
//! Who writes a message down and finds a place free claims it in the same change, and hands it to the
//! courier at once: nobody need look for it in the outbox. While others wait there, it waits with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::OutgoingMessage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// A claimed message, and its place.
pub(crate) type Brought = (OutgoingMessage, OwnedSemaphorePermit);

/// The places of a courier.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    all: u32,
    free: Arc<Semaphore>,
    /// Whether messages wait in the outbox for a place, or there are none any more.
    crowded: Arc<AtomicBool>,
    claim: Duration,
    door: mpsc::UnboundedSender<Brought>,
}

/// A place that is free for a message.
#[derive(Debug)]
pub struct Place {
    permit: OwnedSemaphorePermit,
    claim: Duration,
    door: mpsc::UnboundedSender<Brought>,
}

impl Places {
    /// So many places for messages that are claimed for so long; and where messages are brought to. No
    /// more come than there are places.
    pub(crate) fn new(all: u32, claim: Duration) -> (Self, mpsc::UnboundedReceiver<Brought>) {
        let (door, brought) = mpsc::unbounded_channel();
        let free = usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS);
        let (free, crowded) = (Arc::new(Semaphore::new(free)), Arc::default());
        (Self { all, free, crowded, claim, door }, brought)
    }

    /// A place, unless others wait for one.
    pub(crate) fn take(&self) -> Option<Place> {
        if self.is_crowded() {
            return None;
        }
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(Place { permit, claim: self.claim, door: self.door.clone() })
    }

    /// Places for messages that wait: all that are free if it is crowded, else half of them, so that who
    /// comes meanwhile finds one as well.
    pub(crate) fn take_for_waiting(&self) -> Vec<OwnedSemaphorePermit> {
        let free = self.free.available_permits();
        let most = if self.is_crowded() { free } else { free.div_ceil(2) };
        (0..most).map_while(|_| Arc::clone(&self.free).try_acquire_owned().ok()).collect()
    }

    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    pub(crate) fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    /// Gives no place any more, and waits until all that were given are free again.
    pub(crate) async fn close(&self) {
        self.set_crowded(true);
        // Whoever is in between has a place, or finds none.
        let all = self.free.acquire_many(self.all).await;
        all.expect("the places are never closed otherwise").forget();
    }
}

impl Place {
    /// For how long the message must be claimed.
    #[must_use]
    pub const fn claim(&self) -> Duration {
        self.claim
    }

    /// Brings the claimed message to the courier.
    pub fn hand_over(self, message: OutgoingMessage) {
        // A courier that is gone leaves it to the next, once the claim runs out.
        drop(self.door.send((message, self.permit)));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn there_are_no_more_places_than_there_are_and_none_past_those_who_wait() {
        let (places, _brought) = Places::new(2, Duration::from_secs(1));
        let (first, second) = (places.take(), places.take());
        assert!(first.is_some() && second.is_some() && places.take().is_none());
        drop(first);
        places.set_crowded(true);
        assert!(places.take().is_none());
        places.set_crowded(false);
        assert!(places.take().is_some());
    }

    #[tokio::test]
    async fn who_closes_them_waits_for_those_that_are_taken() {
        let (places, _brought) = Places::new(2, Duration::from_secs(1));
        let taken = places.take();
        let mut closing = pin!(places.close());
        let mut look = Context::from_waker(Waker::noop());
        assert!(closing.as_mut().poll(&mut look).is_pending() && places.take().is_none());
        drop(taken);
        assert!(closing.as_mut().poll(&mut look).is_ready());
        assert!(places.take().is_none());
    }
}
