//! Aruba: a controller, an Instant cluster, and Instant On.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Controller;
pub struct InstantOn;

fn message(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Caught => "",
        Occasion::Refused => "&errmsg=Authentication%20failed",
    }
}

fn login(brought: &Brought) -> Login {
    assert!(brought.posts);
    assert_eq!(brought.field("cmd"), "authenticate");
    Login {
        user_name: brought.field("user").to_owned(),
        proof: Proof::Pap(brought.field("password").to_owned()),
        next: brought.field("url").to_owned(),
    }
}

impl Maker for Controller {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Aruba
    }

    fn profile(&self) -> &'static str {
        "aruba"
    }

    fn hosts(&self) -> &'static str {
        "securelogin.example"
    }

    fn log_off(&self) -> Option<&'static str> {
        Some("https://securelogin.example/cgi-bin/login?cmd=logout")
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        format!(
            "cmd=login&mac={}&essid=Park&ip={}&apname=pole-7&apmac=00:1a:1e:00:00:01\
             &switchip=securelogin.example&url=http%3A%2F%2Fnews.example%2F{}",
            visitor.device,
            visitor.address,
            message(occasion)
        )
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert_eq!(brought.url.as_str(), "https://securelogin.example/cgi-bin/login");
        login(brought)
    }

    fn station(&self, device: domain::MacAddress) -> String {
        device.to_string().replace(':', "")
    }
}

impl Maker for InstantOn {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::ArubaInstantOn
    }

    fn profile(&self) -> &'static str {
        "aruba"
    }

    fn hosts(&self) -> &'static str {
        "https://*.arubainstanton.example"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        format!(
            "cmd=login&mac={}&network=Park&ip={}&apmac=00:1a:1e:00:00:01&site=park\
             &post=guest.arubainstanton.example&url=http%3A%2F%2Fnews.example%2F{}",
            visitor.device,
            visitor.address,
            message(occasion)
        )
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert_eq!(brought.url.as_str(), "https://guest.arubainstanton.example/swarm.cgi");
        login(brought)
    }
}
