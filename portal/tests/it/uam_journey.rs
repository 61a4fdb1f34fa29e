//! Stories at a CoovaChilli, played by a simulator that knows only its own protocol.

use data_encoding::{HEXLOWER, HEXUPPER};
use domain::{CredentialId, Usage};
use md5::{Digest, Md5};
use store::CredentialUse;
use url::Url;

use crate::browser::{Browser, PORTAL};
use crate::town::{Event, MAC, PHONE, Town, UAM_SECRET};
use crate::wispr::{SMART, element};

const HOST: &str = "10.2.0.1:3990";

/// A CoovaChilli with one client.
struct Coova<'a> {
    town: &'a Town,
    challenge: [u8; 16],
}

impl Coova<'_> {
    /// The redirect to the portal, signed as `redir.c` signs it.
    fn redirect(&self, res: &str) -> String {
        let challenge = HEXLOWER.encode(&self.challenge);
        let path = "/n/path-of-the-kiosk/";
        let query = format!(
            "res={res}&uamip=10.2.0.1&uamport=3990&challenge={challenge}\
             &called=02-00-5E-00-00-02&mac={}&ip=10.2.0.7&nasid=kiosk&sessionid=65640000000001\
             &userurl=http%3a%2f%2fnews.example%2f",
            MAC.to_uppercase().replace(':', "-")
        );
        let md = Md5::digest(format!("http://{PORTAL}{path}?{query}{UAM_SECRET}"));
        format!("{path}?{query}&md={}", HEXUPPER.encode(&md))
    }

    /// Answers what the browser asks of the access point; returns the redirect back.
    async fn answer(&mut self, location: &str) -> String {
        let url = Url::parse(location).unwrap();
        assert_eq!(url.host_str(), Some("10.2.0.1"));
        assert_eq!(url.port(), Some(3_990));
        match url.path() {
            "/prelogin" => {
                self.challenge = [9; 16];
                self.redirect("notyet")
            }
            "/logon" => self.logon(&url).await,
            "/logoff" => self.redirect("logoff"),
            path => panic!("CoovaChilli has no {path}"),
        }
    }

    async fn logon(&self, url: &Url) -> String {
        let field =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let (store, now) = (&self.town.store, self.town.now());
        let Some(id) = CredentialId::of_user_name(&field("username")) else {
            return self.redirect("failed");
        };
        let mut found = store.find_credentials(&[id], now).await.unwrap();
        let Some(credential) = found.remove(&id) else { return self.redirect("failed") };
        let credential = credential.unwrap();
        assert_eq!(credential.device.to_string(), MAC);
        assert_eq!(credential.expires_at.since(now).as_secs(), 90);
        let hidden = Md5::new().chain_update(self.challenge).chain_update(UAM_SECRET).finalize();
        let expected = Md5::new()
            .chain_update([0])
            .chain_update(credential.password.expose())
            .chain_update(hidden)
            .finalize();
        if field("response") != HEXLOWER.encode(&expected) {
            return self.redirect("failed");
        }
        let used = CredentialUse { credential: id, nas: "kiosk".parse().unwrap() };
        assert_eq!(store.consume_credentials(&[used], now).await.unwrap(), [true]);
        self.town.report("kiosk", MAC, "10.2.0.7", Event::Started, Usage::default()).await;
        self.redirect("success")
    }
}

fn coova(town: &Town) -> Coova<'_> {
    Coova { town, challenge: [3; 16] }
}

#[tokio::test]
async fn one_time_credentials_travel_through_the_browser() {
    for (language, title) in [("ar", "تم الاتصال"), ("en", "You are online")] {
        let town = Town::open().await;
        let mut coova = coova(&town);
        let browser = Browser { accept_language: language, ..town.browser() };
        let answer = town.sign_in(&browser, &coova.redirect("notyet"), PHONE).await;
        let location = answer.location();
        assert!(location.starts_with(&format!("http://{HOST}/logon?username=")), "{location}");
        assert!(location.contains("userurl=http%3A%2F%2Fnews.example%2F"));
        let page = browser.visit(&coova.answer(&location).await).await;
        assert_eq!(page.title(), title);

        let ended = browser.post(&page, "end", &[]).await;
        assert_eq!(ended.location(), format!("http://{HOST}/logoff"));
        let page = browser.visit(&coova.answer(&ended.location()).await).await;
        assert_eq!(page.title() == "انتهى الاتصال", language == "ar", "{}", page.title());
        assert_eq!(page.title() == "You are disconnected", language == "en", "{}", page.title());
    }
}

#[tokio::test]
async fn the_pages_forms_may_lead_to_the_access_point_and_nowhere_else() {
    let town = Town::open().await;
    let page = town.browser().visit(&coova(&town).redirect("notyet")).await;
    let policy = page.header("content-security-policy");
    let targets = policy.split("form-action ").nth(1).unwrap();
    assert_eq!(targets, format!("'self' http://{PORTAL} http://{HOST}"));
}

#[tokio::test]
async fn a_smart_client_is_led_to_the_access_points_own_login() {
    let town = Town::open().await;
    let (browser, mut coova) = (town.browser(), coova(&town));
    town.sign_in(&browser, &coova.redirect("notyet"), PHONE).await;
    let told = browser.ask("GET", PORTAL, &coova.redirect("notyet"), SMART).await;
    let login = element(&told, "LoginURL").replace(&format!("http://{PORTAL}"), "");
    let reply = browser.ask("POST", PORTAL, &login, SMART).await;
    assert_eq!(element(&reply, "ResponseCode"), "201");
    let back = coova.answer(&element(&reply, "LoginResultsURL")).await;
    assert!(back.contains("res=success"), "{back}");
}

#[tokio::test]
async fn a_challenge_that_has_grown_old_is_fetched_anew() {
    let town = Town::open().await;
    let browser = town.english();
    let mut coova = coova(&town);
    let page = browser.visit(&coova.redirect("notyet")).await;
    town.wait(300);
    let sent = browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    let code = town.next_code().await;
    town.wait(200);
    let answer = browser.post(&page, "code", &[("code", &code)]).await;
    assert_eq!(answer.location(), format!("http://{HOST}/prelogin"));
    let answer = browser.visit(&coova.answer(&answer.location()).await).await;
    assert!(answer.location().starts_with(&format!("http://{HOST}/logon?")), "no second code");
    let page = browser.visit(&coova.answer(&answer.location()).await).await;
    assert_eq!(page.title(), "You are online");
}

#[tokio::test]
async fn a_redirect_that_is_replayed_has_no_message_sent() {
    let town = Town::open().await;
    let browser = town.english();
    let coova = Coova { town: &town, challenge: [7; 16] };
    let form = [("phone", PHONE), ("terms", "yes")];
    browser.visit(&coova.redirect("notyet")).await;
    town.wait(29 * 60);
    let page = browser.visit(&coova.redirect("notyet")).await;
    town.wait(2 * 60);
    // The page is of now; what it came by is not.
    let refused = browser.post(&page, "phone", &form).await;
    assert_eq!((refused.status, refused.title().as_str()), (403, "This page is too old"));
    let anew = Coova { town: &town, challenge: [8; 16] };
    let page = browser.visit(&anew.redirect("notyet")).await;
    assert_eq!(browser.post(&page, "phone", &form).await.status, 303);
}

#[tokio::test]
async fn a_login_that_the_access_point_refuses_can_be_tried_again_without_a_code() {
    let town = Town::open().await;
    let browser = town.english();
    let mut coova = coova(&town);
    let answer = town.sign_in(&browser, &coova.redirect("notyet"), PHONE).await;
    let forged = answer.location().replace("response=", "response=0");
    let page = browser.visit(&coova.answer(&forged).await).await;
    assert_eq!(page.title(), "The connection was not completed");
    let again = browser.get(&format!("{}go", page.base())).await;
    let page = browser.visit(&coova.answer(&again.location()).await).await;
    assert_eq!(page.title(), "You are online");
}

#[tokio::test]
async fn a_redirect_with_a_wrong_digest_is_refused() {
    let town = Town::open().await;
    let changed = coova(&town).redirect("notyet").replace("00-01&ip", "00-02&ip");
    let page = town.english().get(&changed).await;
    assert_eq!((page.status, page.title().as_str()), (400, "We did not recognise your device"));
}
