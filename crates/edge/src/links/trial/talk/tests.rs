use link::Key;
use link::path_mtu::{Probe, ProbeKey};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::*;

/// What a router says of a packet between two ends: that it is longer than `most`, and how it begins.
fn too_large(local: IpAddr, peer: IpAddr, payload: &[u8], most: u16) -> Vec<u8> {
    let port = PORT.to_be_bytes();
    let datagram = [&port[..], &port, &1_480_u16.to_be_bytes(), &[0; 2], payload].concat();
    let (mut packet, quoted) = match (local, peer) {
        (IpAddr::V4(local), IpAddr::V4(peer)) => {
            let mut header = vec![0x45, 0, 5, 0xdc, 0, 1, 0x40, 0, 64, 17, 0, 0];
            header.extend([local.octets(), peer.octets()].concat());
            let [high, low] = most.to_be_bytes();
            (vec![3, 4, 0, 0, 0, 0, high, low], header)
        }
        (IpAddr::V6(local), IpAddr::V6(peer)) => {
            let mut header = vec![0x60, 0, 0, 0, 5, 0xc8, 17, 64];
            header.extend([local.octets(), peer.octets()].concat());
            ([&[2, 0, 0, 0][..], &u32::from(most).to_be_bytes()].concat(), header)
        }
        _ => panic!("{local} {peer}"),
    };
    packet.extend([quoted, datagram].concat());
    if local.is_ipv4() {
        // That of ICMPv6 the kernel adds.
        let sum = pnet_packet::util::checksum(&packet, 1);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

/// Has a router of that address say something to an end.
fn say(router: IpAddr, to: IpAddr, packet: &[u8]) {
    let (domain, protocol) = match router {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::RAW, Some(protocol)).unwrap();
    socket.bind(&SocketAddr::new(router, 0).into()).unwrap();
    socket.send_to(packet, &SocketAddr::new(to, 0).into()).unwrap();
}

#[test]
fn what_a_router_says_of_a_probe_is_heard_with_the_probe_and_its_address() {
    let key = ProbeKey::of(&Key::new(&[7; 32]).unwrap());
    // Addresses of loopback that no other test has.
    let [.., high, low] = std::process::id().to_be_bytes();
    let four = |host: u8| IpAddr::from([127, high | 0x80, low, 0xf0 | host]);
    let six = IpAddr::from(Ipv6Addr::LOCALHOST);
    for (local, peer, router) in [(four(0), four(1), four(2)), (six, six, six)] {
        let path = format!("name = 'loop'\ndevice = 'lo'\nlocal = '{local}'\npeer = '{peer}'");
        let talk = Talk::open(&toml::from_str::<PathSettings>(&path).unwrap()).unwrap();
        let mut octets = [0; 2_000];
        assert!(talk.hear_of_routers(&mut octets).is_none());
        let probe = Probe { number: 7, size: PacketSize(1_500) };
        probe.write(talk.headers, &key, &mut octets).unwrap();
        // More than a router has to send back, and what it must (RFC 792).
        for length in [64, 0] {
            say(router, local, &too_large(local, peer, &octets[..length], 1_400));
        }
        let mut fds = [PollFd::new(talk.fd(), PollFlags::empty())];
        let mut came = [0; 2_000];
        for length in [64, 0] {
            assert_eq!(poll(&mut fds, PollTimeout::from(10_000_u16)), Ok(1));
            let said = Said { router, most: PacketSize(1_400) };
            let told = talk.hear_of_routers(&mut came).unwrap();
            assert_eq!(told, Some(Told { length, said }));
            let quoted = Probe::parse_quoted(&came[..length], &key).ok();
            assert_eq!(quoted, (length > 0).then_some(probe));
        }
        assert!(talk.hear_of_routers(&mut came).is_none(), "and is at rest");
        assert_eq!(poll(&mut fds, PollTimeout::ZERO), Ok(0));
    }
}
