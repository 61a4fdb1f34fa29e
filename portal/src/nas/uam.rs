//! CoovaChilli's universal access method, version 2.2, and what speaks like it.
//!
//! The redirect's last parameter `md` is the upper-case hex MD5 of the whole address up
//! to it, followed by the `uamsecret`. The way back is a GET of `/logon` at the access
//! point, with `response = MD5(0x00 || password || MD5(challenge || uamsecret))`. MD5
//! is what the protocol has; the password behind it lives for seconds and works once.

use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::{Credential, Secret, Timestamp};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::{Arrival, ArrivalError, Occasion, RedirectQuery, Redirected};
use crate::context::{Trust, UamTurn};

/// CoovaChilli forgets a challenge after ten minutes; a fresh one is fetched in good time.
const CHALLENGE_LIFE: Duration = Duration::from_secs(8 * 60);
/// Where CoovaChilli listens unless it is told otherwise.
const DEFAULT_PORT: u16 = 3_990;

/// Reads a redirect of a UAM access point whose login page may be at `hosts`.
pub(super) fn read(
    secret: Option<&Secret>,
    hosts: &[String],
    redirected: &Redirected<'_>,
) -> Result<Arrival, ArrivalError> {
    let (query, trust) = match secret {
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
    let host = login_host(&query)?;
    if !is_allowed(hosts, &host) {
        return Err(ArrivalError::HostNotAllowed);
    }
    let uam = UamTurn { host, challenge: challenge(&query)?, arrived_at: redirected.at };
    Ok(Arrival {
        at: redirected.at,
        device: query.device("mac")?,
        address: query.address("ip")?,
        trust,
        occasion,
        uam: Some(uam),
        wanted: query.wanted("userurl"),
    })
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

/// `uamip:uamport`, if it is a host name or an IPv4 address and a port.
fn login_host(query: &RedirectQuery) -> Result<String, ArrivalError> {
    let host = query.require("uamip")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    if host.len() > 100 || !host.bytes().all(plain) {
        return Err(ArrivalError::Malformed("uamip"));
    }
    let port = match query.find("uamport")? {
        Some(text) => text.parse().map_err(|_| ArrivalError::Malformed("uamport"))?,
        None => DEFAULT_PORT,
    };
    Ok(format!("{}:{port}", host.to_ascii_lowercase()))
}

fn challenge(query: &RedirectQuery) -> Result<Option<[u8; 16]>, ArrivalError> {
    let Some(text) = query.find("challenge")? else { return Ok(None) };
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let challenge = bytes.and_then(|bytes| bytes.try_into().ok());
    challenge.map(Some).ok_or(ArrivalError::Malformed("challenge"))
}

/// Whether the access point's settings name `host`; one without a port stands for all its ports.
pub(crate) fn is_allowed(hosts: &[String], host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    hosts.iter().any(|known| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(name))
}

/// The login page of an access point that has not redirected the browser itself.
pub(crate) fn default_host(hosts: &[String]) -> Option<String> {
    let host = hosts.first()?;
    Some(if host.contains(':') { host.clone() } else { format!("{host}:{DEFAULT_PORT}") })
}

impl UamTurn {
    /// The challenge, while the access point still knows it.
    pub(crate) fn fresh_challenge(&self, now: Timestamp) -> Option<[u8; 16]> {
        self.challenge.filter(|_| now.since(self.arrived_at) < CHALLENGE_LIFE)
    }
}

/// Where the browser goes to log in with one-time credentials.
pub(crate) fn logon_url(
    host: &str,
    challenge: [u8; 16],
    secret: Option<&Secret>,
    credential: &Credential,
    wanted: Option<&str>,
) -> String {
    let response = response(challenge, secret, &credential.password);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("username", &credential.id.user_name());
    query.append_pair("response", &response);
    if let Some(wanted) = wanted {
        query.append_pair("userurl", wanted);
    }
    format!("http://{host}/logon?{}", query.finish())
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
pub(crate) mod tests {
    use data_encoding::HEXUPPER;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_597_200);
    const ORIGIN: &str = "http://portal.example";
    const QUERY: &str = "res=notyet&uamip=10.1.0.1&uamport=3990\
        &challenge=000102030405060708090a0b0c0d0e0f&called=02-00-5E-00-00-01\
        &mac=02-00-5E-10-00-01&ip=10.1.0.7&nasid=gate&sessionid=5c1\
        &userurl=http%3a%2f%2fexample.com%2f";

    pub(crate) fn signed(secret: &str, origin_and_path: &str, query: &str) -> String {
        let md = Md5::digest(format!("{origin_and_path}?{query}{secret}"));
        format!("{query}&md={}", HEXUPPER.encode(&md))
    }

    fn read(secret: Option<&str>, query: &str) -> Result<Arrival, ArrivalError> {
        let origins = ["https://portal.example".to_owned(), ORIGIN.to_owned()];
        let redirected = Redirected { origins: &origins, path: "/n/x/", query, at: NOW };
        let secret: Option<Secret> = secret.map(|secret| secret.parse().unwrap());
        super::read(secret.as_ref(), &["10.1.0.1:3990".to_owned()], &redirected)
    }

    #[test]
    fn a_signed_redirect_gives_device_and_challenge() {
        let query = signed("uam secret", "http://portal.example/n/x/", QUERY);
        let arrival = read(Some("uam secret"), &query).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.occasion, Occasion::Caught);
        assert_eq!(arrival.trust, Trust::Signed);
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        let uam = arrival.uam.unwrap();
        assert_eq!(uam.host, "10.1.0.1:3990");
        assert_eq!(uam.challenge.map(|c| c[15]), Some(15));
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
    fn a_host_without_a_port_stands_for_all_its_ports() {
        for (known, host, allowed) in [
            ("10.1.0.1", "10.1.0.1:3990", true),
            ("10.1.0.1:3990", "10.1.0.1:3990", true),
            ("10.1.0.1:3990", "10.1.0.1:80", false),
            ("10.1.0.1", "10.1.0.11:3990", false),
            ("Gate.example", "gate.example:3990", true),
        ] {
            assert_eq!(is_allowed(&[known.to_owned()], host), allowed, "{known} {host}");
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
        let turn = UamTurn { host: String::new(), challenge: Some([1; 16]), arrived_at: NOW };
        assert!(turn.fresh_challenge(NOW + Duration::from_secs(479)).is_some());
        assert!(turn.fresh_challenge(NOW + Duration::from_secs(480)).is_none());
    }
}
