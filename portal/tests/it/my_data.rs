//! What is kept about a person, behind a code of its own.

use domain::{AccountId, ConsentPurpose, GrantEnd, GrantState, Identity, OrderReason, Usage};
use serde_json::Value;
use store::RequestFilter;

use crate::browser::{Answer, Browser};
use crate::town::{Event, MAC, PHONE, Town, used};

const OPEN_REQUESTS: RequestFilter = RequestFilter { open_only: true, limit: 10 };

/// Signs a phone in at the gate, ticking both boxes; the gate reports it online.
async fn online(town: &Town, browser: &Browser) -> String {
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let fields = [("phone", PHONE), ("terms", "yes"), ("aware", "yes")];
    let sent = browser.post(&page, "phone", &fields).await;
    let page = browser.visit(&sent.location()).await;
    let code = town.next_code().await;
    browser.post(&page, "code", &[("code", &code)]).await;
    town.report("gate", MAC, "10.1.0.7", Event::Started, Usage::default()).await;
    page.base()
}

/// Asks for a code, and brings it; returns the page that it opens.
async fn open(town: &Town, browser: &Browser, base: &str) -> Answer {
    let page = browser.visit(&format!("{base}me")).await;
    let sent = browser.post(&page, "me/send", &[]).await;
    let page = browser.visit(&sent.location()).await;
    let code = town.next_code().await;
    let opened = browser.post(&page, "me/code", &[("code", &code)]).await;
    browser.visit(&opened.location()).await
}

async fn account(town: &Town) -> AccountId {
    let identity = Identity::Phone("966551234567".parse().unwrap());
    town.store.find_account(&identity).await.unwrap().unwrap().id
}

async fn acts(town: &Town) -> Vec<(String, String)> {
    let links = town.store.list_audit_links(0, 100).await.unwrap();
    links.into_iter().map(|link| (link.act, link.actor)).collect()
}

#[tokio::test]
async fn my_data_needs_a_fresh_code() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let status = browser.visit(&format!("{base}status")).await;
    assert!(status.body.contains("<a href=\"me\">My data</a>"), "{}", status.body);
    for form in ["me/download", "me/withdraw", "me/erase"] {
        let answer = browser.post_to(&format!("{base}{form}"), &[("purpose", "service")]).await;
        assert!(answer.location().ends_with("/me"), "{form}");
    }
    assert!(browser.get(&format!("{base}me/erase")).await.location().ends_with("/me"));

    let page = browser.visit(&format!("{base}me")).await;
    assert!(page.shows("code to +9665•••••567, the number that signed in"), "{}", page.body);
    assert!(!page.body.contains("<input"), "it asks for no number");
    let sent = browser.post(&page, "me/send", &[]).await;
    let page = browser.visit(&sent.location()).await;
    assert!(page.shows("We sent a 6-digit code to +9665•••••567."));
    assert!(!page.body.contains("action=\"change\""), "no other number can be typed");
    let message = town.next_message().await.unwrap();
    assert!(message.ends_with("opens your data page, valid 5 minutes. Do not share it."));
    let code = &message[..6];
    let again = browser.post_to(&format!("{base}me/send"), &[]).await;
    assert!(again.location().ends_with("/me") && town.next_message().await.is_none());

    let wrong = if code == "000000" { "000001" } else { "000000" };
    let answer = browser.post(&page, "me/code", &[("code", wrong)]).await;
    let page = browser.visit(&answer.location()).await;
    assert!(page.shows("The code does not match. 4 attempts left."), "{}", page.body);
    let opened = browser.post(&page, "me/code", &[("code", code)]).await;
    let page = browser.visit(&opened.location()).await;
    assert!(page.body.contains("action=\"me/download\""), "{}", page.body);
    assert!(page.shows("This page stays open until 12:10.") && !page.body.contains("551234567"));
    assert_eq!(acts(&town).await, [("account-shown".to_owned(), "visitor".to_owned())]);

    // It is open in this browser alone, and for ten minutes.
    let other = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    let elsewhere = browser.visit(&format!("{}me", other.base())).await;
    assert!(elsewhere.body.contains("action=\"me/send\""), "{}", elsewhere.body);
    let again = browser.post_to(&format!("{base}me/code"), &[("code", code)]).await;
    assert!(again.location().ends_with("/me"), "a code opens once");
    town.wait(600);
    let closed = browser.visit(&format!("{}me", page.base())).await;
    assert!(closed.body.contains("action=\"me/send\""), "{}", closed.body);
}

#[tokio::test]
async fn a_code_for_my_data_lets_nobody_online() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    browser.post_to(&format!("{base}me/send"), &[]).await;
    let mine = town.next_code().await;
    let device = MAC.parse().unwrap();
    let grant = town.store.find_grant(device).await.unwrap().unwrap();
    let (why, reason) = (GrantEnd::LoggedOut, OrderReason::LoggedOut);
    town.store.end_grant(grant.id, why, reason, town.now()).await.unwrap();
    // Of two grants of a device the later one counts.
    town.wait(1);
    let page = browser.visit(&town.gate_redirect(MAC, "10.1.0.7")).await;
    browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let sign_in = town.next_code().await;
    assert_ne!(mine, sign_in, "once in a million runs");
    let answer = browser.post_to(&format!("{base}code"), &[("code", &mine)]).await;
    assert!(answer.location().ends_with("code?e=wrong"), "{}", answer.location());
    assert!(!town.store.find_grant(device).await.unwrap().unwrap().holds(town.now()));
    // Nor does that of a sign-in open anything; without a permission there is nobody to ask about.
    let answer = browser.post_to(&format!("{base}me/code"), &[("code", &sign_in)]).await;
    assert!(answer.location().ends_with('/'), "{}", answer.location());
    let answer = browser.post_to(&format!("{base}code"), &[("code", &sign_in)]).await;
    assert!(answer.location().ends_with("online"), "{}", answer.location());
    let answer = browser.post_to(&format!("{base}me/code"), &[("code", &sign_in)]).await;
    assert!(answer.location().ends_with("me?e=wrong"), "{}", answer.location());
}

#[tokio::test]
async fn a_download_is_everything_that_is_kept() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    town.report("gate", MAC, "10.1.0.7", Event::Interim, used(60, 5)).await;
    // Somebody else's are not in it.
    let other = "02:00:5e:10:00:02";
    let entry = town.gate_redirect(other, "10.1.0.8");
    town.sign_in(&browser, &entry, "0559876543").await;
    let page = open(&town, &browser, &base).await;
    let file = browser.post(&page, "me/download", &[]).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"my-data.json\"");
    assert_eq!(file.header("content-type"), "application/json");
    assert!(!file.body.contains(other) && !file.body.contains("59876543"), "{}", file.body);
    let data: Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!(data["number"], "966551234567");
    assert_eq!(data["held_by_law"], false);
    let count = |part: &str| data[part].as_array().expect(part).len();
    for (part, expected) in [
        ("devices", 1),
        ("permissions", 1),
        ("consents", 2),
        ("stays", 1),
        ("usage_by_day", 1),
        ("codes", 2),
        ("visits", 1),
        ("orders", 1),
    ] {
        assert_eq!(count(part), expected, "{part}: {}", data[part]);
    }
    assert_eq!(data["devices"][0]["address"], MAC);
    assert_eq!(data["stays"][0]["address"], "10.1.0.7");
    assert_eq!(data["stays"][0]["used"]["downloaded_octets"], 5_000_000);
    assert_eq!(data["usage_by_day"][0]["day"], "2026-11-25");
    let words: Vec<_> =
        data["consents"].as_array().unwrap().iter().map(|one| &one["words"]).collect();
    assert!(words.iter().all(|words| words.as_str().unwrap().len() > 20), "{words:?}");
    assert_eq!(data["codes"][0]["for"], "my-data");
    let told = acts(&town).await;
    assert_eq!(told.len(), 2, "seen, and brought away: {told:?}");
}

#[tokio::test]
async fn an_erasure_destroys_everything_and_gets_a_reference() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let account = account(&town).await;
    let page = open(&town, &browser, &base).await;
    assert!(page.body.contains("href=\"me/erase\""));
    let page = browser.visit(&format!("{}me/erase", page.base())).await;
    assert!(page.shows("This cannot be undone."), "{}", page.body);
    assert!(
        town.store.account_record(account).await.unwrap().is_some(),
        "looking destroys nothing"
    );
    let done = browser.post(&page, "me/erase", &[]).await;
    let page = browser.visit(&done.location()).await;
    let reference = page.between("Request number: <bdi dir=\"ltr\">", "<");
    assert!(page.shows("Your data is destroyed and you are disconnected."), "{}", page.body);
    assert!(town.store.account_record(account).await.unwrap().is_none());
    assert!(town.store.find_grant(MAC.parse().unwrap()).await.unwrap().is_none());
    let orders = town.store.list_orders(&store::OrderFilter::latest(1)).await.unwrap();
    assert_eq!(orders[0].reason, OrderReason::Erased);
    let request = town.store.find_erasure_request(&reference.parse().unwrap()).await.unwrap();
    assert_eq!(request.unwrap().done_at, Some(town.now()));
    assert_eq!(town.store.list_erasure_requests(OPEN_REQUESTS).await.unwrap(), []);
    let told: Vec<_> = acts(&town).await.into_iter().map(|(act, _)| act).collect();
    assert_eq!(told, ["account-shown", "erasure-requested", "account-erased"]);
    // The page that was open leads nowhere any more.
    let after = browser.post_to(&format!("{}me/erase", page.base()), &[]).await;
    assert!(after.location().ends_with("/me"));
    assert_eq!(
        browser.visit(&format!("{}me", page.base())).await.title(),
        "Welcome to Al-Ahsa Wi-Fi"
    );
}

#[tokio::test]
async fn who_is_held_by_law_is_told_so_and_not_destroyed() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let account = account(&town).await;
    town.store.hold_account(account, "letter 7 of the prosecution", town.now()).await.unwrap();
    let page = open(&town, &browser, &base).await;
    let file = browser.post(&page, "me/download", &[]).await;
    assert!(file.body.contains("\"held_by_law\":true") && !file.body.contains("letter 7"));
    let mut references = Vec::new();
    for _ in 0..2 {
        let done = browser.post_to(&format!("{}me/erase", page.base()), &[]).await;
        let told = browser.visit(&done.location()).await;
        assert!(
            told.shows("The law requires us to keep your data for now; we answer within 30 days.")
        );
        references.push(told.between("We received your request <bdi dir=\"ltr\">", "<"));
    }
    assert_eq!(references[0], references[1], "one request of a person is open at a time");
    let record = town.store.account_record(account).await.unwrap().unwrap();
    assert_eq!(record.grants[0].state, GrantState::Live, "nobody is told off for nothing");
    let open = town.store.list_erasure_requests(OPEN_REQUESTS).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].reference.to_string(), references[0]);
    assert_eq!(open[0].due_at.since(town.now()).as_secs(), 30 * 86_400);
}

#[tokio::test]
async fn a_consent_is_taken_back_by_itself() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let account = account(&town).await;
    let page = open(&town, &browser, &base).await;
    let given = async || {
        let record = town.store.account_record(account).await.unwrap().unwrap();
        let held = record.consents.into_iter().filter(|consent| consent.withdrawn_at.is_none());
        held.map(|consent| consent.purpose).collect::<Vec<_>>()
    };
    for purpose in ["", "marketing"] {
        browser.post(&page, "me/withdraw", &[("purpose", purpose)]).await;
    }
    assert_eq!(given().await.len(), 2);
    let done = browser.post(&page, "me/withdraw", &[("purpose", "awareness")]).await;
    let page = browser.visit(&done.location()).await;
    assert!(page.shows("Your withdrawal is recorded.") && !page.shows("Awareness messages"));
    assert_eq!(given().await, [ConsentPurpose::Service]);
    assert!(town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap().holds(town.now()));
    let done = browser.post(&page, "me/withdraw", &[("purpose", "service")]).await;
    let page = browser.visit(&done.location()).await;
    assert_eq!(given().await, []);
    assert!(!town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap().holds(town.now()));
    // Who is offline by that can still have everything destroyed.
    assert!(page.body.contains("href=\"me/erase\"") && !page.body.contains("name=\"purpose\""));
}

#[tokio::test]
async fn codes_for_my_data_count_in_the_same_budgets() {
    let town = Town::open_with(|settings| settings.limits.sends_per_hour = 2).await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let page = open(&town, &browser, &base).await;
    town.wait(600);
    let answer = browser.post_to(&format!("{}me/send", page.base()), &[]).await;
    assert_eq!((answer.status, answer.title().as_str()), (429, "One moment, please"));
    assert!(town.next_message().await.is_none());
}

#[tokio::test]
async fn five_wrong_codes_end_it_and_a_new_one_begins_it_again() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let page = browser.visit(&format!("{base}me")).await;
    let sent = browser.post(&page, "me/send", &[]).await;
    let code_page = browser.visit(&sent.location()).await;
    let code = town.next_code().await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let mut last = String::new();
    for _ in 0..5 {
        last = browser.post(&code_page, "me/code", &[("code", wrong)]).await.location();
    }
    let page = browser.visit(&last).await;
    assert!(page.shows("Too many tries.") && page.body.contains("action=\"me/send\""));
    let answer = browser.post(&code_page, "me/code", &[("code", &code)]).await;
    assert!(answer.location().ends_with("/me"), "the right one is too late");
    town.wait(30);
    let opened = open(&town, &browser, &base).await;
    assert!(opened.body.contains("action=\"me/download\""), "{}", opened.body);
    // Another code can be asked for in between.
    town.wait(900);
    let base = opened.base();
    browser.post_to(&format!("{base}me/send"), &[]).await;
    let first = town.next_code().await;
    let page = browser.visit(&format!("{base}me")).await;
    town.wait(30);
    let again = browser.post(&page, "me/resend", &[]).await;
    assert!(again.location().ends_with("me?n=sent"), "{}", again.location());
    let second = town.next_code().await;
    assert_ne!(first, second, "once in a million runs");
}

#[tokio::test]
async fn who_came_with_a_voucher_has_no_number_to_prove() {
    let town = Town::open().await;
    let browser = town.english();
    let base = online(&town, &browser).await;
    let device = MAC.parse().unwrap();
    let grant = town.store.find_grant(device).await.unwrap().unwrap();
    let sign_in = store::SignIn {
        identity: Identity::Voucher("fair/17".parse().unwrap()),
        new_account: AccountId::from_bytes([9; 16]),
        language: domain::Language::english(),
        grant: domain::Grant { id: domain::GrantId::from_bytes([9; 16]), ..grant },
        agreed: Vec::new(),
        devices: 1,
    };
    town.store.sign_in(&sign_in).await.unwrap();
    let page = browser.visit(&format!("{base}me")).await;
    assert!(page.shows("You came in with a voucher."), "{}", page.body);
    let answer = browser.post_to(&format!("{base}me/send"), &[]).await;
    assert_eq!(answer.status, 200);
    assert!(town.next_message().await.is_none());
}

#[tokio::test]
async fn a_plain_query_asks_for_nobodys_data() {
    let town = Town::open().await;
    let browser = town.english();
    let entry = format!("/n/path-of-the-mall/?mac={MAC}&ip=10.9.0.7");
    town.sign_in(&browser, &entry, PHONE).await;
    town.report("mall", MAC, "10.9.0.7", Event::Started, Usage::default()).await;
    let base = browser.visit(&entry).await.base();
    assert_eq!(browser.visit(&format!("{base}me")).await.status, 403);
    for form in ["me/send", "me/resend", "me/code"] {
        let answer = browser.post_to(&format!("{base}{form}"), &[("code", "482913")]).await;
        assert_eq!(answer.status, 403, "{form}");
    }
    assert!(town.next_message().await.is_none());
}
