//! ICMP echo (RFC 792) by one raw socket per device, on which the kernel lets nothing through but the
//! answers to our own.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use link::targets::{Probe, TargetNumber};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet_packet::icmp::{IcmpPacket, IcmpTypes, checksum};
use pnet_packet::ipv4::Ipv4Packet;
use pnet_packet::{FromPacket, Packet};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::batch;

const HEADER: usize = MutableEchoRequestPacket::minimum_packet_size();
/// A key, and which probe of which target it is.
const CONTENT: usize = 16;
/// Answers of a second to many targets, while the thread waits for its turn.
const ROOM: usize = 1 << 20;

/// What only we know, so that nobody who has not seen a probe can answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) identifier: u16,
    pub(super) key: u64,
}

/// The socket of a device.
pub(super) struct Echo {
    socket: Socket,
    secret: Secret,
}

impl Echo {
    /// Takes a socket that is bound to a device and to our address there.
    pub(super) fn open(
        bind: impl FnOnce(&Socket) -> io::Result<()>,
        secret: Secret,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        // Nothing comes before there is a filter.
        socket.attach_filter(&filter(secret.identifier))?;
        bind(&socket)?;
        whole(&socket)?;
        socket.set_recv_buffer_size(ROOM)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        Ok(Self { socket, secret })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Sends probes, a batch at most; tells of each that could not be sent.
    pub(super) fn send(&self, probes: &[(Ipv4Addr, Probe)], mut failed: impl FnMut(Probe, Errno)) {
        let datagram = |(to, probe): &(Ipv4Addr, Probe)| (*to, request(*probe, self.secret));
        let datagrams: Vec<_> = probes.iter().map(datagram).collect();
        batch::send(self.fd(), &datagrams, |number, errno| {
            if let Some((_, probe)) = probes.get(number) {
                failed(*probe, errno);
            }
        });
    }

    /// Which probe a packet answers, and who says so.
    pub(super) fn read(&self, octets: &[u8]) -> Option<(Ipv4Addr, Probe)> {
        read(octets, self.secret)
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

/// An echo request.
fn request(Probe { target, sequence }: Probe, Secret { identifier, key }: Secret) -> Vec<u8> {
    let mut octets = vec![0; HEADER + CONTENT];
    let content = key.to_be_bytes().into_iter();
    let content = content.chain(target.0.to_be_bytes()).chain(sequence.to_be_bytes());
    let content: Vec<u8> = content.collect();
    let mut packet = MutableEchoRequestPacket::new(&mut octets).expect("there is room for it");
    packet.set_icmp_type(IcmpTypes::EchoRequest);
    packet.set_identifier(identifier);
    // The probe's own number is in the content; this is for whoever looks on.
    packet.set_sequence_number((sequence & 0xffff) as u16);
    packet.set_payload(&content);
    let sum = IcmpPacket::new(packet.packet()).map(|packet| checksum(&packet));
    packet.set_checksum(sum.unwrap_or_default());
    octets
}

/// Reads an echo reply with the header of IPv4 before it. The kernel has checked its sum.
fn read(octets: &[u8], secret: Secret) -> Option<(Ipv4Addr, Probe)> {
    let ip = Ipv4Packet::new(octets)?;
    let header = usize::from(ip.get_header_length()) * 4;
    let reply = EchoReplyPacket::new(octets.get(header..)?)?.from_packet();
    let is_ours = reply.icmp_type == IcmpTypes::EchoReply && reply.identifier == secret.identifier;
    let (key, rest) = reply.payload.split_first_chunk::<8>()?;
    let (target, rest) = rest.split_first_chunk::<4>()?;
    let (sequence, _) = rest.split_first_chunk::<4>()?;
    if !is_ours || *key != secret.key.to_be_bytes() {
        return None;
    }
    let target = TargetNumber(u32::from_be_bytes(*target));
    let sequence = u32::from_be_bytes(*sequence);
    Some((ip.get_source(), Probe { target, sequence }))
}

/// Lets echo replies with our identifier through, and nothing else. What it sees begins with the header
/// of IPv4 (bpf of the kernel, `SO_ATTACH_FILTER`).
fn filter(identifier: u16) -> [SockFilter; 7] {
    const LOAD_HEADER_LENGTH: u16 = 0xb1;
    const LOAD_OCTET_BEHIND: u16 = 0x50;
    const LOAD_PAIR_BEHIND: u16 = 0x48;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let reply = u32::from(IcmpTypes::EchoReply.0);
    [
        SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 0),
        SockFilter::new(LOAD_OCTET_BEHIND, 0, 0, 0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 3, reply),
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

    /// What a host makes of a request, with the header of IPv4 before it.
    fn reply(request: &[u8]) -> Vec<u8> {
        let mut octets = vec![0; 20];
        octets[0] = 0x45;
        octets[12..16].copy_from_slice(&[192, 0, 2, 9]);
        octets.extend(request);
        octets[20] = IcmpTypes::EchoReply.0;
        octets
    }

    #[test]
    fn a_request_has_its_sum_and_its_reply_says_which_probe_it_answers() {
        let octets = request(PROBE, SECRET);
        assert_eq!(octets[..2], [8, 0]);
        assert_eq!(pnet_packet::util::checksum(&octets, usize::MAX), 0, "with its own sum");
        assert_eq!(octets[6..8], [0x11, 0x70], "70,000 without its upper half");
        let from = Ipv4Addr::from([192, 0, 2, 9]);
        assert_eq!(read(&reply(&octets), SECRET), Some((from, PROBE)));
    }

    #[test]
    fn what_answers_no_probe_of_ours_is_no_answer() {
        let good = reply(&request(PROBE, SECRET));
        assert_eq!(read(&good, Secret { key: 7, ..SECRET }), None);
        assert_eq!(read(&good, Secret { identifier: 7, ..SECRET }), None);
        for length in 0..good.len() {
            assert_eq!(read(&good[..length], SECRET), None, "{length} octets");
        }
        let mut request = good;
        request[20] = IcmpTypes::EchoRequest.0;
        assert_eq!(read(&request, SECRET), None);
    }
}
