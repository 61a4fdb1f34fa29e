//! pfSense, whose portal page is one of ours that only redirects (`nas onboard` prints it).
//!
//! The query carries pfSense's page variables by plain names. The browser posts `auth_user` and
//! `auth_pass` to the zone's own address, and goes on to `redirurl`.

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

/// Where the first zone's pages are; each further one has the next even port.
const FIRST_ZONE: u16 = 8_002;

pub(super) struct Pfsense;

impl Dialect for Pfsense {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let is_refused = query.find("message")?.is_some();
        let zone = query.require("zone")?;
        if !zone.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(ArrivalError::Malformed("zone"));
        }
        Ok(Arrival {
            at: redirected.at,
            device: query.device("mac")?,
            address: query.address("ip")?,
            trust: Trust::Unsigned,
            occasion: if is_refused { Occasion::Refused } else { Occasion::Caught },
            turn: Some(Turn {
                page: query.page("action")?,
                fields: vec![("zone".to_owned(), zone.to_owned())],
            }),
            wanted: query.wanted("redirurl"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "http", Some(FIRST_ZONE))?.join("index.php").ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let page = pass.page?.clone();
        // The zone is the firewall's to say; its page leads back here with it.
        let Some(zone) = pass.turn.and_then(|turn| turn.find("zone")) else {
            return Some(Way::Ask(page));
        };
        let fields = fields([
            ("auth_user", &pass.credential.id.user_name()),
            ("auth_pass", pass.credential.password.expose()),
            ("zone", zone),
            ("redirurl", pass.landing),
            ("accept", "Continue"),
        ]);
        Some(Way::Form { action: page, fields })
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "mac=02:00:5e:10:00:01&ip=10.5.0.7&zone=park\
        &action=http://10.5.0.1:8002/index.php?zone=park&redirurl=http://example.com/&message=";

    #[test]
    fn the_browser_posts_to_the_zone() {
        let arrival = arrive(HandOffMethod::Pfsense, "10.5.0.1", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        assert_eq!(
            form_of(HandOffMethod::Pfsense, arrival.turn.as_ref()),
            "http://10.5.0.1:8002/index.php?zone=park auth_user=aaaaaaaaaaaaaaaaaaaaaaaaaa\
             &auth_pass=password-of-the-test&zone=park\
             &redirurl=http://portal.example/v/x/online&accept=Continue"
        );
    }

    #[test]
    fn a_message_tells_of_a_refusal() {
        let told = read_by(HandOffMethod::Pfsense, "10.5.0.1", QUERY);
        assert_eq!(told("Invalid+credentials"), Ok(Occasion::Refused));
        let odd = QUERY.replace("zone=park&action", "zone=%22park&action");
        let told = arrive(HandOffMethod::Pfsense, "10.5.0.1", &odd);
        assert_eq!(told, Err(ArrivalError::Malformed("zone")));
        let foreign = arrive(HandOffMethod::Pfsense, "10.5.0.2", QUERY);
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
    }
}
