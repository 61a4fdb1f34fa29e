//! CoovaChilli and what speaks like it (14559): rates in kbit/s, volume with gigawords.
//!
//! CoovaChilli reads its own attributes before WISPr's; others of its kind know only one of them.
//! uspot reads the same, the gigawords 21 to 23 included. 0 is no limit.

use domain::Octets;
use radius_proto::{PacketBuilder, vendor::chillispot};

use super::{Limits, Unlimited, gigawords, kilobits, wispr};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits, unlimited: Unlimited) {
    for (attribute, rate) in [
        (chillispot::BANDWIDTH_MAX_UP, limits.rate.up),
        (chillispot::BANDWIDTH_MAX_DOWN, limits.rate.down),
    ] {
        if rate.is_some() || unlimited == Unlimited::IsSaid {
            packet.vendor_u32(attribute, rate.map_or(0, kilobits));
        }
    }
    wispr::write(packet, limits.rate);
    let no_limit = (unlimited == Unlimited::IsSaid).then_some(Octets::new(0));
    if let Some(data) = limits.data.or(no_limit) {
        write_volume(packet, data);
    }
}

/// Appends a volume.
pub(super) fn write_volume(packet: &mut PacketBuilder, data: Octets) {
    let (high, low) = gigawords(data);
    packet.vendor_u32(chillispot::MAX_TOTAL_OCTETS, low);
    packet.vendor_u32(chillispot::MAX_TOTAL_GIGAWORDS, high);
}
