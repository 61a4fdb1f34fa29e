//! One policy, every maker: what an Accept or change carries beyond the RFC attributes, profile by profile.
//!
//! A profile writes rate and volume in its maker's words and never another maker's. The limits
//! come in our own units; nothing here knows plans, grants or stores.

mod cambium;
mod cisco;
mod coova;
mod generic;
mod hpe;
mod huawei;
mod mikrotik;
mod pfsense;
mod sabeel;
mod wispr;

use domain::{BitRate, NasProfile, Octets, RatePair};
use radius_proto::PacketBuilder;

/// What a visitor may use until the NAS asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Octets both ways together; `None` is no limit.
    pub(crate) data: Option<Octets>,
    /// The speed of the device.
    pub(crate) rate: RatePair,
}

/// How it is said that something has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlimited {
    /// Not at all: in an Accept nothing was said before.
    IsLeftOut,
    /// In so many words, where the maker has them: a change must take an earlier limit back.
    IsSaid,
}

/// What a maker compares the limits of a change with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Time and octets since the session began, as accounting counts them.
    FromStart,
    /// What is used from then on.
    FromNow,
}

/// What a maker compares the limits of a change with.
pub(crate) const fn counting(profile: NasProfile) -> Counting {
    match profile {
        NasProfile::Sabeel => Counting::FromNow,
        _ => Counting::FromStart,
    }
}

/// Appends the limits in the words of `profile`.
pub(crate) fn write(
    profile: NasProfile,
    packet: &mut PacketBuilder,
    limits: &Limits,
    unlimited: Unlimited,
) {
    match profile {
        NasProfile::Sabeel => sabeel::write(packet, limits),
        NasProfile::Coova | NasProfile::Uspot => coova::write(packet, limits, unlimited),
        NasProfile::Mikrotik => mikrotik::write(packet, limits, unlimited),
        NasProfile::Cisco => cisco::write(packet, limits),
        NasProfile::Hpe => hpe::write(packet, limits),
        NasProfile::Cambium => cambium::write(packet, limits),
        NasProfile::Huawei => huawei::write(packet, limits),
        NasProfile::Pfsense => pfsense::write(packet, limits),
        // Speeds come with the role that the controller gives, or not at all.
        NasProfile::Aruba | NasProfile::Fortinet | NasProfile::Opnsense => {}
        NasProfile::Hostapd
        | NasProfile::Ruckus
        | NasProfile::SmartZone
        | NasProfile::Unifi
        | NasProfile::UnifiApi
        | NasProfile::Opennds
        | NasProfile::Meraki
        | NasProfile::MerakiClickThrough
        | NasProfile::Omada
        | NasProfile::OmadaApi
        | NasProfile::Generic => generic::write(packet, limits),
    }
}

/// A 64-bit count as gigawords and octets (RFC 2869 §5.1).
fn gigawords(octets: Octets) -> (u32, u32) {
    let low = u32::try_from(octets.get() & u64::from(u32::MAX)).expect("masked to 32 bits");
    let high = u32::try_from(octets.get() >> 32).expect("shifted to 32 bits");
    (high, low)
}

/// A rate in kbit/s, never zero.
fn kilobits(rate: BitRate) -> u32 {
    at_most_u32(rate.kilobits_per_second())
}

/// A count in 32 bits, or the largest that fits.
fn at_most_u32(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
