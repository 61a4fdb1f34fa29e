//! Capacity trains: their packets and results, and what is made of any stamps.

use std::time::Duration;

use link::Key;
use link::capacity::bulk::{
    BULK_ORDER_OCTETS, BULK_REPORT_OCTETS, BulkOrder, BulkPacket, BulkReport,
};
use link::capacity::{
    Arrival, Confidence, HEADER_OCTETS, Plan, REQUEST_OCTETS, RESULT_OCTETS, TrainKey, TrainPacket,
    TrainRequest, TrainResult, estimate,
};

use crate::proof;

/// Any octets are read or refused, and what is read is written again. The first octet chooses whether
/// their proof is made right.
pub fn train_packet(input: &[u8]) {
    let Some((&choice, octets)) = input.split_first() else { return };
    let key = TrainKey::of(&Key::new(proof::SECRET).expect("it is long enough"));
    let mut octets = octets.to_vec();
    if choice & 1 != 0 && octets.len() >= RESULT_OCTETS {
        let kind = choice >> 1 & 3;
        if kind == 2 {
            octets.truncate(REQUEST_OCTETS);
        }
        let length = [HEADER_OCTETS, RESULT_OCTETS, REQUEST_OCTETS, HEADER_OCTETS][kind as usize];
        let proved = length - 16;
        octets[..6].copy_from_slice(&[b'S', b'b', b'T', b'r', 1, kind]);
        let tag = proof::of("sabeel capacity train 1", &octets[..proved]);
        octets[proved..proved + 16].copy_from_slice(&tag);
    }
    bulk(choice, &octets, &key);
    if let Ok(packet) = TrainPacket::parse(&octets, &key) {
        assert!(packet.index < packet.packets);
        let mut again = vec![0; octets.len()];
        assert_eq!(packet.write(&key, &mut again), Some(octets.len()));
        assert_eq!(again[..HEADER_OCTETS], octets[..HEADER_OCTETS]);
    }
    if let Ok(request) = TrainRequest::parse(&octets, &key) {
        assert_eq!(request.write(&key)[..], octets);
        assert_eq!(request.plan, request.plan.within_limits());
    }
    if let Ok(result) = TrainResult::parse(&octets, &key) {
        assert_eq!(TrainResult::parse(&result.write(&key), &key), Ok(result));
    }
}

/// The same of a bulk run: packets, orders and reports.
fn bulk(choice: u8, octets: &[u8], key: &TrainKey) {
    let mut octets = octets.to_vec();
    let kind = [3, 4, 5, 3][usize::from(choice >> 3 & 3)];
    let length = [HEADER_OCTETS, BULK_ORDER_OCTETS, BULK_REPORT_OCTETS][usize::from(kind - 3)];
    if choice & 1 != 0 && octets.len() >= length {
        if kind != 3 {
            octets.truncate(length);
        }
        octets[..6].copy_from_slice(&[b'S', b'b', b'T', b'r', 1, kind]);
        let tag = proof::of("sabeel capacity train 1", &octets[..length - 16]);
        octets[length - 16..length].copy_from_slice(&tag);
    }
    if let Ok(packet) = BulkPacket::parse(&octets, key) {
        let mut again = vec![0; octets.len()];
        assert_eq!(packet.write(key, &mut again), Some(octets.len()));
        assert_eq!(again[..HEADER_OCTETS], octets[..HEADER_OCTETS]);
    }
    if let Ok(order) = BulkOrder::parse(&octets, key) {
        assert_eq!(order.write(key)[..], octets);
    }
    if let Ok(report) = BulkReport::parse(&octets, key) {
        assert!(report.received <= report.seen);
        assert_eq!(report.write(key)[..], octets);
    }
}

/// Any stamps give a rate within its bounds, or none.
pub fn train_estimate(input: &[u8]) {
    let mut stamp = Duration::ZERO;
    let mut arrivals = Vec::new();
    for (place, entry) in input.chunks_exact(3).take(512).enumerate() {
        stamp += Duration::from_nanos(u64::from(entry[0]) << (entry[1] % 24));
        let index = place as u16 + u16::from(entry[2] & 3);
        arrivals.push(Arrival { index, stamp });
    }
    for plan in [Plan::IPV4, Plan { packets: 512, payload: u16::MAX, headers: u16::MAX }] {
        if let Ok(found) = estimate(&arrivals, plan) {
            assert!(found.least <= found.rate && found.rate <= found.most);
            assert!(found.confidence == Confidence::Poor || found.used >= 6);
        }
    }
}
