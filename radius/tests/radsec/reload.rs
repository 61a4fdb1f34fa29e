//! New files while access points are connected.

use std::fs;

use crate::pki::Ca;
use crate::square::{GATE, Square, eventually};
use crate::wire::Wire;

#[tokio::test]
async fn new_files_count_for_new_connections_and_end_none() {
    let square = Square::begin().await;
    let mut before = square.connect_gate().await;
    assert!(before.is_alive().await);
    let next = Ca::new();
    square.replace_files(&next, &[]);
    let gate = next.issue(&[GATE]);
    let server = square.city.radsec.unwrap();
    let mut after = eventually("new certificate", async || {
        let mut wire = Wire::open(server, &next, Some(&gate), &[]).await.ok()?;
        wire.is_alive().await.then_some(wire)
    })
    .await;
    assert!(before.is_alive().await && after.is_alive().await);
    square.city.end().await;
}

#[tokio::test]
async fn files_that_cannot_be_used_change_nothing() {
    let square = Square::begin().await;
    fs::write(square.dir().join("server.pem"), "no certificate").unwrap();
    fs::write(square.dir().join("ca.pem"), "nor this").unwrap();
    // Longer than it takes to look at them.
    for _ in 0..3 {
        let mut wire = square.connect_gate().await;
        assert!(wire.is_alive().await);
        tokio::task::yield_now().await;
    }
    square.city.end().await;
}
