//! Aruba: controllers and Instant, and Instant On with its cloud.
//!
//! The redirect names the login page by its host alone, `switchip` or `post`, and the browser posts
//! `user` and `password` there (ArubaOS, "External Captive Portal"; Instant On, "External captive
//! portal"). Instant, which `vcname` tells, takes them at `/swarm.cgi`; controllers at
//! `/cgi-bin/login`.

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

const CONTROLLER: &str = "cgi-bin/login";
const INSTANT: &str = "swarm.cgi";

/// Controllers and Instant.
pub(super) struct Aruba;

/// Instant On.
pub(super) struct ArubaInstantOn;

impl Dialect for Aruba {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let path = if query.find("vcname")?.is_some() { INSTANT } else { CONTROLLER };
        arrival(&query, redirected, query.page_at("switchip", "https", None, path)?)
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "https", None)?.join(CONTROLLER).ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        form(pass)
    }

    fn log_off(&self, page: &Url) -> Option<Url> {
        page.join("?cmd=logout").ok().filter(|page| page.path() == "/cgi-bin/login")
    }
}

impl Dialect for ArubaInstantOn {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        arrival(&query, redirected, query.page_at("post", "https", None, INSTANT)?)
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "https", None)?.join(INSTANT).ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        form(pass)
    }
}

fn arrival(
    query: &RedirectQuery,
    redirected: &Redirected<'_>,
    page: String,
) -> Result<Arrival, ArrivalError> {
    let is_refused = query.find("errmsg")?.is_some();
    Ok(Arrival {
        at: redirected.at,
        device: query.device("mac")?,
        address: query.address("ip")?,
        trust: Trust::Unsigned,
        occasion: if is_refused { Occasion::Refused } else { Occasion::Caught },
        turn: Some(Turn { page, fields: Vec::new() }),
        wanted: query.wanted("url"),
    })
}

fn form(pass: &Pass<'_>) -> Option<Way> {
    let fields = fields([
        ("cmd", "authenticate"),
        ("user", &pass.credential.id.user_name()),
        ("password", pass.credential.password.expose()),
        ("url", pass.landing),
    ]);
    Some(Way::Form { action: pass.page?.clone(), fields })
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "cmd=login&mac=02:00:5e:10:00:01&essid=Park&ip=10.5.0.7&apname=pole-7\
        &apmac=00:1a:1e:00:00:01&switchip=securelogin.example&url=http%3A%2F%2Fexample.com%2F";
    const INSTANT_ON: &str = "cmd=login&mac=02:00:5e:10:00:01&network=Park&ip=10.5.0.7\
        &apmac=00:1a:1e:00:00:01&site=park&post=guest.example&url=http%3A%2F%2Fexample.com%2F";

    #[test]
    fn each_kind_has_its_own_login_page() {
        use HandOffMethod::{Aruba, ArubaInstantOn};
        let instant = format!("{QUERY}&vcname=park");
        for (method, query, page) in [
            (Aruba, QUERY, "https://securelogin.example/cgi-bin/login"),
            (Aruba, instant.as_str(), "https://securelogin.example/swarm.cgi"),
            (ArubaInstantOn, INSTANT_ON, "https://guest.example/swarm.cgi"),
        ] {
            let host = page.split('/').nth(2).unwrap();
            let arrival = arrive(method, host, query).unwrap();
            assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
            assert_eq!(arrival.address, Some([10, 5, 0, 7].into()));
            assert_eq!(arrival.occasion, Occasion::Caught);
            assert_eq!(
                form_of(method, arrival.turn.as_ref()),
                format!(
                    "{page} cmd=authenticate&user=aaaaaaaaaaaaaaaaaaaaaaaaaa\
                     &password=password-of-the-test&url=http://portal.example/v/x/online"
                )
            );
        }
    }

    #[test]
    fn a_refused_login_is_told_by_its_message() {
        let told = read_by(HandOffMethod::Aruba, "securelogin.example", QUERY);
        assert_eq!(told("&errmsg=Authentication+failed"), Ok(Occasion::Refused));
        assert_eq!(told("&errmsg="), Ok(Occasion::Caught));
        assert_eq!(told("&switchip=evil.example"), Err(ArrivalError::Repeated("switchip")));
        let foreign = arrive(HandOffMethod::Aruba, "other.example", QUERY);
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
    }
}
