//! Which access point a packet comes from: longest prefix first, in memory.
//!
//! The table is read from the store as a whole and swapped in; a packet never waits for the
//! store. An address that belongs to nobody is told from one that does by two or three hash
//! look-ups, whatever the number of access points.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use domain::{MessageAuthenticatorRule, Nas};
use ipnet::IpNet;
use radius_proto::server::ClientView;
use radius_proto::{Secrets, SharedSecret};

use crate::metrics::{Metrics, NasCounters};

/// An access point, ready to be spoken with.
#[derive(Debug)]
pub(crate) struct AccessPoint {
    /// What the admin set up.
    pub(crate) nas: Nas,
    /// Its counters.
    pub(crate) counters: Arc<NasCounters>,
    secrets: Secrets,
}

impl AccessPoint {
    /// The access point as the protocol core needs it.
    pub(crate) fn client_view(&self) -> ClientView<'_> {
        ClientView {
            secrets: &self.secrets,
            require_message_authenticator: match self.nas.message_authenticator {
                MessageAuthenticatorRule::Required => true,
                MessageAuthenticatorRule::Optional => false,
            },
            limit_proxy_state: true,
        }
    }

    /// The secret that its packets are made with.
    pub(crate) fn secret(&self) -> &SharedSecret {
        self.secrets.current()
    }
}

/// Every access point by its source addresses.
#[derive(Debug, Default)]
pub(crate) struct AccessPoints {
    /// Longest prefixes first; a prefix stands for both address families.
    by_length: Vec<(u8, HashMap<IpNet, Arc<AccessPoint>>)>,
}

impl AccessPoints {
    /// Lays the table out; of two access points with the same prefix, which the store never
    /// gives, the last one stays.
    pub(crate) fn new(list: Vec<Nas>, metrics: &Metrics) -> Self {
        let counters = metrics.keep(list.iter().map(|nas| &nas.name));
        let mut by_length: BTreeMap<u8, HashMap<IpNet, Arc<AccessPoint>>> = BTreeMap::new();
        for nas in list {
            let secret = SharedSecret::new(nas.secret.expose())
                .expect("a secret of the domain is never empty");
            let prefix = nas.addresses.trunc();
            let counters = counters.get(&nas.name).map(Arc::clone).unwrap_or_default();
            let known = AccessPoint { nas, counters, secrets: Secrets::new(secret) };
            by_length.entry(prefix.prefix_len()).or_default().insert(prefix, Arc::new(known));
        }
        Self { by_length: by_length.into_iter().rev().collect() }
    }

    /// The access point that sends from `source`.
    pub(crate) fn find(&self, source: IpAddr) -> Option<&Arc<AccessPoint>> {
        self.by_length.iter().find_map(|(length, known)| {
            let prefix = IpNet::new(source, *length).ok()?.trunc();
            known.get(&prefix)
        })
    }

    /// How many access points there are.
    pub(crate) fn len(&self) -> usize {
        self.by_length.iter().map(|(_, known)| known.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::nas;

    #[test]
    fn the_longest_prefix_wins() {
        let table = AccessPoints::new(
            [
                ("all", "10.0.0.0/8"),
                ("one", "10.1.2.3/32"),
                ("some", "10.1.0.0/16"),
                ("six", "fd00::/8"),
            ]
            .map(|(name, addresses)| Nas {
                name: name.parse().unwrap(),
                addresses: addresses.parse().unwrap(),
                ..nas()
            })
            .into(),
            &Metrics::default(),
        );
        assert_eq!(table.len(), 4);
        for (source, expected) in [
            ("10.1.2.3", Some("one")),
            ("10.1.2.4", Some("some")),
            ("10.2.2.3", Some("all")),
            ("11.1.2.3", None),
            ("fd00::1", Some("six")),
            ("fe80::1", None),
        ] {
            let found = table.find(source.parse().unwrap());
            assert_eq!(found.map(|known| known.nas.name.as_str()), expected, "{source}");
        }
    }
}
