//! ARP (RFC 826) for what stands on the path's own network, also if it answers nothing of IP.
//!
//! An answer does not say which question it is for, so it is that of the latest.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    LinkAddr, MsgFlags, SockaddrLike, SockaddrStorage, getsockname, sendto, setsockopt, sockopt,
};
use pnet_packet::arp::{ArpOperations, ArpPacket};
use pnet_packet::ethernet::EtherTypes;
use socket2::{Domain, SockFilter, Socket, Type};

use crate::links::arp;

/// The socket of a device.
pub(super) struct Arp {
    socket: Socket,
    /// Of the device, in the kernel's form; to it all stations of the network listen.
    everybody: LinkAddr,
    hardware: [u8; 6],
    local: Ipv4Addr,
}

impl Arp {
    /// Opens a socket on the interface of that number, where our address is that.
    pub(super) fn open(interface: u32, local: Ipv4Addr) -> io::Result<Self> {
        let (socket, hardware) = station(interface)?;
        let everybody = address(interface, [0xff; 6])?;
        Ok(Self { socket, everybody, hardware, local })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Asks who has an address.
    pub(super) fn ask(&self, address: Ipv4Addr) -> Result<(), Errno> {
        let octets = arp::question((self.hardware, self.local), address);
        let flags = MsgFlags::MSG_DONTWAIT;
        sendto(self.socket.as_raw_fd(), &octets, &self.everybody, flags).map(drop)
    }

    /// Who answers us with a packet.
    pub(super) fn read(&self, octets: &[u8]) -> Option<Ipv4Addr> {
        read(octets, self.local)
    }
}

/// A socket for answers on an interface, and the hardware address that we have there.
fn station(interface: u32) -> io::Result<(Socket, [u8; 6])> {
    // Until it is bound to a device it is for no protocol, so that nothing of others comes.
    let socket = Socket::new(Domain::PACKET, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.attach_filter(&filter())?;
    let bound = address(interface, [0; 6])?;
    nix::sys::socket::bind(socket.as_raw_fd(), &bound)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    let own: SockaddrStorage = getsockname(socket.as_raw_fd())?;
    let own = own.as_link_addr().filter(|own| own.hatype() == libc::ARPHRD_ETHER);
    let hardware = own.and_then(LinkAddr::addr);
    // Where there are no such addresses nobody has one.
    let hardware = hardware.ok_or_else(|| io::Error::from(Errno::EPFNOSUPPORT))?;
    Ok((socket, hardware))
}

/// The hardware address that we have on an interface.
pub(super) fn hardware(interface: u32) -> io::Result<[u8; 6]> {
    station(interface).map(|(_, hardware)| hardware)
}

/// Reads an answer to us.
fn read(octets: &[u8], local: Ipv4Addr) -> Option<Ipv4Addr> {
    let packet = ArpPacket::new(octets)?;
    let is_ours = packet.get_operation() == ArpOperations::Reply
        && packet.get_protocol_type() == EtherTypes::Ipv4
        && packet.get_target_proto_addr() == local;
    is_ours.then(|| packet.get_sender_proto_addr())
}

/// Everybody's or nobody's address on an interface, for ARP.
fn address(interface: u32, hardware: [u8; 6]) -> io::Result<LinkAddr> {
    let [a, b, c, d, e, f] = hardware;
    let raw = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ARP as u16).to_be(),
        sll_ifindex: i32::try_from(interface).map_err(|_| Errno::ENODEV)?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [a, b, c, d, e, f, 0, 0],
    };
    let length = libc::socklen_t::try_from(size_of_val(&raw)).ok();
    // SAFETY: it is an address of this family, of that length.
    let address = unsafe { LinkAddr::from_raw((&raw const raw).cast(), length) };
    address.ok_or_else(|| Errno::EINVAL.into())
}

/// Lets answers through, and nothing else; what it sees begins with the packet of ARP.
fn filter() -> [SockFilter; 4] {
    const LOAD_PAIR: u16 = 0x28;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(LOAD_PAIR, 0, 0, 6),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, ArpOperations::Reply.0.into()),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const WANTED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);

    #[test]
    fn only_an_answer_to_us_is_one() {
        let (own, other) = (([2, 0, 0, 0, 0, 7], LOCAL), ([2, 0, 0, 0, 0, 9], WANTED));
        assert_eq!(read(&arp::question(other, LOCAL), LOCAL), None, "it asks");
        let answer = arp::answer(other, own);
        assert_eq!(read(&answer, LOCAL), Some(WANTED));
        assert_eq!(read(&answer, WANTED), None, "it is for somebody else");
        assert_eq!(read(&answer[..20], LOCAL), None);
    }
}
