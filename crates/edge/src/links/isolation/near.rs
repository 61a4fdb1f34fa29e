//! How our visitor and the router find each other's hardware addresses: ARP (RFC 826), and neighbour
//! discovery where both are of IPv6 (RFC 4861).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet_packet::arp::{ArpOperations, ArpPacket};
use pnet_packet::ethernet::EtherTypes;
use pnet_packet::icmpv6::ndp::{
    MutableNeighborAdvertPacket, NdpOptionTypes, NeighborAdvertFlags, NeighborAdvertPacket,
    NeighborSolicitPacket,
};
use pnet_packet::icmpv6::{self, Icmpv6Packet, Icmpv6Types};
use pnet_packet::ip::IpNextHeaderProtocols;

use super::packets::{Hardware, Header, Said, Visitor};
use crate::links::arp;
use crate::links::ndp::{self, HOPS, group};

const EVERYBODY: Hardware = [0xff; 6];
/// All stations of a network (RFC 4291 s2.7.1).
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

impl Visitor {
    /// Asks who has an address.
    pub(super) fn ask(&self, wanted: IpAddr) -> Vec<u8> {
        match wanted {
            IpAddr::V4(wanted) => {
                let asked = arp::question((self.hardware, self.address_ipv4()), wanted);
                self.frame(EVERYBODY, EtherTypes::Arp, &asked)
            }
            IpAddr::V6(wanted) => self.solicit(wanted, self.address_ipv6()),
        }
    }

    /// Asks whether somebody else has our address, without saying that we do (RFC 5227 s2.1.1, RFC 4862
    /// s5.4.2).
    pub(super) fn ask_for_own(&self) -> Vec<u8> {
        match self.address {
            IpAddr::V4(own) => {
                let asked = arp::question((self.hardware, Ipv4Addr::UNSPECIFIED), own);
                self.frame(EVERYBODY, EtherTypes::Arp, &asked)
            }
            IpAddr::V6(own) => self.solicit(own, Ipv6Addr::UNSPECIFIED),
        }
    }

    /// Tells who asked that we have our address.
    pub(super) fn tell(&self, (hardware, who): (Hardware, IpAddr)) -> Vec<u8> {
        match who {
            IpAddr::V4(who) => {
                let own = (self.hardware, self.address_ipv4());
                self.frame(hardware, EtherTypes::Arp, &arp::answer(own, (hardware, who)))
            }
            IpAddr::V6(who) => self.advertise(hardware, who),
        }
    }

    pub(super) fn read_arp(&self, octets: &[u8]) -> Option<Said> {
        let packet = ArpPacket::new(octets)?;
        let who = IpAddr::from(packet.get_sender_proto_addr());
        let hardware = packet.get_sender_hw_addr().into();
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

    /// Reads a message of neighbour discovery that came from such a hardware address.
    pub(super) fn read_ndp(
        &self,
        header: &Header,
        content: &[u8],
        hardware: Hardware,
    ) -> Option<Said> {
        if header.ttl != HOPS || hardware == self.hardware {
            return None;
        }
        match Icmpv6Packet::new(content)?.get_icmpv6_type() {
            Icmpv6Types::NeighborSolicit => {
                let packet = NeighborSolicitPacket::new(content)?;
                let is_for_us = packet.get_target_addr() == self.address;
                is_for_us.then_some(Said::Asks { who: header.from, hardware })
            }
            Icmpv6Types::NeighborAdvert => {
                let packet = NeighborAdvertPacket::new(content)?;
                Some(Said::Has { who: packet.get_target_addr().into(), hardware })
            }
            _ => None,
        }
    }

    fn solicit(&self, wanted: Ipv6Addr, own: Ipv6Addr) -> Vec<u8> {
        let asks = (!own.is_unspecified()).then_some(self.hardware);
        let octets = ndp::question(asks, wanted);
        self.ndp(octets, (own, group(wanted)), EVERYBODY)
    }

    fn advertise(&self, hardware: Hardware, who: Ipv6Addr) -> Vec<u8> {
        let mut octets = vec![0; ndp::HEAD + ndp::OPTION];
        let mut packet =
            MutableNeighborAdvertPacket::new(&mut octets).expect("there is room for it");
        packet.set_icmpv6_type(Icmpv6Types::NeighborAdvert);
        packet.set_target_addr(self.address_ipv6());
        packet.set_options(&[ndp::option(NdpOptionTypes::TargetLLAddr, self.hardware)]);
        // Who has no address yet is told with all others (RFC 4861 s7.2.4).
        let (flags, to) = match who.is_unspecified() {
            false => (NeighborAdvertFlags::Solicited | NeighborAdvertFlags::Override, who),
            true => (NeighborAdvertFlags::Override, ALL_NODES),
        };
        packet.set_flags(flags);
        self.ndp(octets, (self.address_ipv6(), to), hardware)
    }

    /// A frame with such a message and its sum; one for a group goes to the group's hardware address.
    fn ndp(&self, mut octets: Vec<u8>, ends: (Ipv6Addr, Ipv6Addr), hardware: Hardware) -> Vec<u8> {
        let (from, to) = ends;
        let sum = Icmpv6Packet::new(&octets).map(|packet| icmpv6::checksum(&packet, &from, &to));
        if let Some(place) = octets.get_mut(2..4) {
            place.copy_from_slice(&sum.unwrap_or_default().to_be_bytes());
        }
        let hardware = match to.octets() {
            // RFC 2464 s7.
            [0xff, .., a, b, c, d] => [0x33, 0x33, a, b, c, d],
            _ => hardware,
        };
        let header = Header {
            from: from.into(),
            to: to.into(),
            ttl: HOPS,
            protocol: IpNextHeaderProtocols::Icmpv6,
        };
        self.frame(hardware, EtherTypes::Ipv6, &header.write(&octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Hardware = *b"\x02SABEL";
    const ROUTER: Hardware = [2, 0, 0, 0, 0, 1];

    fn check(own: &str, gateway: &str, other: &str) {
        let [own, gateway, other] = [own, gateway, other].map(|text| text.parse().unwrap());
        let visitor = Visitor { hardware: OURS, address: own, secret: 0x1234_abcd };
        let router = Visitor { hardware: ROUTER, address: gateway, secret: 0 };
        let asks = Said::Asks { who: gateway, hardware: ROUTER };
        assert_eq!(visitor.read(&router.ask(own), &[]), Some(asks));
        assert_eq!(visitor.read(&router.ask(other), &[]), None);
        let has = Said::Has { who: own, hardware: OURS };
        let told = visitor.tell((ROUTER, gateway));
        assert_eq!(router.read(&told, &[]), Some(has));
        assert_eq!(visitor.read(&told, &[]), None, "we said so");
        for length in 0..told.len() {
            assert_eq!(router.read(&told[..length], &[]), None, "{length} octets");
        }
        // Who looks for an address that is ours is told so, and says not who has it.
        let rival = Visitor { hardware: ROUTER, address: own, secret: 0 };
        let Some(Said::Asks { who, hardware }) = visitor.read(&rival.ask_for_own(), &[]) else {
            panic!("it asks for {own}");
        };
        assert!(who.is_unspecified());
        assert_eq!(rival.read(&visitor.tell((hardware, who)), &[]), Some(has));
    }

    #[test]
    fn who_asks_for_us_is_told() {
        check("10.77.0.250", "10.77.0.1", "10.77.0.9");
        check("2001:db8:77::250", "2001:db8:77::1", "2001:db8:77::9");
        check("2001:db8:77::250", "fe80::1", "2001:db8:77::9");
    }

    #[test]
    fn a_solicitation_goes_to_the_group_of_who_is_looked_for() {
        let address = "2001:db8:77::250".parse().unwrap();
        let visitor = Visitor { hardware: OURS, address, secret: 0 };
        let frame = visitor.ask("2001:db8:77::12:3456".parse().unwrap());
        assert_eq!(frame[..6], [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
        assert_eq!(frame[21], 255, "its hop limit");
        let content = Icmpv6Packet::new(&frame[54..]).unwrap();
        let to = "ff02::1:ff12:3456".parse().unwrap();
        let IpAddr::V6(from) = address else { panic!() };
        assert_eq!(content.get_checksum(), icmpv6::checksum(&content, &from, &to));
        let mut far = visitor.ask_for_own();
        let router = Visitor { hardware: ROUTER, ..visitor };
        assert!(router.read(&far, &[]).is_some());
        far[21] = 254;
        assert_eq!(router.read(&far, &[]), None, "a router passed it on");
    }
}
