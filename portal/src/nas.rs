//! What access points say when they send a browser to us and how a login gets back to them, one
//! file for each maker's dialect.
//!
//! The secret path segment has already told which access point it is; here its query is read by
//! the rules of its hand-off. What is not signed is taken as a claim, and what cannot be read is
//! refused, never guessed. A dialect is pure: it reads and writes addresses and forms, and whether
//! a browser may go there is decided here and in `hand_off`, for all of them alike.

mod aruba;
mod cambium;
mod cisco;
mod cisco_cwa;
mod fortinet;
mod generic;
mod huawei;
mod mac_authentication;
mod meraki;
mod mikrotik;
mod omada;
mod omada_api;
mod opennds;
mod opnsense;
mod pfsense;
mod query;
mod ruckus;
mod sabeel;
mod smart_zone;
mod uam;
mod unifi;

use std::net::IpAddr;

use domain::{Credential, HandOff, HandOffMethod, LoginHost, MacAddress, Nas, Secret, Timestamp};
use url::Url;

use crate::context::{Trust, Turn};
pub(crate) use query::RedirectQuery;
pub(crate) use sabeel::SignedIdentity;

/// The most that is kept of a redirect for the way back; it travels in every page's address.
const LONGEST_TURN: usize = 600;

/// One maker's rules.
pub(crate) trait Dialect: Sync {
    /// Reads a redirect.
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError>;

    /// The login page at one of the access point's hosts, for a browser that it has not sent.
    fn login_page(&self, _: &LoginHost) -> Option<Url> {
        None
    }

    /// How the login gets back; `None` if there is no way.
    fn way(&self, pass: &Pass<'_>) -> Option<Way>;

    /// Where a browser logs off that logged in at `page`.
    fn log_off(&self, _page: &Url) -> Option<Url> {
        None
    }
}

/// The rules of a method.
pub(crate) fn dialect(method: HandOffMethod) -> &'static dyn Dialect {
    match method {
        HandOffMethod::MacAuthentication => &mac_authentication::MacAuthentication,
        HandOffMethod::Uam => &uam::Uam,
        HandOffMethod::Mikrotik => &mikrotik::Mikrotik,
        HandOffMethod::Cisco => &cisco::Cisco,
        HandOffMethod::CiscoCwa => &cisco_cwa::CiscoCwa,
        HandOffMethod::Aruba => &aruba::Aruba,
        HandOffMethod::ArubaInstantOn => &aruba::ArubaInstantOn,
        HandOffMethod::Ruckus => &ruckus::Ruckus,
        HandOffMethod::SmartZone => &smart_zone::SmartZone,
        HandOffMethod::Meraki => &meraki::Meraki,
        HandOffMethod::MerakiClickThrough => &meraki::ClickThrough,
        HandOffMethod::Cambium => &cambium::Cambium,
        HandOffMethod::Huawei => &huawei::Huawei,
        HandOffMethod::Fortinet => &fortinet::Fortinet,
        HandOffMethod::Omada => &omada::Omada,
        HandOffMethod::OmadaApi => &omada_api::OmadaApi,
        HandOffMethod::Pfsense => &pfsense::Pfsense,
        HandOffMethod::Opnsense => &opnsense::Opnsense,
        HandOffMethod::UnifiApi => &unifi::Unifi,
        HandOffMethod::Opennds => &opennds::Opennds,
    }
}

/// What a login is carried back with.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    /// The login page, which stands at one of the access point's hosts.
    pub page: Option<&'a Url>,
    /// What the redirect gave for it.
    pub turn: Option<&'a Turn>,
    /// How old that is.
    pub age: std::time::Duration,
    pub secret: Option<&'a Secret>,
    /// Proves the login to our own RADIUS server, once.
    pub credential: &'a Credential,
    /// For how long the device may be let through, where the link itself says it.
    pub time: Option<std::time::Duration>,
    /// Our page that the browser comes to afterwards.
    pub landing: &'a str,
    /// The page that was wanted in the first place.
    pub wanted: Option<&'a str>,
}

/// How a login gets back to the access point.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The access point is told to ask us about the device again, or its controller is told about
    /// the device.
    AskAgain,
    /// The access point itself is asked first for what is missing; it sends the browser back.
    Ask(Url),
    /// The browser follows a link with the credentials.
    Link(Url),
    /// The browser follows a link that lets the device through by itself.
    Grant(Url),
    /// The browser posts a form with the credentials.
    Form { action: Url, fields: Vec<(String, String)> },
}

/// A form's fields.
pub(crate) fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Whether a browser may carry credentials to `url`.
pub(crate) fn is_allowed(hand_off: &HandOff, url: &Url) -> bool {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    hand_off.allows(url.scheme(), host, port)
}

/// `scheme://host[:port]` of a login page, with what the host leaves open.
pub(crate) fn origin(host: &LoginHost, scheme: &str, port: Option<u16>) -> Option<Url> {
    let (name, scheme) = (host.host()?, host.scheme().unwrap_or(scheme));
    let port = host.port().or(port).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{name}{port}/").parse().ok()
}

/// The request that an access point's redirect led to.
#[derive(Debug)]
pub(crate) struct Redirected<'a> {
    /// Scheme, host and port under which the request may have been addressed.
    pub origins: &'a [String],
    /// The path as it stood in the request.
    pub path: &'a str,
    /// The query as it stood in the request, without the question mark.
    pub query: &'a str,
    /// When it arrived.
    pub at: Timestamp,
}

/// A device that has arrived, as its access point tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When its access point spoke of it, as far as that is known.
    pub at: Timestamp,
    pub device: MacAddress,
    pub address: Option<IpAddr>,
    pub trust: Trust,
    pub occasion: Occasion,
    pub turn: Option<Turn>,
    pub wanted: Option<String>,
}

/// On what occasion the browser was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The device is not online.
    Caught,
    /// The login was accepted, or the device is online already.
    Online,
    /// The login was refused.
    Refused,
    /// The device was taken offline.
    LoggedOff,
}

/// Why a redirect's query was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArrivalError {
    #[error("the query is longer than any that an access point sends")]
    TooLong,
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` stands there more than once")]
    Repeated(&'static str),
    #[error("`{0}` cannot be read")]
    Malformed(&'static str),
    #[error("the signature is wrong")]
    BadSignature,
    #[error("the signature is too old or from the future")]
    Stale,
    #[error("`tok` is openNDS's own token, in clear: set fas_secure_enabled to 1 or more there")]
    TokenInClear,
    #[error("`{0}` is encrypted, and the controller did not say what it is")]
    Encrypted(&'static str),
    #[error("the login page's host is not one of this access point's")]
    HostNotAllowed,
}

/// Reads a redirect by the rules of the access point that sent it.
pub(crate) fn read_arrival(
    nas: &Nas,
    redirected: &Redirected<'_>,
) -> Result<Arrival, ArrivalError> {
    let arrival = dialect(nas.hand_off.method).read(&nas.hand_off, redirected)?;
    if let Some(Turn { page, fields }) = &arrival.turn {
        let of_fields = fields.iter().map(|(name, value)| name.len() + value.len());
        if page.len() + of_fields.sum::<usize>() > LONGEST_TURN {
            return Err(ArrivalError::TooLong);
        }
        let leads_home = || page.parse().is_ok_and(|page| is_allowed(&nas.hand_off, &page));
        if nas.hand_off.method.has_login_page() && !leads_home() {
            return Err(ArrivalError::HostNotAllowed);
        }
    }
    Ok(arrival)
}

#[cfg(test)]
pub(crate) mod tests;
