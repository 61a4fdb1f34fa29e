//! How an access point wants to be spoken to: how much of what is known of a session is said, and
//! whether the access point is called by its name.
//!
//! An access point must refuse a request with an attribute that it does not support (RFC 5176
//! §3), and what it supports differs: hostapd takes none that names port or address, some switches
//! only the device. So everything is said first, and less to one that refused it. What an access
//! point took is remembered, so that the next request is right at once.

use std::collections::HashMap;

use domain::NasName;
use radius_proto::dictionary::enumeration::ErrorCause;

use super::lane::Answer;

/// Access points whose manner is remembered; beyond it all are asked anew.
const MOST: usize = 4_096;

/// How an access point is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Manner {
    pub(super) extent: Extent,
    pub(super) naming: Naming,
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

impl Manner {
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
            (ErrorCause::NasIdentificationMismatch, _, Naming::Named) => {
                Some(Self { naming: Naming::Unnamed, ..self })
            }
            _ => None,
        }
    }
}

/// The manners that access points took.
#[derive(Debug, Default)]
pub(super) struct Manners(HashMap<NasName, Manner>);

impl Manners {
    /// How to begin with an access point.
    pub(super) fn of(&self, nas: &NasName) -> Manner {
        self.0.get(nas).copied().unwrap_or_default()
    }

    /// Remembers what an access point took.
    pub(super) fn remember(&mut self, nas: &NasName, manner: Manner) {
        if manner == Manner::default() {
            self.0.remove(nas);
            return;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(nas.clone(), manner);
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
        assert_eq!(path(first, refused(ErrorCause::UnsupportedAttribute)), 3);
        assert_eq!(path(first, refused(ErrorCause::NasIdentificationMismatch)), 2);
        for answer in [Answer::Ack, Answer::Nothing, refused(ErrorCause::SessionContextNotFound)] {
            assert_eq!(path(first, answer), 1, "{answer:?}");
        }
    }
}
