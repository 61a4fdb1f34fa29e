//! Access points as they travel: secrets go in, and come out once.

use std::net::SocketAddr;

use domain::{
    AclName, ApiSite, ApiUrl, ApiUser, CertificateName, ControllerApi, HandOffMethod, LoginHost,
    MessageAuthenticatorRule, Nas, NasIdentifier, NasName, NasProfile, OctetDirection,
    ProxyStateRule, Secret, SendRule, SiteName, StatusServerRule, Timestamp, VisitorHost,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};

/// An access point to add.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddAccessPoint {
    /// The access point's name.
    pub name: NasName,
    /// Where it stands.
    pub site: SiteName,
    /// The source address (as a network of one) or network of its RADIUS packets.
    pub addresses: IpNet,
    /// The certificate by which it is known over RADIUS/TLS, if it speaks that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateName>,
    /// The NAS-Identifier that tells it from others behind the same addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<NasIdentifier>,
    /// The maker's dialect.
    pub profile: NasProfile,
    /// The RADIUS shared secret; left out, one of 32 characters is made.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The path segment by which its visitors reach the portal: 8 to 64 letters and digits; left
    /// out, one is made.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub portal_path: Option<Secret>,
    /// Whether its requests must carry Message-Authenticator; as the configuration says for new
    /// ones if left out, which is `learn` if nothing is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_authenticator: Option<MessageAuthenticatorRule>,
    /// Whether Proxy-State may come without it; as the configuration says if left out, which is
    /// `limited` if nothing is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_state: Option<ProxyStateRule>,
    /// Whether its Status-Server is answered; it is if left out.
    #[serde(default)]
    pub status_server: StatusServerRule,
    /// Which way its counters count; `standard` if left out.
    #[serde(default = "standard")]
    pub octet_direction: OctetDirection,
    /// Where it takes Disconnect and CoA (RFC 5176), if it does.
    #[serde(default)]
    pub dae_address: Option<SocketAddr>,
    /// How a login is handed back; by hardware address if left out.
    #[serde(default)]
    pub hand_off: NewHandOff,
}

/// How a login is handed back to an access point that is added.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHandOff {
    /// By which maker's rules; left out, those of its profile where hosts are given, else MAC
    /// authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<HandOffMethod>,
    /// What it shares with the portal for that, such as CoovaChilli's `uamsecret`; made for MAC
    /// authentication of the `sabeel` profile if left out.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// Where its login page may be: `[http://|https://]host[:port]`, with `*.` for all names below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<LoginHost>,
    /// For which devices codes are sent where nothing signs the redirect; left out, as its maker's
    /// access points allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends: Option<SendRule>,
    /// The API of its controller, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<NewApi>,
    /// The access list by which it redirects, where RADIUS names one; `SABEEL_REDIRECT` if left out,
    /// and in a change the former one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_acl: Option<AclName>,
}

/// A controller's API, and by what right it is used.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApi {
    /// Where it is: `https://host[:port]`.
    pub url: ApiUrl,
    /// The controller's short name of the site; left out in a change, the former one stays, and else
    /// it is `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<ApiSite>,
    /// The name by which visitors of the site come to the portal, if that tells it from other sites
    /// of the same name (UniFi); left out in a change, the former one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor_host: Option<VisitorHost>,
    /// Who logs in with the key as password; without one the key is an API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<ApiUser>,
    /// Password or API key; left out in a change, the former one stays.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// `sha256:` and the fingerprint of its certificate, if nobody known vouches for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateName>,
}

/// What adding an access point led to: the only answer that ever shows its secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessPointAdded {
    /// The access point.
    pub access_point: AccessPoint,
    /// The RADIUS shared secret, for the access point's own settings.
    #[serde(serialize_with = "exposed_one")]
    pub secret: Secret,
    /// What signs its redirect or hides its challenge, if it must know that.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub hand_off_secret: Option<Secret>,
    /// What an admin should know, one sentence each.
    pub notes: Vec<String>,
}

/// An access point without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPoint {
    /// Its name.
    pub name: NasName,
    /// Where it stands.
    pub site: SiteName,
    /// The source addresses of its RADIUS packets.
    pub addresses: IpNet,
    /// The certificate by which it is known over RADIUS/TLS, if it speaks that.
    #[serde(default)]
    pub certificate: Option<CertificateName>,
    /// What tells it from others behind the same addresses.
    #[serde(default)]
    pub identifier: Option<NasIdentifier>,
    /// The secret that is being replaced, if one still verifies or did.
    #[serde(default)]
    pub former_secret: Option<FormerSecretView>,
    /// The maker's dialect.
    pub profile: NasProfile,
    /// Whether its requests must carry Message-Authenticator.
    pub message_authenticator: MessageAuthenticatorRule,
    /// Whether Proxy-State may come without it.
    #[serde(default)]
    pub proxy_state: ProxyStateRule,
    /// Whether its Status-Server is answered.
    #[serde(default)]
    pub status_server: StatusServerRule,
    /// Which way its counters count.
    pub octet_direction: OctetDirection,
    /// Where it takes Disconnect and CoA.
    pub dae_address: Option<SocketAddr>,
    /// How a login is handed back.
    pub hand_off: HandOffView,
    /// The path segment of its portal address; every visitor there sees it.
    pub portal_path: String,
}

/// A secret that is being replaced, without itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecretView {
    /// Until when it verifies.
    pub until: Timestamp,
    /// Since when the access point is known to use the new one.
    pub replaced_at: Option<Timestamp>,
}

/// How a login is handed back, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOffView {
    /// By which maker's rules.
    pub method: HandOffMethod,
    /// Where its login page may be.
    pub hosts: Vec<LoginHost>,
    /// Whether it shares a secret with the portal for that.
    pub has_secret: bool,
    /// For which devices codes are sent where nothing signs the redirect.
    pub sends: SendRule,
    /// The API of its controller, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiView>,
    /// The access list by which it redirects, where RADIUS names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_acl: Option<AclName>,
}

/// A controller's API without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiView {
    /// Where it is.
    pub url: ApiUrl,
    /// The controller's short name of the site.
    pub site: ApiSite,
    /// The name by which visitors of the site come to the portal, if it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor_host: Option<VisitorHost>,
    /// Who logs in; without one it is used by an API key.
    pub user: Option<ApiUser>,
    /// The fingerprint of its certificate.
    pub certificate: Option<CertificateName>,
}

impl From<&ControllerApi> for ApiView {
    fn from(api: &ControllerApi) -> Self {
        Self {
            url: api.url.clone(),
            site: api.site.clone(),
            visitor_host: api.visitor_host.clone(),
            user: api.user.clone(),
            certificate: api.certificate.clone(),
        }
    }
}

impl From<&Nas> for AccessPoint {
    fn from(nas: &Nas) -> Self {
        Self {
            name: nas.name.clone(),
            site: nas.site.clone(),
            addresses: nas.addresses,
            certificate: nas.certificate.clone(),
            identifier: nas.identifier.clone(),
            former_secret: nas.former_secret.as_ref().map(|former| FormerSecretView {
                until: former.until,
                replaced_at: former.replaced_at,
            }),
            profile: nas.profile,
            message_authenticator: nas.message_authenticator,
            proxy_state: nas.proxy_state,
            status_server: nas.status_server,
            octet_direction: nas.octet_direction,
            dae_address: nas.dae_address,
            hand_off: HandOffView {
                method: nas.hand_off.method,
                hosts: nas.hand_off.hosts.clone(),
                has_secret: nas.hand_off.secret.is_some(),
                api: nas.hand_off.api.as_ref().map(ApiView::from),
                redirect_acl: nas.hand_off.redirect_acl.clone(),
                sends: nas.hand_off.sends,
            },
            portal_path: nas.portal_path.expose().to_owned(),
        }
    }
}

const fn standard() -> OctetDirection {
    OctetDirection::Standard
}

pub(super) fn exposed<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

pub(super) fn exposed_one<S: Serializer>(
    secret: &Secret,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
