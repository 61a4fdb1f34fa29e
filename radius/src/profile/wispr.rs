//! WISPr's bandwidth attributes (14122), in bit/s: what most makers understand.

use domain::RatePair;
use radius_proto::{PacketBuilder, vendor::wispr};

use super::at_most_u32;

/// Appends the rates that are limited.
pub(super) fn write(accept: &mut PacketBuilder, rate: RatePair) {
    if let Some(up) = rate.up {
        accept.vendor_u32(wispr::BANDWIDTH_MAX_UP, at_most_u32(up.bits_per_second()));
    }
    if let Some(down) = rate.down {
        accept.vendor_u32(wispr::BANDWIDTH_MAX_DOWN, at_most_u32(down.bits_per_second()));
    }
}
