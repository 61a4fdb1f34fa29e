//! UniFi's external portal: the browser carries nothing back, our server tells the controller.
//!
//! Its access points redirect to `/guest/s/<site>/` with `id`, the device, `ap`, `t`, `url` and
//! `ssid`. Nothing of it is signed, and the time is the visitor's to choose, so it proves nothing.

use domain::HandOff;

use super::{Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way};
use crate::context::Trust;

pub(super) struct Unifi;

impl Dialect for Unifi {
    fn read(&self, _: &HandOff, redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        Ok(Arrival {
            at: redirected.at,
            device: query.device("id")?,
            address: None,
            trust: Trust::Unsigned,
            occasion: Occasion::Caught,
            turn: None,
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

    #[test]
    fn its_redirect_names_the_device_and_the_wanted_page() {
        let query = "ap=74:83:c2:00:00:01&id=02:00:5E:10:00:01&t=1795597200\
            &url=http://example.com%2fnews&ssid=Park";
        let arrival = arrive(HandOffMethod::UnifiApi, "", query).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        assert_eq!(arrival.wanted.as_deref(), Some("http://example.com/news"));
        assert_eq!((arrival.trust, arrival.turn), (Trust::Unsigned, None));
        assert_eq!(way_of(HandOffMethod::UnifiApi, None, 0, None), Some(Way::AskAgain));
    }

    #[test]
    fn a_query_that_names_no_one_device_is_refused() {
        for (query, expected) in [
            ("ap=74:83:c2:00:00:01&t=1", ArrivalError::Missing("id")),
            ("id=02:00:5e:10:00:01&id=02:00:5e:10:00:02", ArrivalError::Repeated("id")),
            ("id=park", ArrivalError::Malformed("id")),
            ("ec=c2VjcmV0", ArrivalError::Missing("id")),
        ] {
            assert_eq!(arrive(HandOffMethod::UnifiApi, "", query), Err(expected), "{query}");
        }
    }
}
