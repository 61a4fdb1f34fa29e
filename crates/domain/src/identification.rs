//! How an access point itself names a session and the place of it (RFC 5176 §3).
//!
//! Whoever wants the session changed or ended repeats these words: makers look a session up by
//! different ones of them, and most compare spelling for spelling. Nothing here is read for its
//! meaning but to be shown.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// What a NAS said of itself and of a session, in its own spelling; `None` and empty where it
/// said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionIdentification {
    /// NAS-Identifier.
    pub nas_identifier: Option<String>,
    /// NAS-IP-Address, or else NAS-IPv6-Address.
    pub nas_address: Option<IpAddr>,
    /// NAS-Port.
    pub nas_port: Option<u32>,
    /// NAS-Port-Id.
    pub nas_port_id: Option<String>,
    /// Calling-Station-Id: the device as this NAS spells it.
    pub calling_station_id: Option<String>,
    /// Called-Station-Id: often the radio's address and the network's name.
    pub called_station_id: Option<String>,
    /// Acct-Multi-Session-Id.
    pub acct_multi_session_id: Option<String>,
    /// Framed-IPv6-Address.
    pub ipv6_address: Option<Ipv6Addr>,
    /// Every Class, ours and others'.
    pub class: Vec<Vec<u8>>,
    /// Chargeable-User-Identity.
    pub chargeable_user_identity: Option<String>,
}

impl SessionIdentification {
    /// What is known after a further report: the latest word on everything it mentions.
    #[must_use]
    pub fn updated_by(self, reported: &Self) -> Self {
        let newer = |reported: &Option<String>, known| reported.clone().or(known);
        Self {
            nas_identifier: newer(&reported.nas_identifier, self.nas_identifier),
            nas_address: reported.nas_address.or(self.nas_address),
            nas_port: reported.nas_port.or(self.nas_port),
            nas_port_id: newer(&reported.nas_port_id, self.nas_port_id),
            calling_station_id: newer(&reported.calling_station_id, self.calling_station_id),
            called_station_id: newer(&reported.called_station_id, self.called_station_id),
            acct_multi_session_id: newer(
                &reported.acct_multi_session_id,
                self.acct_multi_session_id,
            ),
            ipv6_address: reported.ipv6_address.or(self.ipv6_address),
            class: if reported.class.is_empty() { self.class } else { reported.class.clone() },
            chargeable_user_identity: newer(
                &reported.chargeable_user_identity,
                self.chargeable_user_identity,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_report_replaces_what_it_mentions_and_nothing_else() {
        let first = SessionIdentification {
            nas_identifier: Some("ap-7".into()),
            nas_port: Some(3),
            called_station_id: Some("AA-BB-CC-00-00-01:Park".into()),
            class: vec![vec![1], vec![2]],
            ..SessionIdentification::default()
        };
        let roamed = SessionIdentification {
            called_station_id: Some("AA-BB-CC-00-00-02:Park".into()),
            ..SessionIdentification::default()
        };
        let expected = SessionIdentification {
            called_station_id: roamed.called_station_id.clone(),
            ..first.clone()
        };
        assert_eq!(first.clone().updated_by(&roamed), expected);
        assert_eq!(roamed.updated_by(&first), first);
    }
}
