//! What access points say when they send a browser to us, one file per dialect.
//!
//! The secret path segment has already told which access point it is; here its query
//! is read by the rules of its hand-off. What is not signed is taken as a claim, and
//! what cannot be read is refused, never guessed.

mod generic;
mod query;
mod sabeel;
pub(crate) mod uam;

use std::net::IpAddr;

use domain::{HandOff, MacAddress, Nas, Timestamp};

use crate::context::{Trust, UamTurn};
pub(crate) use query::RedirectQuery;
pub(crate) use sabeel::SignedIdentity;

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
    pub device: MacAddress,
    pub address: Option<IpAddr>,
    pub trust: Trust,
    pub occasion: Occasion,
    pub uam: Option<UamTurn>,
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
    #[error("the query is longer than 4096 characters")]
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
    #[error("the login page's host is not one of this access point's")]
    HostNotAllowed,
}

/// Reads a redirect by the rules of the access point that sent it.
pub(crate) fn read_arrival(
    nas: &Nas,
    redirected: &Redirected<'_>,
) -> Result<Arrival, ArrivalError> {
    match &nas.hand_off {
        HandOff::MacAuthentication { redirect_secret: Some(secret) } => {
            sabeel::read(secret, redirected)
        }
        HandOff::MacAuthentication { redirect_secret: None } => generic::read(redirected),
        HandOff::Uam { secret, hosts } => uam::read(secret.as_ref(), hosts, redirected),
    }
}
