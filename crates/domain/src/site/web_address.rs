//! Addresses of pages outside, which phones are told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const LONGEST: usize = 200;

/// An https URL with a host name, plain enough to be told to any phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebAddress(String);

/// Why a text is no [`WebAddress`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address like https://park.example/ of at most 200 characters")]
pub struct WebAddressError(String);

impl WebAddress {
    /// The address itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebAddress {
    type Err = WebAddressError;

    fn from_str(text: &str) -> Result<Self, WebAddressError> {
        let refuse = || WebAddressError(text.chars().take(60).collect());
        let rest = text.strip_prefix("https://").ok_or_else(refuse)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        let (host, port) =
            authority.rsplit_once(':').map_or((authority, "443"), |(host, port)| (host, port));
        let usable = text.len() <= LONGEST
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b))
            && host.split('.').all(is_label)
            && port.parse::<u16>().is_ok_and(|port| port > 0);
        usable.then(|| Self(text.to_owned())).ok_or_else(refuse)
    }
}

/// Whether a text can stand between the dots of a host name (RFC 1123 §2.1).
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl TryFrom<String> for WebAddress {
    type Error = WebAddressError;

    fn try_from(text: String) -> Result<Self, WebAddressError> {
        text.parse()
    }
}

impl From<WebAddress> for String {
    fn from(address: WebAddress) -> Self {
        address.0
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_https_url_with_a_host_name() {
        for text in [
            "https://park.example",
            "https://park.example/",
            "https://park.example:8443/en?of=walkway#map",
        ] {
            assert_eq!(text.parse::<WebAddress>().map(String::from), Ok(text.to_owned()));
        }
        let long = format!("https://park.example/{}", "x".repeat(200));
        for text in [
            "",
            "park.example",
            "http://park.example/",
            "https://",
            "https:///x",
            "https://admin@park.example/",
            "https://park..example/",
            "https://-park.example/",
            "https://park.example:0/",
            "https://park.example:http/",
            "https://park.example/a b",
            "https://park.example/\"",
            "https://متنزه.example/",
            &long,
        ] {
            assert!(text.parse::<WebAddress>().is_err(), "{text}");
        }
    }
}
