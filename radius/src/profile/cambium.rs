//! Cambium (17713): volume with gigawords, written "gigwords"; speeds as WISPr has them.

use radius_proto::{PacketBuilder, vendor::cambium};

use super::{Limits, gigawords, wispr};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits) {
    wispr::write(packet, limits.rate);
    if let Some(data) = limits.data {
        let (high, low) = gigawords(data);
        packet.vendor_u32(cambium::TRAFFIC_QUOTA_LIMIT_TOTAL, low);
        packet.vendor_u32(cambium::TRAFFIC_QUOTA_LIMIT_TOTAL_GIGWORDS, high);
    }
}
