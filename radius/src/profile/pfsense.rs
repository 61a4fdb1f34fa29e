//! pfSense (13644): rates in bit/s; volume in 32 bits, so that what is more is told as the largest
//! that fits, and the next login has the rest.

use radius_proto::{PacketBuilder, vendor::pfsense};

use super::{Limits, at_most_u32};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits) {
    for (attribute, rate) in [
        (pfsense::BANDWIDTH_MAX_UP, limits.rate.up),
        (pfsense::BANDWIDTH_MAX_DOWN, limits.rate.down),
    ] {
        if let Some(rate) = rate {
            packet.vendor_u32(attribute, at_most_u32(rate.bits_per_second()));
        }
    }
    if let Some(data) = limits.data {
        packet.vendor_u32(pfsense::MAX_TOTAL_OCTETS, at_most_u32(data.get()));
    }
}
