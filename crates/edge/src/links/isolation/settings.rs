//! What can be set about the self-test of isolation.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
    pub from: Option<Ipv4Addr>,
    /// The address of this router there.
    pub gateway: Option<Ipv4Addr>,
    /// The same of IPv6. Each version has both, or neither; one at least has them.
    pub from6: Option<Ipv6Addr>,
    /// The address of IPv6 of this router there; may be the link-local one.
    pub gateway6: Option<Ipv6Addr>,
    /// The hardware address of our visitor; default `02:53:41:42:45:4c`.
    #[serde(default = "default_hardware")]
    pub hardware_address: MacAddress,
    /// What must not be reached in the office, such as `tcp 10.2.0.10:445`; 1 to 64.
    pub office: Vec<Attempt>,
    /// What visitors do reach: where none of it answers, the test proves nothing; 1 to 64, and one of each
    /// IP version that `office` has.
    pub control: Vec<Attempt>,
    /// The time between tests in seconds; 60 to 86,400, default 900.
    #[serde(default = "default_every")]
    pub every_seconds: u64,
    /// Where the evidence of breaches is kept; default `/var/lib/sabeel/breaches`.
    #[serde(default = "default_evidence")]
    pub evidence: PathBuf,
}

/// Something that is tried to be reached: `ping ADDRESS`, `tcp ADDRESS:PORT` or `dns ADDRESS`,
/// where an address of IPv6 before a port stands in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// How.
    pub(super) by: By,
    /// Where.
    pub(super) address: IpAddr,
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
    /// An address without its counterpart.
    #[error("isolation: `from` and `gateway` are set together, and so are `from6` and `gateway6`")]
    Alone,
    /// What is tried is of a version of which our visitor has no address.
    #[error("isolation: `{0}` needs `from` and `gateway` of its IP version")]
    NoVisitor(Attempt),
    /// Our visitor has an address that it does not use.
    #[error("isolation: nothing of `office` has the IP version of `{0}`")]
    NoAttempt(&'static str),
    /// Without something that answers it proves nothing that others do not.
    #[error("isolation: `{0}` needs something of its IP version in `control`")]
    NoControl(Attempt),
}

/// Our visitor's address of one IP version, and the router's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) from: IpAddr,
    pub(super) gateway: IpAddr,
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
        let is_pair = self.from.is_some() == self.gateway.is_some()
            && self.from6.is_some() == self.gateway6.is_some();
        if !is_pair || (self.from.is_none() && self.from6.is_none()) {
            return Err(IsolationSettingsError::Alone);
        }
        let is_host = |address: IpAddr| {
            let is_everybody = address == Ipv4Addr::BROADCAST;
            !(address.is_unspecified() || address.is_multicast() || is_everybody)
        };
        for Stand { from, gateway } in self.stands() {
            if !is_host(from) {
                return Err(IsolationSettingsError::Address(Self::key(from, ["from", "from6"])));
            }
            if !is_host(gateway) || gateway == from {
                let key = Self::key(from, ["gateway", "gateway6"]);
                return Err(IsolationSettingsError::Address(key));
            }
            if !self.office.iter().any(|attempt| attempt.is_like(from)) {
                return Err(IsolationSettingsError::NoAttempt(Self::key(from, ["from", "from6"])));
            }
        }
        for attempt in self.office.iter().chain(&self.control) {
            if self.stand(*attempt).is_none() {
                return Err(IsolationSettingsError::NoVisitor(*attempt));
            }
            if !self.control.iter().any(|control| control.is_like(attempt.address)) {
                return Err(IsolationSettingsError::NoControl(*attempt));
            }
        }
        Ok(())
    }

    fn key(of: IpAddr, keys: [&'static str; 2]) -> &'static str {
        let [ipv4, ipv6] = keys;
        if of.is_ipv4() { ipv4 } else { ipv6 }
    }

    /// Where our visitor stands, in each IP version that is tried.
    pub(super) fn stands(&self) -> impl Iterator<Item = Stand> {
        let ipv4 = self.from.zip(self.gateway);
        let ipv4 = ipv4.map(|(from, gateway)| Stand { from: from.into(), gateway: gateway.into() });
        let ipv6 = self.from6.zip(self.gateway6);
        let ipv6 = ipv6.map(|(from, gateway)| Stand { from: from.into(), gateway: gateway.into() });
        ipv4.into_iter().chain(ipv6)
    }

    /// From where an attempt is made.
    pub(super) fn stand(&self, attempt: Attempt) -> Option<Stand> {
        self.stands().find(|stand| attempt.is_like(stand.from))
    }

    pub(super) const fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds)
    }
}

impl Attempt {
    /// Whether it is of the IP version of that address.
    pub(super) const fn is_like(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
    }
}

impl FromStr for Attempt {
    type Err = AttemptError;

    fn from_str(text: &str) -> Result<Self, AttemptError> {
        let wrong = || AttemptError(text.chars().take(60).collect());
        let (by, at) = text.split_once(' ').ok_or_else(wrong)?;
        let (address, port) = match (at.parse::<SocketAddr>(), at.parse()) {
            (Ok(at), _) => (at.ip(), Some(at.port())),
            (Err(_), Ok(address)) => (address, None),
            (Err(_), Err(_)) => return Err(wrong()),
        };
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
        let at = |port| SocketAddr::new(address, port);
        match self.by {
            By::Ping => write!(f, "ping {address}"),
            By::Tcp(port) => write!(f, "tcp {}", at(port)),
            By::Dns(DNS_PORT) => write!(f, "dns {address}"),
            By::Dns(port) => write!(f, "dns {}", at(port)),
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
        for text in ["ping 2001:db8::1", "tcp [2001:db8::1]:445", "dns [2001:db8::1]:5353"] {
            assert_eq!(text.parse::<Attempt>().unwrap().to_string(), text);
        }
        assert!("tcp 2001:db8::1:445".parse::<Attempt>().is_err(), "that is an address alone");
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        for (old, new, named) in [
            ("\"10.77.0.250\"", "\"0.0.0.0\"", "`from`"),
            ("\"10.77.0.1\"", "\"10.77.0.250\"", "`gateway`"),
            ("gateway", "#", "`from` and `gateway` are set together"),
            ("gateway", "from6 = \"fe80::2\"\ngateway", "so are `from6` and `gateway6`"),
            ("gateway", "from6 = \"::\"\ngateway6 = \"fe80::1\"\ngateway", "`from6` must be"),
            ("ping 10.2.0.10", "ping 2001:db8::1", "`ping 2001:db8::1` needs `from` and"),
            ("[\"ping 192.0.2.2\"]", "[]", "`control` is 0"),
            ("device", "every-seconds = 59\ndevice", "`every-seconds` is 59"),
            ("device", "hardware-address = \"01:00:5e:00:00:01\"\ndevice", "no device"),
        ] {
            let reason = read(&LEAST.replacen(old, new, 1)).unwrap_err();
            assert!(reason.contains(named), "{new}: {reason}");
        }
    }

    #[test]
    fn a_visitor_of_both_ip_versions_needs_something_that_answers_in_each() {
        let stand = "from6 = \"2001:db8:77::250\"\ngateway6 = \"fe80::1\"\n";
        let reason = read(&(LEAST.to_owned() + stand)).unwrap_err();
        assert_eq!(reason, "isolation: nothing of `office` has the IP version of `from6`");
        let both = LEAST.replace("ping 10.2.0.10", "ping 2001:db8:2::10") + stand;
        let reason = read(&both).unwrap_err();
        assert!(reason.contains("`ping 2001:db8:2::10` needs something of its"), "{reason}");
        let both = both.replace("192.0.2.2\"", "192.0.2.2\", \"ping 2001:db8:f::2\"");
        let settings = read(&both).unwrap();
        let from = |number: usize| settings.stand(settings.office[number]).unwrap().from;
        assert_eq!([0, 1].map(|it| from(it).to_string()), ["10.77.0.250", "2001:db8:77::250"]);
    }
}
