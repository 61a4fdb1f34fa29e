//! Ruckus ZoneDirector, whose start page after a login is the portal.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Ruckus;

impl Maker for Ruckus {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Ruckus
    }

    fn profile(&self) -> &'static str {
        "ruckus"
    }

    fn hosts(&self) -> &'static str {
        "10.5.0.2"
    }

    fn log_off(&self) -> Option<&'static str> {
        Some("http://10.5.0.2:9997/logout")
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let reason = match occasion {
            Occasion::Caught => "Un-Auth-Captive",
            Occasion::Refused => "Auth-Fail",
        };
        let device = visitor.device.to_string().replace(':', "");
        format!(
            "sip=10.5.0.2&mac=c4017c000001&client_mac={device}&uip={}&lid=&dn=&ssid=Park&loc=\
             &vlan=1&url=http%3A%2F%2Fnews.example%2F&reason={reason}",
            visitor.address
        )
    }

    fn take(&self, visitor: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), "http://10.5.0.2:9997/login");
        assert_eq!(brought.field("ip"), visitor.address);
        assert!(brought.field("password").len() <= 31 && brought.field("username").len() <= 31);
        let name = brought.field("username");
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Pap(brought.field("password").to_owned()),
            next: self
                .query(visitor, Occasion::Caught)
                .replace("&reason=Un-Auth-Captive", &format!("&uid={name}")),
        }
    }
}
