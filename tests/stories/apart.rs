//! A larger city: portal, RADIUS and controller are processes of their own on one PostgreSQL.

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, PacketBuilder, attribute};
use serde_json::Value;
use store::testing::TestStore;

use crate::browser::Browser;
use crate::city::{City, eventually};
use crate::pki::{Ca, Identity};
use crate::sms_gateway::SmsGateway;
use crate::visit::{Coova, found_a_park, sign_in};
use crate::wire::{self, SERVER, Wire};

const RADSEC_PORT: u16 = 22_083;
const GATE: &str = "gate.park.example";
const DEVICE: &str = "02-00-5E-10-AB-0C";

#[tokio::test]
async fn parts_that_run_apart_meet_in_one_database() {
    let database = store::testing::postgres().await;
    let mut messages = SmsGateway::open().await;
    let store = format!("store.url = \"{}\"", database.settings().url);
    let [a, b, c, d] = messages.settings();
    let mut city = City::plan(&[&store, &a, &b, &c, &d]);
    city.start_apart().await;
    found_a_park(&city).await;
    let browser = Browser::new(city.portal());
    // What the controller adds is known to the others at once.
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&browser, &coova, &mut messages).await;
    let success = coova.log_on(&logon).await;
    eventually("page that says so", async || {
        let page = browser.visit(&success).await;
        (page.title() == "You are online").then_some(())
    })
    .await;

    // What RADIUS is told cuts the visitor off by the controller.
    coova.report(AcctStatusType::InterimUpdate, 660, 20_000_001).await;
    let order = coova.nas.obey().await;
    assert_eq!(Packet::parse(&order).unwrap().code(), Code::DisconnectRequest);
    city.stop().await;
}

#[tokio::test]
async fn parts_that_run_apart_refuse_an_embedded_database() {
    let city = City::plan(&[]);
    for part in ["portal", "radius", "controller"] {
        let said = city.sabeel(&["serve", part]).await;
        assert_eq!(said.code, 78, "{}", said.err);
        assert!(said.err.contains("parts on their own meet in PostgreSQL"), "{}", said.err);
    }
}

/// A machine with a RADIUS server of the city whose controller runs at `centre`.
async fn radius_machine(centre: &City, database: &TestStore, ca: &Ca) -> City {
    let mut machine = City::plan(&[&format!("store.url = \"{}\"", database.settings().url)]);
    let path = |name: &str| machine.dir().join(name);
    let server = ca.issue(&[SERVER]);
    for (name, content) in [
        ("ca.pem", ca.pem()),
        ("server.key", server.key.serialize_pem()),
        ("server.pem", server.certificate.pem()),
    ] {
        std::fs::write(path(name), content).unwrap();
    }
    let file =
        |key: &str, name: &str| format!("radius.radsec.{key} = \"{}\"", path(name).display());
    machine.configure(&[
        format!("radius.radsec.listen = [\"{}:{RADSEC_PORT}\"]", machine.address()),
        file("certificate", "server.pem"),
        file("key", "server.key"),
        file("ca", "ca.pem"),
    ]);
    let keys = machine.data_dir().join("keys");
    std::fs::create_dir(&keys).unwrap();
    for entry in std::fs::read_dir(centre.data_dir().join("keys")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), keys.join(entry.file_name())).unwrap();
    }
    machine.start_part("radius").await;
    machine
}

/// Connects as the access point once the server knows it.
async fn connect(machine: &City, ca: &Ca, gate: &Identity) -> Wire {
    eventually("connection", async || {
        let server = (machine.address(), RADSEC_PORT).into();
        let mut wire = Wire::open(server, ca, Some(gate), &[]).await.ok()?;
        wire.is_alive().await.then_some(wire)
    })
    .await
}

async fn report(wire: &mut Wire, (number, session): (u8, &str), status: AcctStatusType) {
    let mut request = PacketBuilder::accounting_request();
    request
        .identifier(number)
        .u32(attribute::ACCT_STATUS_TYPE, status)
        .text(attribute::ACCT_SESSION_ID, session)
        .text(attribute::CALLING_STATION_ID, DEVICE)
        .u32(attribute::ACCT_SESSION_TIME, u32::from(number));
    let octets = request.sign(&wire::secret()).unwrap();
    assert_eq!(wire.exchange(&octets).await, Some(Code::AccountingResponse));
}

/// Takes the next order from the connection and acknowledges it.
async fn obey(wire: &mut Wire, session: &str) {
    let order = wire.receive().await.expect("an order");
    let packet = Packet::parse(&order).unwrap();
    assert_eq!(packet.code(), Code::DisconnectRequest);
    assert_eq!(packet.text(attribute::ACCT_SESSION_ID), Some(session));
    let ack = PacketBuilder::reply_to(&packet, Code::DisconnectAck).sign(&wire::secret()).unwrap();
    wire.send(&ack).await.unwrap();
}

/// Orders that the session of that id ends.
async fn disconnect(centre: &City, session: &Value) {
    centre.json(&["session", "disconnect", session["id"].as_str().unwrap()]).await;
}

/// What the access point was told, as the time line has it where it is asked for.
async fn told(place: &City) -> Vec<String> {
    let story = place.json(&["why", DEVICE]).await;
    let steps = story["steps"].as_array().unwrap().iter();
    let told = steps.filter(|step| step["kind"] == "told");
    told.map(|step| step["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_order_is_delivered_by_the_process_that_has_the_access_points_connection() {
    let database = store::testing::postgres().await;
    let store = format!("store.url = \"{}\"", database.settings().url);
    let mut centre = City::plan(&[&store]);
    centre.start_part("controller").await;
    found_a_park(&centre).await;
    let words = ["nas", "add", "gate", "--site", "walkway", "--address", "192.0.2.1"];
    centre.json(&[&words[..], &["--certificate", GATE]].concat()).await;
    let ca = Ca::new();
    let gate = ca.issue(&[GATE]);
    let mut first = radius_machine(&centre, &database, &ca).await;
    let mut second = radius_machine(&centre, &database, &ca).await;
    let mut wire = connect(&first, &ca, &gate).await;
    report(&mut wire, (1, "gate-1"), AcctStatusType::Start).await;
    let session = eventually("session", async || {
        centre.json(&["session", "list"]).await.as_array().unwrap().first().cloned()
    })
    .await;

    // The controller has no way there, and the second server has none: the first tells it.
    disconnect(&centre, &session).await;
    obey(&mut wire, "gate-1").await;
    eventually("try", async || {
        (told(&centre).await.last()? == "disconnect: acknowledged").then_some(())
    })
    .await;
    report(&mut wire, (2, "gate-1"), AcctStatusType::Stop).await;
    eventually("enforced order", async || {
        let orders = centre.json(&["order", "list"]).await;
        orders[0]["state"]["enforced"].is_object().then_some(())
    })
    .await;

    // Each place tells what happened at the access point, and who knows more.
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let note = format!("by `sabeel why` on {}", own.trim());
    let has = |story: &Value, kind: &str| {
        story["steps"].as_array().unwrap().iter().any(|step| step["kind"] == kind)
    };
    for place in [&centre, &first, &second] {
        let story = place.json(&["why", DEVICE]).await;
        assert!(has(&story, "told") && has(&story, "order-end"), "{story}");
        assert_eq!(story["elsewhere"], serde_json::json!([own.trim()]));
        assert!(story["notes"].to_string().contains(&note), "{story}");
        let text = place.sabeel(&["why", DEVICE]).await.out;
        assert!(text.contains(&note), "{text}");
    }
    let stories = [centre.json(&["why", DEVICE]).await, first.json(&["why", DEVICE]).await];
    let words = |story: &Value| story["steps"].to_string();
    assert!(words(&stories[0]).contains("session begins, as the database has it"));
    assert!(!words(&stories[1]).contains("as the database has it"), "the reports themselves");
    for command in ["stats", "tail"] {
        let said = centre.sabeel(&["radius", command]).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(&format!("ask on {}", own.trim())), "{said:?}");
    }
    let counted = first.json(&["radius", "stats"]).await;
    assert_eq!(counted["access_points"]["gate"]["recorded"], 2);

    // A server that dies takes nothing with it: who has the next connection delivers.
    report(&mut wire, (3, "gate-2"), AcctStatusType::Start).await;
    let session = eventually("another session", async || {
        centre.json(&["session", "list"]).await.as_array().unwrap().first().cloned()
    })
    .await;
    first.kill().await;
    drop(wire);
    disconnect(&centre, &session).await;
    let mut wire = connect(&second, &ca, &gate).await;
    obey(&mut wire, "gate-2").await;
    eventually("second try", async || {
        (told(&second).await.last()? == "disconnect: acknowledged").then_some(())
    })
    .await;
    second.stop().await;
    centre.stop().await;
}
