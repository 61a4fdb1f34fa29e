//! NAS: whatever stands between visitor and internet and speaks RADIUS to us.

use std::net::SocketAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{CertificateName, NasName, Secret, SiteName};

/// An access point, wireless controller or gateway that asks us for authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nas {
    /// The admin's name for it.
    pub name: NasName,
    /// Where it stands.
    pub site: SiteName,
    /// The source addresses that its RADIUS packets come from.
    pub addresses: IpNet,
    /// The certificate by which it is known when it speaks RADIUS over TLS, if it does.
    pub certificate: Option<CertificateName>,
    /// The RADIUS shared secret.
    pub secret: Secret,
    /// The maker's dialect of attributes.
    pub profile: NasProfile,
    /// Whether its Access-Requests must carry Message-Authenticator.
    pub message_authenticator: MessageAuthenticatorRule,
    /// Which way its octet counters count.
    pub octet_direction: OctetDirection,
    /// Where it listens for Disconnect and CoA (RFC 5176), if it does.
    pub dae_address: Option<SocketAddr>,
    /// How a login is handed back to it.
    pub hand_off: HandOff,
    /// The secret path segment by which its redirected visitors reach the portal.
    pub portal_path: Secret,
}

/// The maker's dialect: which attributes carry limits, and how a login is handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NasProfile {
    /// Our own gateway on a Linux router.
    Sabeel,
    /// CoovaChilli and what speaks like it.
    Coova,
    /// MikroTik RouterOS.
    Mikrotik,
    /// Any other, by RFC and WISPr attributes alone.
    Generic,
}

/// Why a text is no [`NasProfile`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known profile; known are sabeel, coova, mikrotik and generic")]
pub struct ProfileError(String);

impl NasProfile {
    /// Every profile.
    pub const ALL: [Self; 4] = [Self::Sabeel, Self::Coova, Self::Mikrotik, Self::Generic];

    /// The profile's name in configuration, store and command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sabeel => "sabeel",
            Self::Coova => "coova",
            Self::Mikrotik => "mikrotik",
            Self::Generic => "generic",
        }
    }
}

impl NasProfile {
    /// Whether it limits a device to a speed that it is told; our own gateway does not yet.
    #[must_use]
    pub const fn limits_speed(self) -> bool {
        !matches!(self, Self::Sabeel)
    }
}

impl FromStr for NasProfile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| ProfileError(text.chars().take(40).collect()))
    }
}

/// What is asked of a NAS's Access-Requests (draft-ietf-radext-deprecating-radius §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageAuthenticatorRule {
    /// A request without Message-Authenticator is dropped.
    Required,
    /// It may be missing; a wrong one is dropped all the same.
    Optional,
}

/// What Acct-Input-Octets means to a NAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OctetDirection {
    /// Input is from the visitor, as RFC 2866 §5.3 says.
    Standard,
    /// Input is to the visitor, as some makers count.
    Swapped,
}

/// How a login reaches the NAS once the code is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOff {
    /// The NAS asks by hardware address; a CoA makes it ask again.
    MacAuthentication {
        /// Signs the redirect query, where the NAS can sign (ours can).
        redirect_secret: Option<Secret>,
    },
    /// The browser carries one-time credentials to the NAS (the universal access method).
    Uam {
        /// CoovaChilli's `uamsecret`: signs the redirect and hides the challenge.
        secret: Option<Secret>,
        /// `host` or `host:port` of the NAS's login page; nothing else is ever posted to.
        hosts: Vec<String>,
    },
}
