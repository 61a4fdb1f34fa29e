//! Neighbour solicitations (RFC 4861 s7.2) for what stands on the path's own network, also if it answers
//! nothing else.
//!
//! An answer does not say which question it is for, so it is that of the latest.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use pnet_packet::icmpv6::Icmpv6Types;
use pnet_packet::icmpv6::ndp::{NeighborAdvertFlags, NeighborAdvertPacket};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::arp::hardware;
use super::batch::Received;
use crate::links::ndp::{HOPS, group, question};

/// The socket of a device.
pub(super) struct Ndp {
    socket: Socket,
    hardware: [u8; 6],
    interface: u32,
}

impl Ndp {
    /// Takes a socket that is bound to the interface of that number.
    pub(super) fn open(
        bind: impl FnOnce(&Socket) -> io::Result<()>,
        interface: u32,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?;
        // Nothing comes before there is a filter.
        socket.attach_filter(&filter())?;
        bind(&socket)?;
        socket.set_multicast_hops_v6(HOPS.into())?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
        Ok(Self { socket, hardware: hardware(interface)?, interface })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Asks who has an address. The kernel adds the sum (RFC 3542 s3.1).
    pub(super) fn ask(&self, address: Ipv6Addr) -> Result<(), Errno> {
        let to = SocketAddrV6::new(group(address), 0, 0, self.interface);
        let sent = self.socket.send_to(&question(Some(self.hardware), address), &to.into());
        sent.map(drop).map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
    }

    /// Who answers us with a packet.
    pub(super) fn read(&self, came: &Received<'_>) -> Option<Ipv6Addr> {
        (came.hops == Some(HOPS)).then(|| read(came.octets)).flatten()
    }
}

/// Reads an answer to a question. The kernel has checked its sum.
fn read(octets: &[u8]) -> Option<Ipv6Addr> {
    let packet = NeighborAdvertPacket::new(octets)?;
    let is_answer = packet.get_icmpv6_type() == Icmpv6Types::NeighborAdvert
        && packet.get_icmpv6_code().0 == 0
        && packet.get_flags() & NeighborAdvertFlags::Solicited != 0;
    is_answer.then(|| packet.get_target_addr())
}

/// Lets advertisements through, and nothing else.
fn filter() -> [SockFilter; 4] {
    const LOAD_OCTET: u16 = 0x30;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(LOAD_OCTET, 0, 0, 0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, Icmpv6Types::NeighborAdvert.0.into()),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0x1234, 0x5678);

    #[test]
    fn only_an_answer_to_a_question_is_one() {
        let mut good = vec![136, 0, 0, 0, 0x60, 0, 0, 0];
        good.extend(WANTED.octets());
        assert_eq!(read(&good), Some(WANTED));
        for length in 0..good.len() {
            assert_eq!(read(&good[..length]), None, "{length} octets");
        }
        for (at, octet) in [(0, 135), (1, 1), (4, 0x20)] {
            let mut other = good.clone();
            other[at] = octet;
            assert_eq!(read(&other), None, "{octet} at {at}");
        }
    }
}
