//! Networks that access points are expected in, and who was seen there without being known.
//!
//! Nothing of an unknown sender is processed or answered: what is kept of it helps an admin, or
//! the range's own rule, to decide whether it becomes a [`Nas`].

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    HandOff, MessageAuthenticatorRule, Nas, NasIdentifier, NasName, NasProfile, OctetDirection,
    ProxyStateRule, RangeName, Secret, SiteName, StatusServerRule, Timestamp,
};

/// A network whose unknown senders may become access points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NasRange {
    /// The admin's name for it.
    pub name: RangeName,
    /// Where its access points stand.
    pub site: SiteName,
    /// The source addresses it is about.
    pub addresses: IpNet,
    /// The maker's dialect.
    pub profile: NasProfile,
    /// What a new access point has as its RADIUS secret.
    pub secret: Secret,
    /// Whether its requests must carry Message-Authenticator.
    pub message_authenticator: MessageAuthenticatorRule,
    /// Who decides about a new one.
    pub approval: Approval,
}

/// Who decides whether a sender becomes an access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// An admin.
    Ask,
    /// Who proves the range's secret is one at once; an admin decides about others.
    Auto,
}

/// Why a text is no [`Approval`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no way to approve; known are ask and auto")]
pub struct ApprovalError(String);

impl FromStr for Approval {
    type Err = ApprovalError;

    fn from_str(text: &str) -> Result<Self, ApprovalError> {
        match text {
            "ask" => Ok(Self::Ask),
            "auto" => Ok(Self::Auto),
            _ => Err(ApprovalError(text.chars().take(40).collect())),
        }
    }
}

/// A sender in a declared range that is no access point yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingNas {
    /// Where its packets come from.
    pub address: IpAddr,
    /// The range that the address belongs to.
    pub range: RangeName,
    /// What its last packet said.
    pub said: Introduction,
    /// When its first packet came.
    pub first_seen: Timestamp,
    /// When the last one came, to a minute.
    pub last_seen: Timestamp,
    /// What was decided about it.
    pub state: PendingState,
}

/// What an unknown sender says about itself; nothing of it is proved but the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Introduction {
    /// Its NAS-Identifier.
    pub identifier: Option<NasIdentifier>,
    /// The Called-Station-Id, by which makers name radio and network.
    pub called_station: Option<String>,
    /// The NAS-Port-Type's number.
    pub port_type: Option<u32>,
    /// The maker, as its vendor attributes suggest.
    pub vendor: Option<String>,
    /// Whether it proves the range's secret.
    pub secret: SecretProof,
    /// Whether it sends Message-Authenticator.
    pub message_authenticator: bool,
}

/// What a packet proves about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretProof {
    /// It was made with the secret.
    Proved,
    /// It was made with another one, or was altered.
    Refuted,
    /// Packets of its kind prove nothing.
    None,
}

/// What was decided about a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingState {
    /// Nothing yet.
    Waiting,
    /// It is none of ours.
    Rejected,
}

impl PendingState {
    /// The state's name in store and command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
        }
    }
}

impl NasRange {
    /// The access point that the sender at `address` becomes; whoever shares the address with
    /// others is told from them by `identifier`.
    #[must_use]
    pub fn access_point(
        &self,
        name: NasName,
        address: IpAddr,
        identifier: Option<NasIdentifier>,
        portal_path: Secret,
    ) -> Nas {
        Nas {
            name,
            site: self.site.clone(),
            addresses: IpNet::from(address),
            identifier,
            certificate: None,
            secret: self.secret.clone(),
            former_secret: None,
            profile: self.profile,
            message_authenticator: self.message_authenticator,
            proxy_state: ProxyStateRule::default(),
            status_server: StatusServerRule::default(),
            octet_direction: OctetDirection::Standard,
            dae_address: None,
            hand_off: HandOff::mac_authentication(None),
            portal_path,
        }
    }

    /// A name for whoever sends from `address`, such as `park-10.3.0.7`, unless that is too long.
    #[must_use]
    pub fn name_for(&self, address: IpAddr) -> Option<NasName> {
        let address = address.to_string().replace(':', "-");
        format!("{}-{address}", self.name).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_a_name_unless_it_is_too_long() {
        let range = NasRange {
            name: "park".parse().unwrap(),
            site: "walkway".parse().unwrap(),
            addresses: "10.3.0.0/16".parse().unwrap(),
            profile: NasProfile::Generic,
            secret: "a secret of the range".parse().unwrap(),
            message_authenticator: MessageAuthenticatorRule::Learn,
            approval: Approval::Ask,
        };
        for (address, name) in [
            ("10.3.0.7", Some("park-10.3.0.7")),
            ("fd00::1", Some("park-fd00--1")),
            ("fd00:1111:2222:3333:4444:5555:6666:7777", None),
        ] {
            let found = range.name_for(address.parse().unwrap());
            assert_eq!(found.as_ref().map(NasName::as_str), name);
        }
    }
}
