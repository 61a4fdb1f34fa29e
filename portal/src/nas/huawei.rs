//! Huawei access controllers with an external portal that speaks HTTP (`protocol http`).
//!
//! The redirect says what its URL template says; `nas onboard` prints one with these names. The
//! browser posts `cmd`, `username` and `password` to the controller's `/login`, and goes on to
//! `initurl` (Huawei, "http-method post").

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

/// Where `portal web-authen-server http` listens.
const PLAIN: u16 = 8_000;
/// Where `portal web-authen-server https` does.
const ENCRYPTED: u16 = 8_443;

pub(super) struct Huawei;

impl Dialect for Huawei {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let is_refused = query.find("errmsg")?.is_some();
        Ok(Arrival {
            at: redirected.at,
            device: query.device("umac")?,
            address: query.address("uaddress")?,
            trust: Trust::Unsigned,
            occasion: if is_refused { Occasion::Refused } else { Occasion::Caught },
            turn: Some(Turn { page: query.page("login_url")?, fields: Vec::new() }),
            wanted: query.wanted("redirect-url"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        let port = if host.scheme() == Some("https") { ENCRYPTED } else { PLAIN };
        origin(host, "http", Some(port))?.join("login").ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let fields = fields([
            ("cmd", "login"),
            ("username", &pass.credential.id.user_name()),
            ("password", pass.credential.password.expose()),
            ("initurl", pass.landing),
        ]);
        Some(Way::Form { action: pass.page?.clone(), fields })
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "umac=0200-5e10-0001&uaddress=10.5.0.7&ssid=Park&apmac=00e0-fc00-0001\
        &login_url=http%3A%2F%2F10.5.0.1%3A8000%2Flogin&redirect-url=http%3A%2F%2Fexample.com%2F";

    #[test]
    fn the_browser_posts_to_the_controller() {
        let arrival = arrive(HandOffMethod::Huawei, "10.5.0.1:8000", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.address, Some([10, 5, 0, 7].into()));
        assert_eq!(
            form_of(HandOffMethod::Huawei, arrival.turn.as_ref()),
            "http://10.5.0.1:8000/login cmd=login&username=aaaaaaaaaaaaaaaaaaaaaaaaaa\
             &password=password-of-the-test&initurl=http://portal.example/v/x/online"
        );
    }

    #[test]
    fn a_message_tells_of_a_refusal() {
        let told = read_by(HandOffMethod::Huawei, "10.5.0.1", QUERY);
        assert_eq!(told(""), Ok(Occasion::Caught));
        assert_eq!(told("&errmsg=Authentication+failed"), Ok(Occasion::Refused));
        let foreign = arrive(HandOffMethod::Huawei, "10.5.0.1:8443", QUERY);
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
    }
}
