//! Who keeps no rule, or too many places.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::square::Square;
use crate::wire::{PATIENCE, status};

#[tokio::test]
async fn a_wrong_length_ends_the_connection() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    wire.send(&[1, 0, 0, 19]).await.unwrap();
    assert_eq!(wire.receive().await, None);
    square.counted("closed-wrong-length").await;
    square.city.end().await;
}

#[tokio::test]
async fn another_secret_ends_the_connection() {
    let square = Square::begin().await;
    let mut wire = square.connect_gate().await;
    let mut altered = status(1);
    *altered.last_mut().unwrap() ^= 1;
    wire.send(&altered).await.unwrap();
    assert_eq!(wire.receive().await, None);
    square.counted("closed-not-authentic").await;
    square.city.end().await;
}

#[tokio::test]
async fn who_says_nothing_has_its_place_for_a_moment_only() {
    let square = Square::with(|_, settings| {
        settings.handshake_seconds = 4;
        settings.handshakes = 1;
    })
    .await;
    let server = square.city.radsec.unwrap();
    let mut silent = TcpStream::connect(server).await.unwrap();
    // The only place for strangers is taken, so nobody else gets one now.
    assert!(square.connect(Some(&square.gate)).await.is_err());
    square.counted("no-room").await;
    let ended = timeout(PATIENCE, silent.read(&mut [0; 1])).await.unwrap();
    assert_eq!(ended.unwrap_or(0), 0);
    square.counted("handshake-too-slow").await;
    assert!(square.connect_gate().await.is_alive().await);
    square.city.end().await;
}

#[tokio::test]
async fn who_reads_nothing_is_cut_off() {
    let square = Square::with(|_, settings| settings.unread_seconds = 1).await;
    let mut wire = square.connect_gate().await;
    let packets: Vec<u8> = (0..=255).flat_map(status).collect();
    let flood = async { while wire.send(&packets).await.is_ok() {} };
    timeout(PATIENCE, flood).await.expect("the server gives up");
    square.city.end().await;
}

#[tokio::test]
async fn one_connection_too_many_ends_the_oldest() {
    let square = Square::with(|_, settings| settings.connections_per_nas = 2).await;
    let mut oldest = square.connect_gate().await;
    assert!(oldest.is_alive().await);
    let mut second = square.connect_gate().await;
    assert!(second.is_alive().await);
    let mut third = square.connect_gate().await;
    assert!(third.is_alive().await);
    assert_eq!(oldest.receive().await, None);
    assert!(second.is_alive().await);
    square.city.end().await;
}
