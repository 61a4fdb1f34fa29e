//! FreeRADIUS's client as whoever sends Disconnect and CoA to our own gateway.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::MacAddress;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::city::{City, eventually};
use crate::radclient::{ONCE, radclient};
use crate::stays::stay;
use crate::visitor::{found_a_walkway, sign_in};

const DAE_PORT: u16 = 3799;
const REDIRECTOR_PORT: u16 = 3990;

/// A city with a gateway that pretends to let through, and the gateway's secret. Every address
/// of the machine is a device there.
async fn city_with_a_gateway() -> (City, String) {
    let mut city = City::plan(&[]);
    let address = city.address();
    let credentials = city.dir().join("gateway-credentials.json");
    let section = format!(
        "\n[edge]\nenforcer = \"pretend\"\ncredentials-file = \"{}\"\nstate-file = \"{}\"\n\
         portal-url = \"http://{}\"\nredirector = \"{address}:{REDIRECTOR_PORT}\"\n\
         least-interim-seconds = 1\nmost-interim-seconds = 1\n\
         [edge.radius]\nauthentication-servers = [\"{}\"]\naccounting-servers = [\"{}\"]\n\
         [edge.dynamic-authorization]\nlisten = \"{address}:{DAE_PORT}\"\n\
         allowed = [\"127.0.0.1\"]\n",
        credentials.display(),
        city.dir().join("gateway.json").display(),
        city.portal(),
        city.authentication(),
        city.accounting(),
    );
    let config = city.dir().join("sabeel.toml");
    let text = std::fs::read_to_string(&config).unwrap() + &section;
    std::fs::write(&config, text).unwrap();
    city.start().await;
    found_a_walkway(&city).await;
    let words = ["nas", "add", "gate", "--site", "walkway", "--address", "127.0.0.1"];
    let added = city.json(&[&words[..], &["--profile", "sabeel"]].concat()).await;
    std::fs::write(&credentials, added.to_string()).unwrap();
    city.start_gateway().await;
    (city, added["secret"].as_str().unwrap().to_owned())
}

/// What a device does when it joins: it asks for some page.
async fn join(city: &City) {
    let mut stream = TcpStream::connect((city.address(), REDIRECTOR_PORT)).await.unwrap();
    let request = b"GET /generate_204 HTTP/1.1\r\nHost: probe.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.ok();
}

fn timestamp(seconds_ago: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    format!("Event-Timestamp = {}\n", now - seconds_ago)
}

#[tokio::test]
async fn radclient_steers_the_gateway_if_it_proves_itself_and_is_not_late() {
    const DEVICE: MacAddress = MacAddress::new([0x02, 0, 127, 0, 0, 1]);
    let (mut city, secret) = city_with_a_gateway().await;
    sign_in(&city, DEVICE).await;
    join(&city).await;
    let joined = stay(&city, "stay of the device", |stay| stay["state"] == "open").await;
    assert_eq!(joined["device"], DEVICE.to_string());
    let session = format!("Acct-Session-Id = {}\n", joined["acct_session_id"]);
    let gateway: SocketAddr = (city.address(), DAE_PORT).into();
    let (right, wrong) = (secret.as_str(), "another secret");
    let (now, other) = (timestamp(0), "Acct-Session-Id = \"none\"\n");
    for (kind, secret, attributes, answer) in [
        ("disconnect", wrong, format!("{session}{now}"), "No reply"),
        ("disconnect", right, session.clone(), "No reply"),
        ("disconnect", right, format!("{session}{}", timestamp(900)), "No reply"),
        ("auth", right, format!("{session}{now}"), "No reply"),
        ("disconnect", right, format!("{other}{now}"), "Error-Cause = Session-Context-Not-Found"),
        ("coa", right, format!("{session}{now}Session-Timeout = 600\n"), "Received CoA-ACK"),
        ("coa", right, format!("{session}{now}Framed-MTU = 9\n"), "Received CoA-NAK"),
        ("disconnect", right, format!("{session}{now}"), "Received Disconnect-ACK"),
    ] {
        let signed = format!("{attributes}Message-Authenticator = 0x00\n");
        let said = radclient(gateway, kind, secret, &signed, ONCE).await;
        assert!(said.contains(answer), "{kind} {signed}\n{said}");
    }
    let over = stay(&city, "end of the stay", |stay| stay["state"] != "open").await;
    assert_eq!(over["acct_session_id"], joined["acct_session_id"]);
    for reason in ["authenticator-mismatch", "event-timestamp-missing", "event-timestamp-stale"] {
        eventually("line in the gateway's log", async || {
            city.log().contains(&format!("reason=\"{reason}\"")).then_some(())
        })
        .await;
    }
    city.stop().await;
}
