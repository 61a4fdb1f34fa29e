//! The makers: what each can be told, and how. Which attributes say it is RADIUS's own business.
//!
//! A maker is believed to do only what its own documents or its source say. One that may ignore
//! a speed is told it all the same, but nothing is left to that: [`NasProfile::limits_speed`].

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::HandOffMethod;

/// The maker's dialect: which attributes carry limits, and how a session is changed and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NasProfile {
    /// Our own gateway on a Linux router.
    Sabeel,
    /// CoovaChilli and what speaks like it.
    Coova,
    /// uspot, the captive portal of OpenWrt.
    Uspot,
    /// MikroTik RouterOS.
    Mikrotik,
    /// hostapd, as it is or in OpenWrt.
    Hostapd,
    /// Aruba Instant, ArubaOS and Central.
    Aruba,
    /// Ruckus SmartZone, Unleashed and ZoneDirector.
    Ruckus,
    /// Ruckus SmartZone, whose northbound interface is told who logs in.
    SmartZone,
    /// Cisco's wireless controllers: Catalyst 9800 and AireOS.
    Cisco,
    /// Ubiquiti UniFi.
    Unifi,
    /// Ubiquiti UniFi, told by its controller's API and not by RADIUS.
    UnifiApi,
    /// openNDS, which asks by itself and speaks no RADIUS.
    Opennds,
    /// Cisco Meraki.
    Meraki,
    /// Cisco Meraki whose splash page is a click-through: no RADIUS is spoken.
    MerakiClickThrough,
    /// HPE ArubaOS-Switch and ProCurve.
    Hpe,
    /// Cambium cnPilot and cnMaestro.
    Cambium,
    /// Huawei's access controllers.
    Huawei,
    /// Fortinet FortiGate.
    Fortinet,
    /// TP-Link Omada.
    Omada,
    /// TP-Link Omada, told by its controller's API and not by RADIUS.
    OmadaApi,
    /// pfSense.
    Pfsense,
    /// OPNsense.
    Opnsense,
    /// Any other, by RFC and WISPr attributes alone.
    Generic,
}

/// How the limits of a session that goes on are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// A CoA-Request carries them.
    Told,
    /// A CoA-Request makes the access point ask, and the answer carries them.
    Asked,
    /// They never are; the next login brings new ones.
    AtLogin,
}

/// How an access point is made to ask about a device again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskingAgain {
    /// By a CoA-Request with Service-Type Authorize-Only (RFC 5176 §3.2).
    AuthorizeOnly,
    /// By Cisco's own command in a CoA-Request.
    CiscoCommand,
    /// It asks nobody by RADIUS: our server tells it, or its controller's API, what the device
    /// may.
    IsTold,
    /// Not at all; a device that is disconnected comes back and is asked about then.
    Never,
}

/// Why a text is no [`NasProfile`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known profile; known are {known}", known = NasProfile::names())]
pub struct ProfileError(String);

impl NasProfile {
    /// Every profile.
    pub const ALL: [Self; 23] = [
        Self::Sabeel,
        Self::Coova,
        Self::Uspot,
        Self::Mikrotik,
        Self::Hostapd,
        Self::Aruba,
        Self::Ruckus,
        Self::SmartZone,
        Self::Cisco,
        Self::Unifi,
        Self::UnifiApi,
        Self::Opennds,
        Self::Meraki,
        Self::MerakiClickThrough,
        Self::Hpe,
        Self::Cambium,
        Self::Huawei,
        Self::Fortinet,
        Self::Omada,
        Self::OmadaApi,
        Self::Pfsense,
        Self::Opnsense,
        Self::Generic,
    ];

    /// The profile's name in configuration, store and command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sabeel => "sabeel",
            Self::Coova => "coova",
            Self::Uspot => "uspot",
            Self::Mikrotik => "mikrotik",
            Self::Hostapd => "hostapd",
            Self::Aruba => "aruba",
            Self::Ruckus => "ruckus",
            Self::SmartZone => "smartzone",
            Self::Cisco => "cisco",
            Self::Unifi => "unifi",
            Self::UnifiApi => "unifi-api",
            Self::Opennds => "opennds",
            Self::Meraki => "meraki",
            Self::MerakiClickThrough => "meraki-click-through",
            Self::Hpe => "hpe",
            Self::Cambium => "cambium",
            Self::Huawei => "huawei",
            Self::Fortinet => "fortinet",
            Self::Omada => "omada",
            Self::OmadaApi => "omada-api",
            Self::Pfsense => "pfsense",
            Self::Opnsense => "opnsense",
            Self::Generic => "generic",
        }
    }

    /// Every name, for people.
    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// The UDP port on which it takes Disconnect and CoA unless it is set up otherwise: 3799 (RFC
    /// 5176 §2.1), but 1700 with Cisco (IOS's `aaa server radius dynamic-author`) and Meraki.
    #[must_use]
    pub const fn dae_port(self) -> u16 {
        match self {
            Self::Cisco | Self::Meraki => 1_700,
            _ => 3_799,
        }
    }

    /// The one way to hand off that goes with it, and it with that, where a login is carried by no
    /// browser and asked for by no hardware address.
    #[must_use]
    pub const fn own_hand_off(self) -> Option<HandOffMethod> {
        match self {
            Self::UnifiApi => Some(HandOffMethod::UnifiApi),
            Self::Opennds => Some(HandOffMethod::Opennds),
            Self::SmartZone => Some(HandOffMethod::SmartZone),
            Self::OmadaApi => Some(HandOffMethod::OmadaApi),
            Self::MerakiClickThrough => Some(HandOffMethod::MerakiClickThrough),
            _ => None,
        }
    }

    /// Whether it speaks RADIUS.
    #[must_use]
    pub const fn speaks_radius(self) -> bool {
        match self.own_hand_off() {
            None => true,
            Some(method) => !method.is_watched(),
        }
    }

    /// Whether a login can be handed to it in that way.
    #[must_use]
    pub fn goes_with(self, method: HandOffMethod) -> bool {
        match self.own_hand_off() {
            Some(own) => own == method,
            // The attributes by which RADIUS redirects are Cisco's.
            None if method.redirects_by_radius() => matches!(self, Self::Cisco),
            None => Self::ALL.iter().all(|other| other.own_hand_off() != Some(method)),
        }
    }

    /// How a login is carried to it otherwise than by asking for the hardware address: to its own
    /// login page by a browser, or to its controller's API.
    #[must_use]
    pub const fn browser_hand_off(self) -> HandOffMethod {
        match self {
            Self::Mikrotik => HandOffMethod::Mikrotik,
            Self::Cisco => HandOffMethod::Cisco,
            Self::Aruba => HandOffMethod::Aruba,
            Self::Ruckus => HandOffMethod::Ruckus,
            Self::SmartZone => HandOffMethod::SmartZone,
            Self::Meraki => HandOffMethod::Meraki,
            Self::MerakiClickThrough => HandOffMethod::MerakiClickThrough,
            Self::Cambium => HandOffMethod::Cambium,
            Self::Huawei => HandOffMethod::Huawei,
            Self::Fortinet => HandOffMethod::Fortinet,
            Self::Omada => HandOffMethod::Omada,
            Self::OmadaApi => HandOffMethod::OmadaApi,
            Self::Pfsense => HandOffMethod::Pfsense,
            Self::Opnsense => HandOffMethod::Opnsense,
            Self::UnifiApi => HandOffMethod::UnifiApi,
            Self::Opennds => HandOffMethod::Opennds,
            Self::Sabeel
            | Self::Coova
            | Self::Uspot
            | Self::Hostapd
            | Self::Unifi
            | Self::Hpe
            | Self::Generic => HandOffMethod::Uam,
        }
    }

    /// The shortest interval of Interim-Updates that it can be asked for: 60 s (RFC 2869 §5.16);
    /// Meraki sends none for less than 300 s ("Interim Updates for Splash Sign-on").
    #[must_use]
    pub const fn least_interim(self) -> Duration {
        match self {
            Self::Meraki => Duration::from_secs(300),
            _ => Duration::from_secs(60),
        }
    }

    /// Whether it surely limits a device to a speed that it is told.
    ///
    /// Our own gateway does not yet. Aruba and Ruckus have speeds by role and group, Catalyst 9800
    /// by named policies, hostapd, Fortinet and OPNsense none; UniFi and Omada document none. A link
    /// names none, nor does Omada's API.
    #[must_use]
    pub const fn limits_speed(self) -> bool {
        match self {
            Self::Coova
            | Self::Uspot
            | Self::Mikrotik
            | Self::UnifiApi
            | Self::Opennds
            | Self::Meraki
            | Self::Hpe
            | Self::Cambium
            | Self::Huawei
            | Self::Pfsense
            | Self::Generic => true,
            Self::Sabeel
            | Self::MerakiClickThrough
            | Self::Fortinet
            | Self::Omada
            | Self::OmadaApi
            | Self::Opnsense
            | Self::Hostapd
            | Self::Aruba
            | Self::Ruckus
            | Self::SmartZone
            | Self::Cisco
            | Self::Unifi => false,
        }
    }

    /// How the limits of a session that goes on are renewed.
    ///
    /// uspot's CoA changes times, but whether speeds is not said; hostapd's is for Hotspot 2.0
    /// alone; Meraki's splash page and `ZoneDirector` take Disconnect alone.
    #[must_use]
    pub const fn renewal(self) -> Renewal {
        match self {
            Self::Sabeel
            | Self::Coova
            | Self::Mikrotik
            | Self::UnifiApi
            | Self::Opennds
            | Self::Generic => Renewal::Told,
            Self::Cisco => Renewal::Asked,
            Self::Uspot
            | Self::Hostapd
            | Self::Aruba
            | Self::Ruckus
            | Self::SmartZone
            | Self::Unifi
            | Self::Meraki
            | Self::MerakiClickThrough
            | Self::Hpe
            | Self::Cambium
            | Self::Huawei
            | Self::Fortinet
            | Self::Omada
            | Self::OmadaApi
            | Self::Pfsense
            | Self::Opnsense => Renewal::AtLogin,
        }
    }

    /// Whether it takes Disconnect and CoA at all; pfSense and OPNsense end sessions by their limits
    /// alone, and what a link opened is open for its time.
    #[must_use]
    pub const fn takes_orders(self) -> bool {
        !matches!(self, Self::Pfsense | Self::Opnsense | Self::MerakiClickThrough)
    }

    /// How it is made to ask about a device again.
    ///
    /// CoovaChilli would take a CoA that names no limits for one that lifts them all.
    #[must_use]
    pub const fn asking_again(self) -> AskingAgain {
        match self {
            Self::Sabeel | Self::Generic => AskingAgain::AuthorizeOnly,
            Self::Cisco => AskingAgain::CiscoCommand,
            Self::UnifiApi | Self::OmadaApi | Self::SmartZone | Self::Opennds => {
                AskingAgain::IsTold
            }
            Self::Coova
            | Self::Uspot
            | Self::Mikrotik
            | Self::Hostapd
            | Self::Aruba
            | Self::Ruckus
            | Self::Unifi
            | Self::Meraki
            | Self::MerakiClickThrough
            | Self::Hpe
            | Self::Cambium
            | Self::Huawei
            | Self::Fortinet
            | Self::Omada
            | Self::Pfsense
            | Self::Opnsense => AskingAgain::Never,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_by_the_name_it_is_written_with() {
        for profile in NasProfile::ALL {
            assert_eq!(profile.as_str().parse(), Ok(profile));
        }
        let error = "nokia".parse::<NasProfile>().unwrap_err().to_string();
        assert!(error.starts_with("`nokia` is no known profile; known are sabeel, coova, uspot"));
    }

    #[test]
    fn a_redirect_by_radius_goes_with_who_understands_it() {
        for profile in NasProfile::ALL {
            let goes = profile.goes_with(HandOffMethod::CiscoCwa);
            assert_eq!(goes, profile == NasProfile::Cisco, "{profile:?}");
        }
        assert!(NasProfile::Cisco.goes_with(HandOffMethod::Cisco));
        assert!(NasProfile::Cisco.goes_with(HandOffMethod::MacAuthentication));
    }

    #[test]
    fn only_who_is_asked_again_renews_by_asking() {
        for profile in NasProfile::ALL {
            let never_asks = profile.asking_again() == AskingAgain::Never;
            assert!(!(profile.renewal() == Renewal::Asked && never_asks), "{profile:?}");
        }
    }
}
