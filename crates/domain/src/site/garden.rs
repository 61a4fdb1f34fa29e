//! What visitors reach before they sign in: the walled garden.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::web_address::is_label;

/// A host that visitors may reach without signing in, by its name: `services.park.example`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GardenHost(String);

/// Why a text is no [`GardenHost`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host name like services.park.example, in lower case")]
pub struct GardenHostError(String);

impl GardenHost {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GardenHost {
    type Err = GardenHostError;

    fn from_str(text: &str) -> Result<Self, GardenHostError> {
        let last = text.rsplit('.').next().unwrap_or("");
        let usable = text.len() <= 253
            && text.contains('.')
            && text.split('.').all(is_label)
            && !text.bytes().any(|b| b.is_ascii_uppercase())
            // Names end with letters; what ends with digits is an address.
            && last.bytes().any(|b| b.is_ascii_alphabetic());
        usable
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| GardenHostError(text.chars().take(60).collect()))
    }
}

impl TryFrom<String> for GardenHost {
    type Error = GardenHostError;

    fn try_from(text: String) -> Result<Self, GardenHostError> {
        text.parse()
    }
}

impl From<GardenHost> for String {
    fn from(host: GardenHost) -> Self {
        host.0
    }
}

impl fmt::Display for GardenHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_garden_is_made_of_host_names() {
        for text in ["services.park.example", "940.gov.sa", "xn--mgbh0fb.example"] {
            assert_eq!(text.parse::<GardenHost>().map(String::from), Ok(text.to_owned()));
        }
        for text in [
            "",
            "park",
            "192.0.2.7",
            "*.park.example",
            "Park.example",
            "park.example/x",
            "park.example:443",
            "park..example",
            "-park.example",
            "park.example;reboot",
            "متنزه.sa",
        ] {
            assert!(text.parse::<GardenHost>().is_err(), "{text}");
        }
    }
}
