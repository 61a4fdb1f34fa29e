//! How an access point wants to be spoken to: how much of what is known of a session is said,
//! whether the access point is called by its name, and what proves the request.
//!
//! An access point must refuse a request with an attribute that it does not support (RFC 5176
//! §3), and what it supports differs: hostapd takes none that names port or address, some switches
//! only the device. So everything is said first, but to makers of whom more is known; and less to
//! one that refused it. What an access point took is remembered, so that the next request is right
//! at once.

use std::collections::HashMap;

use domain::{Nas, NasName, NasProfile};
use radius_proto::dictionary::enumeration::ErrorCause;

use super::lane::Answer;

/// Access points whose manner is remembered; beyond it all are asked anew.
const MOST: usize = 4_096;

/// How an access point is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Manner {
    pub(super) extent: Extent,
    pub(super) naming: Naming,
    pub(super) proof: Proof,
}

/// How much is said to identify a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    /// All that is known.
    #[default]
    Whole,
    /// What names user, device and session, not where they are.
    Persons,
    /// Device and session alone.
    Least,
}

/// Whether the access point is called by its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Naming {
    /// As it calls itself, or else as the admin does.
    #[default]
    Named,
    /// Not at all, for one that knows itself under another name; RFC 5176 §3 allows it.
    Unnamed,
}

/// What proves a request beside its authenticator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Proof {
    /// Message-Authenticator and Event-Timestamp.
    #[default]
    Whole,
    /// Neither. The request can be repeated by who saw it; for one that refuses both.
    Least,
}

impl Manner {
    /// How to begin with an access point of that maker.
    ///
    /// hostapd takes nothing that names a place (`radius_das.c`). uspot refuses what it does not
    /// know, Message-Authenticator and Event-Timestamp included, and gives no Error-Cause
    /// (`radius-das.c`). Cisco names sessions by Calling-Station-Id and Acct-Session-Id ("RFC 5176
    /// Compliance"), and so does Meraki.
    pub(super) const fn first(profile: NasProfile) -> Self {
        let (extent, proof) = match profile {
            NasProfile::Hostapd => (Extent::Persons, Proof::Whole),
            NasProfile::Uspot => (Extent::Persons, Proof::Least),
            NasProfile::Cisco | NasProfile::Meraki => (Extent::Least, Proof::Whole),
            NasProfile::Sabeel
            | NasProfile::Coova
            | NasProfile::Mikrotik
            | NasProfile::Aruba
            | NasProfile::Ruckus
            | NasProfile::SmartZone
            | NasProfile::Unifi
            | NasProfile::UnifiApi
            | NasProfile::Opennds
            | NasProfile::MerakiClickThrough
            | NasProfile::Hpe
            | NasProfile::Cambium
            | NasProfile::Huawei
            | NasProfile::Fortinet
            | NasProfile::Omada
            | NasProfile::OmadaApi
            | NasProfile::Pfsense
            | NasProfile::Opnsense
            | NasProfile::Generic => (Extent::Whole, Proof::Whole),
        };
        Self { extent, naming: Naming::Named, proof }
    }

    /// How to say it instead, if the answer asks for that.
    pub(super) fn instead(self, answer: Answer) -> Option<Self> {
        let Answer::Nak(cause) = answer else { return None };
        match (ErrorCause::from(cause), self.extent, self.naming) {
            (ErrorCause::UnsupportedAttribute, Extent::Whole, _) => {
                Some(Self { extent: Extent::Persons, ..self })
            }
            (ErrorCause::UnsupportedAttribute, Extent::Persons, _) => {
                Some(Self { extent: Extent::Least, ..self })
            }
            (ErrorCause::UnsupportedAttribute, Extent::Least, Naming::Named)
            | (ErrorCause::NasIdentificationMismatch, _, Naming::Named) => {
                Some(Self { naming: Naming::Unnamed, ..self })
            }
            _ => None,
        }
    }
}

/// The manners that access points took, as long as their makers were not changed.
#[derive(Debug, Default)]
pub(super) struct Manners(HashMap<NasName, (NasProfile, Manner)>);

impl Manners {
    /// How to begin with an access point.
    pub(super) fn of(&self, nas: &Nas) -> Manner {
        let known = self.0.get(&nas.name).filter(|(profile, _)| *profile == nas.profile);
        known.map_or(Manner::first(nas.profile), |(_, manner)| *manner)
    }

    /// Remembers what an access point took.
    pub(super) fn remember(&mut self, nas: &Nas, manner: Manner) {
        if manner == Manner::first(nas.profile) {
            self.0.remove(&nas.name);
            return;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(nas.name.clone(), (nas.profile, manner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_is_said_until_nothing_less_could_be() {
        let refused = |cause: ErrorCause| Answer::Nak(cause.into());
        let path = |first: Manner, answer: Answer| {
            std::iter::successors(Some(first), |manner| manner.instead(answer)).count()
        };
        let first = Manner::default();
        assert_eq!(path(first, refused(ErrorCause::UnsupportedAttribute)), 4);
        assert_eq!(path(first, refused(ErrorCause::NasIdentificationMismatch)), 2);
        for answer in [Answer::Ack, Answer::Nothing, refused(ErrorCause::SessionContextNotFound)] {
            assert_eq!(path(first, answer), 1, "{answer:?}");
        }
    }
}
