//! UniFi's words: limits as its two APIs want them, and what it says of guests, sites and access
//! points. Pure.

use domain::{BitRate, Guest, GuestStanding, MacAddress, Octets, Terms, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Minutes, megabytes and kbit/s that the official API takes at most and at least.
const MINUTES: (u64, u64) = (1, 1_000_000);
const MEGABYTES: (u64, u64) = (1, 1_048_576);
const KILOBITS: (u64, u64) = (2, 100_000);

/// The limits of an authorisation by the official API; what is left out has none.
pub(super) fn limits(terms: &Terms) -> Map<String, Value> {
    named(terms, ["timeLimitMinutes", "dataUsageLimitMBytes", "rxRateLimitKbps", "txRateLimitKbps"])
}

/// The same by `cmd/stamgr`.
pub(super) fn plain_limits(terms: &Terms) -> Map<String, Value> {
    named(terms, ["minutes", "bytes", "down", "up"])
}

/// A device receives what is downloaded.
fn named(terms: &Terms, [minutes, megabytes, down, up]: [&str; 4]) -> Map<String, Value> {
    let within = |value: u64, (least, most): (u64, u64)| json!(value.clamp(least, most));
    // Whole units: what is left over is cut by order.
    let time = terms.time.as_secs().div_ceil(60);
    let mut limits = Map::from_iter([(minutes.to_owned(), within(time, MINUTES))]);
    if let Some(data) = terms.data {
        let data = data.get().div_ceil(1_000_000);
        limits.insert(megabytes.to_owned(), within(data, MEGABYTES));
    }
    for (name, rate) in [(down, terms.rate.down), (up, terms.rate.up)] {
        let rate = rate.map(BitRate::kilobits_per_second).filter(|rate| *rate <= KILOBITS.1);
        if let Some(rate) = rate {
            limits.insert(name.to_owned(), within(rate, KILOBITS));
        }
    }
    limits
}

/// A client as `stat/sta` lists it.
#[derive(Deserialize)]
struct Station {
    mac: String,
    #[serde(default)]
    is_guest: bool,
    #[serde(default)]
    authorized: bool,
    #[serde(default)]
    is_wired: bool,
    #[serde(default)]
    ip: Option<String>,
    #[serde(default)]
    assoc_time: Option<i64>,
    #[serde(default)]
    rx_bytes: Option<u64>,
    #[serde(default)]
    tx_bytes: Option<u64>,
    #[serde(default, rename = "wired-rx_bytes")]
    wired_rx: Option<u64>,
    #[serde(default, rename = "wired-tx_bytes")]
    wired_tx: Option<u64>,
}

/// The guests in what `stat/sta` says; a client that cannot be read is left out.
pub(super) fn guests(answer: &Value) -> Option<Vec<Guest>> {
    let clients = answer.get("data")?.as_array()?;
    Some(clients.iter().filter_map(guest).collect())
}

fn guest(client: &Value) -> Option<Guest> {
    let station = Station::deserialize(client).ok().filter(|station| station.is_guest)?;
    // An access point receives what is uploaded, and so does a switch.
    let (uploaded, downloaded) = match station.is_wired {
        false => (station.rx_bytes, station.tx_bytes),
        true => (station.wired_rx, station.wired_tx),
    };
    Some(Guest {
        device: station.mac.parse().ok()?,
        standing: match station.authorized {
            true => GuestStanding::Admitted,
            false => GuestStanding::Caught,
        },
        since: Timestamp::from_secs(station.assoc_time.unwrap_or(0).clamp(0, i64::MAX / 1_000)),
        address: station.ip.and_then(|ip| ip.parse().ok()),
        uploaded: Octets::new(uploaded.unwrap_or(0)),
        downloaded: Octets::new(downloaded.unwrap_or(0)),
    })
}

/// The access points in what `stat/device-basic` says.
pub(super) fn access_points(answer: &Value) -> Option<Vec<MacAddress>> {
    let devices = answer.get("data")?.as_array()?.iter();
    let points = devices.filter(|device| device.get("type").and_then(Value::as_str) == Some("uap"));
    let address = |point: &Value| point.get("mac")?.as_str()?.parse().ok();
    Some(points.filter_map(address).collect())
}

/// The official API's name of the site whose short name that is.
pub(super) fn site(answer: &Value, short: &str) -> Option<String> {
    let mut sites = answer.get("data")?.as_array()?.iter();
    let site =
        sites.find(|site| site.get("internalReference").and_then(Value::as_str) == Some(short))?;
    site.get("id")?.as_str().filter(|id| is_id(id)).map(str::to_owned)
}

/// Whether it can stand in a path.
pub(super) fn is_id(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{RatePair, Speed};

    use super::*;

    fn terms(seconds: u64, data: Option<u64>, down: Option<u64>) -> Terms {
        Terms {
            speed: Speed::Full,
            rate: RatePair { down: down.map(BitRate::new), up: Some(BitRate::new(512_000)) },
            time: Duration::from_secs(seconds),
            data: data.map(Octets::new),
            idle_timeout: Duration::from_secs(600),
            interim_interval: Duration::from_secs(60),
        }
    }

    #[test]
    fn minutes_are_always_said() {
        for (terms, expected) in [
            (
                terms(7_200, Some(20_000_001), Some(10_000_000)),
                json!({"minutes": 120, "bytes": 21, "down": 10_000, "up": 512}),
            ),
            (terms(0, None, None), json!({"minutes": 1, "up": 512})),
            (
                terms(61, Some(1), Some(1_000)),
                json!({"minutes": 2, "bytes": 1, "down": 2, "up": 512}),
            ),
            // More than UniFi can limit to is no limit.
            (terms(60, None, Some(1_000_000_000)), json!({"minutes": 1, "up": 512})),
            (terms(u64::MAX, None, None), json!({"minutes": 1_000_000, "up": 512})),
        ] {
            assert_eq!(Value::Object(plain_limits(&terms)), expected);
        }
        let official = limits(&terms(7_200, Some(20_000_000), Some(10_000_000)));
        let expected = json!({"timeLimitMinutes": 120, "dataUsageLimitMBytes": 20,
            "rxRateLimitKbps": 10_000, "txRateLimitKbps": 512});
        assert_eq!(Value::Object(official), expected);
    }

    #[test]
    fn guests_are_read_and_what_is_odd_is_left_out() {
        let answer = json!({"meta": {"rc": "ok"}, "data": [
            {"mac": "02:00:5e:10:00:01", "is_guest": true, "authorized": true, "ip": "10.5.0.7",
             "assoc_time": 1_795_597_200, "rx_bytes": 10, "tx_bytes": 1_000, "essid": "Park"},
            {"mac": "02:00:5e:10:00:02", "is_guest": true, "is_wired": true, "wired-rx_bytes": 5,
             "wired-tx_bytes": 6},
            {"mac": "02:00:5e:10:00:03", "is_guest": false, "authorized": true},
            {"mac": "nonsense", "is_guest": true},
            {"is_guest": true},
            "nonsense"
        ]});
        let read = guests(&answer).unwrap();
        let told: Vec<_> = read
            .iter()
            .map(|guest| (guest.standing, guest.uploaded.get(), guest.downloaded.get()))
            .collect();
        assert_eq!(told, [(GuestStanding::Admitted, 10, 1_000), (GuestStanding::Caught, 5, 6)]);
        assert_eq!(read[0].since, Timestamp::from_secs(1_795_597_200));
        assert_eq!(read[0].address, Some([10, 5, 0, 7].into()));
        assert_eq!(guests(&json!({"data": 5})), None);
    }

    #[test]
    fn only_an_id_gets_into_a_path() {
        let sites = |id: &str| json!({"data": [{"id": id, "internalReference": "default"}]});
        assert_eq!(site(&sites("88f7af54-98f8"), "default").as_deref(), Some("88f7af54-98f8"));
        assert_eq!(site(&sites("88f7af54-98f8"), "other"), None);
        assert_eq!(site(&sites("../../x"), "default"), None);
    }
}
