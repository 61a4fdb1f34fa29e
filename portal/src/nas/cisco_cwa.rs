//! Cisco's central web authentication: the browser carries nothing back, a CoA makes the controller
//! ask RADIUS again.
//!
//! The address is our own RADIUS server's (`radius/src/redirect.rs`), which was asked about the
//! device when it joined: `mac`, `session`, `t` and `sig`, the first half of the HMAC-SHA-256 of
//! `cwa`, `mac`, `session` and `t`, each on a line, under the secret that only RADIUS and the portal
//! have of the access point. The controller adds the wanted page as `redirect`, which is not signed.
//! It gives the same address for half an hour, and then asks RADIUS for a new one.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{HandOff, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way};
use crate::context::{Trust, Turn};

/// What the controller has for half an hour, and what may be under way then.
const LIFE: Duration = Duration::from_secs(35 * 60);
/// How far the clock of RADIUS may run ahead of ours.
const AHEAD: Duration = Duration::from_secs(60);

pub(super) struct CiscoCwa;

impl Dialect for CiscoCwa {
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let at = verified(hand_off, &query, redirected.at)?;
        let session = query.find("session")?.unwrap_or_default().to_owned();
        Ok(Arrival {
            at,
            device: query.device("mac")?,
            address: None,
            trust: Trust::Signed,
            occasion: Occasion::Caught,
            turn: Some(Turn { page: String::new(), fields: vec![("session".to_owned(), session)] }),
            wanted: query.wanted("redirect"),
        })
    }

    fn way(&self, _: &Pass<'_>) -> Option<Way> {
        Some(Way::AskAgain)
    }
}

/// When RADIUS signed the query.
fn verified(
    hand_off: &HandOff,
    query: &RedirectQuery,
    now: Timestamp,
) -> Result<Timestamp, ArrivalError> {
    let (mac, session) = (query.require("mac")?, query.find("session")?.unwrap_or_default());
    let (time, signature) = (query.require("t")?, query.require("sig")?);
    let signature = HEXLOWER_PERMISSIVE
        .decode(signature.as_bytes())
        .map_err(|_| ArrivalError::Malformed("sig"))?;
    // Without a secret nothing could be proved, and so nothing is taken.
    let key = hand_off.secret.as_ref().ok_or(ArrivalError::BadSignature)?;
    let signed = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .expect("HMAC takes a key of any length")
        .chain_update(format!("cwa\n{mac}\n{session}\n{time}"));
    if signature.len() != 16 || signed.verify_truncated_left(&signature).is_err() {
        return Err(ArrivalError::BadSignature);
    }
    let secs: i64 = time.parse().map_err(|_| ArrivalError::Malformed("t"))?;
    let at = Timestamp::from_secs(secs);
    if now.since(at) > LIFE || at.since(now) > AHEAD {
        return Err(ArrivalError::Stale);
    }
    Ok(at.min(now))
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::read_arrival;
    use super::super::tests::{NOW, nas, way_of};
    use super::*;

    /// What `radius/src/redirect/tests.rs` has for the same device, session and time:
    /// printf 'cwa\n02:00:5e:10:ab:0c\n0A0B0C0D00000042F00DCAFE\n1795597200' |
    ///   openssl dgst -sha256 -hmac 'signs redirects'
    const QUERY: &str = "mac=02:00:5e:10:ab:0c&session=0A0B0C0D00000042F00DCAFE&t=1795597200\
        &sig=2bc75feb2859396c4d31000fd2fed064";

    fn read(query: &str, at: Timestamp) -> Result<Arrival, ArrivalError> {
        let nas = nas(HandOffMethod::CiscoCwa, Some("signs redirects"), "10.1.0.1");
        read_arrival(&nas, &Redirected { origins: &[], path: "/n/x/", query, at })
    }

    #[test]
    fn what_radius_signed_names_the_device_and_its_session() {
        let query = format!("{QUERY}&redirect=http://news.example/");
        let arrival = read(&query, NOW + Duration::from_secs(60)).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:ab:0c");
        assert_eq!((arrival.at, arrival.trust), (NOW, Trust::Signed));
        assert_eq!(arrival.turn.unwrap().find("session"), Some("0A0B0C0D00000042F00DCAFE"));
        assert_eq!(arrival.wanted.as_deref(), Some("http://news.example/"));
    }

    #[test]
    fn an_address_that_radius_did_not_sign_or_that_is_old_is_refused() {
        use ArrivalError::{BadSignature, Malformed, Missing, Repeated, Stale};
        let later = |secs| NOW + Duration::from_secs(secs);
        let before = |secs| NOW - Duration::from_secs(secs);
        for (query, at, expected) in [
            ("mac=02:00:5e:10:ab:0c".to_owned(), NOW, Missing("t")),
            ("client_mac=02:00:5e:10:ab:0c&t=1&sig=00".to_owned(), NOW, Missing("mac")),
            (QUERY.replace("ab:0c", "ab:0d"), NOW, BadSignature),
            (QUERY.replace("CAFE", "BEEF"), NOW, BadSignature),
            (QUERY.replace("t=1795597200", "t=1795597300"), NOW, BadSignature),
            (QUERY.replace("fed064", "fed065"), NOW, BadSignature),
            (QUERY.replace("064", ""), NOW, Malformed("sig")),
            (QUERY.replace("5feb2859396c4d31000fd2fed064", ""), NOW, BadSignature),
            (QUERY.replace("2bc7", "zzzz"), NOW, Malformed("sig")),
            (format!("{QUERY}&mac=02:00:5e:10:ab:0c"), NOW, Repeated("mac")),
            (QUERY.to_owned(), later(2_101), Stale),
            (QUERY.to_owned(), before(61), Stale),
        ] {
            assert_eq!(read(&query, at), Err(expected), "{query}");
        }
        assert!(read(QUERY, later(2_100)).is_ok());
        let without = nas(HandOffMethod::CiscoCwa, None, "10.1.0.1");
        let redirected = Redirected { origins: &[], path: "/n/x/", query: QUERY, at: NOW };
        assert_eq!(read_arrival(&without, &redirected), Err(BadSignature));
    }

    #[test]
    fn nothing_goes_back_by_the_browser() {
        assert_eq!(way_of(HandOffMethod::CiscoCwa, None, 0, None), Some(Way::AskAgain));
    }
}
