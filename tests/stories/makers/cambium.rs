//! Cambium cnPilot with an external hotspot.

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Cambium;

/// What only the access point understands.
const OWN: &str = "eUROBR86HBg.GDEEVgQ~GwA*4UWRU%2B.";

impl Maker for Cambium {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Cambium
    }

    fn profile(&self) -> &'static str {
        "cambium"
    }

    fn hosts(&self) -> &'static str {
        "10.5.0.1"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let error = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "&ga_error_code=reject",
        };
        let device = visitor.device.to_string().replace(':', "-").to_uppercase();
        format!(
            "ga_ssid=Park&ga_ap_mac=BC-E6-7C-00-00-01&ga_nas_id=pole-7&ga_srvr=10.5.0.1\
             &ga_cmac={device}&ga_cip={}&ga_rssi=-51&ga_Qv={OWN}\
             &ga_orig_url=http%3A%2F%2Fnews.example%2F{error}",
            visitor.address
        )
    }

    fn take(&self, visitor: &Visitor, brought: &Brought) -> Login {
        assert!(brought.posts);
        let url = brought.url.as_str();
        assert!(url.starts_with("http://10.5.0.1:880/cgi-bin/hotspot_login.cgi?"), "{url}");
        assert!(url.contains(&format!("&ga_Qv={OWN}&")), "{url}");
        let device = visitor.device.to_string().replace(':', "-").to_uppercase();
        assert!(url.contains(&format!("&ga_cmac={device}&")), "{url}");
        let mut query = brought.url.query_pairs();
        let next = query.find(|(name, _)| name == "ga_orig_url").unwrap().1.into_owned();
        Login {
            user_name: brought.field("ga_user").to_owned(),
            proof: Proof::Pap(brought.field("ga_pass").to_owned()),
            next,
        }
    }
}
