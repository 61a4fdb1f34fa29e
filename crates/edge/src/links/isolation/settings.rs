//! What can be set about the self-test of isolation.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use domain::MacAddress;
use serde::{Deserialize, Deserializer};

use crate::interface::InterfaceName;
use crate::settings::{SettingsError, within};

/// The most attempts of a test.
const MOST: u64 = 64;
const DNS_PORT: u16 = 53;

/// The section `[links.isolation]`: a visitor of ours who must not get into the office.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IsolationSettings {
    /// The bridge of the visitors' network on this router.
    pub device: InterfaceName,
    /// An address of the visitors' network that nobody has and no DHCP server gives.
    pub from: Ipv4Addr,
    /// The address of this router there.
    pub gateway: Ipv4Addr,
    /// The hardware address of our visitor; default `02:53:41:42:45:4c`.
    #[serde(default = "default_hardware")]
    pub hardware_address: MacAddress,
    /// What must not be reached in the office, such as `tcp 10.2.0.10:445`; 1 to 64.
    pub office: Vec<Attempt>,
    /// What visitors do reach: where none of it answers, the test proves nothing; 1 to 64.
    pub control: Vec<Attempt>,
    /// The time between tests in seconds; 60 to 86,400, default 900.
    #[serde(default = "default_every")]
    pub every_seconds: u64,
    /// Where the evidence of breaches is kept; default `/var/lib/sabeel/breaches`.
    #[serde(default = "default_evidence")]
    pub evidence: PathBuf,
}

/// Something that is tried to be reached: `ping ADDRESS`, `tcp ADDRESS:PORT` or `dns ADDRESS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// How.
    pub(super) by: By,
    /// Where.
    pub(super) address: Ipv4Addr,
}

/// How something is tried to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum By {
    Ping,
    Tcp(u16),
    Dns(u16),
}

/// Why a text is no [`Attempt`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of `ping ADDRESS`, `tcp ADDRESS:PORT` and `dns ADDRESS`")]
pub struct AttemptError(String);

/// Why the test cannot be run as it is set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IsolationSettingsError {
    /// A number is outside its range.
    #[error("isolation: {0}")]
    Number(#[from] SettingsError),
    /// Our visitor has no place.
    #[error("isolation: `{0}` must be the address of one host, another one than that of the other")]
    Address(&'static str),
}

impl IsolationSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first that does not fit.
    pub(in crate::links) fn validate(&self) -> Result<(), IsolationSettingsError> {
        let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
        within("every-seconds", self.every_seconds, 60, 86_400)?;
        within("office", count(self.office.len()), 1, MOST)?;
        within("control", count(self.control.len()), 1, MOST)?;
        let is_host = |address: Ipv4Addr| {
            !(address.is_unspecified() || address.is_multicast() || address.is_broadcast())
        };
        if !is_host(self.from) {
            return Err(IsolationSettingsError::Address("from"));
        }
        if !is_host(self.gateway) || self.gateway == self.from {
            return Err(IsolationSettingsError::Address("gateway"));
        }
        Ok(())
    }

    pub(super) const fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds)
    }
}

impl FromStr for Attempt {
    type Err = AttemptError;

    fn from_str(text: &str) -> Result<Self, AttemptError> {
        let wrong = || AttemptError(text.chars().take(60).collect());
        let (by, at) = text.split_once(' ').ok_or_else(wrong)?;
        let (address, port) = match at.split_once(':') {
            Some((address, port)) => (address, Some(port.parse().map_err(|_| wrong())?)),
            None => (at, None),
        };
        let address = address.parse().map_err(|_| wrong())?;
        let by = match (by, port) {
            ("ping", None) => By::Ping,
            ("tcp", Some(1..)) => By::Tcp(port.unwrap_or_default()),
            ("dns", None) => By::Dns(DNS_PORT),
            ("dns", Some(1..)) => By::Dns(port.unwrap_or_default()),
            _ => return Err(wrong()),
        };
        Ok(Self { by, address })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        match self.by {
            By::Ping => write!(f, "ping {address}"),
            By::Tcp(port) => write!(f, "tcp {address}:{port}"),
            By::Dns(DNS_PORT) => write!(f, "dns {address}"),
            By::Dns(port) => write!(f, "dns {address}:{port}"),
        }
    }
}

impl<'de> Deserialize<'de> for Attempt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One that nobody was given by a maker: of those that whoever runs a network may use.
const fn default_hardware() -> MacAddress {
    MacAddress::new(*b"\x02SABEL")
}

const fn default_every() -> u64 {
    900
}

fn default_evidence() -> PathBuf {
    "/var/lib/sabeel/breaches".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
        device = "br-guest"
        from = "10.77.0.250"
        gateway = "10.77.0.1"
        office = ["tcp 10.2.0.10:445", "ping 10.2.0.10", "dns 10.2.0.53"]
        control = ["ping 192.0.2.2"]
    "#;

    fn read(text: &str) -> Result<IsolationSettings, String> {
        let settings: IsolationSettings =
            toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn attempts_are_read_as_they_are_told() {
        let settings = read(LEAST).unwrap();
        let told: Vec<_> = settings.office.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["tcp 10.2.0.10:445", "ping 10.2.0.10", "dns 10.2.0.53"]);
        assert_eq!(settings.hardware_address.to_string(), "02:53:41:42:45:4c");
        for text in
            ["tcp 10.2.0.10", "tcp 10.2.0.10:0", "ping 10.2.0.10:7", "smb 10.2.0.10", "ping"]
        {
            assert!(text.parse::<Attempt>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        for (old, new, named) in [
            ("\"10.77.0.250\"", "\"0.0.0.0\"", "`from`"),
            ("\"10.77.0.1\"", "\"10.77.0.250\"", "`gateway`"),
            ("[\"ping 192.0.2.2\"]", "[]", "`control` is 0"),
            ("device", "every-seconds = 59\ndevice", "`every-seconds` is 59"),
            ("device", "hardware-address = \"01:00:5e:00:00:01\"\ndevice", "no device"),
        ] {
            let reason = read(&LEAST.replacen(old, new, 1)).unwrap_err();
            assert!(reason.contains(named), "{new}: {reason}");
        }
    }
}
