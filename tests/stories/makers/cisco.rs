//! A Catalyst 9800 with external web authentication.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Cisco;

impl Maker for Cisco {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Cisco
    }

    fn profile(&self) -> &'static str {
        "cisco"
    }

    fn hosts(&self) -> &'static str {
        "https://192.0.2.1"
    }

    fn log_off(&self) -> Option<&'static str> {
        Some("https://192.0.2.1/logout.html")
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let status = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "&statusCode=5",
        };
        format!(
            "switch_url=https://192.0.2.1/login.html&ap_mac=00:2a:10:00:00:01&client_mac={}\
             &ssid=Park&redirect=http://news.example/{status}",
            visitor.device
        )
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), "https://192.0.2.1/login.html");
        assert_eq!((brought.field("buttonClicked"), brought.field("err_flag")), ("4", "0"));
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Pap(brought.field("password").to_owned()),
            next: brought.field("redirect_url").to_owned(),
        }
    }
}
