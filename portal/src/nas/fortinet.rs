//! Fortinet `FortiGate` with an external captive portal.
//!
//! `magic` is the firewall's own word for this login and comes back with it. The whole form must
//! stay short: bodies of more than about 125 characters are reported to fail, and ours has less
//! than a hundred. Where the browser goes afterwards is set in the firewall.

use domain::HandOff;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields,
};
use crate::context::{Trust, Turn};

pub(super) struct Fortinet;

impl Dialect for Fortinet {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let magic = query.require("magic")?;
        if !magic.bytes().all(|b| b.is_ascii_hexdigit()) || magic.len() > 32 {
            return Err(ArrivalError::Malformed("magic"));
        }
        // It begins with `login`, or with `fail` after a login that was refused.
        let is_refused = redirected.query.split('&').any(|word| word == "fail");
        Ok(Arrival {
            at: redirected.at,
            device: query.device("usermac")?,
            address: query.address("userip")?,
            trust: Trust::Unsigned,
            occasion: if is_refused { Occasion::Refused } else { Occasion::Caught },
            turn: Some(Turn {
                page: query.page("post")?,
                fields: vec![("magic".to_owned(), magic.to_owned())],
            }),
            wanted: None,
        })
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let fields = fields([
            ("magic", pass.turn?.find("magic")?),
            ("username", &pass.credential.id.user_name()),
            ("password", pass.credential.password.expose()),
        ]);
        Some(Way::Form { action: pass.page?.clone(), fields })
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, form_of, read_by};
    use super::*;

    const QUERY: &str = "login&post=http://172.16.2.1:1000/fgtauth&magic=030d0d90d699c5a8\
        &usermac=02:00:5e:10:00:01&apmac=70:4c:a5:00:00:01&apip=172.16.2.1&userip=172.16.2.10\
        &ssid=Park&apname=FGT51E&bssid=00:00:00:00:00:00";

    #[test]
    fn the_firewalls_word_comes_back_in_a_short_form() {
        let arrival = arrive(HandOffMethod::Fortinet, "172.16.2.1", QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.address, Some([172, 16, 2, 10].into()));
        let form = form_of(HandOffMethod::Fortinet, arrival.turn.as_ref());
        let (page, body) = form.split_once(' ').unwrap();
        assert_eq!(page, "http://172.16.2.1:1000/fgtauth");
        let (magic, user) = ("magic=030d0d90d699c5a8", "username=aaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert_eq!(body, format!("{magic}&{user}&password=password-of-the-test"));
        // A password of ours has 24 characters.
        assert!(body.len() - "password-of-the-test".len() + 24 < 125);
    }

    #[test]
    fn a_refusal_is_told_and_nonsense_refused() {
        let refused = QUERY.replacen("login", "fail", 1);
        let told = read_by(HandOffMethod::Fortinet, "172.16.2.1", &refused);
        assert_eq!(told(""), Ok(Occasion::Refused));
        for (from, to, expected) in [
            ("magic=030d", "magic=%22030d", ArrivalError::Malformed("magic")),
            ("&magic=030d0d90d699c5a8", "", ArrivalError::Missing("magic")),
            ("172.16.2.1:1000", "evil.example:1000", ArrivalError::HostNotAllowed),
        ] {
            let told = arrive(HandOffMethod::Fortinet, "172.16.2.1", &QUERY.replace(from, to));
            assert_eq!(told, Err(expected), "{to}");
        }
    }
}
