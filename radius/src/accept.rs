//! What an Access-Accept says: the terms of an admission in RADIUS words.
//!
//! Message-Authenticator and Proxy-State are the builder's; the maker's own attributes are the
//! profile's. Everything the NAS needs stands in every Accept, since some forget what a later
//! one does not repeat.

use std::time::Duration;

use domain::{NasProfile, Speed, Timestamp};
use radius_proto::{PacketBuilder, attribute};

use crate::authorise::Admission;
use crate::class::Class;
use crate::profile::{self, Limits};

/// The shortest Acct-Interim-Interval that may be sent (RFC 2869 §5.16).
const LEAST_INTERIM: Duration = Duration::from_secs(60);

/// What differs between two Accepts of one admission.
#[derive(Debug, Clone)]
pub(crate) struct Particulars {
    /// When the Accept is written.
    pub(crate) now: Timestamp,
    /// Eight octets for Class that no other Accept carries.
    pub(crate) token: [u8; 8],
    /// The visitor's identity for others, if the request asked for one.
    pub(crate) identity: Option<String>,
}

/// Appends the terms of an admission, in the words of `profile`.
pub(crate) fn write(
    accept: &mut PacketBuilder,
    admission: &Admission,
    profile: NasProfile,
    particulars: &Particulars,
) {
    let Admission { grant, plan, remaining } = admission;
    let class = Class { grant: grant.id, token: particulars.token, speed: Speed::Full };
    accept
        .u32(attribute::SESSION_TIMEOUT, seconds(session_time(admission, particulars.now)))
        .u32(attribute::IDLE_TIMEOUT, seconds(plan.idle_timeout))
        .u32(attribute::ACCT_INTERIM_INTERVAL, seconds(plan.interim_interval.max(LEAST_INTERIM)))
        .octets(attribute::CLASS, &class.octets());
    if let Some(identity) = &particulars.identity {
        accept.text(attribute::CHARGEABLE_USER_IDENTITY, identity);
    }
    profile::write(profile, accept, &Limits { data: remaining.data, rate: plan.rate });
}

/// What is left of the allowance, but never beyond the grant's end.
fn session_time(admission: &Admission, now: Timestamp) -> Duration {
    let granted = admission.grant.until.since(now);
    admission.remaining.time.map_or(granted, |left| left.min(granted))
}

/// Whole seconds, at least one: a zero would mean no limit to some makers.
fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
