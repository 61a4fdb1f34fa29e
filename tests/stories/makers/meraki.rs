//! Cisco Meraki's splash page with sign-on, in Meraki's cloud.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Meraki;

const LOGIN: &str = "https://n7.network-auth.com/splash/login?mauth=MMabcdefghijklmnopqrstuvwxyz";

impl Maker for Meraki {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Meraki
    }

    fn profile(&self) -> &'static str {
        "meraki"
    }

    fn hosts(&self) -> &'static str {
        "https://*.network-auth.com"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let message = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "Access denied for password",
        };
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("login_url", LOGIN)
            .append_pair("continue_url", "http://news.example/")
            .append_pair("ap_mac", "e0:cb:bc:00:00:01")
            .append_pair("ap_name", "pole 7")
            .append_pair("ap_tags", "park")
            .append_pair("client_mac", &visitor.device.to_string())
            .append_pair("client_ip", visitor.address)
            .append_pair("error_message", message)
            .finish()
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), LOGIN);
        let next = brought.field("success_url");
        let logout = "logout_url=https%3A%2F%2Fn7.network-auth.com%2Fsplash%2Flogout%3Fkey%3DMMab";
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Pap(brought.field("password").to_owned()),
            next: format!("{next}?{logout}"),
        }
    }
}
