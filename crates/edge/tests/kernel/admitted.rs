//! What an admitted device may do, and how it ends.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use domain::MacAddress;
use edge::enforcer::{Admission, EnforceError, Enforcer as _};
use edge::nftables::NftEnforcer;

use crate::square::*;

#[test]
fn an_admitted_device_passes_and_is_no_longer_redirected() {
    let square = Square::build();
    let mut enforcer = square.guard();
    let web = listen(&square.internet, 80);
    let resolver = bind(&square.internet, (INTERNET, 53));
    admit_phone(&mut enforcer);
    let _phone = dial(&square.phone, (INTERNET, 80)).unwrap();
    let (_, from) = web.accept().unwrap();
    assert_eq!(from.ip().to_canonical(), UPLINK);
    assert_answers(&phone_socket(&square, (INTERNET, 53)), &resolver);
}

#[test]
fn an_admitted_address_under_another_hardware_address_does_not_pass() {
    let square = Square::build();
    let mut enforcer = square.guard();
    admit_phone(&mut enforcer);
    let (phone, server) = pair(&square);
    transfer(&phone, &server, 1, 100);
    square.phone.ip("link set wlan address 02:00:00:00:00:99");
    square.gateway.ip(&format!("neigh replace {PHONE} lladdr 02:00:00:00:00:99 dev lan"));
    assert_refused(&phone, ErrorKind::HostUnreachable);
}

#[test]
fn removal_cuts_an_open_connection_at_once() {
    let square = Square::build();
    let mut enforcer = square.guard();
    admit_phone(&mut enforcer);
    let listener = listen(&square.internet, 7000);
    let mut phone = dial(&square.phone, (INTERNET, 7000)).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"hello").unwrap();
    phone.read_exact(&mut [0; 5]).unwrap();
    assert!(enforcer.remove(PHONE_DEVICE, PHONE).unwrap().is_some());
    server.write_all(b"too late").unwrap();
    phone.write_all(b"still there?").unwrap();
    let end = phone.read(&mut [0; 5]).map_err(|error| error.kind());
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_removed_device_is_soon_redirected_on_the_ports_it_goes_on_using() {
    let square = Square::build();
    let mut enforcer = square.guard();
    let ours = bind(&square.gateway, (GATEWAY, 53));
    let public = bind(&square.internet, (INTERNET, 53));
    admit_phone(&mut enforcer);
    let phone = phone_socket(&square, (INTERNET, 53));
    assert_answers(&phone, &public);
    enforcer.remove(PHONE_DEVICE, PHONE).unwrap();
    enforcer.usage().unwrap();
    assert_answers(&phone, &ours);
}

#[test]
fn removing_who_is_not_admitted_changes_nothing() {
    let square = Square::build();
    let mut enforcer = square.guard();
    admit_phone(&mut enforcer);
    let other = MacAddress::new([2, 0, 0, 0, 0, 9]);
    assert_eq!(enforcer.remove(other, PHONE).unwrap(), None);
    assert_eq!(enforcer.remove(PHONE_DEVICE, GATEWAY).unwrap(), None);
    assert_eq!(admitted(&mut enforcer), [(PHONE_DEVICE, PHONE)]);
}

#[test]
fn an_address_is_admitted_for_one_device_at_a_time() {
    let square = Square::build();
    let mut enforcer = square.guard();
    admit_phone(&mut enforcer);
    let other = Admission { device: MacAddress::new([2, 0, 0, 0, 0, 9]), ..phone_admission(None) };
    let refused = enforcer.admit(&other);
    assert!(matches!(refused, Err(EnforceError::AddressInUse(PHONE))), "{refused:?}");
    enforcer.remove(PHONE_DEVICE, PHONE).unwrap();
    enforcer.admit(&other).unwrap();
    assert_eq!(admitted(&mut enforcer), [(other.device, PHONE)]);
}

#[test]
fn a_restart_keeps_who_is_online_with_counters_and_connections() {
    let square = Square::build();
    let mut before = square.guard();
    admit_phone(&mut before);
    let (phone, server) = pair(&square);
    transfer(&phone, &server, 9, 1000);
    let listener = listen(&square.internet, 7000);
    let mut stream = dial(&square.phone, (INTERNET, 7000)).unwrap();
    let usage = before.usage().unwrap();
    drop(before);
    let mut after = square.guard();
    assert_eq!(admitted(&mut after), [(PHONE_DEVICE, PHONE)]);
    assert_eq!(after.usage().unwrap(), usage);
    transfer(&phone, &server, 1, 1000);
    let (mut accepted, _) = listener.accept().unwrap();
    accepted.write_all(b"hello").unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    assert!(after.usage().unwrap()[0].uploaded > usage[0].uploaded);
}

#[test]
fn rules_that_somebody_removed_are_noticed() {
    let square = Square::build();
    let mut enforcer = square.guard();
    square.gateway.nft("delete table inet sabeel");
    assert!(matches!(enforcer.usage(), Err(EnforceError::RulesGone)));
    assert!(matches!(enforcer.usage(), Err(EnforceError::RulesGone)));
    assert!(matches!(enforcer.admit(&phone_admission(None)), Err(EnforceError::RulesGone)));
    square.guard().admit(&phone_admission(None)).unwrap();
}

/// Devices that were never there, each with its own address.
fn visitor(number: u16) -> Admission {
    let [high, low] = number.to_be_bytes();
    let device = MacAddress::new([2, 0, 0, 1, high, low]);
    Admission { device, address: Ipv4Addr::new(10, 78, high, low), octet_limit: None }
}

#[test]
fn a_thousand_devices_are_admitted_and_removed_in_no_time() {
    let square = Square::build();
    let mut enforcer = square.guard();
    let mut took = Vec::new();
    // A busy machine is slow, but not each time.
    while !took.iter().any(|took| *took < Duration::from_secs(2)) {
        assert!(took.len() < 5, "it took {took:?}");
        let start = Instant::now();
        for number in 0..1000 {
            enforcer.admit(&visitor(number)).unwrap();
        }
        assert_eq!(enforcer.usage().unwrap().len(), 1000);
        for number in 0..1000 {
            let Admission { device, address, .. } = visitor(number);
            assert!(enforcer.remove(device, address).unwrap().is_some());
        }
        took.push(start.elapsed());
        assert_eq!(admitted(&mut enforcer), []);
    }
}

#[test]
fn the_gateway_says_when_it_is_full_and_takes_another_when_one_has_gone() {
    let square = Square::build();
    let mut enforcer = square.guard();
    let others: Vec<_> = (0..u16::MAX).map(|n| visitor(n).address.to_string()).collect();
    // An ordinary user's nft sends no more at a time.
    for some in others.chunks(2048) {
        let elements = some.join(",");
        square.gateway.nft(&format!("add element inet sabeel downloaded {{ {elements} }}"));
    }
    admit_phone(&mut enforcer);
    let late = visitor(u16::MAX);
    let refused = enforcer.admit(&late);
    assert!(matches!(refused, Err(EnforceError::Full)), "{refused:?}");
    assert_eq!(admitted(&mut enforcer), [(PHONE_DEVICE, PHONE)]);
    enforcer.remove(PHONE_DEVICE, PHONE).unwrap();
    enforcer.admit(&late).unwrap();
}

/// Who is admitted.
fn admitted(enforcer: &mut NftEnforcer) -> Vec<(MacAddress, Ipv4Addr)> {
    let usage = enforcer.usage().unwrap();
    usage.into_iter().map(|usage| (usage.device, usage.address)).collect()
}
