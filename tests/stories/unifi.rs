//! A visit at a UniFi site: nobody speaks RADIUS, Sabeel tells the controller and asks it.

use hyper::Request;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::browser::{Answer, Browser, exchange};
use crate::city::{City, eventually};
use crate::sms_gateway::SmsGateway;
use crate::unifi_controller::{KEY, Kind, PASSWORD, UnifiController};
use crate::visit::park;

const DEVICE: &str = "02:00:5e:30:00:01";
const POINTS: usize = 2;
const REDIRECT: &str = "/guest/s/default/?ap=74:83:c2:00:00:01&id=02:00:5E:30:00:01&t=1795597200\
    &url=http://news.example%2f&ssid=Park";

/// Adds the controller's site as an access point.
async fn install(city: &City, controller: &UnifiController, kind: Kind) -> Value {
    let (user, secret) = match kind {
        Kind::Classic | Kind::Os => (&["--api-user", "sabeel"][..], PASSWORD),
        Kind::Official => (&[][..], KEY),
    };
    let key = city.dir().join("key");
    std::fs::write(&key, secret).unwrap();
    let (url, key) = (controller.url(), key.to_str().unwrap());
    let words = ["nas", "add", "unifi", "--site", "walkway", "--address", "10.9.0.1"];
    let api = ["--profile", "unifi-api", "--api-url", &url, "--api-site", "default"];
    let right = ["--api-key-file", key, "--api-certificate", &controller.fingerprint];
    city.json(&[&words[..], &api, &right, user].concat()).await
}

/// From the redirect to the answer of the page that waits.
async fn sign_in(browser: &Browser, messages: &mut SmsGateway) -> JoinHandle<Answer> {
    let page = browser.visit(REDIRECT).await;
    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    let code = messages.next().await.code();
    let waits = browser.submit(&page, "code", &[("code", &code)]).await.location();
    let browser = browser.clone();
    tokio::spawn(async move { browser.visit(&waits).await })
}

fn admission(kind: Kind) -> Value {
    match kind {
        Kind::Classic | Kind::Os => json!({"cmd": "authorize-guest", "mac": DEVICE,
            "minutes": 120, "bytes": 20, "down": 10_000, "up": 2_000}),
        Kind::Official => json!({"action": "AUTHORIZE_GUEST_ACCESS", "timeLimitMinutes": 120,
            "dataUsageLimitMBytes": 20, "rxRateLimitKbps": 10_000, "txRateLimitKbps": 2_000}),
    }
}

/// How often the controller is told of one admission.
fn tellings(kind: Kind) -> usize {
    if kind == Kind::Official { 1 } else { 1 + POINTS }
}

#[tokio::test]
async fn a_visitor_at_a_classic_controller_is_admitted_counted_and_cut() {
    visit(Kind::Classic).await;
}

#[tokio::test]
async fn a_visitor_at_unifi_os_is_admitted_counted_and_cut() {
    visit(Kind::Os).await;
}

#[tokio::test]
async fn a_visitor_is_admitted_by_the_official_api() {
    visit(Kind::Official).await;
}

async fn visit(kind: Kind) {
    let (city, mut messages) = park().await;
    let controller = UnifiController::open(kind).await;
    install(&city, &controller, kind).await;
    let tested = city.sabeel(&["nas", "test", "unifi"]).await;
    assert_eq!(tested.code, 0, "{} {}", tested.out, tested.err);
    assert!(tested.out.contains("takes the key"), "{}", tested.out);
    let browser = Browser::new(city.portal());
    controller.joins(DEVICE);

    // Told with everything, and what the controller says is believed once it is so.
    let waiting = sign_in(&browser, &mut messages).await;
    if kind == Kind::Official {
        controller.is_asked().await;
        assert!(controller.told().is_empty(), "the device is not listed yet");
    }
    controller.appears(DEVICE);
    let told = controller.is_told(tellings(kind)).await;
    assert_eq!(controller.told()[0], admission(kind));
    if kind != Kind::Official {
        assert_eq!(told["ap_mac"], "74:83:c2:00:00:02");
        assert_eq!(told["minutes"], 120);
    }
    controller.is_asked().await;
    assert!(!waiting.is_finished(), "the way is not open yet");
    controller.lets_through(DEVICE);
    let page = waiting.await.unwrap();
    assert_eq!(page.title(), "You are online", "{}", page.body);
    assert!(page.shows("Continue to news.example"), "{}", page.body);

    // What the controller counts is the visitor's usage.
    controller.uses(DEVICE, 1_000_000, 4_000_000);
    let status = format!("{}status", page.base());
    left(&browser, &status, "15 MB").await;

    // It restarts, forgets who may go online, and is told again.
    controller.restarts();
    controller.is_told(2 * tellings(kind)).await;
    controller.lets_through(DEVICE);
    controller.is_asked().await;
    controller.uses(DEVICE, 500_000, 500_000);
    left(&browser, &status, "14 MB").await;
    if kind != Kind::Official {
        assert!(controller.logins() >= 2, "its logins were gone");
    }

    controller.uses(DEVICE, 0, 14_000_001);
    let told = controller.is_told(2 * tellings(kind) + 1).await;
    let revoked = match kind {
        Kind::Classic | Kind::Os => json!({"cmd": "unauthorize-guest", "mac": DEVICE}),
        Kind::Official => json!({"action": "UNAUTHORIZE_GUEST_ACCESS"}),
    };
    assert_eq!(told, revoked);
    eventually("order that accounting shows to be done", async || {
        let orders: Value = serde_json::from_str(&city.ask_admin("/v1/orders").await.body).unwrap();
        orders["items"][0]["state"].get("enforced").map(drop)
    })
    .await;
    let page = browser.visit(REDIRECT).await;
    assert_eq!(page.title(), "Today's allowance is used up");
    controller.is_asked().await;
    assert_eq!(controller.told().len(), 2 * tellings(kind) + 1, "nothing is left to admit for");
    assert!(!city.log().contains(KEY) && !city.log().contains(PASSWORD));
}

/// Waits until the status page says what is left of the data.
async fn left(browser: &Browser, status: &str, data: &str) {
    eventually(data, async || {
        let page = browser.visit(status).await;
        page.shows(&format!("· {data}")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_controller_that_is_away_or_refuses_is_explained_and_tried_again() {
    let messages = SmsGateway::open().await;
    let settings = messages.settings();
    let mut settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    settings.push("portal.limits.request-seconds = 4");
    let city = City::begin(&settings).await;
    crate::visit::found_a_park(&city).await;
    let mut messages = messages;
    let controller = UnifiController::open(Kind::Os).await;
    install(&city, &controller, Kind::Os).await;
    controller.joins(DEVICE);
    controller.appears(DEVICE);
    controller.is_away(true);
    let browser = Browser::new(city.portal());

    let late = sign_in(&browser, &mut messages).await.await.unwrap();
    assert_eq!(late.title(), "This takes longer than usual", "{}", late.body);
    controller.is_away(false);
    controller.is_told(1).await;
    controller.lets_through(DEVICE);
    let page = eventually("session", async || {
        let page = browser.visit(&format!("{}online", late.base())).await;
        (page.title() == "You are online").then_some(page)
    })
    .await;

    // The password changes, and the admin is told so.
    let key = city.dir().join("other");
    std::fs::write(&key, "another password").unwrap();
    let (url, key) = (controller.url(), key.to_str().unwrap());
    let set = ["nas", "set", "unifi", "--api-url", &url, "--api-site", "default"];
    let right = ["--api-user", "sabeel", "--api-certificate", &controller.fingerprint];
    let said = city.sabeel(&[&set[..], &right, &["--api-key-file", key]].concat()).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let tested = city.sabeel(&["nas", "test", "unifi"]).await;
    assert_ne!(tested.code, 0, "{}", tested.out);
    assert!(tested.out.contains("does not take the key"), "{}", tested.out);
    let logins = controller.logins();
    city.sabeel(&["nas", "test", "unifi"]).await;
    assert_eq!(controller.logins(), logins, "who insists is locked out");

    // Nor is it taken for the controller who has another certificate.
    let other = UnifiController::open(Kind::Os).await;
    let pinned = ["--api-user", "sabeel", "--api-certificate", &other.fingerprint];
    let said = city.sabeel(&[&set[..], &pinned].concat()).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let tested = city.sabeel(&["nas", "test", "unifi"]).await;
    assert!(tested.out.contains("not one of the certificate named"), "{}", tested.out);
    assert_eq!(controller.logins(), logins);

    let status = browser.visit(&format!("{}status", page.base())).await;
    assert_eq!(status.title(), "Session status", "a session goes on while nobody can be asked");
}

#[tokio::test]
async fn a_redirect_of_another_site_or_without_a_device_leads_nowhere() {
    let (city, _messages) = park().await;
    let controller = UnifiController::open(Kind::Official).await;
    let added = install(&city, &controller, Kind::Official).await;
    assert!(!added.to_string().contains(KEY), "{added}");
    let browser = Browser::new(city.portal());
    for redirect in [
        "/guest/s/other/?id=02:00:5e:30:00:01&ap=74:83:c2:00:00:01",
        "/guest/s/default/?ap=74:83:c2:00:00:01",
        "/guest/s/default/?id=02:00:5e:30:00:01&id=02:00:5e:30:00:02",
        "/guest/s/default/?ec=c2VhbGVk",
    ] {
        assert_eq!(browser.get(redirect).await.status, 400, "{redirect}");
    }
    assert_eq!(browser.visit(REDIRECT).await.status, 200);
    // The same site of another controller could not be told from it.
    let key = city.dir().join("key");
    let same = ["nas", "add", "second", "--site", "walkway", "--address", "10.9.0.2"];
    let api = ["--profile", "unifi-api", "--api-url", "https://10.9.0.2", "--api-site", "default"];
    let right = ["--api-key-file", key.to_str().unwrap()];
    let said = city.sabeel(&[&same[..], &api, &right].concat()).await;
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("portal path of another one"), "{}", said.err);
    for wrong in [
        &["--profile", "unifi-api"][..],
        &["--profile", "unifi", "--hand-off", "unifi-api"],
        &["--profile", "unifi-api", "--hand-off", "mac-authentication"],
    ] {
        let said = city.sabeel(&[&same[..], wrong].concat()).await;
        assert_eq!(said.code, 1, "{wrong:?}: {}", said.err);
    }
}

#[tokio::test]
async fn two_controllers_with_a_site_of_one_name_are_told_apart_by_the_host() {
    let mut messages = SmsGateway::open().await;
    let mut settings = messages.settings().to_vec();
    settings.push("portal.host-names = [\"garden-7.portal.example\"]".to_owned());
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let city = City::begin(&settings).await;
    crate::visit::found_a_park(&city).await;
    let first = UnifiController::open(Kind::Os).await;
    install(&city, &first, Kind::Os).await;
    let second = UnifiController::open(Kind::Os).await;
    let key = city.dir().join("key");
    let (url, key) = (second.url(), key.to_str().unwrap());
    let words = ["nas", "add", "garden", "--site", "walkway", "--address", "10.9.0.2"];
    let api = ["--profile", "unifi-api", "--api-url", &url, "--api-user", "sabeel"];
    let right = ["--api-key-file", key, "--api-certificate", &second.fingerprint];
    let host = ["--api-visitor-host", "Garden-7.portal.example"];
    let added = city.json(&[&words[..], &api, &right, &host].concat()).await;
    assert_eq!(added["access_point"]["hand_off"]["api"]["site"], "default");
    let shown = city.sabeel(&["nas", "onboard", "garden"]).await;
    assert!(shown.out.contains("garden-7.portal.example"), "{} {}", shown.out, shown.err);
    for controller in [&first, &second] {
        controller.joins(DEVICE);
        controller.appears(DEVICE);
    }

    let browser = Browser::new(city.portal());
    let by_name = Request::get(REDIRECT)
        .header("host", "garden-7.PORTAL.example:80")
        .header("accept-language", "en");
    let by_name = by_name.body(String::new().into()).unwrap();
    let arrived = exchange(browser.connect().await, by_name).await;
    let page = browser.visit(&arrived.location()).await;
    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    let code = messages.next().await.code();
    let waits = browser.submit(&page, "code", &[("code", &code)]).await.location();
    second.is_told(1).await;
    assert!(first.told().is_empty(), "it is not at that one");
    second.lets_through(DEVICE);
    let page = browser.visit(&waits).await;
    assert_eq!(page.title(), "You are online", "{}", page.body);

    // By any other they come to the one that has none of its own.
    let elsewhere = browser.get(REDIRECT).await.location();
    assert!(elsewhere.starts_with("/v/"), "{elsewhere}");
    assert!(browser.get(&format!("{elsewhere}go")).await.location().ends_with("/online"));
    first.is_told(1).await;
    let name = ["nas", "add", "other", "--site", "walkway", "--address", "10.9.0.3"];
    let same = city.sabeel(&[&name[..], &api, &right, &host].concat()).await;
    assert_eq!(same.code, 1, "{}", same.out);
    assert!(same.err.contains("portal path of another one"), "{}", same.err);
}
