//! Cisco's wireless controllers: bandwidth contracts of Airespace (14179), in kbit/s.
//!
//! A contract for data limits TCP alone and one for real-time traffic UDP alone (Cisco 113682,
//! "Bi-Directional Rate Limiting"), so each is written twice. Those without "Upstream" in their name are
//! for what goes to the visitor. Catalyst 9800 takes policies by name instead, and no numbers.

use radius_proto::{PacketBuilder, vendor::airespace};

use super::{Limits, kilobits};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits) {
    if let Some(down) = limits.rate.down.map(kilobits) {
        packet.vendor_u32(airespace::DATA_BANDWIDTH_AVERAGE_CONTRACT, down);
        packet.vendor_u32(airespace::REAL_TIME_BANDWIDTH_AVERAGE_CONTRACT, down);
    }
    if let Some(up) = limits.rate.up.map(kilobits) {
        packet.vendor_u32(airespace::DATA_BANDWIDTH_AVERAGE_CONTRACT_UPSTREAM, up);
        packet.vendor_u32(airespace::REAL_TIME_BANDWIDTH_AVERAGE_CONTRACT_UPSTREAM, up);
    }
}
