//! Whether the backup would carry the office is known before it has to, and why it would not.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Clock;
use crate::ground::{Ends, Offices, Setting, USUAL};

/// A day in seconds.
const DAY: i64 = 86_400;
const TRIED: Setting<'static> = Setting { carry_test: Some("every-seconds = 10"), ..USUAL };

/// Waits until the radio path is as told at a router, and why.
fn wait_for_radio(offices: &Offices, router: usize, fitness: &str, why: &str) {
    offices.wait_for(router, &format!("radio that is {fitness}: {why}"), |status| {
        let radio = &status["paths"][1];
        radio["fitness"] == fitness && radio["unfit"].as_str().unwrap_or_default() == why
    });
}

/// Waits until both paths have carried what they can, which is more than 2 Mbit/s however busy the machine
/// is.
fn wait_until_fit(offices: &Offices, router: usize) {
    let status = offices.wait_for(router, "fit paths", |status| {
        (0..2).map(|path| &status["paths"][path]).all(|path| {
            path["fitness"] == "ready" && path["carries-kbit"][0].as_u64() > Some(2_000)
        })
    });
    for path in status["paths"].as_array().unwrap() {
        assert!(path["mtu"].as_u64().unwrap() >= 1_400, "{path}");
    }
}

/// An end of the radio path that takes no packets of the office, though the routers hear each other.
fn close_office(offices: &Offices, router: usize) {
    for words in [
        "add table inet closed",
        "add chain inet closed out { type filter hook forward priority 0 ; }",
        "add rule inet closed out iifname rad0 drop",
    ] {
        offices.at(&format!("router-{router}"), &["nft", words]);
    }
}

#[test]
fn paths_that_would_carry_the_office_are_shown_to_before_they_have_to() {
    let offices = Offices::open(TRIED);
    for router in 1..=2 {
        wait_until_fit(&offices, router);
    }
    let events = offices.events(1);
    for path in ["fibre", "radio"] {
        let is_it = |event: &&Value| event["what"] == "fitness" && event["path"] == path;
        let told: Vec<_> = events.iter().filter(is_it).map(|event| &event["to"]).collect();
        assert_eq!(*told.last().unwrap(), "ready");
        assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "once for each change: {told:?}");
    }
    // To anybody else the host says nothing.
    let ask = "exec 3<>/dev/tcp/10.1.0.250/7 && echo hello >&3 && read -t 1 -u 3 answer";
    assert!(
        !offices.command("there", &["timeout", "2", "bash", "-c", ask]).status().unwrap().success()
    );
}

#[test]
fn an_exercise_has_the_office_use_its_backup_and_tells_how_it_was() {
    let offices = Offices::open(TRIED);
    let report = offices.link(1, &["drill", "--for", "5s"]);
    let text = String::from_utf8(report.stderr).unwrap();
    assert!(report.status.success(), "{text}");
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!((&report["is-passed"], &report["backup"]), (&true.into(), &"radio".into()));
    assert!(report["seconds"].as_u64().unwrap() >= 5, "{report}");
    let to: Vec<_> = report["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["what"] == "site")
        .map(|event| event["to"].as_str().unwrap())
        .collect();
    assert_eq!(to, ["on-backup", "returning", "primary"]);
    close_office(&offices, 2);
    let refused = offices.link(1, &["drill", "--for", "5s"]);
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && reason.contains("do not get through"), "{reason}");
    assert_eq!(offices.status(1).unwrap()["mode"], "primary");
    let written = || {
        let drills = offices.events(1).into_iter().filter(|event| event["what"] == "drill");
        drills.map(|event| event["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    offices.wait_for(1, "what is written of both", |_| written() == ["passed", "refused"]);
    let tested = offices.link(1, &["test", "radio"]);
    assert!(!tested.status.success());
    let why: Value = serde_json::from_slice(&offices.link(1, &["why"]).stdout).unwrap();
    assert_eq!(why["office"]["to"], "primary");
}

#[test]
fn an_exercise_that_is_due_comes_by_itself_and_the_next_one_is_planned() {
    let mut offices = Offices::lay();
    let clock = Clock::give(&mut offices);
    let quarterly = "every-seconds = 10\n[links.drill]\nminutes = 1";
    offices.start(1, Setting { carry_test: Some(quarterly), ..TRIED });
    offices.clear_env();
    offices.start(2, TRIED);
    offices.wait_until_up();
    wait_for_radio(&offices, 1, "ready", "");
    let planned = || {
        let log = offices.log(1);
        let told = log.lines().filter_map(|line| line.split_once("links.drill is planned at="));
        told.map(|(_, at)| at.trim().to_owned()).collect::<Vec<_>>()
    };
    let first = planned().pop().unwrap();
    let seconds = |at: &str| {
        let said = offices.at("router-2", &["date", "-u", "--date", at, "+%s %u %H %m"]);
        let numbers: Vec<i64> = said.split_whitespace().map(|of| of.parse().unwrap()).collect();
        (numbers[0], [numbers[1], numbers[2], numbers[3] % 3])
    };
    let (begin, of_week) = seconds(&first);
    assert_eq!(
        of_week,
        [2, 7, 1],
        "a Tuesday at ten in Riyadh, of the first month of a quarter: {first}"
    );
    let (now, _) = seconds("now");
    // It is not due before.
    clock.set(begin - now - 60);
    offices.pings("router-2", "198.51.100.1", 41, Duration::from_millis(50));
    assert_eq!(offices.status(1).unwrap()["mode"], "primary");
    clock.set(begin - now + 1);
    let told = |what: &str| {
        let events = offices.events(1).into_iter().filter(|event| event["what"] == what);
        events.map(|event| event["to"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    offices.wait_for(1, "the exercise", |status| status["mode"] == "on-backup");
    offices.wait_for(1, "what is written of it", |_| told("drill") == ["passed"]);
    assert_eq!(told("site"), ["on-backup", "returning", "primary"]);
    assert!(offices.is_reached());
    offices.wait_for(1, "the next one", |_| planned().len() == 2);
    let (next, of_week) = seconds(&planned()[1]);
    assert_eq!(of_week, [2, 7, 1]);
    assert!((80..=100).contains(&((next - begin) / DAY)), "{:?}", planned());
}

#[test]
fn a_firewall_that_was_forgotten_is_found_before_the_fibre_fails() {
    let offices = Offices::open(Setting { more: "protected-mark = 7", ..TRIED });
    wait_for_radio(&offices, 1, "ready", "");
    close_office(&offices, 2);
    wait_for_radio(&offices, 1, "unfit", "packets of the office do not get through to the far end");
    wait_for_radio(
        &offices,
        2,
        "unfit",
        "packets of the office do not get through from the far end",
    );
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    let status = offices.status(1).unwrap();
    assert_eq!(status["routes"], serde_json::json!(["radio", "fibre"]), "protected, and the rest");
    offices.at("router-2", &["nft", "delete table inet closed"]);
    wait_for_radio(&offices, 1, "ready", "");
    offices.wait_for(1, "all on the radio path", |status| {
        status["routes"] == serde_json::json!(["radio", "radio"])
    });
}

#[test]
fn paths_of_ipv6_addresses_are_tried_by_hosts_of_ipv6() {
    let mut offices = Offices::lay();
    offices.lay_ipv6();
    offices.begin(Setting { ends: Ends::Ipv6, ..TRIED });
    for router in 1..=2 {
        wait_until_fit(&offices, router);
    }
    close_office(&offices, 2);
    wait_for_radio(&offices, 1, "unfit", "packets of the office do not get through to the far end");
    offices.at("router-2", &["nft", "delete table inet closed"]);
    wait_for_radio(&offices, 1, "ready", "");
    let elsewhere = ["ip", "-6", "route", "add", "default", "via", "2001:db8:f::1", "table", "7"];
    offices.at("router-2", &elsewhere);
    offices.at("router-2", &["ip", "-6", "rule", "add", "from", "2001:db8:2::/64", "table", "7"]);
    wait_for_radio(&offices, 1, "unfit", "the far end answers by fib0, which is not the path");
}

#[test]
fn packets_that_are_too_long_for_the_backup_are_found() {
    let offices = Offices::open(TRIED);
    wait_for_radio(&offices, 1, "ready", "");
    // What is longer vanishes without a word.
    offices.at("router-2", &["ip", "link", "set", "rad0", "mtu", "1280"]);
    wait_for_radio(&offices, 1, "unfit", "packets of 1400 octets do not pass");
    offices.at("router-2", &["ip", "link", "set", "rad0", "mtu", "1500"]);
    wait_for_radio(&offices, 1, "ready", "");
}

#[test]
fn answers_that_would_go_another_way_are_found() {
    let offices = Offices::open(TRIED);
    wait_for_radio(&offices, 1, "ready", "");
    offices.at("router-2", &["ip", "route", "add", "default", "via", "192.0.2.1", "table", "7"]);
    offices.at("router-2", &["ip", "rule", "add", "from", "10.2.0.0/24", "table", "7"]);
    wait_for_radio(&offices, 1, "unfit", "the far end answers by fib0, which is not the path");
    offices.at("router-2", &["ip", "rule", "delete", "from", "10.2.0.0/24", "table", "7"]);
    wait_for_radio(&offices, 1, "ready", "");
}

/// Says that it knows every name, to whoever asks, until nobody listens to it any more.
const RESOLVER: &str = r#"
import select, socket
asked = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)]
asked[0].bind(("10.2.0.2", 53))
asked[1].bind(("2001:db8:2::2", 53))
print("open", flush=True)
while 0 not in (ready := select.select([*asked, 0], [], [])[0]):
    for one in ready:
        question, who = one.recvfrom(512)
        one.sendto(question[:2] + bytes([question[2] | 0x80]) + question[3:], who)
"#;

#[test]
fn a_backup_by_which_no_names_are_found_is_found_and_what_the_fibre_says_is_no_excuse() {
    let test = "every-seconds = 10\nresolver = [\"10.2.0.2\", \"2001:db8:2::2\"]\n\
                resolver-name = [\"hofuf.example\", \"mubarraz.example\"]";
    let mut offices = Offices::lay();
    offices.lay_ipv6();
    // Each end has hosts of both IP versions.
    let hosts = |own: u8, far: u8| {
        [250, 251].map(|host| {
            format!("resolver-local = \"10.{own}.0.{host}\"\nresolver-peer = \"10.{far}.0.{host}\"")
        })
    };
    let of_both = Setting { ends: Ends::Ipv6, ..TRIED };
    // The far router asks nobody.
    let [primary, backup] = &hosts(2, 1);
    offices.start(2, Setting { more_of_primary: primary, more_of_backup: backup, ..of_both });
    let words = ["python3", "-c", RESOLVER];
    let mut resolver = offices.command("there", &words);
    let mut resolver = resolver.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(resolver.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let [primary, backup] = &hosts(1, 2);
    let asking = Setting { carry_test: Some(test), ..of_both };
    offices.start(1, Setting { more_of_primary: primary, more_of_backup: backup, ..asking });
    offices.wait_until_up();
    wait_for_radio(&offices, 1, "ready", "");
    // A firewall of the far office that forgot the radio, for one of the two versions.
    for words in [
        "add table ip closed",
        "add chain ip closed out { type filter hook forward priority 0 ; }",
        "add rule ip closed out iifname rad0 udp dport 53 drop",
    ] {
        offices.at("router-2", &["nft", words]);
    }
    wait_for_radio(&offices, 1, "unfit", "the far resolver finds no names");
    let status = offices.status(1).unwrap();
    assert_eq!(status["paths"][0]["fitness"], "ready", "it answers by the fibre");
    offices.at("router-2", &["nft", "delete table ip closed"]);
    wait_for_radio(&offices, 1, "ready", "");
    drop(resolver.stdin.take());
    resolver.wait().unwrap();
    wait_for_radio(&offices, 1, "unfit", "the far resolver finds no names");
}

#[test]
fn a_backup_that_carries_too_little_is_found_with_what_it_carries() {
    let mut offices = Offices::lay();
    let slow = ["tc", "qdisc", "add", "dev", "rad0", "root", "tbf", "rate", "1mbit"];
    let bucket = ["burst", "3000", "limit", "40000"];
    offices.at("router-2", &[&slow[..], &bucket].concat());
    // What is in front of a heartbeat there takes a third of a second: no path like that is set to less.
    offices.begin(Setting {
        heartbeats: (200, 5),
        carry_test: Some("every-seconds = 10\nneeds-down-mbit = 5"),
        ..USUAL
    });
    let status = offices.wait_for(1, "an unfit radio path", |status| {
        status["paths"][1]["fitness"] == "unfit" && status["paths"][0]["fitness"] == "ready"
    });
    let why = status["paths"][1]["unfit"].as_str().unwrap();
    let told = why.split_once(" Mbit/s from the far end are less than the ");
    let (carried, rest) = told.unwrap_or_else(|| panic!("{why}: {:?}", offices.events(1)));
    let carried: f64 = carried.parse().unwrap();
    assert!((0.8..1.2).contains(&carried), "{why}");
    assert_eq!(rest, "5.0 Mbit/s that are needed");
}

#[test]
fn agents_with_different_keys_do_not_hear_each_other() {
    let mut offices = Offices::open(TRIED);
    offices.kill(2);
    offices.share_key("another secret, of nobody else");
    offices.start(2, TRIED);
    for router in 1..=2 {
        offices.wait_for(router, "paths that are down", |status| {
            (0..2).all(|path| status["paths"][path]["is-alive"] == false)
        });
    }
}

#[test]
fn a_path_is_filled_to_know_what_it_carries_to_the_end_and_left_when_the_office_comes() {
    let mut offices = Offices::lay();
    let shape = ["tc", "qdisc", "add", "dev", "rad0", "root", "tbf", "rate", "8mbit"];
    let bucket = ["burst", "3000", "limit", "40000"];
    for router in ["router-1", "router-2"] {
        offices.at(router, &[&shape[..], &bucket].concat());
    }
    offices.begin(TRIED);
    for router in 1..=2 {
        wait_for_radio(&offices, router, "ready", "");
    }
    // The path by which the office goes is not filled.
    let refused = offices.link(1, &["test", "fibre", "--bulk"]);
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && reason.contains("the office goes by"), "{reason}");
    // The other end is about to try it, and comes back to that.
    std::thread::scope(|scope| {
        let trial = scope.spawn(|| offices.link(2, &["test", "radio"]));
        let filled = offices.link(1, &["test", "radio", "--bulk"]);
        let said = String::from_utf8(filled.stderr).unwrap();
        assert!(filled.status.success(), "{said}");
        let tried = trial.join().unwrap();
        assert!(tried.status.success(), "{}", String::from_utf8_lossy(&tried.stderr));
    });
    for router in 1..=2 {
        let status = offices.wait_for(router, "what it carries to the end", |status| {
            status["paths"][1]["sustained"].is_object()
        });
        let sustained = &status["paths"][1]["sustained"];
        for kbit in sustained["kbit"].as_array().unwrap() {
            let kbit = kbit.as_u64().unwrap();
            assert!((6_800..=9_200).contains(&kbit), "{kbit} of 8,000 kbit/s");
        }
        assert_eq!(status["paths"][1]["health"], "up", "{status}");
        assert_eq!(status["mode"], "primary");
    }
    // The office comes in the middle of one that the other end began.
    let of_bulk = |to: &str| {
        let mut events = offices.events(2).into_iter();
        events.rfind(|event| event["what"] == "bulk" && event["to"] == to)
    };
    let before = of_bulk("begins").unwrap()["number"].as_u64().unwrap();
    std::thread::scope(|scope| {
        let filling = scope.spawn(|| offices.link(2, &["test", "radio", "--bulk"]));
        offices.wait_for(2, "a second run", |_| {
            of_bulk("begins").is_some_and(|event| event["number"].as_u64().unwrap() > before)
        });
        assert!(offices.link(2, &["switch", "radio"]).status.success());
        let filled = filling.join().unwrap();
        let reason = String::from_utf8(filled.stderr).unwrap();
        assert!(!filled.status.success() && reason.contains("the office goes by"), "{reason}");
    });
    let at = |event: Value| event["at"].as_u64().unwrap();
    let moved = offices.events(2).into_iter().rfind(|event| event["what"] == "site");
    let (moved, left) = (at(moved.unwrap()), at(of_bulk("off").unwrap()));
    assert!(left >= moved && left - moved < 300, "{} ms after it", left.abs_diff(moved));
    offices.wait_for(1, "an end at the other router", |_| {
        offices.events(1).iter().any(|event| event["what"] == "bulk" && event["to"] == "off")
    });
    // Who starts again knows what the first one showed.
    let of_radio = |status: &Value| status["paths"][1]["sustained"].clone();
    let before = of_radio(&offices.status(1).unwrap());
    assert!(before.is_object());
    offices.kill(1);
    offices.start(1, TRIED);
    offices.wait_for(1, "what it carried before", |status| of_radio(status) == before);
}

#[test]
fn a_path_is_filled_when_its_hour_of_the_night_comes_and_once_by_both_ends() {
    let mut offices = Offices::lay();
    let clock = Clock::give(&mut offices);
    let nightly = Setting { carry_test: Some("every-seconds = 10\nbulk-at = \"02:00\""), ..TRIED };
    offices.start(1, nightly);
    offices.clear_env();
    offices.start(2, TRIED);
    offices.wait_until_up();
    for router in 1..=2 {
        wait_for_radio(&offices, router, "ready", "");
        assert!(offices.status(router).unwrap()["paths"][1]["sustained"].is_null());
    }
    let told = |router: usize| {
        let events = offices.events(router).into_iter();
        let of_radio = events.filter(|event| event["what"] == "bulk" && event["path"] == "radio");
        of_radio.map(|event| event["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Whatever time it is, the hour has come and gone a day later. On a busy machine heartbeats may be too
    // late for a run, which is tried three times a night.
    let carried = [1, 2].map(|router| {
        let status = offices.wait_for(router, "what it carries to the end", |status| {
            let given_up = told(1).iter().filter(|to| *to == "off").count();
            clock.set(DAY * (1 + i64::try_from(given_up / 3).unwrap()));
            status["paths"][1]["sustained"].is_object()
        });
        assert!(status["paths"][0]["sustained"].is_null(), "the office goes by it: {status}");
        status["paths"][1]["sustained"]["at"].as_i64().unwrap()
    });
    let ahead = carried[0] - carried[1];
    assert!(ahead > 0 && (ahead + 10) % DAY < 20, "the night is the first router's: {ahead} s");
    for router in 1..=2 {
        offices.wait_for(router, "word of it", |_| {
            told(router).ends_with(&["begins", "over"].map(str::to_owned))
        });
        assert_eq!(told(router).iter().filter(|to| *to == "over").count(), 1);
    }
}
