//! A visit when no message can be sent, in a city that lets such visitors in for a while.

use radius_proto::dictionary::vendor::wispr;
use radius_proto::{Code, Packet, attribute};
use serde_json::Value;

use crate::browser::Browser;
use crate::city::{City, eventually};
use crate::sms_gateway::SmsGateway;
use crate::visit::{Coova, found_a_park};

const PHONE: &str = "0551234567";

#[tokio::test]
async fn whoever_cannot_be_sent_a_code_is_let_in_slowly_for_minutes() {
    let messages = SmsGateway::open().await;
    let money = ["messaging.money.per-day = \"0.01\"", "messaging.money.price = \"1\""];
    let own = messages.settings();
    let all = own.iter().map(String::as_str).chain(money);
    let city = City::begin(&all.chain(["portal.grace.plan = \"short\""]).collect::<Vec<_>>()).await;
    found_a_park(&city).await;
    let gone = grace_of_doctor(&city).await;
    assert_eq!((&gone["good"], &gone["state"]), (&false.into(), &"bad".into()), "{gone}");
    city.json(&["plan", "add", "short", "--down", "512kbit/s", "--up", "256kbit/s"]).await;
    assert_eq!(grace_of_doctor(&city).await["detail"], "plan short");

    let mut coova = Coova::install(&city).await;
    let browser = Browser::new(city.portal());
    let page = browser.visit(&coova.redirect("notyet")).await;
    let let_in = browser.submit(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert!(let_in.location().contains("/logon?"), "{}", let_in.location());
    eventually("an Accept for some minutes", async || {
        let answer = coova.ask_by_address().await;
        let answer = Packet::parse(&answer).unwrap();
        if answer.code() != Code::AccessAccept {
            return None;
        }
        let seconds = answer.u32(attribute::SESSION_TIMEOUT).unwrap();
        let speed = answer.find_vendor(wispr::BANDWIDTH_MAX_DOWN).unwrap().u32().unwrap();
        assert!((1..=600).contains(&seconds) && speed == 512_000, "{seconds} s, {speed} bit/s");
        Some(())
    })
    .await;

    let help = browser.get(&format!("{}help", page.base())).await;
    let reference = help.between("Reference for the support team: <bdi dir=\"ltr\">", "<");
    let told = city.sabeel(&["support", &reference]).await;
    let (_, grant) = told.out.split_once("could be sent, kept as claimed:NUMBER@").unwrap();
    let claimed = format!("claimed:{PHONE}@{}", grant.split_whitespace().next().unwrap());

    // An admin finds whoever typed a number, and not as its owner.
    let account = city.json(&["account", "show", &claimed]).await;
    assert_eq!(account["grants"][0]["plan"], "short", "{account}");
    assert_eq!(account["claimed"]["phone"], "+966551234567", "{account}");
    let shown = city.sabeel(&["account", "show", &claimed]).await;
    assert!(shown.out.contains("567, without proof"), "{}", shown.out);
    assert_ne!(city.sabeel(&["account", "show", PHONE]).await.code, 0);
    city.json(&["account", "erase", &claimed, "--yes"]).await;
    assert_ne!(city.sabeel(&["account", "show", &claimed]).await.code, 0);
    let log = city.log();
    assert!(!log.contains("551234567"), "{log}");
}

/// What `doctor` says of those who are let in without a code.
async fn grace_of_doctor(city: &City) -> Value {
    let said = city.sabeel(&["--json", "doctor", "portal"]).await;
    let findings: Vec<Value> = serde_json::from_str(&said.out).unwrap();
    findings.into_iter().find(|finding| finding["what"] == "portal grace").unwrap()
}
