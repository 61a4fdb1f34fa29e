//! One policy, every maker: what an Accept carries beyond the RFC attributes, profile by profile.
//!
//! A profile writes rate and volume in its maker's words and never another maker's. The limits
//! come in our own units; nothing here knows plans, grants or stores.

mod coova;
mod generic;
mod mikrotik;
mod sabeel;
mod wispr;

use domain::{NasProfile, Octets, RatePair};
use radius_proto::PacketBuilder;

/// What a visitor may use until the NAS asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Octets both ways together; `None` is no limit.
    pub(crate) data: Option<Octets>,
    /// The speed of the device.
    pub(crate) rate: RatePair,
}

/// Appends the limits to an Accept in the words of `profile`.
pub(crate) fn write(profile: NasProfile, accept: &mut PacketBuilder, limits: &Limits) {
    match profile {
        NasProfile::Sabeel => sabeel::write(accept, limits),
        NasProfile::Coova => coova::write(accept, limits),
        NasProfile::Mikrotik => mikrotik::write(accept, limits),
        NasProfile::Generic => generic::write(accept, limits),
    }
}

/// A 64-bit count as gigawords and octets (RFC 2869 §5.1).
fn gigawords(octets: Octets) -> (u32, u32) {
    let low = u32::try_from(octets.get() & u64::from(u32::MAX)).expect("masked to 32 bits");
    let high = u32::try_from(octets.get() >> 32).expect("shifted to 32 bits");
    (high, low)
}

/// A count in 32 bits, or the largest that fits.
fn at_most_u32(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
