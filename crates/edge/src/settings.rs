//! What can be set about the gateway of a site.
//!
//! [`EdgeSettings::validate`] gives the first reason why a written section cannot be used;
//! [`crate::Agent::start`] asks it again, so that an invalid section never runs. What the centre
//! knows the gateway by is not here but in the [`crate::Credentials`] that it has issued.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use crate::advertisement::LONGEST_API;
use crate::interface::InterfaceName;
use crate::nftables::{GatewayRules, Uplinks};

/// The section `[edge]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EdgeSettings {
    /// The file with what `sabeel --json nas add` has printed: names, secrets, portal path. Keep
    /// it readable by the service alone.
    pub credentials_file: PathBuf,
    /// The portal as visitors reach it, such as `https://portal.example`.
    pub portal_url: Url,
    /// IPv4 addresses with ports of the portal, which everybody reaches; default that of
    /// `portal-url`, if its host is an address.
    #[serde(default)]
    pub portal_addresses: Vec<SocketAddrV4>,
    /// What lets packets through; default `nftables`.
    #[serde(default)]
    pub enforcer: EnforcerKind,
    /// The interface of the visitors' network; needed for `nftables`.
    pub visitor_interface: Option<InterfaceName>,
    /// Where HTTP of devices that are not online is answered: our address on the visitors'
    /// network, with a free port.
    pub redirector: SocketAddrV4,
    /// By which interfaces visitors' packets may leave; default by any other.
    #[serde(default)]
    pub uplink_interfaces: Vec<InterfaceName>,
    /// Whether they leave under the address of the uplink; default `true`, which needs
    /// `uplink-interfaces`.
    #[serde(default)]
    pub masquerade: Option<bool>,
    /// The portal's encrypted address, such as `https://portal.example`: router advertisements of
    /// IPv6 tell phones that the portal's API is there. By default none is sent; where another router
    /// tells of an API, leave it out.
    #[serde(default)]
    pub advertised_portal: Option<Url>,
    /// The file that keeps who is online over a restart; default
    /// `/var/lib/sabeel/gateway.json`.
    #[serde(default = "default_state_file")]
    pub state_file: PathBuf,
    /// How many devices are known at a time; 1 to 60,000, default 4,096.
    #[serde(default = "default_max_devices")]
    pub max_devices: usize,
    /// The shortest interval of usage reports in seconds, whatever the server wants; 1 to 3,600,
    /// default 60.
    #[serde(default = "default_least_interim")]
    pub least_interim_seconds: u64,
    /// The longest interval, and the one where the server names none; from the shortest to
    /// 86,400, default 600.
    #[serde(default = "default_most_interim")]
    pub most_interim_seconds: u64,
    /// The servers that are asked and told.
    pub radius: ServerSettings,
    /// Who may end and change sessions.
    #[serde(default)]
    pub dynamic_authorization: DynamicSettings,
}

/// What lets packets through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnforcerKind {
    /// The kernel of this router.
    #[default]
    Nftables,
    /// Nothing: for trying out, without any right. A device "moves" 4 MB/s while it is online.
    Pretend,
}

/// The section `[edge.radius]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServerSettings {
    /// Who is asked whether a device may come in, the preferred one first; 1 to 8.
    pub authentication_servers: Vec<SocketAddr>,
    /// Who is told about sessions, the preferred one first; 1 to 8.
    pub accounting_servers: Vec<SocketAddr>,
    /// How long one server may be silent before the next is asked, in milliseconds; 500 to
    /// 60,000, default 6,000.
    #[serde(default = "default_patience")]
    pub patience_ms: u64,
}

/// The section `[edge.dynamic-authorization]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DynamicSettings {
    /// Where Disconnect and CoA arrive (RFC 5176); default `0.0.0.0:3799`.
    pub listen: SocketAddr,
    /// Who may send them; default the hosts of all servers.
    pub allowed: Vec<IpAddr>,
}

impl Default for DynamicSettings {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::UNSPECIFIED, 3799).into(), allowed: Vec::new() }
    }
}

/// Why a section cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A number is outside its range.
    #[error("`{key}` is {value}, but must be {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What was written.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// Portals are neither named nor to be told from the address.
    #[error("`portal-addresses` is needed, since `portal-url` names a host and no address")]
    NoPortalAddress,
    /// The portal's address is not one for a browser.
    #[error("`portal-url` must begin with http:// or https:// and end with the host or a path")]
    PortalUrl,
    /// Phones take no other.
    #[error(
        "`advertised-portal` must be https:// with host and port, as the portal's `secure-url`"
    )]
    AdvertisedPortal,
    /// The kernel has to be told where visitors are.
    #[error("`visitor-interface` is needed for nftables")]
    NoVisitorInterface,
    /// The kernel redirects to this very address.
    #[error("`redirector` must be our own address on the visitors' network, with a port")]
    Redirector,
    /// Which address to leave under cannot be told.
    #[error("`masquerade` needs `uplink-interfaces`; or set it to false, if routes lead back")]
    NoUplink,
}

impl EdgeSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
        within("max-devices", count(self.max_devices), 1, 60_000)?;
        within("least-interim-seconds", self.least_interim_seconds, 1, 3_600)?;
        let shortest = self.least_interim_seconds;
        within("most-interim-seconds", self.most_interim_seconds, shortest, 86_400)?;
        let ServerSettings { authentication_servers, accounting_servers, patience_ms } =
            &self.radius;
        within("radius.authentication-servers", count(authentication_servers.len()), 1, 8)?;
        within("radius.accounting-servers", count(accounting_servers.len()), 1, 8)?;
        within("radius.patience-ms", *patience_ms, 500, 60_000)?;
        let is_web = matches!(self.portal_url.scheme(), "http" | "https");
        let is_plain = self.portal_url.query().is_none() && self.portal_url.fragment().is_none();
        if !is_web || !is_plain {
            return Err(SettingsError::PortalUrl);
        }
        if self.advertised_portal.as_ref().is_some_and(|portal| !is_secure_origin(portal)) {
            return Err(SettingsError::AdvertisedPortal);
        }
        match self.enforcer {
            EnforcerKind::Pretend => Ok(()),
            EnforcerKind::Nftables => self.rules().map(|_| ()),
        }
    }

    /// The site's own values in the rules of the kernel.
    pub(crate) fn rules(&self) -> Result<GatewayRules, SettingsError> {
        let visitors = self.visitor_interface.clone().ok_or(SettingsError::NoVisitorInterface)?;
        let gateway = *self.redirector.ip();
        let port = NonZeroU16::new(self.redirector.port());
        let redirector_port = port.filter(|_| !gateway.is_unspecified());
        let redirector_port = redirector_port.ok_or(SettingsError::Redirector)?;
        let portals = self.portals()?;
        let interfaces = self.uplink_interfaces.clone();
        let uplinks = match (self.masquerade.unwrap_or(true), interfaces.is_empty()) {
            (true, true) => return Err(SettingsError::NoUplink),
            (true, false) => Uplinks::Masqueraded(interfaces),
            (false, true) => Uplinks::Any,
            (false, false) => Uplinks::Routed(interfaces),
        };
        Ok(GatewayRules { visitors, gateway, redirector_port, portals, uplinks })
    }

    fn portals(&self) -> Result<Vec<SocketAddrV4>, SettingsError> {
        if !self.portal_addresses.is_empty() {
            return Ok(self.portal_addresses.clone());
        }
        let port = self.portal_url.port_or_known_default();
        match (self.portal_url.host(), port) {
            (Some(Host::Ipv4(address)), Some(port)) => Ok(vec![SocketAddrV4::new(address, port)]),
            _ => Err(SettingsError::NoPortalAddress),
        }
    }

    /// Who may end and change sessions.
    pub(crate) fn allowed(&self) -> Vec<IpAddr> {
        if !self.dynamic_authorization.allowed.is_empty() {
            return self.dynamic_authorization.allowed.clone();
        }
        let ServerSettings { authentication_servers, accounting_servers, .. } = &self.radius;
        authentication_servers.iter().chain(accounting_servers).map(SocketAddr::ip).collect()
    }
}

impl ServerSettings {
    /// How long one server may be silent before the next is asked.
    pub(crate) const fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }
}

/// Whether it is nothing but host and port, which are short enough for one packet with the path.
fn is_secure_origin(url: &Url) -> bool {
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    url.scheme() == "https" && is_bare && url.as_str().len() <= LONGEST_API / 2
}

pub(crate) const fn within(
    key: &'static str,
    value: u64,
    least: u64,
    most: u64,
) -> Result<(), SettingsError> {
    if least <= value && value <= most {
        return Ok(());
    }
    Err(SettingsError::OutOfRange { key, value, least, most })
}

fn default_state_file() -> PathBuf {
    "/var/lib/sabeel/gateway.json".into()
}

const fn default_max_devices() -> usize {
    4_096
}

const fn default_least_interim() -> u64 {
    60
}

const fn default_most_interim() -> u64 {
    600
}

const fn default_patience() -> u64 {
    6_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
        credentials-file = "gate.json"
        portal-url = "http://192.0.2.10"
        visitor-interface = "visitors"
        redirector = "10.77.0.1:3990"
        uplink-interfaces = ["wan"]
        [radius]
        authentication-servers = ["192.0.2.10:1812"]
        accounting-servers = ["192.0.2.11:1813"]
    "#;

    fn read(text: &str) -> Result<EdgeSettings, String> {
        let settings: EdgeSettings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn the_rest_follows_from_the_least() {
        let settings = read(LEAST).unwrap();
        let rules = settings.rules().unwrap();
        assert_eq!(rules.portals, ["192.0.2.10:80".parse().unwrap()]);
        assert_eq!(rules.uplinks, Uplinks::Masqueraded(vec!["wan".parse().unwrap()]));
        let allowed: [IpAddr; 2] = [[192, 0, 2, 10].into(), [192, 0, 2, 11].into()];
        assert_eq!(settings.allowed(), allowed);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        for (old, new, named) in [
            ("\"10.77.0.1:3990\"", "\"0.0.0.0:3990\"", "`redirector`"),
            ("\"10.77.0.1:3990\"", "\"10.77.0.1:0\"", "`redirector`"),
            ("http://192.0.2.10", "https://portal.example", "`portal-addresses`"),
            ("http://192.0.2.10", "ftp://192.0.2.10", "`portal-url`"),
            ("http://192.0.2.10", "http://192.0.2.10/?a=b", "`portal-url`"),
            ("visitor-interface = \"visitors\"", "", "`visitor-interface`"),
            ("uplink-interfaces = [\"wan\"]", "", "`masquerade`"),
            ("visitor-interface", "max-devices = 0\nvisitor-interface", "`max-devices`"),
            ("[\"192.0.2.10:1812\"]", "[]", "`radius.authentication-servers`"),
            ("redirector", "advertised-portal = \"http://a\"\nredirector", "`advertised-portal`"),
            (
                "redirector",
                "advertised-portal = \"https://a/b\"\nredirector",
                "`advertised-portal`",
            ),
            ("redirector", "redirecter", "redirecter"),
        ] {
            let reason = read(&LEAST.replace(old, new)).unwrap_err();
            assert!(reason.contains(named), "{new}: {reason}");
        }
    }
}
