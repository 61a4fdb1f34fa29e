//! TP-Link Omada with "External RADIUS Server": the controller takes the login of a browser and asks
//! RADIUS itself.
//!
//! What the redirect says of device, access point and network comes back as it was, with `authType`
//! 2; `originUrl` is where the browser goes afterwards (TP-Link, "API and Code Sample for External
//! Web Portal (RADIUS)").

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

const PATH: &str = "portal/radius/browserauth";
const ENCRYPTED: u16 = 8_843;
/// What comes back as it was.
const ECHOED: [&str; 7] =
    ["clientMac", "clientIp", "apMac", "gatewayMac", "ssidName", "vid", "radioId"];

pub(super) struct Omada;

impl Dialect for Omada {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let mut echoed = Vec::new();
        for name in ECHOED {
            if let Some(value) = query.find(name)? {
                echoed.push((name.to_owned(), value.to_owned()));
            }
        }
        let scheme = match query.find("scheme")? {
            None | Some("https") => "https",
            Some("http") => "http",
            Some(_) => return Err(ArrivalError::Malformed("scheme")),
        };
        let port = match query.find("targetPort")? {
            None => ENCRYPTED,
            Some(text) => text.parse().map_err(|_| ArrivalError::Malformed("targetPort"))?,
        };
        Ok(Arrival {
            at: redirected.at,
            device: query.device("clientMac")?,
            address: query.address("clientIp")?,
            trust: Trust::Unsigned,
            occasion: Occasion::Caught,
            turn: Some(Turn {
                page: query.page_at("target", scheme, Some(port), PATH)?,
                fields: echoed,
            }),
            wanted: query.wanted("originUrl"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "https", Some(ENCRYPTED))?.join(PATH).ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let mut all = fields([
            ("username", &pass.credential.id.user_name()),
            ("password", pass.credential.password.expose()),
            ("authType", "2"),
            ("originUrl", pass.landing),
        ]);
        // Without them the controller does not know whom it lets in.
        all.extend(pass.turn?.fields.clone());
        Some(Way::Form { action: pass.page?.clone(), fields: all })
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of};
    use super::*;

    const QUERY: &str = "target=10.5.0.2&targetPort=8843&clientMac=02-00-5E-10-00-01\
        &clientIp=10.5.0.7&raidusServerIp=192.0.2.10&apMac=B8-FB-B3-00-00-01&gatewayMac=\
        &scheme=https&ssidName=Park&vid=&radioId=1&originUrl=http%3A%2F%2Fexample.com%2F";

    #[test]
    fn what_the_controller_said_comes_back_as_it_was() {
        let arrival = arrive(HandOffMethod::Omada, "10.5.0.2", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(
            form_of(HandOffMethod::Omada, arrival.turn.as_ref()),
            "https://10.5.0.2:8843/portal/radius/browserauth username=aaaaaaaaaaaaaaaaaaaaaaaaaa\
             &password=password-of-the-test&authType=2\
             &originUrl=http://portal.example/v/x/online&clientMac=02-00-5E-10-00-01\
             &clientIp=10.5.0.7&apMac=B8-FB-B3-00-00-01&ssidName=Park&radioId=1"
        );
    }

    #[test]
    fn what_the_controller_never_says_is_refused() {
        for (from, to, expected) in [
            ("scheme=https", "scheme=ftp", ArrivalError::Malformed("scheme")),
            ("targetPort=8843", "targetPort=88430", ArrivalError::Malformed("targetPort")),
            ("target=10.5.0.2", "target=evil.example", ArrivalError::HostNotAllowed),
            ("target=10.5.0.2", "target=10.5.0.2@evil", ArrivalError::Malformed("target")),
            ("clientMac=02", "x=02", ArrivalError::Missing("clientMac")),
        ] {
            let told = arrive(HandOffMethod::Omada, "10.5.0.2", &QUERY.replace(from, to));
            assert_eq!(told, Err(expected), "{to}");
        }
    }
}
