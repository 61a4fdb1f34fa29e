//! Cisco's local web authentication: Catalyst 9800 and `AireOS`.
//!
//! The controller's virtual interface posts nothing itself: the redirect names its login page in
//! `switch_url`, and the browser posts `username` and `password` there (Cisco, "External Web
//! Authentication"). `statusCode` says how a login ended.

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

pub(super) struct Cisco;

impl Dialect for Cisco {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let occasion = match query.find("statusCode")? {
            None => Occasion::Caught,
            Some("1") => Occasion::Online,
            // Web authentication is not set up, the name is in use, the device is shut out, or
            // the credentials are wrong.
            Some("2" | "3" | "4" | "5") => Occasion::Refused,
            Some(_) => return Err(ArrivalError::Malformed("statusCode")),
        };
        Ok(Arrival {
            at: redirected.at,
            device: query.device("client_mac")?,
            address: None,
            trust: Trust::Unsigned,
            occasion,
            turn: Some(Turn { page: query.page("switch_url")?, fields: Vec::new() }),
            wanted: query.wanted("redirect"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "https", None)?.join("login.html").ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let fields = fields([
            ("username", &pass.credential.id.user_name()),
            ("password", pass.credential.password.expose()),
            ("buttonClicked", "4"),
            ("err_flag", "0"),
            ("redirect_url", pass.landing),
        ]);
        Some(Way::Form { action: pass.page?.clone(), fields })
    }

    fn log_off(&self, page: &Url) -> Option<Url> {
        page.join("logout.html").ok()
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, way_of};
    use super::*;

    const QUERY: &str = "switch_url=https://192.0.2.1/login.html&ap_mac=00:2a:10:00:00:01\
        &client_mac=02:00:5e:10:00:01&wlan=Park&redirect=example.com/";

    fn read(query: &str) -> Result<Arrival, ArrivalError> {
        arrive(HandOffMethod::Cisco, "192.0.2.1", query)
    }

    #[test]
    fn its_redirect_names_the_device_and_the_login_page() {
        let arrival = read(QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.turn.unwrap().page, "https://192.0.2.1/login.html");
        assert_eq!(arrival.wanted, None, "no scheme, no page");
    }

    #[test]
    fn a_status_code_tells_how_the_login_ended() {
        for (code, expected) in [
            ("1", Ok(Occasion::Online)),
            ("2", Ok(Occasion::Refused)),
            ("5", Ok(Occasion::Refused)),
            ("6", Err(ArrivalError::Malformed("statusCode"))),
        ] {
            let told = read(&format!("{QUERY}&statusCode={code}"));
            assert_eq!(told.map(|arrival| arrival.occasion), expected, "{code}");
        }
        let foreign = read(&QUERY.replace("192.0.2.1", "192.0.2.2"));
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
    }

    #[test]
    fn the_browser_posts_what_its_login_page_posts() {
        let turn = read(QUERY).unwrap().turn;
        let way = way_of(HandOffMethod::Cisco, None, 1_000, turn.as_ref());
        let Some(Way::Form { action, fields }) = way else { panic!("no form") };
        assert_eq!(action.as_str(), "https://192.0.2.1/login.html");
        let sent: Vec<_> = fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(
            sent.join("&"),
            "username=aaaaaaaaaaaaaaaaaaaaaaaaaa&password=password-of-the-test&buttonClicked=4\
             &err_flag=0&redirect_url=http://portal.example/v/x/online"
        );
    }
}
