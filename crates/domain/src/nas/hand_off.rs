//! How a login is handed back to a NAS once the visitor may go online.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AclName, ControllerApi, LoginHost};
use crate::Secret;

/// How a login reaches the NAS once the code is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOff {
    /// By which maker's rules.
    pub method: HandOffMethod,
    /// What the NAS and the portal share for it, where its rules have such a thing: it signs the
    /// redirect, and with UAM hides the challenge.
    pub secret: Option<Secret>,
    /// Where its login page may be; a browser carries credentials nowhere else.
    pub hosts: Vec<LoginHost>,
    /// The API of its controller, where our server itself tells who may go online.
    pub api: Option<ControllerApi>,
    /// By which access list it redirects, where RADIUS tells it to.
    pub redirect_acl: Option<AclName>,
    /// For which devices codes are sent where the redirect is not signed.
    pub sends: SendRule,
}

/// For which devices codes are sent where nothing signs the redirect, so that anybody can claim a
/// device to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendRule {
    /// For those that RADIUS was asked about at the site.
    Seen,
    /// For any, at four times the cost.
    Claimed,
}

/// Why a text is no [`SendRule`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rule for sending; known are seen and claimed")]
pub struct SendRuleError(String);

impl SendRule {
    /// The rule's name in configuration, store and command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Claimed => "claimed",
        }
    }
}

impl FromStr for SendRule {
    type Err = SendRuleError;

    fn from_str(text: &str) -> Result<Self, SendRuleError> {
        [Self::Seen, Self::Claimed]
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or_else(|| SendRuleError(text.chars().take(40).collect()))
    }
}

/// The rules of the redirect to the portal and of the way back, maker by maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandOffMethod {
    /// The NAS asks by hardware address; a CoA makes it ask again.
    MacAuthentication,
    /// CoovaChilli's universal access method.
    Uam,
    /// MikroTik's HotSpot.
    Mikrotik,
    /// Cisco's local web authentication: Catalyst 9800 and AireOS.
    Cisco,
    /// Cisco's central web authentication: RADIUS answers for a device that may not go online by a
    /// redirect, and a CoA makes the controller ask again.
    CiscoCwa,
    /// Aruba's controllers and Instant.
    Aruba,
    /// Aruba Instant On.
    ArubaInstantOn,
    /// Ruckus ZoneDirector and Unleashed.
    Ruckus,
    /// Ruckus SmartZone: our server has its northbound interface log a device in by RADIUS.
    SmartZone,
    /// Cisco Meraki's splash page with sign-on.
    Meraki,
    /// Cisco Meraki's splash page with click-through: a link opens the way.
    MerakiClickThrough,
    /// Cambium cnPilot and cnMaestro.
    Cambium,
    /// Huawei's access controllers, external portal by HTTP.
    Huawei,
    /// Fortinet FortiGate.
    Fortinet,
    /// TP-Link Omada with an external RADIUS server.
    Omada,
    /// TP-Link Omada with an external portal server: our server tells the controller's API.
    OmadaApi,
    /// pfSense.
    Pfsense,
    /// OPNsense.
    Opnsense,
    /// UniFi's external portal: our server tells the controller's API.
    UnifiApi,
    /// openNDS's forwarding authentication service (FAS): the gateway asks by itself.
    Opennds,
}

/// Why a text is no [`HandOffMethod`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known way to hand off; known are {known}", known = HandOffMethod::names())]
pub struct HandOffMethodError(String);

/// Why a hand-off cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandOffError {
    /// There is no login page to carry a login to.
    #[error("no host of its login page is given, so no login could be handed back")]
    NoHosts,
    /// There is no login page, so none can be anywhere.
    #[error("this way to hand off has no login page")]
    NeedlessHosts,
    /// There is more than any NAS has.
    #[error("at most 16 hosts of a login page are taken")]
    TooManyHosts,
    /// The maker's rules have no secret.
    #[error("this way to hand off has no secret")]
    NeedlessSecret,
    /// Nothing tells where the controller is.
    #[error("this way to hand off needs the API of the controller: address, site and key")]
    NoApi,
    /// The controller lets nobody in by an API key.
    #[error("this way to hand off needs the user whose password the key is")]
    NoApiUser,
    /// Its redirect can be told a path, which tells it apart.
    #[error("only UniFi is told apart by the host that visitors come to")]
    NeedlessVisitorHost,
    /// There is no controller to tell.
    #[error("this way to hand off tells no API")]
    NeedlessApi,
    /// Its redirect is not RADIUS's.
    #[error("this way to hand off has no access list that RADIUS names")]
    NeedlessAcl,
    /// Nothing would prove who asks, or whom a redirect is about.
    #[error("this way to hand off needs a secret")]
    NoSecret,
    /// The secret is used as a key that has no more.
    #[error("the gateway's secret must be 16 to 32 letters and digits")]
    UnfitSecret,
}

const MOST_HOSTS: usize = 16;

impl HandOffMethod {
    /// Every method.
    pub const ALL: [Self; 20] = [
        Self::MacAuthentication,
        Self::Uam,
        Self::Mikrotik,
        Self::Cisco,
        Self::CiscoCwa,
        Self::Aruba,
        Self::ArubaInstantOn,
        Self::Ruckus,
        Self::SmartZone,
        Self::Meraki,
        Self::MerakiClickThrough,
        Self::Cambium,
        Self::Huawei,
        Self::Fortinet,
        Self::Omada,
        Self::OmadaApi,
        Self::Pfsense,
        Self::Opnsense,
        Self::UnifiApi,
        Self::Opennds,
    ];

    /// The method's name in configuration, store and command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MacAuthentication => "mac-authentication",
            Self::Uam => "uam",
            Self::Mikrotik => "mikrotik",
            Self::Cisco => "cisco",
            Self::CiscoCwa => "cisco-cwa",
            Self::Aruba => "aruba",
            Self::ArubaInstantOn => "aruba-instant-on",
            Self::Ruckus => "ruckus",
            Self::SmartZone => "smartzone",
            Self::Meraki => "meraki",
            Self::MerakiClickThrough => "meraki-click-through",
            Self::Cambium => "cambium",
            Self::Huawei => "huawei",
            Self::Fortinet => "fortinet",
            Self::Omada => "omada",
            Self::OmadaApi => "omada-api",
            Self::Pfsense => "pfsense",
            Self::Opnsense => "opnsense",
            Self::UnifiApi => "unifi-api",
            Self::Opennds => "opennds",
        }
    }

    /// Whether our server itself tells the controller's API who may go online.
    #[must_use]
    pub const fn tells_api(self) -> bool {
        matches!(self, Self::UnifiApi | Self::OmadaApi | Self::SmartZone)
    }

    /// Whether the API is told one-time credentials, by which the controller asks RADIUS.
    #[must_use]
    pub const fn logs_in(self) -> bool {
        matches!(self, Self::SmartZone)
    }

    /// Whether the NAS itself asks our server who may go online, and says who is there.
    #[must_use]
    pub const fn asks_portal(self) -> bool {
        matches!(self, Self::Opennds)
    }

    /// Whether a link that a browser follows opens the way by itself. Then nobody asks us about the
    /// device, nobody can be told of it, and nobody says who is there.
    #[must_use]
    pub const fn opens_by_link(self) -> bool {
        matches!(self, Self::MerakiClickThrough)
    }

    /// Whether RADIUS itself sends a device that may not go online to the portal, by an Access-Accept
    /// that opens nothing else. What it says of the device is signed.
    #[must_use]
    pub const fn redirects_by_radius(self) -> bool {
        matches!(self, Self::CiscoCwa)
    }

    /// Whether it must be told again what the redirect said of where the device is.
    #[must_use]
    pub const fn needs_whereabouts(self) -> bool {
        self.tells_api() || self.redirects_by_radius()
    }

    /// Whether we ask, or reckon, who is there, since no accounting says so.
    #[must_use]
    pub const fn is_watched(self) -> bool {
        let is_told = self.tells_api() && !self.logs_in();
        is_told || self.asks_portal() || self.opens_by_link()
    }

    /// Whether it has a login page that a browser carries credentials to.
    #[must_use]
    pub const fn has_login_page(self) -> bool {
        !self.tells_api()
            && !matches!(self, Self::MacAuthentication | Self::CiscoCwa | Self::Opennds)
    }

    /// Whether NAS and portal share a secret for it.
    #[must_use]
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::MacAuthentication | Self::CiscoCwa | Self::Uam | Self::Opennds)
    }

    /// The rule for sending: makers whose access points ask about every device that comes show who
    /// is there, the others do not.
    #[must_use]
    pub const fn usual_sends(self) -> SendRule {
        match self {
            Self::MacAuthentication
            | Self::Mikrotik
            | Self::Cisco
            | Self::CiscoCwa
            | Self::Aruba
            | Self::Ruckus
            | Self::Cambium
            | Self::Huawei
            | Self::Pfsense => SendRule::Seen,
            Self::Uam
            | Self::SmartZone
            | Self::ArubaInstantOn
            | Self::Meraki
            | Self::MerakiClickThrough
            | Self::Fortinet
            | Self::Omada
            | Self::OmadaApi
            | Self::Opnsense
            | Self::UnifiApi
            | Self::Opennds => SendRule::Claimed,
        }
    }

    /// Every name, for people.
    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl FromStr for HandOffMethod {
    type Err = HandOffMethodError;

    fn from_str(text: &str) -> Result<Self, HandOffMethodError> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| HandOffMethodError(text.chars().take(40).collect()))
    }
}

impl HandOff {
    /// Of a NAS that asks by hardware address, and signs its redirect if it can.
    #[must_use]
    pub const fn mac_authentication(redirect_secret: Option<Secret>) -> Self {
        let method = HandOffMethod::MacAuthentication;
        let sends = method.usual_sends();
        Self {
            method,
            secret: redirect_secret,
            hosts: Vec::new(),
            api: None,
            redirect_acl: None,
            sends,
        }
    }

    /// Whether all is there that the method needs, and nothing that it cannot have.
    ///
    /// # Errors
    /// The first thing that is missing or too much.
    pub fn check(&self) -> Result<(), HandOffError> {
        match (self.method.has_login_page(), self.hosts.len()) {
            (false, 0) => {}
            (false, _) => return Err(HandOffError::NeedlessHosts),
            (true, 0) => return Err(HandOffError::NoHosts),
            (true, 1..=MOST_HOSTS) => {}
            (..) => return Err(HandOffError::TooManyHosts),
        }
        if self.secret.is_some() && !self.method.has_secret() {
            return Err(HandOffError::NeedlessSecret);
        }
        if self.method.asks_portal() {
            let secret = self.secret.as_ref().ok_or(HandOffError::NoSecret)?.expose();
            let is_fit = (16..=32).contains(&secret.len());
            if !is_fit || !secret.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(HandOffError::UnfitSecret);
            }
        }
        if self.method.redirects_by_radius() && self.secret.is_none() {
            return Err(HandOffError::NoSecret);
        }
        if self.redirect_acl.is_some() && !self.method.redirects_by_radius() {
            return Err(HandOffError::NeedlessAcl);
        }
        match (self.method.tells_api(), &self.api) {
            (true, None) => Err(HandOffError::NoApi),
            (false, Some(_)) => Err(HandOffError::NeedlessApi),
            (true, Some(api)) if api.user.is_none() && self.method == HandOffMethod::OmadaApi => {
                Err(HandOffError::NoApiUser)
            }
            (true, Some(api))
                if api.visitor_host.is_some() && self.method != HandOffMethod::UnifiApi =>
            {
                Err(HandOffError::NeedlessVisitorHost)
            }
            (true, Some(_)) | (false, None) => Ok(()),
        }
    }

    /// Whether a browser may carry credentials to that place.
    #[must_use]
    pub fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.hosts.iter().any(|known| known.covers(scheme, host, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> LoginHost {
        text.parse().unwrap()
    }

    #[test]
    fn a_method_is_read_by_the_name_it_is_written_with() {
        for method in HandOffMethod::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
        }
        let error = "ftp".parse::<HandOffMethod>().unwrap_err().to_string();
        assert!(error.starts_with("`ftp` is no known way to hand off; known are mac-"), "{error}");
    }

    #[test]
    fn a_hand_off_has_what_its_method_needs_and_nothing_else() {
        use HandOffError::{
            NeedlessHosts, NeedlessSecret, NoApi, NoHosts, NoSecret, TooManyHosts, UnfitSecret,
        };
        use HandOffMethod::{CiscoCwa, MacAuthentication, Mikrotik, Opennds, Uam, UnifiApi};
        for (method, has_secret, hosts, expected) in [
            (MacAuthentication, false, 0, Ok(())),
            (MacAuthentication, true, 0, Ok(())),
            (MacAuthentication, false, 1, Err(NeedlessHosts)),
            (Uam, true, 1, Ok(())),
            (Uam, true, 0, Err(NoHosts)),
            (Mikrotik, false, 16, Ok(())),
            (Mikrotik, false, 17, Err(TooManyHosts)),
            (Mikrotik, true, 1, Err(NeedlessSecret)),
            (UnifiApi, false, 0, Err(NoApi)),
            (UnifiApi, false, 1, Err(NeedlessHosts)),
            (CiscoCwa, true, 0, Ok(())),
            (CiscoCwa, false, 0, Err(NoSecret)),
            (CiscoCwa, true, 1, Err(NeedlessHosts)),
            (Opennds, false, 0, Err(NoSecret)),
            (Opennds, true, 0, Err(UnfitSecret)),
            (Opennds, true, 1, Err(NeedlessHosts)),
        ] {
            let secret = has_secret.then(|| "secret".parse().unwrap());
            let hosts = vec![host("10.1.0.1"); hosts];
            let sends = method.usual_sends();
            let hand_off = HandOff { method, secret, hosts, api: None, redirect_acl: None, sends };
            assert_eq!(hand_off.check(), expected, "{hand_off:?}");
        }
        let listed =
            HandOff { redirect_acl: Some(AclName::default()), ..HandOff::mac_authentication(None) };
        assert_eq!(listed.check(), Err(HandOffError::NeedlessAcl));
        let api = Some(ControllerApi {
            url: "https://10.0.0.2:8443".parse().unwrap(),
            site: "default".parse().unwrap(),
            visitor_host: None,
            user: None,
            key: "key".parse().unwrap(),
            certificate: None,
        });
        for (method, expected) in [
            (UnifiApi, Ok(())),
            (HandOffMethod::OmadaApi, Err(HandOffError::NoApiUser)),
            (MacAuthentication, Err(HandOffError::NeedlessApi)),
        ] {
            let sends = method.usual_sends();
            let (secret, hosts, api) = (None, Vec::new(), api.clone());
            let hand_off = HandOff { method, secret, hosts, api, redirect_acl: None, sends };
            assert_eq!(hand_off.check(), expected, "{method:?}");
        }
    }
}
