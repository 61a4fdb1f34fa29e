//! Pages of whom a device belongs to: its devices, and who is let see them.

use domain::{GrantEnd, GrantState, OrderReason, Usage};

use crate::browser::{Answer, Browser};
use crate::town::{Event, MAC, Town};

const OTHER: &str = "02:00:5e:10:00:02";

/// Two devices of one person that are online; the page is the first one's.
pub async fn two_devices(town: &Town, browser: &Browser) -> Answer {
    let first = town.go_online(browser, MAC, "10.1.0.7").await;
    town.go_online(browser, OTHER, "10.1.0.8").await;
    town.wait(60);
    town.report("gate", OTHER, "10.1.0.8", Event::Interim, Usage::default()).await;
    browser.visit(&format!("{}status", first.base())).await
}

#[tokio::test]
async fn a_retired_device_is_offline_and_forgotten() {
    let town = Town::open().await;
    let browser = town.english();
    let status = two_devices(&town, &browser).await;
    assert!(status.body.contains("<a href=\"devices\">My devices</a>"), "{}", status.body);
    let page = browser.visit(&format!("{}devices", status.base())).await;
    assert!(page.shows("••:00:02"), "{}", page.body);
    assert!(page.shows("Last seen: 2026-11-25 12:01"), "{}", page.body);
    assert!(page.body.contains("2026\u{2011}11\u{2011}25"), "a line may end within the day");
    assert!(!page.body.contains("5e:10"), "no hardware address is shown");
    assert_eq!(page.body.matches("This device").count(), 1);
    assert_eq!(page.body.matches("name=\"device\"").count(), 1, "this device cannot be removed");
    let key = page.between("name=\"device\" value=\"", "\"");

    let done = browser.post(&page, "devices", &[("device", &key)]).await;
    let page = browser.visit(&done.location()).await;
    assert!(page.shows("The device was removed and disconnected."), "{}", page.body);
    assert!(!page.body.contains("name=\"device\"") && !page.shows("00:02"));
    let grant = town.store.find_grant(OTHER.parse().unwrap()).await.unwrap().unwrap();
    assert!(matches!(grant.state, GrantState::Ended { why: GrantEnd::GivenUp, .. }));
    let orders = town.store.list_orders(&store::OrderFilter::latest(1)).await.unwrap();
    assert_eq!(orders[0].reason, OrderReason::DeviceRetired);
    assert_eq!(orders[0].device, OTHER.parse().unwrap());
    let account = grant.account;
    let record = town.store.account_record(account).await.unwrap().unwrap();
    let known: Vec<_> = record.devices.iter().map(|device| device.mac.to_string()).collect();
    assert_eq!(known, [MAC]);
    let links = town.store.list_audit_links(0, 10).await.unwrap();
    assert_eq!((links[0].act.as_str(), links[0].actor.as_str()), ("device-retired", "visitor"));
    assert_eq!(links[0].subject, format!("account:{account}"));

    // Nothing else can be retired: not this device, nor one of somebody else.
    for key in ["", &key, "x"] {
        let target = format!("{}devices", page.base());
        let answer = browser.post_to(&target, &[("device", key)]).await;
        assert!(answer.location().ends_with("/devices"), "{key}");
    }
    assert!(town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap().holds(town.now()));
}

#[tokio::test]
async fn many_devices_are_shown_page_by_page() {
    let town = Town::open_on(
        domain::Plan { devices: 9, ..domain::Plan::visitor("visitor".parse().unwrap()) },
        |settings| {
            settings.limits.challenges_per_quarter_hour = 100;
            settings.limits.challenges_per_day = 100;
            settings.limits.sends_per_day = 100;
        },
    )
    .await;
    let browser = town.browser();
    for device in 1..=7 {
        let mac = format!("02:00:5e:10:00:0{device}");
        town.go_online(&browser, &mac, &format!("10.1.0.{device}")).await;
        town.wait(1);
    }
    let entry = town.gate_redirect(MAC, "10.1.0.1");
    let base = browser.visit(&entry).await.base();
    let first = browser.visit(&format!("{base}devices")).await;
    assert!(first.body.len() <= 6_000, "{}", first.body.len());
    assert_eq!(first.body.matches("00:0").count() - first.body.matches("aria-label").count(), 5);
    let next = first.between("<a class=\"go second\" href=\"devices?p=", "\"");
    let second = browser.visit(&format!("{base}devices?p={next}")).await;
    assert_eq!(second.body.matches("name=\"device\"").count(), 1, "{}", second.body);
    assert!(second.body.contains("هذا الجهاز") && !second.body.contains("devices?p="));
    for page in ["9", "x", "18446744073709551615"] {
        assert_eq!(browser.visit(&format!("{base}devices?p={page}")).await.status, 200, "{page}");
    }
}

#[tokio::test]
async fn a_plain_query_shows_nothing_of_who_owns_a_device() {
    let town = Town::open().await;
    let browser = town.english();
    // The mall signs no redirects; the phone is online there, from another address than ours.
    let entry = format!("/n/path-of-the-mall/?mac={MAC}&ip=10.9.0.7");
    town.sign_in(&browser, &entry, crate::town::PHONE).await;
    town.report("mall", MAC, "10.9.0.7", Event::Started, Usage::default()).await;
    let base = browser.visit(&entry).await.base();
    let page = browser.visit(&format!("{base}status")).await;
    assert!(!page.body.contains("href=\"devices\""), "{}", page.body);
    let page = browser.visit(&format!("{base}devices")).await;
    assert_eq!(page.status, 403, "{}", page.body);
    let answer = browser.post_to(&format!("{base}devices"), &[("device", "x")]).await;
    assert_eq!(answer.status, 403);
    // From the address of its own session the same page opens.
    town.report("mall", MAC, "127.0.0.1", Event::Interim, Usage::default()).await;
    let page = browser.visit(&format!("{base}devices")).await;
    assert_eq!((page.status, page.title().as_str()), (200, "My devices"));
}

#[tokio::test]
async fn a_name_that_is_easy_to_remember_leads_to_the_status() {
    let town = Town::open_with(|settings| {
        settings.host_names = vec!["wifi.ahsa.example".into()];
    })
    .await;
    let browser = town.english();
    town.go_online(&browser, MAC, "127.0.0.1").await;
    let answer = browser.ask("GET", "wifi.ahsa.example", "/", "").await;
    assert!(answer.location().ends_with("/status"), "{}", answer.location());
    let page = browser.ask("GET", "WiFi.ahsa.example", &answer.location(), "").await;
    assert_eq!(page.title(), "Session status");
    // Any other name is somebody's probe or page.
    let foreign = browser.ask("GET", "another.example", "/status", "").await;
    assert!(!foreign.header("location").contains("/v/"), "{:?}", foreign.headers);
}

#[tokio::test]
async fn a_stay_is_rated_once_and_without_a_name() {
    let town = Town::open().await;
    let browser = town.english();
    let base = town.go_online(&browser, MAC, "10.1.0.7").await.base();
    let status = browser.visit(&format!("{base}status")).await;
    assert!(status.body.contains("<a href=\"rate\">Rate my visit</a>"), "{}", status.body);
    let page = browser.visit(&format!("{base}rate")).await;
    assert_eq!(page.body.matches("type=\"radio\"").count(), 5);
    for score in ["", "0", "6", "five"] {
        let answer = browser.post(&page, "rate", &[("score", score)]).await;
        assert!(answer.location().ends_with("rate?e=score"), "{score}");
    }
    let site = "walkway".parse().unwrap();
    let day = domain::Day::from_epoch_days(0);
    for (score, reason) in [("4", " fast\nhere "), ("1", "twice")] {
        let answer = browser.post(&page, "rate", &[("score", score), ("reason", reason)]).await;
        let thanks = browser.visit(&answer.location()).await;
        assert!(thanks.shows("Thank you, we received your rating."), "{}", thanks.body);
    }
    assert_eq!(town.store.count_ratings(&site, day).await.unwrap(), [0, 0, 0, 1, 0]);
    let kept = town.store.list_reasoned_ratings(&site, day, 10).await.unwrap();
    assert_eq!((kept.len(), kept[0].reason.as_str()), (1, "fasthere"));
    assert_eq!(town.store.list_audit_links(0, 10).await.unwrap(), []);
    // Who is not online rates nothing.
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, Usage::default()).await;
    let answer = browser.post_to(&format!("{base}rate"), &[("score", "5")]).await;
    assert!(answer.location().ends_with('/'), "{}", answer.location());
}
