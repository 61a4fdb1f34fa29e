//! Connections: their number, their end, and TLS.

use std::sync::Arc;
use std::time::Duration;

use portal::{Portal, PortalError, PortalSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::browser::read_answer;
use crate::encryption::{connect, tls_settings};
use crate::town::Town;

const CERT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/portal.example.crt");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/portal.example.key");
const GET_HELP: &[u8] = b"GET /help HTTP/1.1\r\nHost: portal.example\r\nConnection: close\r\n\r\n";

/// Waits until the other end closes, without having sent anything.
async fn is_closed_unanswered(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    read.is_err() || bytes.is_empty()
}

#[tokio::test]
async fn who_only_waits_gives_way_to_a_newer_connection_of_its_source() {
    let town = Town::open_with(|settings| settings.limits.connections_per_source = 2).await;
    let mut first = TcpStream::connect(town.portal).await.unwrap();
    let mut second = TcpStream::connect(town.portal).await.unwrap();
    let mut third = TcpStream::connect(town.portal).await.unwrap();
    assert!(is_closed_unanswered(&mut first).await, "it has waited for longest");
    for stream in [&mut third, &mut second] {
        stream.write_all(GET_HELP).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn who_says_nothing_gives_way_before_a_phone_that_was_answered() {
    const PROBE: &[u8] = b"GET /generate_204 HTTP/1.1\r\nHost: www.google.com\r\n\r\n";
    let town = Town::open_with(|settings| settings.limits.connections_per_source = 2).await;
    let mut phone = TcpStream::connect(town.portal).await.unwrap();
    phone.write_all(PROBE).await.unwrap();
    assert_eq!(phone.read_u8().await.unwrap(), b'H');
    let mut silent = TcpStream::connect(town.portal).await.unwrap();
    let _newcomer = TcpStream::connect(town.portal).await.unwrap();
    assert!(is_closed_unanswered(&mut silent).await);
    phone.write_all(GET_HELP).await.unwrap();
    let mut answers = String::new();
    phone.read_to_string(&mut answers).await.unwrap();
    assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let town = Town::open().await;
    let mut stream = TcpStream::connect(town.portal).await.unwrap();
    let kept = String::from_utf8(GET_HELP.to_vec()).unwrap().replace("Connection: close\r\n", "");
    stream.write_all(format!("{kept}{kept}").as_bytes()).await.unwrap();
    stream.write_all(GET_HELP).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
}

#[tokio::test]
async fn stopping_closes_idle_connections_and_ends() {
    let store = store::testing::sqlite().await;
    let clock: Arc<dyn domain::Clock> = Arc::new(domain::ManualClock::new(crate::town::NOON));
    let settings =
        PortalSettings { listen: "127.0.0.1:0".parse().unwrap(), ..PortalSettings::default() };
    let key = store.keys().derive("portal context");
    let portal = Portal::new(&settings, store.shared(), clock, &key).unwrap();
    let address = portal.local_address().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(portal.run(stop.clone()));
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    idle.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    stop.cancel();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_same_portal_is_served_over_tls() {
    let town = Town::open_with(|settings| {
        settings.tls = Some(tls_settings(CERT, KEY));
        settings.secure_url = Some("https://portal.example".into());
    })
    .await;
    let mut stream = connect(&town, CERT).await.unwrap();
    stream.write_all(GET_HELP).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, answer.title().as_str()), (200, "المساعدة"));

    let mut plain = TcpStream::connect(town.tls.unwrap()).await.unwrap();
    plain.write_all(GET_HELP).await.unwrap();
    let mut bytes = Vec::new();
    drop(plain.read_to_end(&mut bytes).await);
    assert!(!bytes.starts_with(b"HTTP"), "plain HTTP is no TLS");
}

#[tokio::test]
async fn a_portal_that_cannot_start_says_why() {
    let store = store::testing::sqlite().await;
    let key = store.keys().derive("portal context");
    let check = |change: &dyn Fn(&mut PortalSettings), named: &str| {
        let mut settings =
            PortalSettings { listen: "127.0.0.1:0".parse().unwrap(), ..PortalSettings::default() };
        change(&mut settings);
        let clock: Arc<dyn domain::Clock> = Arc::new(domain::ManualClock::new(crate::town::NOON));
        let error: PortalError =
            Portal::new(&settings, store.shared(), clock, &key).err().expect(named);
        assert!(error.to_string().contains(named), "{error}");
    };
    check(&|settings| settings.public_url = "portal".into(), "public-url");
    check(&|settings| settings.tls = Some(tls_settings("/no/cert", KEY)), "/no/cert");
    check(&|settings| settings.tls = Some(tls_settings(CERT, CERT)), "portal.example.crt");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    check(&|settings| settings.listen = address, &address.to_string());
}
