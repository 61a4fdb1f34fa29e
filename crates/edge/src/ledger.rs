//! What the accounting server has yet to acknowledge.
//!
//! Nothing is lost while no server answers: reports wait here, over restarts too. Reports of one
//! session go out one after the other, and an interim report that has not gone out gives way to a
//! newer one, so that what waits is bounded by the sessions and not by the outage.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::{AcctSessionId, Event, Report};
use crate::moment::Moment;

/// Requests under way at a time.
const IN_FLIGHT: usize = 64;
/// For how long all is held back when no server has answered.
const PAUSE: Duration = Duration::from_secs(10);
/// Entries that wait; beyond it the oldest interim report gives way, then the oldest of all.
const CAPACITY: usize = 20_000;

/// Something to tell the accounting server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) notice: Notice,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Notice {
    /// This gateway knows of no session (Accounting-On, RFC 2866 §5.1).
    On {
        /// Since when.
        at: Moment,
        /// The name that the attribute rules want for it.
        session: AcctSessionId,
    },
    /// Something about a session.
    Session(Report),
}

impl Entry {
    /// When it happened.
    pub(crate) const fn at(&self) -> Moment {
        match &self.notice {
            Notice::On { at, .. } => *at,
            Notice::Session(report) => report.at,
        }
    }

    const fn session(&self) -> &AcctSessionId {
        match &self.notice {
            Notice::On { session, .. } => session,
            Notice::Session(report) => &report.session,
        }
    }

    fn is_interim(&self) -> bool {
        matches!(&self.notice, Notice::Session(report) if report.event == Event::Interim)
    }
}

/// Entries in the order in which they happened.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: VecDeque<Entry>,
    in_flight: BTreeSet<u64>,
    last_number: u64,
    paused_until: Option<Moment>,
    given_up: u64,
}

impl Ledger {
    /// Goes on with what an earlier run has left.
    pub(crate) fn restore(entries: Vec<Entry>) -> Self {
        let last_number = entries.iter().map(|entry| entry.number).max().unwrap_or(0);
        Self { entries: entries.into(), last_number, ..Self::default() }
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, notice: Notice) {
        self.last_number += 1;
        let entry = Entry { number: self.last_number, notice };
        if entry.is_interim() {
            let in_flight = &self.in_flight;
            let older = self.entries.iter_mut().rev().find(|older| {
                older.is_interim()
                    && older.session() == entry.session()
                    && !in_flight.contains(&older.number)
            });
            if let Some(older) = older {
                *older = entry;
                return;
            }
        }
        if self.entries.len() >= CAPACITY {
            self.give_way();
        }
        self.entries.push_back(entry);
    }

    fn give_way(&mut self) {
        let interim = self.entries.iter().position(Entry::is_interim).unwrap_or(0);
        if let Some(entry) = self.entries.remove(interim) {
            self.in_flight.remove(&entry.number);
            self.given_up += 1;
        }
    }

    /// How many entries were given up for want of room since the last call.
    pub(crate) fn take_given_up(&mut self) -> u64 {
        std::mem::take(&mut self.given_up)
    }

    /// What may be sent now; it counts as under way until it is settled.
    pub(crate) fn due(&mut self, now: Moment) -> Vec<Entry> {
        if self.paused_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.paused_until = None;
        let mut due = Vec::new();
        let mut waiting = BTreeSet::new();
        for entry in &self.entries {
            if self.in_flight.len() >= IN_FLIGHT {
                break;
            }
            let is_first = waiting.insert(entry.session());
            if is_first && self.in_flight.insert(entry.number) {
                due.push(entry.clone());
            }
            // Sessions that begin after it must not be ended by it.
            if matches!(entry.notice, Notice::On { .. }) {
                break;
            }
        }
        due
    }

    /// A server has acknowledged an entry.
    pub(crate) fn acknowledged(&mut self, number: u64) {
        self.in_flight.remove(&number);
        if let Some(index) = self.entries.iter().position(|entry| entry.number == number) {
            self.entries.remove(index);
        }
    }

    /// No server has answered to an entry.
    pub(crate) fn unanswered(&mut self, number: u64, now: Moment) {
        self.in_flight.remove(&number);
        self.paused_until = Some(now + PAUSE);
    }

    /// When [`Ledger::due`] has something more, if nothing is settled before.
    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        self.paused_until
    }

    /// Everything that waits, to be kept over a restart.
    pub(crate) fn saved(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use domain::MacAddress;

    use super::*;
    use crate::access::{TerminateCause, Traffic};

    fn notice(session: u32, event: Event) -> Notice {
        Notice::Session(Report {
            event,
            at: Moment::default(),
            session: AcctSessionId::new(0, session),
            device: MacAddress::new([2, 0, 0, 0, 0, 1]),
            address: Ipv4Addr::new(10, 0, 0, 2),
            user_name: String::new(),
            class: Vec::new(),
            identity: None,
            traffic: Traffic::default(),
            time: Duration::ZERO,
        })
    }

    fn numbers(due: &[Entry]) -> Vec<u64> {
        due.iter().map(|entry| entry.number).collect()
    }

    const NOW: Moment = Moment::from_millis(60_000);
    const STOP: Event = Event::Stop(TerminateCause::AdminReset);

    #[test]
    fn reports_of_one_session_go_out_one_after_the_other() {
        let mut ledger = Ledger::default();
        for (session, event) in [(1, Event::Start), (1, STOP), (2, Event::Start)] {
            ledger.add(notice(session, event));
        }
        assert_eq!(numbers(&ledger.due(NOW)), [1, 3]);
        assert!(ledger.due(NOW).is_empty());
        ledger.acknowledged(1);
        assert_eq!(numbers(&ledger.due(NOW)), [2]);
    }

    #[test]
    fn an_interim_report_gives_way_to_a_newer_one_unless_it_is_under_way() {
        let mut ledger = Ledger::default();
        for event in [Event::Start, Event::Interim, Event::Interim] {
            ledger.add(notice(1, event));
        }
        assert_eq!(numbers(&ledger.saved()), [1, 3]);
        ledger.due(NOW);
        ledger.acknowledged(1);
        assert_eq!(numbers(&ledger.due(NOW)), [3]);
        ledger.add(notice(1, Event::Interim));
        assert_eq!(numbers(&ledger.saved()), [3, 4]);
    }

    #[test]
    fn all_waits_a_while_when_no_server_answers() {
        let mut ledger = Ledger::default();
        ledger.add(notice(1, Event::Start));
        ledger.due(NOW);
        ledger.unanswered(1, NOW);
        assert!(ledger.due(NOW).is_empty());
        let later = ledger.next_deadline().unwrap();
        assert_eq!(later, NOW + PAUSE);
        assert_eq!(numbers(&ledger.due(later)), [1]);
    }

    #[test]
    fn nothing_overtakes_the_word_that_no_session_is_known() {
        let mut ledger = Ledger::default();
        ledger.add(Notice::On { at: NOW, session: AcctSessionId::new(0, 0) });
        ledger.add(notice(1, Event::Start));
        assert_eq!(numbers(&ledger.due(NOW)), [1]);
        assert!(ledger.due(NOW).is_empty());
        ledger.acknowledged(1);
        assert_eq!(numbers(&ledger.due(NOW)), [2]);
    }

    #[test]
    fn what_waits_and_what_is_under_way_are_bounded() {
        let mut ledger = Ledger::default();
        for session in 0..20_003 {
            let event = if session == 5 { Event::Interim } else { Event::Start };
            ledger.add(notice(session, event));
        }
        let numbers = numbers(&ledger.saved());
        assert_eq!((numbers.len(), ledger.take_given_up()), (CAPACITY, 3));
        assert_eq!(numbers[..5], [3, 4, 5, 7, 8]);
        assert_eq!(ledger.due(NOW).len(), IN_FLIGHT);
    }

    #[test]
    fn what_waits_goes_on_after_a_restart() {
        let mut ledger = Ledger::default();
        ledger.add(notice(1, Event::Start));
        ledger.due(NOW);
        let mut restored = Ledger::restore(ledger.saved());
        restored.add(notice(2, Event::Start));
        assert_eq!(numbers(&restored.due(NOW)), [1, 2]);
    }
}
