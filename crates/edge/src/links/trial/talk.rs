//! The socket by which the two agents of a path talk of trials: it is bound to the path's device, hears the
//! agent at the other end alone, sends nothing that may be cut up, and has the kernel stamp what comes.

use std::cell::Cell;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use link::bfd::Interface;
use link::path_mtu::{PacketSize, Said};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

use crate::links::settings::PathSettings;
use crate::links::sockets::{at, sender};

/// Where agents hear each other.
pub(super) const PORT: u16 = 8_620;
/// A train and more.
const BUFFER: usize = 1 << 20;

/// Octets of IP and UDP before a datagram's own, to or from such an address.
pub(super) const fn headers(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(_) => 28,
        IpAddr::V6(_) => 48,
    }
}

/// The socket of one path.
#[derive(Debug)]
pub(super) struct Talk {
    socket: UdpSocket,
    /// With whom.
    pub(super) peer: SocketAddr,
    /// The number of the device that it is bound to.
    device: u32,
    /// Octets of IP and UDP before a datagram's own.
    pub(super) headers: u16,
    /// Octets since somebody asked.
    passed: Cell<u64>,
}

/// What a router says of a packet of ours that was too large for it, and how many octets of that it sends
/// back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) length: usize,
    pub(super) said: Said,
}

/// What came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) length: usize,
    /// When, by the kernel's clock.
    pub(super) stamp: Duration,
}

impl Talk {
    /// Opens that of a path.
    pub(super) fn open(path: &PathSettings) -> io::Result<Self> {
        let device = path.device.index()?;
        let (local, peer) =
            (at(path.local, PORT, Interface(device)), at(path.peer, PORT, Interface(device)));
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        socket.bind_device(Some(path.device.as_str().as_bytes()))?;
        // Each path has its own device, and maybe the address of another one.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        // A kernel that gives less gives trains that miss packets, which are told.
        socket.set_recv_buffer_size(BUFFER)?;
        forbid_cutting(&socket, path.local)?;
        match path.local {
            IpAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?,
            IpAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?,
        }
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        socket.bind(&local.into())?;
        let (headers, passed) = (headers(path.local), Cell::default());
        Ok(Self { socket: socket.into(), peer, device, headers, passed })
    }

    /// What to wait for.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether the path's device was deleted, or made again.
    pub(super) fn is_stale(&self, path: &PathSettings) -> bool {
        path.device.index() != Ok(self.device)
    }

    /// Says something. What cannot be sent is as what is lost.
    pub(super) fn say(&self, octets: &[u8]) {
        match self.socket.send_to(octets, self.peer) {
            Ok(length) => self.count(length),
            Err(error) => tracing::trace!(%error, "links.trial.say"),
        }
    }

    /// So many octets passed since it was asked last, with the headers of IP and UDP.
    pub(super) fn take_passed(&self) -> u64 {
        self.passed.take()
    }

    fn count(&self, length: usize) {
        self.passed.set(self.passed.get() + length as u64 + u64::from(self.headers));
    }

    /// The next that a router says of a packet of ours; the outer one is none if there is no more, the
    /// inner one if it is of no use. As long as something is left the socket is never at rest.
    pub(super) fn hear_of_routers(&self, octets: &mut [u8]) -> Option<Option<Told>> {
        let mut control = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6, TimeSpec);
        let mut parts = [IoSliceMut::new(octets)];
        let fd = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_ERRQUEUE;
        let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags).ok()?;
        let said = message.cmsgs().ok().and_then(|mut all| {
            all.find_map(|control| match control {
                ControlMessageOwned::Ipv4RecvErr(error, Some(router)) => {
                    let router = u32::from_be(router.sin_addr.s_addr);
                    said(&error, Ipv4Addr::from(router).into())
                }
                ControlMessageOwned::Ipv6RecvErr(error, Some(router)) => {
                    said(&error, Ipv6Addr::from(router.sin6_addr.s6_addr).into())
                }
                _ => None,
            })
        });
        Some(said.map(|said| Told { length: message.bytes, said }))
    }

    /// The next that came, if there is something. Of what somebody else sent there is nothing to be heard.
    pub(super) fn hear(&self, octets: &mut [u8]) -> Option<Heard> {
        let mut control = cmsg_space!(TimeSpec);
        let mut parts = [IoSliceMut::new(octets)];
        let fd = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags).ok()?;
        self.count(message.bytes);
        let stamp = message.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
            _ => None,
        });
        let length = if sender(&message.address?)? == self.peer { message.bytes } else { 0 };
        Some(Heard { length, stamp: stamp? })
    }
}

/// What an error says of sizes: those of this machine's own devices are none of a router.
fn said(error: &libc::sock_extended_err, router: IpAddr) -> Option<Said> {
    let is_routers = matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
    let is_of_size = error.ee_errno == libc::EMSGSIZE as u32;
    let most = PacketSize(u16::try_from(error.ee_info).unwrap_or(u16::MAX));
    (is_routers && is_of_size).then_some(Said { router, most })
}

/// Nothing is cut up, and nothing that routers said of sizes before is believed (ip(7),
/// `IP_PMTUDISC_PROBE`).
fn forbid_cutting(socket: &Socket, local: IpAddr) -> io::Result<()> {
    let (level, option, value) = match local {
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE),
    };
    let length = size_of_val(&value) as libc::socklen_t;
    let fd = socket.as_raw_fd();
    // SAFETY: it reads the value, which lives until then and is as long as it is said to be.
    let done = unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), length) };
    Errno::result(done).map(drop).map_err(io::Error::from)
}

#[cfg(test)]
mod tests;
