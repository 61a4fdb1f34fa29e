//! CoovaChilli's universal access method, version 2.2, and what speaks like it.
//!
//! The redirect's last parameter `md` is the upper-case hex MD5 of the whole address up
//! to it, followed by the `uamsecret`. The way back is a GET of `/logon` at the access
//! point, with `response = MD5(0x00 || password || MD5(challenge || uamsecret))`. MD5
//! is what the protocol has; the password behind it lives for seconds and works once.

use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::{HandOff, LoginHost, Secret};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use url::Url;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, origin,
};
use crate::context::{Trust, Turn};

/// CoovaChilli forgets a challenge after ten minutes; a fresh one is fetched in good time.
const CHALLENGE_LIFE: Duration = Duration::from_secs(8 * 60);
/// Where CoovaChilli listens unless it is told otherwise.
const DEFAULT_PORT: u16 = 3_990;

pub(super) struct Uam;

impl Dialect for Uam {
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError> {
        let (query, trust) = match &hand_off.secret {
            Some(secret) => (verified(secret, redirected)?, Trust::Signed),
            None => (redirected.query, Trust::Unsigned),
        };
        let query = RedirectQuery::parse(query)?;
        let occasion = match query.require("res")? {
            "success" | "already" => Occasion::Online,
            "failed" => Occasion::Refused,
            "logoff" | "timeout" => Occasion::LoggedOff,
            "notyet" | "splash" => Occasion::Caught,
            _ => return Err(ArrivalError::Malformed("res")),
        };
        let challenge = challenge(&query)?.map(|text| ("challenge".to_owned(), text));
        let page = login_page(&query)?;
        Ok(Arrival {
            at: redirected.at,
            device: query.device("mac")?,
            address: query.address("ip")?,
            trust,
            occasion,
            turn: Some(Turn { page, fields: challenge.into_iter().collect() }),
            wanted: query.wanted("userurl"),
        })
    }

    fn login_page(&self, host: &LoginHost) -> Option<Url> {
        origin(host, "http", Some(DEFAULT_PORT))
    }

    fn way(&self, pass: &Pass<'_>) -> Option<Way> {
        let page = pass.page?;
        let challenge = pass.turn.and_then(|turn| turn.find("challenge"));
        let challenge = challenge.filter(|_| pass.age < CHALLENGE_LIFE);
        let Some(challenge) = challenge.and_then(octets) else {
            return Some(Way::Ask(page.join("prelogin").ok()?));
        };
        let mut url = page.join("logon").ok()?;
        let password = &pass.credential.password;
        url.query_pairs_mut()
            .append_pair("username", &pass.credential.id.user_name())
            .append_pair("response", &response(challenge, pass.secret, password))
            .extend_pairs(pass.wanted.map(|wanted| ("userurl", wanted)));
        Some(Way::Link(url))
    }

    fn log_off(&self, page: &Url) -> Option<Url> {
        page.join("logoff").ok()
    }
}

/// The part of the query that `md` vouches for.
fn verified<'a>(secret: &Secret, redirected: &Redirected<'a>) -> Result<&'a str, ArrivalError> {
    let (signed, md) = redirected.query.rsplit_once("&md=").ok_or(ArrivalError::Missing("md"))?;
    let md =
        HEXLOWER_PERMISSIVE.decode(md.as_bytes()).map_err(|_| ArrivalError::Malformed("md"))?;
    let path = redirected.path;
    let vouched = redirected.origins.iter().any(|origin| {
        let expected = Md5::new()
            .chain_update(format!("{origin}{path}?{signed}"))
            .chain_update(secret.expose())
            .finalize();
        bool::from(expected.as_slice().ct_eq(&md))
    });
    if vouched { Ok(signed) } else { Err(ArrivalError::BadSignature) }
}

/// The root of `uamip:uamport`.
fn login_page(query: &RedirectQuery) -> Result<String, ArrivalError> {
    let port = match query.find("uamport")? {
        Some(text) => text.parse().map_err(|_| ArrivalError::Malformed("uamport"))?,
        None => DEFAULT_PORT,
    };
    query.page_at("uamip", "http", Some(port), "")
}

/// The challenge, which has 16 octets.
fn challenge(query: &RedirectQuery) -> Result<Option<String>, ArrivalError> {
    let Some(text) = query.find("challenge")? else { return Ok(None) };
    octets(text).ok_or(ArrivalError::Malformed("challenge"))?;
    Ok(Some(text.to_owned()))
}

fn octets(hex: &str) -> Option<[u8; 16]> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?.try_into().ok()
}

fn response(challenge: [u8; 16], secret: Option<&Secret>, password: &Secret) -> String {
    let hidden = match secret {
        Some(secret) => {
            Md5::new().chain_update(challenge).chain_update(secret.expose()).finalize().to_vec()
        }
        None => challenge.to_vec(),
    };
    let digest = Md5::new()
        .chain_update([0])
        .chain_update(password.expose())
        .chain_update(hidden)
        .finalize();
    HEXLOWER.encode(&digest)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXUPPER;
    use domain::{HandOffMethod, Timestamp};

    use super::super::read_arrival;
    use super::super::tests::{nas, way_of};
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_597_200);
    const ORIGIN: &str = "http://portal.example";
    const QUERY: &str = "res=notyet&uamip=10.1.0.1&uamport=3990\
        &challenge=000102030405060708090a0b0c0d0e0f&called=02-00-5E-00-00-01\
        &mac=02-00-5E-10-00-01&ip=10.1.0.7&nasid=gate&sessionid=5c1\
        &userurl=http%3a%2f%2fexample.com%2f";

    fn signed(secret: &str, origin_and_path: &str, query: &str) -> String {
        let md = Md5::digest(format!("{origin_and_path}?{query}{secret}"));
        format!("{query}&md={}", HEXUPPER.encode(&md))
    }

    fn read(secret: Option<&str>, query: &str) -> Result<Arrival, ArrivalError> {
        let origins = ["https://portal.example".to_owned(), ORIGIN.to_owned()];
        let redirected = Redirected { origins: &origins, path: "/n/x/", query, at: NOW };
        let nas = nas(HandOffMethod::Uam, secret, "10.1.0.1:3990");
        read_arrival(&nas, &redirected)
    }

    #[test]
    fn a_signed_redirect_gives_device_and_challenge() {
        let query = signed("uam secret", "http://portal.example/n/x/", QUERY);
        let arrival = read(Some("uam secret"), &query).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.occasion, Occasion::Caught);
        assert_eq!(arrival.trust, Trust::Signed);
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        let turn = arrival.turn.unwrap();
        assert_eq!(turn.page, "http://10.1.0.1:3990/");
        assert_eq!(turn.find("challenge"), Some("000102030405060708090a0b0c0d0e0f"));
    }

    #[test]
    fn every_outcome_of_the_protocol_is_known() {
        for (res, occasion) in [
            ("notyet", Occasion::Caught),
            ("failed", Occasion::Refused),
            ("success", Occasion::Online),
            ("already", Occasion::Online),
            ("logoff", Occasion::LoggedOff),
            ("timeout", Occasion::LoggedOff),
        ] {
            let arrival = read(None, &QUERY.replace("notyet", res)).expect(res);
            assert_eq!(arrival.occasion, occasion, "{res}");
            assert_eq!(arrival.trust, Trust::Unsigned);
        }
    }

    #[test]
    fn what_is_not_signed_by_the_access_point_is_refused() {
        let good = signed("uam secret", "http://portal.example/n/x/", QUERY);
        for (query, expected) in [
            (QUERY.to_owned(), ArrivalError::Missing("md")),
            (good.replace("10-00-01", "10-00-02"), ArrivalError::BadSignature),
            (good.replace("&md=", "&mac=02-00-5E-10-00-02&md="), ArrivalError::BadSignature),
            (format!("{good}&mac=02-00-5E-10-00-02"), ArrivalError::Malformed("md")),
            (signed("other", "http://portal.example/n/x/", QUERY), ArrivalError::BadSignature),
            (signed("uam secret", "http://evil.example/n/x/", QUERY), ArrivalError::BadSignature),
            (signed("uam secret", "http://portal.example/n/y/", QUERY), ArrivalError::BadSignature),
        ] {
            assert_eq!(read(Some("uam secret"), &query), Err(expected), "{query}");
        }
    }

    #[test]
    fn a_redirect_that_cannot_be_read_is_refused() {
        for (from, to, expected) in [
            ("res=notyet", "res=popup9", ArrivalError::Malformed("res")),
            ("uamip=10.1.0.1", "uamip=10.1.0.66", ArrivalError::HostNotAllowed),
            ("uamport=3990", "uamport=80", ArrivalError::HostNotAllowed),
            ("uamport=3990", "uamport=99999", ArrivalError::Malformed("uamport")),
            ("uamip=10.1.0.1", "uamip=evil%2f%40x", ArrivalError::Malformed("uamip")),
            ("0a0b0c0d0e0f", "0a0b", ArrivalError::Malformed("challenge")),
            ("mac=02-00-5E-10-00-01", "mac=", ArrivalError::Missing("mac")),
        ] {
            assert_eq!(read(None, &QUERY.replace(from, to)), Err(expected), "{to}");
        }
    }

    #[test]
    fn the_response_is_what_coovachilli_expects() {
        // By another MD5 implementation: MD5(00 || "secret12" || MD5(00..0f || "uam secret")).
        let mut challenge = [0; 16];
        challenge.iter_mut().zip(0..).for_each(|(octet, n)| *octet = n);
        let (secret, password) = ("uam secret".parse().unwrap(), "secret12".parse().unwrap());
        assert_eq!(
            response(challenge, Some(&secret), &password),
            "16b36baa0bd22057a055080af685df65"
        );
        assert_eq!(response(challenge, None, &password), "02f7506163e792f9c1678c77a4b71b2c");
    }

    #[test]
    fn an_old_challenge_is_not_answered() {
        let turn = Turn {
            page: "http://10.1.0.1:3990/".to_owned(),
            fields: vec![("challenge".to_owned(), "01".repeat(16))],
        };
        let way = |age, turn| way_of(HandOffMethod::Uam, Some("uam secret"), age, turn);
        let Some(Way::Link(url)) = way(479, Some(&turn)) else { panic!("no link") };
        assert!(url.as_str().starts_with("http://10.1.0.1:3990/logon?username="), "{url}");
        let fresh = Some(Way::Ask("http://10.1.0.1:3990/prelogin".parse().unwrap()));
        assert_eq!(way(480, Some(&turn)), fresh);
        assert_eq!(way(0, None), fresh);
    }
}
