//! A TP-Link Omada controller with an external RADIUS server.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Omada;

impl Maker for Omada {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Omada
    }

    fn profile(&self) -> &'static str {
        "omada"
    }

    fn hosts(&self) -> &'static str {
        "10.5.0.2:8843"
    }

    fn tells_of_a_refusal(&self) -> bool {
        false
    }

    fn query(&self, visitor: &Visitor, _: Occasion) -> String {
        // The controller does not say that a login failed; the browser is caught again.
        let device = self.station(visitor.device);
        format!(
            "target=10.5.0.2&targetPort=8843&clientMac={device}&clientIp={}\
             &raidusServerIp=192.0.2.10&apMac=B8-FB-B3-00-00-01&gatewayMac=&scheme=https\
             &ssidName=Park%20Visitors&vid=&radioId=1&originUrl=http%3A%2F%2Fnews.example%2F",
            visitor.address
        )
    }

    fn take(&self, visitor: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        assert_eq!(brought.url.as_str(), "https://10.5.0.2:8843/portal/radius/browserauth");
        for (name, value) in [
            ("authType", "2"),
            ("clientMac", self.station(visitor.device).as_str()),
            ("clientIp", visitor.address),
            ("apMac", "B8-FB-B3-00-00-01"),
            ("ssidName", "Park Visitors"),
            ("radioId", "1"),
        ] {
            assert_eq!(brought.field(name), value, "{name}");
        }
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Pap(brought.field("password").to_owned()),
            next: brought.field("originUrl").to_owned(),
        }
    }
}
