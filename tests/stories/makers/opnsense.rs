//! OPNsense with the zone page that `nas onboard` prints, whose script reads what stands behind `#`.

use std::collections::HashMap;

use domain::HandOffMethod;

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

pub struct Opnsense;

impl Maker for Opnsense {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Opnsense
    }

    fn profile(&self) -> &'static str {
        "opnsense"
    }

    fn hosts(&self) -> &'static str {
        "10.5.0.1:8000"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let state = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "&state=failed",
        };
        format!(
            "mac={}&ip={}&page=http://10.5.0.1:8000/index.html&redirurl=http://news.example/{state}",
            visitor.device, visitor.address
        )
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert!(!brought.posts && brought.fields.is_empty(), "nothing for a server to see");
        let page = brought.url.as_str().split('#').next();
        assert_eq!(page, Some("http://10.5.0.1:8000/index.html"));
        let login: HashMap<_, _> =
            url::form_urlencoded::parse(brought.url.fragment().unwrap().as_bytes())
                .into_owned()
                .collect();
        Login {
            user_name: login["user"].clone(),
            proof: Proof::Pap(login["password"].clone()),
            next: login["next"].clone(),
        }
    }
}
