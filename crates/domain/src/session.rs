//! Sessions: one stay of one device at one access point, as accounting tells it.
//!
//! [`Session::advance`] is the only way in which a report changes a session, and it
//! says how much new usage the report brought. Counters only move forward, so a
//! report that comes twice, late or out of order adds nothing (RFC 2866, RFC 5080 §2.2.2).

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    GrantId, MacAddress, NasName, Octets, SessionId, SessionIdentification, Speed, Timestamp,
};

/// Data and time that were used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// From the visitor: Acct-Input of a NAS that counts as RFC 2866 §5.3 says.
    pub uploaded: Octets,
    /// To the visitor: Acct-Output of such a NAS.
    pub downloaded: Octets,
    /// Time online, in whole seconds as reported.
    pub time: Duration,
}

impl Usage {
    /// Octets both ways.
    #[must_use]
    pub fn total(&self) -> Octets {
        self.uploaded + self.downloaded
    }

    /// The larger of both, field by field.
    #[must_use]
    pub fn forward_to(self, reported: Self) -> Self {
        Self {
            uploaded: self.uploaded.max(reported.uploaded),
            downloaded: self.downloaded.max(reported.downloaded),
            time: self.time.max(reported.time),
        }
    }

    /// The same counters with the turns that a NAS without Acct-Input-Gigawords and
    /// Acct-Output-Gigawords (RFC 2869 §5.1) does not tell: it begins at zero again after 2^32
    /// octets. Only a report of a longer time online can have turned; any other is late.
    #[must_use]
    pub fn continuing(self, known: Self) -> Self {
        if self.time <= known.time {
            return self;
        }
        Self {
            uploaded: continued(self.uploaded, known.uploaded),
            downloaded: continued(self.downloaded, known.downloaded),
            time: self.time,
        }
    }

    /// What `self` has beyond `earlier`, field by field.
    #[must_use]
    pub fn beyond(self, earlier: Self) -> Self {
        Self {
            uploaded: self.uploaded.saturating_sub(earlier.uploaded),
            downloaded: self.downloaded.saturating_sub(earlier.downloaded),
            time: self.time.saturating_sub(earlier.time),
        }
    }
}

/// A counter after `known`, with the turns of 32 bits that it lacks. A counter that fell from
/// anywhere else than the end of its range was not turned but reset, and says nothing.
fn continued(counter: Octets, known: Octets) -> Octets {
    const TURN: u64 = 1 << 32;
    const QUARTER: u64 = TURN / 4;
    let (counter, known) = (counter.get(), known.get());
    if counter == 0 || counter >= known || counter >= TURN {
        return Octets::new(counter);
    }
    let low = known % TURN;
    let turned = known - low;
    Octets::new(if counter >= low {
        turned + counter
    } else if low >= TURN - QUARTER && counter < QUARTER {
        turned.saturating_add(TURN + counter)
    } else {
        counter
    })
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            uploaded: self.uploaded + other.uploaded,
            downloaded: self.downloaded + other.downloaded,
            time: self.time.saturating_add(other.time),
        }
    }
}

/// What one accounting packet said, in our own words; the journal keeps these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountingRecord {
    /// Who reported.
    pub nas: NasName,
    /// When it happened: arrival less Acct-Delay-Time, or a plausible Event-Timestamp.
    pub occurred_at: Timestamp,
    /// When the packet arrived.
    pub received_at: Timestamp,
    /// What happened.
    pub event: AccountingEvent,
}

/// What an accounting packet can tell (Acct-Status-Type, RFC 2866 §5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountingEvent {
    /// A session began.
    Started(SessionReport),
    /// A session goes on.
    Interim(SessionReport),
    /// A session is over.
    Stopped(SessionReport, SessionEnd),
    /// The NAS (re)started, so none of its earlier sessions lives (Accounting-On).
    NasStarted,
    /// The NAS is about to stop (Accounting-Off).
    NasStopped,
    /// A device is there that was only let through to the portal, which is no session: nobody is
    /// online, and nothing is used.
    Waiting(SessionReport),
}

/// What a report says of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReport {
    /// Our key: the same for every report of one stay, whatever else the NAS repeats.
    pub session: SessionId,
    /// The NAS's own name for it (Acct-Session-Id).
    pub acct_session_id: String,
    /// The device (Calling-Station-Id).
    pub device: MacAddress,
    /// The user name that the NAS wants to hear in a Disconnect.
    pub user_name: String,
    /// The device's address (Framed-IP-Address).
    pub address: Option<IpAddr>,
    /// The grant that let the device in, from Class.
    pub grant: Option<GrantId>,
    /// Counters since the session began.
    pub usage: Usage,
    /// How the NAS itself names the session.
    pub identification: SessionIdentification,
    /// The speed at which the device was let in, from Class.
    pub speed: Speed,
}

/// One stay of one device at one access point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Our key.
    pub id: SessionId,
    /// The access point.
    pub nas: NasName,
    /// The access point's own name for the session.
    pub acct_session_id: String,
    /// The device.
    pub device: MacAddress,
    /// The user name that the NAS knows it by.
    pub user_name: String,
    /// The device's address, once known.
    pub address: Option<IpAddr>,
    /// The grant that let the device in, if it is ours.
    pub grant: Option<GrantId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last report came in.
    pub updated_at: Timestamp,
    /// What was used so far.
    pub usage: Usage,
    /// Whether it goes on.
    pub state: SessionState,
    /// How the access point itself names the session.
    pub identification: SessionIdentification,
    /// The speed that the access point was last told.
    pub speed: Speed,
}

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// It goes on, as far as is known.
    Open,
    /// It is over.
    Stopped {
        /// Since when.
        at: Timestamp,
        /// Why.
        end: SessionEnd,
    },
}

/// Why a session is over: a cause that the NAS reported, or one that we found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionEnd {
    /// Acct-Terminate-Cause by its number (RFC 2866 §5.10); 0 when the NAS gave none.
    Reported(u32),
    /// The NAS restarted.
    NasRestarted,
    /// The NAS fell silent about it.
    Stale,
}

/// What a report changed of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    /// What it brought beyond what was known.
    pub used: Usage,
    /// Whether it told more than how much was used until when, and that the session is over.
    pub is_news: bool,
}

impl Session {
    /// The session that a report is the first of, with nothing used so far; `None` if it is not
    /// about a session.
    #[must_use]
    pub fn begun_by(record: &AccountingRecord) -> Option<Self> {
        let report = record.report()?;
        Some(Self {
            id: report.session,
            nas: record.nas.clone(),
            acct_session_id: report.acct_session_id.clone(),
            device: report.device,
            user_name: report.user_name.clone(),
            address: report.address,
            grant: report.grant,
            started_at: record.occurred_at - report.usage.time,
            updated_at: record.received_at,
            usage: Usage::default(),
            state: SessionState::Open,
            identification: SessionIdentification::default(),
            speed: report.speed,
        })
    }

    /// Applies a report.
    ///
    /// Returns `None` when it changes nothing: it repeats, comes after the session's end, or is
    /// not about a session.
    pub fn advance(&mut self, record: &AccountingRecord) -> Option<Advance> {
        let (report, end) = match &record.event {
            AccountingEvent::Started(report) | AccountingEvent::Interim(report) => (report, None),
            AccountingEvent::Stopped(report, end) => (report, Some(*end)),
            AccountingEvent::NasStarted
            | AccountingEvent::NasStopped
            | AccountingEvent::Waiting(_) => return None,
        };
        if self.is_over_for_good() {
            return None;
        }
        let known = (self.usage, self.updated_at, self.state);
        self.usage = self.usage.forward_to(report.usage.continuing(self.usage));
        self.updated_at = self.updated_at.max(record.received_at);
        self.state = match end {
            Some(end) => SessionState::Stopped { at: record.occurred_at, end },
            None => SessionState::Open,
        };
        let particulars = (self.address, self.grant);
        self.address = report.address.or(self.address);
        self.grant = self.grant.or(report.grant);
        let is_news = self.identification.update(&report.identification)
            || particulars != (self.address, self.grant);
        let is_change = is_news || known != (self.usage, self.updated_at, self.state);
        is_change.then(|| Advance { used: self.usage.beyond(known.0), is_news })
    }

    /// A session that was only thought dead comes back with its next report.
    fn is_over_for_good(&self) -> bool {
        !matches!(
            self.state,
            SessionState::Open | SessionState::Stopped { end: SessionEnd::Stale, .. }
        )
    }

    /// Whether the session goes on, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == SessionState::Open
    }
}

mod stay;
#[cfg(test)]
mod tests;
