//! Terms in RADIUS words: the same whole set in an Access-Accept and in a change, since some
//! access points forget what a later packet does not repeat.
//!
//! An Accept counts from its own moment. A change finds a session whose counters run already, and
//! makers differ in whether they compare its limits with them.

use std::time::Duration;

use domain::{NasProfile, Session, Terms, Timestamp};
use radius_proto::{PacketBuilder, attribute};

use crate::profile::{self, Counting, Limits, Unlimited};

/// Appends the terms of a session that begins.
pub(crate) fn write(packet: &mut PacketBuilder, terms: &Terms, profile: NasProfile) {
    write_times(packet, terms, profile);
    let limits = Limits { data: terms.data, rate: terms.rate };
    profile::write(profile, packet, &limits, Unlimited::IsLeftOut);
}

/// Appends the terms of a session that goes on.
pub(crate) fn write_change(
    packet: &mut PacketBuilder,
    terms: &Terms,
    profile: NasProfile,
    session: &Session,
    now: Timestamp,
) {
    let terms = match profile::counting(profile) {
        Counting::FromNow => terms.clone(),
        Counting::FromStart => Terms {
            time: terms.time + now.since(session.started_at),
            data: terms.data.map(|left| left + session.usage.total()),
            ..terms.clone()
        },
    };
    write_times(packet, &terms, profile);
    let limits = Limits { data: terms.data, rate: terms.rate };
    profile::write(profile, packet, &limits, Unlimited::IsSaid);
}

fn write_times(packet: &mut PacketBuilder, terms: &Terms, profile: NasProfile) {
    let interim_interval = terms.interim_interval.max(profile.least_interim());
    packet
        .u32(attribute::SESSION_TIMEOUT, seconds(terms.time))
        .u32(attribute::IDLE_TIMEOUT, seconds(terms.idle_timeout))
        .u32(attribute::ACCT_INTERIM_INTERVAL, seconds(interim_interval));
}

/// Whole seconds, at least one: a zero would mean no limit to some makers.
fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1)
}
