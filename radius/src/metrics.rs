//! What became of every packet, counted: a fold over the outcome enums.
//!
//! Labels are fixed texts of this crate and of `radius-proto`, and access points are those of
//! the table, so the number of counters is bounded. Nothing here decides anything.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::NasName;
use radius_proto::DropReason;
use radius_proto::radsec::CloseReason;
use serde::Serialize;

use crate::authorise::Refusal;
use crate::nas_counters::{NasCounters, NasStatistics, value};
use crate::translate::Unusable;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Let in, by what the store said.
    Accepted,
    /// Let in, by what the store said within the last seconds.
    AcceptedFromMemory,
    /// Let in while the store is away, by what it said before.
    AcceptedWhileStoreAway,
    /// Kept out.
    Rejected(Refusal),
    /// Kept out, by an Accept that leads to the portal and nowhere else.
    Redirected(Refusal),
    /// Not answered, since the store is away and the device unknown.
    StoreAway,
    /// Not answered, since too many requests are in progress.
    Overloaded,
    /// Not answered, since too many Access-Rejects are being held back.
    TooManyRejects,
    /// Not answered, since the reply would not fit into a packet.
    Unanswerable,
    /// Not answered, since the NAS has given the identifier to a newer request.
    Superseded,
    /// Not answered, since deciding failed by an error in this program.
    Panicked,
    /// The reply could not be handed to the network; a retransmission will get it.
    Unsent,
    /// A retransmission, answered with the same octets again.
    Resent,
    /// A Status-Server, answered.
    StatusAnswered,
    /// A Status-Server that came after too many others, not answered.
    StatusTooOften,
    /// Accounting that is on disk.
    Recorded,
    /// Accounting that tells nothing, answered so that the NAS stops repeating it.
    Unusable(Unusable),
    /// Accounting that could not be brought to disk, not answered.
    NotRecorded,
    /// Dropped before any decision.
    Dropped(DropReason),
    /// A kind of request that nobody here answers, refused in words (RFC 7930).
    KindRefused,
    /// A connection that was closed for what came over it, or for what did not.
    Closed(CloseReason),
    /// A connection that there was no room for.
    NoRoom,
    /// A connection whose TLS handshake failed.
    HandshakeFailed,
    /// A connection whose TLS handshake took too long.
    HandshakeTooSlow,
    /// A connection with a genuine certificate that is no access point's.
    UnknownCertificate,
}

impl Outcome {
    /// The label in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptedFromMemory => "accepted-from-memory",
            Self::AcceptedWhileStoreAway => "accepted-while-store-away",
            Self::Rejected(refusal) => refusal.as_str(),
            Self::Redirected(_) => "redirected",
            Self::StoreAway => "store-away",
            Self::Overloaded => "overloaded",
            Self::TooManyRejects => "too-many-rejects",
            Self::Unanswerable => "unanswerable",
            Self::Superseded => "superseded",
            Self::Panicked => "panicked",
            Self::Unsent => "unsent",
            Self::Resent => "resent",
            Self::StatusAnswered => "status-answered",
            Self::StatusTooOften => "status-too-often",
            Self::Recorded => "recorded",
            Self::Unusable(reason) => reason.as_str(),
            Self::NotRecorded => "not-recorded",
            Self::Dropped(reason) => reason.as_str(),
            Self::KindRefused => "kind-refused",
            Self::Closed(reason) => reason.as_str(),
            Self::NoRoom => "no-room",
            Self::HandshakeFailed => "handshake-failed",
            Self::HandshakeTooSlow => "handshake-too-slow",
            Self::UnknownCertificate => "unknown-certificate",
        }
    }

    /// The sum of an access point that it adds to.
    pub(crate) const fn share(self) -> Share {
        match self {
            Self::Accepted | Self::AcceptedFromMemory | Self::AcceptedWhileStoreAway => {
                Share::Accepted
            }
            Self::Rejected(_) | Self::Redirected(_) => Share::Rejected,
            Self::Recorded => Share::Recorded,
            Self::Resent => Share::Resent,
            Self::StatusAnswered
            | Self::Unusable(_)
            | Self::KindRefused
            | Self::Closed(_)
            | Self::NoRoom
            | Self::HandshakeFailed
            | Self::HandshakeTooSlow
            | Self::UnknownCertificate => Share::Other,
            Self::StoreAway
            | Self::Overloaded
            | Self::TooManyRejects
            | Self::Unanswerable
            | Self::Superseded
            | Self::Panicked
            | Self::Unsent
            | Self::StatusTooOften
            | Self::NotRecorded
            | Self::Dropped(_) => Share::Unanswered,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Share {
    Accepted,
    Rejected,
    Recorded,
    Resent,
    Unanswered,
    Other,
}

/// Counters that live as long as the server.
#[derive(Debug, Default)]
pub struct Metrics {
    outcomes: RwLock<BTreeMap<&'static str, AtomicU64>>,
    access_points: Mutex<BTreeMap<NasName, Arc<NasCounters>>>,
}

/// The counters at one moment, all since the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Statistics {
    /// Packets by outcome; an outcome that never came is absent.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Packets by access point.
    pub access_points: BTreeMap<NasName, NasStatistics>,
}

impl Metrics {
    /// Counts a packet; `nas` is absent when no access point has the source address.
    pub(crate) fn count(&self, outcome: Outcome, nas: Option<&NasCounters>) {
        if let Some(nas) = nas {
            nas.count(outcome);
        }
        let label = outcome.as_str();
        let outcomes = self.outcomes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = outcomes.get(label) {
            counter.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(outcomes);
        let mut outcomes = self.outcomes.write().unwrap_or_else(PoisonError::into_inner);
        outcomes.entry(label).or_default().fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps counters for exactly these access points; those known before count on.
    pub(crate) fn keep<'n>(
        &self,
        names: impl Iterator<Item = &'n NasName>,
    ) -> BTreeMap<NasName, Arc<NasCounters>> {
        let mut known = self.access_points.lock().unwrap_or_else(PoisonError::into_inner);
        *known = names
            .map(|name| (name.clone(), known.get(name).map(Arc::clone).unwrap_or_default()))
            .collect();
        known.clone()
    }

    /// The counters of one access point as they are now, if it is known.
    #[must_use]
    pub fn of_access_point(&self, name: &NasName) -> Option<NasStatistics> {
        let access_points = self.access_points.lock().unwrap_or_else(PoisonError::into_inner);
        access_points.get(name).map(|counters| counters.snapshot())
    }

    /// The counters as they are now.
    #[must_use]
    pub fn snapshot(&self) -> Statistics {
        let outcomes = self.outcomes.read().unwrap_or_else(PoisonError::into_inner);
        let access_points = self.access_points.lock().unwrap_or_else(PoisonError::into_inner);
        Statistics {
            outcomes: outcomes.iter().map(|(label, count)| (*label, value(count))).collect(),
            access_points: access_points
                .iter()
                .map(|(name, counters)| (name.clone(), counters.snapshot()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_by_label_and_by_access_point() {
        let metrics = Metrics::default();
        let gate: NasName = "gate".parse().unwrap();
        let counters = metrics.keep([&gate].into_iter());
        let nas = counters.get(&gate).map(Arc::as_ref);
        for outcome in [
            Outcome::Accepted,
            Outcome::AcceptedFromMemory,
            Outcome::Rejected(Refusal::NoGrant),
            Outcome::Recorded,
            Outcome::StoreAway,
        ] {
            metrics.count(outcome, nas);
        }
        metrics.count(Outcome::Dropped(DropReason::UnknownClient), None);
        let statistics = metrics.snapshot();
        let expected = NasStatistics {
            accepted: 2,
            rejected: 1,
            recorded: 1,
            unanswered: 1,
            unanswered_by_reason: BTreeMap::from([("store-away", 1)]),
            ..NasStatistics::default()
        };
        assert_eq!(statistics.access_points.get(&gate), Some(&expected));
        assert_eq!(statistics.outcomes.get("unknown-client"), Some(&1));
        assert_eq!(statistics.outcomes.get("rejected-no-grant"), Some(&1));
    }

    #[test]
    fn an_access_point_counts_on_when_the_table_is_read_again_and_goes_when_removed() {
        let metrics = Metrics::default();
        let (gate, park): (NasName, NasName) = ("gate".parse().unwrap(), "park".parse().unwrap());
        let counters = metrics.keep([&gate, &park].into_iter());
        metrics.count(Outcome::Recorded, counters.get(&gate).map(Arc::as_ref));
        metrics.keep([&gate].into_iter());
        let statistics = metrics.snapshot();
        assert_eq!(statistics.access_points.get(&gate).map(|nas| nas.recorded), Some(1));
        assert_eq!(statistics.access_points.get(&park), None);
    }
}
