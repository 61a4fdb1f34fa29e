//! Which access point is connected, so that an order finds its way back to it
//! (draft-ietf-radext-reverse-coa).
//!
//! Bounded by the connections that are open. The newest of an access point is asked; one that
//! ends meanwhile leaves the question to the next.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::NasName;
use radius_proto::PacketBuilder;
use tokio::sync::{Notify, mpsc, oneshot};

/// Questions that may wait to be taken by a connection; with more it counts as unanswered.
const QUEUE: usize = 64;

/// A request of the server's, to be carried over a connection.
pub(super) struct Errand {
    /// What to ask.
    pub(super) request: PacketBuilder,
    /// For how long.
    pub(super) patience: Duration,
    /// Who waits; hears nothing if no answer came in time.
    pub(super) answer: oneshot::Sender<Option<Vec<u8>>>,
}

/// What came of a request over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carried {
    /// The access point is not connected.
    NotConnected,
    /// It did not answer in time.
    Unanswered,
    /// It answered with this packet, which is authentic.
    Answered(Vec<u8>),
}

/// The access points that are connected now; clones share them.
#[derive(Clone, Default)]
pub struct Connections(Arc<Shared>);

#[derive(Default)]
struct Shared {
    numbers: AtomicU64,
    /// Oldest first.
    open: Mutex<HashMap<NasName, Vec<Open>>>,
    changed: Notify,
}

struct Open {
    number: u64,
    errands: mpsc::Sender<Errand>,
}

/// A connection that is open; leaves when dropped.
pub(super) struct Entry {
    connections: Connections,
    nas: NasName,
    number: u64,
}

impl Connections {
    /// Whether the access point is connected.
    #[must_use]
    pub fn is_connected(&self, nas: &NasName) -> bool {
        self.lock().contains_key(nas)
    }

    /// The access points that are connected.
    #[must_use]
    pub fn list(&self) -> BTreeSet<NasName> {
        self.lock().keys().cloned().collect()
    }

    /// Waits until the list may have changed since this returned last; for one reader.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Enters a connection; those above `most` of the same access point, oldest first, find the
    /// end of their errands and close.
    pub(super) fn enter(&self, nas: &NasName, most: usize) -> (Entry, mpsc::Receiver<Errand>) {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let (errands, queue) = mpsc::channel(QUEUE);
        let mut all = self.lock();
        let of_nas = all.entry(nas.clone()).or_default();
        of_nas.push(Open { number, errands });
        let surplus = of_nas.len().saturating_sub(most);
        of_nas.drain(..surplus);
        drop(all);
        self.0.changed.notify_one();
        (Entry { connections: self.clone(), nas: nas.clone(), number }, queue)
    }

    /// Asks an access point over its connection.
    pub(crate) async fn ask(
        &self,
        nas: &NasName,
        request: &PacketBuilder,
        patience: Duration,
    ) -> Carried {
        let newest_first: Vec<_> = match self.lock().get(nas) {
            Some(open) => open.iter().rev().map(|open| open.errands.clone()).collect(),
            None => return Carried::NotConnected,
        };
        for errands in newest_first {
            let (answer, answered) = oneshot::channel();
            match errands.try_send(Errand { request: request.clone(), patience, answer }) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Closed(_)) => continue,
                Err(mpsc::error::TrySendError::Full(_)) => return Carried::Unanswered,
            }
            match answered.await {
                Ok(Some(octets)) => return Carried::Answered(octets),
                Ok(None) => return Carried::Unanswered,
                // The connection ended; what it asked may be asked again, as over UDP.
                Err(_) => {}
            }
        }
        Carried::NotConnected
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<NasName, Vec<Open>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut all = self.connections.lock();
        if let Some(of_nas) = all.get_mut(&self.nas) {
            of_nas.retain(|open| open.number != self.number);
            if of_nas.is_empty() {
                all.remove(&self.nas);
                self.connections.0.changed.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> NasName {
        "gate".parse().unwrap()
    }

    fn ask(connections: &Connections) -> tokio::task::JoinHandle<Carried> {
        let connections = connections.clone();
        tokio::spawn(async move {
            let request = PacketBuilder::disconnect_request();
            connections.ask(&gate(), &request, Duration::from_secs(1)).await
        })
    }

    #[tokio::test]
    async fn the_newest_connection_is_asked_and_an_older_one_if_that_ends() {
        let connections = Connections::default();
        assert_eq!(ask(&connections).await.unwrap(), Carried::NotConnected);
        let (_older, mut errands_of_older) = connections.enter(&gate(), 8);
        let (newer, mut errands_of_newer) = connections.enter(&gate(), 8);
        let asked = ask(&connections);
        drop(errands_of_newer.recv().await.unwrap().answer);
        drop(newer);
        let errand = errands_of_older.recv().await.unwrap();
        errand.answer.send(Some(vec![1])).unwrap();
        assert_eq!(asked.await.unwrap(), Carried::Answered(vec![1]));
        let asked = ask(&connections);
        errands_of_older.recv().await.unwrap().answer.send(None).unwrap();
        assert_eq!(asked.await.unwrap(), Carried::Unanswered);
    }

    #[tokio::test]
    async fn one_connection_too_many_ends_the_oldest_and_the_last_to_leave_is_forgotten() {
        let connections = Connections::default();
        let (first, mut errands_of_first) = connections.enter(&gate(), 2);
        let (second, mut errands_of_second) = connections.enter(&gate(), 2);
        let (third, _errands_of_third) = connections.enter(&gate(), 2);
        assert!(errands_of_first.recv().await.is_none());
        assert!(errands_of_second.try_recv().is_err() && !errands_of_second.is_closed());
        drop((first, second));
        assert!(connections.is_connected(&gate()));
        drop(third);
        assert!(!connections.is_connected(&gate()) && connections.lock().is_empty());
    }
}
