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
    /// When its access point spoke of it, as far as that is known.
    pub at: Timestamp,
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

#[cfg(test)]
mod tests {
    use domain::Secret;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_query_is_survived_and_none_passes_for_a_signed_one(query in ".{0,400}") {
            let at = Timestamp::from_secs(1_795_597_200);
            let origins = ["http://portal.example".to_owned()];
            let redirected = Redirected { origins: &origins, path: "/n/x/", query: &query, at };
            let secret: Secret = "secret".parse().unwrap();
            let hosts = ["10.1.0.1".to_owned()];
            prop_assert!(sabeel::read(&secret, &redirected).is_err());
            prop_assert!(uam::read(Some(&secret), &hosts, &redirected).is_err());
            drop((uam::read(None, &hosts, &redirected), generic::read(&redirected)));
        }

        #[test]
        fn any_values_under_known_names_are_survived(
            values in prop::collection::vec("[ -~]{0,40}", 8)
        ) {
            let names = ["mac", "ip", "res", "uamip", "uamport", "challenge", "userurl", "client_mac"];
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(names.iter().zip(&values))
                .finish();
            let at = Timestamp::from_secs(1_795_597_200);
            let redirected = Redirected { origins: &[], path: "/n/x/", query: &query, at };
            let arrival = generic::read(&redirected);
            prop_assert!(arrival.is_err() || values.iter().any(|value| value.parse::<MacAddress>().is_ok()));
            prop_assert!(uam::read(None, &["10.1.0.1".to_owned()], &redirected).is_err());
        }
    }
}
