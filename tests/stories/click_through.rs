//! A visit at a Meraki splash page with click-through: a link opens the way, and nobody speaks
//! RADIUS or says who is there.

use serde_json::Value;
use url::Url;

use crate::browser::{Answer, Browser};
use crate::city::City;
use crate::sms_gateway::SmsGateway;
use crate::visit::park;

const GRANT: &str = "https://n143.network-auth.com/splash/grant";

/// Adds the network as an access point.
async fn install(city: &City) -> Value {
    let words = ["nas", "add", "lawn", "--site", "walkway", "--address", "10.7.0.1"];
    let maker = ["--profile", "meraki-click-through"];
    let hosts = ["--login-hosts", "https://*.network-auth.com"];
    city.json(&[&words[..], &maker, &hosts].concat()).await
}

/// Where Meraki's access points send a browser.
fn redirect(added: &Value, grant: &str) -> String {
    let path = added["access_point"]["portal_path"].as_str().unwrap();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("base_grant_url", grant)
        .append_pair("user_continue_url", "http://news.example/")
        .append_pair("node_id", "149624922840090")
        .append_pair("node_mac", "88:15:44:60:1c:1a")
        .append_pair("gateway_id", "149624922840090")
        .append_pair("client_ip", "10.255.60.208")
        .append_pair("client_mac", "02:00:5e:40:00:01")
        .finish();
    format!("/n/{path}/?{query}")
}

/// What Meraki's cloud makes of the link that a browser follows: for how many seconds it lets the
/// device through, and where it sends the browser.
fn follow(link: &Answer) -> (u64, String) {
    let link: Url = link.location().parse().unwrap();
    assert_eq!(link.as_str().split('?').next(), Some(GRANT));
    let value = |name: &str| {
        let mut values = link.query_pairs().filter(|(known, _)| known == name);
        let value = values.next().unwrap().1.into_owned();
        assert!(values.next().is_none(), "{name} stands there once: {link}");
        value
    };
    (value("duration").parse().unwrap(), value("continue_url"))
}

async fn sign_in(browser: &Browser, redirect: &str, messages: &mut SmsGateway) -> Answer {
    let page = browser.visit(redirect).await;
    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code");
    let code = messages.next().await.code();
    browser.submit(&page, "code", &[("code", &code)]).await
}

async fn sessions(city: &City) -> Vec<Value> {
    let all = city.ask_admin("/v1/sessions?all=true&nas=lawn").await;
    let all: Value = serde_json::from_str(&all.body).unwrap();
    all["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_visitor_is_let_through_by_a_link_for_the_time_that_is_left() {
    let (city, mut messages) = park().await;
    let added = install(&city).await;
    let told = added["notes"].to_string();
    assert!(told.contains("can open the way without a code"), "{told}");
    let browser = Browser::new(city.portal());
    let redirect = redirect(&added, GRANT);

    let (seconds, next) = follow(&sign_in(&browser, &redirect, &mut messages).await);
    assert_eq!(seconds, 7_200);
    let page = browser.visit(&next).await;
    assert_eq!(page.title(), "You are online", "{}", page.body);
    assert!(page.shows("Continue to news.example"), "{}", page.body);
    let [session] = &sessions(&city).await[..] else { panic!("one session") };
    assert_eq!(session["address"], Value::Null, "the redirect's address is a claim");
    assert_eq!(session["state"], "open");

    // Time goes by, whether the device is there or not; caught anew it gets what is left of it.
    let (less, next) = follow(&browser.visit(&redirect).await);
    assert!(less < seconds && less > 7_000, "{less}");
    let page = browser.visit(&next).await;
    assert_eq!(page.title(), "You are online", "{}", page.body);
    let states: Vec<Value> =
        sessions(&city).await.iter().map(|session| session["state"].clone()).collect();
    assert_eq!(states.len(), 2, "{states:?}");
    assert_eq!(states.iter().filter(|state| *state == "open").count(), 1, "{states:?}");

    let tested = city.sabeel(&["nas", "test", "lawn"]).await;
    assert!(tested.out.contains("it is told nothing and says nothing"), "{}", tested.out);
    let shown = city.sabeel(&["nas", "onboard", "lawn"]).await;
    assert!(shown.out.contains("Click-through"), "{} {}", shown.out, shown.err);
}

#[tokio::test]
async fn a_link_leads_to_merakis_hosts_alone() {
    let (city, _messages) = park().await;
    let added = install(&city).await;
    let browser = Browser::new(city.portal());
    for grant in [
        "https://network-auth.com.evil.example/splash/grant",
        "http://n143.network-auth.com/splash/grant",
        "https://n143.network-auth.com@evil.example/splash/grant",
        "javascript:alert(1)",
        "",
    ] {
        assert_eq!(browser.get(&redirect(&added, grant)).await.status, 400, "{grant}");
    }
    for wrong in [&["--hand-off", "meraki"][..], &["--mac-authentication"]] {
        let said = city.sabeel(&[&["nas", "set", "lawn"][..], wrong].concat()).await;
        assert_eq!(said.code, 1, "{wrong:?}: {}", said.err);
    }
    let said = city.sabeel(&["nas", "set", "lawn", "--profile", "meraki"]).await;
    assert_eq!(said.code, 1, "{}", said.err);
}
