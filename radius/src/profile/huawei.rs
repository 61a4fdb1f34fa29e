//! Huawei (2011): average rates in bit/s, input from the visitor ("RADIUS Attributes Supported by the
//! Device").

use radius_proto::{PacketBuilder, vendor::huawei};

use super::{Limits, at_most_u32};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits) {
    for (attribute, rate) in [
        (huawei::INPUT_AVERAGE_RATE, limits.rate.up),
        (huawei::OUTPUT_AVERAGE_RATE, limits.rate.down),
    ] {
        if let Some(rate) = rate {
            packet.vendor_u32(attribute, at_most_u32(rate.bits_per_second()));
        }
    }
}
