//! Questions of neighbour discovery (RFC 4861 s4.3) over Ethernet, as probes and our visitor ask them; how they
//! travel, with which sum, is for these to know.

use std::net::Ipv6Addr;

use pnet_packet::icmpv6::Icmpv6Types;
use pnet_packet::icmpv6::ndp::{
    MutableNeighborSolicitPacket, NdpOption, NdpOptionType, NdpOptionTypes,
};

/// What comes with a lower hop limit came from another network (RFC 4861 s7.1.1, s7.1.2).
pub(super) const HOPS: u8 = 255;
/// Octets before options, and of the option with a hardware address.
pub(super) const HEAD: usize = 24;
pub(super) const OPTION: usize = 8;

/// Somebody with that hardware address asks who has an address, without a sum. Who has no address yet says
/// nothing of the hardware's.
pub(super) fn question(asks: Option<[u8; 6]>, wanted: Ipv6Addr) -> Vec<u8> {
    let mut octets = vec![0; HEAD + asks.map_or(0, |_| OPTION)];
    let mut packet = MutableNeighborSolicitPacket::new(&mut octets).expect("there is room for it");
    packet.set_icmpv6_type(Icmpv6Types::NeighborSolicit);
    packet.set_target_addr(wanted);
    if let Some(hardware) = asks {
        packet.set_options(&[option(NdpOptionTypes::SourceLLAddr, hardware)]);
    }
    octets
}

/// To which group of multicast whoever has an address listens (RFC 4291 s2.7.1).
pub(super) fn group(address: Ipv6Addr) -> Ipv6Addr {
    const GROUPS: u128 = 0xff02_0000_0000_0000_0000_0001_ff00_0000;
    Ipv6Addr::from_bits(GROUPS | address.to_bits() & 0xff_ffff)
}

/// The option that says which hardware address somebody has.
pub(super) fn option(option_type: NdpOptionType, hardware: [u8; 6]) -> NdpOption {
    NdpOption { option_type, length: 1, data: hardware.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0x1234, 0x5678);

    #[test]
    fn a_question_is_as_rfc_4861_has_it() {
        let octets = question(Some([2, 0, 0, 0, 0, 7]), OWN);
        assert_eq!(octets[..8], [135, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(octets[8..24], OWN.octets());
        assert_eq!(octets[24..], [1, 1, 2, 0, 0, 0, 0, 7]);
        assert_eq!(question(None, OWN), octets[..24]);
        assert_eq!(group(OWN).to_string(), "ff02::1:ff34:5678");
    }
}
