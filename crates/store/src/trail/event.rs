//! One event of the trail, and its compact form: a frame around a version octet and postcard's
//! encoding, ids and addresses as their octets.

use std::net::SocketAddr;

use domain::{AccountId, GrantId, MacAddress, NasName, OrderAnswer, OrderId, Speed, Timestamp};
use serde::{Deserialize, Serialize};

use crate::frame;
use crate::key_filter::Key;

/// No event is longer: names and labels are short, and Acct-Session-Id is that of a packet.
const LONGEST: usize = 640;
/// The version of the payload.
const VERSION: u8 = 1;

/// What became of a packet, or of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailEvent<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// The access point's name; `None` for a sender that is none.
    pub nas: Option<&'a str>,
    /// Where the packet came from.
    pub source: Option<SocketAddr>,
    /// Which device it was about; of a packet that proved nothing, as it claims.
    #[serde(with = "compact::device")]
    pub device: Option<MacAddress>,
    /// Whose grant decided.
    #[serde(with = "compact::id")]
    pub account: Option<AccountId>,
    /// Which grant decided.
    #[serde(with = "compact::id")]
    pub grant: Option<GrantId>,
    /// The access point's name for the stay (Acct-Session-Id), if the request had it.
    pub acct_session_id: Option<&'a str>,
    /// What became of it.
    pub what: TrailKind<'a>,
}

/// What became of it. Reasons are the labels of the RADIUS server's outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrailKind<'a> {
    /// Access was granted.
    Accepted {
        /// The outcome, such as `accepted-from-memory`.
        outcome: &'a str,
        /// What the Accept said.
        given: Given,
    },
    /// Access was refused.
    Rejected {
        /// The rule, such as `rejected-used-up`.
        rule: &'a str,
        /// Hour and minute of the site's day at which there is something again.
        renews: Option<(i8, i8)>,
    },
    /// A packet was not answered, or not by a decision.
    Passed {
        /// On which port it came.
        port: TrailPort,
        /// Why, such as `authenticator-mismatch`.
        reason: &'a str,
    },
    /// An access point was told an order.
    Told {
        /// Which.
        #[serde(with = "compact::some_id")]
        order: OrderId,
        /// How, such as `disconnect`.
        method: &'a str,
        /// What it answered; `None` if nothing leads to it.
        answer: Option<OrderAnswer>,
    },
    /// Events that are not here.
    NotKept {
        /// For want of room.
        overflowed: u64,
        /// Since the like of them came too often.
        limited: u64,
    },
    /// Access was refused by an Accept that leads to the portal and nowhere else.
    Redirected {
        /// The rule by which it was refused, such as `rejected-used-up`.
        rule: &'a str,
        /// Hour and minute of the site's day at which there is something again.
        renews: Option<(i8, i8)>,
    },
}

/// On which port a packet came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrailPort {
    /// Access-Requests.
    Authentication,
    /// Accounting-Requests.
    Accounting,
}

/// What an Accept said, in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Session-Timeout in seconds.
    pub seconds: u64,
    /// Octets that are left, if they are limited.
    pub octets: Option<u64>,
    /// Bits per second to the visitor, if they are limited.
    pub down: Option<u64>,
    /// Bits per second from the visitor, if they are limited.
    pub up: Option<u64>,
    /// Which speed that is.
    pub speed: Speed,
}

impl<'a> TrailEvent<'a> {
    /// An event about nobody in particular.
    #[must_use]
    pub const fn new(at: Timestamp, what: TrailKind<'a>) -> Self {
        Self {
            at,
            nas: None,
            source: None,
            device: None,
            account: None,
            grant: None,
            acct_session_id: None,
            what,
        }
    }

    /// Appends the event; `false`, and nothing, if it is too long.
    #[must_use]
    pub(crate) fn encode(&self, octets: &mut Vec<u8>) -> bool {
        let start = frame::begin(octets);
        octets.push(VERSION);
        // Octet by octet into a growing vector takes half as long again.
        let mut body = [0; LONGEST];
        let Ok(body) = postcard::to_slice(self, &mut body) else {
            octets.truncate(start);
            return false;
        };
        octets.extend_from_slice(body);
        frame::finish(octets, start)
    }

    /// Reads the payload of a frame; `None` if it is of another version.
    pub(super) fn decode(payload: &'a [u8]) -> Option<Self> {
        let (version, body) = payload.split_first()?;
        (*version == VERSION).then(|| postcard::from_bytes(body).ok()).flatten()
    }

    /// What the event can be looked for by.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + use<'a> {
        let keys = [
            self.nas.map(Key::nas),
            self.device.map(Key::device),
            self.account.map(Key::account),
            self.grant.map(Key::grant),
            self.acct_session_id.map(Key::acct_session_id),
            self.is_gap().then(Key::gap),
        ];
        keys.into_iter().flatten()
    }

    /// Whether it says that events are missing of which nothing else is known.
    pub(super) const fn is_gap(&self) -> bool {
        matches!(self.what, TrailKind::NotKept { overflowed: 1.., .. })
    }

    /// The access point, if it has a name that one can have.
    #[must_use]
    pub fn nas_name(&self) -> Option<NasName> {
        self.nas.and_then(|name| name.parse().ok())
    }
}

/// Ids and addresses as octets, which the types themselves write as text.
mod compact {
    pub(super) mod device {
        use domain::MacAddress;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        #[expect(clippy::ref_option, reason = "serde asks for it so")]
        pub(in super::super) fn serialize<S: Serializer>(
            device: &Option<MacAddress>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            device.map(MacAddress::octets).serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<MacAddress>, D::Error> {
            let octets = Option::<[u8; 6]>::deserialize(deserializer)?;
            Ok(octets.map(MacAddress::new))
        }
    }

    pub(super) mod id {
        use domain::Id;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        #[expect(clippy::ref_option, reason = "serde asks for it so")]
        pub(in super::super) fn serialize<Kind, S: Serializer>(
            id: &Option<Id<Kind>>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            id.map(Id::to_bytes).serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, Kind, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Id<Kind>>, D::Error> {
            let octets = Option::<[u8; 16]>::deserialize(deserializer)?;
            Ok(octets.map(Id::from_bytes))
        }
    }

    pub(super) mod some_id {
        use domain::Id;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        pub(in super::super) fn serialize<Kind, S: Serializer>(
            id: &Id<Kind>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            id.to_bytes().serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, Kind, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Id<Kind>, D::Error> {
            Ok(Id::from_bytes(<[u8; 16]>::deserialize(deserializer)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;

    #[test]
    fn what_is_encoded_is_found_again_in_few_octets() {
        let plain = TrailEvent::new(
            Timestamp::from_secs(1_795_597_200),
            TrailKind::NotKept { overflowed: 7, limited: 70_000 },
        );
        let given = Given {
            seconds: 7_200,
            octets: Some(20_000_000),
            down: Some(10_000_000),
            up: None,
            speed: Speed::Reduced,
        };
        let told = TrailKind::Told {
            order: OrderId::from_bytes([3; 16]),
            method: "disconnect",
            answer: Some(OrderAnswer::Refused(503)),
        };
        let passed =
            TrailKind::Passed { port: TrailPort::Accounting, reason: "authenticator-mismatch" };
        let rejected = TrailKind::Rejected { rule: "rejected-used-up", renews: Some((0, 0)) };
        let accepted = TrailKind::Accepted { outcome: "accepted", given };
        let redirected = TrailKind::Redirected { rule: "rejected-no-grant", renews: None };
        for what in [plain.what, accepted, rejected, passed, told, redirected] {
            let event = TrailEvent {
                nas: Some("walkway-gate"),
                source: Some("[2001:db8::1]:40000".parse().unwrap()),
                device: Some(MacAddress::new([2, 0, 0x5e, 0x10, 0xab, 0x0c])),
                account: Some(AccountId::from_bytes([8; 16])),
                grant: Some(GrantId::from_bytes([7; 16])),
                acct_session_id: Some("65640000000001"),
                what,
                ..plain
            };
            let mut octets = Vec::new();
            assert!(event.encode(&mut octets));
            assert!(octets.len() < 160, "{}", octets.len());
            let Frame::Sound(payload, whole) = frame::read(&octets) else { panic!("no frame") };
            assert_eq!((TrailEvent::decode(payload), whole), (Some(event), octets.len()));
            assert_eq!(event.keys().count(), 5 + usize::from(event.is_gap()));
        }
    }
}
