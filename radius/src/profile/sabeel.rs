//! Our own gateway: WISPr rates, and the volume in ChilliSpot's attribute.

use radius_proto::PacketBuilder;

use super::{Limits, coova, wispr};

/// Appends the limits.
pub(super) fn write(accept: &mut PacketBuilder, limits: &Limits) {
    wispr::write(accept, limits.rate);
    coova::write_volume(accept, limits);
}
