//! Stories at access points that ask by hardware address.

use std::time::Duration;

use domain::{BitRate, GrantEnd, GrantState, OrderKind, OrderReason, Plan, RatePair, Usage};

use crate::browser::PORTAL;
use crate::town::{Event, MAC, NOON, PHONE, Town, used};

const IP: &str = "127.0.0.1";

#[tokio::test]
async fn a_visitor_gets_online_in_arabic() {
    let town = Town::open().await;
    let browser = town.browser();
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(page.title(), "أهلًا بك في واي فاي الأحساء");
    assert!(page.body.contains("<html lang=\"ar\" dir=\"rtl\">") && page.shows("ممشى الأحساء"));

    let sent = browser.post(&page, "phone", &[("phone", "٠٥٥١٢٣٤٥٦٧"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert!(page.shows("أرسلنا رمزًا من 6 أرقام إلى +9665•••••567."), "{}", page.body);
    assert!(page.shows("يمكن إعادة الإرسال بعد 30 ثانية."));

    let code = town.next_code().await;
    let accepted = browser.post(&page, "code", &[("code", &code)]).await;
    let page = browser.visit(&accepted.location()).await;
    assert_eq!(page.title(), "نفتح لك الطريق");
    assert!(page.body.contains("<a class=\"go\" href=\"online\">"), "{}", page.body);

    let orders = town.store.list_orders(&store::OrderFilter::latest(10)).await.unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].kind, OrderKind::Reauthenticate);
    assert_eq!(orders[0].reason, OrderReason::SignedIn);
    assert_eq!(orders[0].nas.as_str(), "gate");
    assert_eq!(orders[0].device.to_string(), MAC);

    town.report("gate", MAC, "10.1.0.7", Event::Started, Usage::default()).await;
    let page = browser.visit(&accepted.location()).await;
    assert_eq!(page.title(), "تم الاتصال");
    assert!(page.shows("رصيدك اليوم: ساعتان و1 جيجابايت."), "{}", page.body);
    assert!(page.shows("خلال 30 يومًا"));
    assert!(page.body.contains("href=\"http://news.example/today\""));
}

#[tokio::test]
async fn a_visitor_gets_online_in_english_and_sees_what_is_left() {
    let town = Town::open().await;
    let browser = town.english();
    let page = town.go_online(&browser, MAC, "10.1.0.7").await;
    assert_eq!(page.title(), "You are online");
    assert!(page.shows("Today&#39;s allowance: 2 hours and 1 GB."));

    town.wait(1_740);
    town.report("gate", MAC, "10.1.0.7", Event::Interim, used(1_800, 250)).await;
    let page = browser.visit(&format!("{}status", page.base())).await;
    assert_eq!(page.title(), "Session status");
    assert!(page.shows("Left today: 1 hour 30 minutes · 750 MB"), "{}", page.body);
    assert!(page.shows("It renews at 00:00."));
    assert!(page.body.contains("aria-valuenow=\"75\"><i style=\"width:75%\">"));
    assert!(!page.shows("left of today&#39;s allowance."), "{}", page.body);

    town.report("gate", MAC, "10.1.0.7", Event::Interim, used(1_800, 901)).await;
    let page = browser.visit(&format!("{}status", page.base())).await;
    assert!(page.shows("99 MB left of today&#39;s allowance."), "{}", page.body);
    town.report("gate", MAC, "10.1.0.7", Event::Interim, used(6_660, 901)).await;
    let page = browser.visit(&format!("{}status", page.base())).await;
    assert!(page.shows("9 minutes and 99 MB left of today&#39;s allowance."), "{}", page.body);
}

#[tokio::test]
async fn who_comes_back_is_welcomed() {
    let town = Town::open().await;
    let browser = town.english();
    let page = town.go_online(&browser, MAC, "10.1.0.7").await;
    assert!(!page.shows("Welcome back"), "{}", page.body);
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(60, 1)).await;
    town.wait(3_600);
    let mall = "/n/path-of-the-mall/?mac=02:00:5e:10:00:01&ip=10.3.0.7";
    assert_eq!(browser.visit(mall).await.title(), "Opening the way");
    town.report("mall", MAC, "10.3.0.7", Event::Started, Usage::default()).await;
    let page = browser.visit(mall).await;
    let page = browser.visit(&format!("{}online", page.base())).await;
    assert!(page.shows("Welcome back, you are connected."), "{}", page.body);
}

#[tokio::test]
async fn who_takes_the_place_of_an_older_device_is_told() {
    let plan = Plan { devices: 1, ..Plan::visitor("visitor".parse().unwrap()) };
    let town = Town::open_on(plan, |_| {}).await;
    let browser = town.english();
    let first = town.go_online(&browser, MAC, "10.1.0.7").await;
    assert!(!first.shows("device limit"), "{}", first.body);
    town.wait(10);
    let second = town.go_online(&browser, "02:00:5e:10:00:02", "10.1.0.8").await;
    assert!(second.shows("This number has reached its device limit (1)."), "{}", second.body);
}

#[tokio::test]
async fn consent_language_and_number_are_recorded_with_the_grant() {
    let town = Town::open_with(|settings| settings.terms_version = "2026-11".into()).await;
    town.go_online(&town.english(), MAC, "10.1.0.7").await;
    let phone = "966551234567".parse().unwrap();
    let account = town.store.find_account(&phone).await.unwrap().unwrap();
    let record = town.store.account_record(account.id).await.unwrap().unwrap();
    assert_eq!(record.consents.len(), 1);
    assert_eq!(record.consents[0].version, "2026-11");
    assert_eq!(record.consents[0].language.as_str(), "en");
    assert_eq!(record.grants[0].site.as_str(), "walkway");
    assert_eq!(record.grants[0].until.since(NOON).as_secs(), 30 * 86_400);
}

#[tokio::test]
async fn a_known_device_comes_back_without_a_code_in_its_owners_language() {
    let town = Town::open().await;
    town.go_online(&town.english(), MAC, "10.1.0.7").await;
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(60, 1)).await;

    let page = town.browser().visit(&town.gate_redirect(MAC, "10.1.0.8")).await;
    assert_eq!(page.title(), "Opening the way", "English, although the browser wants Arabic");
    let orders = town.store.list_orders(&store::OrderFilter::latest(10)).await.unwrap();
    assert!(orders.iter().all(|order| order.kind == OrderKind::Reauthenticate));
    assert!(town.next_message().await.is_none(), "no code is sent");
}

#[tokio::test]
async fn waiting_is_one_answer_and_one_navigation() {
    let town = Town::open_with(|settings| settings.limits.held_answers = 8).await;
    let browser = town.english();
    let answer = town.sign_in(&browser, &town.gate_redirect(MAC, "10.1.0.7"), PHONE).await;
    let location = answer.location();
    let mut page = std::pin::pin!(browser.visit(&location));
    // What others do lets nobody go.
    town.report("kiosk", "02:00:5e:10:00:09", "10.1.0.9", Event::Started, Usage::default()).await;
    let early = tokio::time::timeout(Duration::from_millis(300), page.as_mut()).await;
    assert!(early.is_err(), "an answer before the device is let in: {early:?}");
    town.report("gate", MAC, "10.1.0.7", Event::Started, Usage::default()).await;
    assert_eq!(page.await.title(), "You are online");
}

#[tokio::test]
async fn an_access_point_that_stays_silent_is_explained_in_the_end() {
    let town = Town::open_patient().await;
    let browser = town.english();
    let answer = town.sign_in(&browser, &town.gate_redirect(MAC, "10.1.0.7"), PHONE).await;
    let page = browser.visit(&answer.location()).await;
    assert_eq!(page.title(), "This takes longer than usual");
    assert!(page.body.contains("href=\"go\""));
}

#[tokio::test]
async fn a_sheet_that_is_opened_again_takes_the_place_of_the_one_that_waits() {
    let town = Town::open_with(|settings| settings.limits.held_answers = 1).await;
    let browser = town.english();
    let answer = town.sign_in(&browser, &town.gate_redirect(MAC, "10.1.0.7"), PHONE).await;
    let location = answer.location();
    let (mut former, mut newer) =
        (std::pin::pin!(browser.visit(&location)), std::pin::pin!(browser.visit(&location)));
    let let_go = tokio::select! {
        page = former.as_mut() => page,
        page = newer.as_mut() => page,
    };
    assert_eq!(let_go.title(), "Opening the way");
    assert!(let_go.body.contains("href=\"online\""), "{}", let_go.body);
}

#[tokio::test]
async fn who_waits_is_let_go_when_the_portal_stops() {
    let town = Town::open_with(|settings| settings.limits.held_answers = 8).await;
    let browser = town.english();
    let answer = town.sign_in(&browser, &town.gate_redirect(MAC, "10.1.0.7"), PHONE).await;
    let location = answer.location();
    let mut page = std::pin::pin!(browser.visit(&location));
    let early = tokio::time::timeout(Duration::from_millis(300), page.as_mut()).await;
    assert!(early.is_err(), "{early:?}");
    let _store = town.stop();
    assert_eq!(page.await.title(), "Opening the way");
}

#[tokio::test]
async fn a_used_up_allowance_is_explained_with_the_time_of_renewal() {
    let town = Town::open().await;
    let browser = town.browser();
    town.go_online(&browser, MAC, "10.1.0.7").await;
    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(7_200, 10)).await;
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(page.title(), "انتهى رصيد اليوم");
    assert!(page.shows("يتجدّد الرصيد عند 00:00."));

    town.wait(12 * 3_600);
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(page.title(), "نفتح لك الطريق", "at midnight in Riyadh there is a new day");
}

#[tokio::test]
async fn a_slowed_visitor_is_told_until_when() {
    let slow = RatePair { down: Some(BitRate::new(512_000)), up: None };
    let visitor = Plan::visitor("visitor".parse().unwrap());
    let town = Town::open_on(Plan { after_allowance: Some(slow), ..visitor }, |_| {}).await;
    let browser = town.english();
    town.go_online(&browser, MAC, "10.1.0.7").await;
    town.report("mall", MAC, "127.0.0.1", Event::Started, Usage::default()).await;
    town.report("mall", MAC, "127.0.0.1", Event::Interim, used(7_200, 10)).await;
    let page = browser.visit("/status").await;
    assert!(page.shows("You reached the fair-use limit; speed is reduced until 00:00."));
    assert!(!page.shows("no limit"), "{}", page.body);
}

#[tokio::test]
async fn logging_out_ends_the_grant_and_tells_the_access_point() {
    let town = Town::open().await;
    let browser = town.english();
    let page = town.go_online(&browser, MAC, "10.1.0.7").await;
    let ended = browser.post(&page, "end", &[]).await;
    let page = browser.visit(&ended.location()).await;
    assert_eq!(page.title(), "You are disconnected");
    let grant = town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(grant.state, GrantState::Ended { at: NOON, why: GrantEnd::LoggedOut });
    let orders = town.store.list_orders(&store::OrderFilter::latest(10)).await.unwrap();
    assert!(
        orders
            .iter()
            .any(|order| order.kind == OrderKind::Disconnect
                && order.reason == OrderReason::LoggedOut)
    );

    town.report("gate", MAC, "10.1.0.7", Event::Stopped, used(60, 1)).await;
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    assert_eq!(page.title(), "Welcome to Al-Ahsa Wi-Fi", "a new visit begins with a number");
}

#[tokio::test]
async fn a_plain_query_gets_a_device_online_but_ends_nobody_elses_connection() {
    let town = Town::open().await;
    let browser = town.english();
    let entry = format!("/n/path-of-the-mall/?mac={MAC}&ip=10.3.0.7");
    let answer = town.sign_in(&browser, &entry, PHONE).await;
    town.report("mall", MAC, "10.3.0.7", Event::Started, Usage::default()).await;
    let page = browser.visit(&answer.location()).await;
    assert_eq!(page.title(), "You are online");
    assert!(!page.body.contains("action=\"end\""));
    let refused = browser.post_to(&format!("{}end", page.base()), &[]).await;
    assert_eq!(refused.status, 403);
    assert!(town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap().holds(town.now()));

    // From the session's own address it is the device itself.
    town.report("mall", MAC, IP, Event::Interim, used(60, 1)).await;
    let page = browser.visit(&page.base()).await;
    let ended = browser.post(&page, "end", &[]).await;
    assert_eq!(browser.visit(&ended.location()).await.title(), "You are disconnected");
}

#[tokio::test]
async fn a_device_is_found_by_its_address_at_the_portals_door() {
    let town = Town::open().await;
    let browser = town.english();
    for target in ["/", "/status"] {
        assert_eq!(browser.get(target).await.location(), "http://enter.example/");
    }
    town.go_online(&browser, MAC, IP).await;
    town.wait(2);
    let page = browser.visit("/status").await;
    assert!(page.body.contains("href=\"status\""), "it can be shown anew: {}", page.body);
    assert_eq!(page.title(), "Session status");
    assert!(page.body.contains("action=\"end\""));
}

#[tokio::test]
async fn an_entry_at_another_port_of_the_portals_own_host_is_another_door() {
    let entry = format!("http://{PORTAL}:8081/");
    let written = entry.clone();
    let town = Town::open_with(|settings| settings.entry_url = Some(written)).await;
    assert_eq!(town.english().get("/status").await.header("location"), entry);
    let own =
        Town::open_with(|settings| settings.entry_url = Some(format!("http://{PORTAL}"))).await;
    assert_eq!(own.english().get("/status").await.title(), "Connect to the Wi-Fi first");
}

#[tokio::test]
async fn without_an_entry_address_the_door_says_what_to_do() {
    let town = Town::open_with(|settings| settings.entry_url = None).await;
    assert_eq!(town.english().get("/").await.title(), "Connect to the Wi-Fi first");
}

#[tokio::test]
async fn a_redirect_that_cannot_be_trusted_gets_a_clear_page() {
    let town = Town::open().await;
    let browser = town.english();
    let old = town.gate_redirect(MAC, "10.1.0.7");
    let other = town.gate_redirect("02:00:5e:10:00:02", "10.1.0.7").replace("00%3A02", "00%3A03");
    town.wait(601);
    for target in [
        "/n/path-of-the-gate/",
        "/n/path-of-the-gate/?mac=02:00:5e:10:00:01&ip=10.1.0.7",
        "/n/path-of-nobody/?mac=02:00:5e:10:00:01",
        "/n/path-of-the-mall/?mac=ff:ff:ff:ff:ff:ff",
        &old,
        &other,
    ] {
        let page = browser.get(target).await;
        assert_eq!((page.status, page.title().as_str()), (400, "We did not recognise your device"));
    }
}
