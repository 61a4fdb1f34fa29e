//! The captive portal API (RFC 8908) before and after login.

use std::time::Duration;

use domain::{BitRate, Nas, Plan, RatePair};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser, PORTAL};
use crate::town::{Event, MAC, Town, signed_query, used};

const API: &str = "/n/path-of-the-gate/capport";
const ACCEPT: &str = "Accept: application/captive+json, */*\r\n";

async fn ask(browser: &Browser, target: &str) -> (Answer, Value) {
    let answer = browser.ask("GET", PORTAL, target, ACCEPT).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/captive+json");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let state = serde_json::from_str(&answer.body).unwrap();
    (answer, state)
}

async fn open() -> Town {
    Town::open_with(|settings| {
        settings.secure_url = Some("https://portal.example".into());
        settings.venue_info_url = Some("https://park.example/".into());
    })
    .await
}

#[tokio::test]
async fn a_device_is_known_by_its_address_before_and_after_login() {
    let town = open().await;
    let browser = town.browser();
    let (_, state) = ask(&browser, API).await;
    assert_eq!(
        state,
        json!({
            "captive": true,
            "user-portal-url": "https://portal.example/",
            "venue-info-url": "https://park.example/",
        })
    );
    town.go_online(&browser, MAC, "127.0.0.1").await;
    town.wait(60);
    town.report("gate", MAC, "127.0.0.1", Event::Interim, used(60, 100)).await;
    let (_, state) = ask(&browser, API).await;
    assert_eq!(
        state,
        json!({
            "captive": false,
            "user-portal-url": "https://portal.example/",
            "venue-info-url": "https://park.example/",
            "can-extend-session": false,
            "seconds-remaining": 7_140,
            "bytes-remaining": 900_000_000,
        })
    );
}

#[tokio::test]
async fn a_used_up_allowance_is_captive_again() {
    let town = open().await;
    let browser = town.browser();
    town.go_online(&browser, MAC, "127.0.0.1").await;
    town.report("gate", MAC, "127.0.0.1", Event::Interim, used(7_200, 1)).await;
    let (_, state) = ask(&browser, API).await;
    assert_eq!(state["captive"], true);
    assert!(state.get("seconds-remaining").is_none());
}

#[tokio::test]
async fn a_session_can_be_extended_where_a_new_code_gives_more() {
    let slow = RatePair { down: Some(BitRate::new(512_000)), up: None };
    let unlimited: fn(&mut Plan) = |_| {};
    let short: fn(&mut Plan) = |plan| plan.per_session.time = Some(Duration::from_secs(600));
    let long: fn(&mut Plan) = |plan| plan.per_session.time = Some(Duration::from_secs(86_400));
    for (change, then, seconds, expected) in [
        (unlimited, None, 60, json!(false)),
        (long, None, 60, json!(false)),
        (short, None, 60, json!(true)),
        // While captive there is no session to extend; the page asks for a code.
        (short, None, 600, Value::Null),
        (short, Some(slow), 600, json!(true)),
        (unlimited, Some(slow), 7_200, json!(false)),
    ] {
        let mut plan = Plan::visitor("visitor".parse().unwrap());
        plan.after_allowance = then;
        change(&mut plan);
        let town = Town::open_on(plan.clone(), |_| {}).await;
        let browser = town.browser();
        town.go_online(&browser, MAC, "127.0.0.1").await;
        let none = used(0, 0);
        town.report("mall", MAC, "127.0.0.1", Event::Started, none).await;
        town.report("mall", MAC, "127.0.0.1", Event::Interim, used(seconds, 1)).await;
        let (_, state) = ask(&browser, "/n/path-of-the-mall/capport").await;
        assert_eq!(state["can-extend-session"], expected, "{plan:?} {seconds}: {state}");
    }
}

#[tokio::test]
async fn a_signed_query_names_the_device_and_leads_to_its_page() {
    let town = open().await;
    let browser = town.browser();
    let time = town.now().as_secs().to_string();
    let target = format!("{API}?{}", signed_query(MAC, "10.1.0.7", &time));
    let (_, state) = ask(&browser, &target).await;
    assert_eq!(state["captive"], true);
    let url = state["user-portal-url"].as_str().unwrap();
    let path = url.strip_prefix("https://portal.example").expect(url);
    assert_eq!(browser.visit(path).await.title(), "أهلًا بك في واي فاي الأحساء");

    let forged = target.replace("00%3A01", "00%3A02");
    assert_eq!(browser.ask("GET", PORTAL, &forged, ACCEPT).await.status, 403);
    town.wait(601);
    let (_, state) = ask(&browser, &target).await;
    assert_eq!(
        state["user-portal-url"], "https://portal.example/",
        "an old signature names nobody"
    );
}

#[tokio::test]
async fn whom_address_translation_hides_is_told_nothing_rather_than_captive() {
    let town = open().await;
    let browser = town.browser();
    let gate = town.store.find_access_point(&"gate".parse().unwrap()).await.unwrap().unwrap();
    let cafe = Nas {
        name: "cafe".parse().unwrap(),
        addresses: "127.0.0.1/32".parse().unwrap(),
        portal_path: "path-of-the-cafe".parse().unwrap(),
        ..gate
    };
    town.store.add_access_point(&cafe).await.unwrap();
    const CAFE: &str = "/n/path-of-the-cafe/capport";
    assert_eq!(browser.ask("GET", PORTAL, CAFE, ACCEPT).await.status, 404);
    let time = town.now().as_secs().to_string();
    let (_, state) =
        ask(&browser, &format!("{CAFE}?{}", signed_query(MAC, "10.1.0.7", &time))).await;
    assert_eq!(state["captive"], true, "a signature tells who asks");
    town.report("cafe", MAC, "127.0.0.1", Event::Started, used(0, 0)).await;
    let (_, state) = ask(&browser, CAFE).await;
    assert_eq!(state["captive"], false, "and so does a session with that address");
}

#[tokio::test]
async fn a_person_who_opens_the_api_gets_a_page() {
    let town = open().await;
    let browser = town.browser();
    let accept = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
    let answer = browser.ask("GET", PORTAL, API, accept).await;
    assert_eq!(answer.location(), "https://portal.example/");
    assert_eq!(browser.ask("GET", PORTAL, API, "Accept: image/png\r\n").await.status, 406);
    assert_eq!(browser.ask("GET", PORTAL, "/n/x/capport", ACCEPT).await.status, 404);
    assert_eq!(browser.ask("POST", PORTAL, API, ACCEPT).await.status, 405);
}
