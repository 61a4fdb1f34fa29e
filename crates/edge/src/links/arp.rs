//! Packets of ARP for IPv4 over Ethernet (RFC 826), as probes and our visitor send them; how they travel
//! is for these to know.

use std::net::Ipv4Addr;

use pnet_packet::arp::{ArpHardwareTypes, ArpOperation, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::EtherTypes;

/// A hardware address, and who has it.
pub(super) type Station = ([u8; 6], Ipv4Addr);

/// A station asks who has an address.
pub(super) fn question(asks: Station, wanted: Ipv4Addr) -> Vec<u8> {
    packet(ArpOperations::Request, asks, ([0; 6], wanted))
}

/// A station tells another one that it has its address.
pub(super) fn answer(has: Station, to: Station) -> Vec<u8> {
    packet(ArpOperations::Reply, has, to)
}

fn packet(operation: ArpOperation, sender: Station, target: Station) -> Vec<u8> {
    let mut octets = vec![0; MutableArpPacket::minimum_packet_size()];
    let mut packet = MutableArpPacket::new(&mut octets).expect("there is room for it");
    packet.set_hardware_type(ArpHardwareTypes::Ethernet);
    packet.set_protocol_type(EtherTypes::Ipv4);
    packet.set_hw_addr_len(6);
    packet.set_proto_addr_len(4);
    packet.set_operation(operation);
    packet.set_sender_hw_addr(sender.0.into());
    packet.set_sender_proto_addr(sender.1);
    packet.set_target_hw_addr(target.0.into());
    packet.set_target_proto_addr(target.1);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Station = ([2, 0, 0, 0, 0, 7], Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: Station = ([2, 0, 0, 0, 0, 9], Ipv4Addr::new(192, 0, 2, 9));

    #[test]
    fn questions_and_answers_are_as_rfc_826_has_them() {
        let asked = [
            0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 7, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9,
        ];
        assert_eq!(question(OWN, OTHER.1), asked);
        let answered = [
            0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9, 192, 0, 2, 9, 2, 0, 0, 0, 0, 7, 192, 0, 2, 1,
        ];
        assert_eq!(answer(OTHER, OWN), answered);
    }
}
