//! A visit at a CoovaChilli: the browser carries one-time credentials to the access point.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use md5::{Digest, Md5};
use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::dictionary::vendor::{chillispot, wispr};
use radius_proto::{Code, Packet, attribute, chap};
use serde_json::Value;
use url::Url;

use crate::access_point::{AccessPoint, Report};
use crate::browser::{Answer, Browser};
use crate::city::{City, eventually};
use crate::noon::zone_of_noon;
use crate::sms_gateway::SmsGateway;

const HOST: &str = "10.2.0.1:3990";
const UAM_SECRET: &str = "uam secret of the kiosk";
pub const DEVICE: &str = "02-00-5E-10-00-01";
const ADDRESS: [u8; 4] = [10, 2, 0, 7];
const SESSION: &str = "65640000000001";
const PHONE: &str = "0551234567";

#[tokio::test]
async fn a_visitor_uses_up_the_day_and_is_told_when_it_renews() {
    let (city, mut messages) = park().await;
    let browser = Browser::new(city.portal());
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&browser, &coova, &mut messages).await;
    let success = coova.log_on(&logon).await;
    city.settled().await;
    let page = browser.visit(&success).await;
    assert_eq!(page.title(), "You are online");
    // The time runs already.
    assert!(page.shows("Today's allowance: 1 hour 59 minutes and 20 MB."), "{}", page.body);
    assert!(page.shows("Continue to news.example"), "{}", page.body);

    coova.report(AcctStatusType::InterimUpdate, 600, 5_000_000).await;
    city.settled().await;
    let status = browser.get(&format!("{}status", page.base())).await;
    assert_eq!(status.title(), "Session status");
    assert!(status.shows("Left today: 1 hour 49 minutes · 15 MB"), "{}", status.body);

    coova.report(AcctStatusType::InterimUpdate, 660, 20_000_001).await;
    let order = coova.nas.obey().await;
    let order = Packet::parse(&order).unwrap();
    assert_eq!(order.code(), Code::DisconnectRequest);
    assert_eq!(order.text(attribute::ACCT_SESSION_ID), Some(SESSION));
    assert_eq!(order.text(attribute::CALLING_STATION_ID), Some(DEVICE));
    assert_eq!(order.text(attribute::USER_NAME), Some(coova.user_name.as_str()));
    coova.report(AcctStatusType::Stop, 661, 20_000_001).await;
    eventually("order that accounting shows to be done", async || {
        let orders: Value = serde_json::from_str(&city.ask_admin("/v1/orders").await.body).unwrap();
        orders["items"][0]["state"].get("enforced").map(drop)
    })
    .await;

    city.settled().await;
    let page = browser.visit(&coova.redirect("notyet")).await;
    assert_eq!(page.title(), "Today's allowance is used up");
    assert!(page.shows("It renews at 00:00."), "{}", page.body);
    let answer = coova.is_turned_away().await;
    let answer = Packet::parse(&answer).unwrap();
    let told = answer.text(attribute::REPLY_MESSAGE).unwrap();
    assert!(told.contains("used up until 00:00"), "{told}");
}

#[tokio::test]
async fn a_device_that_is_known_returns_without_a_code() {
    let (city, mut messages) = park().await;
    let browser = Browser::new(city.portal());
    let mut coova = Coova::install(&city).await;
    assert_eq!(code_of(&coova.ask_by_address().await), Code::AccessReject);
    let logon = sign_in(&browser, &coova, &mut messages).await;
    coova.log_on(&logon).await;
    coova.report(AcctStatusType::Stop, 60, 1_000_000).await;
    city.settled().await;

    // By PAP, and by CHAP. RADIUS hears of what was applied a moment later.
    eventually("an Accept that leaves what is left", async || {
        let answer = coova.ask_by_address().await;
        let answer = Packet::parse(&answer).unwrap();
        assert_eq!(answer.code(), Code::AccessAccept);
        let seconds = answer.u32(attribute::SESSION_TIMEOUT)?;
        let octets = answer.find_vendor(chillispot::MAX_TOTAL_OCTETS)?.u32()?;
        (seconds == 7_200 - 60 && octets == 20_000_000 - 1_000_000).then_some(())
    })
    .await;
    let answer = chap::respond(7, DEVICE.as_bytes(), b"sixteen octets..");
    let by_chap = coova.ask_with_chap(DEVICE, &answer, b"sixteen octets..").await;
    assert_eq!(code_of(&by_chap), Code::AccessAccept);
    // The portal hands a login back at once, too.
    let again = browser.visit(&coova.redirect("notyet")).await;
    coova.log_on(&again.location()).await;
    let log = city.log();
    for secret in [UAM_SECRET, "551234567"] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// A city with a site, and a plan that allows 20 MB and two hours a day.
pub async fn park() -> (City, SmsGateway) {
    let messages = SmsGateway::open().await;
    let settings = messages.settings();
    let city = City::begin(&settings.each_ref().map(String::as_str)).await;
    found_a_park(&city).await;
    (city, messages)
}

/// Adds a site, and a plan that allows 20 MB and two hours a day.
pub async fn found_a_park(city: &City) {
    let day = ["--day-data", "20MB", "--day-minutes", "120"];
    let speed = ["--down", "10Mbit/s", "--up", "2Mbit/s"];
    city.json(&[&["plan", "add", "visitor"], &day[..], &speed].concat()).await;
    let titles = ["--title-ar", "ممشى الأحساء", "--title-en", "Al-Ahsa Walkway"];
    // No story of a day goes on into the next one.
    let zone = ["--zone", &zone_of_noon()];
    let site = ["site", "add", "walkway", "--plan", "visitor"];
    city.json(&[&site, &titles[..], &zone].concat()).await;
}

/// From the redirect to the address at the access point to which the portal sends the browser.
pub async fn sign_in(browser: &Browser, coova: &Coova, messages: &mut SmsGateway) -> String {
    let page = browser.visit(&coova.redirect("notyet")).await;
    assert!(page.shows("Al-Ahsa Walkway"), "{}", page.body);
    let sent = browser.submit(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    let message = messages.next().await;
    assert_eq!(message.to, "966551234567");
    let code = message.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = browser.submit(&page, "code", &[("code", wrong)]).await;
    let page = browser.visit(&refused.location()).await;
    assert!(page.shows("The code does not match. 4 attempts left."), "{}", page.body);
    let answer: Answer = browser.submit(&page, "code", &[("code", &code)]).await;
    answer.location()
}

/// A CoovaChilli with one client.
pub struct Coova {
    pub nas: AccessPoint,
    portal: String,
    challenge: [u8; 16],
    user_name: String,
    class: Vec<u8>,
}

impl Coova {
    pub async fn install(city: &City) -> Self {
        let file = city.dir().join("uam-secret");
        std::fs::write(&file, UAM_SECRET).unwrap();
        let file = file.to_str().unwrap();
        let more = ["--profile", "coova", "--login-hosts", HOST, "--login-secret-file", file];
        Self {
            nas: AccessPoint::install(city, "kiosk", &more).await,
            portal: format!("http://{}", city.portal()),
            challenge: [3; 16],
            user_name: String::new(),
            class: Vec::new(),
        }
    }

    /// The redirect to the portal, signed as CoovaChilli signs it.
    pub fn redirect(&self, res: &str) -> String {
        let path = self.nas.added["access_point"]["portal_path"].as_str().unwrap();
        let path = format!("/n/{path}/");
        let challenge = HEXLOWER.encode(&self.challenge);
        let [a, b, c, d] = ADDRESS;
        let query = format!(
            "res={res}&uamip=10.2.0.1&uamport=3990&challenge={challenge}\
             &called=02-00-5E-00-00-02&mac={DEVICE}&ip={a}.{b}.{c}.{d}&nasid=kiosk\
             &sessionid={SESSION}&userurl=http%3a%2f%2fnews.example%2f"
        );
        let md = Md5::digest(format!("{}{path}?{query}{UAM_SECRET}", self.portal));
        format!("{path}?{query}&md={}", HEXUPPER.encode(&md))
    }

    /// Logs the browser on that comes with `url`, and returns where it is redirected then. The
    /// credentials in it do not work a second time.
    pub async fn log_on(&mut self, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        assert_eq!(
            (url.host_str(), url.port(), url.path()),
            (Some("10.2.0.1"), Some(3_990), "/logon")
        );
        let field = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1;
        let (user_name, response) = (field("username"), field("response"));
        let response = HEXLOWER_PERMISSIVE.decode(response.as_bytes()).unwrap();
        let password = [&[0], response.as_slice()].concat();
        let challenge = Md5::new().chain_update(self.challenge).chain_update(UAM_SECRET).finalize();
        let answer = self.ask_with_chap(&user_name, &password, &challenge).await;
        self.enforce(&Packet::parse(&answer).unwrap());
        self.user_name = user_name.clone().into_owned();
        self.report(AcctStatusType::Start, 0, 0).await;
        let again = self.ask_with_chap(&user_name, &password, &challenge).await;
        assert_eq!(code_of(&again), Code::AccessReject);
        self.redirect("success")
    }

    /// Takes the limits of an Accept.
    fn enforce(&mut self, accept: &Packet<'_>) {
        assert_eq!(accept.code(), Code::AccessAccept);
        let number = |id| accept.find_vendor(id).unwrap().u32().unwrap();
        assert!(accept.u32(attribute::SESSION_TIMEOUT).unwrap() <= 7_200);
        assert_eq!(accept.u32(attribute::IDLE_TIMEOUT), Some(900));
        assert_eq!(accept.u32(attribute::ACCT_INTERIM_INTERVAL), Some(60));
        assert!(number(chillispot::MAX_TOTAL_OCTETS) <= 20_000_000);
        assert_eq!(number(chillispot::MAX_TOTAL_GIGAWORDS), 0);
        assert_eq!(number(chillispot::BANDWIDTH_MAX_DOWN), 10_000);
        assert_eq!(number(wispr::BANDWIDTH_MAX_UP), 2_000_000);
        self.class = accept.octets_of(attribute::CLASS).unwrap().to_vec();
    }

    async fn ask_with_chap(
        &mut self,
        user_name: &str,
        password: &[u8],
        challenge: &[u8],
    ) -> Vec<u8> {
        let write = |request: &mut radius_proto::PacketBuilder| {
            request
                .text(attribute::USER_NAME, user_name)
                .octets(attribute::CHAP_PASSWORD, password)
                .octets(attribute::CHAP_CHALLENGE, challenge)
                .text(attribute::CALLING_STATION_ID, DEVICE)
                .ipv4(attribute::FRAMED_IP_ADDRESS, ADDRESS.into())
                .u32(attribute::SERVICE_TYPE, ServiceType::Login)
                .text(attribute::ACCT_SESSION_ID, SESSION);
        };
        self.nas.ask(write).await
    }

    /// Asks for the device by its hardware address, with PAP (CoovaChilli's `macauth`).
    pub async fn ask_by_address(&mut self) -> Vec<u8> {
        let secret = self.nas.secret.clone();
        let write = |request: &mut radius_proto::PacketBuilder| {
            request
                .text(attribute::USER_NAME, DEVICE)
                .user_password(DEVICE.as_bytes(), &secret)
                .text(attribute::CALLING_STATION_ID, DEVICE);
        };
        self.nas.ask(write).await
    }

    /// Asks for the device until RADIUS has heard that it may not come in any more; returns its answer.
    pub async fn is_turned_away(&mut self) -> Vec<u8> {
        eventually("Access-Reject", async || {
            let answer = self.ask_by_address().await;
            (code_of(&answer) == Code::AccessReject).then_some(answer)
        })
        .await
    }

    pub async fn report(&mut self, status: AcctStatusType, seconds: u32, downloaded: u32) {
        let report = Report {
            session: SESSION,
            device: DEVICE,
            user_name: &self.user_name,
            class: &self.class,
            uploaded: 0,
            downloaded,
            seconds,
        };
        self.nas.report(status, &report).await;
    }
}

fn code_of(answer: &[u8]) -> Code {
    Packet::parse(answer).unwrap().code()
}
