//! What can be set about targets: what runs no agent, and how it is asked.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use hickory_proto::rr::Name;
use link::targets::TargetPolicy;
use serde::Deserialize;
use url::{Host, Url};

use super::echo;
use crate::links::dns;
use crate::links::settings::{AliveBy, LinksSettings, LinksSettingsError, check_name};
use crate::links::switch::Family;
use crate::settings::{SettingsError, within};

/// The longest that a probe may take, in intervals: no more may be under way.
const LONGEST_TIMEOUT: u64 = 10;
const MOST: u64 = 20_000;

/// One target: a section `[[links.targets]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TargetSettings {
    /// What it is called: letters, digits and `-`.
    pub name: String,
    /// The path that its probes leave by, whatever routes say.
    pub path: String,
    /// How it is asked.
    pub kind: TargetKind,
    /// Where it is.
    pub address: IpAddr,
    /// Its port; for `tcp` it must be given, for `dns` the default is 53.
    pub port: Option<u16>,
    /// For which name `dns` asks.
    pub question: Option<String>,
    /// What `http` gets; it is connected to `address`, whatever the name in it leads to.
    pub url: Option<Url>,
    /// Who vouches for the certificate of an `https` target, as a PEM file; default is who the system
    /// trusts.
    pub ca_file: Option<PathBuf>,
    /// The time between probes in milliseconds; 100 to 3,600,000, default 1,000.
    #[serde(default = "default_interval")]
    pub every_ms: u64,
    /// After so many milliseconds a probe is lost; 10 to 10 times `every-ms`, default 1,000.
    #[serde(default = "default_interval")]
    pub timeout_ms: u64,
    /// So many of the last `of` probes have to be lost for the target to be down; 1 to 32, default 3.
    #[serde(default = "default_missing")]
    pub missing: u8,
    /// How many probes are looked at; `missing` to 32, default one more than `missing`.
    pub of: Option<u8>,
    /// So many in a row have to be answered for the target to be up; 1 to 32, default 2.
    #[serde(default = "default_answered")]
    pub answered: u8,
}

/// How a target is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// By an ICMP echo.
    Ping,
    /// By ARP, for what is on the path's own network.
    Arp,
    /// By a neighbour solicitation, the same of IPv6.
    Ndp,
    /// By a TCP connection, which is given up at once.
    Tcp,
    /// By a question for a name, by UDP.
    Dns,
    /// By a GET, which has to be answered by a status of 200 to 399.
    Http,
}

/// How a target is asked, with all that is needed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    Ping,
    Neighbour,
    Tcp { port: u16 },
    Dns { port: u16, name: Name },
    Http { url: Url, host: String, port: u16, ca_file: Option<PathBuf> },
}

impl Question {
    /// What it and its answer take of what is paid for, in octets with the headers of IP: of a connection
    /// about so many, of neighbours nothing.
    pub(super) fn octets(&self, family: Family) -> u64 {
        let ip: u64 = match family {
            Family::Ipv4 => 20,
            Family::Ipv6 => 40,
        };
        // A connection that begins and ends, with the usual options.
        let connection = 4 * ip + 132;
        match self {
            Self::Neighbour => 0,
            Self::Ping => 2 * (ip + echo::LENGTH as u64),
            // The header of DNS and what is asked, twice, and one address. The root is no part of its length.
            Self::Dns { name, .. } => 2 * (ip + 8 + 12 + name.len() as u64 + 5) + 16,
            Self::Tcp { .. } => connection,
            // One segment each way and its acknowledgement, and the certificates before it.
            Self::Http { url, .. } if url.scheme() == "https" => connection + 7_000,
            Self::Http { .. } => connection + 2_000,
        }
    }
}

/// Why a target cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetSettingsError {
    /// A number is outside its range.
    #[error("target {target}: {reason}")]
    Number {
        /// Which target.
        target: String,
        /// Which number, and its range.
        reason: SettingsError,
    },
    /// Something that its kind needs is missing or is no such thing.
    #[error("target {target}: `{key}` must be {wanted}")]
    Key {
        /// Which target.
        target: String,
        /// The key.
        key: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// Two targets cannot be told from each other.
    #[error("two targets have the {what} {value}")]
    Twice {
        /// Of which kind it is.
        what: &'static str,
        /// What both have.
        value: String,
    },
    /// Its path is none.
    #[error("target {target}: there is no path {path}")]
    Path {
        /// Which target.
        target: String,
        /// What is no path.
        path: String,
    },
}

impl TargetKind {
    /// As it is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Arp => "arp",
            Self::Ndp => "ndp",
            Self::Tcp => "tcp",
            Self::Dns => "dns",
            Self::Http => "http",
        }
    }
}

impl TargetSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first that does not fit.
    pub(in crate::links) fn validate(&self) -> Result<(), TargetSettingsError> {
        let most_timeout = self.every_ms.saturating_mul(LONGEST_TIMEOUT).min(60_000);
        let of = u64::from(self.of());
        for checked in [
            within("every-ms", self.every_ms, 100, 3_600_000),
            within("timeout-ms", self.timeout_ms, 10, most_timeout),
            within("missing", self.missing.into(), 1, 32),
            within("of", of, self.missing.into(), 32),
            within("answered", self.answered.into(), 1, 32),
        ] {
            let named = |reason| TargetSettingsError::Number { target: self.name.clone(), reason };
            checked.map_err(named)?;
        }
        self.check_address()?;
        self.question().map(drop)
    }

    fn check_address(&self) -> Result<(), TargetSettingsError> {
        let is_nobody = match self.address {
            IpAddr::V4(address) => address.is_broadcast(),
            IpAddr::V6(address) => address.to_ipv4_mapped().is_some(),
        };
        let wanted = match (self.kind, self.address) {
            (_, address) if is_nobody || address.is_unspecified() || address.is_multicast() => {
                "the address of one host"
            }
            (TargetKind::Arp, IpAddr::V6(_)) => "an IPv4 address; those of IPv6 are asked by `ndp`",
            (TargetKind::Ndp, IpAddr::V4(_)) => "an IPv6 address; those of IPv4 are asked by `arp`",
            _ => return Ok(()),
        };
        Err(self.wrong("address", wanted))
    }

    /// How it is asked.
    pub(super) fn question(&self) -> Result<Question, TargetSettingsError> {
        let kind = self.kind;
        let stray = [
            ("port", self.port.is_some(), &[TargetKind::Tcp, TargetKind::Dns][..]),
            ("question", self.question.is_some(), &[TargetKind::Dns]),
            ("url", self.url.is_some(), &[TargetKind::Http]),
            ("ca-file", self.ca_file.is_some(), &[TargetKind::Http]),
        ];
        if let Some((key, ..)) =
            stray.into_iter().find(|(_, is_set, of)| *is_set && !of.contains(&kind))
        {
            return Err(self.wrong(key, "left out for this kind"));
        }
        let port = self.port.filter(|port| *port > 0);
        match kind {
            TargetKind::Ping => Ok(Question::Ping),
            TargetKind::Arp | TargetKind::Ndp => Ok(Question::Neighbour),
            TargetKind::Tcp => {
                let port = port.ok_or_else(|| self.wrong("port", "a port of TCP"))?;
                Ok(Question::Tcp { port })
            }
            TargetKind::Dns => {
                let name = self.question.as_deref().and_then(dns::host);
                let wanted = "the name of a host, such as example.com";
                let name = name.ok_or_else(|| self.wrong("question", wanted))?;
                Ok(Question::Dns { port: self.port.unwrap_or(dns::PORT), name })
            }
            TargetKind::Http => self.page(),
        }
    }

    fn page(&self) -> Result<Question, TargetSettingsError> {
        let wanted = "an address that begins with http:// or https://";
        let known = self.url.as_ref().and_then(|url| {
            let scheme = matches!(url.scheme(), "http" | "https");
            // Without the brackets around an address of IPv6.
            let host = match url.host()? {
                Host::Domain(name) => name.to_owned(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            };
            let port = url.port_or_known_default()?;
            let ca_file = self.ca_file.clone();
            scheme.then(|| Question::Http { url: url.clone(), host, port, ca_file })
        });
        known.ok_or_else(|| self.wrong("url", wanted))
    }

    /// How it is judged.
    pub(super) fn policy(&self) -> TargetPolicy {
        TargetPolicy {
            every: Duration::from_millis(self.every_ms),
            timeout: Duration::from_millis(self.timeout_ms),
            missing: self.missing,
            of: self.of(),
            answered: self.answered,
        }
    }

    fn of(&self) -> u8 {
        self.of.unwrap_or(self.missing.saturating_add(1).min(32))
    }

    fn wrong(&self, key: &'static str, wanted: &'static str) -> TargetSettingsError {
        TargetSettingsError::Key { target: self.name.clone(), key, wanted }
    }
}

/// Checks the targets of an office against each other and its paths.
///
/// # Errors
/// The first that does not fit.
pub(in crate::links) fn validate(settings: &LinksSettings) -> Result<(), LinksSettingsError> {
    let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    within("targets", count(settings.targets.len()), 0, MOST)?;
    let (mut names, mut neighbours) = (BTreeSet::new(), BTreeSet::new());
    for target in &settings.targets {
        check_name(&target.name)?;
        target.validate()?;
        let twice = |what, value| Err(TargetSettingsError::Twice { what, value }.into());
        if !names.insert(target.name.as_str()) {
            return twice("name", target.name.clone());
        }
        if !settings.paths.iter().any(|path| path.name == target.path) {
            let (target, path) = (target.name.clone(), target.path.clone());
            return Err(TargetSettingsError::Path { target, path }.into());
        }
        // Such answers do not say which of two questions they are for.
        let is_neighbour = matches!(target.kind, TargetKind::Arp | TargetKind::Ndp);
        if is_neighbour && !neighbours.insert((target.path.as_str(), target.address)) {
            return twice("neighbour", target.address.to_string());
        }
    }
    for path in &settings.paths {
        let targets = settings.targets.iter().filter(|target| target.path == path.name).count();
        let least = u64::from(path.alive_by == AliveBy::Targets);
        let quorum = path.quorum.map_or(least, u64::from);
        if quorum > count(targets) || path.quorum == Some(0) {
            let path = path.name.clone();
            return Err(LinksSettingsError::Quorum { path, quorum, targets });
        }
    }
    Ok(())
}

const fn default_interval() -> u64 {
    1_000
}

const fn default_missing() -> u8 {
    3
}

const fn default_answered() -> u8 {
    2
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str =
        "name = \"isp\"\npath = \"dsl\"\nkind = \"ping\"\naddress = \"203.0.113.1\"\n";

    fn read(text: &str) -> Result<TargetSettings, String> {
        let settings: TargetSettings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn the_rest_follows_from_the_least() {
        let second = Duration::from_secs(1);
        let policy =
            TargetPolicy { every: second, timeout: second, missing: 3, of: 4, answered: 2 };
        assert_eq!(read(LEAST).unwrap().policy(), policy);
    }

    #[test]
    fn each_kind_has_what_it_needs() {
        for (kind, rest, asked) in [
            ("arp", "", Question::Neighbour),
            ("tcp", "port = 443", Question::Tcp { port: 443 }),
            (
                "dns",
                "question = \"example.com\"",
                Question::Dns { port: 53, name: Name::from_ascii("example.com.").unwrap() },
            ),
            (
                "http",
                "url = \"https://nvr.example/health\"",
                Question::Http {
                    url: Url::parse("https://nvr.example/health").unwrap(),
                    host: "nvr.example".to_owned(),
                    port: 443,
                    ca_file: None,
                },
            ),
        ] {
            let settings = read(&(LEAST.replace("ping", kind) + rest)).unwrap();
            assert_eq!(settings.question().unwrap(), asked);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused_by_its_key() {
        for (kind, rest, named) in [
            ("ping", "port = 7", "target isp: `port` must be left out"),
            ("tcp", "", "`port` must be a port of TCP"),
            ("tcp", "port = 0", "`port` must be a port of TCP"),
            ("dns", "", "`question` must be"),
            ("http", "", "`url` must be"),
            ("http", "url = \"ftp://nvr.example\"", "`url` must be"),
            ("ping", "every-ms = 99", "target isp: `every-ms` is 99"),
            ("ping", "every-ms = 100\ntimeout-ms = 1001", "`timeout-ms` is 1001"),
            ("ping", "missing = 5\nof = 4", "`of` is 4, but must be 5 to 32"),
            ("ping", "answered = 0", "`answered` is 0"),
        ] {
            let reason = read(&(LEAST.replace("ping", kind) + rest)).unwrap_err();
            assert!(reason.contains(named), "{rest}: {reason}");
        }
    }

    #[test]
    fn what_a_question_takes_is_known() {
        let octets = |kind: &str, rest: &str| {
            let question = read(&(LEAST.replace("ping", kind) + rest)).unwrap().question().unwrap();
            Family::BOTH.map(|family| question.octets(family))
        };
        assert_eq!(octets("ping", ""), [88, 128]);
        assert_eq!(octets("arp", ""), [0, 0]);
        // A question of 29 octets, and an answer of 45.
        assert_eq!(octets("dns", "question = \"example.com\""), [130, 170]);
        assert_eq!(octets("tcp", "port = 443"), [212, 292]);
        assert_eq!(octets("http", "url = \"http://example.com\""), [2_212, 2_292]);
        assert_eq!(octets("http", "url = \"https://example.com\""), [7_212, 7_292]);
    }

    #[test]
    fn a_target_has_the_address_of_one_host_of_either_ip_version() {
        let at = |kind: &str, address: &str| {
            read(&LEAST.replace("ping", kind).replace("203.0.113.1", address))
        };
        for (kind, address) in [("ping", "2001:db8::1"), ("ping", "fe80::1"), ("ndp", "fe80::1")] {
            assert_eq!(at(kind, address).unwrap().address.to_string(), address);
        }
        for (kind, address, wanted) in [
            ("ping", "0.0.0.0", "the address of one host"),
            ("ping", "255.255.255.255", "the address of one host"),
            ("ping", "::", "the address of one host"),
            ("ping", "ff02::1", "the address of one host"),
            ("ping", "::ffff:203.0.113.1", "the address of one host"),
            ("arp", "fe80::1", "an IPv4 address; those of IPv6 are asked by `ndp`"),
            ("ndp", "203.0.113.1", "an IPv6 address; those of IPv4 are asked by `arp`"),
        ] {
            let reason = at(kind, address).unwrap_err();
            assert_eq!(reason, format!("target isp: `address` must be {wanted}"));
        }
    }

    const OFFICE: &str = r#"
        site = "hofuf"
        offices = ["10.2.0.0/16"]
        [[paths]]
        name = "fibre"
        device = "fib0"
        local = "192.0.2.1"
        peer = "192.0.2.2"
        [[paths]]
        name = "radio"
        device = "rad0"
        local = "198.51.100.1"
        peer = "198.51.100.2"
    "#;

    fn read_office(text: &str) -> Result<LinksSettings, String> {
        let settings: LinksSettings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    /// A target with its path and its quorum.
    fn with_target(path: &str, quorum: &str, kind: &str) -> String {
        let target = format!("[[targets]]\nname = \"isp\"\npath = \"{path}\"\nkind = \"{kind}\"");
        let target = format!("{target}\naddress = \"203.0.113.1\"\n");
        format!("{OFFICE}alive-by = \"targets\"\n{quorum}\n{target}")
    }

    #[test]
    fn a_path_lives_by_its_targets_if_it_has_enough() {
        let settings = read_office(&with_target("radio", "quorum = 1", "ping")).unwrap();
        assert_eq!(settings.paths[1].probe_interval(), None, "nobody answers them");
        assert!(settings.outline().asked.is_empty(), "it is no part of an office");
        let behind = with_target("radio", "", "ping").replace("203.0.113.1", "10.2.0.1");
        assert_eq!(read_office(&behind).unwrap().outline().asked, [link::PathNumber::new(1)]);
        for (path, quorum, named) in [
            ("radio", "quorum = 2", "path radio: `quorum` is 2, but it has 1 target(s)"),
            ("radio", "quorum = 0", "path radio: `quorum` is 0"),
            ("fibre", "", "path radio: `quorum` is 1, but it has 0 target(s)"),
            ("copper", "", "target isp: there is no path copper"),
        ] {
            let reason = read_office(&with_target(path, quorum, "ping")).unwrap_err();
            assert!(reason.contains(named), "{reason}");
        }
        let text = with_target("radio", "", "arp");
        let (_, target) = text.split_once("[[targets]]").unwrap();
        let twice = format!("{text}[[targets]]{}", target.replace("isp", "ap"));
        assert_eq!(read_office(&twice).unwrap_err(), "two targets have the neighbour 203.0.113.1");
        let twice = format!("{text}[[targets]]{target}");
        assert_eq!(read_office(&twice).unwrap_err(), "two targets have the name isp");
    }
}
