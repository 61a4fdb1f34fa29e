//! `sabeel nas test` with access points that take orders, take none, and know another secret.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant, SystemTime};

use radius_proto::dae::{DynamicServer, DynamicVerdict, EventTimestampRule, Now};
use radius_proto::dictionary::enumeration::ErrorCause;
use radius_proto::duplicates::DuplicateLimits;
use radius_proto::server::Datagram;
use radius_proto::{Secrets, SharedSecret};
use serde_json::Value;
use tokio::net::UdpSocket;

use crate::city::City;
use crate::visitor::found_a_walkway;

const SECRET: &str = "a secret of access points";

/// An access point that knows `secret`, has no session, and drops what is not proved.
async fn access_point(secret: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let shared = SharedSecret::new(secret).unwrap();
    tokio::spawn(async move {
        let limits = DuplicateLimits {
            retention: Duration::from_secs(300),
            max_entries: NonZeroUsize::new(100).unwrap(),
        };
        let mut server = DynamicServer::new(EventTimestampRule::Required, limits);
        let secrets = Secrets::new(shared.clone());
        let mut buffer = [0; 4_096];
        loop {
            let (length, source) = socket.recv_from(&mut buffer).await.unwrap();
            let datagram = Datagram { source, octets: &buffer[..length] };
            let now = Now { monotonic: Instant::now(), wall: SystemTime::now() };
            let verdict = server.receive(datagram, Some(&secrets), now);
            if let DynamicVerdict::Process(request) = verdict {
                let nak = request.nak(ErrorCause::SessionContextNotFound).sign(&shared).unwrap();
                socket.send_to(&nak, source).await.unwrap();
            }
        }
    });
    address
}

/// The exit code of a test, and its row about orders.
async fn tested(city: &City, name: &str) -> (i32, Value) {
    let said = city.sabeel(&["--json", "nas", "test", name]).await;
    let tested: Value = serde_json::from_str(&said.out).unwrap();
    let rows = tested["rows"].as_array().unwrap();
    (said.code, rows.iter().find(|row| row["what"] == "orders").unwrap().clone())
}

#[tokio::test]
async fn a_probe_tells_who_takes_orders_and_what_to_do_about_who_does_not() {
    let mut city = City::begin(&["radius.dynamic-authorization.patience-ms = 500"]).await;
    found_a_walkway(&city).await;
    let secret = city.dir().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    // Bound, so that nobody else answers there, and never read.
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (name, address, dae) in [
        ("good", "127.0.0.21", Some(access_point(SECRET).await)),
        ("silent", "127.0.0.22", Some(nobody.local_addr().unwrap().to_string())),
        ("other", "127.0.0.23", Some(access_point("another secret").await)),
        ("none", "127.0.0.24", None),
    ] {
        let file = secret.to_str().unwrap();
        let words = ["nas", "add", name, "--site", "walkway", "--secret-file", file];
        let dae = dae.iter().flat_map(|dae| ["--dae", dae]);
        let words: Vec<_> = words.into_iter().chain(["--address", address]).chain(dae).collect();
        city.json(&words).await;
    }
    for (name, verdict, words) in [
        ("good", "ok", "no such session"),
        ("silent", "failed", "no answer at 127.0.0.1"),
        ("other", "failed", "no answer at 127.0.0.1"),
        ("none", "warning", "it cannot be told anything"),
    ] {
        // Nothing came from any of them either, so that each test fails.
        let (code, row) = tested(&city, name).await;
        assert_eq!((code, row["verdict"].as_str()), (1, Some(verdict)), "{row}");
        assert!(row["found"].as_str().unwrap().contains(words), "{row}");
    }
    let said = city.sabeel(&["nas", "test", "silent", "--wait", "1"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("orders: a firewall, another port"), "{said:?}");
    assert!(said.err.contains("2 of 7 do not work"), "{said:?}");
    let said = city.sabeel(&["nas", "test", "nowhere"]).await;
    assert!(said.code == 1 && said.err.contains("there is no access point"), "{said:?}");
    city.stop().await;
}
