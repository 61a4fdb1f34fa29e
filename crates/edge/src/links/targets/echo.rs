//! ICMP echo of either version (RFC 792, RFC 4443) by raw sockets, on which the kernel lets nothing through
//! but the answers to our own.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use link::targets::{Probe, TargetNumber};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use pnet_packet::Packet;
use pnet_packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet_packet::icmp::{IcmpPacket, IcmpType, IcmpTypes, checksum};
use pnet_packet::icmpv6::Icmpv6Types;
use pnet_packet::ipv4::Ipv4Packet;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::batch::{Outgoing, Way};
use crate::links::switch::Family;

/// A header, a key, and which probe of which target it is.
pub(super) const LENGTH: usize = MutableEchoRequestPacket::minimum_packet_size() + 16;
/// Answers of a second to many targets, while the thread waits for its turn.
const ROOM: usize = 1 << 20;

/// What only we know, so that nobody who has not seen a probe can answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) identifier: u16,
    pub(super) key: u64,
}

/// The socket of a device, for one version of IP.
pub(super) struct Echo {
    socket: Socket,
    family: Family,
    secret: Secret,
    outgoing: Outgoing<LENGTH>,
    /// Those that are to be sent.
    probes: Vec<Probe>,
}

impl Echo {
    /// Takes a socket that is bound to a device and to our address there.
    pub(super) fn open(
        bind: impl FnOnce(&Socket) -> io::Result<()>,
        family: Family,
        secret: Secret,
    ) -> io::Result<Self> {
        let (domain, protocol) = match family {
            Family::Ipv4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::Ipv6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
        // Nothing comes before there is a filter.
        match family {
            Family::Ipv4 => socket.attach_filter(&filter_behind_header(secret.identifier))?,
            Family::Ipv6 => socket.attach_filter(&filter(secret.identifier))?,
        }
        bind(&socket)?;
        if family == Family::Ipv4 {
            whole(&socket)?;
        }
        socket.set_recv_buffer_size(ROOM)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        Ok(Self { socket, family, secret, outgoing: Outgoing::new(), probes: Vec::new() })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Puts a probe to those that are sent together, a batch at most.
    pub(super) fn put(&mut self, to: (SocketAddr, Way), probe: Probe) -> Result<(), Errno> {
        if !self.outgoing.put(to, request(self.family, probe, self.secret)) {
            return Err(Errno::ENOBUFS);
        }
        self.probes.push(probe);
        Ok(())
    }

    /// Sends them; tells of each that could not be sent.
    pub(super) fn send(&mut self, mut failed: impl FnMut(Probe, Errno)) {
        if self.probes.is_empty() {
            return;
        }
        self.outgoing.send(self.socket.as_fd(), |number, errno| {
            if let Some(probe) = self.probes.get(number) {
                failed(*probe, errno);
            }
        });
        self.probes.clear();
    }

    /// Which probe a packet answers.
    pub(super) fn read(&self, octets: &[u8]) -> Option<Probe> {
        match self.family {
            Family::Ipv4 => {
                let header = usize::from(Ipv4Packet::new(octets)?.get_header_length()) * 4;
                read(IcmpTypes::EchoReply.0, octets.get(header..)?, self.secret)
            }
            Family::Ipv6 => read(Icmpv6Types::EchoReply.0, octets, self.secret),
        }
    }
}

/// Lets nobody cut up what is sent. Then the kernel needs no number for each packet, which saves time.
fn whole(socket: &Socket) -> io::Result<()> {
    let (option, value) = (libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DO);
    let length = libc::socklen_t::try_from(size_of_val(&value)).unwrap_or_default();
    let fd = socket.as_raw_fd();
    let value = (&raw const value).cast();
    // SAFETY: the kernel reads a number, which lives until then.
    let done = unsafe { libc::setsockopt(fd, libc::IPPROTO_IP, option, value, length) };
    Errno::result(done).map(drop).map_err(io::Error::from)
}

/// An echo request. Both versions have the same fields, and the kernel adds the sum of ICMPv6, which needs
/// addresses (RFC 3542 s3.1).
fn request(family: Family, probe: Probe, Secret { identifier, key }: Secret) -> [u8; LENGTH] {
    let Probe { target, sequence } = probe;
    let mut octets = [0; LENGTH];
    let content = u128::from(key) << 64 | u128::from(target.0) << 32 | u128::from(sequence);
    let mut packet = MutableEchoRequestPacket::new(&mut octets).expect("there is room for it");
    packet.set_identifier(identifier);
    // The probe's own number is in the content; this is for whoever looks on.
    packet.set_sequence_number((sequence & 0xffff) as u16);
    packet.set_payload(&content.to_be_bytes());
    match family {
        Family::Ipv4 => {
            packet.set_icmp_type(IcmpTypes::EchoRequest);
            let sum = IcmpPacket::new(packet.packet()).map(|packet| checksum(&packet));
            packet.set_checksum(sum.unwrap_or_default());
        }
        Family::Ipv6 => packet.set_icmp_type(IcmpType(Icmpv6Types::EchoRequest.0)),
    }
    octets
}

/// Reads an echo reply, which has this type. The kernel has checked its sum.
fn read(reply: u8, octets: &[u8], secret: Secret) -> Option<Probe> {
    let [kind, _code, _, _, high, low, _, _, content @ ..] = octets else { return None };
    let content = u128::from_be_bytes(*content.first_chunk()?);
    let is_ours = *kind == reply
        && u16::from_be_bytes([*high, *low]) == secret.identifier
        && content >> 64 == u128::from(secret.key);
    let target = TargetNumber((content >> 32 & 0xffff_ffff) as u32);
    is_ours.then_some(Probe { target, sequence: (content & 0xffff_ffff) as u32 })
}

// Classic BPF (`linux/bpf_common.h`, `SO_ATTACH_FILTER`).
const LOAD_OCTET: u16 = 0x30;
const LOAD_PAIR: u16 = 0x28;
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const LOAD_OCTET_BEHIND: u16 = 0x50;
const LOAD_PAIR_BEHIND: u16 = 0x48;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Lets echo replies of IPv6 with our identifier through, and nothing else.
fn filter(identifier: u16) -> [SockFilter; 6] {
    [
        SockFilter::new(LOAD_OCTET, 0, 0, 0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 3, Icmpv6Types::EchoReply.0.into()),
        SockFilter::new(LOAD_PAIR, 0, 0, 4),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, identifier.into()),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

/// The same of IPv4, whose header the filter sees before them.
fn filter_behind_header(identifier: u16) -> [SockFilter; 7] {
    [
        SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 0),
        SockFilter::new(LOAD_OCTET_BEHIND, 0, 0, 0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 3, IcmpTypes::EchoReply.0.into()),
        SockFilter::new(LOAD_PAIR_BEHIND, 0, 0, 4),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, identifier.into()),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret { identifier: 0x5ab3, key: 0x0123_4567_89ab_cdef };
    const PROBE: Probe = Probe { target: TargetNumber(9_999), sequence: 70_000 };
    /// The types of requests and replies.
    const TYPES: [(Family, u8, u8); 2] = [(Family::Ipv4, 8, 0), (Family::Ipv6, 128, 129)];

    /// What a host makes of a request.
    fn reply_to(mut octets: [u8; LENGTH], reply: u8) -> [u8; LENGTH] {
        octets[0] = reply;
        octets
    }

    #[test]
    fn a_request_says_which_probe_its_reply_answers() {
        for (family, asked, reply) in TYPES {
            let octets = request(family, PROBE, SECRET);
            assert_eq!(octets[..2], [asked, 0]);
            assert_eq!(octets[6..8], [0x11, 0x70], "70,000 without its upper half");
            assert_eq!(read(reply, &reply_to(octets, reply), SECRET), Some(PROBE));
        }
        let octets = request(Family::Ipv4, PROBE, SECRET);
        assert_eq!(pnet_packet::util::checksum(&octets, usize::MAX), 0, "with its own sum");
    }

    #[test]
    fn what_answers_no_probe_of_ours_is_no_answer() {
        for (family, asked, reply) in TYPES {
            let good = reply_to(request(family, PROBE, SECRET), reply);
            assert_eq!(read(reply, &good, Secret { key: 7, ..SECRET }), None);
            assert_eq!(read(reply, &good, Secret { identifier: 7, ..SECRET }), None);
            for length in 0..good.len() {
                assert_eq!(read(reply, &good[..length], SECRET), None, "{length} octets");
            }
            assert_eq!(read(reply, &reply_to(good, asked), SECRET), None);
        }
    }
}
