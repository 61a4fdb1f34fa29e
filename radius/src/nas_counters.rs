//! What one access point has sent, counted and dated: what an admin looks at when it does not work.
//!
//! Reasons are labels of [`Outcome`], so their number is bounded. All of it is of this process
//! since it started; nothing here decides anything.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use domain::Timestamp;
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::message_authenticator::Presence;
use radius_proto::server::Request;
use radius_proto::{Code, Packet, attribute};
use serde::Serialize;

use crate::access_points::SecretAge;
use crate::metrics::{Outcome, Share};
use crate::notes::Budget;

/// The counters of one access point.
#[derive(Debug, Default)]
pub(crate) struct NasCounters {
    accepted: AtomicU64,
    rejected: AtomicU64,
    recorded: AtomicU64,
    resent: AtomicU64,
    unanswered: AtomicU64,
    unanswered_by_reason: Mutex<BTreeMap<&'static str, u64>>,
    access: Seen,
    accounting: Seen,
    interim: Seen,
    without_message_authenticator: Seen,
    without_class: Seen,
    former_secret: Seen,
    /// Milliseconds by which the clock of the access point is ahead, as the last report says.
    clock_ahead: AtomicI64,
    dated: Seen,
    in_progress: AtomicUsize,
    /// What may still be noted in the trail.
    pub(crate) noted: Budget,
    /// Status-Server that may still be answered.
    pub(crate) status: Budget,
}

/// How often something was seen, and when last.
#[derive(Debug, Default)]
struct Seen {
    count: AtomicU64,
    last_millis: AtomicI64,
}

/// The counters of one access point at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NasStatistics {
    /// Access-Accepts.
    pub accepted: u64,
    /// Access-Rejects, and Access-Accepts that lead to the portal and nowhere else.
    pub rejected: u64,
    /// Accounting-Requests brought to disk.
    pub recorded: u64,
    /// Retransmissions answered again.
    pub resent: u64,
    /// Packets that got no answer, for whatever reason.
    pub unanswered: u64,
    /// The same by their reasons.
    pub unanswered_by_reason: BTreeMap<&'static str, u64>,
    /// New and authentic Access-Requests.
    pub access: Times,
    /// New and authentic Accounting-Requests.
    pub accounting: Times,
    /// Interim-Updates among them.
    pub interim: Times,
    /// Access-Requests that came without Message-Authenticator and were looked at all the same.
    pub without_message_authenticator: Times,
    /// Reports of sessions without Class, which count for nobody.
    pub without_class: Times,
    /// Requests that were made with the former secret.
    pub former_secret: Times,
    /// Milliseconds by which its clock is ahead of ours, if a report had an Event-Timestamp.
    pub clock_ahead_millis: Option<i64>,
}

/// How often something was seen, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Times {
    /// How often.
    pub count: u64,
    /// When last.
    pub last: Option<Timestamp>,
}

/// A request in progress of an access point; dropped with its task, however that ends.
#[derive(Debug)]
pub(crate) struct Place(Arc<NasCounters>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

impl NasCounters {
    /// Takes one of the `most` places that the access point has for requests in progress, if one
    /// is free.
    pub(crate) fn begin(self: &Arc<Self>, most: usize) -> Option<Place> {
        let begun = |now| (now < most).then_some(now + 1);
        self.in_progress.fetch_update(Ordering::Relaxed, Ordering::Relaxed, begun).ok()?;
        Some(Place(Arc::clone(self)))
    }

    /// Counts what became of a packet.
    pub(crate) fn count(&self, outcome: Outcome) {
        let counter = match outcome.share() {
            Share::Accepted => &self.accepted,
            Share::Rejected => &self.rejected,
            Share::Recorded => &self.recorded,
            Share::Resent => &self.resent,
            Share::Unanswered => {
                let reasons = self.unanswered_by_reason.lock();
                let mut reasons = reasons.unwrap_or_else(PoisonError::into_inner);
                *reasons.entry(outcome.as_str()).or_default() += 1;
                &self.unanswered
            }
            Share::Other => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note of a new and authentic request.
    pub(crate) fn saw(&self, request: &Request<'_, '_>, secret: SecretAge, now: Timestamp) {
        if secret == SecretAge::Former {
            self.former_secret.add(now);
        }
        match request.packet.code() {
            Code::AccessRequest => {
                self.access.add(now);
                if request.message_authenticator == Presence::Absent {
                    self.without_message_authenticator.add(now);
                }
            }
            Code::AccountingRequest => self.saw_report(&request.packet, now),
            _ => {}
        }
    }

    fn saw_report(&self, report: &Packet<'_>, now: Timestamp) {
        self.accounting.add(now);
        let status = report.u32(attribute::ACCT_STATUS_TYPE).map(AcctStatusType::from);
        if status == Some(AcctStatusType::InterimUpdate) {
            self.interim.add(now);
        }
        let is_of_session = matches!(
            status,
            Some(AcctStatusType::Start | AcctStatusType::InterimUpdate | AcctStatusType::Stop)
        );
        if is_of_session && report.find(attribute::CLASS).is_none() {
            self.without_class.add(now);
        }
        let told =
            report.event_time().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let Some(told) = told.and_then(|told| i64::try_from(told.as_millis()).ok()) {
            // Whole seconds are told, so half of one is as good as none.
            self.clock_ahead.store(told - now.as_millis(), Ordering::Relaxed);
            self.dated.add(now);
        }
    }

    /// The counters as they are now.
    pub(crate) fn snapshot(&self) -> NasStatistics {
        let reasons = self.unanswered_by_reason.lock();
        let dated = self.dated.times();
        NasStatistics {
            accepted: value(&self.accepted),
            rejected: value(&self.rejected),
            recorded: value(&self.recorded),
            resent: value(&self.resent),
            unanswered: value(&self.unanswered),
            unanswered_by_reason: reasons.unwrap_or_else(PoisonError::into_inner).clone(),
            access: self.access.times(),
            accounting: self.accounting.times(),
            interim: self.interim.times(),
            without_message_authenticator: self.without_message_authenticator.times(),
            without_class: self.without_class.times(),
            former_secret: self.former_secret.times(),
            clock_ahead_millis: dated.last.map(|_| self.clock_ahead.load(Ordering::Relaxed)),
        }
    }
}

impl Seen {
    fn add(&self, now: Timestamp) {
        self.last_millis.store(now.as_millis(), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn times(&self) -> Times {
        let count = value(&self.count);
        let last = Timestamp::from_millis(self.last_millis.load(Ordering::Relaxed));
        Times { count, last: (count > 0).then_some(last) }
    }
}

/// What a counter says.
pub(crate) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use radius_proto::PacketBuilder;

    use super::*;
    use crate::fixtures::{T0, secret};

    #[test]
    fn an_access_point_has_its_share_of_places_and_no_more() {
        let counters = Arc::new(NasCounters::default());
        let places = [counters.begin(2), counters.begin(2)];
        assert!(places.iter().all(Option::is_some));
        assert!(counters.begin(2).is_none());
        drop(places);
        assert!(counters.begin(2).is_some());
    }

    #[test]
    fn a_report_is_dated_and_missed_its_class() {
        let counters = NasCounters::default();
        let reported_at = SystemTime::UNIX_EPOCH
            + std::time::Duration::from_millis(T0.as_millis().unsigned_abs() + 7_000);
        let mut report = PacketBuilder::accounting_request();
        report
            .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::InterimUpdate)
            .time(attribute::EVENT_TIMESTAMP, reported_at);
        let octets = report.sign(&secret()).unwrap();
        counters.saw_report(&Packet::parse(&octets).unwrap(), T0);
        let once = Times { count: 1, last: Some(T0) };
        let statistics = counters.snapshot();
        assert_eq!((statistics.accounting, statistics.interim), (once, once));
        assert_eq!(statistics.without_class, once);
        assert_eq!(statistics.clock_ahead_millis, Some(7_000));
    }
}
