//! Which stay a report is about, when an access point gives one name to several.
//!
//! After a restart some count their Acct-Session-Id from one again, and the same device can
//! come to have the same name again. Where Class tells stays apart this never matters; where an
//! access point does not send it back, the time at which a stay must have begun tells.

use std::time::Duration;

use super::{AccountingEvent, AccountingRecord, Session, SessionEnd, SessionReport, SessionState};
use crate::Timestamp;

/// By how much the beginnings that the reports of one stay imply may differ.
const WOBBLE: Duration = Duration::from_secs(60);

impl AccountingRecord {
    /// What is reported of a session, if the record is about one.
    #[must_use]
    pub const fn report(&self) -> Option<&SessionReport> {
        match &self.event {
            AccountingEvent::Started(report)
            | AccountingEvent::Interim(report)
            | AccountingEvent::Stopped(report, _) => Some(report),
            AccountingEvent::NasStarted
            | AccountingEvent::NasStopped
            | AccountingEvent::Waiting(_) => None,
        }
    }

    /// What is reported of a device, whether it has a session or not.
    #[must_use]
    pub const fn told(&self) -> Option<&SessionReport> {
        match &self.event {
            AccountingEvent::Waiting(report) => Some(report),
            _ => self.report(),
        }
    }

    /// When the session began, by what the record says.
    fn implies_beginning(&self, report: &SessionReport) -> Timestamp {
        self.occurred_at - report.usage.time
    }
}

impl Session {
    /// Whether `record` cannot be about this stay any more, but is about a later one to which the
    /// access point gave the same name.
    ///
    /// A stay that goes on as far as is known must have been reported longer before; whoever
    /// repeats old counters says nothing new.
    #[must_use]
    pub fn is_followed_by(&self, record: &AccountingRecord) -> bool {
        let Some(report) = record.report() else { return false };
        let begins = matches!(record.event, AccountingEvent::Started(_));
        if !begins && (report.usage.time.is_zero() || report.usage == self.usage) {
            return false;
        }
        let began = record.implies_beginning(report);
        let last_told = self.started_at + self.usage.time;
        match self.state {
            SessionState::Stopped { at, end: SessionEnd::NasRestarted } => began >= at,
            SessionState::Stopped { at, end: SessionEnd::Reported(_) } => {
                began > at.max(last_told) + WOBBLE
            }
            SessionState::Open | SessionState::Stopped { end: SessionEnd::Stale, .. } => {
                (begins || report.usage.time < self.usage.time) && began > last_told + WOBBLE
            }
        }
    }

    /// Whether `record` may be about this stay rather than about an earlier one of that name.
    #[must_use]
    pub fn had_begun_by(&self, record: &AccountingRecord) -> bool {
        let implied = record.report().map(|report| record.implies_beginning(report));
        implied.is_none_or(|began| began + WOBBLE >= self.started_at)
    }

    /// Ends a stay that was only thought to go on, once a later one of its name is known.
    pub fn end_before_another(&mut self) {
        if self.is_open() {
            let at = self.started_at + self.usage.time;
            self.state = SessionState::Stopped { at, end: SessionEnd::Stale };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::session::tests::{at, interim, play, record, report, start, stop, usage};

    use super::*;

    fn started(secs: u64) -> AccountingRecord {
        record(secs, AccountingEvent::Started(report(usage(0, 0, 0))))
    }

    #[test]
    fn a_name_is_given_again_once_a_report_must_have_begun_after_all_that_is_known() {
        let open = || play(&[start(), interim(600, 10, 100)]).0;
        let over = || play(&[start(), stop(600, 10, 100)]).0;
        let silent = || {
            let mut session = open();
            session.end_before_another();
            session
        };
        let restarted = || {
            let mut session = open();
            session.state = SessionState::Stopped { at: at(700), end: SessionEnd::NasRestarted };
            session
        };
        let interim_at =
            |secs, time| record(secs, AccountingEvent::Interim(report(usage(time, 5, 50))));
        for (name, known, then, expected) in [
            ("an open one begins again", open(), started(700), true),
            ("its start comes again late", open(), started(30), false),
            ("its start comes again soon after a report", open(), started(650), false),
            ("it goes on", open(), interim_at(1_200, 1_200), false),
            ("it goes on under a clock that was set", open(), interim_at(3_000, 601), false),
            ("an old report comes late", open(), interim_at(660, 60), false),
            ("the start of another was missed", open(), interim_at(9_000, 60), true),
            ("a silent one comes back", silent(), interim_at(1_200, 1_200), false),
            ("a silent one begins again", silent(), started(9_000), true),
            ("an ended one begins again", over(), started(700), true),
            ("the start of an ended one comes again", over(), started(0), false),
            ("an ended one is reported late", over(), interim_at(700, 300), false),
            ("its end comes again, much later", over(), stop_again(9_000), false),
            ("without a time online nothing is known", over(), interim_at(9_000, 0), false),
            ("begun since the restart", restarted(), started(701), true),
            ("reported since the restart", restarted(), interim_at(730, 20), true),
            ("from before the restart", restarted(), interim_at(702, 650), false),
        ] {
            assert_eq!(known.is_followed_by(&then), expected, "{name}");
        }
    }

    /// The end of the session of these tests, from an access point that dates it anew.
    fn stop_again(secs: u64) -> AccountingRecord {
        let report = report(usage(600, 10, 100));
        record(secs, AccountingEvent::Stopped(report, SessionEnd::Reported(1)))
    }

    #[test]
    fn a_late_report_is_about_the_stay_that_had_begun_by_then() {
        let (mut second, _) = play(&[start()]);
        second.started_at = at(1_000);
        assert!(!second.had_begun_by(&stop_again(700)));
        assert!(second.had_begun_by(&started(990)));
        assert!(second.had_begun_by(&started(2_000)));
    }
}
