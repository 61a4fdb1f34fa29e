//! What a device reaches before anybody has logged in on it, and what nobody ever reaches.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::Command;

use edge::enforcer::Enforcer as _;
use edge::nftables::{GatewayRules, Uplinks};

use crate::netns::{Namespace, connect};
use crate::square::*;

fn on_ipv6(port: u16) -> SocketAddr {
    SocketAddr::new(INTERNET6.parse().unwrap(), port)
}

#[test]
fn http_comes_to_the_redirector_in_the_name_of_the_server() {
    let square = Square::build();
    let _guard = square.guard();
    let _web = listen(&square.internet, 80);
    let redirector = listen(&square.gateway, REDIRECTOR_PORT);
    let phone = dial(&square.phone, (INTERNET, 80)).unwrap();
    let (_, from) = redirector.accept().unwrap();
    assert_eq!(from.port(), phone.local_addr().unwrap().port());
    assert_eq!(from.ip().to_canonical(), PHONE);
}

#[test]
fn https_and_everything_else_is_refused_without_waiting() {
    let square = Square::build();
    let _servers = [443, 853, 22].map(|port| listen(&square.internet, port));
    drop(dial(&square.phone, (INTERNET, 443)).expect("without rules it would pass"));
    let _guard = square.guard();
    for port in [443, 853, 22] {
        assert_reset(&square, (INTERNET, port));
    }
    assert_refused(&phone_socket(&square, (INTERNET, 443)), ErrorKind::HostUnreachable);
    assert_refused(&phone_socket(&square, (INTERNET, 123)), ErrorKind::HostUnreachable);
}

#[test]
fn every_question_of_dns_is_answered_by_the_gateway() {
    let square = Square::build();
    let _guard = square.guard();
    let _public_resolver = bind(&square.internet, (INTERNET, 53));
    let resolver = bind(&square.gateway, (GATEWAY, 53));
    assert_answers(&phone_socket(&square, (GATEWAY, 53)), &resolver);
    assert_answers(&phone_socket(&square, (INTERNET, 53)), &resolver);
    let over_tcp = listen(&square.gateway, 53);
    let _question = dial(&square.phone, (INTERNET, 53)).unwrap();
    over_tcp.accept().unwrap();
}

#[test]
fn dhcp_and_ping_of_the_gateway_work() {
    let square = Square::build();
    let _guard = square.guard();
    let server = bind(&square.gateway, (Ipv4Addr::UNSPECIFIED, 67));
    let client = bind(&square.phone, (Ipv4Addr::UNSPECIFIED, 68));
    client.set_broadcast(true).unwrap();
    client.send_to(b"discover", (Ipv4Addr::BROADCAST, 67)).unwrap();
    assert_eq!(server.recv(&mut [0; 64]).unwrap(), 8);
    let ping = || Command::new("ping").args(["-c1", "-W5", &GATEWAY.to_string()]).output();
    assert!(square.phone.run(ping).unwrap().status.success());
}

#[test]
fn the_portal_is_reached_and_charged_to_nobody() {
    let square = Square::build();
    let mut enforcer = square.guard();
    let portal = listen(&square.internet, PORTAL_PORT);
    for _ in 0..2 {
        let _page = dial(&square.phone, (INTERNET, PORTAL_PORT)).unwrap();
        portal.accept().unwrap();
        admit_phone(&mut enforcer);
    }
    assert_eq!(enforcer.usage().unwrap(), [phone_usage(0, 0)]);
}

#[test]
fn the_portal_may_be_the_gateway_and_may_move() {
    let square = Square::build();
    let far = listen(&square.internet, PORTAL_PORT);
    let near = listen(&square.gateway, PORTAL_PORT);
    let _guard = square.guard();
    let _page = dial(&square.phone, (INTERNET, PORTAL_PORT)).unwrap();
    far.accept().unwrap();
    assert_reset(&square, (GATEWAY, PORTAL_PORT));
    let portals = vec![SocketAddrV4::new(GATEWAY, PORTAL_PORT)];
    let _guard = square.guard_by(&GatewayRules { portals, ..rules() });
    let _page = dial(&square.phone, (GATEWAY, PORTAL_PORT)).unwrap();
    near.accept().unwrap();
    assert_reset(&square, (INTERNET, PORTAL_PORT));
}

#[test]
fn no_visitor_reaches_other_services_of_the_gateway() {
    let square = Square::build();
    let _ssh = listen(&square.gateway, 22);
    drop(dial(&square.phone, (GATEWAY, 22)).expect("without rules it would pass"));
    let mut enforcer = square.guard();
    for _ in 0..2 {
        assert_reset(&square, (GATEWAY, 22));
        assert_reset(&square, (UPLINK, 22));
        assert_reset(&square, SocketAddr::new("fd77::1".parse().unwrap(), 22));
        admit_phone(&mut enforcer);
    }
}

#[test]
fn ipv6_never_leaks_and_fails_without_waiting() {
    let square = Square::build();
    let _web = listen(&square.internet, 80);
    drop(dial(&square.phone, on_ipv6(80)).expect("without rules it would pass"));
    let mut enforcer = square.guard();
    for _ in 0..2 {
        assert_reset(&square, on_ipv6(80));
        assert_refused(&phone_socket(&square, on_ipv6(443)), ErrorKind::PermissionDenied);
        admit_phone(&mut enforcer);
    }
}

#[test]
fn visitors_leave_by_the_uplinks_alone() {
    let square = Square::build();
    let office = Namespace::new();
    connect((&square.gateway, "office"), (&office, "port"));
    square.gateway.ip("addr add 192.0.2.1/24 dev office");
    office.ip("addr add 192.0.2.2/24 dev port\nroute add default via 192.0.2.1");
    let server = SocketAddr::from(([192, 0, 2, 2], 445));
    let _files = listen(&office, 445);
    let _web = listen(&square.internet, 445);
    let mut enforcer = square.guard_by(&GatewayRules { uplinks: Uplinks::Any, ..rules() });
    admit_phone(&mut enforcer);
    dial(&square.phone, server).expect("any interface is an uplink");
    for uplinks in [Uplinks::Routed, Uplinks::Masqueraded] {
        let uplinks = uplinks(vec!["wan".parse().unwrap()]);
        enforcer = square.guard_by(&GatewayRules { uplinks, ..rules() });
        assert_reset(&square, server);
        dial(&square.phone, (INTERNET, 445)).expect("the uplink is open");
    }
    drop(enforcer);
}
