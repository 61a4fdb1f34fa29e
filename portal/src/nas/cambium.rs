//! Cambium cnPilot and cnMaestro, "External Hotspot".
//!
//! The access point takes the login at port 880, or 444 with TLS, and wants its own query back as it
//! was: `ga_Qv` above all, which only it understands. Where the browser goes afterwards is
//! `ga_orig_url`, which therefore becomes ours.

use domain::{HandOff, LoginHost};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields, origin,
};
use crate::context::{Trust, Turn};

const PATH: &str = "cgi-bin/hotspot_login.cgi";
const PLAIN: u16 = 880;
const ENCRYPTED: u16 = 444;
/// What is given back, each as it stood there.
const ECHOED: [&str; 7] =
    ["ga_ssid", "ga_ap_mac", "ga_nas_id", "ga_srvr", "ga_cmac", "ga_cip", "ga_Qv"];

pub(super) struct Cambium;

impl Dialect for Cambium {
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let is_refused = query.find("ga_error_code")?.is_some();
        let (scheme, port) = match hand_off.hosts.first().and_then(LoginHost::scheme) {
            Some("https") => ("https", ENCRYPTED),
            _ => ("http", PLAIN),
        };
        let is_echoed =
            |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| ECHOED.contains(&name));
        let own: Vec<&str> = redirected.query.split('&').filter(is_echoed).collect();
        Ok(Arrival {
            at: redirected.at,
            device: query.device("ga_cmac")?,
            address: query.address("ga_cip")?,
            trust: Trust::Unsigned,
            occasion: if is_refused { Occasion::Refused } else { Occasion::Caught },
            turn: Some(Turn {
                page: query.page_at("ga_srvr", scheme, Some(port), PATH)?,
                fields: vec![("query".to_owned(), own.join("&"))],
            }),
            wanted: query.wanted("ga_orig_url"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        let port = if host.scheme() == Some("https") { ENCRYPTED } else { PLAIN };
        origin(host, "http", Some(port))?.join(PATH).ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let mut action = pass.page?.clone();
        action.set_query(pass.turn.and_then(|turn| turn.find("query")));
        action.query_pairs_mut().append_pair("ga_orig_url", pass.landing);
        let fields = fields([
            ("ga_user", &pass.credential.id.user_name()),
            ("ga_pass", pass.credential.password.expose()),
        ]);
        Some(Way::Form { action, fields })
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "ga_ssid=Park&ga_ap_mac=BC-E6-7C-00-00-01&ga_nas_id=pole-7&ga_srvr=10.5.0.1\
        &ga_cmac=02-00-5E-10-00-01&ga_cip=10.5.0.7&ga_rssi=-51&ga_Qv=eURO~BR86.HBg*GA%2BDE.\
        &ga_orig_url=http%3A%2F%2Fexample.com%2F";

    #[test]
    fn its_query_comes_back_as_it_was() {
        let arrival = arrive(HandOffMethod::Cambium, "10.5.0.1", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        assert_eq!(
            form_of(HandOffMethod::Cambium, arrival.turn.as_ref()),
            "http://10.5.0.1:880/cgi-bin/hotspot_login.cgi?ga_ssid=Park\
             &ga_ap_mac=BC-E6-7C-00-00-01&ga_nas_id=pole-7&ga_srvr=10.5.0.1\
             &ga_cmac=02-00-5E-10-00-01&ga_cip=10.5.0.7&ga_Qv=eURO~BR86.HBg*GA%2BDE.\
             &ga_orig_url=http%3A%2F%2Fportal.example%2Fv%2Fx%2Fonline \
             ga_user=aaaaaaaaaaaaaaaaaaaaaaaaaa&ga_pass=password-of-the-test"
        );
        let encrypted = arrive(HandOffMethod::Cambium, "https://10.5.0.1", QUERY).unwrap();
        let page = encrypted.turn.unwrap().page;
        assert_eq!(page, "https://10.5.0.1:444/cgi-bin/hotspot_login.cgi");
    }

    #[test]
    fn an_error_code_tells_of_a_refusal() {
        let told = read_by(HandOffMethod::Cambium, "10.5.0.1", QUERY);
        assert_eq!(told("&ga_error_code=reject"), Ok(Occasion::Refused));
        assert_eq!(told("&ga_srvr=10.5.0.9"), Err(ArrivalError::Repeated("ga_srvr")));
        let foreign = arrive(HandOffMethod::Cambium, "10.5.0.9", QUERY);
        assert_eq!(foreign, Err(ArrivalError::HostNotAllowed));
    }
}
