//! Cisco Meraki's splash page with sign-on ("EXCAP").
//!
//! `login_url` stands at Meraki's cloud, where each organisation has a host of its own below
//! `network-auth.com`, and carries its own word for this login. The browser posts `username` and
//! `password` there and goes on to `success_url`.

use domain::HandOff;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields,
};
use crate::context::{Trust, Turn};

pub(super) struct Meraki;

impl Dialect for Meraki {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let is_refused = query.find("error_message")?.is_some();
        Ok(Arrival {
            at: redirected.at,
            device: query.device("client_mac")?,
            address: query.address("client_ip")?,
            trust: Trust::Unsigned,
            occasion: if is_refused { Occasion::Refused } else { Occasion::Caught },
            turn: Some(Turn { page: query.page("login_url")?, fields: Vec::new() }),
            wanted: query.wanted("continue_url"),
        })
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let fields = fields([
            ("username", &pass.credential.id.user_name()),
            ("password", pass.credential.password.expose()),
            ("success_url", pass.landing),
        ]);
        Some(Way::Form { action: pass.page?.clone(), fields })
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "login_url=https%3A%2F%2Fn7.network-auth.com%2Fsplash%2Flogin%3Fmauth%3DMMab\
        &continue_url=http%3A%2F%2Fexample.com%2F&ap_mac=e0%3Acb%3Abc%3A00%3A00%3A01&ap_name=pole-7\
        &ap_tags=park&client_mac=02%3A00%3A5e%3A10%3A00%3A01&client_ip=10.5.0.7";

    #[test]
    fn the_browser_posts_to_the_organisations_own_host() {
        let arrival = arrive(HandOffMethod::Meraki, "https://*.network-auth.com", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        assert_eq!(
            form_of(HandOffMethod::Meraki, arrival.turn.as_ref()),
            "https://n7.network-auth.com/splash/login?mauth=MMab \
             username=aaaaaaaaaaaaaaaaaaaaaaaaaa&password=password-of-the-test\
             &success_url=http://portal.example/v/x/online"
        );
    }

    #[test]
    fn a_message_tells_of_a_refusal() {
        let told = read_by(HandOffMethod::Meraki, "*.network-auth.com", QUERY);
        assert_eq!(told("&error_message=Access+denied"), Ok(Occasion::Refused));
        let evil = QUERY.replace("n7.network-auth.com", "network-auth.com.evil.example");
        let told = arrive(HandOffMethod::Meraki, "*.network-auth.com", &evil);
        assert_eq!(told, Err(ArrivalError::HostNotAllowed));
    }
}
