//! Which access point a packet comes from: longest prefix first, in memory.
//!
//! The table is read from the store as a whole and swapped in; a packet never waits for the
//! store. An address that belongs to nobody is told from one that does by two or three hash
//! look-ups, whatever the number of access points. Where several share an address, the unproved
//! NAS-Identifier picks whose secrets are tried; the proof decides.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{
    CertificateName, MessageAuthenticatorRule, Nas, ProxyStateRule, Site, SiteName,
    StatusServerRule, Timestamp,
};
use ipnet::IpNet;
use radius_proto::message_authenticator::Presence;
use radius_proto::radsec;
use radius_proto::server::{ClientView, Request, StatusAnswers};
use radius_proto::{Code, Packet, Secrets, SharedSecret, attribute};

use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::nas_counters::NasCounters;
use crate::registrar::Notice;

/// An access point, ready to be spoken with.
#[derive(Debug)]
pub(crate) struct AccessPoint {
    /// What the admin set up.
    pub(crate) nas: Nas,
    /// Its counters.
    pub(crate) counters: Arc<NasCounters>,
    /// When its site is open.
    pub(crate) gate: Arc<Gate>,
    secrets: Secrets,
    /// A right Message-Authenticator was seen where that was to be learnt.
    learnt: AtomicBool,
    /// The new secret was seen in use where one is being replaced.
    replaced: AtomicBool,
}

/// Which of an access point's secrets a packet was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretAge {
    /// The present one; also what a packet is taken for that proves none.
    Current,
    /// The one that is being replaced.
    Former,
}

impl AccessPoint {
    /// A former secret is live if it is so at `now`.
    fn new(nas: Nas, counters: Arc<NasCounters>, gate: Arc<Gate>, now: Timestamp) -> Self {
        let shared = |secret: &domain::Secret| {
            SharedSecret::new(secret.expose()).expect("a secret of the domain is never empty")
        };
        let current = shared(&nas.secret);
        let former = nas.live_former_secret(now);
        let is_replaced = former.is_none_or(|former| former.replaced_at.is_some());
        let secrets = match former {
            Some(former) => Secrets::rotating(current, shared(&former.secret)),
            None => Secrets::new(current),
        };
        let (learnt, replaced) = (AtomicBool::new(false), AtomicBool::new(is_replaced));
        Self { nas, counters, gate, secrets, learnt, replaced }
    }

    /// The access point as it is over TLS, where its own secrets mean nothing.
    fn over_tls(nas: Nas, counters: Arc<NasCounters>, gate: Arc<Gate>) -> Self {
        let secret = SharedSecret::new(radsec::SECRET).expect("the word is not empty");
        let (learnt, replaced) = (AtomicBool::new(false), AtomicBool::new(true));
        Self { nas, counters, gate, secrets: Secrets::new(secret), learnt, replaced }
    }

    /// The access point as the protocol core needs it.
    pub(crate) fn client_view(&self) -> ClientView<'_> {
        ClientView {
            secrets: &self.secrets,
            require_message_authenticator: match self.nas.message_authenticator {
                MessageAuthenticatorRule::Required | MessageAuthenticatorRule::Learnt => true,
                MessageAuthenticatorRule::Learn => self.learnt.load(Ordering::Relaxed),
                MessageAuthenticatorRule::Optional => false,
            },
            limit_proxy_state: self.nas.proxy_state == ProxyStateRule::Limited,
        }
    }

    /// Whether its Status-Server is answered, where the server as a whole would answer so.
    pub(crate) fn status_answers(&self, of_server: StatusAnswers) -> StatusAnswers {
        match self.nas.status_server {
            StatusServerRule::Answered => of_server,
            StatusServerRule::Ignored => StatusAnswers::Denied,
        }
    }

    /// The secret of that age; the present one once the former is gone.
    pub(crate) fn secret(&self, age: SecretAge) -> &SharedSecret {
        match age {
            SecretAge::Current => self.secrets.current(),
            SecretAge::Former => self.secrets.previous().unwrap_or(self.secrets.current()),
        }
    }

    /// Which secret an authentic request was made with.
    pub(crate) fn age_of_secret(&self, request: &Request<'_, '_>) -> SecretAge {
        let former = self.secrets.previous();
        if former.is_some_and(|former| std::ptr::eq(former, request.secret)) {
            SecretAge::Former
        } else {
            SecretAge::Current
        }
    }

    /// What an authentic request tells for the first time about the access point: that it sends
    /// Message-Authenticator, which is required from this moment on, or that it has its new
    /// secret. A telling that does not reach the store is made again once the table is read anew.
    pub(crate) fn learn_from(&self, request: &Request<'_, '_>) -> Option<Notice> {
        let packet = &request.packet;
        let is_access = packet.code() == Code::AccessRequest;
        let is_proved = !is_access || request.message_authenticator == Presence::Verified;
        let is_new = is_proved && self.age_of_secret(request) == SecretAge::Current;
        if is_new && !self.replaced.swap(true, Ordering::Relaxed) {
            return Some(Notice::UsesNewSecret(self.nas.name.clone()));
        }
        let teaches = is_access
            && self.nas.message_authenticator == MessageAuthenticatorRule::Learn
            && request.message_authenticator == Presence::Verified
            // EAP needs one by its own rule, so it says nothing about other requests.
            && packet.find(attribute::EAP_MESSAGE).is_none();
        if teaches && !self.learnt.swap(true, Ordering::Relaxed) {
            return Some(Notice::SendsMessageAuthenticator(self.nas.name.clone()));
        }
        None
    }
}

/// Every access point by its source addresses, and those that speak TLS by their certificates.
#[derive(Debug, Default)]
pub(crate) struct AccessPoints {
    /// Longest prefixes first; a prefix stands for both address families.
    by_length: Vec<(u8, HashMap<IpNet, Sharers>)>,
    /// With the secret of RADIUS/TLS in place of their own.
    by_certificate: HashMap<CertificateName, Arc<AccessPoint>>,
    gates: HashMap<SiteName, Arc<Gate>>,
}

/// The access points of one prefix.
#[derive(Debug, Default)]
struct Sharers {
    by_identifier: HashMap<String, Arc<AccessPoint>>,
    /// Who is there without an identifier of its own.
    other: Option<Arc<AccessPoint>>,
}

impl Sharers {
    fn find(&self, datagram: &[u8]) -> Option<&Arc<AccessPoint>> {
        if self.by_identifier.is_empty() {
            return self.other.as_ref();
        }
        let packet = Packet::parse(datagram).ok();
        let identifier = packet.and_then(|packet| packet.text(attribute::NAS_IDENTIFIER));
        identifier.and_then(|own| self.by_identifier.get(own)).or(self.other.as_ref())
    }
}

impl AccessPoints {
    /// Lays the table out as it is at `now`; of two access points with the same prefix and
    /// identifier, which the store never gives, the last one stays. Who is online at a site is known
    /// from the `former` table.
    pub(crate) fn new(
        list: Vec<Nas>,
        sites: &[Site],
        former: &Self,
        metrics: &Metrics,
        now: Timestamp,
    ) -> Self {
        let counters = metrics.keep(list.iter().map(|nas| &nas.name));
        let gates: HashMap<_, _> =
            sites.iter().map(|site| (site.name.clone(), former.gate_now(site))).collect();
        let mut by_length: BTreeMap<u8, HashMap<IpNet, Sharers>> = BTreeMap::new();
        let mut by_certificate = HashMap::new();
        for nas in list {
            let prefix = nas.addresses.trunc();
            let counters = counters.get(&nas.name).map(Arc::clone).unwrap_or_default();
            let gate = gates.get(&nas.site).map(Arc::clone).unwrap_or_default();
            if let Some(certificate) = nas.certificate.clone() {
                let (counters, gate) = (Arc::clone(&counters), Arc::clone(&gate));
                let known = AccessPoint::over_tls(nas.clone(), counters, gate);
                by_certificate.insert(certificate, Arc::new(known));
            }
            let known = Arc::new(AccessPoint::new(nas, counters, gate, now));
            let of_length = by_length.entry(prefix.prefix_len()).or_default();
            let sharers = of_length.entry(prefix).or_default();
            match &known.nas.identifier {
                Some(own) => {
                    sharers.by_identifier.insert(own.as_str().to_owned(), known);
                }
                None => sharers.other = Some(known),
            }
        }
        Self { by_length: by_length.into_iter().rev().collect(), by_certificate, gates }
    }

    /// The gate of a site as it is now.
    fn gate_now(&self, site: &Site) -> Arc<Gate> {
        Arc::new(Gate::of(site, self.gates.get(&site.name).map(Arc::as_ref)))
    }

    /// The access point whose certificate has one of these names.
    pub(crate) fn find_by_certificate(
        &self,
        names: &[CertificateName],
    ) -> Option<&Arc<AccessPoint>> {
        names.iter().find_map(|name| self.by_certificate.get(name))
    }

    /// The access point that sends `datagram` from `source`, as far as that can be told before
    /// anything is proved.
    pub(crate) fn find(&self, source: IpAddr, datagram: &[u8]) -> Option<&Arc<AccessPoint>> {
        self.by_length.iter().find_map(|(length, known)| {
            let prefix = IpNet::new(source, *length).ok()?.trunc();
            known.get(&prefix)?.find(datagram)
        })
    }

    /// How many prefixes with access points there are.
    pub(crate) fn len(&self) -> usize {
        self.by_length.iter().map(|(_, known)| known.len()).sum()
    }
}

#[cfg(test)]
mod tests;
