//! A voucher through the whole program: made, scanned, used, revoked.

use std::time::Duration;

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, attribute};

use crate::browser::Browser;
use crate::visit::{Coova, DEVICE, park};
use crate::visitor::now;

#[tokio::test]
async fn a_scanned_voucher_lets_its_device_in_until_the_batch_is_revoked() {
    let (city, _messages) = park().await;
    let browser = Browser::new(city.portal());
    let mut coova = Coova::install(&city).await;
    let until = (now() + Duration::from_secs(86_400)).to_string();
    let fair = ["voucher", "add", "fair", "--site", "walkway", "--count", "2"];
    let sheet = city.dir().join("fair.html");
    let path = sheet.to_str().unwrap();
    let more = ["--until", &until, "--reason", "the fair", "--sheet", path];
    let made = city.json(&[&fair[..], &more].concat()).await;
    assert_eq!(made["vouchers"], 2);
    let html = std::fs::read_to_string(&sheet).unwrap();
    let mut codes =
        html.split("<p class=\"code\">").skip(1).map(|rest| rest.split('<').next().unwrap());
    let code = codes.nth(1).unwrap();

    // No message was sent, and the gateway for them is not even asked.
    let page = browser.visit(&coova.redirect("notyet")).await;
    let scanned = browser.visit(&format!("{}voucher?code={code}", page.base())).await;
    assert!(scanned.body.contains(&format!("value=\"{code}\"")), "{}", scanned.body);
    let typed = [("code", code), ("terms", "yes")];
    let logon = browser.submit(&scanned, "voucher", &typed).await.location();
    let success = coova.log_on(&logon).await;
    city.settled().await;
    assert_eq!(browser.visit(&success).await.title(), "You are online");
    coova.report(AcctStatusType::InterimUpdate, 60, 1_000_000).await;
    city.settled().await;
    let known = coova.ask_by_address().await;
    assert_eq!(Packet::parse(&known).unwrap().code(), Code::AccessAccept);

    let account = city.json(&["account", "show", "fair/2"]).await;
    assert_eq!(account["voucher"], "fair/2");
    assert_eq!(account["sessions"].as_array().unwrap().len(), 1, "{account}");
    let why = city.sabeel(&["why", "fair/2"]).await;
    assert!(why.out.contains("voucher  fair/2") && why.out.contains("accept"), "{why:?}");
    let shown = city.json(&["voucher", "show", "fair/2"]).await;
    assert_eq!(shown["items"][0]["devices"], 1);

    let revoked = city.json(&["voucher", "revoke", "fair", "--reason", "the fair is over"]).await;
    assert_eq!(revoked["ended"], 1);
    let order = coova.nas.obey().await;
    let order = Packet::parse(&order).unwrap();
    assert_eq!(order.code(), Code::DisconnectRequest);
    assert_eq!(order.text(attribute::CALLING_STATION_ID), Some(DEVICE));
    coova.is_turned_away().await;
    assert!(city.sabeel(&["audit", "verify"]).await.code == 0);
    for told in [city.log(), why.out] {
        assert!(!told.contains(code), "{told}");
    }
}
