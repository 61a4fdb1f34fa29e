//! A city square: a phone, our gateway, and the internet behind it.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::num::NonZeroU16;
use std::time::Duration;

use domain::{MacAddress, Octets};
use edge::enforcer::{Admission, DeviceUsage, Enforcer as _};
use edge::nftables::{GatewayRules, NftEnforcer, Uplinks};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike as _};

use crate::netns::{Namespace, connect};

pub const PHONE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
pub const PHONE_DEVICE: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 2]);
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub const UPLINK: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
pub const INTERNET: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 80);
pub const INTERNET6: &str = "2001:db8::80";
pub const REDIRECTOR_PORT: u16 = 8080;
pub const PORTAL_PORT: u16 = 8443;

/// Octets of an IPv4 and a UDP header.
pub const UDP_HEADERS: u64 = 28;

/// Long enough for a busy machine; a story that goes well never waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Phone, gateway and internet, cabled and routed, both IP versions, no rules yet.
pub struct Square {
    pub phone: Namespace,
    pub gateway: Namespace,
    pub internet: Namespace,
}

impl Square {
    pub fn build() -> Self {
        let square =
            Self { phone: Namespace::new(), gateway: Namespace::new(), internet: Namespace::new() };
        square.gateway.sysctl("ipv4/ip_forward", "1");
        square.gateway.sysctl("ipv6/conf/all/forwarding", "1");
        connect((&square.phone, "wlan"), (&square.gateway, "lan"));
        connect((&square.gateway, "wan"), (&square.internet, "net"));
        square.phone.ip(&format!(
            "link set wlan address {PHONE_DEVICE}\n\
             addr add {PHONE}/24 dev wlan\n\
             addr add fd77::2/64 dev wlan nodad\n\
             route add default via {GATEWAY}\n\
             route add ::/0 via fd77::1"
        ));
        square.gateway.ip(&format!(
            "addr add {GATEWAY}/24 dev lan\n\
             addr add {UPLINK}/24 dev wan\n\
             addr add fd77::1/64 dev lan nodad\n\
             addr add 2001:db8::1/64 dev wan nodad"
        ));
        square.internet.ip(&format!(
            "addr add {INTERNET}/24 dev net\n\
             route add 10.77.0.0/24 via {UPLINK}\n\
             addr add {INTERNET6}/64 dev net nodad\n\
             route add ::/0 via 2001:db8::1"
        ));
        square
    }

    /// Starts the gateway as most sites run it.
    pub fn guard(&self) -> NftEnforcer {
        self.guard_by(&rules())
    }

    pub fn guard_by(&self, rules: &GatewayRules) -> NftEnforcer {
        self.gateway.run(|| NftEnforcer::start(rules)).unwrap()
    }
}

/// One uplink, masqueraded, and a portal in the internet.
pub fn rules() -> GatewayRules {
    GatewayRules {
        visitors: "lan".parse().unwrap(),
        gateway: GATEWAY,
        redirector_port: NonZeroU16::new(REDIRECTOR_PORT).unwrap(),
        portals: vec![SocketAddrV4::new(INTERNET, PORTAL_PORT)],
        uplinks: Uplinks::Masqueraded(vec!["wan".parse().unwrap()]),
    }
}

/// Admits the phone without limit.
pub fn admit_phone(enforcer: &mut NftEnforcer) {
    enforcer.admit(&phone_admission(None)).unwrap();
}

pub fn phone_admission(octet_limit: Option<u64>) -> Admission {
    let octet_limit = octet_limit.map(Octets::new);
    Admission { device: PHONE_DEVICE, address: PHONE, octet_limit }
}

pub fn phone_usage(uploaded: u64, downloaded: u64) -> DeviceUsage {
    DeviceUsage {
        device: PHONE_DEVICE,
        address: PHONE,
        uploaded: Octets::new(uploaded),
        downloaded: Octets::new(downloaded),
    }
}

/// A TCP server on `machine` whose `accept` gives up after a while.
pub fn listen(machine: &Namespace, port: u16) -> TcpListener {
    let any = SocketAddr::from(([0_u16; 8], port));
    let listener = machine.run(|| TcpListener::bind(any)).unwrap();
    let limit = TimeVal::seconds(PATIENCE.as_secs().try_into().unwrap());
    setsockopt(&listener, sockopt::ReceiveTimeout, &limit).unwrap();
    listener
}

/// Connects from `machine`; a refusal comes at once, silence as `TimedOut`.
pub fn dial(machine: &Namespace, to: impl Into<SocketAddr>) -> io::Result<TcpStream> {
    let to = to.into();
    let stream = machine.run(|| TcpStream::connect_timeout(&to, PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A UDP socket on `machine` that waits for a while only.
pub fn bind(machine: &Namespace, on: impl Into<SocketAddr>) -> UdpSocket {
    let on = on.into();
    let socket = machine.run(|| UdpSocket::bind(on)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A UDP socket on the phone that talks to `to` alone.
pub fn phone_socket(square: &Square, to: impl Into<SocketAddr>) -> UdpSocket {
    let to = to.into();
    let any =
        if to.is_ipv4() { [0, 0, 0, 0].into() } else { SocketAddr::from(([0_u16; 8], 0)).ip() };
    let socket = bind(&square.phone, SocketAddr::new(any, 0));
    socket.connect(to).unwrap();
    socket
}

/// Asserts that a question from `asker` reaches `server` and the answer comes back.
#[track_caller]
pub fn assert_answers(asker: &UdpSocket, server: &UdpSocket) {
    let mut buffer = [0; 64];
    asker.send(b"question").unwrap();
    let (length, from) = server.recv_from(&mut buffer).expect("the question arrives");
    assert_eq!(&buffer[..length], b"question");
    server.send_to(b"answer", from).unwrap();
    let length = asker.recv(&mut buffer).expect("the answer arrives");
    assert_eq!(&buffer[..length], b"answer");
}

/// Asserts that a datagram on `socket` is refused with an ICMP error of `kind`.
#[track_caller]
pub fn assert_refused(socket: &UdpSocket, kind: ErrorKind) {
    socket.send(b"nobody takes this").unwrap();
    assert_eq!(socket.recv(&mut [0; 64]).map_err(|error| error.kind()), Err(kind));
}

/// Asserts that a connection from the phone is refused at once.
#[track_caller]
pub fn assert_reset(square: &Square, to: impl Into<SocketAddr>) {
    let end = dial(&square.phone, to).map(drop).map_err(|error| error.kind());
    assert_eq!(end, Err(ErrorKind::ConnectionRefused));
}

/// Sends `count` datagrams of `size` octets and waits until all have arrived.
#[track_caller]
pub fn transfer(from: &UdpSocket, to: &UdpSocket, count: usize, size: usize) {
    let mut buffer = [0; 2048];
    for _ in 0..count {
        from.send(&vec![7; size]).unwrap();
        assert_eq!(to.recv(&mut buffer).expect("every datagram arrives"), size);
    }
}

/// A UDP socket on the phone and one in the internet that know each other through the gateway.
pub fn pair(square: &Square) -> (UdpSocket, UdpSocket) {
    let server = bind(&square.internet, (INTERNET, 7000));
    let phone = phone_socket(square, (INTERNET, 7000));
    phone.send(&[]).unwrap();
    let (_, seen_as) = server.recv_from(&mut []).expect("the first datagram arrives");
    server.connect(seen_as).unwrap();
    (phone, server)
}
