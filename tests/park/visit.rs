//! A whole visit: from the WiFi's name to the last octet of the day.

use std::path::Path;

use serde_json::Value;

use crate::chromium::{Chromium, Phone, Sheet};
use crate::scene::{Messages, Scene, eventually};

/// What Android asks (facts of the platform's documentation: 204 means open).
const PROBE: &str = "http://connectivitycheck.example/generate_204";
const INTERNET: &str = "http://198.51.100.1";
/// A host that is open to everybody.
const GARDEN: &str = "http://services.park.example";
const DAY_DATA: u64 = 20_000_000;
/// What the kernel may let through beyond an allowance: less than one packet.
const ONE_PACKET: u64 = 65_536;
/// What else phones ask for, beside what we make them move.
const SLACK: u64 = 20_000;

#[test]
fn a_visitor_gets_online_uses_up_the_day_and_is_told_so() {
    let scene = Scene::build("20MB");
    let mut messages = scene.messages();
    let carried = Carried::count(&scene);

    an_advertisement_tells_what_dhcp_tells(&scene);
    a_stranger_reaches_the_portal_and_nothing_else(&scene);
    the_garden_is_open(&scene);
    sign_in_with_a_browser(&scene, &mut messages);
    let used = use_the_internet(&scene, &carried);
    the_gateway_may_be_killed(&scene, &used);
    sign_in_another_phone(&scene, &mut messages);
    use_up_the_day(&scene, &carried);
    the_page_says_when_it_renews(&scene);
    the_garden_is_open(&scene);
}

/// Hears what the kernel takes for other programs out of router advertisements, asks for one, and tells
/// the first option (struct nduseroptmsg after the header of netlink).
const ASK_ROUTERS: &str = "import socket, subprocess
heard = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
heard.bind((0, 1 << 19))
heard.settimeout(5)
subprocess.run(['rdisc6', '--single', '--wait', '4000', 'wlan0'], check=True)
option = heard.recv(4096)[32:]
print(option[0], option[2:option[1] * 8].decode().rstrip(chr(0)))";

fn an_advertisement_tells_what_dhcp_tells(scene: &Scene) {
    let api = std::fs::read_to_string(scene.dir().join("scene-phone1.api")).unwrap();
    let said = eventually("router advertisement", || {
        let asked = scene.phone(1, &["python3", "-c", ASK_ROUTERS]).output().unwrap();
        asked.status.success().then(|| String::from_utf8(asked.stdout).unwrap())
    });
    assert!(said.contains("Router lifetime           :            0 "), "{said}");
    assert_eq!(said.lines().last(), Some(format!("37 {}", api.trim()).as_str()), "{said}");
    let routes = scene.phone(1, &["ip", "-6", "route", "show", "default"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&routes.stdout), "", "no way to anywhere");
}

fn a_stranger_reaches_the_portal_and_nothing_else(scene: &Scene) {
    let (status, place) = scene.open(1, PROBE);
    assert_eq!(status, "302");
    assert!(place.starts_with("http://portal.example/n/"), "{place}");

    let api = std::fs::read_to_string(scene.dir().join("scene-phone1.api")).unwrap();
    let accept = "accept: application/captive+json";
    let answer = scene.curl(1, &["--insecure", "--header", accept, &api]).stdout;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["captive"], true, "{answer}");
    let page = answer["user-portal-url"].as_str().unwrap();
    assert_eq!(page, "https://portal.example/");
    let follow = ["--location", "--output", "/dev/null", "--write-out", "%{url_effective}"];
    let follow = [&follow[..], &["--insecure", page]].concat();
    let landed = String::from_utf8(scene.curl(1, &follow).stdout).unwrap();
    assert!(landed.starts_with("http://portal.example/v/"), "{landed}");

    // curl's 7 is a refusal; 28 would be a phone that waits.
    for closed in ["https://bank.example/", "http://198.51.100.1:8080/"] {
        assert_eq!(scene.curl(1, &[closed]).status.code(), Some(7), "{closed}");
    }
    assert!(!scene.phone(1, &["ping", "-c1", "-W2", "198.51.100.1"]).status().unwrap().success());
}

/// What the DNS server has told of a host of the garden opens that host, and no other.
fn the_garden_is_open(scene: &Scene) {
    let size = ["--output", "/dev/null", "--write-out", "%{size_download}"];
    let taken = scene.curl(1, &[&size[..], &[&format!("{GARDEN}/bytes/3000000")]].concat());
    assert_eq!(String::from_utf8(taken.stdout).unwrap(), "3000000");
    let other = scene.curl(1, &["http://198.51.100.7:8080/"]);
    assert_eq!(other.status.code(), Some(7), "of its services the web alone");
    assert_eq!(scene.open(1, PROBE).0, "302");
}

fn sign_in_with_a_browser(scene: &Scene, messages: &mut Messages) {
    let chromium = start_chromium(scene);
    let browser = chromium.sheet(&Phone::new("ar-SA,ar"));
    browser.open("http://captive.example/");
    assert_eq!(browser.compute("document.documentElement.dir"), "rtl");
    assert!(browser.text().contains("متنزه الملك عبدالله البيئي"), "{}", browser.text());
    assert_eq!(browser.compute("getComputedStyle(phone).direction"), "ltr");
    keep_picture(&browser, "phone-ar");
    browser.follow("header a[lang=en]");
    assert_eq!(browser.compute("document.documentElement.dir"), "ltr");
    assert!(browser.text().contains("King Abdullah Environmental Park"));
    keep_picture(&browser, "phone-en");
    browser.follow("header a[lang=ar]");

    browser.fill("#phone", "٠٥٥١٢٣٤٥٦٧");
    browser.tap("input[name=terms]");
    browser.follow("main button");
    assert!(browser.has("#code"), "{}", browser.text());
    keep_picture(&browser, "code-ar");
    let code = messages.next_code();

    // Leaving to read the message and coming back lands on the code, without another message.
    browser.open("about:blank");
    browser.open("http://captive.example/");
    browser.fill("#code", &code);
    browser.follow("main button");
    assert!(browser.text().contains("تم الاتصال"), "{}", browser.text());
    keep_picture(&browser, "online-ar");
    is_open(scene, 1);
    assert_eq!(browser.compute("document.cookie"), "");
}

/// A browser on the first phone.
fn start_chromium(scene: &Scene) -> Chromium {
    let words = Chromium::words(&scene.dir().join("profile"));
    Chromium::start_as(scene.phone(1, &words.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Keeps a picture among the build's artefacts.
fn keep_picture(browser: &Sheet, name: &str) {
    let file = format!("{name}.png");
    browser.keep_picture(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures/park").join(file));
}

/// The phone's probe is answered as open.
fn is_open(scene: &Scene, phone: u8) {
    eventually("open internet", || (scene.open(phone, PROBE).0 == "204").then_some(()));
}

/// Moves some octets, and returns the session that has counted them.
fn use_the_internet(scene: &Scene, carried: &Carried) -> Value {
    let before = carried.octets();
    let url = format!("{INTERNET}/bytes/5000000");
    let taken = scene.curl(1, &["--output", "/dev/null", "--write-out", "%{size_download}", &url]);
    assert_eq!(taken.stdout, b"5000000");
    let upload = scene.dir().join("upload");
    std::fs::write(&upload, vec![0; 1_000_000]).unwrap();
    let file = format!("@{}", upload.display());
    assert!(scene.curl(1, &["--data-binary", &file, INTERNET]).status.success());

    // This is free.
    let free = format!("{GARDEN}/bytes/3000000");
    assert!(scene.curl(1, &["--output", "/dev/null", &free]).status.success());

    let after = carried.octets();
    let (up, down) = (after.up - before.up, after.down - before.down);
    assert!(up >= 1_000_000 && down >= 5_000_000, "{up} {down}");
    // What the session counts beyond that is what else the phone has asked for.
    let is_counted = |session: &Value| {
        let octets = |key: &str| session[key].as_u64().unwrap();
        (octets("uploaded") >= up) && (octets("downloaded") >= down)
    };
    let session = scene.session(1, is_counted);
    let octets = |key: &str| session[key].as_u64().unwrap();
    let all = carried.octets();
    assert!(octets("uploaded") <= all.up + SLACK, "{session} {all:?}");
    assert!(octets("downloaded") <= all.down + SLACK, "{session} {all:?}");
    session
}

/// The gateway's daemon is killed and started again: nobody notices, and nothing is forgotten.
fn the_gateway_may_be_killed(scene: &Scene, used: &Value) {
    scene.kill("gateway");
    assert_eq!(scene.open(1, PROBE).0, "204");
    assert!(scene.script(&["gateway"]).status().unwrap().success());
    assert_eq!(scene.open(1, PROBE).0, "204");
    let moved = |session: &Value| {
        session["id"] == used["id"]
            && session["downloaded"].as_u64() > used["downloaded"].as_u64()
            && session["state"] == "open"
    };
    scene.session(1, moved);
}

/// The same person signs in with a second phone, by hand.
fn sign_in_another_phone(scene: &Scene, messages: &mut Messages) {
    let follow = ["--location", "--output", "/dev/null", "--write-out", "%{url_effective}"];
    let page = |words: &[&str]| {
        let words: Vec<_> = follow.iter().chain(words).copied().collect();
        String::from_utf8(scene.curl(2, &words).stdout).unwrap()
    };
    let first = page(&["http://captive.example/"]);
    let code_page = page(&["--data", "phone=0551234567&terms=yes", &format!("{first}phone")]);
    assert!(code_page.ends_with("/code"), "{code_page}");
    let code = messages.next_code();
    page(&["--data", &format!("code={code}"), &code_page]);
    is_open(scene, 2);
    scene.session(2, |session| session["state"] == "open");
}

/// The first phone takes the rest of the day's allowance; both are cut off.
fn use_up_the_day(scene: &Scene, carried: &Carried) {
    let url = format!("{INTERNET}/bytes/100000000");
    let taken = scene.curl(1, &["--max-time", "10", "--output", "/dev/null", &url]);
    assert!(!taken.status.success(), "100 MB within an allowance of 20 MB");
    let first = scene.session(1, |session| session["state"].get("stopped").is_some());
    assert_eq!(first["state"]["stopped"]["end"]["reported"], 5, "Session-Timeout: {first}");
    let second = scene.session(2, |session| session["state"].get("stopped").is_some());
    assert_eq!(second["state"]["stopped"]["end"]["reported"], 6, "Admin-Reset: {second}");
    let octets = |session: &Value| {
        session["uploaded"].as_u64().unwrap() + session["downloaded"].as_u64().unwrap()
    };
    let used = octets(&first) + octets(&second);
    let most = DAY_DATA + octets(&second) + ONE_PACKET;
    assert!((DAY_DATA..=most).contains(&used), "{used}");
    // The far end has also sent what the gateway then refused.
    let all = carried.octets();
    assert!(used <= all.up + all.down + SLACK, "{used} of {all:?}");
}

fn the_page_says_when_it_renews(scene: &Scene) {
    for phone in [1, 2] {
        eventually("captivity", || (scene.open(phone, PROBE).0 == "302").then_some(()));
    }
    let chromium = start_chromium(scene);
    let browser = chromium.sheet(&Phone::new("ar-SA,ar"));
    browser.open("http://captive.example/");
    let text = browser.text();
    assert!(text.contains("انتهى رصيد اليوم") && text.contains("00:00"), "{text}");
    keep_picture(&browser, "used-up-ar");
    browser.follow("header a[lang=en]");
    assert!(browser.text().contains("00:00"), "{}", browser.text());
    keep_picture(&browser, "used-up-en");
}

/// What really crossed between the gateway and the internet but for the garden, as the far end
/// counts it.
pub struct Carried<'a>(&'a Scene);

/// Octets from and to the visitors.
#[derive(Debug)]
pub struct Octets {
    pub up: u64,
    pub down: u64,
}

impl<'a> Carried<'a> {
    /// Begins to count.
    pub fn count(scene: &'a Scene) -> Self {
        let rules = "table inet far {
            counter up { }
            counter down { }
            chain in {
                type filter hook input priority 0;
                tcp dport 80 ip saddr 198.51.100.2 ip daddr 198.51.100.1 counter name up
            }
            chain out {
                type filter hook output priority 0;
                tcp sport 80 ip daddr 198.51.100.2 ip saddr 198.51.100.1 counter name down
            }
        }";
        scene.at("net", &["nft", rules]);
        Self(scene)
    }

    /// What has crossed so far.
    pub fn octets(&self) -> Octets {
        let list = self.0.at("net", &["nft", "--json", "list", "counters"]).stdout;
        let list: Value = serde_json::from_slice(&list).unwrap();
        let counters: Vec<_> = list["nftables"].as_array().unwrap().iter().collect();
        let octets = |name: &str| {
            let counter = counters.iter().find(|counter| counter["counter"]["name"] == name);
            counter.unwrap()["counter"]["bytes"].as_u64().unwrap()
        };
        Octets { up: octets("up"), down: octets("down") }
    }
}
