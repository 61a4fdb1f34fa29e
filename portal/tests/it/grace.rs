//! Stories of those to whom no code can be sent, where the municipality lets them in for a while.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Claim, Identity, PhoneNumber, Usage};

use crate::browser::{Answer, Browser};
use crate::codes::{Carriers, carriers_with_a_price};
use crate::town::{Event, MAC, PHONE, Town, used};

const OFFER: &str =
    "Messaging is down for now. Your number gets you a short connection of 10 minutes meanwhile.";
const GIVEN: &str =
    "Messaging is down for now. You have a short connection of 10 minutes meanwhile.";
const DOWN: &str = "Messaging is down for now. Vouchers are available";
const OTHER: &str = "02:00:5e:10:00:02";

fn phone() -> PhoneNumber {
    "966551234567".parse().unwrap()
}

async fn type_number(browser: &Browser, page: &Answer) -> Answer {
    browser.post(page, "phone", &[("phone", PHONE), ("terms", "yes")]).await
}

async fn arrive(town: &Town, browser: &Browser, mac: &str) -> Answer {
    browser.visit(&town.gate_redirect(mac, "10.1.0.7")).await
}

#[tokio::test]
async fn who_cannot_be_sent_a_code_is_let_in_for_a_while_once_a_day() {
    let carriers = Arc::new(Carriers::default());
    let town = Town::open_with_grace(carriers.clone()).await;
    let browser = town.english();
    let page = arrive(&town, &browser, MAC).await;
    assert!(page.shows(OFFER) && !page.shows(DOWN), "{}", page.body);
    assert!(page.shows("<button>Connect for 10 minutes</button>"), "{}", page.body);
    let let_in = type_number(&browser, &page).await;
    town.report("gate", MAC, "10.1.0.7", Event::Started, Usage::default()).await;
    let online = browser.visit(&let_in.location()).await;
    assert!(online.title() == "You are online" && online.shows(GIVEN), "{}", online.body);
    assert!(!online.shows("We will recognise this device"), "{}", online.body);
    assert!(town.next_message().await.is_none());
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((grant.plan.as_str(), grant.until.since(town.now()).as_secs()), ("grace", 600));
    // The number is kept, and opens nothing of whoever has it.
    assert_eq!(town.store.find_account(&phone().into()).await.unwrap(), None);
    let claim = Claim { phone: phone(), grant: grant.id };
    let claimed = town.store.find_account(&Identity::Claimed(claim)).await.unwrap();
    assert_eq!(claimed.map(|account| account.id), Some(grant.account));
    let status = browser.visit(&format!("{}status", online.base())).await;
    assert!(status.shows("10 minutes"), "{}", status.body);
    for closed in ["devices", "me"] {
        let page = browser.visit(&format!("{}{closed}", online.base())).await;
        assert_eq!(page.status, 403);
        assert!(page.shows("not proven by a code this time"), "{}", page.body);
    }

    // Somebody else who types it puts nobody out, and shares nothing.
    let page = arrive(&town, &browser, OTHER).await;
    type_number(&browser, &page).await.location();
    let other = town.store.find_grant(OTHER.parse().unwrap()).await.unwrap().unwrap();
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert!(grant.holds(town.now()) && other.account != grant.account);

    town.wait(600);
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(600, 1)).await;
    let page = arrive(&town, &browser, MAC).await;
    assert!(page.shows(DOWN) && !page.shows(OFFER), "once is enough: {}", page.body);
    let code_page = type_number(&browser, &page).await.location();
    assert!(code_page.ends_with("/code"), "{code_page}");
    town.wait(10);
    let page = browser.visit(&code_page).await;
    assert!(page.shows(DOWN) && !page.body.contains("action=\"grace\""), "{}", page.body);
    let refused = browser.post_to(&format!("{}grace", page.base()), &[]).await;
    assert!(refused.location().ends_with("/code"));

    carriers.take_messages.store(true, Ordering::Relaxed);
    let code = town.next_code().await;
    browser.post(&page, "code", &[("code", &code)]).await.location();
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(grant.plan.as_str(), "visitor");
    let account = town.store.find_account(&phone().into()).await.unwrap().unwrap();
    assert_eq!(account.id, grant.account);
}

#[tokio::test]
async fn a_phone_is_told_when_that_ends_and_that_a_code_gives_more() {
    let carriers = Arc::new(Carriers::default());
    let town = Town::open_with_grace(carriers).await;
    let browser = town.english();
    let page = browser.visit(&town.gate_redirect(MAC, "127.0.0.1")).await;
    type_number(&browser, &page).await.location();
    town.report("gate", MAC, "127.0.0.1", Event::Started, Usage::default()).await;
    town.wait(60);
    let answer = browser.get("/n/path-of-the-gate/capport").await;
    let state: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(state["captive"], false, "{state}");
    assert_eq!(state["seconds-remaining"], 540, "{state}");
    assert_eq!(state["can-extend-session"], true, "{state}");
}

#[tokio::test]
async fn who_waits_for_a_code_that_cannot_come_may_go_without() {
    let carriers = Arc::new(Carriers { take_messages: true.into(), ..Carriers::default() });
    let town = Town::open_with_grace(carriers.clone()).await;
    let browser = town.english();
    let page = arrive(&town, &browser, MAC).await;
    let code_page = type_number(&browser, &page).await.location();
    town.wait(10);
    let page = browser.visit(&code_page).await;
    assert!(!page.body.contains("action=\"grace\""), "{}", page.body);
    let refused = browser.post_to(&format!("{}grace", page.base()), &[]).await;
    assert!(refused.location().ends_with("/code"));

    carriers.take_messages.store(false, Ordering::Relaxed);
    let page = browser.visit(&code_page).await;
    assert!(page.shows("Connect for 10 minutes"), "{}", page.body);
    browser.post(&page, "grace", &[]).await.location();
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(grant.plan.as_str(), "grace");

    // The code is good once it comes.
    town.wait(5);
    carriers.take_messages.store(true, Ordering::Relaxed);
    let code = town.next_code().await;
    let entered = browser.post_to(&code_page, &[("code", &code)]).await.location();
    assert!(entered.ends_with("/online"), "{entered}");
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(grant.plan.as_str(), "visitor");
}

#[tokio::test]
async fn nobody_is_let_in_so_who_is_not_there_nor_where_all_come_on_that_plan() {
    let carriers = Arc::new(Carriers::default());
    let town = Town::open_with_grace(carriers).await;
    let browser = town.english();
    // Nothing shows that this device is at the mall.
    let mut only_seen = |nas: &mut domain::Nas| nas.hand_off.sends = domain::SendRule::Seen;
    town.store.change_access_point(&"mall".parse().unwrap(), &mut only_seen).await.unwrap();
    let claimed = "/n/path-of-the-mall/?mac=02:00:5e:10:00:09&ip=10.3.0.7";
    let page = browser.visit(claimed).await;
    assert!(page.shows(OFFER), "{}", page.body);
    assert_eq!(type_number(&browser, &page).await.status, 403);
    assert_eq!(town.store.find_grant("02:00:5e:10:00:09".parse().unwrap()).await.unwrap(), None);

    let site = "walkway".parse().unwrap();
    let on_grace = |site: &mut domain::Site| site.plan = "grace".parse().unwrap();
    town.store.change_site(&site, &mut { on_grace }).await.unwrap();
    let page = arrive(&town, &browser, MAC).await;
    assert!(page.shows(DOWN), "{}", page.body);
    assert!(type_number(&browser, &page).await.location().ends_with("/code"));
}

#[tokio::test]
async fn when_the_money_for_messages_is_spent_they_are_let_in_too() {
    let town = Town::open_with_grace(Arc::new(carriers_with_a_price("5"))).await;
    let browser = town.english();
    let page = arrive(&town, &browser, MAC).await;
    assert!(!page.shows(OFFER), "nothing is known to be wrong yet");
    type_number(&browser, &page).await.location();
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(grant.until.since(town.now()), Duration::from_secs(600));
    let other = arrive(&town, &browser, MAC).await;
    assert_ne!(other.title(), "Welcome to Al-Ahsa Wi-Fi", "{}", other.body);
}
