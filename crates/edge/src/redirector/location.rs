//! The address of the portal, with who asks: signed, since everybody can write a query.
//!
//! `sig` is the lower-case hex HMAC-SHA-256 of `mac`, `ip` and `t`, one a line, under the
//! redirect secret; `t` is Unix time in seconds.

use std::net::Ipv4Addr;

use data_encoding::HEXLOWER;
use domain::{MacAddress, Secret, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

/// What a browser may have asked for, in octets; a longer address is left out.
const LONGEST_WANTED: usize = 1_024;

/// Shows the way to the portal.
pub(crate) struct Signpost {
    entry: Url,
    secret: Secret,
}

impl Signpost {
    /// The way to `portal` for visitors of the gateway with that path segment.
    pub(crate) fn new(portal: &Url, portal_path: &str, secret: Secret) -> Self {
        let mut entry = portal.clone();
        let path = format!("{}/n/{portal_path}/", portal.path().trim_end_matches('/'));
        entry.set_path(&path);
        Self { entry, secret }
    }

    /// The portal's address for a device that wanted to go elsewhere.
    pub(super) fn location(
        &self,
        device: MacAddress,
        address: Ipv4Addr,
        wanted: Option<&str>,
        now: Timestamp,
    ) -> String {
        let (mac, ip, time) = (device.to_string(), address.to_string(), now.as_secs().to_string());
        let mut location = self.entry.clone();
        let mut query = location.query_pairs_mut();
        query.append_pair("mac", &mac).append_pair("ip", &ip);
        if let Some(wanted) = wanted.filter(|wanted| wanted.len() <= LONGEST_WANTED) {
            query.append_pair("url", wanted);
        }
        query.append_pair("t", &time).append_pair("sig", &self.sign(&mac, &ip, &time));
        drop(query);
        location.into()
    }

    fn sign(&self, mac: &str, ip: &str, time: &str) -> String {
        let mut hmac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        hmac.update(format!("{mac}\n{ip}\n{time}").as_bytes());
        HEXLOWER.encode(&hmac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(portal: &str, wanted: Option<&str>, expected: &str) {
        let secret = "gate secret".parse().unwrap();
        let signpost = Signpost::new(&portal.parse().unwrap(), "abcdefgh", secret);
        let device = MacAddress::new([2, 0, 0x5e, 0x10, 0, 1]);
        let now = Timestamp::from_secs(1_795_597_200);
        let location = signpost.location(device, Ipv4Addr::new(10, 1, 0, 7), wanted, now);
        assert_eq!(location, expected);
    }

    #[test]
    fn the_portal_learns_who_asks_and_that_the_gateway_says_so() {
        // printf '02:00:5e:10:00:01\n10.1.0.7\n1795597200' | openssl dgst -sha256 -hmac 'gate secret'
        let signed =
            "t=1795597200&sig=7ed3bca69df6ff6e767bc3f19247fdf96d5343d6b8deedbd4733333cee0718f7";
        let who = "mac=02%3A00%3A5e%3A10%3A00%3A01&ip=10.1.0.7";
        check(
            "http://192.0.2.1",
            Some("http://a.example/b?c=d&e"),
            &format!(
                "http://192.0.2.1/n/abcdefgh/?{who}&url=http%3A%2F%2Fa.example%2Fb%3Fc%3Dd%26e&{signed}"
            ),
        );
        let long = "x".repeat(LONGEST_WANTED + 1);
        check(
            "https://portal.example/wifi/",
            Some(&long),
            &format!("https://portal.example/wifi/n/abcdefgh/?{who}&{signed}"),
        );
    }
}
