//! Omada's words: an admission as it wants it, and what it says of who was let through. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::{Guest, GuestStanding, MacAddress, Octets, Terms, Timestamp, Whereabouts};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::exchange::Answer;

/// "External Portal Server".
const AUTH_TYPE: u32 = 4;
/// What became longer than asked for by more was counted in another unit.
const MUCH_LONGER: u32 = 100;

/// What a controller counts time in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Microseconds,
    Milliseconds,
}

impl Unit {
    /// The unit by which a controller made that of `time`, which it was told in microseconds.
    pub(super) fn that_made(record: &Record, time: Duration) -> Self {
        match record.end.since(record.start) > time * MUCH_LONGER {
            true => Self::Milliseconds,
            false => Self::Microseconds,
        }
    }
}

/// The order that lets a device through.
pub(super) fn admission(
    device: MacAddress,
    terms: &Terms,
    place: &Whereabouts,
    unit: Unit,
) -> Value {
    let numeric = |name: &str| matches!(name, "radioId" | "vid");
    let mut order: Map<String, Value> = place
        .0
        .iter()
        .map(|(name, value)| match value.parse::<u64>() {
            Ok(number) if numeric(name) => (name.clone(), json!(number)),
            _ => (name.clone(), json!(value)),
        })
        .collect();
    let seconds = terms.time.as_secs().max(1);
    let time = seconds.saturating_mul(match unit {
        Unit::Microseconds => 1_000_000,
        Unit::Milliseconds => 1_000,
    });
    order.insert("clientMac".to_owned(), json!(spelt(device)));
    order.insert("time".to_owned(), json!(time));
    order.insert("authType".to_owned(), json!(AUTH_TYPE));
    Value::Object(order)
}

/// A device as the controller spells it.
fn spelt(device: MacAddress) -> String {
    device.to_string().replace(':', "-").to_uppercase()
}

/// One admission as the controller keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) device: MacAddress,
    /// Whether its time goes on.
    pub(super) is_valid: bool,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    address: Option<IpAddr>,
    uploaded: Octets,
    downloaded: Octets,
}

/// A page of them.
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    /// How many rows it had, also such as cannot be read.
    pub(super) rows: usize,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    mac: String,
    #[serde(default = "valid")]
    valid: bool,
    start: i64,
    end: i64,
    #[serde(default)]
    ip: Option<String>,
    #[serde(default)]
    upload: u64,
    #[serde(default)]
    download: u64,
}

/// Who might still be in is not overlooked.
const fn valid() -> bool {
    true
}

/// The records in what the controller says; one that cannot be read is left out.
pub(super) fn records(result: &Value) -> Option<Page> {
    let rows = result.get("data")?.as_array()?;
    Some(Page { records: rows.iter().filter_map(record).collect(), rows: rows.len() })
}

fn record(row: &Value) -> Option<Record> {
    let row = Row::deserialize(row).ok().filter(|row| is_id(&row.id))?;
    Some(Record {
        id: row.id,
        device: row.mac.parse().ok()?,
        is_valid: row.valid,
        start: Timestamp::from_millis(row.start.max(0)),
        end: Timestamp::from_millis(row.end.max(0)),
        address: row.ip.and_then(|ip| ip.parse().ok()),
        uploaded: Octets::new(row.upload),
        downloaded: Octets::new(row.download),
    })
}

/// Each device once, by its newest record that goes on, or else by its newest.
pub(super) fn guests(records: Vec<Record>) -> Vec<Guest> {
    let mut newest: BTreeMap<MacAddress, Record> = BTreeMap::new();
    for record in records {
        let rank = |record: &Record| (record.is_valid, record.start);
        if newest.get(&record.device).is_none_or(|known| rank(known) < rank(&record)) {
            newest.insert(record.device, record);
        }
    }
    let guest = |record: Record| Guest {
        device: record.device,
        standing: match record.is_valid {
            true => GuestStanding::Admitted,
            false => GuestStanding::Gone,
        },
        since: record.start,
        address: record.address,
        uploaded: record.uploaded,
        downloaded: record.downloaded,
    };
    newest.into_values().map(guest).collect()
}

/// The result of an answer.
pub(super) fn read(mut answer: Answer) -> Result<Value, ApiError> {
    let code = answer.body.get("errorCode").and_then(Value::as_i64);
    match (answer.status, code) {
        (200, Some(0)) => Ok(answer.body["result"].take()),
        (200, Some(code)) => Err(ApiError::Refused(code)),
        (200, None) => Err(ApiError::Garbled),
        // Who is not logged in is sent to the login page.
        (301..=303 | 307 | 401 | 403, _) => Err(ApiError::KeyRefused),
        (status, _) => Err(ApiError::Status(status)),
    }
}

/// Whether it can stand in a path.
pub(super) fn is_id(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use domain::{RatePair, Speed};

    use super::*;

    fn terms(seconds: u64) -> Terms {
        Terms {
            speed: Speed::Full,
            rate: RatePair { down: None, up: None },
            time: Duration::from_secs(seconds),
            data: Some(Octets::new(5)),
            idle_timeout: Duration::from_secs(600),
            interim_interval: Duration::from_secs(60),
        }
    }

    fn place(pairs: &[(&str, &str)]) -> Whereabouts {
        Whereabouts(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn an_admission_says_who_is_where_and_for_how_long() {
        let device = "02:00:5e:10:00:01".parse().unwrap();
        let of_point = place(&[
            ("apMac", "B8-FB-B3-00-00-01"),
            ("ssidName", "7"),
            ("radioId", "1"),
            ("site", "Default"),
        ]);
        assert_eq!(
            admission(device, &terms(7_200), &of_point, Unit::Microseconds),
            json!({"clientMac": "02-00-5E-10-00-01", "apMac": "B8-FB-B3-00-00-01",
                "ssidName": "7", "radioId": 1, "site": "Default", "time": 7_200_000_000_u64,
                "authType": 4})
        );
        let of_gateway =
            place(&[("gatewayMac", "B8-FB-B3-00-00-09"), ("vid", "20"), ("site", "6aa3")]);
        assert_eq!(
            admission(device, &terms(0), &of_gateway, Unit::Milliseconds),
            json!({"clientMac": "02-00-5E-10-00-01", "gatewayMac": "B8-FB-B3-00-00-09",
                "vid": 20, "site": "6aa3", "time": 1_000, "authType": 4})
        );
        // Nothing of a redirect takes the place of what we say.
        let odd = place(&[("time", "9"), ("authType", "0"), ("clientMac", "x"), ("site", "s")]);
        let order = admission(device, &terms(1), &odd, Unit::Milliseconds);
        assert_eq!((&order["time"], &order["authType"]), (&json!(1_000), &json!(4)));
        assert_eq!(order["clientMac"], "02-00-5E-10-00-01");
    }

    fn row(id: &str, mac: &str, start: i64, more: &Value) -> Value {
        let mut row = json!({"id": id, "mac": mac, "wireless": true, "ssid": "Park",
            "authType": 4, "download": 1_000, "upload": 10, "start": start,
            "end": start + 3_600_000, "valid": true, "permanent": false});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    }

    #[test]
    fn who_goes_on_is_told_from_who_was_there_before() {
        let answer = json!({"totalRows": 7, "data": [
            row("a", "02-00-5E-10-00-01", 2_000, &json!({"ip": "10.5.0.7"})),
            row("b", "02-00-5E-10-00-01", 9_000, &json!({"valid": false})),
            row("c", "02-00-5E-10-00-02", 3_000, &json!({"valid": false, "download": 7})),
            row("../c", "02-00-5E-10-00-03", 3_000, &json!({})),
            row("d", "nonsense", 3_000, &json!({})),
            {"id": "e"},
            "nonsense"
        ]});
        let page = records(&answer).unwrap();
        assert_eq!((page.rows, page.records.len()), (7, 3));
        let told: Vec<_> = guests(page.records)
            .iter()
            .map(|guest| (guest.standing, guest.since, guest.uploaded.get(), guest.address))
            .collect();
        assert_eq!(
            told,
            [
                (
                    GuestStanding::Admitted,
                    Timestamp::from_millis(2_000),
                    10,
                    Some([10, 5, 0, 7].into())
                ),
                (GuestStanding::Gone, Timestamp::from_millis(3_000), 10, None)
            ]
        );
        assert!(records(&json!({"data": 5})).is_none());
    }

    #[test]
    fn the_unit_of_time_is_read_from_what_was_made_of_it() {
        let made = |millis: i64| {
            let row = row("a", "02-00-5E-10-00-01", 1_000, &json!({"end": 1_000 + millis}));
            Unit::that_made(&record(&row).unwrap(), Duration::from_secs(60))
        };
        assert_eq!(made(60_000), Unit::Microseconds);
        assert_eq!(made(60_000_000), Unit::Milliseconds);
    }
}
