//! A Catalyst 9800 with central web authentication: it asks RADIUS about who joins, redirects as
//! that says, and asks again when a CoA tells it to.

use domain::MacAddress;
use radius_proto::dictionary::enumeration::{AcctStatusType, ServiceType};
use radius_proto::vendor::cisco;
use radius_proto::{Code, Packet, PacketBuilder, attribute};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::access_point::{AccessPoint, Report};
use crate::browser::{Answer, Browser};
use crate::city::{City, eventually};
use crate::sms_gateway::SmsGateway;
use crate::visit::park;

const DEVICE: MacAddress = MacAddress::new([2, 0, 0x5e, 0x70, 0, 1]);
const STATION: &str = "02-00-5E-70-00-01";
/// The controller's name of the session, from when the device joined.
const AUDIT_SESSION: &str = "0A0B0C0D00000042F00DCAFE";

/// What RADIUS said of the device.
#[derive(Debug)]
enum Authorised {
    /// It reaches the portal alone.
    Redirected { acl: String, url: String, class: Vec<u8> },
    /// It is online.
    Online { class: Vec<u8> },
}

struct Wlc(AccessPoint);

impl Wlc {
    async fn install(city: &City) -> Self {
        let more = ["--profile", "cisco", "--hand-off", "cisco-cwa", "--redirect-acl", "CWA-1"];
        Self(AccessPoint::install(city, "hall", &more).await)
    }

    /// MAC authentication bypass of a device: when it joins, and when a CoA says so.
    async fn bypass(&mut self) -> Authorised {
        let write = |request: &mut PacketBuilder| {
            request
                .text(attribute::USER_NAME, "02005e700001")
                .text(attribute::CALLING_STATION_ID, STATION)
                .text(attribute::CALLED_STATION_ID, "00-2A-10-00-00-01:Visitors")
                .u32(attribute::SERVICE_TYPE, ServiceType::CallCheck)
                .vendor_text(cisco::AVPAIR, "service-type=Call Check")
                .vendor_text(cisco::AVPAIR, &format!("audit-session-id={AUDIT_SESSION}"))
                .vendor_text(cisco::AVPAIR, "method=mab");
        };
        let answer = self.0.ask(write).await;
        let accept = Packet::parse(&answer).unwrap();
        assert_eq!(accept.code(), Code::AccessAccept, "the device could not join at all");
        let class = accept.octets_of(attribute::CLASS).unwrap().to_vec();
        let pairs = pairs(&accept);
        let pair = |name: &str| pairs.iter().find_map(|pair| pair.strip_prefix(name));
        match (pair("url-redirect-acl="), pair("url-redirect=")) {
            (Some(acl), Some(url)) => {
                Authorised::Redirected { acl: acl.to_owned(), url: url.to_owned(), class }
            }
            (None, None) => {
                assert!(accept.u32(attribute::SESSION_TIMEOUT).unwrap() <= 7_200);
                Authorised::Online { class }
            }
            half => panic!("half a redirect: {half:?}"),
        }
    }

    /// The device joins, and RADIUS must redirect it; returns where, as the browser is sent there.
    async fn joins(&mut self) -> String {
        let answer = self.bypass().await;
        self.is_redirected(answer).await
    }

    /// The answer must be a redirect; returns where, as the browser is sent there.
    async fn is_redirected(&mut self, answer: Authorised) -> String {
        match answer {
            Authorised::Redirected { acl, url, class } => {
                assert_eq!(acl, "CWA-1");
                // Some releases report it before anybody has signed in.
                self.report(AcctStatusType::Start, &class, 0, 0).await;
                format!("{url}&redirect=http://news.example/")
            }
            Authorised::Online { .. } => panic!("let in without having signed in"),
        }
    }

    /// The device joins until RADIUS has heard that it may not stay, and redirects it; returns where.
    async fn joins_again(&mut self) -> String {
        let redirected = eventually("redirect", async || match self.bypass().await {
            redirected @ Authorised::Redirected { .. } => Some(redirected),
            Authorised::Online { .. } => None,
        })
        .await;
        self.is_redirected(redirected).await
    }

    /// The device is asked about again, and RADIUS must let it in; returns the Class.
    async fn is_let_in(&mut self) -> Vec<u8> {
        match self.bypass().await {
            Authorised::Online { class } => class,
            redirected @ Authorised::Redirected { .. } => panic!("{redirected:?}"),
        }
    }

    /// Waits for a CoA that makes it ask again.
    async fn is_told_to_ask_again(&mut self) {
        let order = self.0.obey().await;
        let order = Packet::parse(&order).unwrap();
        assert_eq!(order.code(), Code::CoaRequest);
        assert_eq!(order.text(attribute::CALLING_STATION_ID), Some(STATION));
        let expected = [
            &format!("audit-session-id={AUDIT_SESSION}"),
            "subscriber:command=reauthenticate",
            "subscriber:reauthenticate-type=last",
        ];
        assert_eq!(pairs(&order), expected);
    }

    /// Waits for the end of a session to be ordered, and reports it.
    async fn is_told_to_end(&mut self, class: &[u8], seconds: u32, downloaded: u32) {
        let order = self.0.obey().await;
        let order = Packet::parse(&order).unwrap();
        assert_eq!(order.code(), Code::DisconnectRequest);
        assert_eq!(order.text(attribute::ACCT_SESSION_ID), Some("5C1"));
        self.report(AcctStatusType::Stop, class, seconds, downloaded).await;
    }

    async fn report(&mut self, what: AcctStatusType, class: &[u8], seconds: u32, downloaded: u32) {
        let (session, device, user_name) = ("5C1", STATION, "02005e700001");
        let uploaded = 0;
        let report = Report { session, device, user_name, class, uploaded, downloaded, seconds };
        self.0.report(what, &report).await;
    }
}

/// The texts of a packet's Cisco-AVPairs.
fn pairs(packet: &Packet<'_>) -> Vec<String> {
    let of_cisco = packet.vendor_attributes().filter(|found| found.id == cisco::AVPAIR);
    of_cisco.map(|pair| pair.value.text().unwrap().to_owned()).collect()
}

/// From the redirect to the answer of the page that waits.
async fn sign_in(browser: &Browser, url: &str, messages: &mut SmsGateway) -> JoinHandle<Answer> {
    let page = browser.visit(url).await;
    let sent = browser.submit(&page, "phone", &[("phone", "0551234567"), ("terms", "yes")]).await;
    let page = browser.visit(&sent.location()).await;
    assert_eq!(page.title(), "Enter the code", "{}", page.body);
    let code = messages.next().await.code();
    let waits = browser.submit(&page, "code", &[("code", &code)]).await.location();
    let browser = browser.clone();
    tokio::spawn(async move { browser.visit(&waits).await })
}

/// The device joins, signs in and is online; returns its page and Class.
async fn gets_online(
    wlc: &mut Wlc,
    browser: &Browser,
    messages: &mut SmsGateway,
) -> (Answer, Vec<u8>) {
    let url = wlc.joins().await;
    let waiting = sign_in(browser, &url, messages).await;
    wlc.is_told_to_ask_again().await;
    assert!(!waiting.is_finished(), "nobody has reported that the device is online");
    let class = wlc.is_let_in().await;
    wlc.report(AcctStatusType::Start, &class, 0, 0).await;
    let page = waiting.await.unwrap();
    assert_eq!(page.title(), "You are online", "{}", page.body);
    (page, class)
}

#[tokio::test]
async fn a_visitor_of_a_catalyst_signs_in_by_radius_alone_and_is_brought_back_when_the_day_is_used_up()
 {
    let (city, mut messages) = park().await;
    let mut wlc = Wlc::install(&city).await;
    let browser = Browser::new(city.portal());
    // Who only waits at the portal is nowhere online.
    wlc.joins().await;
    city.settled().await;
    assert_eq!(city.json(&["session", "list", "--all"]).await, serde_json::json!([]));

    let (page, class) = gets_online(&mut wlc, &browser, &mut messages).await;
    assert!(page.shows("Continue to news.example"), "{}", page.body);
    city.settled().await;
    assert_eq!(city.json(&["session", "list"]).await.as_array().unwrap().len(), 1);

    wlc.report(AcctStatusType::InterimUpdate, &class, 60, 20_000_001).await;
    wlc.is_told_to_end(&class, 61, 20_000_001).await;
    let url = wlc.joins_again().await;
    city.settled().await;
    let page = browser.visit(&url).await;
    assert_eq!(page.title(), "Today's allowance is used up", "{}", page.body);

    let story = eventually("whole story", async || {
        let story = city.json(&["why", &DEVICE.to_string()]).await;
        story.to_string().contains("rejected-used-up").then_some(story)
    })
    .await;
    let steps = story["steps"].as_array().unwrap();
    let mut told = steps.iter().map(|step| {
        let text = |name: &str| step[name].as_str().unwrap().to_owned();
        (text("kind"), text("text"))
    });
    for (kind, words) in [
        ("redirect", "not let in, sent to the portal: the device is not signed in"),
        ("interim", "waits at the portal, without a session"),
        ("accept", "let in for"),
        ("start", "session begins"),
        ("stop", "session over"),
        ("redirect", "not let in, sent to the portal: the allowance is used up"),
    ] {
        let is_it = |(of, text): (String, String)| of == kind && text.contains(words);
        assert!(told.any(is_it), "{kind} {words} in {story}");
    }
    // It may have been let in once more before RADIUS heard that the day is used up.
    let outcomes = &city.json(&["radius", "stats"]).await["outcomes"];
    assert_eq!(outcomes["redirected"], 3, "{outcomes}");
    assert!(outcomes["accepted"].as_u64() >= Some(1), "{outcomes}");
}

#[tokio::test]
async fn who_signs_out_at_a_catalyst_is_redirected_again() {
    let (city, mut messages) = park().await;
    let mut wlc = Wlc::install(&city).await;
    let browser = Browser::new(city.portal());
    let (page, class) = gets_online(&mut wlc, &browser, &mut messages).await;
    let ended = browser.submit(&page, "end", &[]).await.location();
    assert!(ended.ends_with("/bye"), "{ended}");
    wlc.is_told_to_end(&class, 30, 1_000).await;
    let url = wlc.joins_again().await;
    city.settled().await;
    let page = browser.visit(&url).await;
    assert!(page.body.contains("action=\"phone\""), "{}", page.body);
}

#[tokio::test]
async fn an_address_that_radius_did_not_give_for_the_device_leads_nowhere() {
    let (city, mut messages) = park().await;
    let mut wlc = Wlc::install(&city).await;
    let browser = Browser::new(city.portal());
    let url = wlc.joins().await;
    let path = wlc.0.added["access_point"]["portal_path"].as_str().unwrap();
    let own = format!("mac={DEVICE}");
    assert!(url.contains(&format!("/n/{path}/?{own}&session={AUDIT_SESSION}&t=")), "{url}");
    for forged in [
        // Another device, which RADIUS was never asked about.
        url.replace(&own, "mac=02:00:5e:70:00:02"),
        url.replace(AUDIT_SESSION, "0A0B0C0D00000043F00DCAFE"),
        url.replace("&t=1", "&t=2"),
        url.replace("&sig=", "&sig=0"),
        format!("/n/{path}/?{own}"),
        format!("/n/{path}/?client_mac={DEVICE}&switch_url=https://192.0.2.1/login.html"),
    ] {
        assert_eq!(browser.get(&forged).await.status, 400, "{forged}");
    }
    // Another controller's address is not this one's.
    let gate = ["nas", "add", "gate", "--site", "walkway", "--address", "10.66.0.1"];
    let cwa = ["--profile", "cisco", "--hand-off", "cisco-cwa"];
    let gate = city.json(&[&gate[..], &cwa].concat()).await;
    let other = gate["access_point"]["portal_path"].as_str().unwrap();
    assert_eq!(browser.get(&url.replace(path, other)).await.status, 400);

    // Whoever has read the address can bring it too, and gets nobody online but the device.
    let thief = Browser { source: [127, 5, 0, 66].into(), ..browser.clone() };
    let waiting = sign_in(&thief, &url, &mut messages).await;
    wlc.is_told_to_ask_again().await;
    waiting.abort();
    let sessions = city.json(&["session", "list", "--all"]).await;
    assert_eq!(sessions, serde_json::json!([]), "the controller has not reported any");
}

#[tokio::test]
async fn the_access_list_is_set_for_each_controller_and_nobody_is_shown_what_signs_its_redirect() {
    let (city, _messages) = park().await;
    let mut wlc = Wlc::install(&city).await;
    assert!(wlc.0.added.get("hand_off_secret").is_none(), "{}", wlc.0.added);
    let shown = city.sabeel(&["nas", "show", "hall"]).await.out;
    assert!(shown.contains("cisco-cwa, access list CWA-1, signed"), "{shown}");
    let url = wlc.joins().await;
    let changed = city.json(&["nas", "set", "hall", "--redirect-acl", "GUESTS"]).await;
    assert_eq!(changed["hand_off"]["redirect_acl"], "GUESTS");
    eventually("new list", async || {
        let said = wlc.bypass().await;
        matches!(said, Authorised::Redirected { acl, .. } if acl == "GUESTS").then_some(())
    })
    .await;
    // What signs stays, so an address that was given before goes on.
    assert_eq!(Browser::new(city.portal()).visit(&url).await.status, 200);
    let text = city.sabeel(&["nas", "onboard", "hall", "--server", "192.0.2.10"]).await.out;
    assert!(text.contains("ip access-list extended GUESTS"), "{text}");

    for wrong in [
        &["nas", "set", "hall", "--redirect-acl", "two words"][..],
        &["nas", "set", "hall", "--profile", "aruba"],
        &["nas", "set", "hall", "--hand-off", "mac-authentication", "--redirect-acl", "X"],
    ] {
        assert_ne!(city.sabeel(wrong).await.code, 0, "{wrong:?}");
    }
    let sessions: Value = city.json(&["session", "list", "--all"]).await;
    assert_eq!(sessions, serde_json::json!([]));
}
