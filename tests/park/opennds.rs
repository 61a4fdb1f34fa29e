//! A visit at a gateway that is Debian's openNDS, set up by what `sabeel nas onboard` prints.

use serde_json::Value;

use crate::scene::{Messages, Scene, eventually};
use crate::visit::Carried;

const PROBE: &str = "http://connectivitycheck.example/generate_204";
const BYTES: &str = "http://198.51.100.1/bytes";
const DAY_DATA: u64 = 20_000_000;
/// What else phones ask for, and what the gateway sends of it that never comes.
const SLACK: u64 = 100_000;

#[test]
fn a_visitor_gets_online_through_a_real_opennds_is_counted_and_cut() {
    let scene = Scene::build_with_opennds("20MB");
    let mut messages = scene.messages();
    let carried = Carried::count(&scene);

    // openNDS's own authmon fetches the grant: nothing else of ours runs there yet.
    let place = caught(&scene, 1);
    assert!(place.starts_with("https://portal.example:443/n/"), "{place}");
    assert!(place.contains("/?fas=") && place.contains("&iv="), "{place}");
    sign_in(&scene, 1, &mut messages);
    is_open(&scene, 1);
    let client = let_through(&scene, 1);
    let number = |name: &str| client[name].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(number("session_end") - number("session_start"), 120 * 60, "{client}");
    assert_eq!(number("download_rate_limit_threshold"), 10_000, "{client}");
    assert_eq!(number("upload_rate_limit_threshold"), 5_000, "{client}");
    assert_eq!(number("download_quota"), DAY_DATA.div_ceil(1_024), "{client}");
    assert_eq!(number("upload_quota"), DAY_DATA.div_ceil(1_024), "{client}");

    // What it counts is the visitor's usage.
    assert!(scene.script(&["reports"]).status().unwrap().success());
    scene.session(1, |session| session["state"] == "open");
    take(&scene, 1, 3_000_000);
    let is_counted = |session: &Value| session["downloaded"].as_u64() >= Some(3_000_000);
    let first = scene.session(1, is_counted);
    let passed = carried.octets();
    assert!(octets(&first) <= passed.up + passed.down + SLACK, "{first} of {passed:?}");

    // It restarts, forgets everybody, and is told again without another message.
    scene.kill("gateway");
    caught(&scene, 1);
    visit(&scene, 1);
    is_open(&scene, 1);
    let_through(&scene, 1);
    let again = scene.session(1, |session| session["id"] != first["id"]);
    assert!(octets(&again) < 1_000_000, "counted anew, and nothing twice: {again}");

    // Another phone of the same person; both share the day, and are cut.
    sign_in(&scene, 2, &mut messages);
    is_open(&scene, 2);
    scene.session(2, |session| session["state"] == "open");
    take(&scene, 2, 1_000_000);
    let far = format!("{BYTES}/60000000");
    let slowly = ["--limit-rate", "2M", "--max-time", "15", "--output", "/dev/null", &far];
    let taken = scene.curl(1, &slowly);
    assert!(!taken.status.success(), "60 MB within an allowance of 20 MB");
    for phone in [1, 2] {
        scene.session(phone, |session| session["state"].get("stopped").is_some());
        caught(&scene, phone);
    }
    // openNDS looks at its limits now and then, and until then lets pass what the line can carry.
    let (used, carried): (u64, _) = (scene.sessions().iter().map(octets).sum(), carried.octets());
    assert!(used >= DAY_DATA, "{used}");
    assert!(used <= carried.up + carried.down + SLACK, "{used} of {carried:?}");
    assert!(visit(&scene, 1).contains("انتهى رصيد اليوم"));
    let clients = clients(&scene);
    assert!(clients.values().all(|client| client["state"] == "Preauthenticated"), "{clients:?}");
}

#[test]
fn who_comes_by_an_opennds_at_level_1_is_let_in_counted_and_cut() {
    let scene = Scene::build_with_opennds_at("1");
    let place = comes_and_goes(&scene);
    assert!(place.contains("/?fas=") && !place.contains("&iv="), "{place}");
}

#[test]
fn who_comes_by_an_opennds_at_level_2_is_let_in_counted_and_cut() {
    let scene = Scene::build_with_opennds_at("2");
    let place = comes_and_goes(&scene);
    assert!(place.contains("/?fas=") && place.contains("&iv="), "{place}");
}

/// Below level 3 openNDS asks nothing by itself: what is told to let in goes by the script alone.
/// Returns where browsers are led.
fn comes_and_goes(scene: &Scene) -> String {
    assert!(scene.script(&["reports"]).status().unwrap().success());
    let place = caught(scene, 1);
    assert!(place.starts_with("http://portal.example:80/n/"), "{place}");
    sign_in(scene, 1, &mut scene.messages());
    is_open(scene, 1);
    let_through(scene, 1);
    take(scene, 1, 1_000_000);
    let session = scene.session(1, |session| session["downloaded"].as_u64() >= Some(1_000_000));
    scene.admin(&["session", "disconnect", session["id"].as_str().unwrap(), "--revoke"]);
    scene.session(1, |session| session["state"].get("stopped").is_some());
    caught(scene, 1);
    place
}

/// Debian's 9.10 has no level 4, says nothing of that, and names no device.
#[test]
fn opennds_9_10_knows_no_level_4_and_names_no_device() {
    let scene = Scene::build_with_opennds_at("4");
    let place = caught(&scene, 1);
    assert!(place.starts_with("http://portal.example:443/n/"), "no TLS: {place}");
    assert!(place.contains("?clientip=10.77.") && !place.contains("fas="), "{place}");
}

fn octets(session: &Value) -> u64 {
    let octets = |key: &str| session[key].as_u64().unwrap();
    octets("uploaded") + octets("downloaded")
}

/// Waits until a phone is shown the portal; returns where it is led.
fn caught(scene: &Scene, phone: u8) -> String {
    eventually("captivity", || {
        let (status, place) = scene.open(phone, PROBE);
        (status == "307").then_some(place)
    })
}

fn is_open(scene: &Scene, phone: u8) {
    eventually("open internet", || (scene.open(phone, PROBE).0 == "204").then_some(()));
}

fn take(scene: &Scene, phone: u8, octets: u64) {
    let url = format!("{BYTES}/{octets}");
    let format = "%{size_download}";
    let words = ["--max-time", "5", "--output", "/dev/null", "--write-out", format, &url];
    eventually("octets", || {
        let taken = scene.curl(phone, &words).stdout;
        (String::from_utf8_lossy(&taken) == octets.to_string()).then_some(())
    });
}

/// Opens a page on a phone, and follows where it leads; returns what it shows.
fn visit(scene: &Scene, phone: u8) -> String {
    let words = ["--insecure", "--location", "http://captive.example/"];
    String::from_utf8(scene.curl(phone, &words).stdout).unwrap()
}

/// Signs a phone in by hand, up to the right code.
fn sign_in(scene: &Scene, phone: u8, messages: &mut Messages) {
    let follow = ["--insecure", "--location", "--output", "/dev/null"];
    let follow = [&follow[..], &["--write-out", "%{url_effective}"]].concat();
    let page = |words: &[&str]| {
        let words: Vec<_> = follow.iter().chain(words).copied().collect();
        String::from_utf8(scene.curl(phone, &words).stdout).unwrap()
    };
    let first = eventually("page of the portal", || {
        let first = page(&["http://captive.example/"]);
        first.contains("://portal.example").then_some(first)
    });
    let code_page = page(&["--data", "phone=0551234567&terms=yes", &format!("{first}phone")]);
    assert!(code_page.ends_with("/code"), "{code_page}");
    let code = messages.next_code();
    // The answer is held back until accounting shows the device; the gateway does not wait.
    let quickly = ["--insecure", "--output", "/dev/null", "--data", &format!("code={code}")];
    let words: Vec<_> = quickly.into_iter().chain([code_page.as_str()]).collect();
    assert!(scene.curl(phone, &words).status.success());
}

/// What openNDS says of each client, by hardware address, once nobody else asks it.
fn clients(scene: &Scene) -> serde_json::Map<String, Value> {
    eventually("list of openNDS's clients", || {
        let said = scene.at("gate", &["sh", "-c", "ndsctl json || true"]).stdout;
        let said: Value = serde_json::from_slice(&said).ok()?;
        said["clients"].as_object().cloned()
    })
}

/// What it says of a phone once it lets that through: it now and then ends by itself, is started
/// again, and has to be told again.
fn let_through(scene: &Scene, phone: u8) -> Value {
    eventually("client of openNDS", || {
        let client = clients(scene).remove(&format!("02:5a:be:e1:00:0{phone}"))?;
        (client["state"] == "Authenticated").then_some(client)
    })
}
