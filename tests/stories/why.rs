//! Somebody calls and asks why: one time line from the first packet to the last, by number, by
//! device and by session.

use std::path::Path;

use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::{Authenticator, PacketBuilder, SharedSecret, attribute};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::browser::Browser;
use crate::city::{City, PATIENCE, eventually};
use crate::visit::{Coova, park, sign_in};

const DEVICE: &str = "02:00:5e:10:00:01";
const PHONE: &str = "0551234567";
const ACCT_SESSION_ID: &str = "65640000000001";

/// The way of a visitor who is let in, uses up the day, is cut, and asks again.
const WAY: [&str; 9] =
    ["challenge", "grant", "accept", "start", "order", "told", "stop", "order-end", "reject"];

/// A visitor goes that way; returns our id of the session.
async fn go_that_way(city: &City, coova: &mut Coova, logon: &str) -> String {
    coova.log_on(logon).await;
    coova.report(AcctStatusType::InterimUpdate, 600, 5_000_000).await;
    coova.report(AcctStatusType::InterimUpdate, 660, 20_000_001).await;
    coova.nas.obey().await;
    coova.report(AcctStatusType::Stop, 661, 20_000_001).await;
    eventually("order that accounting shows to be done", async || {
        let orders = city.json(&["order", "list"]).await;
        orders[0]["state"].get("enforced").map(drop)
    })
    .await;
    coova.is_turned_away().await;
    let sessions = city.json(&["session", "list", "--all"]).await;
    sessions[0]["id"].as_str().unwrap().to_owned()
}

/// Waits until the story has a step of that kind whose text has these words.
async fn told(city: &City, words: &[&str], kind: &str, text: &str) -> Value {
    eventually(kind, async || {
        let story = city.json(words).await;
        let is_it = |step: &Value| {
            step["kind"] == kind && step["text"].as_str().is_some_and(|words| words.contains(text))
        };
        story["steps"].as_array().unwrap().iter().any(is_it).then_some(story)
    })
    .await
}

fn kinds(story: &Value) -> Vec<&str> {
    let steps = story["steps"].as_array().unwrap();
    steps.iter().map(|step| step["kind"].as_str().unwrap()).collect()
}

/// Whether the steps are there in this order, whatever stands between them.
fn has_in_order(story: &Value, wanted: &[&str]) -> bool {
    let mut kinds = kinds(story).into_iter();
    wanted.iter().all(|wanted| kinds.any(|kind| kind == *wanted))
}

#[tokio::test]
async fn why_a_visitor_is_offline_is_told_by_number_by_device_and_by_session() {
    let (mut city, mut messages) = park().await;
    let mut coova = Coova::install(&city).await;
    // Before anybody signed in, the access point asks in vain.
    coova.ask_by_address().await;
    let logon = sign_in(&Browser::new(city.portal()), &coova, &mut messages).await;
    let session = go_that_way(&city, &mut coova, &logon).await;

    let site = city.json(&["site", "show", "walkway"]).await;
    let zone = site["zone"].as_str().unwrap();
    for who in [PHONE, DEVICE, &session, ACCT_SESSION_ID] {
        let story = told(&city, &["why", who], "reject", "used up until 00:00").await;
        assert!(has_in_order(&story, &WAY), "{who}: {:?}", kinds(&story));
        assert_eq!(story["zone"], zone);
        assert_eq!(story["devices"], serde_json::json!([DEVICE]));
        let times = story["steps"].as_array().unwrap().iter().map(|step| step["at"].as_i64());
        assert!(times.is_sorted(), "{story}");
        let text = story.to_string();
        let secret = coova.nas.added["secret"].as_str().unwrap();
        assert!(!text.contains("551234567") && !text.contains(secret), "{text}");
    }
    // The probe before signing in is there too, with its rule.
    let story = city.json(&["why", DEVICE]).await;
    let before = [&["reject"], &WAY[..]].concat();
    assert!(has_in_order(&story, &before), "{:?}", kinds(&story));
    let table = city.sabeel(&["why", PHONE]).await;
    assert_eq!(table.code, 0, "{table:?}");
    let clock = format!("clock    {zone}");
    for words in [clock.as_str(), "!", "let in for", "10 Mbit/s down", "disconnect: acknowledged"] {
        assert!(table.out.contains(words), "no {words} in {}", table.out);
    }
    println!("{}", table.out);
    let last = table.out.lines().last().unwrap();
    assert!(last.starts_with("last failure") && last.contains("used up until 00:00"), "{last}");
    let few = city.json(&["why", DEVICE, "--limit", "2"]).await;
    assert_eq!(few["steps"].as_array().unwrap().len(), 2);
    assert_eq!(few["left_out"].as_u64().unwrap(), kinds(&story).len() as u64 - 2);
    let unknown = city.sabeel(&["why", "0557654321"]).await;
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("nothing is known of that number"), "{unknown:?}");
    let wrong = city.sabeel(&["why", DEVICE, "--since", "yesterday"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");

    // The files of this machine say it without a server too.
    city.stop().await;
    let story = city.json(&["why", DEVICE, "--local"]).await;
    assert!(has_in_order(&story, &before), "{:?}", kinds(&story));
    no_number_is_in(&city.data_dir().join("trail"));
}

fn no_number_is_in(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!content.windows(9).any(|words| words == b"551234567"));
    }
}

/// Asks about the device with a secret that the server does not know.
async fn ask_with_another_secret(city: &City) {
    let secret = SharedSecret::new("some secret that is another").unwrap();
    let mut request = PacketBuilder::access_request(Authenticator::new([7; 16]));
    request
        .text(attribute::USER_NAME, DEVICE)
        .text(attribute::CALLING_STATION_ID, DEVICE)
        .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
    let octets = request.sign(&secret).unwrap();
    let socket = UdpSocket::bind((city.address(), 0)).await.unwrap();
    socket.send_to(&octets, city.authentication()).await.unwrap();
}

#[tokio::test]
async fn a_packet_made_with_another_secret_is_in_the_story_of_the_device_that_it_names() {
    let (city, _messages) = park().await;
    let mut coova = Coova::install(&city).await;
    // Once this is acknowledged, the server knows the access point.
    coova.report(AcctStatusType::AccountingOn, 0, 0).await;
    ask_with_another_secret(&city).await;
    let story = eventually("drop", async || {
        let said = city.sabeel(&["--json", "why", DEVICE]).await;
        (said.code == 0).then(|| serde_json::from_str::<Value>(&said.out).unwrap())
    })
    .await;
    let [step] = story["steps"].as_array().unwrap().as_slice() else { panic!("{story}") };
    assert_eq!((&step["kind"], &step["nas"]), (&"passed".into(), &"kiosk".into()));
    let text = step["text"].as_str().unwrap();
    assert!(text.contains("message-authenticator-mismatch"), "{text}");
    assert_eq!(step["mark"], "bad");
}

#[tokio::test]
async fn what_comes_is_seen_as_it_comes_and_counted() {
    let (city, _messages) = park().await;
    let mut coova = Coova::install(&city).await;
    let mut following = city.follow(&["--json", "radius", "tail", "--nas", "kiosk"]);
    let mut said = BufReader::new(following.stderr.take().unwrap()).lines();
    let begun = timeout(PATIENCE, said.next_line()).await.unwrap().unwrap();
    assert_eq!(begun.as_deref(), Some("sabeel: following, from now on"));
    coova.report(AcctStatusType::Start, 0, 0).await;
    ask_with_another_secret(&city).await;
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let (mut dropped, mut started) = (false, false);
    while !(dropped && started) {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let step: Value = serde_json::from_str(&line).unwrap();
        let text = step["text"].as_str().unwrap();
        dropped |= step["kind"] == "passed" && text.contains("made with another secret");
        started |= step["kind"] == "start" && step["device"] == DEVICE;
    }
    City::interrupt(&following);
    let status = timeout(PATIENCE, following.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));

    let stats = city.json(&["radius", "stats"]).await;
    assert_eq!(stats["outcomes"]["message-authenticator-mismatch"], 1);
    assert_eq!(stats["access_points"]["kiosk"]["recorded"], 1);
    assert_eq!(stats["trail"]["overflowed"], 0);
    let table = city.sabeel(&["radius", "stats"]).await.out;
    for words in ["message-authenticator-mismatch", "kiosk", "A SECOND", "0 not kept"] {
        assert!(table.contains(words), "no {words} in {table}");
    }
    let wrong = city.sabeel(&["radius", "tail", "--device", "x"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_of_the_trail() {
    const OTHER: [u8; 6] = [0x02, 0, 0x5e, 0x10, 0x77, 0x77];
    let (mut city, mut messages) = park().await;
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&Browser::new(city.portal()), &coova, &mut messages).await;
    go_that_way(&city, &mut coova, &logon).await;
    coova
        .nas
        .ask(|request| {
            let other = domain::MacAddress::new(OTHER).to_string();
            request
                .text(attribute::USER_NAME, &other)
                .text(attribute::CALLING_STATION_ID, &other)
                .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck);
        })
        .await;
    let device: domain::MacAddress = DEVICE.parse().unwrap();
    let trail = city.data_dir().join("trail");
    eventually("trail of both", async || {
        let both = is_in_a_file(&trail, &device.octets()) && is_in_a_file(&trail, &OTHER);
        both.then_some(())
    })
    .await;
    let account = city.json(&["account", "show", PHONE]).await["id"].clone();
    let account: domain::AccountId = serde_json::from_value(account).unwrap();
    city.json(&["account", "erase", PHONE, "--yes"]).await;
    eventually("trail without the person", async || {
        let gone = [&device.octets()[..], &account.to_bytes()];
        gone.iter().all(|octets| !is_in_a_file(&trail, octets)).then_some(())
    })
    .await;
    assert!(is_in_a_file(&trail, &OTHER));
    let story = city.json(&["why", &domain::MacAddress::new(OTHER).to_string()]).await;
    assert_eq!(kinds(&story), ["reject"]);
    city.stop().await;
}

/// Whether any file in `dir` has these octets.
fn is_in_a_file(dir: &Path, octets: &[u8]) -> bool {
    let files = std::fs::read_dir(dir).unwrap().filter_map(|entry| {
        // One that is being written anew may be gone.
        std::fs::read(entry.unwrap().path()).ok()
    });
    files.into_iter().any(|file| file.windows(octets.len()).any(|window| window == octets))
}
