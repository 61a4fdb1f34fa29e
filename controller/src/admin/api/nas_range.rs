//! Ranges and who waits in them, as they travel.

use std::net::IpAddr;

use domain::{
    Approval, Introduction, MessageAuthenticatorRule, NasName, NasProfile, NasRange, PendingNas,
    PendingState, RangeName, Secret, SiteName, Timestamp,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::access_point::{exposed, exposed_one};

/// A range to add.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRange {
    /// Its name.
    pub name: RangeName,
    /// Where its access points stand.
    pub site: SiteName,
    /// The source addresses it is about.
    pub addresses: IpNet,
    /// The maker's dialect.
    pub profile: NasProfile,
    /// What a new access point has as its RADIUS secret; left out, one of 32 characters is made.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// Whether requests of its access points must carry Message-Authenticator; as the configuration
    /// says for new ones if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_authenticator: Option<MessageAuthenticatorRule>,
    /// Who decides about a new one.
    pub approval: Approval,
}

/// What adding a range led to: the only answer that shows its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RangeAdded {
    /// The range.
    pub range: Range,
    /// The secret, for the settings of new access points.
    #[serde(serialize_with = "exposed_one")]
    pub secret: Secret,
}

/// A range without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Its name.
    pub name: RangeName,
    /// Where its access points stand.
    pub site: SiteName,
    /// The source addresses it is about.
    pub addresses: IpNet,
    /// The maker's dialect.
    pub profile: NasProfile,
    /// Whether requests of its access points must carry Message-Authenticator.
    pub message_authenticator: MessageAuthenticatorRule,
    /// Who decides about a new one.
    pub approval: Approval,
}

/// A sender in a range that is no access point yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Where its packets come from.
    pub address: IpAddr,
    /// The range.
    pub range: RangeName,
    /// What its last packet said.
    pub said: Introduction,
    /// When its first packet came.
    pub first_seen: Timestamp,
    /// When the last one came, to a minute.
    pub last_seen: Timestamp,
    /// What was decided.
    pub state: PendingState,
}

/// How to make a pending sender an access point.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// Its name; left out, it is that of the range with the address.
    #[serde(default)]
    pub name: Option<NasName>,
    /// Others share the address, so it is known by its NAS-Identifier too.
    #[serde(default)]
    pub by_identifier: bool,
}

/// That a sender is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRejected {
    /// Its address.
    pub rejected: IpAddr,
}

impl From<&NasRange> for Range {
    fn from(range: &NasRange) -> Self {
        Self {
            name: range.name.clone(),
            site: range.site.clone(),
            addresses: range.addresses,
            profile: range.profile,
            message_authenticator: range.message_authenticator,
            approval: range.approval,
        }
    }
}

impl From<PendingNas> for Pending {
    fn from(pending: PendingNas) -> Self {
        Self {
            address: pending.address,
            range: pending.range,
            said: pending.said,
            first_seen: pending.first_seen,
            last_seen: pending.last_seen,
            state: pending.state,
        }
    }
}
