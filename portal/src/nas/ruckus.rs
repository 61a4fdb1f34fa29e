//! Ruckus `ZoneDirector` and Unleashed, whose controller takes the login at `/login` of port 9997,
//! or 9998 with TLS ("Hotspot (`WISPr`) Services").
//!
//! `mac` is the access point; the device is `client_mac`. Where a browser goes after a login is set
//! in the controller; if that is the portal's address, it comes with `uid`, the name that logged in.

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

const PLAIN: u16 = 9_997;
const ENCRYPTED: u16 = 9_998;

pub(super) struct Ruckus;

impl Dialect for Ruckus {
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let occasion = match (query.find("uid")?, query.find("reason")?) {
            (Some(_), _) => Occasion::Online,
            // `Un-Auth-Captive` and `Un-Auth-SSL-Captive`: nobody has logged in yet.
            (None, Some(reason)) if !reason.starts_with("Un-Auth") => Occasion::Refused,
            (None, _) => Occasion::Caught,
        };
        let (scheme, port) = transport(hand_off);
        let address = query.address("uip")?;
        let page = query.page_at("sip", scheme, Some(port), "login")?;
        let ip = address.map(|address| ("ip".to_owned(), address.to_string()));
        Ok(Arrival {
            at: redirected.at,
            device: query.device("client_mac")?,
            address,
            trust: Trust::Unsigned,
            occasion,
            turn: Some(Turn { page, fields: ip.into_iter().collect() }),
            wanted: query.wanted("url"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        let port = if host.scheme() == Some("https") { ENCRYPTED } else { PLAIN };
        origin(host, "http", Some(port))?.join("login").ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let mut fields = fields([
            ("username", &pass.credential.id.user_name()),
            ("password", pass.credential.password.expose()),
        ]);
        fields.extend(pass.turn.into_iter().flat_map(|turn| turn.fields.clone()));
        Some(Way::Form { action: pass.page?.clone(), fields })
    }

    fn log_off(&self, page: &Url) -> Option<Url> {
        page.join("logout").ok()
    }
}

/// Whether the controller's hosts are to be met with TLS.
fn transport(hand_off: &HandOff) -> (&'static str, u16) {
    match hand_off.hosts.first().and_then(LoginHost::scheme) {
        Some("https") => ("https", ENCRYPTED),
        _ => ("http", PLAIN),
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "sip=10.5.0.2&mac=c4017c000001&client_mac=02005e100001&uip=10.5.0.7&lid=\
        &dn=&url=http%3A%2F%2Fexample.com%2F&ssid=Park&loc=&vlan=1&reason=Un-Auth-Captive";

    #[test]
    fn the_device_is_not_the_access_point() {
        for (host, page) in [
            ("10.5.0.2", "http://10.5.0.2:9997/login"),
            ("https://10.5.0.2", "https://10.5.0.2:9998/login"),
        ] {
            let arrival = arrive(HandOffMethod::Ruckus, host, QUERY).unwrap();
            assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
            assert_eq!(arrival.occasion, Occasion::Caught);
            assert_eq!(
                form_of(HandOffMethod::Ruckus, arrival.turn.as_ref()),
                format!(
                    "{page} username=aaaaaaaaaaaaaaaaaaaaaaaaaa&password=password-of-the-test\
                     &ip=10.5.0.7"
                )
            );
        }
    }

    #[test]
    fn a_name_tells_who_is_online_and_a_reason_who_was_refused() {
        let told = read_by(HandOffMethod::Ruckus, "10.5.0.2", QUERY);
        assert_eq!(told("&uid=aaaa"), Ok(Occasion::Online));
        let refused = QUERY.replace("Un-Auth-Captive", "Auth-Fail");
        let told = read_by(HandOffMethod::Ruckus, "10.5.0.2", &refused);
        assert_eq!(told(""), Ok(Occasion::Refused));
        let foreign = arrive(HandOffMethod::Ruckus, "10.5.0.3", QUERY);
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
        let odd = QUERY.replace("sip=10.5.0.2", "sip=10.5.0.2%2Fx%3F");
        assert_eq!(
            arrive(HandOffMethod::Ruckus, "10.5.0.2", &odd),
            Err(ArrivalError::Malformed("sip"))
        );
    }
}
