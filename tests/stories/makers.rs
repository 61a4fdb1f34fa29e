//! Every maker's login page, played by a simulator that knows only its maker's documents: it
//! redirects as the maker does, takes what the browser brings back, and asks RADIUS in its way.

mod aruba;
mod cambium;
mod cisco;
mod cisco_cwa;
mod fortinet;
mod huawei;
mod meraki;
mod mikrotik;
mod omada;
mod opnsense;
mod pfsense;
mod ruckus;

use std::net::Ipv4Addr;

use domain::{HandOffMethod, MacAddress, SendRule};
use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::{Code, Packet, PacketBuilder, attribute};
use url::Url;

use crate::access_point::AccessPoint;
use crate::browser::{Answer, Browser};
use crate::city::{City, eventually};
use crate::sms_gateway::SmsGateway;
use crate::visit::found_a_park;

/// One maker's access point with a login page of its own.
pub trait Maker {
    /// How the admin adds it.
    fn method(&self) -> HandOffMethod;
    fn profile(&self) -> &'static str;
    fn hosts(&self) -> &'static str;

    /// The query of the redirect to the portal.
    fn query(&self, visitor: &Visitor, occasion: Occasion) -> String;

    /// Takes what a browser brings, and panics where the maker's login page would not understand.
    fn take(&self, visitor: &Visitor, brought: &Brought) -> Login;

    /// Where it takes the wish to log off, if its login page does.
    fn log_off(&self) -> Option<&'static str> {
        None
    }

    /// The title of the page that the browser comes to afterwards.
    fn welcome(&self) -> &'static str {
        "You are online"
    }

    /// Whether its redirect says that a login was refused.
    fn tells_of_a_refusal(&self) -> bool {
        true
    }

    /// How it spells a device in RADIUS.
    fn station(&self, device: MacAddress) -> String {
        device.to_string().replace(':', "-").to_uppercase()
    }
}

const MAKERS: [&dyn Maker; 12] = [
    &mikrotik::Mikrotik,
    &cisco::Cisco,
    &aruba::Controller,
    &aruba::InstantOn,
    &ruckus::Ruckus,
    &meraki::Meraki,
    &cambium::Cambium,
    &huawei::Huawei,
    &fortinet::Fortinet,
    &omada::Omada,
    &pfsense::Pfsense,
    &opnsense::Opnsense,
];

/// Who visits.
pub struct Visitor {
    pub device: MacAddress,
    pub address: &'static str,
    pub phone: String,
}

/// Why the browser is sent to the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    Caught,
    Refused,
}

/// What a browser comes to the login page with.
#[derive(Debug)]
pub struct Brought {
    /// Whether it posts a form.
    pub posts: bool,
    pub url: Url,
    /// What stands in the form, or else in the query.
    pub fields: Vec<(String, String)>,
}

/// What the login page makes of it.
pub struct Login {
    pub user_name: String,
    pub proof: Proof,
    /// Where it sends the browser once the login was accepted.
    pub next: String,
}

pub enum Proof {
    Pap(String),
    /// CHAP-Password, and CHAP-Challenge.
    Chap(Vec<u8>, Vec<u8>),
}

impl Brought {
    /// The value of that name, which stands there once.
    pub fn field(&self, name: &str) -> &str {
        let values: Vec<_> = self.fields.iter().filter(|(known, _)| known == name).collect();
        assert_eq!(values.len(), 1, "{name} in {self:?}");
        &values[0].1
    }

    /// A link that the portal sent the browser to, or the form on its page.
    fn by(answer: &Answer) -> Self {
        if answer.status == 303 {
            let url: Url = answer.location().parse().unwrap();
            let fields = url.query_pairs().into_owned().collect();
            return Self { posts: false, url, fields };
        }
        let url = answer.between("<form method=\"post\" action=\"", "\"");
        let inputs = answer.body.split("<input type=\"hidden\" ").skip(1).map(|input| {
            let (name, rest) = input.strip_prefix("name=\"").unwrap().split_once('"').unwrap();
            let value = rest.strip_prefix(" value=\"").unwrap().split_once('"').unwrap().0;
            (unescaped(name), unescaped(value))
        });
        Self { posts: true, url: unescaped(&url).parse().unwrap(), fields: inputs.collect() }
    }
}

/// The text that an attribute of HTML stands for.
fn unescaped(html: &str) -> String {
    html.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
}

/// A maker's access point in the city.
struct Installed<'a> {
    maker: &'a dyn Maker,
    nas: AccessPoint,
    visitor: Visitor,
}

impl<'a> Installed<'a> {
    async fn open(city: &City, number: usize, maker: &'a dyn Maker) -> Self {
        let name = maker.method().as_str();
        let more = ["--profile", maker.profile(), "--hand-off", name];
        let more = [&more[..], &["--login-hosts", maker.hosts(), "--identifier", name]].concat();
        let nas = AccessPoint::install(city, name, &more).await;
        let last = u8::try_from(number).unwrap();
        let visitor = Visitor {
            device: MacAddress::new([2, 0, 0x5e, 0x20, 0, last]),
            address: "10.5.0.7",
            phone: format!("0551234{number:03}"),
        };
        Self { maker, nas, visitor }
    }

    /// Asks about the device when it comes, as makers do that let remembered ones in at once.
    async fn meet(&mut self) {
        if self.maker.method().usual_sends() == SendRule::Claimed {
            return;
        }
        let station = self.maker.station(self.visitor.device);
        let proof = Proof::Pap(station.clone());
        let stranger = Login { user_name: station, proof, next: String::new() };
        let answer = self.ask(self.visitor.device, &stranger).await;
        assert_eq!(code_of(&answer), Code::AccessReject, "{station}", station = stranger.user_name);
    }

    /// Where the portal is met by who is redirected.
    fn redirect(&self, occasion: Occasion) -> String {
        self.path(&self.maker.query(&self.visitor, occasion))
    }

    /// The same with that query.
    fn path(&self, query: &str) -> String {
        let path = self.nas.added["access_point"]["portal_path"].as_str().unwrap();
        format!("/n/{path}/?{query}")
    }

    async fn ask(&mut self, device: MacAddress, login: &Login) -> Vec<u8> {
        let secret = self.nas.secret.clone();
        let station = self.maker.station(device);
        let name = self.maker.method().as_str();
        let write = |request: &mut PacketBuilder| {
            request
                .text(attribute::USER_NAME, &login.user_name)
                .text(attribute::NAS_IDENTIFIER, name)
                .text(attribute::CALLING_STATION_ID, &station)
                .u32(attribute::SERVICE_TYPE, ServiceType::Login);
            match &login.proof {
                Proof::Pap(password) => {
                    request.user_password(password.as_bytes(), &secret);
                }
                Proof::Chap(answer, challenge) => {
                    request
                        .octets(attribute::CHAP_PASSWORD, answer)
                        .octets(attribute::CHAP_CHALLENGE, challenge);
                }
            }
        };
        self.nas.ask(write).await
    }

    async fn begin(&mut self, browser: &Browser, login: &Login, class: &[u8]) {
        let name = self.maker.method().as_str();
        let device = self.maker.station(self.visitor.device);
        let mut request = PacketBuilder::accounting_request();
        request
            .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
            .text(attribute::ACCT_SESSION_ID, &format!("{name}-1"))
            .text(attribute::NAS_IDENTIFIER, name)
            .text(attribute::CALLING_STATION_ID, &device)
            .text(attribute::USER_NAME, &login.user_name)
            .octets(attribute::CLASS, class)
            // The browser's own, which may therefore end the stay.
            .ipv4(attribute::FRAMED_IP_ADDRESS, browser.source)
            .u32(attribute::ACCT_SESSION_TIME, 0_u32);
        let answer = self.nas.account(request).await;
        assert_eq!(Packet::parse(&answer).unwrap().code(), Code::AccountingResponse);
    }
}

/// A city whose visitors may press a button as often as it takes.
async fn patient_park() -> (City, SmsGateway) {
    let messages = SmsGateway::open().await;
    let mut settings = messages.settings().to_vec();
    settings.push("portal.limits.posts-per-device = 1000000".to_owned());
    settings.push("portal.limits.posts-per-second = 1000000".to_owned());
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    let city = City::begin(&settings).await;
    found_a_park(&city).await;
    (city, messages)
}

/// From the redirect to what the portal sends the browser to the login page with.
async fn sign_in(browser: &Browser, at: &mut Installed<'_>, messages: &mut SmsGateway) -> Answer {
    at.meet().await;
    let page = browser.visit(&at.redirect(Occasion::Caught)).await;
    let phone = at.visitor.phone.as_str();
    let form = [("phone", phone), ("terms", "yes")];
    // What RADIUS was asked is written down beside its answer.
    let sent = eventually("device that is known to be there", async || {
        let sent = browser.submit(&page, "phone", &form).await;
        (sent.status == 303).then_some(sent)
    })
    .await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    let code = messages.next().await.code();
    browser.submit(&page, "code", &[("code", &code)]).await
}

#[test]
fn every_way_to_hand_off_has_its_story() {
    for method in HandOffMethod::ALL {
        // The stories of our gateway and openNDS are in the park; CoovaChilli, the controllers of
        // UniFi, Omada and SmartZone, Meraki's click-through, and Cisco without a login page
        // (`cisco_cwa`) have their own.
        let elsewhere = matches!(
            method,
            HandOffMethod::MacAuthentication
                | HandOffMethod::Uam
                | HandOffMethod::UnifiApi
                | HandOffMethod::Opennds
                | HandOffMethod::OmadaApi
                | HandOffMethod::SmartZone
                | HandOffMethod::MerakiClickThrough
                | HandOffMethod::CiscoCwa
        );
        let is_told = MAKERS.iter().any(|maker| maker.method() == method);
        assert!(is_told || elsewhere, "{method:?}");
    }
}

#[tokio::test]
async fn every_makers_login_page_takes_the_login_and_opens_the_way() {
    let (city, mut messages) = patient_park().await;
    for (number, maker) in MAKERS.into_iter().enumerate() {
        let name = maker.method().as_str();
        let mut at = Installed::open(&city, number, maker).await;
        // Each device has an address of its own, by which the portal's door knows it.
        let source = Ipv4Addr::new(127, 5, 0, u8::try_from(number + 1).unwrap());
        let browser = Browser { source, ..Browser::new(city.portal()) };
        let brought = Brought::by(&sign_in(&browser, &mut at, &mut messages).await);
        let login = maker.take(&at.visitor, &brought);

        // Nobody else's device comes in by it, and it works once.
        let stranger = MacAddress::new([2, 0, 0x5e, 0xff, 0, 1]);
        assert_eq!(code_of(&at.ask(stranger, &login).await), Code::AccessReject, "{name}");
        let answer = at.ask(at.visitor.device, &login).await;
        let accept = Packet::parse(&answer).unwrap();
        assert_eq!(accept.code(), Code::AccessAccept, "{name}");
        assert!(accept.u32(attribute::SESSION_TIMEOUT).unwrap() <= 7_200, "{name}");
        let class = accept.octets_of(attribute::CLASS).unwrap().to_vec();
        at.begin(&browser, &login, &class).await;
        let device = at.visitor.device;
        assert_eq!(code_of(&at.ask(device, &login).await), Code::AccessReject, "{name}");

        city.settled().await;
        let next = if login.next.contains('/') { login.next.clone() } else { at.path(&login.next) };
        let page = browser.visit(&next).await;
        assert_eq!(page.title(), maker.welcome(), "{name}");
        let ended = browser.submit(&page, "end", &[]).await.location();
        match maker.log_off() {
            Some(place) => assert_eq!(ended, place, "{name}"),
            None => assert!(ended.ends_with("/bye"), "{name}: {ended}"),
        }
    }
}

#[tokio::test]
async fn a_login_that_a_maker_refused_can_be_tried_again_and_leads_nowhere_else() {
    let (city, mut messages) = patient_park().await;
    let browser = Browser::new(city.portal());
    for (number, maker) in MAKERS.into_iter().enumerate() {
        let name = maker.method().as_str();
        let mut at = Installed::open(&city, number, maker).await;
        sign_in(&browser, &mut at, &mut messages).await;
        let page = browser.visit(&at.redirect(Occasion::Refused)).await;
        let again = if maker.tells_of_a_refusal() {
            assert_eq!(page.title(), "The connection was not completed", "{name}");
            browser.get(&format!("{}go", page.base())).await
        } else {
            browser.visit(&at.redirect(Occasion::Refused)).await
        };
        maker.take(&at.visitor, &Brought::by(&again));

        // The admin takes the host away while the browser holds a page that leads there.
        city.json(&["nas", "set", name, "--login-hosts", "192.0.2.99"]).await;
        let again = browser.get(&format!("{}go", page.base())).await;
        assert_eq!(again.status, 502, "{name} {}", again.body);
        assert!(!again.body.contains("<form"), "{name} {}", again.body);
        let page = browser.visit(&at.redirect(Occasion::Caught)).await;
        assert_eq!(page.status, 400, "{name}: its redirect names a host that is not its own");
    }
}

fn code_of(answer: &[u8]) -> Code {
    Packet::parse(answer).unwrap().code()
}
