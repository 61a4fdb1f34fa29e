//! Any NAS: WISPr rates; a volume limit has no attribute that all makers share, so it is kept by
//! the controller's Disconnect alone. So it is with makers that have no words of their own for
//! numbers: hostapd, Ruckus, UniFi and Meraki.

use radius_proto::PacketBuilder;

use super::{Limits, wispr};

/// Appends the limits.
pub(super) fn write(accept: &mut PacketBuilder, limits: &Limits) {
    wispr::write(accept, limits.rate);
}
