//! A visit at an Omada site with an external portal server: nobody speaks RADIUS, Sabeel tells the
//! controller and asks it.

use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::city::{City, eventually};
use crate::omada_controller::{OmadaController, PASSWORD, SITE, Unit};
use crate::sms_gateway::SmsGateway;
use crate::visit::park;

const DEVICE: &str = "02-00-5E-50-00-01";
const OF_POINT: &str = "clientMac=02-00-5E-50-00-01&clientIp=10.5.0.7&apMac=B8-FB-B3-00-00-01\
    &ssidName=Park&t=1795597200000&radioId=1&site=Default&redirectUrl=http%3A%2F%2Fnews.example%2F";
const OF_GATEWAY: &str = "clientMac=02-00-5E-50-00-01&clientIp=10.5.0.7\
    &gatewayMac=B8-FB-B3-00-00-09&vid=20&t=1795597200000&site=Default\
    &redirectUrl=http%3A%2F%2Fnews.example%2F";

/// Adds the controller's site as an access point; returns the path of its portal.
async fn install(city: &City, controller: &OmadaController) -> String {
    let key = city.dir().join("key");
    std::fs::write(&key, PASSWORD).unwrap();
    let (url, key) = (controller.url(), key.to_str().unwrap());
    let words = ["nas", "add", "lawn", "--site", "walkway", "--address", "10.8.0.1"];
    let api = ["--profile", "omada-api", "--api-url", &url, "--api-site", SITE];
    let right = ["--api-user", "sabeel", "--api-key-file", key];
    let pin = ["--api-certificate", &controller.fingerprint];
    let added = city.json(&[&words[..], &api, &right, &pin].concat()).await;
    added["access_point"]["portal_path"].as_str().unwrap().to_owned()
}

/// From the redirect to the page that says how it went.
async fn sign_in(browser: &Browser, redirect: &str, messages: &mut SmsGateway) -> Answer {
    let page = browser.visit(redirect).await;
    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    let code = messages.next().await.code();
    let waits = browser.submit(&page, "code", &[("code", &code)]).await.location();
    browser.visit(&waits).await
}

#[tokio::test]
async fn a_visitor_at_an_omada_site_is_admitted_counted_and_cut() {
    let (city, mut messages) = park().await;
    let controller = OmadaController::open(Unit::Microseconds).await;
    let path = install(&city, &controller).await;
    assert_eq!(path.len(), 20, "a path that only we would know");
    let tested = city.sabeel(&["nas", "test", "lawn"]).await;
    assert_eq!(tested.code, 0, "{} {}", tested.out, tested.err);
    let browser = Browser::new(city.portal());

    let redirect = format!("/n/{path}/?{OF_POINT}");
    let page = sign_in(&browser, &redirect, &mut messages).await;
    assert_eq!(page.title(), "You are online", "{}", page.body);
    assert!(page.shows("Continue to news.example"), "{}", page.body);
    let order = json!({"clientMac": DEVICE, "apMac": "B8-FB-B3-00-00-01", "ssidName": "Park",
        "radioId": 1, "site": "Default", "time": 7_200_000_000_u64, "authType": 4});
    assert_eq!(controller.told(), [order]);
    assert_eq!(controller.lets_through(DEVICE), [7_200]);

    // What the controller counts is the visitor's usage, also after it threw everybody out.
    controller.uses(DEVICE, 1_000_000, 4_000_000);
    left(&browser, &page, "15 MB").await;
    let logins = controller.logins();
    controller.forgets_logins();
    controller.uses(DEVICE, 500_000, 500_000);
    left(&browser, &page, "14 MB").await;
    assert_eq!(controller.logins(), logins + 1);

    controller.uses(DEVICE, 0, 14_000_001);
    controller.cuts(DEVICE).await;
    eventually("order that accounting shows to be done", async || {
        let orders: Value = serde_json::from_str(&city.ask_admin("/v1/orders").await.body).unwrap();
        orders["items"][0]["state"].get("enforced").map(drop)
    })
    .await;
    let page = browser.visit(&redirect).await;
    assert_eq!(page.title(), "Today's allowance is used up");
    controller.is_asked().await;
    assert_eq!(controller.told().len(), 1, "nothing is left to admit for");
    assert!(!city.log().contains(PASSWORD));
}

/// Waits until the status page says what is left of the data.
async fn left(browser: &Browser, page: &Answer, data: &str) {
    let status = format!("{}status", page.base());
    eventually(data, async || {
        let page = browser.visit(&status).await;
        page.shows(&format!("· {data}")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_controller_that_counts_milliseconds_is_found_out_and_told_so() {
    let (city, mut messages) = park().await;
    let controller = OmadaController::open(Unit::Milliseconds).await;
    let path = install(&city, &controller).await;
    let browser = Browser::new(city.portal());
    let page = sign_in(&browser, &format!("/n/{path}/?{OF_GATEWAY}"), &mut messages).await;
    assert_eq!(page.title(), "You are online", "{}", page.body);
    assert_eq!(controller.lets_through(DEVICE), [7_200], "and not 83 days");
    let order = |time: u64| {
        json!({"clientMac": DEVICE, "gatewayMac": "B8-FB-B3-00-00-09", "vid": 20,
            "site": "Default", "time": time, "authType": 4})
    };
    assert_eq!(controller.told(), [order(7_200_000_000), order(7_200_000)]);
}

#[tokio::test]
async fn a_redirect_that_names_no_place_and_a_password_that_is_wrong_lead_nowhere() {
    let (city, mut messages) = park().await;
    let controller = OmadaController::open(Unit::Microseconds).await;
    let path = install(&city, &controller).await;
    let browser = Browser::new(city.portal());
    for query in [
        "clientMac=02-00-5E-50-00-01&site=Default",
        "clientMac=02-00-5E-50-00-01&apMac=B8-FB-B3-00-00-01&ssidName=Park&site=Default",
        "clientMac=02-00-5E-50-00-01&gatewayMac=B8-FB-B3-00-00-09&site=Default",
        "apMac=B8-FB-B3-00-00-01&ssidName=Park&radioId=1&site=Default",
    ] {
        assert_eq!(browser.get(&format!("/n/{path}/?{query}")).await.status, 400, "{query}");
    }
    let key = city.dir().join("other");
    std::fs::write(&key, "another password").unwrap();
    let (url, key) = (controller.url(), key.to_str().unwrap());
    let set = ["nas", "set", "lawn", "--api-url", &url, "--api-site", SITE];
    let pin = ["--api-certificate", &controller.fingerprint, "--api-key-file", key];
    let said = city.sabeel(&[&set[..], &pin].concat()).await;
    assert_eq!(said.code, 1, "an API key lets nobody in: {}", said.out);
    assert!(said.err.contains("needs the user"), "{}", said.err);
    let changed = city.json(&[&set[..], &pin, &["--api-user", "sabeel"]].concat()).await;
    assert_eq!(changed["portal_path"], path, "another key is no reason for another path");
    let tested = city.sabeel(&["nas", "test", "lawn"]).await;
    assert!(tested.out.contains("does not take the key"), "{}", tested.out);
    let logins = controller.logins();
    city.sabeel(&["nas", "test", "lawn"]).await;
    assert_eq!(controller.logins(), logins, "who insists is locked out");

    // The right password, and what waited is told.
    std::fs::write(city.dir().join("other"), PASSWORD).unwrap();
    city.json(&[&set[..], &pin, &["--api-user", "sabeel"]].concat()).await;
    let page = sign_in(&browser, &format!("/n/{path}/?{OF_POINT}"), &mut messages).await;
    assert_eq!(page.title(), "You are online", "{}", page.body);
}
