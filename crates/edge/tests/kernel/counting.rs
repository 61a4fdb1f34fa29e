//! Octets counted and limited by the kernel, to the packet.

use std::io::ErrorKind;

use edge::enforcer::Enforcer as _;

use crate::square::*;

const PACKET: u64 = 1000 + UDP_HEADERS;

#[test]
fn counters_are_the_octets_of_the_ip_packets_that_crossed() {
    let square = Square::build();
    let mut enforcer = square.guard();
    admit_phone(&mut enforcer);
    let (phone, server) = pair(&square);
    transfer(&phone, &server, 100, 1000);
    transfer(&server, &phone, 40, 500);
    let expected = phone_usage(100 * PACKET + UDP_HEADERS, 40 * (500 + UDP_HEADERS));
    assert_eq!(enforcer.usage().unwrap(), [expected]);
    transfer(&phone, &server, 1, 1000);
    let end = phone_usage(101 * PACKET + UDP_HEADERS, 40 * (500 + UDP_HEADERS));
    assert_eq!(enforcer.remove(PHONE_DEVICE, PHONE).unwrap(), Some(end));
    assert_eq!(enforcer.usage().unwrap(), []);
    admit_phone(&mut enforcer);
    assert_eq!(enforcer.usage().unwrap(), [phone_usage(0, 0)]);
}

#[test]
fn a_limit_counts_both_directions_and_holds_while_nobody_watches() {
    let square = Square::build();
    let mut enforcer = square.guard();
    enforcer.admit(&phone_admission(Some(10 * PACKET + UDP_HEADERS))).unwrap();
    drop(enforcer);
    let (phone, server) = pair(&square);
    transfer(&phone, &server, 6, 1000);
    transfer(&server, &phone, 4, 1000);
    assert_refused(&phone, ErrorKind::HostUnreachable);
    assert_reset(&square, (INTERNET, 443));
    let mut enforcer = square.guard();
    assert_eq!(enforcer.usage().unwrap(), [phone_usage(6 * PACKET + UDP_HEADERS, 4 * PACKET)]);
}

#[test]
fn a_limit_is_raised_by_what_was_granted_no_matter_what_was_refused_before() {
    let square = Square::build();
    let mut enforcer = square.guard();
    enforcer.admit(&phone_admission(Some(2 * PACKET + UDP_HEADERS))).unwrap();
    let (phone, server) = pair(&square);
    transfer(&phone, &server, 2, 1000);
    for _ in 0..3 {
        assert_refused(&phone, ErrorKind::HostUnreachable);
    }
    enforcer.admit(&phone_admission(Some(5 * PACKET + UDP_HEADERS))).unwrap();
    transfer(&phone, &server, 3, 1000);
    assert_refused(&phone, ErrorKind::HostUnreachable);
    assert_eq!(enforcer.usage().unwrap(), [phone_usage(5 * PACKET + UDP_HEADERS, 0)]);
    enforcer.admit(&phone_admission(None)).unwrap();
    transfer(&phone, &server, 50, 1000);
}
