//! WISPr: a program signs in where a person would read a page.

use crate::browser::{Answer, Browser, PORTAL};
use crate::town::{Event, MAC, Town, used};

pub const SMART: &str = "User-Agent: WISPr!Roamer/1.0\r\n";

/// What stands in an element of the message, as XML means it.
pub fn element(answer: &Answer, name: &str) -> String {
    let value = answer.between(&format!("<{name}>"), &format!("</{name}>"));
    value.replace("&amp;", "&")
}

/// The numbers of the message.
fn numbers(answer: &Answer) -> (String, String) {
    (element(answer, "MessageType"), element(answer, "ResponseCode"))
}

async fn ask(browser: &Browser, method: &str, url: &str) -> Answer {
    let path = url.strip_prefix("http://portal.example").expect(url);
    browser.ask(method, PORTAL, path, SMART).await
}

#[tokio::test]
async fn roaming_clients_log_in_by_wispr() {
    let town = Town::open().await;
    let browser = town.browser();
    let is = |answer: &Answer, kind: &str, code: &str| {
        assert_eq!(numbers(answer), (kind.to_owned(), code.to_owned()), "{answer:?}");
    };

    // A probe that reaches the portal, and the gateway's redirect.
    let proxied = browser.ask("GET", "probe.example", "/", SMART).await;
    is(&proxied, "110", "200");
    assert_eq!(proxied.location(), "http://enter.example/");
    assert_eq!(element(&proxied, "NextURL"), "http://enter.example/");
    let gate = town.gate_redirect(MAC, "10.1.0.7");
    let told = browser.ask("GET", PORTAL, &gate, SMART).await;
    is(&told, "100", "0");
    assert_eq!(element(&told, "LocationName"), "ممشى الأحساء");
    let (login, page) = (element(&told, "LoginURL"), told.location());
    assert_eq!(browser.visit(&page).await.status, 200, "a person may go on as ever");

    let answer = ask(&browser, "POST", &login).await;
    is(&answer, "120", "100");
    assert!(!element(&answer, "ReplyMessage").is_empty());

    // Who is remembered needs no more.
    town.sign_in(&browser, &gate, crate::town::PHONE).await;
    let answer = ask(&browser, "POST", &login).await;
    is(&answer, "120", "201");
    let results = element(&answer, "LoginResultsURL");
    is(&ask(&browser, "GET", &results).await, "140", "201");
    town.report("gate", MAC, "10.1.0.7", Event::Started, used(0, 0)).await;
    let answer = ask(&browser, "GET", &results).await;
    is(&answer, "140", "50");
    is(&ask(&browser, "POST", &login).await, "120", "50");

    is(&ask(&browser, "GET", &element(&answer, "LogoffURL")).await, "130", "150");
    assert!(!town.store.find_grant(MAC.parse().unwrap()).await.unwrap().unwrap().holds(town.now()));
    is(&ask(&browser, "POST", &login).await, "120", "100");
}

#[tokio::test]
async fn nobody_else_is_told_of_wispr() {
    let town = Town::open().await;
    let browser = town.browser();
    for agent in ["Mozilla/5.0 (Linux; Android 14)", "CaptiveNetworkSupport-481.100.37 wispr"] {
        let agent = format!("User-Agent: {agent}\r\n");
        let gate = town.gate_redirect(MAC, "10.1.0.7");
        for (host, path) in [("probe.example", "/"), (PORTAL, gate.as_str())] {
            let answer = browser.ask("GET", host, path, &agent).await;
            assert!(!answer.body.contains("WISP"), "{agent} {host}{path}");
        }
    }
}
