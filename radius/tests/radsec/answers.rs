//! What a connected access point is answered.

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, PacketBuilder, attribute};

use crate::city::DEVICE;
use crate::square::Square;
use crate::wire::{Wire, access_request, secret, status};

const PHONE: &str = "02-00-5E-10-AB-0C";

fn start() -> Vec<u8> {
    let mut request = PacketBuilder::accounting_request();
    request
        .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
        .text(attribute::ACCT_SESSION_ID, "stay")
        .text(attribute::CALLING_STATION_ID, PHONE);
    request.sign(&secret()).unwrap().to_vec()
}

#[tokio::test]
async fn access_accounting_and_status_go_over_one_connection() {
    let square = Square::begin().await;
    square.city.sign_in(DEVICE).await;
    let mut wire = square.connect_gate().await;
    assert_eq!(wire.agreed(), None);
    assert_eq!(wire.exchange(&access_request(PHONE)).await, Some(Code::AccessAccept));
    let stranger = "02-00-5E-10-AB-0D";
    assert_eq!(wire.exchange(&access_request(stranger)).await, Some(Code::AccessReject));
    assert_eq!(wire.exchange(&start()).await, Some(Code::AccountingResponse));
    assert_eq!(wire.exchange(&status(0)).await, Some(Code::AccessAccept));
    square.city.apply().await;
    let counted = square.city.metrics.snapshot();
    let gate = counted.access_points.values().next().unwrap();
    assert_eq!((gate.accepted, gate.rejected, gate.recorded), (1, 1, 1));
    square.city.end().await;
}

#[tokio::test]
async fn many_requests_in_one_write_are_all_answered() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    let packets: Vec<_> = (0..=255).map(status).chain([start()]).collect();
    wire.send(&packets.concat()).await.unwrap();
    let mut codes = Vec::new();
    for _ in &packets {
        let answer = wire.receive().await.unwrap();
        codes.push(Packet::parse(&answer).unwrap().code());
    }
    let recorded = codes.iter().filter(|code| **code == Code::AccountingResponse).count();
    assert_eq!((codes.len(), recorded), (257, 1));
    square.city.end().await;
}

#[tokio::test]
async fn radius_1_1_is_spoken_to_who_asks_for_it() {
    let square = Square::begin().await;
    square.city.sign_in(DEVICE).await;
    let server = square.city.radsec.unwrap();
    for (offered, agreed) in [
        ([b"radius/1.0".as_slice(), b"radius/1.1"].as_slice(), b"radius/1.1"),
        (&[b"radius/1.0"], b"radius/1.0"),
    ] {
        let wire = Wire::open(server, &square.ca, Some(&square.gate), offered).await.unwrap();
        assert_eq!(wire.agreed(), Some(agreed.as_slice()));
    }
    let other = Wire::open(server, &square.ca, Some(&square.gate), &[b"h2"]).await;
    assert!(other.is_err(), "nothing in common");

    let offered: &[&[u8]] = &[b"radius/1.1"];
    let mut wire = Wire::open(server, &square.ca, Some(&square.gate), offered).await.unwrap();
    let named = |kind: u8| [[kind, 19].as_slice(), PHONE.as_bytes()].concat();
    let attributes = [named(1), named(2), named(31)].concat();
    let length = u8::try_from(20 + attributes.len()).unwrap();
    let head = [1, 0, 0, length, 0xde, 0xad, 0xbe, 0xef];
    wire.send(&[head.as_slice(), &[0; 12], &attributes].concat()).await.unwrap();
    let answer = wire.receive().await.unwrap();
    assert_eq!(answer[..2], [2, 0], "an Access-Accept");
    assert_eq!(answer[4..20], [[0xde, 0xad, 0xbe, 0xef].as_slice(), &[0; 12]].concat());
    let answer = Packet::parse(&answer).unwrap();
    assert!(answer.find(attribute::MESSAGE_AUTHENTICATOR).is_none());
    assert!(answer.find(attribute::CLASS).is_some());
    square.city.end().await;
}
