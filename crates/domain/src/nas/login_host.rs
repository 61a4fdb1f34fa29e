//! Where a login page may be: a browser carries credentials nowhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// Where a NAS's login page may be: `[http://|https://]host[:port]`.
///
/// What is left out may be anything. `*.` before a name stands for all names below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginHost {
    scheme: Option<&'static str>,
    host: String,
    port: Option<u16>,
}

/// Why a text is no [`LoginHost`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host of a login page; write it like 10.5.0.1, 10.5.0.1:3990, \
         https://login.example.com or *.example.com"
)]
pub struct LoginHostError(String);

impl LoginHost {
    /// The scheme, if it must be that one.
    #[must_use]
    pub const fn scheme(&self) -> Option<&'static str> {
        self.scheme
    }

    /// The port, if it must be that one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The host, unless it stands for many.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        (!self.host.starts_with('*')).then_some(self.host.as_str())
    }

    /// Whether it is that place, or that place is among those for which it stands.
    pub(super) fn covers(&self, scheme: &str, host: &str, port: u16) -> bool {
        let is_host = match self.host.strip_prefix('*') {
            Some(below) => {
                let split = host.len().checked_sub(below.len()).filter(|split| *split > 0);
                split
                    .and_then(|split| host.get(split..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(below))
            }
            None => self.host.eq_ignore_ascii_case(host),
        };
        is_host
            && self.scheme.is_none_or(|known| known == scheme)
            && self.port.is_none_or(|known| known == port)
    }
}

impl FromStr for LoginHost {
    type Err = LoginHostError;

    fn from_str(text: &str) -> Result<Self, LoginHostError> {
        let error = || LoginHostError(text.chars().take(60).collect());
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Some("http"), rest),
            Some(("https", rest)) => (Some("https"), rest),
            Some(_) => return Err(error()),
            None => (None, text),
        };
        let (host, port) = match rest.rsplit_once(':') {
            // An IPv6 address without a port ends in its bracket.
            Some((host, port)) if !port.ends_with(']') => {
                let is_number = port.bytes().all(|b| b.is_ascii_digit());
                let port = port.parse::<u16>().ok().filter(|port| is_number && *port > 0);
                (host, Some(port.ok_or_else(error)?))
            }
            Some(_) | None => (rest, None),
        };
        if !is_host(host) {
            return Err(error());
        }
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port })
    }
}

/// Whether a text is an address or a name, perhaps one of many.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let name = text.strip_prefix("*.").unwrap_or(text);
    // What stands for many must not stand for all of a country.
    let is_wide = name.len() < text.len() && !name.contains('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    !is_wide && text.len() <= 253 && name.split('.').all(is_label)
}

impl fmt::Display for LoginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        f.pad(&format!("{scheme}{}{port}", self.host))
    }
}

impl Serialize for LoginHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LoginHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> LoginHost {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_stands_for_what_it_leaves_open() {
        for (known, scheme, place, port, covered) in [
            ("10.1.0.1", "http", "10.1.0.1", 3_990, true),
            ("10.1.0.1", "https", "10.1.0.1", 443, true),
            ("10.1.0.1:3990", "http", "10.1.0.1", 3_990, true),
            ("10.1.0.1:3990", "http", "10.1.0.1", 80, false),
            ("10.1.0.1", "http", "10.1.0.11", 80, false),
            ("Gate.example", "http", "gate.EXAMPLE", 80, true),
            ("https://gate.example", "http", "gate.example", 80, false),
            ("https://gate.example", "https", "gate.example", 444, true),
            ("*.example.com", "https", "n7.example.com", 443, true),
            ("*.example.com", "https", "a.b.example.com", 443, true),
            ("*.example.com", "https", "example.com", 443, false),
            ("*.example.com", "https", "evilexample.com", 443, false),
            ("[2001:db8::1]:880", "http", "[2001:db8::1]", 880, true),
        ] {
            assert_eq!(host(known).covers(scheme, place, port), covered, "{known} {place}:{port}");
        }
    }

    #[test]
    fn a_host_is_read_as_it_is_written() {
        for text in ["10.1.0.1", "gate:3990", "https://a.example:8443", "*.a.example", "[::1]:80"] {
            assert_eq!(host(text).to_string(), text);
        }
        assert_eq!(host("*.a.example").host(), None);
        for text in [
            "",
            ":80",
            "a:0",
            "a:65536",
            "a:+1",
            "ftp://a",
            "http://",
            "http://a/",
            "a b",
            "a/b",
            "user@a",
            "a?b",
            "a..b",
            "*.com",
            "*",
            "a.*.example",
            "[::1",
            "::1",
            "[10.1.0.1]",
            "http://a:80/login",
            "a\nb",
            "إ",
        ] {
            assert!(text.parse::<LoginHost>().is_err(), "{text}");
        }
    }
}
