//! MikroTik RouterOS (14988): rates as one text `rx/tx` in bit/s, volume with gigawords.
//!
//! The text is written from the router's view, so the visitor's upload stands first. It beats
//! WISPr's attributes, which are therefore left out. 0 is no limit.

use domain::BitRate;
use radius_proto::{PacketBuilder, vendor::mikrotik};

use super::{Limits, gigawords};

/// Appends the limits.
pub(super) fn write(accept: &mut PacketBuilder, limits: &Limits) {
    let rate = limits.rate;
    if rate.up.is_some() || rate.down.is_some() {
        let bits = |rate: Option<BitRate>| rate.map_or(0, BitRate::bits_per_second);
        let text = format!("{}/{}", bits(rate.up), bits(rate.down));
        accept.vendor_text(mikrotik::RATE_LIMIT, &text);
    }
    if let Some(data) = limits.data {
        let (high, low) = gigawords(data);
        accept.vendor_u32(mikrotik::TOTAL_LIMIT, low);
        accept.vendor_u32(mikrotik::TOTAL_LIMIT_GIGAWORDS, high);
    }
}
