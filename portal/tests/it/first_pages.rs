//! The first page is answered without hyper where it can be, and nobody notices.

use std::time::Instant;

use domain::SiteName;

use crate::browser::{Answer, Browser, PORTAL};
use crate::town::{MAC, PHONE, Town};

/// Asks twice: as phones do, and as hyper has it, which gets whoever knows of trailers.
async fn ask(browser: &Browser, host: &str, target: &str) -> Answer {
    let [early, hypers] = [
        browser.ask("GET", host, target, "").await,
        browser.ask("GET", host, target, "TE: trailers\r\n").await,
    ];
    // Their order says nothing (RFC 9110 s5.3).
    let told = |answer: &Answer| {
        let mut fields = answer.headers.clone();
        fields.retain(|(name, _)| name != "date");
        fields.sort();
        (answer.status, fields, answer.body.clone())
    };
    assert_eq!(told(&early), told(&hypers), "{host}{target}");
    assert!(!early.header("date").is_empty());
    early
}

/// Whether hyper had nothing to do with it: an answer through the router has its length earlier.
fn is_early(answer: &Answer) -> bool {
    answer.headers.iter().rev().find(|(name, _)| name != "date").unwrap().0 == "content-length"
}

/// The pages of visits from everywhere, in several languages.
async fn arrivals(town: &Town) -> Vec<(Browser, String)> {
    let long = format!("{}x", "way/".repeat(40));
    let entries = [
        town.gate_redirect(MAC, "10.1.0.7"),
        format!("/n/path-of-the-mall/?mac={MAC}&ip=10.3.0.7&url=http://news.example/{long}"),
        format!(
            "/n/path-of-the-plaza/?switch_url=https://192.0.2.9/login.html&client_mac={MAC}&wlan=Guest"
        ),
    ];
    let mut pages = Vec::new();
    for browser in [town.browser(), town.english(), town.browser_in("ur")] {
        for entry in &entries {
            pages.push((browser.clone(), browser.get(entry).await.location()));
        }
    }
    pages
}

#[tokio::test]
async fn whoever_asks_and_however_the_first_page_is_hypers() {
    let town = Town::open().await;
    let pages = arrivals(&town).await;
    let mut bodies = std::collections::HashSet::new();
    for (browser, page) in &pages {
        let answer = ask(browser, PORTAL, page).await;
        assert!(answer.body.contains("action=\"phone\""), "{}", answer.body);
        assert_eq!((answer.base(), is_early(&answer)), (page.clone(), true));
        assert!(bodies.insert(answer.body.clone()), "each has a token of its own");
        assert_eq!(ask(browser, PORTAL, page.trim_end_matches('/')).await.body, answer.body);
        for marks in ["?lang=en", "?e=locked", "?", "//", "code"] {
            assert!(!is_early(&ask(browser, PORTAL, &format!("{page}{marks}")).await), "{marks}");
        }
        for host in ["portal.example:80", "PORTAL.example", "127.0.0.1", "captive.apple.com"] {
            ask(browser, host, page).await;
        }
        let forged = page.replacen("/v/", "/v/A", 1);
        assert_eq!(ask(browser, PORTAL, &forged).await.status, 403);
    }
    // Where their forms lead is the access point's own.
    let policy = |answer: &Answer| answer.header("content-security-policy").to_owned();
    let [gate, plaza] = [&pages[0], &pages[2]];
    let [gate, plaza] =
        [ask(&gate.0, PORTAL, &gate.1).await, ask(&plaza.0, PORTAL, &plaza.1).await];
    assert!(policy(&plaza).contains("https://192.0.2.9"), "{}", policy(&plaza));
    assert!(!policy(&gate).contains("192.0.2.9"), "{}", policy(&gate));
}

#[tokio::test]
async fn a_token_that_grows_old_is_renewed_and_ends_as_on_any_page() {
    let town = Town::open().await;
    let browser = town.browser();
    let page = browser.get(&town.gate_redirect(MAC, "10.1.0.7")).await.location();
    town.wait(61);
    let renewed = ask(&browser, PORTAL, &page).await.base();
    assert_ne!(renewed, page);
    town.wait(1_750);
    assert_eq!(ask(&browser, PORTAL, &page).await.status, 403);
    assert_eq!(ask(&browser, PORTAL, &renewed).await.status, 200);
}

#[tokio::test]
async fn a_change_of_the_site_or_of_the_journey_is_on_the_next_page() {
    let town = Town::open().await;
    let browser = town.english();
    let page = browser.get(&town.gate_redirect(MAC, "10.1.0.7")).await.location();
    let site: SiteName = "walkway".parse().unwrap();
    assert!(ask(&browser, PORTAL, &page).await.shows("Al-Ahsa Walkway"));
    let title = |site: &mut domain::Site| {
        site.title = site.title.clone().with(domain::Language::english(), "Palm Walk");
    };
    town.store.change_site(&site, &mut { title }).await.unwrap();
    assert!(ask(&browser, PORTAL, &page).await.shows("Palm Walk"));

    let full = |site: &mut domain::Site| site.capacity = Some(0);
    town.store.change_site(&site, &mut { full }).await.unwrap();
    let answer = ask(&browser, PORTAL, &page).await;
    assert!(!answer.body.contains("action=\"phone\""), "{}", answer.body);
    let roomy = |site: &mut domain::Site| site.capacity = None;
    town.store.change_site(&site, &mut { roomy }).await.unwrap();

    let shown = ask(&browser, PORTAL, &page).await;
    browser.post(&shown, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    assert_eq!(ask(&browser, PORTAL, &page).await.location(), format!("{page}code"));
    let shown = browser.visit(&page).await;
    let code = town.next_code().await;
    browser.post(&shown, "code", &[("code", &code)]).await;
    assert_eq!(ask(&browser, PORTAL, &page).await.location(), format!("{page}go"));
}

#[tokio::test]
async fn a_first_page_that_takes_too_long_is_given_up_once() {
    let town = Town::open_on_postgres(|settings| settings.limits.request_seconds = 1).await;
    let browser = town.browser();
    let page = browser.get(&town.gate_redirect(MAC, "10.1.0.7")).await.location();
    let held = town.store.hold().await;
    let mut took = Vec::new();
    for more in ["", "TE: trailers\r\n"] {
        let begun = Instant::now();
        assert_eq!(browser.ask("GET", PORTAL, &page, more).await.status, 408);
        took.push(begun.elapsed());
    }
    // Begun again by hyper, it would take twice as long.
    assert!(took[0] < took[1].mul_f64(1.5), "{took:?}");
    drop(held);
    let answer = browser.get(&page).await;
    assert_eq!((answer.status, is_early(&answer)), (200, true), "{}", answer.body);
}
