//! The frames of our visitor: what it sends to get somewhere, and what answers say.
//!
//! An answer that has its whole time to live was made by this router itself, as by a rule that refuses
//! or a portal that takes the place of whoever was asked: nothing got through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use pnet_packet::Packet;
use pnet_packet::ethernet::{EtherType, EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet_packet::icmp::{self, IcmpPacket, IcmpType, IcmpTypes};
use pnet_packet::icmpv6::{self, Icmpv6Packet, Icmpv6Types};
use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet_packet::ipv4::{self, Ipv4Flags, Ipv4Packet, MutableIpv4Packet};
use pnet_packet::ipv6::{Ipv6Packet, MutableIpv6Packet};
use pnet_packet::tcp::{self, MutableTcpPacket, TcpFlags, TcpPacket};
use pnet_packet::udp::{self, MutableUdpPacket, UdpPacket};

use super::settings::{Attempt, By};

/// The hardware address of a station.
pub(super) type Hardware = [u8; 6];

const ETHERNET: usize = EthernetPacket::minimum_packet_size();
const IPV4: usize = Ipv4Packet::minimum_packet_size();
const IPV6: usize = Ipv6Packet::minimum_packet_size();
const TIME_TO_LIVE: u8 = 64;
/// What senders begin with; whoever passes a packet on takes one away.
const WHOLE_LIVES: [u8; 3] = [64, 128, 255];
/// From which port the first attempt is made; each has its own.
const FIRST_PORT: u16 = 40_000;

/// Our visitor, and whom it hands its packets to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visitor {
    pub(super) hardware: Hardware,
    pub(super) address: IpAddr,
    /// What only this test knows, in all that it sends.
    pub(super) secret: u32,
}

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Somebody asks for our hardware address.
    Asks { who: IpAddr, hardware: Hardware },
    /// Somebody has an address.
    Has { who: IpAddr, hardware: Hardware },
    /// What was tried answers.
    Answers { number: usize, by: Answer },
}

/// How what was tried answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// As it does to whoever it serves.
    Serves,
    /// The host is there, and refuses.
    Refuses,
    /// The router itself answers, and passed nothing on.
    Router,
}

/// What of a packet's header matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    /// Its time to live, or hop limit.
    pub(super) ttl: u8,
    pub(super) protocol: IpNextHeaderProtocol,
}

impl Header {
    /// Reads that of a packet: what comes after it, as far as it is there, and how long that should be.
    fn read(packet: &[u8]) -> Option<(Self, &[u8], usize)> {
        match packet.first()? >> 4 {
            4 => {
                let of = Ipv4Packet::new(packet)?;
                let (from, to) = (of.get_source().into(), of.get_destination().into());
                let (ttl, protocol) = (of.get_ttl(), of.get_next_level_protocol());
                let length = usize::from(of.get_header_length()) * 4;
                let rest = usize::from(of.get_total_length()).checked_sub(length)?;
                Some((Self { from, to, ttl, protocol }, packet.get(length..)?, rest))
            }
            6 => {
                let of = Ipv6Packet::new(packet)?;
                let (from, to) = (of.get_source().into(), of.get_destination().into());
                let (ttl, protocol) = (of.get_hop_limit(), of.get_next_header());
                let rest = usize::from(of.get_payload_length());
                Some((Self { from, to, ttl, protocol }, packet.get(IPV6..)?, rest))
            }
            _ => None,
        }
    }

    /// The packet with that content.
    pub(super) fn write(&self, content: &[u8]) -> Vec<u8> {
        match (self.from, self.to) {
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let mut octets = vec![0; IPV6 + content.len()];
                let mut packet = MutableIpv6Packet::new(&mut octets).expect("there is room for it");
                packet.set_version(6);
                packet.set_payload_length(u16::try_from(content.len()).unwrap_or_default());
                packet.set_hop_limit(self.ttl);
                packet.set_next_header(self.protocol);
                packet.set_source(from);
                packet.set_destination(to);
                packet.set_payload(content);
                octets
            }
            (from, to) => {
                let length = IPV4 + content.len();
                let mut octets = vec![0; length];
                let mut packet = MutableIpv4Packet::new(&mut octets).expect("there is room for it");
                packet.set_version(4);
                packet.set_header_length(5);
                packet.set_total_length(u16::try_from(length).unwrap_or_default());
                packet.set_flags(Ipv4Flags::DontFragment);
                packet.set_ttl(self.ttl);
                packet.set_next_level_protocol(self.protocol);
                packet.set_source(ipv4_of(from));
                packet.set_destination(ipv4_of(to));
                packet.set_payload(content);
                let sum = ipv4::checksum(&packet.to_immutable());
                packet.set_checksum(sum);
                octets
            }
        }
    }
}

impl Visitor {
    /// Its address, if that is of IPv4.
    pub(super) fn address_ipv4(&self) -> Ipv4Addr {
        ipv4_of(self.address)
    }

    /// Its address, if that is of IPv6.
    pub(super) fn address_ipv6(&self) -> Ipv6Addr {
        ipv6_of(self.address)
    }

    /// The frame that tries to reach something.
    pub(super) fn attempt(&self, number: usize, attempt: Attempt, gateway: Hardware) -> Vec<u8> {
        let port = port_of(number);
        let (protocol, content) = match attempt.by {
            By::Ping => self.echo(number, attempt.address),
            By::Tcp(to) => {
                let content = self.segment((port, to), attempt.address, TcpFlags::SYN, self.secret);
                (IpNextHeaderProtocols::Tcp, content)
            }
            By::Dns(to) => (IpNextHeaderProtocols::Udp, self.question((port, to), attempt.address)),
        };
        self.packet(attempt.address, protocol, &content, gateway)
    }

    /// Gives up a connection that was made.
    pub(super) fn give_up(
        &self,
        number: usize,
        attempt: Attempt,
        gateway: Hardware,
    ) -> Option<Vec<u8>> {
        let By::Tcp(to) = attempt.by else { return None };
        let next = self.secret.wrapping_add(1);
        let content = self.segment((port_of(number), to), attempt.address, TcpFlags::RST, next);
        Some(self.packet(attempt.address, IpNextHeaderProtocols::Tcp, &content, gateway))
    }

    /// What a frame says to us.
    pub(super) fn read(&self, frame: &[u8], attempts: &[Attempt]) -> Option<Said> {
        let ethernet = EthernetPacket::new(frame)?;
        if ethernet.get_ethertype() == EtherTypes::Arp {
            return self.read_arp(ethernet.payload());
        }
        let (header, content, length) = Header::read(ethernet.payload())?;
        let content = content.get(..length)?;
        if header.protocol == IpNextHeaderProtocols::Icmpv6
            && let Some(said) = self.read_ndp(&header, content, ethernet.get_source().into())
        {
            return Some(said);
        }
        let is_to_us = Hardware::from(ethernet.get_destination()) == self.hardware;
        if !is_to_us || header.to != self.address {
            return None;
        }
        let (number, is_served) = self.answered(&header, content, attempts)?;
        let by = if WHOLE_LIVES.contains(&header.ttl) {
            Answer::Router
        } else if is_served {
            Answer::Serves
        } else {
            Answer::Refuses
        };
        Some(Said::Answers { number, by })
    }

    /// Which attempt a packet answers, and whether as to whoever is served.
    fn answered(
        &self,
        header: &Header,
        content: &[u8],
        attempts: &[Attempt],
    ) -> Option<(usize, bool)> {
        let from = header.from;
        let find = |number: usize, by: &dyn Fn(By) -> bool| {
            let attempt = attempts.get(number)?;
            (attempt.address == from && by(attempt.by)).then_some(number)
        };
        match header.protocol {
            IpNextHeaderProtocols::Icmp | IpNextHeaderProtocols::Icmpv6 => {
                // Both versions have the same fields.
                let reply = EchoReplyPacket::new(content)?;
                let kind = match header.from {
                    IpAddr::V4(_) => IcmpTypes::EchoReply.0,
                    IpAddr::V6(_) => Icmpv6Types::EchoReply.0,
                };
                if reply.get_icmp_type().0 != kind {
                    return self.quoted(from, content, attempts).map(|number| (number, false));
                }
                let is_ours = reply.payload() == self.secret.to_be_bytes();
                let number = usize::from(reply.get_sequence_number());
                let number = find(number, &|by| by == By::Ping).filter(|_| is_ours)?;
                Some((number, true))
            }
            IpNextHeaderProtocols::Tcp => {
                let segment = TcpPacket::new(content)?;
                let number = number_of(segment.get_destination())?;
                let number = find(number, &|by| by == By::Tcp(segment.get_source()))?;
                let is_ours = segment.get_acknowledgement() == self.secret.wrapping_add(1);
                let is_made =
                    segment.get_flags() & (TcpFlags::SYN | TcpFlags::RST) == TcpFlags::SYN;
                is_ours.then_some((number, is_made))
            }
            IpNextHeaderProtocols::Udp => {
                let datagram = UdpPacket::new(content)?;
                let number = number_of(datagram.get_destination())?;
                let number = find(number, &|by| by == By::Dns(datagram.get_source()))?;
                let id = datagram.payload().first_chunk()?;
                (u16::from_be_bytes(*id) == self.question_number()).then_some((number, true))
            }
            _ => None,
        }
    }

    /// Which attempt an error of the very host that was tried quotes (RFC 792, RFC 4443); what routers say
    /// of it means that it was not reached.
    fn quoted(&self, from: IpAddr, content: &[u8], attempts: &[Attempt]) -> Option<usize> {
        let error = IcmpPacket::new(content)?;
        // Type, code, sum and four octets more come before the quotation, which may be cut off.
        let (header, quoted, _) = Header::read(content.get(8..)?)?;
        let number = number_of(u16::from_be_bytes(*quoted.first_chunk()?))?;
        let attempt = attempts.get(number)?;
        let kind = match from {
            IpAddr::V4(_) => IcmpTypes::DestinationUnreachable.0,
            IpAddr::V6(_) => Icmpv6Types::DestinationUnreachable.0,
        };
        let is_ours = error.get_icmp_type().0 == kind
            && (header.from, header.to) == (self.address, from)
            && attempt.address == from;
        is_ours.then_some(number)
    }

    fn echo(&self, number: usize, to: IpAddr) -> (IpNextHeaderProtocol, Vec<u8>) {
        let content = self.secret.to_be_bytes();
        let mut octets = vec![0; MutableEchoRequestPacket::minimum_packet_size() + content.len()];
        let mut packet = MutableEchoRequestPacket::new(&mut octets).expect("there is room for it");
        packet.set_identifier((self.secret & 0xffff) as u16);
        packet.set_sequence_number(u16::try_from(number).unwrap_or(u16::MAX));
        packet.set_payload(&content);
        let (protocol, sum) = match to {
            IpAddr::V4(_) => {
                packet.set_icmp_type(IcmpTypes::EchoRequest);
                let sum = IcmpPacket::new(packet.packet()).map(|packet| icmp::checksum(&packet));
                (IpNextHeaderProtocols::Icmp, sum)
            }
            IpAddr::V6(to) => {
                packet.set_icmp_type(IcmpType(Icmpv6Types::EchoRequest.0));
                let sum = Icmpv6Packet::new(packet.packet());
                let sum = sum.map(|it| icmpv6::checksum(&it, &self.address_ipv6(), &to));
                (IpNextHeaderProtocols::Icmpv6, sum)
            }
        };
        packet.set_checksum(sum.unwrap_or_default());
        (protocol, octets)
    }

    fn segment(&self, (own, other): (u16, u16), to: IpAddr, flags: u8, number: u32) -> Vec<u8> {
        let mut octets = vec![0; MutableTcpPacket::minimum_packet_size()];
        let mut packet = MutableTcpPacket::new(&mut octets).expect("there is room for it");
        packet.set_source(own);
        packet.set_destination(other);
        packet.set_sequence(number);
        packet.set_data_offset(5);
        packet.set_flags(flags);
        packet.set_window(1_024);
        let segment = packet.to_immutable();
        let sum = match to {
            IpAddr::V4(to) => tcp::ipv4_checksum(&segment, &self.address_ipv4(), &to),
            IpAddr::V6(to) => tcp::ipv6_checksum(&segment, &self.address_ipv6(), &to),
        };
        packet.set_checksum(sum);
        octets
    }

    fn question(&self, (own, other): (u16, u16), to: IpAddr) -> Vec<u8> {
        let number = self.question_number();
        let mut message = Message::new(number, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        // The root, which every server knows.
        message.add_query(Query::query(Name::root(), RecordType::NS));
        let content = message.to_vec().unwrap_or_default();
        let length = MutableUdpPacket::minimum_packet_size() + content.len();
        let mut octets = vec![0; length];
        let mut packet = MutableUdpPacket::new(&mut octets).expect("there is room for it");
        packet.set_source(own);
        packet.set_destination(other);
        packet.set_length(u16::try_from(length).unwrap_or_default());
        packet.set_payload(&content);
        let datagram = packet.to_immutable();
        let sum = match to {
            IpAddr::V4(to) => udp::ipv4_checksum(&datagram, &self.address_ipv4(), &to),
            IpAddr::V6(to) => udp::ipv6_checksum(&datagram, &self.address_ipv6(), &to),
        };
        packet.set_checksum(sum);
        octets
    }

    const fn question_number(&self) -> u16 {
        (self.secret >> 16) as u16
    }

    fn packet(
        &self,
        to: IpAddr,
        protocol: IpNextHeaderProtocol,
        content: &[u8],
        gateway: Hardware,
    ) -> Vec<u8> {
        let header = Header { from: self.address, to, ttl: TIME_TO_LIVE, protocol };
        let kind = if to.is_ipv4() { EtherTypes::Ipv4 } else { EtherTypes::Ipv6 };
        self.frame(gateway, kind, &header.write(content))
    }

    pub(super) fn frame(&self, to: Hardware, kind: EtherType, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![0; ETHERNET + content.len()];
        let mut frame = MutableEthernetPacket::new(&mut octets).expect("there is room for it");
        frame.set_destination(to.into());
        frame.set_source(self.hardware.into());
        frame.set_ethertype(kind);
        frame.set_payload(content);
        octets
    }
}

/// Where only addresses of one version meet, none of the other comes.
const fn ipv4_of(address: IpAddr) -> Ipv4Addr {
    if let IpAddr::V4(address) = address { address } else { Ipv4Addr::UNSPECIFIED }
}

const fn ipv6_of(address: IpAddr) -> Ipv6Addr {
    if let IpAddr::V6(address) = address { address } else { Ipv6Addr::UNSPECIFIED }
}

fn port_of(number: usize) -> u16 {
    FIRST_PORT.saturating_add(u16::try_from(number).unwrap_or(u16::MAX))
}

fn number_of(port: u16) -> Option<usize> {
    port.checked_sub(FIRST_PORT).map(usize::from)
}

#[cfg(test)]
mod tests;
