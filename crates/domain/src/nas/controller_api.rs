//! Controllers of access points that speak no RADIUS about visitors: where their API is, and what
//! they say of who is there.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{CertificateName, MacAddress, Octets, Secret, Timestamp, text};

/// A controller's API, and by what right it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerApi {
    /// Where it is.
    pub url: ApiUrl,
    /// The controller's own short name of the site.
    pub site: ApiSite,
    /// The name by which the site's visitors come to the portal, where it is told apart by that.
    pub visitor_host: Option<VisitorHost>,
    /// Who logs in with the key as password; without a user the key is an API key.
    pub user: Option<ApiUser>,
    /// Password or API key.
    pub key: Secret,
    /// The fingerprint of its certificate; without one, the certificate must be genuine for the
    /// host of the address.
    pub certificate: Option<CertificateName>,
}

/// What a redirect said of where a device is, which its controller must be told again: names and
/// values. It is a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts(pub Vec<(String, String)>);

impl Whereabouts {
    /// The value of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A device at a controller's site, as the controller tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// The device.
    pub device: MacAddress,
    /// Whether the controller lets it through.
    pub standing: GuestStanding,
    /// Since when it is there; its counters began then.
    pub since: Timestamp,
    /// Its address, once it has one.
    pub address: Option<IpAddr>,
    /// From the visitor, since then.
    pub uploaded: Octets,
    /// To the visitor, since then.
    pub downloaded: Octets,
}

/// Whether a controller lets a device through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestStanding {
    /// It does.
    Admitted,
    /// It shows the portal to it.
    Caught,
    /// It did until a moment ago; these are its last counters.
    Gone,
}

/// `https://host[:port]`: an API never speaks without TLS, since the key travels in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiUrl(String);

/// Why a text is no [`ApiUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of an API; write it like https://10.0.0.2:8443, without a path")]
pub struct ApiUrlError(String);

/// A controller's short name of a site, such as `default`: 3 to 32 letters and digits in lower
/// case. It stands in the redirect of the site's visitors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiSite(String);

/// Why a text is no [`ApiSite`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no short name of a site: 3 to 32 letters and digits, as in the controller's own address of it"
)]
pub struct ApiSiteError(String);

/// The name by which visitors of one controller's site come to the portal, in lower case: labels of
/// letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VisitorHost(String);

/// Why a text is no [`VisitorHost`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name that visitors can come to; write it like garden.portal.example, no port")]
pub struct VisitorHostError(String);

/// Who logs in at a controller: 1 to 64 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiUser(String);

/// Why a text is no [`ApiUser`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the user of an API has 1 to 64 printable characters")]
pub struct ApiUserError;

impl ApiUrl {
    /// The address as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiUrl {
    type Err = ApiUrlError;

    fn from_str(text: &str) -> Result<Self, ApiUrlError> {
        let plain = text.strip_suffix('/').unwrap_or(text);
        let host = plain.parse::<super::LoginHost>().ok();
        let is_whole =
            host.is_some_and(|host| host.scheme() == Some("https") && host.host().is_some());
        match is_whole {
            true => Ok(Self(plain.to_ascii_lowercase())),
            false => Err(ApiUrlError(text.chars().take(60).collect())),
        }
    }
}

impl VisitorHost {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VisitorHost {
    type Err = VisitorHostError;

    fn from_str(text: &str) -> Result<Self, VisitorHostError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
        match text.len() <= 100 && text.split('.').all(is_label) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(VisitorHostError(text.chars().take(60).collect())),
        }
    }
}

impl ApiSite {
    /// The portal path by which a UniFi site's visitors come, who cannot be sent to another: by its
    /// name, and the host that they come to where that tells it apart. No two have the same.
    #[must_use]
    pub fn unifi_path(&self, host: Option<&VisitorHost>) -> String {
        let Self(site) = self;
        // A host's name has no capitals, so they can stand for what a path has not.
        let host = host.map(|VisitorHost(host)| host.replace('.', "Z").replace('-', "Y"));
        host.map_or_else(|| format!("unifi{site}"), |host| format!("unifi{site}X{host}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ApiSite {
    /// The first site of a UniFi controller.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for ApiSite {
    type Err = ApiSiteError;

    fn from_str(text: &str) -> Result<Self, ApiSiteError> {
        let is_plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        match is_plain && (3..=32).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(ApiSiteError(text.chars().take(40).collect())),
        }
    }
}

impl ApiUser {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiUser {
    type Err = ApiUserError;

    fn from_str(text: &str) -> Result<Self, ApiUserError> {
        let is_printable = !text.chars().any(char::is_control);
        match is_printable && (1..=64).contains(&text.chars().count()) {
            true => Ok(Self(text.to_owned())),
            false => Err(ApiUserError),
        }
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for VisitorHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ApiSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ApiUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for ApiUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for VisitorHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for ApiSite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for ApiUser {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ApiUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

impl<'de> Deserialize<'de> for VisitorHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

impl<'de> Deserialize<'de> for ApiSite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

impl<'de> Deserialize<'de> for ApiUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_reached_over_tls_alone() {
        for (text, expected) in [
            ("https://10.0.0.2:8443", Some("https://10.0.0.2:8443")),
            ("https://Unifi.Park.example/", Some("https://unifi.park.example")),
            ("https://[2001:db8::1]", Some("https://[2001:db8::1]")),
            ("http://10.0.0.2:8443", None),
            ("10.0.0.2", None),
            ("https://*.park.example", None),
            ("https://10.0.0.2/api", None),
            ("https://user@10.0.0.2", None),
            ("https://", None),
        ] {
            let url = text.parse::<ApiUrl>().ok();
            assert_eq!(url.as_ref().map(ApiUrl::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_site_has_another_path_for_each_host() {
        let path = |site: &str, host: Option<&str>| {
            let host = host.map(|host| host.parse::<VisitorHost>().unwrap());
            site.parse::<ApiSite>().unwrap().unifi_path(host.as_ref())
        };
        assert_eq!(path("default", None), "unifidefault");
        let garden = path("default", Some("Garden-7.portal.example"));
        assert_eq!(garden, "unifidefaultXgardenY7ZportalZexample");
        assert_ne!(garden, path("default", Some("garden.7.portal.example")));
        for text in ["", "a..b", "a:80", "http://a", "a/b", "a b", "a_b", "ا.example"] {
            assert!(text.parse::<VisitorHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_site_is_named_as_in_the_redirect() {
        for (text, is_one) in [
            ("default", true),
            ("x7m2k9ab", true),
            ("ab", false),
            ("Park", false),
            ("a/../b", false),
        ] {
            assert_eq!(text.parse::<ApiSite>().is_ok(), is_one, "{text}");
        }
        assert!("".parse::<ApiUser>().is_err() && "a\nb".parse::<ApiUser>().is_err());
        assert_eq!("مشغل".parse::<ApiUser>().unwrap().as_str(), "مشغل");
    }
}
