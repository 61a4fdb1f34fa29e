//! Our own gateway: WISPr rates, and the volume in ChilliSpot's attribute.

use radius_proto::PacketBuilder;

use super::{Limits, coova, wispr};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits) {
    wispr::write(packet, limits.rate);
    if let Some(data) = limits.data {
        coova::write_volume(packet, data);
    }
}
