//! The values that a maker's text has places for.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::{HandOff, HandOffMethod, LoginHost, Nas};
use ipnet::IpNet;

use super::{Known, NO_KEY, NO_SECRET, NO_SERVER, Places};

/// Where CoovaChilli listens unless it is told otherwise.
const UAM_PORT: u16 = 3_990;

/// Values by name; one that is not there has no value.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// Everything that can be said.
    pub(super) fn of(nas: &Nas, known: &Known<'_>) -> Self {
        let mut fields = Self::default();
        fields.add("name", nas.name.to_string());
        let identifier = nas.identifier.as_ref().map(ToString::to_string);
        fields
            .add("identifier-or-name", identifier.clone().unwrap_or_else(|| nas.name.to_string()));
        fields.maybe("identifier", identifier);
        let secret = known.secret.map_or(NO_SECRET, |secret| secret.expose());
        fields.add("secret", secret.to_owned());
        let interim = known.plan.interim_interval.max(nas.profile.least_interim());
        fields.add("interim", interim.as_secs().to_string());
        fields.add("interim-minutes", minutes(interim).to_string());
        fields.add_servers(nas, known);
        fields.add_portal(nas, &known.places.portal);
        let secure = known.places.secure_portal.as_ref();
        let api = |origin| format!("{origin}/n/{}/capport", nas.portal_path.expose());
        fields.maybe("api-url", secure.map(api));
        let api_site = nas.hand_off.api.as_ref().map(|api| api.site.to_string());
        fields.add("api-site", api_site.unwrap_or_else(|| "SITE".to_owned()));
        let acl = nas.hand_off.redirect_acl.clone().unwrap_or_default();
        fields.add("redirect-acl", acl.to_string());
        fields.add_visitor_host(nas);
        fields.add_login_page(nas, known);
        fields.add_gateway(nas, known);
        fields.add_garden(known);
        fields
    }

    /// The value of that name, with the name as it is known here.
    pub(super) fn find(&self, name: &str) -> Option<(&'static str, &str)> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(name, value)| (*name, value.as_str()))
    }

    /// Every value of that name, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = (&'static str, &str)> {
        let found = self.0.iter().filter(move |(known, _)| *known == name);
        found.map(|(name, value)| (*name, value.as_str()))
    }

    fn add(&mut self, name: &'static str, value: String) {
        self.0.push((name, value));
    }

    fn maybe(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn add_servers(&mut self, nas: &Nas, known: &Known<'_>) {
        let places = known.places;
        let address = |ip: Option<IpAddr>| ip.map_or(NO_SERVER.to_owned(), |ip| ip.to_string());
        let socket = |port: u16| match known.server {
            Some(ip) => SocketAddr::from((ip, port)).to_string(),
            None => format!("{NO_SERVER}:{port}"),
        };
        let is_v6 = known.server.is_some_and(|ip| ip.is_ipv6());
        self.add("server", address(known.server));
        self.add("ip-version", if is_v6 { "ipv6" } else { "ipv4" }.to_owned());
        self.add("auth-port", places.authentication.port().to_string());
        self.add("acct-port", places.accounting.port().to_string());
        self.add("auth-socket", socket(places.authentication.port()));
        self.add("acct-socket", socket(places.accounting.port()));
        self.add("orders-from", address(known.orders));
        let dae_port = nas.dae_address.map_or(nas.profile.dae_port(), |address| address.port());
        self.add("dae-port", dae_port.to_string());
        self.add("dae-socket", format!("0.0.0.0:{dae_port}"));
        let own = first_address(nas.addresses).or(nas.dae_address.map(|address| address.ip()));
        self.add("nas-address", own.map_or("ITS-ADDRESS".to_owned(), |ip| ip.to_string()));
    }

    /// `origin` is `scheme://host[:port]`, as the portal's settings make sure.
    fn add_portal(&mut self, nas: &Nas, origin: &str) {
        let (host, port) = host_and_port(origin);
        let is_secure = origin.starts_with("https:");
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let path = format!("/n/{}/", nas.portal_path.expose());
        self.add("portal-url", format!("{origin}{path}"));
        self.add("portal-origin", origin.to_owned());
        self.add("portal-host", host.to_owned());
        self.add("portal-port", port.to_owned());
        self.add("portal-path", path);
        self.maybe("portal-tls", is_secure.then(|| "https".to_owned()));
        let address = literal.map_or("PORTAL-ADDRESS".to_owned(), |ip| ip.to_string());
        self.add("portal-address", address);
        self.maybe("portal-socket", literal.map(|_| format!("{host}:{port}")));
    }

    /// The name by which visitors come: their site's own, or the portal's.
    fn add_visitor_host(&mut self, nas: &Nas) {
        let api = nas.hand_off.api.as_ref();
        let own = api.and_then(|api| api.visitor_host.as_ref()).map(ToString::to_string);
        let portal = self.find("portal-host").map(|(_, host)| host.to_owned());
        self.maybe("visitor-host", own.or(portal));
    }

    /// One value for each host, and all that is open, with the portal, in one.
    fn add_garden(&mut self, known: &Known<'_>) {
        let portal = self.find("portal-host").map_or(String::new(), |(_, host)| host.to_owned());
        let hosts = known.garden.iter().map(ToString::to_string);
        let open: Vec<String> = std::iter::once(portal).chain(hosts).collect();
        self.add("garden-list", open.join(","));
        for host in known.garden {
            self.add("garden", host.to_string());
        }
    }

    /// Where a gateway that asks by itself asks, and what it proves itself with.
    fn add_gateway(&mut self, nas: &Nas, known: &Known<'_>) {
        let Places { portal, secure_portal, .. } = known.places;
        let origin = secure_portal.as_ref().unwrap_or(portal);
        let is_secure = origin.starts_with("https:");
        let (host, port) = host_and_port(origin);
        let given = known.hand_off_secret.map(|secret| secret.expose().to_owned());
        self.add("gateway-key", given.unwrap_or_else(|| NO_KEY.to_owned()));
        self.add("report-url", format!("{origin}/n/{}/", nas.portal_path.expose()));
        self.add("fas-host", host.to_owned());
        self.add("fas-port", port.to_owned());
        // Level 3 is TLS with an encrypted query; without TLS the query is only a claim anyway.
        self.add("fas-level", if is_secure { "3" } else { "1" }.to_owned());
    }

    fn add_login_page(&mut self, nas: &Nas, known: &Known<'_>) {
        let HandOff { method, secret, hosts, .. } = &nas.hand_off;
        if !method.has_login_page() {
            return;
        }
        let page = hosts.first();
        self.maybe("login-host", page.and_then(LoginHost::host).map(str::to_owned));
        if *method != HandOffMethod::Uam {
            return;
        }
        let port = page.and_then(LoginHost::port).unwrap_or(UAM_PORT);
        self.add("uam-port", port.to_string());
        let given = known.hand_off_secret.map(|secret| secret.expose().to_owned());
        let unknown = || secret.as_ref().map(|_| NO_SECRET.to_owned() + "-OF-THE-LOGIN-PAGE");
        self.maybe("uam-secret", given.or_else(unknown));
    }
}

/// Of `scheme://host[:port]`.
fn host_and_port(origin: &str) -> (&str, &str) {
    let (scheme, authority) = origin.split_once("://").unwrap_or(("http", origin));
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        Some(_) | None if scheme == "https" => (authority, "443"),
        Some(_) | None => (authority, "80"),
    }
}

/// The address that stands for all of them, where there is one alone.
fn first_address(addresses: IpNet) -> Option<IpAddr> {
    (addresses.prefix_len() == addresses.max_prefix_len()).then(|| addresses.addr())
}

/// Whole minutes, at least one and never less than the span.
const fn minutes(span: Duration) -> u64 {
    let minutes = span.as_secs().div_ceil(60);
    if minutes == 0 { 1 } else { minutes }
}
