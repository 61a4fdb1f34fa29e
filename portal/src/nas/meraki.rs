//! Cisco Meraki's splash pages with sign-on and with click-through ("EXCAP").
//!
//! Both stand at Meraki's cloud, where each organisation has a host of its own below
//! `network-auth.com`. With sign-on `login_url` carries its own word for this login; the browser
//! posts `username` and `password` there and goes on to `success_url` (Meraki, "Captive Portal API:
//! Sign-on API").
//!
//! With click-through the browser follows `base_grant_url` with `continue_url` and `duration`, in
//! seconds, and is online (Meraki, "Captive Portal API: Click-through API"). Nothing in that link is
//! ours or secret: whoever reads the redirect can follow it without a code, for as long as they
//! like. So it is a courtesy and no lock.

use domain::HandOff;
use url::Url;

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

pub(super) struct ClickThrough;

impl Dialect for ClickThrough {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        Ok(Arrival {
            at: redirected.at,
            device: query.device("client_mac")?,
            address: query.address("client_ip")?,
            trust: Trust::Unsigned,
            occasion: Occasion::Caught,
            turn: Some(Turn { page: query.page("base_grant_url")?, fields: Vec::new() }),
            wanted: query.wanted("user_continue_url"),
        })
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let mut link: Url = pass.page?.clone();
        link.query_pairs_mut()
            .append_pair("continue_url", pass.landing)
            .append_pair("duration", &pass.time?.as_secs().to_string());
        Some(Way::Grant(link))
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by, way_of};
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

    const CAUGHT: &str = "base_grant_url=https%3A%2F%2Fn143.network-auth.com%2Fsplash%2Fgrant\
        &user_continue_url=http%3A%2F%2Fexample.com%2F&node_id=149624922840090\
        &node_mac=88:15:44:60:1c:1a&gateway_id=149624922840090&client_ip=10.255.60.208\
        &client_mac=02:00:5e:10:00:01";

    #[test]
    fn a_click_through_is_a_link_that_says_for_how_long() {
        let hosts = "https://*.network-auth.com";
        let arrival = arrive(HandOffMethod::MerakiClickThrough, hosts, CAUGHT).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        let way = way_of(HandOffMethod::MerakiClickThrough, None, 0, arrival.turn.as_ref());
        let Some(Way::Grant(link)) = way else { panic!("{way:?}") };
        assert_eq!(
            link.as_str(),
            "https://n143.network-auth.com/splash/grant\
             ?continue_url=http%3A%2F%2Fportal.example%2Fv%2Fx%2Fonline&duration=7200"
        );
        for (from, to, expected) in [
            (
                "n143.network-auth.com",
                "network-auth.com.evil.example",
                ArrivalError::HostNotAllowed,
            ),
            ("https%3A", "http%3A", ArrivalError::HostNotAllowed),
            ("base_grant_url", "login_url", ArrivalError::Missing("base_grant_url")),
            ("client_mac=02", "client_mac=zz", ArrivalError::Malformed("client_mac")),
        ] {
            let told = arrive(HandOffMethod::MerakiClickThrough, hosts, &CAUGHT.replace(from, to));
            assert_eq!(told, Err(expected), "{to}");
        }
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
