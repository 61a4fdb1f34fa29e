//! Payloads of version 1, as journals written by earlier releases have them: reports without the
//! access point's own words for the session.

use std::net::IpAddr;

use domain::{
    AccountingEvent, AccountingRecord, GrantId, MacAddress, NasName, SessionEnd, SessionId,
    SessionIdentification, SessionReport, Speed, Timestamp, Usage,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Record {
    nas: NasName,
    occurred_at: Timestamp,
    received_at: Timestamp,
    event: Event,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
enum Event {
    Started(Report),
    Interim(Report),
    Stopped(Report, SessionEnd),
    NasStarted,
    NasStopped,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Report {
    session: SessionId,
    acct_session_id: String,
    device: MacAddress,
    user_name: String,
    address: Option<IpAddr>,
    grant: Option<GrantId>,
    usage: Usage,
}

/// Reads a payload behind its version octet.
pub(super) fn decode(body: &[u8]) -> Option<AccountingRecord> {
    let Record { nas, occurred_at, received_at, event } = postcard::from_bytes(body).ok()?;
    let event = match event {
        Event::Started(report) => AccountingEvent::Started(report.into()),
        Event::Interim(report) => AccountingEvent::Interim(report.into()),
        Event::Stopped(report, end) => AccountingEvent::Stopped(report.into(), end),
        Event::NasStarted => AccountingEvent::NasStarted,
        Event::NasStopped => AccountingEvent::NasStopped,
    };
    Some(AccountingRecord { nas, occurred_at, received_at, event })
}

impl From<Report> for SessionReport {
    fn from(report: Report) -> Self {
        Self {
            session: report.session,
            acct_session_id: report.acct_session_id,
            device: report.device,
            user_name: report.user_name,
            address: report.address,
            grant: report.grant,
            usage: report.usage,
            identification: SessionIdentification::default(),
            speed: Speed::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_earlier_release_is_read_whole() {
        let at = Timestamp::from_secs(1_795_597_200);
        let report = || Report {
            session: SessionId::from_bytes([1; 16]),
            acct_session_id: "s1".into(),
            device: MacAddress::new([2, 0, 0, 0, 0, 1]),
            user_name: "visitor".into(),
            address: Some(IpAddr::from([10, 0, 0, 5])),
            grant: Some(GrantId::from_bytes([7; 16])),
            usage: Usage::default(),
        };
        let record = Record {
            nas: "gate".parse().unwrap(),
            occurred_at: at,
            received_at: at,
            event: Event::Stopped(report(), SessionEnd::Reported(4)),
        };
        let expected = AccountingRecord {
            nas: "gate".parse().unwrap(),
            occurred_at: at,
            received_at: at,
            event: AccountingEvent::Stopped(report().into(), SessionEnd::Reported(4)),
        };
        let octets = postcard::to_allocvec(&record).unwrap();
        assert_eq!(decode(&octets), Some(expected));
    }
}
