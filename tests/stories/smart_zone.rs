//! A visit at a Ruckus SmartZone: Sabeel has its northbound interface log the device in, and the
//! controller asks RADIUS by what it was told.

use domain::MacAddress;
use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::{Code, Packet, PacketBuilder, attribute};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::access_point::{AccessPoint, Report};
use crate::browser::{Answer, Browser};
use crate::city::{City, eventually};
use crate::smart_zone_controller::{PASSWORD, SmartZoneController};
use crate::sms_gateway::SmsGateway;
use crate::visit::park;

/// As the redirect spells it.
const DEVICE: &str = "02:00:5E:60:00:01";
const STATION: &str = "02-00-5E-60-00-01";

struct Zone {
    nas: AccessPoint,
    controller: SmartZoneController,
}

impl Zone {
    async fn install(city: &City) -> Self {
        let controller = SmartZoneController::open().await;
        let key = city.dir().join("key");
        std::fs::write(&key, PASSWORD).unwrap();
        let (url, key) = (controller.url(), key.to_str().unwrap());
        let api = ["--profile", "smartzone", "--api-url", &url, "--api-key-file", key];
        let pin = ["--api-certificate", &controller.fingerprint];
        let nas = AccessPoint::install(city, "zone", &[&api[..], &pin].concat()).await;
        controller.joins(DEVICE);
        Self { nas, controller }
    }

    /// Where SmartZone sends a browser.
    fn redirect(&self, client_mac: &str) -> String {
        self.redirect_with(client_mac, "10.5.0.7")
    }

    fn redirect_with(&self, client_mac: &str, uip: &str) -> String {
        let path = self.nas.added["access_point"]["portal_path"].as_str().unwrap();
        format!(
            "/n/{path}/?nbiIP=203.0.113.66&client_mac={client_mac}&reason=Un-Auth-Captive\
             &wlanName=park&dn=scg.ruckuswireless.com&ssid=Park&mac=00:33:58:16:ef:20\
             &url=http%3A%2F%2Fnews.example%2F&proxy=0&vlan=1&wlan=1&sip=scg.ruckuswireless.com\
             &zoneName=park&apip=192.168.200.32&uip={uip}&StartURL=http%3A%2F%2Fnews.example%2F"
        )
    }

    /// The controller asks RADIUS by what it was told.
    async fn ask(&mut self, device: MacAddress, told: &Value) -> Vec<u8> {
        let secret = self.nas.secret.clone();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let (name, password) = (text("UE-Username"), text("UE-Password"));
        let station = device.to_string().replace(':', "-").to_uppercase();
        let write = |request: &mut PacketBuilder| {
            request
                .text(attribute::USER_NAME, &name)
                .text(attribute::NAS_IDENTIFIER, "zone")
                .text(attribute::CALLING_STATION_ID, &station)
                .u32(attribute::SERVICE_TYPE, ServiceType::Login)
                .user_password(password.as_bytes(), &secret);
        };
        self.nas.ask(write).await
    }
}

/// From the redirect to the answer of the page that waits.
async fn sign_in(
    browser: &Browser,
    redirect: &str,
    messages: &mut SmsGateway,
) -> JoinHandle<Answer> {
    let page = browser.visit(redirect).await;
    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    let code = messages.next().await.code();
    let waits = browser.submit(&page, "code", &[("code", &code)]).await.location();
    let browser = browser.clone();
    tokio::spawn(async move { browser.visit(&waits).await })
}

#[tokio::test]
async fn a_visitor_at_a_smartzone_is_logged_in_by_radius_and_logged_out() {
    let (city, mut messages) = park().await;
    let mut zone = Zone::install(&city).await;
    let tested = city.sabeel(&["nas", "test", "zone"]).await;
    assert!(tested.out.contains("takes the key"), "{} {}", tested.out, tested.err);
    let browser = Browser::new(city.portal());

    let waiting = sign_in(&browser, &zone.redirect(DEVICE), &mut messages).await;
    let told = zone.controller.is_told(1).await;
    for (name, expected) in [
        ("RequestCategory", "UserOnlineControl"),
        ("RequestType", "LoginAsync"),
        ("UE-MAC", DEVICE),
        ("UE-IP", "10.5.0.7"),
        ("UE-Proxy", "0"),
    ] {
        assert_eq!(told[name], expected, "{name}");
    }
    zone.controller.is_asked().await;
    assert!(!waiting.is_finished(), "RADIUS has not answered yet");

    // Nobody else's device comes in by it, and it works once.
    let device: MacAddress = DEVICE.parse().unwrap();
    let stranger = MacAddress::new([2, 0, 0x5e, 0xff, 0, 1]);
    assert_eq!(code_of(&zone.ask(stranger, &told).await), Code::AccessReject);
    let answer = zone.ask(device, &told).await;
    let accept = Packet::parse(&answer).unwrap();
    assert_eq!(accept.code(), Code::AccessAccept);
    assert!(accept.u32(attribute::SESSION_TIMEOUT).unwrap() <= 7_200);
    let class = accept.octets_of(attribute::CLASS).unwrap().to_vec();
    assert_eq!(code_of(&zone.ask(device, &told).await), Code::AccessReject);
    zone.controller.hears(DEVICE, true);
    let stay = Report {
        session: "5C1",
        device: STATION,
        user_name: "x",
        class: &class,
        ..Report::default()
    };
    zone.nas.report(AcctStatusType::Start, &stay).await;
    let page = waiting.await.unwrap();
    assert_eq!(page.title(), "You are online", "{}", page.body);
    assert!(page.shows("Continue to news.example"), "{}", page.body);

    // What is used up is cut by the same interface.
    let used = Report { downloaded: 20_000_001, seconds: 60, ..stay };
    zone.nas.report(AcctStatusType::InterimUpdate, &used).await;
    let cut = zone.controller.is_told(2).await;
    assert_eq!((&cut["RequestType"], &cut["UE-MAC"]), (&"Logout".into(), &DEVICE.into()));
    assert_eq!(zone.controller.standing(DEVICE), 100);
    zone.nas.report(AcctStatusType::Stop, &Report { seconds: 61, ..used }).await;
    eventually("order that accounting shows to be done", async || {
        let orders: Value = serde_json::from_str(&city.ask_admin("/v1/orders").await.body).unwrap();
        orders["items"][0]["state"].get("enforced").map(drop)
    })
    .await;
    let page = browser.visit(&zone.redirect(DEVICE)).await;
    assert_eq!(page.title(), "Today's allowance is used up");
    assert!(!city.log().contains(PASSWORD));
}

#[tokio::test]
async fn a_device_that_its_controller_hides_is_revealed_by_it_and_logged_in_as_it_was_hidden() {
    let (city, mut messages) = park().await;
    let mut zone = Zone::install(&city).await;
    let (mac, address) = (zone.controller.hides(DEVICE), zone.controller.hides("10.5.0.7"));
    zone.controller.joins(&mac);
    let browser = Browser::new(city.portal());
    let redirect = zone.redirect_with(&mac, &address);
    let waiting = sign_in(&browser, &redirect, &mut messages).await;
    let told = zone.controller.is_told(1).await;
    assert_eq!((&told["UE-MAC"], &told["UE-IP"]), (&mac.as_str().into(), &address.as_str().into()));
    let device: MacAddress = DEVICE.parse().unwrap();
    let answer = zone.ask(device, &told).await;
    let accept = Packet::parse(&answer).unwrap();
    assert_eq!(accept.code(), Code::AccessAccept, "it is the device that was hidden");
    let class = accept.octets_of(attribute::CLASS).unwrap().to_vec();
    zone.controller.hears(&mac, true);
    let stay = Report {
        session: "5C1",
        device: STATION,
        user_name: "x",
        class: &class,
        ..Report::default()
    };
    zone.nas.report(AcctStatusType::Start, &stay).await;
    let page = waiting.await.unwrap();
    assert_eq!(page.title(), "You are online", "{}", page.body);
    browser.visit(&redirect).await;
    assert_eq!(zone.controller.revealed(), 2, "each is asked about once");

    // What the controller never hid leads nowhere, and it is asked once.
    for _ in 0..2 {
        let invented = zone.redirect("ENCb2579826807a6430655a4e4d78347972");
        assert_eq!(browser.get(&invented).await.status, 400);
    }
    assert_eq!(zone.controller.revealed(), 3);
}

#[tokio::test]
async fn a_login_that_radius_refused_is_tried_again_with_other_credentials() {
    let (city, mut messages) = park().await;
    let zone = Zone::install(&city).await;
    let browser = Browser::new(city.portal());
    let waiting = sign_in(&browser, &zone.redirect(DEVICE), &mut messages).await;
    let first = zone.controller.is_told(1).await;
    zone.controller.hears(DEVICE, false);
    let second = zone.controller.is_told(2).await;
    assert_ne!(first["UE-Username"], second["UE-Username"]);
    waiting.abort();

    let key = city.dir().join("other");
    std::fs::write(&key, "another password").unwrap();
    let set = ["nas", "set", "zone", "--api-url", &zone.controller.url()];
    let right = ["--api-key-file", key.to_str().unwrap()];
    let pin = ["--api-certificate", &zone.controller.fingerprint];
    city.json(&[&set[..], &right, &pin].concat()).await;
    let tested = city.sabeel(&["nas", "test", "zone"]).await;
    assert!(tested.out.contains("does not take the key"), "{}", tested.out);
}

fn code_of(answer: &[u8]) -> Code {
    Packet::parse(answer).unwrap().code()
}
