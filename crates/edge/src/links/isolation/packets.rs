//! The frames of our visitor: what it sends to get somewhere, and what answers say.
//!
//! An answer that has its whole time to live was made by this router itself, as by a rule that refuses
//! or a portal that takes the place of whoever was asked: nothing got through.

use std::net::Ipv4Addr;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use pnet_packet::arp::{
    ArpHardwareTypes, ArpOperation, ArpOperations, ArpPacket, MutableArpPacket,
};
use pnet_packet::ethernet::{EtherType, EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet_packet::icmp::echo_reply::EchoReplyPacket;
use pnet_packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet_packet::icmp::{IcmpPacket, IcmpTypes};
use pnet_packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet_packet::ipv4::{self, Ipv4Flags, Ipv4Packet, MutableIpv4Packet};
use pnet_packet::tcp::{self, MutableTcpPacket, TcpFlags, TcpPacket};
use pnet_packet::udp::{self, MutableUdpPacket, UdpPacket};
use pnet_packet::{Packet, icmp};

use super::settings::{Attempt, By};

/// The hardware address of a station.
pub(super) type Hardware = [u8; 6];

const EVERYBODY: Hardware = [0xff; 6];
const ETHERNET: usize = EthernetPacket::minimum_packet_size();
const IPV4: usize = Ipv4Packet::minimum_packet_size();
const TIME_TO_LIVE: u8 = 64;
/// What senders begin with; whoever passes a packet on takes one away.
const WHOLE_LIVES: [u8; 3] = [64, 128, 255];
/// From which port the first attempt is made; each has its own.
const FIRST_PORT: u16 = 40_000;

/// Our visitor, and whom it hands its packets to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visitor {
    pub(super) hardware: Hardware,
    pub(super) address: Ipv4Addr,
    /// What only this test knows, in all that it sends.
    pub(super) secret: u32,
}

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Somebody asks for our hardware address.
    Asks { who: Ipv4Addr, hardware: Hardware },
    /// Somebody has an address.
    Has { who: Ipv4Addr, hardware: Hardware },
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

impl Visitor {
    /// Asks who has an address.
    pub(super) fn ask(&self, wanted: Ipv4Addr) -> Vec<u8> {
        self.arp(ArpOperations::Request, (EVERYBODY, wanted), self.address)
    }

    /// Asks whether somebody else has our address, without saying that we do (RFC 5227 s2.1.1).
    pub(super) fn ask_for_own(&self) -> Vec<u8> {
        self.arp(ArpOperations::Request, (EVERYBODY, self.address), Ipv4Addr::UNSPECIFIED)
    }

    /// Tells who asked that we have our address.
    pub(super) fn tell(&self, (hardware, who): (Hardware, Ipv4Addr)) -> Vec<u8> {
        self.arp(ArpOperations::Reply, (hardware, who), self.address)
    }

    /// The frame that tries to reach something.
    pub(super) fn attempt(&self, number: usize, attempt: Attempt, gateway: Hardware) -> Vec<u8> {
        let port = port_of(number);
        let (protocol, content) = match attempt.by {
            By::Ping => (IpNextHeaderProtocols::Icmp, self.echo(number)),
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
        if ethernet.get_ethertype() != EtherTypes::Ipv4
            || Hardware::from(ethernet.get_destination()) != self.hardware
        {
            return None;
        }
        let packet = Ipv4Packet::new(ethernet.payload())?;
        if packet.get_destination() != self.address {
            return None;
        }
        let header = usize::from(packet.get_header_length()) * 4;
        let end = usize::from(packet.get_total_length());
        let content = ethernet.payload().get(header..end)?;
        let (number, is_served) = self.answered(&packet, content, attempts)?;
        let by = if WHOLE_LIVES.contains(&packet.get_ttl()) {
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
        packet: &Ipv4Packet<'_>,
        content: &[u8],
        attempts: &[Attempt],
    ) -> Option<(usize, bool)> {
        let from = packet.get_source();
        let find = |number: usize, by: &dyn Fn(By) -> bool| {
            let attempt = attempts.get(number)?;
            (attempt.address == from && by(attempt.by)).then_some(number)
        };
        match packet.get_next_level_protocol() {
            IpNextHeaderProtocols::Icmp => {
                let reply = EchoReplyPacket::new(content)?;
                if reply.get_icmp_type() != IcmpTypes::EchoReply {
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

    /// Which attempt an error of the very host that was tried quotes (RFC 792); what routers say of it
    /// means that it was not reached.
    fn quoted(&self, from: Ipv4Addr, content: &[u8], attempts: &[Attempt]) -> Option<usize> {
        let error = IcmpPacket::new(content)?;
        // Type, code, sum and four octets more come before the quotation.
        let quotation = content.get(8..)?;
        let quoted = Ipv4Packet::new(quotation)?;
        let header = usize::from(quoted.get_header_length()) * 4;
        let ports = quotation.get(header..)?.first_chunk()?;
        let number = number_of(u16::from_be_bytes(*ports))?;
        let attempt = attempts.get(number)?;
        let is_ours = error.get_icmp_type() == IcmpTypes::DestinationUnreachable
            && quoted.get_source() == self.address
            && quoted.get_destination() == from
            && attempt.address == from;
        is_ours.then_some(number)
    }

    fn read_arp(&self, octets: &[u8]) -> Option<Said> {
        let packet = ArpPacket::new(octets)?;
        let (who, hardware) = (packet.get_sender_proto_addr(), packet.get_sender_hw_addr().into());
        if hardware == self.hardware {
            return None;
        }
        match packet.get_operation() {
            ArpOperations::Request if packet.get_target_proto_addr() == self.address => {
                Some(Said::Asks { who, hardware })
            }
            ArpOperations::Reply => Some(Said::Has { who, hardware }),
            _ => None,
        }
    }

    fn arp(
        &self,
        operation: ArpOperation,
        (hardware, wanted): (Hardware, Ipv4Addr),
        own: Ipv4Addr,
    ) -> Vec<u8> {
        let mut octets = vec![0; MutableArpPacket::minimum_packet_size()];
        let mut packet = MutableArpPacket::new(&mut octets).expect("there is room for it");
        packet.set_hardware_type(ArpHardwareTypes::Ethernet);
        packet.set_protocol_type(EtherTypes::Ipv4);
        packet.set_hw_addr_len(6);
        packet.set_proto_addr_len(4);
        packet.set_operation(operation);
        packet.set_sender_hw_addr(self.hardware.into());
        packet.set_sender_proto_addr(own);
        packet.set_target_proto_addr(wanted);
        if operation == ArpOperations::Reply {
            packet.set_target_hw_addr(hardware.into());
        }
        self.frame(hardware, EtherTypes::Arp, &octets)
    }

    fn echo(&self, number: usize) -> Vec<u8> {
        let content = self.secret.to_be_bytes();
        let mut octets = vec![0; MutableEchoRequestPacket::minimum_packet_size() + content.len()];
        let mut packet = MutableEchoRequestPacket::new(&mut octets).expect("there is room for it");
        packet.set_icmp_type(IcmpTypes::EchoRequest);
        packet.set_identifier((self.secret & 0xffff) as u16);
        packet.set_sequence_number(u16::try_from(number).unwrap_or(u16::MAX));
        packet.set_payload(&content);
        let sum = IcmpPacket::new(packet.packet()).map(|packet| icmp::checksum(&packet));
        packet.set_checksum(sum.unwrap_or_default());
        octets
    }

    fn segment(&self, (own, other): (u16, u16), to: Ipv4Addr, flags: u8, number: u32) -> Vec<u8> {
        let mut octets = vec![0; MutableTcpPacket::minimum_packet_size()];
        let mut packet = MutableTcpPacket::new(&mut octets).expect("there is room for it");
        packet.set_source(own);
        packet.set_destination(other);
        packet.set_sequence(number);
        packet.set_data_offset(5);
        packet.set_flags(flags);
        packet.set_window(1_024);
        let sum = tcp::ipv4_checksum(&packet.to_immutable(), &self.address, &to);
        packet.set_checksum(sum);
        octets
    }

    fn question(&self, (own, other): (u16, u16), to: Ipv4Addr) -> Vec<u8> {
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
        let sum = udp::ipv4_checksum(&packet.to_immutable(), &self.address, &to);
        packet.set_checksum(sum);
        octets
    }

    const fn question_number(&self) -> u16 {
        (self.secret >> 16) as u16
    }

    fn packet(
        &self,
        to: Ipv4Addr,
        protocol: IpNextHeaderProtocol,
        content: &[u8],
        gateway: Hardware,
    ) -> Vec<u8> {
        let length = IPV4 + content.len();
        let mut octets = vec![0; length];
        let mut packet = MutableIpv4Packet::new(&mut octets).expect("there is room for it");
        packet.set_version(4);
        packet.set_header_length(5);
        packet.set_total_length(u16::try_from(length).unwrap_or_default());
        packet.set_flags(Ipv4Flags::DontFragment);
        packet.set_ttl(TIME_TO_LIVE);
        packet.set_next_level_protocol(protocol);
        packet.set_source(self.address);
        packet.set_destination(to);
        packet.set_payload(content);
        let sum = ipv4::checksum(&packet.to_immutable());
        packet.set_checksum(sum);
        self.frame(gateway, EtherTypes::Ipv4, &octets)
    }

    fn frame(&self, to: Hardware, kind: EtherType, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![0; ETHERNET + content.len()];
        let mut frame = MutableEthernetPacket::new(&mut octets).expect("there is room for it");
        frame.set_destination(to.into());
        frame.set_source(self.hardware.into());
        frame.set_ethertype(kind);
        frame.set_payload(content);
        octets
    }
}

fn port_of(number: usize) -> u16 {
    FIRST_PORT.saturating_add(u16::try_from(number).unwrap_or(u16::MAX))
}

fn number_of(port: u16) -> Option<usize> {
    port.checked_sub(FIRST_PORT).map(usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Hardware = *b"\x02SABEL";
    const ROUTER: Hardware = [2, 0, 0, 0, 0, 1];
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 250);
    const VISITOR: Visitor = Visitor { hardware: OURS, address: ADDRESS, secret: 0x1234_abcd };

    fn attempts() -> Vec<Attempt> {
        let texts = ["ping 10.2.0.10", "tcp 10.2.0.10:445", "dns 10.2.0.53"];
        texts.map(|text| text.parse().unwrap()).into()
    }

    /// The answer to an attempt as a host gives it who has this much of its packets' lives left, with the
    /// flags that a segment of TCP has.
    fn answer(number: usize, ttl: u8, flags: u8) -> Vec<u8> {
        let attempt = attempts()[number];
        let mut frame = VISITOR.attempt(number, attempt, ROUTER);
        frame[..6].copy_from_slice(&OURS);
        frame[6..12].copy_from_slice(&ROUTER);
        frame[ETHERNET + 8] = ttl;
        frame[ETHERNET + 12..ETHERNET + 16].copy_from_slice(&attempt.address.octets());
        frame[ETHERNET + 16..ETHERNET + 20].copy_from_slice(&ADDRESS.octets());
        let content = &mut frame[ETHERNET + IPV4..];
        match attempt.by {
            By::Ping => content[0] = 0,
            By::Tcp(_) => {
                content[..4].rotate_left(2);
                content[8..12].copy_from_slice(&(VISITOR.secret + 1).to_be_bytes());
                content[13] = flags;
            }
            By::Dns(_) => content[..4].rotate_left(2),
        }
        frame
    }

    fn said(number: usize, by: Answer) -> Option<Said> {
        Some(Said::Answers { number, by })
    }

    #[test]
    fn frames_have_their_sums() {
        for (number, attempt) in attempts().into_iter().enumerate() {
            let frame = VISITOR.attempt(number, attempt, ROUTER);
            assert_eq!(frame[..6], ROUTER);
            let header = &frame[ETHERNET..ETHERNET + IPV4];
            assert_eq!(pnet_packet::util::checksum(header, usize::MAX), 0);
            let content = &frame[ETHERNET + IPV4..];
            let sum = match attempt.by {
                By::Ping => pnet_packet::util::checksum(content, usize::MAX),
                By::Tcp(_) => {
                    let packet = TcpPacket::new(content).unwrap();
                    packet.get_checksum() ^ tcp::ipv4_checksum(&packet, &ADDRESS, &attempt.address)
                }
                By::Dns(_) => {
                    let packet = UdpPacket::new(content).unwrap();
                    packet.get_checksum() ^ udp::ipv4_checksum(&packet, &ADDRESS, &attempt.address)
                }
            };
            assert_eq!(sum, 0, "{attempt}");
        }
    }

    #[test]
    fn an_answer_of_a_host_is_told_from_one_of_the_router() {
        let made = TcpFlags::SYN | TcpFlags::ACK;
        let refused = TcpFlags::RST | TcpFlags::ACK;
        for (number, ttl, flags, by) in [
            (0, 63, 0, Answer::Serves),
            (0, 64, 0, Answer::Router),
            (1, 127, made, Answer::Serves),
            (1, 63, refused, Answer::Refuses),
            (1, 64, refused, Answer::Router),
            (1, 255, made, Answer::Router),
            (2, 62, 0, Answer::Serves),
        ] {
            let frame = answer(number, ttl, flags);
            assert_eq!(VISITOR.read(&frame, &attempts()), said(number, by), "{number} {ttl}");
        }
    }

    #[test]
    fn an_error_counts_only_from_the_very_host_that_was_tried() {
        let tried = VISITOR.attempt(2, attempts()[2], ROUTER);
        let error = |from: [u8; 4]| {
            let mut content = vec![3, 3, 0, 0, 0, 0, 0, 0];
            content.extend(&tried[ETHERNET..ETHERNET + IPV4 + 8]);
            let packet = VISITOR.packet(ADDRESS, IpNextHeaderProtocols::Icmp, &content, OURS);
            let mut packet = packet;
            packet[ETHERNET + 8] = 63;
            packet[ETHERNET + 12..ETHERNET + 16].copy_from_slice(&from);
            packet
        };
        let read = |from| VISITOR.read(&error(from), &attempts());
        assert_eq!(read([10, 2, 0, 53]), said(2, Answer::Refuses));
        assert_eq!(read([192, 0, 2, 2]), None);
    }

    #[test]
    fn what_answers_nothing_of_ours_says_nothing() {
        let made = TcpFlags::SYN | TcpFlags::ACK;
        let good = answer(1, 63, made);
        let other = Visitor { secret: 7, ..VISITOR };
        for number in 0..3 {
            assert_eq!(other.read(&answer(number, 63, made), &attempts()), None);
        }
        for length in 0..good.len() {
            assert_eq!(VISITOR.read(&good[..length], &attempts()), None, "{length} octets");
        }
        assert_eq!(VISITOR.read(&good, &attempts()[..1]), None, "there is no such attempt");
        let mut elsewhere = good;
        elsewhere[ETHERNET + 15] = 11;
        assert_eq!(VISITOR.read(&elsewhere, &attempts()), None, "another host");
    }

    #[test]
    fn who_asks_for_us_is_told() {
        let router = Visitor { hardware: ROUTER, address: [10, 77, 0, 1].into(), secret: 0 };
        let asks = Said::Asks { who: router.address, hardware: ROUTER };
        assert_eq!(VISITOR.read(&router.ask(ADDRESS), &[]), Some(asks));
        assert_eq!(VISITOR.read(&router.ask([10, 77, 0, 9].into()), &[]), None);
        let has = Said::Has { who: ADDRESS, hardware: OURS };
        let told = VISITOR.tell((ROUTER, router.address));
        assert_eq!(router.read(&told, &[]), Some(has));
        assert_eq!(VISITOR.read(&told, &[]), None, "we said so");
    }
}
