//! Two SMS gateways: what the first refuses the second carries, and tells what became of it.

use hyper::StatusCode;

use crate::browser::Browser;
use crate::city::{City, eventually, tells};
use crate::sms_gateway::SmsGateway;
use crate::visit::{Coova, found_a_park};

const PHONE: &str = "0551234567";
const END: &str = "0123456789abcdef";

/// A city with a gateway that refuses, and one that takes messages and gives receipts.
async fn city_of_two() -> (City, SmsGateway, SmsGateway) {
    let first = SmsGateway::answering(StatusCode::UNAUTHORIZED).await;
    let second = SmsGateway::open().await;
    let mut city = City::plan(&["messaging.transport = \"routes\""]);
    let end = city.dir().join("receipts");
    std::fs::write(&end, END).unwrap();
    let receipts = format!(
        ", secrets = {{ end = {{ file = \"{}\" }} }}, receipts = {{ secret = \"end\", id = \"id\", \
         state = \"state\", delivered = [\"1\"], undelivered = [\"2\"] }}",
        end.display()
    );
    city.configure(&[format!(
        "messaging.routes = [{{ name = \"first\", {} }}, {{ name = \"second\", {} }}]",
        first.route(""),
        second.route(&receipts)
    )]);
    city.start().await;
    (city, first, second)
}

#[tokio::test]
async fn a_second_gateway_carries_what_the_first_refuses_and_tells_what_became_of_it() {
    let (city, mut first, mut second) = city_of_two().await;
    found_a_park(&city).await;
    let coova = Coova::install(&city).await;
    let browser = Browser::new(city.portal());
    let page = browser.visit(&coova.redirect("notyet")).await;
    let sent = browser.submit(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    let (refused, message) = (first.next().await, second.next().await);
    assert_eq!(refused.code(), message.code(), "nobody took the first");
    let page = browser.visit(&format!("{}code", page.base())).await;
    assert!(page.shows("we sent the code by another route"), "{}", page.body);

    let receipt = |end: &str, state: u8| format!("/dlr/{end}?id={}&state={state}", message.id);
    assert_eq!(browser.get(&receipt("0123456789abcdeg", 1)).await.status, 404);
    for state in [8, 1, 1, 8] {
        assert_eq!(browser.get(&receipt(END, state)).await.status, 200);
    }
    let unknown = format!("/dlr/{END}?id={}&state=1", refused.id);
    assert_eq!(browser.get(&unknown).await.status, 200);

    let story = city.sabeel(&["support", &browser.reference(&page).await]).await;
    assert!(story.out.contains("taken by route second; delivered"), "{} {}", story.out, story.err);
    let why = city.sabeel(&["why", PHONE]).await.out;
    for told in ["not taken by route first", "taken by route second", "message delivered"] {
        assert!(why.contains(told), "{told}: {why}");
    }
    let routes = eventually("unknown receipt", async || {
        let routes = city.json(&["sms", "routes"]).await;
        (routes[1]["unknown_receipts"] == 1).then_some(routes)
    })
    .await;
    assert_eq!((&routes[0]["name"], &routes[0]["not_taken"]), (&"first".into(), &1.into()));
    assert_eq!((&routes[1]["taken"], &routes[1]["delivered"]), (&1.into(), &1.into()));
    assert_eq!(routes[1]["resting"], false);
    let log = city.log();
    assert!(!tells(&log, &message.code()) && !log.contains("551234567"), "{log}");
}

#[tokio::test]
async fn a_day_whose_money_is_spent_is_told_and_more_is_allowed_at_once() {
    let mut messages = SmsGateway::open().await;
    let own = messages.settings();
    let money = ["messaging.money.per-day = \"0.20\"", "messaging.money.price = \"0.0784\""];
    let city = City::begin(&own.iter().map(String::as_str).chain(money).collect::<Vec<_>>()).await;
    found_a_park(&city).await;
    let send = async |report: &str| city.sabeel(&["code", "send", report, "0551234567"]).await;
    for report in ["44012345", "44012346"] {
        assert_eq!(send(report).await.code, 0);
        messages.next().await;
    }
    let refused = send("44012347").await;
    assert!(refused.err.contains("the money for messages is spent"), "{refused:?}");
    let coova = Coova::install(&city).await;
    let browser = Browser::new(city.portal());
    let page = browser.visit(&coova.redirect("notyet")).await;
    let answer = browser.submit(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert_eq!(answer.status, 503);
    assert!(answer.shows("Messaging is down for now."), "{}", answer.body);

    let told = city.sabeel(&["sms", "budget"]).await.out;
    assert!(told.contains("ALARM: the money for messages is spent: 2 were refused"), "{told}");
    assert!(
        told.contains("0.1568 of 0.20 (78 percent): 2 messages in 2 parts, 2 refused"),
        "{told}"
    );
    assert!(told.contains("1 visit(s): the money for messages was spent"), "{told}");
    let doctor = city.sabeel(&["doctor", "controller"]).await.out;
    assert!(doctor.contains("alarm") && doctor.contains("2 were refused"), "{doctor}");
    let log = city.log();
    assert_eq!(log.matches("the money for messages is spent: none is sent").count(), 1, "{log}");
    assert!(log.contains("much of the money for messages is spent"), "{log}");

    city.json(&["sms", "budget", "--more-today", "0.0784"]).await;
    let page = browser.visit(&coova.redirect("notyet")).await;
    let answer = browser.submit(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    messages.next().await;
    let set = city.json(&["sms", "budget", "--per-day", "500"]).await;
    assert_eq!((&set["day"]["spent"], &set["day"]["most"]), (&"0.2352".into(), &"500.0784".into()));
    let audit = city.sabeel(&["--json", "audit", "list"]).await.out;
    assert_eq!(audit.matches("spending-changed").count(), 2, "{audit}");

    // A number that is blocked looks as any other, and gets nothing.
    let done =
        city.sabeel(&["sms", "block", "0557654321", "--for", "4h", "--reason", "asked"]).await;
    assert!(done.out.contains("no messages go to +9665•••••321 until"), "{done:?}");
    let page = browser.visit(&coova.redirect("notyet")).await;
    browser.submit(&page, "change", &[]).await;
    let page = browser.visit(&coova.redirect("notyet")).await;
    let other = [("phone", "0557654321"), ("terms", "yes")];
    let answer = browser.submit(&page, "phone", &other).await;
    assert!(answer.status == 303 && answer.location().ends_with("/code"), "{}", answer.body);
    let blocks = city.sabeel(&["sms", "blocks"]).await.out;
    assert!(blocks.contains("asked"), "{blocks}");
    // Eight digits of its digest, among which any three of the number may be by chance.
    let shown = blocks.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap();
    assert!(shown.starts_with('#') && shown.len() == 9, "{blocks}");
    assert_eq!(city.sabeel(&["sms", "unblock", "0557654321"]).await.code, 0);
    assert_eq!(city.sabeel(&["sms", "unblock", "0557654321"]).await.code, 1);
    assert_eq!(city.json(&["code", "send", "44012349", "0557654321"]).await["sends"], 1);
    assert!(messages.next().await.text.contains("44012349"), "nothing came for the sign-in");
}
