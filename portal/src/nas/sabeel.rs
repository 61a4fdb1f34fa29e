//! Our own gateway's redirect: `mac`, `ip`, `url`, `t` and `sig`.
//!
//! `sig` is the lower-case hex HMAC-SHA-256 of `mac \n ip \n t` under the access
//! point's redirect secret, over the values as they stand in the query once decoded;
//! `t` is Unix time in seconds and at most ten minutes old. `url` is not signed.

use std::net::IpAddr;
use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{MacAddress, Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Arrival, ArrivalError, Occasion, RedirectQuery, Redirected};
use crate::context::Trust;

const LIFE: Duration = Duration::from_secs(600);
/// How far the gateway's clock may run ahead of ours.
const AHEAD: Duration = Duration::from_secs(60);

/// Who a signed query speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignedIdentity {
    pub device: MacAddress,
    pub address: Option<IpAddr>,
    /// When the gateway signed it; by its clock, but not in the future.
    pub at: Timestamp,
}

impl SignedIdentity {
    /// Reads and verifies `mac`, `ip`, `t` and `sig`.
    pub(crate) fn read(
        secret: &Secret,
        query: &RedirectQuery,
        now: Timestamp,
    ) -> Result<Self, ArrivalError> {
        let (mac, ip) = (query.require("mac")?, query.find("ip")?.unwrap_or(""));
        let (time, signature) = (query.require("t")?, query.require("sig")?);
        let signature = HEXLOWER_PERMISSIVE
            .decode(signature.as_bytes())
            .map_err(|_| ArrivalError::Malformed("sig"))?;
        keyed(secret, mac, ip, time)
            .verify_slice(&signature)
            .map_err(|_| ArrivalError::BadSignature)?;
        let secs: i64 = time.parse().map_err(|_| ArrivalError::Malformed("t"))?;
        let signed_at = Timestamp::from_secs(secs);
        if now.since(signed_at) > LIFE || signed_at.since(now) > AHEAD {
            return Err(ArrivalError::Stale);
        }
        let (device, address) = (query.device("mac")?, query.address("ip")?);
        Ok(Self { device, address, at: signed_at.min(now) })
    }
}

/// Reads a redirect of our gateway.
pub(super) fn read(secret: &Secret, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
    let query = RedirectQuery::parse(redirected.query)?;
    let identity = SignedIdentity::read(secret, &query, redirected.at)?;
    Ok(Arrival {
        at: identity.at,
        device: identity.device,
        address: identity.address,
        trust: Trust::Signed,
        occasion: Occasion::Caught,
        turn: None,
        wanted: query.wanted("url"),
    })
}

fn keyed(secret: &Secret, mac: &str, ip: &str, time: &str) -> Hmac<Sha256> {
    let key = secret.expose().as_bytes();
    Hmac::new_from_slice(key)
        .expect("HMAC takes a key of any length")
        .chain_update(format!("{mac}\n{ip}\n{time}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_597_200);

    pub(crate) fn signed_query(secret: &str, mac: &str, ip: &str, time: i64) -> String {
        let secret: Secret = secret.parse().unwrap();
        let tag = keyed(&secret, mac, ip, &time.to_string()).finalize().into_bytes();
        let signature = data_encoding::HEXLOWER.encode(&tag);
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("mac", mac), ("ip", ip), ("url", "http://example.com/a?b=c")])
            .extend_pairs([("t", time.to_string().as_str()), ("sig", &signature)])
            .finish()
    }

    fn read(query: &str) -> Result<Arrival, ArrivalError> {
        let redirected = Redirected { origins: &[], path: "/n/x/", query, at: NOW };
        super::read(&"gate secret".parse().unwrap(), &redirected)
    }

    #[test]
    fn a_signed_redirect_names_the_device() {
        let query = signed_query("gate secret", "02-00-5E-10-00-01", "10.1.0.7", NOW.as_secs());
        let arrival = read(&query).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.address, Some([10, 1, 0, 7].into()));
        assert_eq!(arrival.trust, Trust::Signed);
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/a?b=c"));
    }

    #[test]
    fn the_signature_is_the_agreed_one() {
        // printf '02:00:5e:10:00:01\n10.1.0.7\n1795597200' | openssl dgst -sha256 -hmac 'gate secret'
        let query = "mac=02:00:5e:10:00:01&ip=10.1.0.7&t=1795597200&sig=7ed3bca69df6ff6e767bc3f19247fdf96d5343d6b8deedbd4733333cee0718f7";
        assert!(read(query).is_ok(), "{:?}", read(query));
    }

    #[test]
    fn what_is_not_signed_as_agreed_is_refused() {
        let mac = "02:00:5e:10:00:01";
        let now = NOW.as_secs();
        let good = signed_query("gate secret", mac, "10.1.0.7", now);
        for (query, expected) in [
            (String::new(), ArrivalError::Missing("mac")),
            (good.replace("00%3A01", "00%3A02"), ArrivalError::BadSignature),
            (good.replace("10.1.0.7", "10.1.0.8"), ArrivalError::BadSignature),
            (signed_query("other", mac, "10.1.0.7", now), ArrivalError::BadSignature),
            (signed_query("gate secret", mac, "", now - 601), ArrivalError::Stale),
            (signed_query("gate secret", mac, "", now + 61), ArrivalError::Stale),
            (signed_query("gate secret", "nobody", "", now), ArrivalError::Malformed("mac")),
            (signed_query("gate secret", mac, "10.1", now), ArrivalError::Malformed("ip")),
            (format!("{good}&mac={mac}"), ArrivalError::Repeated("mac")),
            (format!("mac={mac}&t={now}&sig=zz"), ArrivalError::Malformed("sig")),
            ("x".repeat(5_000), ArrivalError::TooLong),
        ] {
            assert_eq!(read(&query), Err(expected), "{query}");
        }
    }
}
