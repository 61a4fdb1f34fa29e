//! R1 and R2: what is a packet, and from whom it is taken.

use std::time::Duration;

use domain::Nas;
use tokio::net::UdpSocket;

use crate::city::{City, DEVICE, SECRET, nas};
use crate::gate::{Gate, access, report};
use crate::log::Log;
use crate::wire::{ACCESS_ACCEPT, ACCOUNTING_RESPONSE, Draft, NAS_IDENTIFIER, VENDOR_SPECIFIC};

/// A header that says `length`, followed by these octets.
fn frame(code: u8, length: u16, rest: &[u8]) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    [&[code, 9, high, low], [5; 16].as_slice(), rest].concat()
}

#[tokio::test]
async fn r01_a_frame_that_is_not_sound_is_dropped_whole() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    let many = [1, 2].repeat(201);
    for (code, server) in [(1, city.authentication), (4, city.accounting)] {
        for (octets, reason) in [
            (vec![], "no-header"),
            (vec![code], "no-header"),
            (frame(code, 20, &[])[..19].to_vec(), "no-header"),
            (frame(code, 19, &[]), "length-out-of-range"),
            (frame(code, 4_097, &[0; 4_077]), "length-out-of-range"),
            (frame(code, u16::MAX, &[0; 9_000]), "length-out-of-range"),
            (frame(code, 21, &[]), "truncated"),
            (frame(code, 4_096, &[0; 4_075]), "truncated"),
            (frame(code, 22, &[1, 0]), "attribute-too-short"),
            (frame(code, 25, &[1, 3, 0, 2, 1]), "attribute-too-short"),
            (frame(code, 21, &[1]), "attribute-past-end"),
            (frame(code, 22, &[1, 3]), "attribute-past-end"),
            (frame(code, 23, &[1, 4, 0, 0]), "attribute-past-end"),
            (frame(code, 422, &many), "too-many-attributes"),
        ] {
            gate.is_dropped(server, &octets, reason).await;
        }
    }
    city.end().await;
}

#[tokio::test]
async fn r01_what_follows_the_packet_and_what_nobody_knows_is_ignored() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let odd = |draft: Draft| {
        draft
            .with(250, "nobody knows this one")
            .with(VENDOR_SPECIFIC, [0, 0, 0, 9])
            .with(VENDOR_SPECIFIC, [0, 0, 0, 9, 1, 200, 0])
            .with(VENDOR_SPECIFIC, [1])
            .with(NAS_IDENTIFIER, [])
    };
    let tail = [0xff; 40];
    let asked = [odd(access(1)).protected().sign(SECRET).as_slice(), &tail].concat();
    assert_eq!(gate.authenticate(&asked).await.code, ACCESS_ACCEPT);
    let told = [odd(report(1, 1)).sign(SECRET).as_slice(), &tail].concat();
    assert_eq!(gate.account(&told).await.code, ACCOUNTING_RESPONSE);
    assert_eq!(city.counted("recorded"), 1);
    city.end().await;
}

#[tokio::test]
async fn r02_a_stranger_is_dropped_unread_and_logged_once_for_many_packets() {
    let elsewhere = "127.0.0.1/32".parse().unwrap();
    let city = City::begin(Nas { addresses: elsewhere, ..nas() }).await;
    let gate = Gate::open(&city).await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let log = Log::listen();
    for server in [city.authentication, city.accounting] {
        // Not even the frame is looked at, and the right secret helps nobody.
        for octets in [vec![1], frame(1, 19, &[]), access(1).protected().sign(SECRET)] {
            stranger.send_to(&octets, server).await.unwrap();
        }
    }
    heard_of(&city, 6).await;
    assert_eq!(city.metrics.snapshot().outcomes.len(), 1, "nothing but the stranger is counted");
    let lines = log.text().matches("reason=\"unknown-client\"").count();
    assert_eq!(lines, 2, "once a port: {}", log.text());
    assert!(stranger.try_recv_from(&mut [0; 1]).is_err());
    gate.hears_nothing_but_a_probe(city.accounting).await;
    city.end().await;
}

/// Waits until the server has dropped so many packets of strangers.
async fn heard_of(city: &City, packets: u64) {
    let look = async {
        while city.counted("unknown-client") < packets {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), look).await.expect("all are counted");
}
