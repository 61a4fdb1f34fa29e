//! pfSense with the portal page that `nas onboard` prints.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Pfsense;

impl Maker for Pfsense {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Pfsense
    }

    fn profile(&self) -> &'static str {
        "pfsense"
    }

    fn hosts(&self) -> &'static str {
        "10.5.0.1"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let message = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "Invalid credentials specified.",
        };
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("mac", &visitor.device.to_string())
            .append_pair("ip", visitor.address)
            .append_pair("zone", "park")
            .append_pair("action", "http://10.5.0.1:8002/index.php?zone=park")
            .append_pair("redirurl", "http://news.example/")
            .append_pair("message", message)
            .finish()
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), "http://10.5.0.1:8002/index.php?zone=park");
        assert_eq!(brought.field("zone"), "park");
        assert!(!brought.field("accept").is_empty());
        Login {
            user_name: brought.field("auth_user").to_owned(),
            proof: Proof::Pap(brought.field("auth_pass").to_owned()),
            next: brought.field("redirurl").to_owned(),
        }
    }
}
