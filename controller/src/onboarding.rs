//! What is pasted into an access point so that it asks Sabeel: one text for each maker, in
//! `controller/onboarding/`.
//!
//! Nothing here knows a secret that it was not given: the store's are for RADIUS alone. Every
//! value is written as the maker's syntax wants it, or refused if it has none for it, so that no
//! value can say more than itself.

mod fields;
mod template;
mod writing;

use std::net::{IpAddr, SocketAddr};

use domain::{GardenHost, Nas, NasProfile, Plan, Secret};

use fields::Fields;
pub(crate) use writing::Unwritable;
use writing::Writing;

/// What stands for a secret that was not given.
const NO_SECRET: &str = "THE-SECRET";
/// What stands for the secret of a gateway that asks by itself where it was not given.
const NO_KEY: &str = "THE-GATEWAYS-SECRET";
/// What stands for the server's address where none is known.
const NO_SERVER: &str = "SERVER-ADDRESS";

/// Where access points find Sabeel, as configured.
#[derive(Debug, Clone)]
pub struct Places {
    /// Where RADIUS authentication listens.
    pub authentication: SocketAddr,
    /// Where RADIUS accounting listens.
    pub accounting: SocketAddr,
    /// Where Disconnect and CoA come from; unspecified if that is the system's choice.
    pub orders: IpAddr,
    /// The portal's address: scheme, host and port.
    pub portal: String,
    /// The same for TLS, without which there is no captive portal API (RFC 8908 §5).
    pub secure_portal: Option<String>,
}

impl Places {
    /// The page that takes a voucher, encrypted if there is one; the code follows.
    pub(crate) fn voucher_page(&self) -> String {
        format!("{}/voucher?code=", self.secure_portal.as_ref().unwrap_or(&self.portal))
    }
}

/// What is known beside the access point itself.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    /// Where Sabeel is.
    pub(crate) places: &'a Places,
    /// The address of the RADIUS server as the access point sees it, if that is known.
    pub(crate) server: Option<IpAddr>,
    /// The address that orders come from, likewise.
    pub(crate) orders: Option<IpAddr>,
    /// The plan of its site.
    pub(crate) plan: &'a Plan,
    /// What visitors of its site may reach before they sign in, besides the portal.
    pub(crate) garden: &'a [GardenHost],
    /// Its secret, if whoever asks has it.
    pub(crate) secret: Option<&'a Secret>,
    /// The secret of its login page, likewise.
    pub(crate) hand_off_secret: Option<&'a Secret>,
}

/// A maker's text and how values are written in it.
const fn text(nas: &Nas) -> (&'static str, Writing) {
    match nas.profile {
        NasProfile::Cisco if nas.hand_off.method.redirects_by_radius() => {
            (include_str!("../onboarding/cisco-cwa.txt"), Writing::Word)
        }
        NasProfile::Sabeel => (include_str!("../onboarding/sabeel.toml"), Writing::Toml),
        NasProfile::Coova => (include_str!("../onboarding/coova.sh"), Writing::ShellWord),
        NasProfile::Uspot => (include_str!("../onboarding/uspot.sh"), Writing::Shell),
        NasProfile::Mikrotik => (include_str!("../onboarding/mikrotik.rsc"), Writing::RouterOs),
        NasProfile::Hostapd => (include_str!("../onboarding/hostapd.conf"), Writing::Line),
        NasProfile::Aruba => (include_str!("../onboarding/aruba.txt"), Writing::Word),
        NasProfile::Ruckus => (include_str!("../onboarding/ruckus.txt"), Writing::Prose),
        NasProfile::SmartZone => (include_str!("../onboarding/smartzone.txt"), Writing::Prose),
        NasProfile::Cisco => (include_str!("../onboarding/cisco.txt"), Writing::Word),
        NasProfile::Unifi => (include_str!("../onboarding/unifi.txt"), Writing::Prose),
        NasProfile::UnifiApi => (include_str!("../onboarding/unifi-api.txt"), Writing::Prose),
        NasProfile::Opennds => (include_str!("../onboarding/opennds.sh"), Writing::ShellWord),
        NasProfile::Meraki => (include_str!("../onboarding/meraki.txt"), Writing::Prose),
        NasProfile::MerakiClickThrough => {
            (include_str!("../onboarding/meraki-click-through.txt"), Writing::Prose)
        }
        NasProfile::Hpe => (include_str!("../onboarding/hpe.txt"), Writing::Word),
        NasProfile::Cambium => (include_str!("../onboarding/cambium.txt"), Writing::Prose),
        NasProfile::Huawei => (include_str!("../onboarding/huawei.txt"), Writing::Word),
        NasProfile::Fortinet => (include_str!("../onboarding/fortinet.txt"), Writing::Word),
        NasProfile::Omada => (include_str!("../onboarding/omada.txt"), Writing::Prose),
        NasProfile::OmadaApi => (include_str!("../onboarding/omada-api.txt"), Writing::Prose),
        NasProfile::Pfsense => (include_str!("../onboarding/pfsense.txt"), Writing::Prose),
        NasProfile::Opnsense => (include_str!("../onboarding/opnsense.txt"), Writing::Prose),
        NasProfile::Generic => (include_str!("../onboarding/generic.txt"), Writing::Prose),
    }
}

/// What is pasted into `nas`.
///
/// # Errors
/// A value that the maker's syntax cannot carry.
pub(crate) fn configuration(nas: &Nas, known: &Known<'_>) -> Result<String, Unwritable> {
    let (text, writing) = text(nas);
    template::fill(text, writing, &Fields::of(nas, known))
}

/// Whether what is pasted opens the garden of a site.
fn opens_a_garden(nas: &Nas) -> bool {
    let (text, _) = text(nas);
    text.contains("{{garden-list}}") || text.contains("{{*garden}}")
}

/// What whoever pastes it should know.
pub(crate) fn notes(nas: &Nas, known: &Known<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if nas.profile == NasProfile::Sabeel {
        notes.push(
            "its secrets are in what `sabeel --json nas add` printed: put that on the router as \
             credentials-file"
                .to_owned(),
        );
    } else if known.secret.is_none() && nas.profile.speaks_radius() {
        notes.push(format!(
            "{NO_SECRET} stands for the secret, which is never shown again: give it with \
             --secret-file, or replace it with `sabeel nas rotate {}`",
            nas.name
        ));
    }
    if nas.hand_off.method.asks_portal() && known.hand_off_secret.is_none() {
        notes.push(format!(
            "{NO_KEY} stands for what the gateway proves itself with, which `sabeel nas add` printed \
             once: give it with --login-secret-file"
        ));
    }
    if known.server.is_none() {
        notes.push(format!("{NO_SERVER} stands for this server: give its address with --server"));
    }
    if !known.garden.is_empty() && !opens_a_garden(nas) {
        notes.push(
            "the garden of its site is not in what is printed: open those hosts in its own \
             settings, or visitors reach them after sign-in only"
                .to_owned(),
        );
    }
    if nas.certificate.is_some() {
        notes.push("it speaks RADIUS over TLS, but what is printed is for UDP".to_owned());
    }
    if !nas.profile.takes_orders() && nas.profile.speaks_radius() {
        notes.push(
            "it takes no orders: a session ends when its time or data is used up, not before, and \
             a visitor who signs out stays online until then"
                .to_owned(),
        );
    } else if nas.dae_address.is_none()
        && nas.certificate.is_none()
        && nas.profile.speaks_radius()
        && !nas.hand_off.method.tells_api()
    {
        notes.push(format!(
            "orders cannot reach it yet: `sabeel nas set {} --dae ADDRESS:{}`",
            nas.name,
            nas.profile.dae_port()
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
