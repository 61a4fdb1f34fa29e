//! TP-Link Omada with "External Portal Server": the browser carries nothing back, our server tells
//! the controller.
//!
//! The controller redirects with `clientMac`, `site`, `t`, `redirectUrl`, and for a client of an
//! access point `apMac`, `ssidName` and `radioId`, for one of a gateway `gatewayMac` and `vid`.
//! What says where the device is goes back to the controller with the admission (TP-Link, "API and
//! Code Sample for External Portal Server (Omada Controller 5.0.15 or above)"). Nothing is signed.

use domain::{HandOff, MacAddress};

use super::{
    Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way, fields,
};
use crate::context::{Trust, Turn};

/// No network or site has a longer name.
const LONGEST_NAME: usize = 128;

pub(super) struct OmadaApi;

impl Dialect for OmadaApi {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        let site = name(&query, "site")?;
        let place = match query.find("gatewayMac")? {
            None => fields([
                ("apMac", &point(&query, "apMac")?),
                ("ssidName", &name(&query, "ssidName")?),
                ("radioId", &number(&query, "radioId")?),
                ("site", &site),
            ]),
            Some(_) => fields([
                ("gatewayMac", &point(&query, "gatewayMac")?),
                ("vid", &number(&query, "vid")?),
                ("site", &site),
            ]),
        };
        Ok(Arrival {
            at: redirected.at,
            device: query.device("clientMac")?,
            address: None,
            trust: Trust::Unsigned,
            occasion: Occasion::Caught,
            turn: Some(Turn { page: String::new(), fields: place }),
            wanted: query.wanted("redirectUrl"),
        })
    }

    fn way(&self, _: &Pass<'_>) -> Option<Way> {
        Some(Way::AskAgain)
    }
}

/// An access point or gateway, as the controller spells it.
fn point(query: &RedirectQuery, name: &'static str) -> Result<String, ArrivalError> {
    let point: MacAddress = query.device(name)?;
    Ok(point.to_string().replace(':', "-").to_uppercase())
}

fn number(query: &RedirectQuery, name: &'static str) -> Result<String, ArrivalError> {
    let number: u16 = query.require(name)?.parse().map_err(|_| ArrivalError::Malformed(name))?;
    Ok(number.to_string())
}

fn name(query: &RedirectQuery, name: &'static str) -> Result<String, ArrivalError> {
    let text = query.require(name)?;
    let is_one = text.len() <= LONGEST_NAME && !text.chars().any(char::is_control);
    if is_one { Ok(text.to_owned()) } else { Err(ArrivalError::Malformed(name)) }
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{arrive, way_of};
    use super::*;

    const OF_POINT: &str = "clientMac=02-00-5E-10-00-01&clientIp=10.5.0.7\
        &apMac=B8-FB-B3-00-00-01&ssidName=Park+%D9%85&t=1795597200000&radioId=1\
        &site=Default&redirectUrl=http%3A%2F%2Fexample.com%2F";
    const OF_GATEWAY: &str = "clientMac=02-00-5E-10-00-01&gatewayMac=b8:fb:b3:00:00:09&vid=20\
        &t=1795597200000&site=6aa3913c3ee1605f71ac35a1&redirectUrl=http%3A%2F%2Fexample.com%2F";

    fn read(query: &str) -> Result<Arrival, ArrivalError> {
        arrive(HandOffMethod::OmadaApi, "", query)
    }

    #[test]
    fn where_the_device_is_is_kept_for_the_controller() {
        for (query, expected) in [
            (OF_POINT, "apMac=B8-FB-B3-00-00-01&ssidName=Park م&radioId=1&site=Default"),
            (OF_GATEWAY, "gatewayMac=B8-FB-B3-00-00-09&vid=20&site=6aa3913c3ee1605f71ac35a1"),
        ] {
            let arrival = read(query).unwrap();
            assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
            assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/"));
            assert_eq!(arrival.trust, Trust::Unsigned);
            let turn = arrival.turn.unwrap();
            let kept: Vec<_> = turn.fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
            assert_eq!(kept.join("&"), expected);
            assert_eq!(way_of(HandOffMethod::OmadaApi, None, 0, Some(&turn)), Some(Way::AskAgain));
        }
    }

    #[test]
    fn what_the_controller_never_says_is_refused() {
        for (from, to, expected) in [
            ("clientMac=02", "x=02", ArrivalError::Missing("clientMac")),
            ("apMac=B8", "x=B8", ArrivalError::Missing("apMac")),
            ("apMac=B8", "apMac=park-B8", ArrivalError::Malformed("apMac")),
            ("radioId=1", "radioId=one", ArrivalError::Malformed("radioId")),
            ("site=Default", "site=a%0Ab", ArrivalError::Malformed("site")),
            ("site=Default", "site=a&site=b", ArrivalError::Repeated("site")),
        ] {
            assert_eq!(read(&OF_POINT.replace(from, to)), Err(expected), "{to}");
        }
        let long = OF_POINT.replace("Park", &"x".repeat(LONGEST_NAME));
        assert_eq!(read(&long), Err(ArrivalError::Malformed("ssidName")));
        let without = OF_GATEWAY.replace("&vid=20", "");
        assert_eq!(read(&without), Err(ArrivalError::Missing("vid")));
    }
}
