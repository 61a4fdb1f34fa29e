//! A Huawei access controller with an external portal by HTTP.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Huawei;

impl Maker for Huawei {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Huawei
    }

    fn profile(&self) -> &'static str {
        "huawei"
    }

    fn hosts(&self) -> &'static str {
        "http://10.5.0.1:8000"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let message = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "&errmsg=Authentication%20failed.",
        };
        let digits = visitor.device.to_string().replace(':', "");
        let device = format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..]);
        format!(
            "umac={device}&uaddress={}&ssid=Park&apmac=00e0-fc00-0001\
             &login_url=http://10.5.0.1:8000/login&redirect-url=http://news.example/{message}",
            visitor.address
        )
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), "http://10.5.0.1:8000/login");
        assert_eq!(brought.field("cmd"), "login");
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Pap(brought.field("password").to_owned()),
            next: brought.field("initurl").to_owned(),
        }
    }
}
