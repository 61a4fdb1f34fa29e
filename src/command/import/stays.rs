//! Rows of `radacct` as stays.

use std::net::IpAddr;

use controller::admin::api::ImportedStay;
use domain::{MacAddress, Octets, PhoneNumber, Timestamp, Zone};

use crate::freeradius::tables::Row;

/// What a row says, or why it says nothing that could be taken.
pub fn stay(
    row: &Row,
    zone: &Zone,
    phone: impl Fn(&str) -> Option<PhoneNumber>,
) -> Result<ImportedStay, String> {
    let calling = row.get("callingstationid");
    let device: Option<MacAddress> = calling.and_then(|text| text.parse().ok());
    let device = device.ok_or("callingstationid is no hardware address")?;
    let nas_address = row.get("nasipaddress").and_then(address);
    let nas_address = nas_address.ok_or("nasipaddress is no address")?;
    let acct_session_id = row.get("acctsessionid").ok_or("acctsessionid is empty")?;
    let time = |column: &str| -> Result<Option<Timestamp>, String> {
        match row.get(column) {
            None => Ok(None),
            Some(text) if text.starts_with("0000-00-00") => Ok(None),
            Some(text) => {
                zone.read(text).map(Some).map_err(|_| format!("{column} is no date and time"))
            }
        }
    };
    let started = time("acctstarttime")?.ok_or("acctstarttime is empty")?;
    let stopped = time("acctstoptime")?;
    let updated = time("acctupdatetime")?;
    let number = |column: &str| -> Result<Option<u64>, String> {
        let number = row.get(column).map(str::parse).transpose();
        number.map_err(|_| format!("{column} is no number"))
    };
    let seconds = match (number("acctsessiontime")?, stopped) {
        (Some(seconds), _) => seconds,
        (None, Some(stopped)) => stopped.since(started).as_secs(),
        (None, None) => 0,
    };
    let span = std::time::Duration::from_secs(seconds);
    let last_report_at = stopped.or(updated).unwrap_or(started + span);
    let unique_id = row
        .get("acctuniqueid")
        .map_or_else(|| format!("{acct_session_id} {nas_address} {started}"), str::to_owned);
    let user_name = row.get("username").unwrap_or_default();
    Ok(ImportedStay {
        unique_id,
        acct_session_id: acct_session_id.to_owned(),
        nas_address,
        nas_name: row.get("nasidentifier").map(str::to_owned),
        user_name: user_name.to_owned(),
        phone: phone(user_name),
        device,
        calling_station_id: calling.map(str::to_owned),
        called_station_id: row.get("calledstationid").map(str::to_owned),
        address: row.get("framedipaddress").and_then(address),
        last_report_at,
        terminate_cause: stopped.map(|_| row.get("acctterminatecause").map_or(0, cause)),
        seconds,
        input: Octets::new(number("acctinputoctets")?.unwrap_or(0)),
        output: Octets::new(number("acctoutputoctets")?.unwrap_or(0)),
    })
}

/// An address, also as PostgreSQL writes a network of one.
fn address(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

/// Acct-Terminate-Cause by the name that FreeRADIUS writes (RFC 2866 §5.10).
const CAUSES: [&str; 22] = [
    "User-Request",
    "Lost-Carrier",
    "Lost-Service",
    "Idle-Timeout",
    "Session-Timeout",
    "Admin-Reset",
    "Admin-Reboot",
    "Port-Error",
    "NAS-Error",
    "NAS-Request",
    "NAS-Reboot",
    "Port-Unneeded",
    "Port-Preempted",
    "Port-Suspended",
    "Service-Unavailable",
    "Callback",
    "User-Error",
    "Host-Request",
    "Supplicant-Restart",
    "Reauthentication-Failure",
    "Port-Reinit",
    "Port-Disabled",
];

/// The number of a cause; 0 for one that is not known.
pub fn cause(name: &str) -> u32 {
    let at = CAUSES.iter().position(|known| known.eq_ignore_ascii_case(name));
    let number = at.and_then(|at| u32::try_from(at + 1).ok());
    number.or_else(|| name.parse().ok()).unwrap_or(0)
}

/// The name of a cause's number.
pub fn cause_name(cause: u32) -> Option<&'static str> {
    let at = usize::try_from(cause).ok()?.checked_sub(1)?;
    CAUSES.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freeradius::tables::CsvRows;

    const HEADING: &str = "acctsessionid,acctuniqueid,username,nasipaddress,acctstarttime,\
        acctupdatetime,acctstoptime,acctsessiontime,acctinputoctets,acctoutputoctets,\
        callingstationid,acctterminatecause,framedipaddress\n";

    fn read(line: &str) -> Result<ImportedStay, String> {
        let text = format!("{HEADING}{line}\n");
        let row = CsvRows::new(text.bytes()).next().unwrap().unwrap();
        stay(&row, &Zone::riyadh(), |_| None)
    }

    #[test]
    fn a_row_is_a_stay_and_input_is_from_the_visitor() {
        let over = read(
            "5C1,a1,bob,10.0.0.1,2026-11-25 07:00:00,NULL,2026-11-25 07:10:00,590,10,100,\
             02-00-5E-10-00-01,Idle-Timeout,10.1.0.7/32",
        );
        let over = over.unwrap();
        assert_eq!(over.last_report_at.to_string(), "2026-11-25T04:10:00Z");
        assert_eq!((over.seconds, over.terminate_cause), (590, Some(4)));
        assert_eq!((over.input.get(), over.output.get()), (10, 100));
        assert_eq!(over.address, Some("10.1.0.7".parse().unwrap()));
        let open = read(
            "5C1,a1,bob,10.0.0.1,2026-11-25 07:00:00,2026-11-25 07:05:00,,300,1,2,\
             02005E100001,,",
        );
        let open = open.unwrap();
        assert_eq!(open.last_report_at.to_string(), "2026-11-25T04:05:00Z");
        assert_eq!(open.terminate_cause, None);
        let old =
            read("5C1,,bob,10.0.0.1,2026-11-25 07:00:00,,0000-00-00 00:00:00,60,,,02005E100001,,");
        assert_eq!(old.unwrap().last_report_at.to_string(), "2026-11-25T04:01:00Z");
    }

    #[test]
    fn what_a_stay_cannot_do_without_is_named() {
        for (line, reason) in [
            (
                "5C1,a,b,10.0.0.1,2026-11-25 07:00:00,,,1,1,1,bob,,",
                "callingstationid is no hardware address",
            ),
            (
                "5C1,a,b,gate,2026-11-25 07:00:00,,,1,1,1,02005E100001,,",
                "nasipaddress is no address",
            ),
            ("5C1,a,b,10.0.0.1,noon,,,1,1,1,02005E100001,,", "acctstarttime is no date and time"),
            ("5C1,a,b,10.0.0.1,,,,1,1,1,02005E100001,,", "acctstarttime is empty"),
            (
                "5C1,a,b,10.0.0.1,2026-11-25 07:00:00,,,-1,1,1,02005E100001,,",
                "acctsessiontime is no number",
            ),
            (",a,b,10.0.0.1,2026-11-25 07:00:00,,,1,1,1,02005E100001,,", "acctsessionid is empty"),
        ] {
            assert_eq!(read(line).unwrap_err(), reason);
        }
    }

    #[test]
    fn a_cause_survives_its_name() {
        for number in 1..=22 {
            assert_eq!(cause(cause_name(number).unwrap()), number);
        }
        assert_eq!((cause("77"), cause("odd"), cause_name(0), cause_name(23)), (77, 0, None, None));
    }
}
