//! RouterOS's HotSpot with the `login.html` that `nas onboard` prints, HTTP CHAP.

use data_encoding::HEXLOWER;
use domain::HandOffMethod;
use md5::{Digest, Md5};

use super::{Brought, Login, Maker, Occasion, Proof, Visitor};

const CHALLENGE: [u8; 16] = *b"\xef\x0d\xd8\x0b\x11\x9c\x65\xa5\xc3\xab\x62\xa6\x5b\x7d\xfd\xce";
const ID: u8 = 0xf9;

pub struct Mikrotik;

fn escaped(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("\\{octet:03o}")).collect()
}

impl Maker for Mikrotik {
    fn method(&self) -> HandOffMethod {
        HandOffMethod::Mikrotik
    }

    fn profile(&self) -> &'static str {
        "mikrotik"
    }

    fn hosts(&self) -> &'static str {
        "10.5.50.1"
    }

    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String {
        let error = match occasion {
            Occasion::Caught => "",
            Occasion::Refused => "RADIUS server is not responding",
        };
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("mac", &visitor.device.to_string().to_uppercase())
            .append_pair("ip", visitor.address)
            .append_pair("link-login-only", "http://10.5.50.1/login")
            .append_pair("link-orig", "http://news.example/")
            .append_pair("chap-id", &escaped(&[ID]))
            .append_pair("chap-challenge", &escaped(&CHALLENGE))
            .append_pair("error", error)
            .finish()
    }

    fn take(&self, _: &Visitor, brought: &Brought) -> Login {
        assert_eq!(brought.url.as_str().split('?').next(), Some("http://10.5.50.1/login"));
        let answer = HEXLOWER.decode(brought.field("password").as_bytes()).unwrap();
        assert_eq!(answer.len(), Md5::output_size());
        Login {
            user_name: brought.field("username").to_owned(),
            proof: Proof::Chap([&[ID], answer.as_slice()].concat(), CHALLENGE.to_vec()),
            next: brought.field("dst").to_owned(),
        }
    }

    fn log_off(&self) -> Option<&'static str> {
        Some("http://10.5.50.1/logout")
    }

    fn station(&self, device: domain::MacAddress) -> String {
        device.to_string().to_uppercase()
    }
}
