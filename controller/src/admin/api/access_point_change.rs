//! Changes to an access point as they travel: what is left out stays as it is.

use std::net::SocketAddr;

use domain::{
    CertificateName, MessageAuthenticatorRule, NasIdentifier, NasProfile, OctetDirection,
    ProxyStateRule, Secret, SiteName, StatusServerRule,
};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

use super::access_point::{AccessPoint, NewHandOff, exposed, exposed_one};

/// What to change about an access point; `null` takes away what need not be there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccessPoint {
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteName>,
    /// The source address or network of its RADIUS packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<IpNet>,
    /// The NAS-Identifier that tells it from others behind the same addresses.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Option<NasIdentifier>>,
    /// The certificate by which it is known over RADIUS/TLS.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Option<CertificateName>>,
    /// The maker's dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<NasProfile>,
    /// Whether its requests must carry Message-Authenticator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_authenticator: Option<MessageAuthenticatorRule>,
    /// Whether Proxy-State may come without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_state: Option<ProxyStateRule>,
    /// Whether its Status-Server is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_server: Option<StatusServerRule>,
    /// Which way its counters count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octet_direction: Option<OctetDirection>,
    /// Where it takes Disconnect and CoA.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub dae_address: Option<Option<SocketAddr>>,
    /// How a login is handed back; a method with a login page stays if none is named, and a secret
    /// that is left out stays with its method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_off: Option<NewHandOff>,
}

/// How to replace a RADIUS secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// The new one; left out, one of 32 characters is made.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// For how many seconds the one before goes on verifying, 0 to 90 days; a week if left out.
    #[serde(default = "week")]
    pub grace_seconds: u64,
}

/// What replacing a secret led to: the only answer that shows the new one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretRotated {
    /// The access point.
    pub access_point: AccessPoint,
    /// The new RADIUS shared secret, for the access point's own settings.
    #[serde(serialize_with = "exposed_one")]
    pub secret: Secret,
    /// What an admin should know, one sentence each.
    pub notes: Vec<String>,
}

/// How to end the replacing of a secret.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishRotation {
    /// Also if the access point was never seen to use the new secret.
    #[serde(default)]
    pub even_if_unseen: bool,
}

/// Tells `null` from what is left out.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

const fn week() -> u64 {
    7 * 24 * 3_600
}
