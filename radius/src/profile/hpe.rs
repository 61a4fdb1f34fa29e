//! HPE's ArubaOS-Switch and ProCurve (11): rates in kbit/s, seen from the port (Access Security
//! Guide, "RADIUS server support for switch services").
//!
//! Ingress is from the visitor. With several visitors at a port the last egress rate counts for all
//! of them.

use radius_proto::{PacketBuilder, vendor::hp};

use super::{Limits, kilobits};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits) {
    for (attribute, rate) in
        [(hp::BANDWIDTH_MAX_INGRESS, limits.rate.up), (hp::BANDWIDTH_MAX_EGRESS, limits.rate.down)]
    {
        if let Some(rate) = rate {
            packet.vendor_u32(attribute, kilobits(rate));
        }
    }
}
