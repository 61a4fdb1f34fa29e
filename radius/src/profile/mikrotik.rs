//! MikroTik RouterOS (14988): rates as one text `rx/tx` in bit/s, volume with gigawords.
//!
//! The text is written from the router's view, so the visitor's upload stands first. It beats
//! WISPr's attributes, which are therefore left out. 0 is no limit.

use domain::{BitRate, Octets};
use radius_proto::{PacketBuilder, vendor::mikrotik};

use super::{Limits, Unlimited, gigawords};

/// Appends the limits.
pub(super) fn write(packet: &mut PacketBuilder, limits: &Limits, unlimited: Unlimited) {
    let rate = limits.rate;
    let is_said = unlimited == Unlimited::IsSaid;
    if rate.up.is_some() || rate.down.is_some() || is_said {
        let bits = |rate: Option<BitRate>| rate.map_or(0, BitRate::bits_per_second);
        let text = format!("{}/{}", bits(rate.up), bits(rate.down));
        packet.vendor_text(mikrotik::RATE_LIMIT, &text);
    }
    if let Some(data) = limits.data.or(is_said.then_some(Octets::new(0))) {
        let (high, low) = gigawords(data);
        packet.vendor_u32(mikrotik::TOTAL_LIMIT, low);
        packet.vendor_u32(mikrotik::TOTAL_LIMIT_GIGAWORDS, high);
    }
}
