//! Any access point that asks by hardware address and redirects with a plain query.
//!
//! The device stands in `mac` or `client_mac`, its address in `ip` or `client_ip`, the
//! wanted page in `url` or `redirect`. Nothing of it is signed.

use super::{Arrival, ArrivalError, Occasion, RedirectQuery, Redirected};
use crate::context::Trust;

/// Reads a redirect whose query is a mere claim.
pub(super) fn read(redirected: &Redirected<'_>) -> Result<Arrival, ArrivalError> {
    let query = RedirectQuery::parse(redirected.query)?;
    let device = match query.find("client_mac")? {
        Some(_) if query.find("mac")?.is_some() => return Err(ArrivalError::Repeated("mac")),
        Some(_) => query.device("client_mac")?,
        None => query.device("mac")?,
    };
    let address = query.address("ip")?.or(query.address("client_ip")?);
    Ok(Arrival {
        at: redirected.at,
        device,
        address,
        trust: Trust::Unsigned,
        occasion: Occasion::Caught,
        turn: None,
        wanted: query.wanted("url").or_else(|| query.wanted("redirect")),
    })
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn read(query: &str) -> Result<Arrival, ArrivalError> {
        let at = Timestamp::from_secs(1_795_597_200);
        super::read(&Redirected { origins: &[], path: "/n/x/", query, at })
    }

    #[test]
    fn makers_names_for_the_device_are_known() {
        for query in [
            "mac=02:00:5e:10:00:01&ip=10.1.0.7",
            "client_mac=0200.5e10.0001&client_ip=10.1.0.7&redirect=x",
            "ap_mac=02:00:5e:10:00:ff&client_mac=02-00-5e-10-00-01&ip=10.1.0.7",
        ] {
            let arrival = read(query).expect(query);
            assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01", "{query}");
            assert_eq!(arrival.address, Some([10, 1, 0, 7].into()), "{query}");
            assert_eq!(arrival.trust, Trust::Unsigned);
        }
    }

    #[test]
    fn a_query_that_leaves_a_doubt_is_refused() {
        for (query, expected) in [
            ("", ArrivalError::Missing("mac")),
            ("mac=ff:ff:ff:ff:ff:ff", ArrivalError::Malformed("mac")),
            ("mac=02:00:5e:10:00:01&client_mac=02:00:5e:10:00:02", ArrivalError::Repeated("mac")),
            ("mac=02:00:5e:10:00:01&mac=02:00:5e:10:00:02", ArrivalError::Repeated("mac")),
            ("mac=02:00:5e:10:00:01&ip=%00", ArrivalError::Malformed("ip")),
        ] {
            assert_eq!(read(query), Err(expected), "{query}");
        }
    }

    #[test]
    fn only_a_web_page_counts_as_wanted() {
        for (url, wanted) in [
            ("http://example.com", Some("http://example.com/")),
            ("javascript:alert(1)", None),
            ("http://user:secret@example.com/", None),
            ("//example.com", None),
        ] {
            let arrival = read(&format!("mac=02:00:5e:10:00:01&url={url}")).unwrap();
            assert_eq!(arrival.wanted.as_deref(), wanted, "{url}");
        }
    }
}
