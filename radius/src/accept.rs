//! What an Access-Accept says: the terms of an admission, and what sets it apart.
//!
//! Message-Authenticator and Proxy-State are the builder's.

use domain::{NasProfile, Terms, Timestamp};
use radius_proto::{PacketBuilder, attribute};

use crate::authorise::Admission;
use crate::class::Class;
use crate::terms;

/// What differs between two Accepts of one admission.
#[derive(Debug, Clone)]
pub(crate) struct Particulars {
    /// When the Accept is written.
    pub(crate) now: Timestamp,
    /// When the site closes.
    pub(crate) closes_at: Option<Timestamp>,
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
    let Admission { grant, terms } = admission;
    let time = admission.time(particulars.closes_at, particulars.now);
    terms::write(accept, &Terms { time, ..terms.clone() }, profile);
    let class = Class { grant: grant.id, token: particulars.token, speed: terms.speed };
    accept.octets(attribute::CLASS, &class.octets());
    if let Some(identity) = &particulars.identity {
        accept.text(attribute::CHARGEABLE_USER_IDENTITY, identity);
    }
}

#[cfg(test)]
mod tests;
