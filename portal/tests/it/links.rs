//! Stories of the link in a message, opened in another browser than the device's own.

use domain::{GrantState, OrderKind, Usage};
use portal::MessageForm;
use store::OrderFilter;

use crate::browser::{Answer, Browser};
use crate::pages::{LANGUAGES, budget_of};
use crate::town::{Event, MAC, PHONE, Town};

const ORIGIN: &str = "https://wifi.alhasa.gov.sa";

/// A town whose messages carry links.
async fn town() -> Town {
    town_of(|_| {}).await
}

async fn town_of(change: impl FnOnce(&mut portal::PortalSettings)) -> Town {
    Town::open_with(|settings| {
        settings.message_form = MessageForm::Link;
        settings.secure_url = Some(ORIGIN.into());
        change(settings);
    })
    .await
}

/// Asks for a code at an access point; returns the page of the code, and the link's path.
async fn ask(town: &Town, browser: &Browser, entry: &str) -> (Answer, String) {
    let page = browser.visit(entry).await;
    let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    let text = town.next_message().await.expect("a message waits");
    let link = text.lines().find_map(|line| line.strip_prefix(ORIGIN)).expect(&text);
    assert_eq!(link.len(), "/t/".len() + 10, "{link}");
    (page, link.to_owned())
}

async fn orders(town: &Town) -> Vec<domain::NasOrder> {
    town.store.list_orders(&OrderFilter::latest(10)).await.unwrap()
}

async fn is_in(town: &Town) -> bool {
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap();
    grant.is_some_and(|grant| grant.state == GrantState::Live)
}

#[tokio::test]
async fn a_link_lets_the_device_in_that_asked_whatever_browser_opens_it() {
    let town = town().await;
    let sheet = town.english();
    let (code, link) = ask(&town, &sheet, &town.gate_redirect(MAC, "10.1.0.7")).await;
    assert!(code.shows("Or tap the link in the message."), "{}", code.body);

    // Messages open another browser, which knows nothing of the sheet.
    let other = town.browser_in("fr");
    let page = other.get(&link).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Log a device in"));
    let asked = "Device ••:00:01 asked at 12:00 to log in with the number +9665•••••567.";
    assert!(page.shows(asked), "{}", page.body);
    assert!(page.shows("did you request access for this device?"));
    assert!(page.shows("Al-Ahsa Walkway"));
    let opened = other.post(&page, &link[1..], &[]).await;
    let opened = other.visit(&opened.location()).await;
    assert_eq!(opened.title(), "Login confirmed");
    assert!(opened.shows("The device is being connected to the internet now."), "{}", opened.body);

    let [order] = &orders(&town).await[..] else { panic!("one order") };
    assert_eq!((order.kind, order.nas.as_str()), (OrderKind::Reauthenticate, "gate"));
    assert_eq!(order.device.to_string(), MAC);
    town.report("gate", MAC, "10.1.0.7", Event::Started, Usage::default()).await;
    // The sheet, wherever it was, finds itself at the end.
    let page = sheet.visit(&format!("{}code", code.base())).await;
    assert_eq!(page.title(), "Session status");
}

#[tokio::test]
async fn at_a_login_page_the_sheet_finishes_when_it_is_opened_again() {
    let town = town().await;
    let sheet = town.english();
    let entry = "/n/path-of-the-plaza/?switch_url=http%3A%2F%2F192.0.2.9%2Flogin.html\
        &client_mac=02%3A00%3A5e%3A10%3A00%3A01&ap_mac=00%3A0b%3A85%3A00%3A00%3A01&wlan=Plaza";
    let (_, link) = ask(&town, &sheet, entry).await;
    let page = town.english().get(&link).await;
    let opened = town.english().post(&page, &link[1..], &[]).await;
    let opened = town.english().visit(&opened.location()).await;
    assert!(opened.shows("Open the Wi-Fi login page on that device again"), "{}", opened.body);
    assert!(is_in(&town).await);
    assert_eq!(orders(&town).await.len(), 0);
    let form = sheet.visit(entry).await;
    assert!(form.body.contains("action=\"http://192.0.2.9/login.html\""), "{}", form.body);
}

#[tokio::test]
async fn looking_at_a_link_uses_nothing_up() {
    let town = town().await;
    let browser = town.english();
    let (code, link) = ask(&town, &browser, &town.gate_redirect(MAC, "10.1.0.7")).await;
    for _ in 0..7 {
        assert_eq!(browser.get(&link).await.title(), "Log a device in");
        let head = browser.ask("HEAD", crate::browser::PORTAL, &link, "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        // Nor does opening the end of it beforehand.
        let early = browser.get(&format!("{link}/opened")).await;
        assert_eq!(early.location(), link);
    }
    assert!(!is_in(&town).await);
    let wrong = browser.post(&code, "code", &[("code", "000000")]).await;
    let page = browser.visit(&wrong.location()).await;
    assert!(page.shows("4 attempts left."), "no look was an attempt");
}

#[tokio::test]
async fn a_link_opened_elsewhere_asks_for_which_device_and_leads_to_none_of_its_pages() {
    let town = town().await;
    let (_, link) = ask(&town, &town.english(), &town.gate_redirect(MAC, "10.1.0.7")).await;
    let page = town.english().get(&link).await;
    assert_eq!(page.base(), "/");
    assert!(!page.body.contains("/v/") && !page.shows(MAC) && !page.shows("551234567"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    let help = town.english().get("/help").await;
    assert_eq!(help.title(), "Help");
    assert!(page.body.contains("href=\"help\""));
    // In another language the page is still about the same.
    let arabic = town.english().get(&format!("{link}?lang=ar")).await;
    assert!(arabic.shows("هل أنت من طلب الدخول لهذا الجهاز؟"), "{}", arabic.body);
}

#[tokio::test]
async fn an_old_link_says_so() {
    let town = town().await;
    let browser = town.english();
    let says_so = async |link: &str| {
        let page = browser.get(link).await;
        assert_eq!((page.status, page.title().as_str()), (410, "The link is not good any more"));
        assert!(page.shows("This login link was used or has expired."), "{}", page.body);
    };
    let (_, link) = ask(&town, &browser, &town.gate_redirect(MAC, "10.1.0.7")).await;
    let page = browser.get(&link).await;
    for _ in 0..2 {
        // Who taps twice sees what the first tap did.
        let opened = browser.post(&page, &link[1..], &[]).await;
        assert_eq!(browser.visit(&opened.location()).await.title(), "Login confirmed");
    }
    assert_eq!(orders(&town).await.len(), 1, "and nothing is done twice");
    says_so(&link).await;
    for unknown in ["/t/7Q2mZ9xK0a", "/t/x", "/t/7Q2mZ9xK0%D9%A3", "/t/%ff"] {
        says_so(unknown).await;
    }

    let mac = "02:00:5e:10:00:02";
    let (_, link) = ask(&town, &browser, &town.gate_redirect(mac, "10.1.0.8")).await;
    town.wait(299);
    let page = browser.get(&link).await;
    assert_eq!(page.title(), "Log a device in");
    town.wait(1);
    says_so(&link).await;
    let late = browser.post(&page, &link[1..], &[]).await;
    assert_eq!(late.location(), format!("{link}/opened"));
    assert_eq!(browser.visit(&late.location()).await.status, 410);
    assert!(town.store.find_grant(mac.parse().unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_guessed_link_meets_the_same_budget() {
    let town = town_of(|settings| settings.limits.links_per_source = 5).await;
    let browser = town.english();
    let (code, link) = ask(&town, &browser, &town.gate_redirect(MAC, "10.1.0.7")).await;
    for n in 0..5 {
        assert_eq!(browser.get(&format!("/t/7Q2mZ9xK0{n}")).await.status, 410);
    }
    let page = browser.get(&link).await;
    assert_eq!((page.status, page.title().as_str()), (429, "One moment, please"));
    assert_eq!(browser.post_to(&link, &[]).await.status, 429);
    assert!(!is_in(&town).await);
    // Whoever is at the page of the code is not kept from it.
    let page = browser.visit(&format!("{}code", code.base())).await;
    assert_eq!(page.title(), "Enter the code");

    // Codes that were guessed count for the link, too.
    let town = self::town().await;
    let (code, link) = ask(&town, &browser_of(&town), &town.gate_redirect(MAC, "10.1.0.7")).await;
    for n in 0..5 {
        browser_of(&town).post(&code, "code", &[("code", &format!("00000{n}"))]).await;
    }
    assert_eq!(browser_of(&town).get(&link).await.status, 410);
    browser_of(&town).post_to(&link, &[]).await;
    assert!(!is_in(&town).await);
}

fn browser_of(town: &Town) -> Browser {
    town.english()
}

#[tokio::test]
async fn a_link_is_not_opened_while_its_site_is_closed() {
    let town = town().await;
    let browser = town.english();
    let (_, link) = ask(&town, &browser, &town.gate_redirect(MAC, "10.1.0.7")).await;
    let hours = || vec!["daily 20:00-22:00".parse().unwrap()].try_into().unwrap();
    let mut close = |site: &mut domain::Site| site.hours = hours();
    town.store.change_site(&"walkway".parse().unwrap(), &mut close).await.unwrap();
    let page = browser.post_to(&link, &[]).await;
    assert_eq!(page.title(), "The network is closed now");
    assert!(!is_in(&town).await);
}

#[tokio::test]
async fn the_pages_of_a_link_keep_their_budget_in_every_language() {
    for (language, mac) in
        LANGUAGES.into_iter().zip([MAC, "02:00:5e:10:00:02", "02:00:5e:10:00:03"])
    {
        let town = town().await;
        let browser = town.browser_in(language);
        let (code, link) = ask(&town, &browser, &town.gate_redirect(mac, "10.1.0.7")).await;
        let wrong = browser.visit(&format!("{}code?e=wrong", code.base())).await;
        let page = browser.get(&link).await;
        let opened = browser.post(&page, &link[1..], &[]).await;
        let opened = browser.visit(&opened.location()).await;
        let old = browser.get(&link).await;
        for (name, page) in
            [("code", code), ("wrong", wrong), ("link", page), ("opened", opened), ("old", old)]
        {
            let size = page.body.len();
            assert!(size <= budget_of(name), "{language} {name} has {size} bytes");
            assert_eq!(page.header("content-language"), language, "{name}");
        }
    }
}

#[tokio::test]
async fn each_message_has_a_link_of_its_own_and_a_message_about_data_has_none() {
    let town = town().await;
    let browser = town.english();
    let (code, first) = ask(&town, &browser, &town.gate_redirect(MAC, "10.1.0.7")).await;
    town.wait(30);
    browser.post(&code, "resend", &[]).await;
    let text = town.next_message().await.unwrap();
    let second = text.lines().find_map(|line| line.strip_prefix(ORIGIN)).unwrap().to_owned();
    assert_ne!(first, second);
    for link in [&first, &second] {
        assert_eq!(browser.get(link).await.title(), "Log a device in", "messages overtake");
    }
    browser.post_to(&second, &[]).await;
    town.report("gate", MAC, "10.1.0.7", Event::Started, Usage::default()).await;
    assert_eq!(browser.get(&first).await.status, 410, "both were for the same");
    town.wait(1);
    let status = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let ask = browser.visit(&format!("{}me", status.base())).await;
    let sent = browser.post(&ask, "me/send", &[]).await;
    let page = browser.visit(&sent.location()).await;
    assert!(!page.shows("tap the link"), "{}", page.body);
    let text = town.next_message().await.unwrap();
    assert!(text.contains("opens your data page") && !text.contains(ORIGIN), "{text}");
}
