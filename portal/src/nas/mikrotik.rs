//! MikroTik's HotSpot, whose own login page is one of ours that only redirects
//! (`nas onboard` prints it).
//!
//! The query carries RouterOS's servlet variables by their own names. The way back is
//! `link-login-only` with `username`, `password` and `dst` (RouterOS manual, "Hotspot
//! customisation"). Where the login is by HTTP CHAP, the password is the hex MD5 of CHAP id,
//! password and challenge, and these two come as octal escapes.

use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::{HandOff, LoginHost};
use md5::{Digest, Md5};
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, origin,
};
use crate::context::{Trust, Turn};

/// A challenge is good for one login page; one that is older than this is fetched anew.
const CHALLENGE_LIFE: Duration = Duration::from_secs(5 * 60);
const LONGEST_CHALLENGE: usize = 64;

pub(super) struct Mikrotik;

impl Dialect for Mikrotik {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let mut fields = Vec::new();
        for name in ["chap-id", "chap-challenge"] {
            if let Some(text) = query.find(name)? {
                let octets = unescaped(text).ok_or(ArrivalError::Malformed(name))?;
                fields.push((name.to_owned(), HEXLOWER.encode(&octets)));
            }
        }
        let occasion = match query.find("state")? {
            Some("logoff") => Occasion::LoggedOff,
            Some(_) => return Err(ArrivalError::Malformed("state")),
            None if query.find("error")?.is_some() => Occasion::Refused,
            None => Occasion::Caught,
        };
        Ok(Arrival {
            at: redirected.at,
            device: query.device("mac")?,
            address: query.address("ip")?,
            trust: Trust::Unsigned,
            occasion,
            turn: Some(Turn { page: query.page("link-login-only")?, fields }),
            wanted: query.wanted("link-orig"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "http", None)?.join("login").ok()
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let mut url = pass.page?.clone();
        let Some(turn) = pass.turn else { return Some(Way::Ask(url)) };
        let password = pass.credential.password.expose();
        let password = match (turn.find("chap-id"), turn.find("chap-challenge")) {
            (Some(_), Some(_)) if pass.age >= CHALLENGE_LIFE => return Some(Way::Ask(url)),
            (Some(id), Some(challenge)) => {
                let (id, challenge) = (octets(id)?, octets(challenge)?);
                let digest = Md5::new()
                    .chain_update(id)
                    .chain_update(password)
                    .chain_update(challenge)
                    .finalize();
                HEXLOWER.encode(&digest)
            }
            _ => password.to_owned(),
        };
        url.query_pairs_mut()
            .append_pair("username", &pass.credential.id.user_name())
            .append_pair("password", &password)
            .append_pair("dst", pass.landing);
        Some(Way::Link(url))
    }

    fn log_off(&self, page: &Url) -> Option<Url> {
        page.join("logout").ok()
    }
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(hex.as_bytes()).ok()
}

/// Octets that each stand as a backslash and three octal digits.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let octal = |digits: &str| {
        let is_octal = digits.len() == 3 && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
        u8::from_str_radix(digits, 8).ok().filter(|_| is_octal)
    };
    let octets: Vec<u8> = text.strip_prefix('\\')?.split('\\').map(octal).collect::<Option<_>>()?;
    (octets.len() <= LONGEST_CHALLENGE).then_some(octets)
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, way_of};
    use super::*;

    const QUERY: &str = "mac=02%3A00%3A5E%3A10%3A00%3A01&ip=10.5.50.254\
        &link-login-only=http%3A%2F%2F10.5.50.1%2Flogin&link-orig=http%3A%2F%2Fexample.com%2F\
        &chap-id=%5C371&chap-challenge=%5C357%5C015%5C330&error=";

    fn read(query: &str) -> Result<Arrival, ArrivalError> {
        arrive(HandOffMethod::Mikrotik, "10.5.50.1", query)
    }

    #[test]
    fn its_login_page_tells_device_challenge_and_way_back() {
        let arrival = read(QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.address, Some([10, 5, 50, 254].into()));
        assert_eq!(arrival.occasion, Occasion::Caught);
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        let turn = arrival.turn.unwrap();
        assert_eq!(turn.page, "http://10.5.50.1/login");
        assert_eq!(turn.find("chap-id"), Some("f9"));
        assert_eq!(turn.find("chap-challenge"), Some("ef0dd8"));
    }

    #[test]
    fn an_outcome_is_told_by_error_and_state() {
        let occasion =
            |more: &str| read(&QUERY.replace("&error=", more)).map(|arrival| arrival.occasion);
        assert_eq!(occasion("&error=invalid+password"), Ok(Occasion::Refused));
        assert_eq!(occasion("&state=logoff"), Ok(Occasion::LoggedOff));
        assert_eq!(occasion("&state=odd"), Err(ArrivalError::Malformed("state")));
    }

    #[test]
    fn what_its_login_page_never_says_is_refused() {
        for (from, to, expected) in [
            ("mac=02", "mac=---&x=02", ArrivalError::Malformed("mac")),
            ("10.5.50.1%2Flogin", "evil.example%2Flogin", ArrivalError::HostNotAllowed),
            ("http%3A%2F%2F10.5.50.1%2Flogin", "", ArrivalError::Missing("link-login-only")),
            ("%2F%2F10.5", "%2F%2Fu%3Ap%4010.5", ArrivalError::Malformed("link-login-only")),
            ("%5C371", "371", ArrivalError::Malformed("chap-id")),
            ("%5C357%5C015", "%5C400", ArrivalError::Malformed("chap-challenge")),
            ("%5C357%5C015", "%5C357%5C15", ArrivalError::Malformed("chap-challenge")),
            ("%5C357%5C015", "%5C357%5C%2B15", ArrivalError::Malformed("chap-challenge")),
        ] {
            assert_eq!(read(&QUERY.replace(from, to)), Err(expected), "{to}");
        }
    }

    #[test]
    fn the_password_answers_the_challenge_if_there_is_one() {
        let turn = read(QUERY).unwrap().turn.unwrap();
        let plain = Turn { fields: Vec::new(), ..turn.clone() };
        let way = |age, turn| way_of(HandOffMethod::Mikrotik, None, age, turn);
        // printf '\371password-of-the-test\357\015\330' | md5sum
        let hashed = "http://10.5.50.1/login?username=aaaaaaaaaaaaaaaaaaaaaaaaaa\
            &password=fe55688abdd6d29fe74347a95ff9f074\
            &dst=http%3A%2F%2Fportal.example%2Fv%2Fx%2Fonline";
        assert_eq!(way(10, Some(&turn)), Some(Way::Link(hashed.parse().unwrap())));
        let Some(Way::Link(url)) = way(10_000, Some(&plain)) else { panic!("no link") };
        assert!(url.as_str().contains("&password=password-of-the-test&dst="), "{url}");
        let page = Some(Way::Ask("http://10.5.50.1/login".parse().unwrap()));
        assert_eq!(way(300, Some(&turn)), page);
    }
}
