//! Where gateways tell what became of the messages that they took.
//!
//! A receipt may come twice, late, before the gateway's own answer, or from somebody else. What names
//! no message of the route is counted and forgotten; what may name one that is just being handed
//! over is kept aside for a moment.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, Receipt, RouteName, Timestamp};
use store::{ReceiptEnd, ReceiptOf, Store, StoreError};

use crate::error::MessagingError;
use crate::http::{HttpSettings, IncomingReceipt, ReceiptReader, Told, Unusable};
use crate::settings::{MessagingSettings, TransportKind};

/// For so long a receipt may be ahead of the gateway's answer.
const AHEAD: Duration = Duration::from_secs(60);
/// No more of them are kept aside; the oldest gives way.
const MOST_ASIDE: usize = 1_000;

/// How a receipt is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptAnswer {
    /// It was taken, whether it said something new or not.
    Taken,
    /// Nobody is to tell anything there.
    NoSuchAddress,
    /// It is not signed by the gateway.
    Forged,
    /// It does not say which message, or what became of it.
    Unreadable,
}

/// How many receipts of a route counted for nothing since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UselessReceipts {
    /// They named no message of the route.
    pub unknown: u64,
    /// They were not signed by the gateway.
    pub forged: u64,
    /// They did not say which message, or what became of it.
    pub unreadable: u64,
}

/// The same while they are counted.
#[derive(Debug, Default)]
struct ReceiptCounts {
    unknown: AtomicU64,
    forged: AtomicU64,
    unreadable: AtomicU64,
}

/// Takes the receipts of all routes.
pub struct Receipts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    doors: Vec<Door>,
    aside: Mutex<VecDeque<Aside>>,
}

/// The address of one route.
struct Door {
    route: RouteName,
    reader: ReceiptReader,
    counts: ReceiptCounts,
}

/// A receipt whose message is not known yet.
struct Aside {
    route: RouteName,
    reference: String,
    receipt: Receipt,
    at: Timestamp,
}

impl Receipts {
    pub(crate) fn open(
        settings: &MessagingSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MessagingError> {
        let door = |route: &RouteName, http: &HttpSettings| -> Result<_, MessagingError> {
            let reader = http.receipt_reader()?;
            let route = route.clone();
            Ok(reader.map(|reader| Door { route, reader, counts: ReceiptCounts::default() }))
        };
        let mut doors = Vec::new();
        match (settings.transport, &settings.http) {
            (TransportKind::Http, Some(http)) => doors.extend(door(&crate::routes::main(), http)?),
            (TransportKind::Console | TransportKind::Http, _) => {}
            (TransportKind::Routes, _) => {
                for route in &settings.routes {
                    let door = door(&route.name, &route.http);
                    doors.extend(door.map_err(|error| error.of_route(&route.name))?);
                }
            }
        }
        Ok(Self { store, clock, doors, aside: Mutex::default() })
    }

    /// Takes what was told at an address.
    ///
    /// # Errors
    /// The store failed: the gateway should tell it again.
    pub async fn take(&self, incoming: &IncomingReceipt<'_>) -> Result<ReceiptAnswer, StoreError> {
        // Every address is compared, so that the time tells nothing.
        let mut doors = self.doors.iter().filter(|door| door.reader.is_for(incoming.end));
        let (Some(door), _) = (doors.next(), doors.count()) else {
            return Ok(ReceiptAnswer::NoSuchAddress);
        };
        let (of, receipt) = match door.reader.read(incoming) {
            Ok(Told::Final(of, receipt)) => (of, receipt),
            Ok(Told::Underway) => return Ok(ReceiptAnswer::Taken),
            Err(Unusable::Forged) => {
                count(&door.counts.forged);
                return Ok(ReceiptAnswer::Forged);
            }
            Err(Unusable::Unreadable) => {
                count(&door.counts.unreadable);
                return Ok(ReceiptAnswer::Unreadable);
            }
        };
        let now = self.clock.now();
        let end = self.store.record_receipt(&door.route, &of, receipt, now).await?;
        tracing::debug!(route = %door.route, receipt = receipt.as_str(), ?end, "a receipt came");
        if end == ReceiptEnd::Unknown {
            count(&door.counts.unknown);
            if let ReceiptOf::Reference(reference) = of {
                let route = door.route.clone();
                self.put_aside(Aside { route, reference, receipt, at: now });
            }
        }
        Ok(ReceiptAnswer::Taken)
    }

    /// How many of a route counted for nothing.
    pub(crate) fn useless(&self, route: &RouteName) -> UselessReceipts {
        let Some(door) = self.doors.iter().find(|door| door.route == *route) else {
            return UselessReceipts::default();
        };
        let [unknown, forged, unreadable] =
            [&door.counts.unknown, &door.counts.forged, &door.counts.unreadable]
                .map(|counter| counter.load(Ordering::Relaxed));
        UselessReceipts { unknown, forged, unreadable }
    }

    /// Whether a route tells what becomes of messages.
    pub(crate) fn come_from(&self, route: &RouteName) -> bool {
        self.doors.iter().any(|door| door.route == *route)
    }

    /// A gateway has just named a message: what it told of it before is written down now.
    pub(crate) async fn catch_up(
        &self,
        route: &RouteName,
        reference: &str,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let early = {
            let mut aside = self.aside();
            aside.retain(|early| now < early.at + AHEAD);
            let is_it = |early: &Aside| early.route == *route && early.reference == reference;
            aside.iter().position(is_it).and_then(|index| aside.remove(index))
        };
        let Some(Aside { reference, receipt, at, .. }) = early else { return Ok(()) };
        let of = ReceiptOf::Reference(reference);
        self.store.record_receipt(route, &of, receipt, at).await.map(drop)
    }

    fn put_aside(&self, early: Aside) {
        let mut aside = self.aside();
        if aside.len() == MOST_ASIDE {
            aside.pop_front();
        }
        aside.push_back(early);
    }

    fn aside(&self) -> std::sync::MutexGuard<'_, VecDeque<Aside>> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
