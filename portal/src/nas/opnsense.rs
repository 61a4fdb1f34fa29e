//! OPNsense, whose zone page is one of ours (`nas onboard` prints it).
//!
//! OPNsense takes a login by a call of its own page's script alone. So that page sends the browser
//! here with the device's addresses, and gets it back with name and password behind `#`, which no
//! server sees; it makes the call and sends the browser on.

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, origin,
};
use crate::context::{Trust, Turn};

/// Where the first zone's pages are.
const FIRST_ZONE: u16 = 8_000;

pub(super) struct Opnsense;

impl Dialect for Opnsense {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let occasion = match query.find("state")? {
            None => Occasion::Caught,
            Some("failed") => Occasion::Refused,
            Some(_) => return Err(ArrivalError::Malformed("state")),
        };
        Ok(Arrival {
            at: redirected.at,
            device: query.device("mac")?,
            address: query.address("ip")?,
            trust: Trust::Unsigned,
            occasion,
            turn: Some(Turn { page: query.page("page")?, fields: Vec::new() }),
            wanted: query.wanted("redirurl"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "http", Some(FIRST_ZONE))?.join("index.html").ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let mut page = pass.page?.clone();
        let login = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("user", &pass.credential.id.user_name())
            .append_pair("password", pass.credential.password.expose())
            .append_pair("next", pass.landing)
            .finish();
        page.set_query(None);
        page.set_fragment(Some(&login));
        Some(Way::Link(page))
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, read_by, way_of};
    use super::*;

    const QUERY: &str = "mac=02:00:5e:10:00:01&ip=10.5.0.7&page=http://10.5.0.1:8000/index.html\
        &redirurl=http://example.com/";

    #[test]
    fn name_and_password_stand_where_no_server_sees_them() {
        let arrival = arrive(HandOffMethod::Opnsense, "10.5.0.1", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        let way = way_of(HandOffMethod::Opnsense, None, 0, arrival.turn.as_ref());
        let link = "http://10.5.0.1:8000/index.html#user=aaaaaaaaaaaaaaaaaaaaaaaaaa\
             &password=password-of-the-test&next=http%3A%2F%2Fportal.example%2Fv%2Fx%2Fonline";
        assert_eq!(way, Some(Way::Link(link.parse().unwrap())));
    }

    #[test]
    fn its_page_says_that_a_login_failed() {
        let told = read_by(HandOffMethod::Opnsense, "10.5.0.1", QUERY);
        assert_eq!(told("&state=failed"), Ok(Occasion::Refused));
        assert_eq!(told("&state=odd"), Err(ArrivalError::Malformed("state")));
        let foreign = arrive(HandOffMethod::Opnsense, "10.5.0.2", QUERY);
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
    }
}
