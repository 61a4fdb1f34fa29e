//! CoovaChilli and what speaks like it (14559): rates in kbit/s, volume with gigawords.
//!
//! CoovaChilli reads its own attributes before WISPr's; others of its kind know only one of them.

use radius_proto::{PacketBuilder, vendor::chillispot};

use super::{Limits, at_most_u32, gigawords, wispr};

/// Appends the limits.
pub(super) fn write(accept: &mut PacketBuilder, limits: &Limits) {
    if let Some(up) = limits.rate.up {
        accept.vendor_u32(chillispot::BANDWIDTH_MAX_UP, at_most_u32(up.kilobits_per_second()));
    }
    if let Some(down) = limits.rate.down {
        accept.vendor_u32(chillispot::BANDWIDTH_MAX_DOWN, at_most_u32(down.kilobits_per_second()));
    }
    wispr::write(accept, limits.rate);
    write_volume(accept, limits);
}

/// Appends the volume, if it is limited.
pub(super) fn write_volume(accept: &mut PacketBuilder, limits: &Limits) {
    if let Some(data) = limits.data {
        let (high, low) = gigawords(data);
        accept.vendor_u32(chillispot::MAX_TOTAL_OCTETS, low);
        accept.vendor_u32(chillispot::MAX_TOTAL_GIGAWORDS, high);
    }
}
