//! Ruckus SmartZone and virtual SmartZone, whose northbound portal interface our server tells to log
//! a device in; the browser carries nothing back.
//!
//! `client_mac` and `uip` are the device and its address, `proxy` whether it goes through one; they
//! go back to the controller as the redirect spelt them (Ruckus, "Hotspot WISPr Reference Guide for
//! SmartZone"). The controller encrypts the first two unless it was told `no encrypt-mac-ip`; then
//! it is asked which device that is (`crate::hidden`). `nbiIP` says where the interface is, but that is the
//! visitor's to write, so the one that the admin named is used.

use domain::HandOff;

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields,
};
use crate::context::{Trust, Turn};
use crate::hidden::MARK;

pub(super) struct SmartZone;

impl Dialect for SmartZone {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        for name in ["client_mac", "uip"] {
            if query.find(name)?.is_some_and(|value| value.starts_with(MARK)) {
                return Err(ArrivalError::Encrypted(name));
            }
        }
        let device = query.device("client_mac")?;
        let address = query.address("uip")?.ok_or(ArrivalError::Missing("uip"))?;
        let proxy: u8 = match query.find("proxy")? {
            None => 0,
            Some(text) => text.parse().map_err(|_| ArrivalError::Malformed("proxy"))?,
        };
        let place = fields([
            ("client_mac", query.require("client_mac")?),
            ("uip", &address.to_string()),
            ("proxy", &proxy.to_string()),
        ]);
        Ok(Arrival {
            at: redirected.at,
            device,
            address: Some(address),
            trust: Trust::Unsigned,
            occasion: Occasion::Caught,
            turn: Some(Turn { page: String::new(), fields: place }),
            wanted: query.wanted("url"),
        })
    }

    fn way(&self, _: &Pass<'_>) -> Option<Way> {
        Some(Way::AskAgain)
    }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, way_of};
    use super::*;

    const QUERY: &str = "nbiIP=192.168.200.211&client_mac=02:00:5E:10:00:01&domain_name=Park\
        &reason=Un-Auth-Captive&wlanName=park&dn=scg.ruckuswireless.com&ssid=Park\
        &mac=00:33:58:16:ef:20&url=http%3A%2F%2Fexample.com%2F&proxy=0&vlan=1&wlan=1\
        &sip=scg.ruckuswireless.com&zoneName=park&apip=192.168.200.32&sshTunnelStatus=1\
        &uip=10.5.0.7&StartURL=https%3A%2F%2Fexample.com";

    fn read(query: &str) -> Result<Arrival, ArrivalError> {
        arrive(HandOffMethod::SmartZone, "", query)
    }

    #[test]
    fn who_is_there_goes_back_as_the_redirect_spelt_it() {
        let arrival = read(QUERY).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
        let turn = arrival.turn.unwrap();
        let kept: Vec<_> = turn.fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(kept.join("&"), "client_mac=02:00:5E:10:00:01&uip=10.5.0.7&proxy=0");
        assert_eq!(way_of(HandOffMethod::SmartZone, None, 0, Some(&turn)), Some(Way::AskAgain));
    }

    #[test]
    fn what_is_encrypted_or_odd_is_refused() {
        for (from, to, expected) in [
            (
                "client_mac=02:00:5E:10:00:01",
                "client_mac=ENCb2579826807a6430655a4e4d78347972",
                ArrivalError::Encrypted("client_mac"),
            ),
            ("uip=10.5.0.7", "uip=ENCb2579826807a", ArrivalError::Encrypted("uip")),
            ("client_mac=02", "x=02", ArrivalError::Missing("client_mac")),
            ("uip=10.5.0.7", "uip=park", ArrivalError::Malformed("uip")),
            ("&uip=10.5.0.7", "", ArrivalError::Missing("uip")),
            ("proxy=0", "proxy=none", ArrivalError::Malformed("proxy")),
        ] {
            assert_eq!(read(&QUERY.replace(from, to)), Err(expected), "{to}");
        }
    }
}
