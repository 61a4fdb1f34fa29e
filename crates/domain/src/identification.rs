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
    /// Takes a further report into account: the latest word on everything it mentions. Returns
    /// whether that is news.
    pub fn update(&mut self, reported: &Self) -> bool {
        let Self {
            nas_identifier,
            nas_address,
            nas_port,
            nas_port_id,
            calling_station_id,
            called_station_id,
            acct_multi_session_id,
            ipv6_address,
            class,
            chargeable_user_identity,
        } = reported;
        let is_new_class = !class.is_empty() && *class != self.class;
        if is_new_class {
            self.class.clone_from(class);
        }
        let news = [
            is_new_class,
            renew(&mut self.nas_identifier, nas_identifier),
            renew(&mut self.nas_address, nas_address),
            renew(&mut self.nas_port, nas_port),
            renew(&mut self.nas_port_id, nas_port_id),
            renew(&mut self.calling_station_id, calling_station_id),
            renew(&mut self.called_station_id, called_station_id),
            renew(&mut self.acct_multi_session_id, acct_multi_session_id),
            renew(&mut self.ipv6_address, ipv6_address),
            renew(&mut self.chargeable_user_identity, chargeable_user_identity),
        ];
        news.contains(&true)
    }
}

fn renew<T: Clone + PartialEq>(known: &mut Option<T>, reported: &Option<T>) -> bool {
    let is_new = reported.is_some() && reported != known;
    if is_new {
        known.clone_from(reported);
    }
    is_new
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
        let mut known = first.clone();
        for (report, is_news, then) in
            [(&first, false, &first), (&roamed, true, &expected), (&roamed, false, &expected)]
        {
            assert_eq!(known.update(report), is_news);
            assert_eq!(known, *then);
        }
        assert!(known.update(&first));
        assert_eq!(known, first);
    }
}
