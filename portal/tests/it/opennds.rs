//! Stories of gateways that ask by themselves: openNDS's own script, and the one that we bring.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use domain::{
    BitRate, Errand, HandOff, HandOffMethod, MacAddress, Nas, NasProfile, Octets, Plan, RatePair,
    SendRule, Speed, Terms, WaitingErrand,
};
use sha2::{Digest, Sha256};

use crate::browser::Answer;
use crate::town::{MAC, PHONE, Town};

const KEY: &str = "0123456789abcdefghijklmnopqrstuv";
const DOME: &str = "/n/pathofthedome/";

fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

fn prove(text: &str) -> String {
    hash(&format!("{KEY}\n{}", hash(&format!("{KEY}\n{text}"))))
}

fn device(last: u8) -> MacAddress {
    MacAddress::new([2, 0, 0x5e, 0x20, 0, last])
}

/// A town with an openNDS gateway under a dome.
struct Dome(Town);

impl Dome {
    async fn open() -> Self {
        let town = Town::open().await;
        let gate = town.store.find_access_point(&"gate".parse().unwrap()).await.unwrap().unwrap();
        let hand_off = HandOff {
            method: HandOffMethod::Opennds,
            secret: Some(KEY.parse().unwrap()),
            hosts: Vec::new(),
            api: None,
            redirect_acl: None,
            sends: SendRule::Claimed,
        };
        let dome = Nas {
            name: "dome".parse().unwrap(),
            addresses: "192.0.2.9/32".parse().unwrap(),
            profile: NasProfile::Opennds,
            hand_off,
            portal_path: "pathofthedome".parse().unwrap(),
            ..gate
        };
        town.store.add_access_point(&dome).await.unwrap();
        Self(town)
    }

    /// What authmon is answered.
    async fn authmon(&self, what: &str, payload: &str) -> Answer {
        let name = hash(&format!("name\n{KEY}"));
        let gateway = hash(&format!("sabeel{}", &name[..24]));
        let payload = BASE64.encode(payload.as_bytes());
        let fields = [("auth_get", what), ("gatewayhash", &gateway), ("payload", &payload)];
        self.0.browser().post_to(DOME, &fields).await
    }

    /// What a report is answered, `lag` seconds after it was made.
    async fn report(&self, lines: &str, lag: i64) -> Answer {
        let text = format!("{}\n{lines}", self.0.now().as_secs() - lag);
        let fields = [("auth_get", "custom"), ("proof", &prove(&text)), ("payload", &text)];
        let answer = self.0.browser().post_to(DOME, &fields).await;
        if answer.status == 200 {
            let (proof, said) = answer.body.split_once('\n').unwrap();
            assert_eq!(proof, prove(&format!("answer\n{text}\n{said}")));
        }
        answer
    }

    /// The lines of that answer, the next second.
    async fn told(&self, lines: &str) -> String {
        self.0.wait(1);
        let answer = self.report(lines, 0).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body.split_once('\n').unwrap().1.to_owned()
    }

    async fn leave(&self, device: MacAddress, errand: Errand) {
        let errand = WaitingErrand { device, errand, left_at: self.0.now() };
        self.0.store.leave_errand(&"dome".parse().unwrap(), &errand).await.unwrap();
    }
}

fn terms() -> Terms {
    let plan = Plan::visitor("visitor".parse().unwrap());
    let rate = |rate| Some(BitRate::new(rate));
    Terms {
        speed: Speed::Full,
        rate: RatePair { down: rate(10_000_000), up: rate(5_000_000) },
        time: Duration::from_secs(7_200),
        data: Some(Octets::new(1_024_000)),
        idle_timeout: plan.idle_timeout,
        interim_interval: plan.interim_interval,
    }
}

fn guest(device: MacAddress, state: &str) -> String {
    format!("guest {device} 10.78.0.50 {state} 1795597200 4 3\n")
}

#[tokio::test]
async fn a_visitor_at_opennds_waits_until_the_gateway_has_fetched_the_grant() {
    let dome = Dome::open().await;
    let list = format!("hid={}, clientip=10.78.0.50, clientmac={MAC}", hash("24b69d99"));
    let entry = format!("{DOME}?fas={}", BASE64.encode(list.as_bytes()));
    let browser = dome.0.english();
    let answer = dome.0.sign_in(&browser, &entry, PHONE).await;
    assert_eq!(browser.visit(&answer.location()).await.title(), "Opening the way");
    let orders = dome.0.store.list_orders(&store::OrderFilter::latest(9)).await.unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].nas.as_str(), orders[0].device.to_string()), ("dome", MAC.to_owned()));
}

#[tokio::test]
async fn four_records_a_poll_and_none_lost() {
    let dome = Dome::open().await;
    assert_eq!(dome.authmon("clear", "none").await.body, "*");
    assert_eq!(dome.authmon("view", "none").await.body, "*");
    for last in 1..=6 {
        dome.leave(device(last), Errand::Admit(terms())).await;
    }
    dome.leave(device(9), Errand::Cut).await;
    let mut polls = Vec::new();
    for _ in 0..3 {
        dome.0.wait(1);
        let answer = dome.authmon("view", "none").await.body;
        assert!(answer.len() <= 1_024, "authmon reads no more: {answer}");
        let records: Vec<_> = answer.split(' ').skip(1).map(str::to_owned).collect();
        polls.push(records);
    }
    let record = |last: u8| format!("{}%20120%205000%2010000%201000%201000", device(last));
    assert_eq!(polls[0], [1, 2, 3, 4].map(record));
    assert_eq!(polls[1], [5, 6, 1, 2].map(record));
    assert_eq!(polls[2], [3, 4, 1, 2].map(record));
    // Who could see the gateway's name could acknowledge; only the report counts.
    assert_eq!(dome.authmon("view", &format!("* {} {}", device(1), device(2))).await.body, "*");
    let in_already: String = (1..=5).map(|last| guest(device(last), "Authenticated")).collect();
    let admit = |last: u8| format!("auth {} 120 5000 10000 1000 1000", device(last));
    assert_eq!(dome.told(&in_already).await, admit(6));
    assert_eq!(dome.told(&guest(device(6), "Authenticated")).await, "");
    assert_eq!(dome.authmon("view", "none").await.body, "*");
}

#[tokio::test]
async fn who_is_to_go_is_named_until_the_report_shows_it() {
    let dome = Dome::open().await;
    let (one, two) = (device(1), device(2));
    let both = guest(one, "Authenticated") + &guest(two, "Authenticated");
    assert_eq!(dome.told(&both).await, "");
    dome.leave(one, Errand::Cut).await;
    dome.leave(two, Errand::Renew(terms())).await;
    for _ in 0..2 {
        let said = dome.told(&both).await;
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines, [format!("deauth {one}"), format!("deauth {two}")]);
    }
    let gone = format!("gone {one} 1795597200 5000 4000\ngone {two} 1795597200 1 1\n");
    assert_eq!(dome.told(&gone).await, format!("auth {two} 120 5000 10000 1000 1000"));
    assert_eq!(dome.told(&guest(two, "Authenticated")).await, "");
    let report = dome.0.store.find_guest_report(&"dome".parse().unwrap()).await.unwrap();
    let told: Vec<_> = report.unwrap().into_guests().iter().map(|guest| guest.device).collect();
    assert_eq!(told, [two, one], "who has left is counted for a while");
    // What nobody fetched in time is not done late.
    dome.leave(one, Errand::Admit(terms())).await;
    dome.0.wait(601);
    assert_eq!(dome.told("").await, "");
}

#[tokio::test]
async fn who_shows_no_secret_is_told_nothing_and_believed_nothing() {
    let dome = Dome::open().await;
    dome.leave(device(1), Errand::Admit(terms())).await;
    let browser = dome.0.browser();
    let text = format!("{}\n{}", dome.0.now().as_secs(), guest(device(1), "Authenticated"));
    let other = hash("sabeel");
    for fields in [
        &[("auth_get", "view"), ("gatewayhash", &other), ("payload", "bm9uZQ==")][..],
        &[("auth_get", "custom"), ("proof", &other), ("payload", &text)],
        &[("auth_get", "view"), ("payload", "bm9uZQ==")],
        &[("terms", "yes")],
    ] {
        let answer = browser.post_to(DOME, fields).await;
        assert_eq!(answer.status, 403, "{fields:?}");
        assert!(answer.body.starts_with("ERROR: ") && !answer.body.contains("02:00"));
    }
    let dome_name = "dome".parse().unwrap();
    assert_eq!(dome.0.store.find_guest_report(&dome_name).await.unwrap(), None);

    assert_eq!(dome.report("", 301).await.status, 409, "a clock that is off");
    assert_eq!(dome.report("", 0).await.status, 200);
    assert_eq!(dome.report("", 0).await.status, 409, "the same again");
    assert_eq!(dome.report("", 1).await.status, 409, "an older one");

    // Where no gateway asks, a form that is opened again is explained as anywhere.
    for path in ["/n/path-of-the-gate/", "/n/nobody/"] {
        assert_eq!(browser.post_to(path, &[("auth_get", "view")]).await.status, 405, "{path}");
    }
    let large = "x".repeat(270_000);
    assert_eq!(browser.post_to(DOME, &[("payload", &large)]).await.status, 413);
    let whole = "x".repeat(20_000);
    assert_eq!(browser.post_to(DOME, &[("payload", &whole)]).await.status, 403);
}

#[tokio::test]
async fn a_token_in_clear_leads_nowhere() {
    let dome = Dome::open().await;
    let query = "?authaction=http://10.78.0.1:2050/opennds_auth/&tok=24b69d99&redir=http%3a%2f%2fa";
    assert_eq!(dome.0.browser().get(&format!("{DOME}{query}")).await.status, 400);
}
