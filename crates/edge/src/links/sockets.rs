//! The sockets of one path. All are bound to its device, so that what they say is about this path,
//! whatever routes say; that a device is missing is an error, and never another way. None is connected:
//! Linux 6.18 loses all that a connected socket of IPv6 sends by a next-hop object once another one looked
//! for a route there, until routes change.

use std::cell::Cell;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use link::bfd::{Arrival, Hops, Interface};
use link::stamp::reflector::PORT as PROBE_PORT;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::settings::PathSettings;

/// The class of network control (CS6, RFC 4594 s3.1), as of all heartbeats.
const CONTROL: u32 = 48 << 2;
/// The class of voice (EF), which is what an office cannot do without.
const EXPEDITED: u32 = 46 << 2;
/// From which ports heartbeats come (RFC 5881 s4).
const HEARTBEAT_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// The sockets of a path, none of which blocks.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) interface: Interface,
    local: IpAddr,
    peer: IpAddr,
    hops: Hops,
    /// What comes with less was sent from further away than the other end is.
    least_ttl: u8,
    /// Of a path that lives by its targets nothing is to be heard.
    ends: Option<Ends>,
    /// Octets since somebody asked.
    passed: Cell<u64>,
}

#[derive(Debug)]
struct Ends {
    heartbeats: UdpSocket,
    sender: UdpSocket,
    /// Where the other end hears heartbeats.
    hears: SocketAddr,
    probes: UdpSocket,
    /// Where the other end answers probes.
    answers: SocketAddr,
    reflector: UdpSocket,
}

/// Which of them has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Heartbeats,
    Probes,
    Reflector,
}

/// A datagram that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    pub(super) length: usize,
    pub(super) from: SocketAddr,
    /// Its time to live, or hop limit.
    pub(super) ttl: u8,
}

impl Sockets {
    /// Opens those of a path in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When the device or our address on it is missing, or somebody else has the ports.
    pub(super) fn open(path: &PathSettings) -> io::Result<Self> {
        let interface = Interface(path.device.index()?);
        let ends = path.is_heard().then(|| Ends::open(path, interface)).transpose()?;
        let hops = path.way(interface).hops();
        // Whose probes come over one hop is known by its device.
        let least_ttl = path.minimum_ttl.unwrap_or_default();
        let (local, peer, passed) = (path.local, path.peer, Cell::default());
        Ok(Self { interface, local, peer, hops, least_ttl, ends, passed })
    }

    /// What to wait for, in the order of urgency.
    pub(super) fn waiting(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.ends
            .iter()
            .flat_map(|ends| [ends.heartbeats.as_fd(), ends.probes.as_fd(), ends.reflector.as_fd()])
    }

    /// The next datagram of one of them, if there is one.
    pub(super) fn receive(&self, which: Which, octets: &mut [u8]) -> Option<Came> {
        let ends = self.ends.as_ref()?;
        let socket = match which {
            Which::Heartbeats => &ends.heartbeats,
            Which::Probes => &ends.probes,
            Which::Reflector => &ends.reflector,
        };
        let came = receive(socket, octets)?;
        self.count(came.length);
        Some(came)
    }

    /// How a heartbeat came.
    pub(super) fn arrival(&self, came: &Came) -> Arrival {
        Arrival {
            interface: self.interface,
            from: came.from.ip(),
            to: self.local,
            ttl: came.ttl,
            hops: self.hops,
        }
    }

    /// Whether it came from the other end of the path.
    pub(super) fn is_peers(&self, came: &Came) -> bool {
        came.from.ip() == self.peer && came.ttl >= self.least_ttl
    }

    /// Whether it is an answer of the other end.
    pub(super) fn is_answer(&self, came: &Came) -> bool {
        self.ends.as_ref().is_some_and(|ends| came.from == ends.answers)
    }

    /// Sends a heartbeat. One that cannot be sent is as one that was lost. Where what is sent arrives,
    /// the kernel is told that the next hop's address is right: it would ask for it again every half
    /// minute, and on a path that loses the answers have nothing to send to for a second or more.
    pub(super) fn send_heartbeat(&self, octets: &[u8], is_mutual: bool) {
        if let Some(ends) = &self.ends {
            let flags = if is_mutual { libc::MSG_CONFIRM } else { 0 };
            let sender = SockRef::from(&ends.sender);
            self.note(sender.send_to_with_flags(octets, &ends.hears.into(), flags));
        }
    }

    /// Sends a probe.
    pub(super) fn send_probe(&self, octets: &[u8]) {
        if let Some(ends) = &self.ends {
            self.note(ends.probes.send_to(octets, ends.answers));
        }
    }

    /// Answers a probe of the other end.
    pub(super) fn answer(&self, octets: &[u8], to: SocketAddr) {
        if let Some(ends) = &self.ends {
            self.note(ends.reflector.send_to(octets, to));
        }
    }

    /// So many octets passed since it was asked last, with the headers of IP and UDP.
    pub(super) fn take_passed(&self) -> u64 {
        self.passed.take()
    }

    /// A path that is down refuses at once or swallows: the machine finds out either way.
    fn note(&self, sent: io::Result<usize>) {
        match sent {
            Ok(length) => self.count(length),
            Err(error) => tracing::trace!(%error, "links.send"),
        }
    }

    fn count(&self, length: usize) {
        let headers = if self.local.is_ipv4() { 28 } else { 48 };
        self.passed.set(self.passed.get() + length as u64 + headers);
    }
}

impl Ends {
    fn open(path: &PathSettings, interface: Interface) -> io::Result<Self> {
        let port = path.way(interface).hops().port();
        let bound = |port: u16, class: u32| bound(path, at(path.local, port, interface), class);
        let heartbeats = bound(port, CONTROL)?;
        let sender = HEARTBEAT_PORTS
            .step_by(251)
            .find_map(|port| match bound(port, CONTROL) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
                outcome => Some(outcome),
            })
            .unwrap_or_else(|| Err(io::ErrorKind::AddrInUse.into()))?;
        let [hears, answers] = [port, PROBE_PORT].map(|port| at(path.peer, port, interface));
        let probes = bound(0, EXPEDITED)?;
        let reflector = bound(PROBE_PORT, EXPEDITED)?;
        Ok(Self { heartbeats, sender, hears, probes, answers, reflector })
    }
}

/// A link-local address is one of an interface.
pub(super) fn at(address: IpAddr, port: u16, Interface(scope): Interface) -> SocketAddr {
    match address {
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            SocketAddrV6::new(address, port, 0, scope).into()
        }
        _ => SocketAddr::new(address, port),
    }
}

fn bound(path: &PathSettings, local: SocketAddr, class: u32) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind_device(Some(path.device.as_str().as_bytes()))?;
    // Each path has its own device, and maybe the address of another one.
    socket.set_reuse_address(local.port() != 0)?;
    if local.is_ipv4() {
        socket.set_ttl_v4(u8::MAX.into())?;
        socket.set_tos_v4(class)?;
        setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
    } else {
        socket.set_only_v6(true)?;
        socket.set_unicast_hops_v6(u8::MAX.into())?;
        socket.set_tclass_v6(class)?;
        setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&local.into())?;
    Ok(socket.into())
}

/// An error is what some router said to a packet of ours (no port, no route, too long): it is over once
/// it is read, and says nothing that heartbeats do not.
fn receive(socket: &UdpSocket, octets: &mut [u8]) -> Option<Came> {
    let mut control = cmsg_space!(libc::c_int);
    let mut parts = [IoSliceMut::new(octets)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let fd = socket.as_raw_fd();
    let message = match recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags) {
        Ok(message) => message,
        Err(Errno::EAGAIN) => return None,
        Err(errno) => {
            tracing::trace!(%errno, "links.receive");
            return None;
        }
    };
    let mut ttl = 0;
    for control in message.cmsgs().ok()? {
        if let ControlMessageOwned::Ipv4Ttl(left) | ControlMessageOwned::Ipv6HopLimit(left) =
            control
        {
            ttl = u8::try_from(left).unwrap_or_default();
        }
    }
    Some(Came { length: message.bytes, from: sender(&message.address?)?, ttl })
}

/// Who sent what came.
pub(super) fn sender(from: &SockaddrStorage) -> Option<SocketAddr> {
    match (from.as_sockaddr_in(), from.as_sockaddr_in6()) {
        (Some(from), _) => Some(SocketAddrV4::from(*from).into()),
        (_, Some(from)) => Some(SocketAddrV6::from(*from).into()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_the_other_end_answers_probes() {
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = |host: u8| std::net::Ipv4Addr::new(127, high | 0x80, low, 240 + host);
        let (local, peer) = (address(0), address(1));
        let path = format!("name = 'loop'\ndevice = 'lo'\nlocal = '{local}'\npeer = '{peer}'");
        let sockets = Sockets::open(&toml::from_str(&path).unwrap()).unwrap();
        let asked = sockets.ends.as_ref().unwrap().probes.local_addr().unwrap();
        for (from, is_answer) in
            [((peer, PROBE_PORT), true), ((peer, 0), false), ((address(2), PROBE_PORT), false)]
        {
            UdpSocket::bind(from).unwrap().send_to(b"answer", asked).unwrap();
            let came = sockets.receive(Which::Probes, &mut [0; 64]).unwrap();
            assert_eq!(sockets.is_answer(&came), is_answer, "{from:?}");
        }
    }
}
