//! Orders to an access point that no address leads to.

use std::sync::Arc;

use domain::{Clock, NasCommand};
use radius::{DaeClient, DaeOutcome, DaeSettings, DaeSubject};
use radius_proto::dictionary::enumeration::ErrorCause;
use radius_proto::{Code, Packet, PacketBuilder, attribute};
use tokio::net::UdpSocket;

use crate::city::{DEVICE, SECRET};
use crate::square::{Square, gate};
use crate::wire::{Wire, secret};

fn client(square: &Square, patience_ms: u64) -> DaeClient {
    let settings = DaeSettings { patience_ms, ..DaeSettings::default() };
    let clock = Arc::clone(&square.city.clock) as Arc<dyn Clock>;
    DaeClient::bind(&settings, clock).unwrap().over(square.city.connections.clone())
}

/// Takes one order from a connection and answers it.
async fn obey(wire: &mut Wire, code: Code, cause: Option<ErrorCause>) -> Vec<u8> {
    let request = wire.receive().await.expect("an order");
    let packet = Packet::parse(&request).unwrap();
    let mut reply = PacketBuilder::reply_to(&packet, code);
    if let Some(cause) = cause {
        reply.u32(attribute::ERROR_CAUSE, cause);
    }
    wire.send(&reply.sign(&secret()).unwrap()).await.unwrap();
    request
}

#[tokio::test]
async fn an_order_goes_over_the_access_points_own_connection() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    assert!(wire.is_alive().await);
    let client = client(&square, 10_000);
    assert!(client.is_connected(&gate()));
    let gate = gate();
    for (code, cause, expected) in [
        (Code::DisconnectAck, None, DaeOutcome::Acknowledged),
        (
            Code::DisconnectNak,
            Some(ErrorCause::AdministrativelyProhibited),
            DaeOutcome::Refused(501),
        ),
    ] {
        let delivery = client.deliver(DaeSubject::of(&gate, DEVICE), &NasCommand::Disconnect);
        let (outcome, request) = tokio::join!(delivery, obey(&mut wire, code, cause));
        assert_eq!(outcome, expected);
        let request = Packet::parse(&request).unwrap();
        assert_eq!(request.code(), Code::DisconnectRequest);
        assert_eq!(request.text(attribute::CALLING_STATION_ID), Some("02-00-5E-10-AB-0C"));
    }
    assert!(wire.is_alive().await);
    square.city.end().await;
}

/// An access point that answers nothing of ours, but perhaps this.
async fn watched(answer: Option<Code>) -> bool {
    let square = Square::with(|_, settings| settings.watchdog_seconds = 1).await;
    let mut wire = square.connect_gate().await;
    assert!(wire.is_alive().await);
    let outcome = client(&square, 100)
        .deliver(DaeSubject::of(&gate(), DEVICE), &NasCommand::Disconnect)
        .await;
    assert_eq!(outcome, DaeOutcome::NoAnswer);
    for code in [Code::DisconnectRequest, Code::StatusServer] {
        let asked = wire.receive().await.unwrap();
        let packet = Packet::parse(&asked).unwrap();
        assert_eq!(packet.code(), code);
        if let Some(answer) = answer.filter(|_| code == Code::StatusServer) {
            let reply = PacketBuilder::reply_to(&packet, answer).sign(&secret()).unwrap();
            wire.send(&reply).await.unwrap();
        }
    }
    let stays = match answer {
        Some(_) => wire.is_alive().await,
        None => wire.receive().await.is_some(),
    };
    if !stays {
        square.counted("closed-unanswered").await;
    }
    square.city.end().await;
    stays
}

#[tokio::test]
async fn who_answers_neither_an_order_nor_status_server_is_gone() {
    assert!(!watched(None).await);
}

#[tokio::test]
async fn who_answers_status_server_stays() {
    assert!(watched(Some(Code::AccessAccept)).await);
}

#[tokio::test]
async fn with_radius_1_1_an_order_has_a_token() {
    let square = Square::begin().await;
    let server = square.city.radsec.unwrap();
    let offered: &[&[u8]] = &[b"radius/1.1"];
    let mut wire = Wire::open(server, &square.ca, Some(&square.gate), offered).await.unwrap();
    let client = client(&square, 10_000);
    crate::square::eventually("connection", async || client.is_connected(&gate()).then_some(()))
        .await;
    let answering = async {
        let request = wire.receive().await.expect("an order");
        assert!(Packet::parse(&request).unwrap().find(attribute::MESSAGE_AUTHENTICATOR).is_none());
        let head = [[41, 0, 0, 20].as_slice(), &request[4..8], &[0; 12]].concat();
        wire.send(&head).await.unwrap();
    };
    let gate = gate();
    let (outcome, ()) = tokio::join!(
        client.deliver(DaeSubject::of(&gate, DEVICE), &NasCommand::Disconnect),
        answering
    );
    assert_eq!(outcome, DaeOutcome::Acknowledged);
    square.city.end().await;
}

#[tokio::test]
async fn who_takes_no_orders_over_its_connection_is_asked_at_its_address() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    assert!(wire.is_alive().await);
    let orders = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut gate = gate();
    gate.dae_address = orders.local_addr().ok();
    let client = client(&square, 10_000);
    let refused = Some(ErrorCause::UnsupportedExtension);
    let answering = async {
        obey(&mut wire, Code::DisconnectNak, refused).await;
        let mut datagram = [0; 4_096];
        let (length, source) = orders.recv_from(&mut datagram).await.unwrap();
        let packet = Packet::parse(&datagram[..length]).unwrap();
        let own = radius_proto::SharedSecret::new(SECRET).unwrap();
        let ack = PacketBuilder::reply_to(&packet, Code::DisconnectAck).sign(&own).unwrap();
        orders.send_to(&ack, source).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(
        client.deliver(DaeSubject::of(&gate, DEVICE), &NasCommand::Disconnect),
        answering
    );
    assert_eq!(outcome, DaeOutcome::Acknowledged);
    square.city.end().await;
}

#[tokio::test]
async fn a_silent_or_absent_access_point_gives_no_answer() {
    let square = Square::begin().await;
    let client = client(&square, 100);
    assert!(!client.is_connected(&gate()));
    // It may connect at any time, and is told then.
    assert!(client.reaches(&gate()));
    let unreachable = domain::Nas { certificate: None, dae_address: None, ..gate() };
    assert!(!client.reaches(&unreachable));
    assert_eq!(
        client.deliver(DaeSubject::of(&gate(), DEVICE), &NasCommand::Disconnect).await,
        DaeOutcome::NoAnswer
    );
    let mut wire = square.connect_gate().await;
    assert!(wire.is_alive().await);
    assert_eq!(
        client.deliver(DaeSubject::of(&gate(), DEVICE), &NasCommand::Disconnect).await,
        DaeOutcome::NoAnswer
    );
    assert!(wire.receive().await.is_some(), "it was asked");
    drop(wire);
    crate::square::eventually("end", async || (!client.is_connected(&gate())).then_some(())).await;
    square.city.end().await;
}
