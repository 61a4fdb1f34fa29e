//! Fortinet FortiGate, set to send the browser to the portal after a login.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Fortinet;

impl Maker for Fortinet {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Fortinet
    }

    fn profile(&self) -> &'static str {
        "fortinet"
    }

    fn hosts(&self) -> &'static str {
        "172.16.2.1:1000"
    }

    fn welcome(&self) -> &'static str {
        // The browser comes by the portal's door, without a word from the firewall.
        "Session status"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let word = match occasion {
            Occasion::Caught => "login",
            Occasion::Refused => "fail",
        };
        format!(
            "{word}&post=http://172.16.2.1:1000/fgtauth&magic=030d0d90d699c5a8&usermac={}\
             &apmac=70:4c:a5:00:00:01&apip=172.16.2.1&userip={}&ssid=Park&apname=FGT51E\
             &bssid=00:00:00:00:00:00",
            visitor.device, visitor.address
        )
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), "http://172.16.2.1:1000/fgtauth");
        assert_eq!(brought.field("magic"), "030d0d90d699c5a8");
        let octets = brought.fields.iter().map(|(name, value)| name.len() + value.len() + 2);
        assert!(octets.sum::<usize>() - 1 <= 125, "{brought:?}");
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Pap(brought.field("password").to_owned()),
            next: "/".to_owned(),
        }
    }
}
