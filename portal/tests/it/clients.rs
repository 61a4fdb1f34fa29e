//! Every kind of client at every step of a visit: the page opens when it must, and afterwards the
//! client believes that it is online.

use domain::{BitRate, Octets, Plan, RatePair};

use crate::browser::{Answer, Browser, PORTAL};
use crate::judges::{self, Judge, Verdict};
use crate::town::{Event, MAC, PHONE, Town, used};

/// A client, what it asks, and how it judges the answer.
struct Client {
    name: &'static str,
    host: &'static str,
    path: &'static str,
    /// Its own header lines.
    headers: &'static str,
    judge: Judge,
}

const fn client(
    name: &'static str,
    host: &'static str,
    path: &'static str,
    judge: Judge,
) -> Client {
    Client { name, host, path, headers: "", judge }
}

const CNA: &str = "User-Agent: CaptiveNetworkSupport-481.100.37 wispr\r\nAccept: */*\r\n";
const API: &str = "Accept: application/captive+json\r\n";

const CLIENTS: [Client; 38] = [
    client("Android", "connectivitycheck.gstatic.com", "/generate_204", judges::android),
    client("Android, fallback", "www.google.com", "/gen_204", judges::android),
    client("Android, other fallback", "play.googleapis.com", "/generate_204", judges::android),
    client("Android before 7", "clients3.google.com", "/generate_204", judges::android),
    client("Samsung", "connectivitycheck.samsungdm.com", "/generate_204", judges::android),
    client("Huawei", "connectivitycheck.platform.hicloud.com", "/generate_204", judges::android),
    client("Honor", "connectivitycheck.cbg-app.huawei.com", "/generate_204", judges::android),
    client("Xiaomi", "connect.rom.miui.com", "/generate_204", judges::android),
    client("Vivo", "wifi.vivo.com.cn", "/generate_204", judges::android),
    Client {
        headers: CNA,
        ..client("iPhone", "captive.apple.com", "/hotspot-detect.html", judges::apple)
    },
    Client {
        headers: CNA,
        ..client("iPhone, other host", "www.airport.us", "/vrGu.html", judges::apple)
    },
    client("macOS", "captive.apple.com", "/", judges::apple),
    client("macOS, old", "www.apple.com", "/library/test/success.html", judges::apple),
    client("Windows 10", "www.msftconnecttest.com", "/connecttest.txt", judges::windows),
    client("Windows 11 by IPv6", "ipv6.msftconnecttest.com", "/connecttest.txt", judges::windows),
    client("Windows 8", "www.msftncsi.com", "/ncsi.txt", judges::old_windows),
    client("ChromeOS", "www.gstatic.com", "/generate_204", judges::chromium),
    client("Chrome", "clients3.google.com", "/generate_204", judges::chromium),
    client("Edge", "edge.microsoft.com", "/captiveportal/generate_204", judges::chromium),
    client("Edge, new", "edge-http.microsoft.com", "/captiveportal/generate_204", judges::chromium),
    client("Firefox", "detectportal.firefox.com", "/canonical.html", judges::firefox),
    client("Firefox, old", "detectportal.firefox.com", "/success.txt", judges::old_firefox),
    client(
        "Firefox, each family",
        "detectportal.firefox.com",
        "/success.txt?ipv4",
        judges::old_firefox,
    ),
    client("GNOME", "nmcheck.gnome.org", "/check_network_status.txt", judges::gnome),
    client("Debian", "network-test.debian.org", "/nm", judges::gnome),
    client("Ubuntu", "connectivity-check.ubuntu.com", "/", judges::gnome),
    client("Arch", "ping.archlinux.org", "/nm-check.txt", judges::gnome),
    client("Manjaro", "ping.manjaro.org", "/check_network_status.txt", judges::gnome),
    client("openSUSE", "conncheck.opensuse.org", "/", judges::gnome),
    client("Fedora", "fedoraproject.org", "/static/hotspot.txt", judges::fedora),
    client("Red Hat", "static.redhat.com", "/test/rhel-networkmanager.txt", judges::fedora),
    client("KDE", "networkcheck.kde.org", "/", judges::fedora),
    client("Kindle", "spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html", judges::kindle),
    client("Fire OS", "fireoscaptiveportal.com", "/generate_204", judges::android),
    client("Roku", "captive.roku.com", "/ok", judges::roku),
    client("Nintendo Switch", "ctest.cdn.nintendo.net", "/", judges::nintendo),
    Client {
        headers: API,
        ..client("iOS and Android by RFC 8908", PORTAL, "/n/path-of-the-gate/capport", judges::api)
    },
    Client {
        headers: "Accept: application/captive+json, application/json;q=0.5, */*;q=0.1\r\n",
        ..client("RFC 8908 with a list", PORTAL, "/n/path-of-the-gate/capport", judges::api)
    },
];

impl Client {
    async fn ask(&self, browser: &Browser, method: &str) -> Answer {
        browser.ask(method, self.host, self.path, self.headers).await
    }
}

/// Where a phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stranger,
    NumberGiven,
    SignedInNotYetOnline,
    Online,
    LeftAndCameBack,
    SignedOff,
    UsedUpToday,
    UsedUpStay,
    SlowedWhereSpeedIsLimited,
    SlowedWhereItIsNot,
    AddressOfTwo,
    NextDay,
    SiteClosed,
}
use State::{
    AddressOfTwo, LeftAndCameBack, NextDay, NumberGiven, Online, SignedInNotYetOnline, SignedOff,
    SiteClosed, SlowedWhereItIsNot, SlowedWhereSpeedIsLimited, Stranger, UsedUpStay, UsedUpToday,
};

const STATES: [(State, Verdict); 13] = [
    (Stranger, Verdict::Captive),
    (NumberGiven, Verdict::Captive),
    (SignedInNotYetOnline, Verdict::Captive),
    (Online, Verdict::Online),
    (LeftAndCameBack, Verdict::Captive),
    (SignedOff, Verdict::Captive),
    (UsedUpToday, Verdict::Captive),
    (UsedUpStay, Verdict::Captive),
    (SlowedWhereSpeedIsLimited, Verdict::Online),
    (SlowedWhereItIsNot, Verdict::Captive),
    (AddressOfTwo, Verdict::Captive),
    (NextDay, Verdict::Online),
    (SiteClosed, Verdict::Captive),
];

const MEGABYTES: u64 = 1_000_000;
const HERE: &str = "127.0.0.1";

fn plan(state: State) -> Plan {
    let mut plan = Plan::visitor("visitor".parse().unwrap());
    let speed = RatePair { down: Some(BitRate::new(512_000)), up: None };
    match state {
        UsedUpStay => plan.per_session.data = Some(Octets::new(100 * MEGABYTES)),
        SlowedWhereSpeedIsLimited | SlowedWhereItIsNot => plan.after_allowance = Some(speed),
        _ => {}
    }
    plan
}

/// A town in which the phone stands so.
async fn town(state: State) -> Town {
    let town = Town::open_on(plan(state), |settings| {
        settings.secure_url = Some("https://portal.example".into());
    })
    .await;
    let browser = town.browser();
    let gate = town.gate_redirect(MAC, HERE);
    let nas = if state == SlowedWhereSpeedIsLimited { "mall" } else { "gate" };
    match state {
        Stranger => return town,
        NumberGiven => {
            let page = browser.visit(&gate).await;
            browser.post(&page, "phone", &[("phone", PHONE), ("terms", "yes")]).await;
            return town;
        }
        _ => drop(town.sign_in(&browser, &gate, PHONE).await),
    }
    if state == SignedInNotYetOnline {
        return town;
    }
    let report = |event, usage| town.report(nas, MAC, HERE, event, usage);
    report(Event::Started, used(0, 0)).await;
    match state {
        LeftAndCameBack => report(Event::Stopped, used(60, 1)).await,
        SignedOff => {
            let page = browser.visit("/status").await;
            browser.post(&page, "end", &[]).await;
            report(Event::Stopped, used(60, 1)).await;
        }
        UsedUpToday | SlowedWhereSpeedIsLimited | SlowedWhereItIsNot => {
            report(Event::Interim, used(60, 1_000)).await;
        }
        UsedUpStay => report(Event::Interim, used(60, 100)).await,
        AddressOfTwo => {
            let neighbour = "02:00:5e:10:00:09";
            town.report("mall", neighbour, HERE, Event::Started, used(0, 0)).await;
        }
        NextDay => {
            report(Event::Interim, used(60, 1_000)).await;
            town.wait(13 * 3_600);
            report(Event::Interim, used(120, 1_001)).await;
        }
        SiteClosed => {
            // It is noon.
            town.change_site(|site| {
                site.hours = vec!["daily 16:00-01:00".parse().unwrap()].try_into().unwrap();
            })
            .await;
        }
        Stranger | NumberGiven | SignedInNotYetOnline | Online => {}
    }
    town.wait(2);
    town
}

/// The API of the access point that the phone is at, which alone knows its sessions.
fn is_of_other_access_point(client: &Client, state: State) -> bool {
    client.host == PORTAL && matches!(state, SlowedWhereSpeedIsLimited | AddressOfTwo)
}

#[tokio::test]
async fn every_client_opens_the_page_and_believes_it_is_online_afterwards() {
    for (state, expected) in STATES {
        let town = town(state).await;
        let browser = town.browser();
        for client in &CLIENTS {
            if is_of_other_access_point(client, state) {
                continue;
            }
            let answer = client.ask(&browser, "GET").await;
            let verdict = (client.judge)(&answer);
            assert_eq!(verdict, expected, "{} is {state:?}: {answer:?}", client.name);
        }
    }
}

#[tokio::test]
async fn no_probe_is_answered_with_an_empty_200() {
    for state in [Stranger, SignedInNotYetOnline, Online, UsedUpToday] {
        let town = town(state).await;
        let browser = town.browser();
        for client in &CLIENTS {
            let answer = client.ask(&browser, "GET").await;
            let is_empty = answer.status == 200 && answer.body.trim().is_empty();
            assert!(!is_empty, "{} is {state:?}: {answer:?}", client.name);
            assert!(answer.header("cache-control").contains("no-store"), "{}", client.name);
            // A HEAD is answered with the same head.
            let head = client.ask(&browser, "HEAD").await;
            assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "{}", client.name);
            let length = |answer: &Answer| answer.header("content-length").to_owned();
            assert_eq!(length(&head), length(&answer), "{} is {state:?}", client.name);
        }
    }
}
