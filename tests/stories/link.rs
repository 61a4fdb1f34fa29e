//! The link in a message through the whole program: tapped in a browser that knows nothing of the sheet.

use data_encoding::HEXLOWER;
use domain::MacAddress;
use hmac::{Hmac, KeyInit, Mac};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, attribute};
use sha2::Sha256;

use crate::access_point::AccessPoint;
use crate::browser::{Answer, Browser};
use crate::city::City;
use crate::sms_gateway::SmsGateway;
use crate::visit::{Coova, DEVICE, found_a_park};
use crate::visitor::now;

/// Where links lead.
pub const ORIGIN: &str = "https://wifi.park.example";
const PHONE: &str = "0551234567";

/// A park whose messages carry links.
async fn park() -> (City, SmsGateway) {
    let messages = SmsGateway::open().await;
    let own = messages.settings();
    let secure = format!("portal.secure-url = \"{ORIGIN}\"");
    let link = ["portal.message-form = \"link\"", &secure];
    let city = City::begin(&own.iter().map(String::as_str).chain(link).collect::<Vec<_>>()).await;
    found_a_park(&city).await;
    (city, messages)
}

/// Asks for a code in the sheet; returns its page, and the path of the link in the message.
async fn ask(sheet: &Browser, entry: &str, messages: &mut SmsGateway) -> (Answer, String) {
    let page = sheet.visit(entry).await;
    let sent = sheet.submit(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let code = sheet.visit(&sent.location()).await;
    assert!(code.shows("Or tap the link in the message."), "{}", code.body);
    let text = messages.next().await.text;
    let link = text.lines().find_map(|line| line.strip_prefix(ORIGIN)).expect(&text).to_owned();
    (code, link)
}

/// Opens a link as telephones do: looked at by whatever fetches previews, then by the visitor.
async fn tap(telephone: &Browser, link: &str) -> Answer {
    for _ in 0..3 {
        telephone.get(link).await;
    }
    let page = telephone.get(link).await;
    assert_eq!(page.title(), "Log a device in");
    assert!(page.shows("Device ••:00:01 asked at"), "{}", page.body);
    let opened = telephone.submit(&page, &link[1..], &[]).await;
    let opened = telephone.visit(&opened.location()).await;
    assert_eq!(opened.title(), "Login confirmed");
    assert_eq!(telephone.get(link).await.status, 410);
    opened
}

/// Where a gateway redirects a device, with its signature.
pub fn redirect_of(gate: &AccessPoint, device: MacAddress) -> String {
    let path = gate.added["access_point"]["portal_path"].as_str().unwrap();
    let secret = gate.added["hand_off_secret"].as_str().unwrap();
    let time = now().as_secs();
    let tag = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap()
        .chain_update(format!("{device}\n10.1.0.7\n{time}"))
        .finalize()
        .into_bytes();
    let signature = HEXLOWER.encode(&tag);
    format!("/n/{path}/?mac={device}&ip=10.1.0.7&t={time}&sig={signature}")
}

#[tokio::test]
async fn a_link_that_is_tapped_in_another_browser_finishes_the_sheet() {
    let (city, mut messages) = park().await;
    let sheet = Browser::new(city.portal());
    let telephone = Browser { source: [127, 0, 0, 77].into(), ..sheet.clone() };
    let mut coova = Coova::install(&city).await;
    let (_, link) = ask(&sheet, &coova.redirect("notyet"), &mut messages).await;
    let opened = tap(&telephone, &link).await;
    assert!(opened.shows("Open the Wi-Fi login page on that device again"), "{}", opened.body);

    let logon = sheet.visit(&coova.redirect("notyet")).await.location();
    let success = coova.log_on(&logon).await;
    city.settled().await;
    assert_eq!(sheet.visit(&success).await.title(), "You are online");
    coova.report(AcctStatusType::InterimUpdate, 60, 1_000_000).await;
    let log = city.log();
    for secret in [&link[3..], "551234567"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn a_device_that_is_asked_about_by_its_address_is_let_in_without_the_sheet() {
    let (city, mut messages) = park().await;
    let sheet = Browser::new(city.portal());
    let telephone = Browser { source: [127, 0, 0, 77].into(), ..sheet.clone() };
    let mut gate = AccessPoint::install(&city, "gate", &["--profile", "sabeel"]).await;
    let entry = redirect_of(&gate, DEVICE.parse().unwrap());
    let (code, link) = ask(&sheet, &entry, &mut messages).await;
    let opened = tap(&telephone, &link).await;
    assert!(opened.shows("The device is being connected to the internet now."), "{}", opened.body);
    let order = gate.obey().await;
    let order = Packet::parse(&order).unwrap();
    assert_eq!(order.code(), Code::CoaRequest);
    assert_eq!(order.text(attribute::CALLING_STATION_ID), Some(DEVICE));
    let late = sheet.submit(&code, "code", &[("code", "000000")]).await;
    assert!(!late.location().contains("e=wrong"), "the sheet knows: {}", late.location());
}

#[tokio::test]
async fn a_name_that_leaves_a_message_no_room_is_refused() {
    let secure = format!("portal.secure-url = \"{ORIGIN}\"");
    let city = City::begin(&["portal.message-form = \"bound\"", &secure]).await;
    found_a_park(&city).await;
    let name = |name: &str| format!("network-name.ar={name}");
    let refused = name("شبكة الزوار المجانية");
    let refused = city.sabeel(&["site", "set", "walkway", "--text", &refused]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("`sms-code-bound` in language `ar` is too long"), "{refused:?}");
    city.json(&["site", "set", "walkway", "--text", &name("شبكة الزوار")]).await;
}
