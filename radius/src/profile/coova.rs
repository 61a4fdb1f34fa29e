//! CoovaChilli and what speaks like it (14559): rates in kbit/s, volume with gigawords.
//!
//! CoovaChilli reads its own attributes before WISPr's; others of its kind know only one of them.
//! 0 is no limit.

use domain::{BitRate, Octets};
use radius_proto::{PacketBuilder, vendor::chillispot};

use super::{Limits, Unlimited, at_most_u32, gigawords, wispr};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits, unlimited: Unlimited) {
    for (attribute, rate) in [
        (chillispot::BANDWIDTH_MAX_UP, limits.rate.up),
        (chillispot::BANDWIDTH_MAX_DOWN, limits.rate.down),
    ] {
        if rate.is_some() || unlimited == Unlimited::IsSaid {
            let kilobits = rate.map_or(0, BitRate::kilobits_per_second);
            packet.vendor_u32(attribute, at_most_u32(kilobits));
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
