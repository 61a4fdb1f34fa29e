//! Offices whose links fail, with agents that are the whole program and a kernel that routes for real.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

mod advice;
mod afar;
mod agents;
mod carry;
mod centre;
mod clock;
mod crowd;
#[expect(dead_code, reason = "shared with the bench")]
mod frr;
mod ground;
mod in_a_crowd;
mod in_bad_weather;
mod isolation;
mod metered;
mod namespaces;
mod star;
mod targets;
mod terminal;
mod weather;
mod wire;

use ground::{Ends, Offices, Setting, USUAL};

/// What goes by which path: what is protected, and the rest.
fn routes(offices: &Offices, router: usize) -> [String; 2] {
    let status = offices.status(router).expect("the agent is there");
    [0, 1].map(|kind| status["routes"][kind].as_str().unwrap().to_owned())
}

#[test]
fn a_path_that_is_cut_is_left_by_both_ends_and_the_office_returns_to_it() {
    let offices = Offices::open(USUAL);
    assert!(offices.is_reached());
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached());
    assert_eq!(offices.status(1).unwrap()["clamped"], "radio");
    let (state, detail) = offices.doctor(1);
    assert_eq!(state, "warning");
    assert!(detail.ends_with("; nothing passes on fibre"), "{detail}");
    let listed = String::from_utf8(offices.link(1, &["list"]).stdout).unwrap();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed["mode"], &listed["clamped"]), (&"on-backup".into(), &"radio".into()));
    for router in 1..=2 {
        offices.heal(router, "fib0");
    }
    offices.wait_for_mode("primary");
    assert!(offices.is_reached());
    let events = offices.events(1);
    let numbers: Vec<_> = events.iter().map(|event| event["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let of_site = events.iter().filter(|event| event["what"] == "site");
    let modes: Vec<_> = of_site.map(|event| event["to"].as_str().unwrap()).collect();
    assert_eq!(modes, ["on-backup", "returning", "primary"]);
}

#[test]
fn offices_of_both_ip_versions_are_joined_by_paths_of_ipv6_addresses() {
    let mut offices = Offices::lay();
    offices.lay_ipv6();
    offices.begin(Setting { ends: Ends::Ipv6, ..USUAL });
    let is_reached = |offices: &Offices| [offices.is_reached(), offices.is_reached_by_ipv6()];
    assert_eq!(is_reached(&offices), [true, true]);
    for router in 1..=2 {
        let probed = offices.wait_for(router, "round trips by both", |status| {
            (0..2).all(|path| status["paths"][path]["round-trip-us"].is_u64())
        });
        for path in 0..2 {
            assert_eq!(probed["paths"][path]["loss-per-mille"], 0, "probes are answered");
        }
    }
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    assert_eq!(is_reached(&offices), [true, true]);
    let route = offices.at("router-1", &["ip", "-6", "route", "get", "2001:db8:2::2"]);
    assert!(route.contains("via fe80::2 dev rad0"), "{route}");
    for router in 1..=2 {
        offices.heal(router, "fib0");
    }
    offices.wait_for_mode("primary");
    assert_eq!(is_reached(&offices), [true, true]);
}

#[test]
fn a_path_that_carries_in_one_direction_alone_is_left_by_both_ends() {
    for deaf in 1..=2 {
        let offices = Offices::open(USUAL);
        offices.cut(deaf, "fib0");
        offices.wait_for_mode("on-backup");
        assert!(offices.is_reached());
    }
}

#[test]
fn a_device_without_carrier_is_left_and_comes_back() {
    let offices = Offices::open(USUAL);
    offices.at("router-2", &["ip", "link", "set", "fib0", "down"]);
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached());
    offices.at("router-2", &["ip", "link", "set", "fib0", "up"]);
    offices.wait_for_mode("primary");
    assert!(offices.is_reached());
}

#[test]
fn a_device_that_is_deleted_and_made_again_is_watched_and_used_again() {
    let offices = Offices::open(USUAL);
    offices.at("router-1", &["ip", "link", "delete", "fib0"]);
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached());
    offices.lay_fibre();
    offices.wait_for_mode("primary");
    assert!(offices.is_reached());
}

#[test]
fn what_routers_say_to_probes_ends_no_agent() {
    let offices = Offices::open(USUAL);
    // Such an answer is an error of the socket that asked.
    let rule =
        ["nft", "add rule ip refuse in udp dport 862 reject with icmp type prot-unreachable"];
    for words in [
        ["nft", "add table ip refuse"],
        ["nft", "add chain ip refuse in { type filter hook input priority 0 ; }"],
        rule,
    ] {
        offices.at("router-2", &words);
    }
    offices.wait_for(1, "bad paths", |status| {
        (0..2).all(|path| status["paths"][path]["health"] == "degraded")
    });
    offices.at("router-2", &["nft", "delete table ip refuse"]);
    offices.wait_for(1, "good paths", |status| {
        (0..2).all(|path| status["paths"][path]["health"] == "up")
    });
    assert!(offices.is_reached());
}

#[test]
fn a_section_that_was_changed_is_taken_and_no_session_is_lost() {
    let offices = Offices::open(USUAL);
    let before = offices.events(1).len();
    let reloaded = |times: usize| {
        let events = offices.events(1);
        (events.iter().filter(|event| event["what"] == "reloaded").count() == times)
            .then_some(events)
    };
    offices.reconfigure(1, "\"10.2.0.0/16\"", "\"10.2.0.0/16\", \"10.9.0.0/16\"");
    offices.wait_for(1, "the section", |_| reloaded(1).is_some());
    offices.wait_for(1, "its route", |_| {
        offices.at("router-1", &["ip", "route", "show", "10.9.0.0/16"]).contains("dev fib0")
    });
    // What is taken only at the start leaves all as it was.
    offices.reconfigure(1, "rad0", "rad1");
    offices.wait_for(1, "a refusal", |_| offices.log(1).contains("all stays as it was"));
    offices.reconfigure(1, "rad1", "rad0");
    offices.wait_for(1, "the section", |_| reloaded(2).is_some());
    offices.reconfigure(1, "heartbeat-ms = 100", "heartbeat-ms = 50");
    offices.wait_for(1, "other heartbeats", |_| reloaded(3).is_some());
    let events = reloaded(3).unwrap();
    let others = events[before..].iter().filter(|event| event["what"] != "reloaded").count();
    assert_eq!(others, 0, "{events:?}");
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached());
}

#[test]
fn an_agent_stops_while_somebody_is_at_its_desk() {
    let mut offices = Offices::open(USUAL);
    let somebody = std::os::unix::net::UnixStream::connect(offices.desk(1)).unwrap();
    offices.stop(1);
    drop(somebody);
}

#[test]
fn an_office_without_any_path_keeps_its_routes_and_takes_the_first_that_is_back() {
    let offices = Offices::open(USUAL);
    for device in ["rad0", "fib0"] {
        offices.cut_both(device);
    }
    offices.wait_for_mode("isolated");
    let before = offices.at("router-1", &["ip", "route", "show", "10.2.0.0/16"]);
    assert!(before.contains("metric 100"), "{before}");
    for router in 1..=2 {
        offices.heal(router, "rad0");
    }
    offices.wait_for_mode("on-backup");
    assert!(offices.is_reached());
}

#[test]
fn an_agent_that_is_killed_on_the_backup_goes_on_there() {
    let mut offices = Offices::open(USUAL);
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    let last = offices.events(1).len();
    offices.kill(1);
    assert!(offices.is_reached(), "routes outlive the agent");
    offices.start(1, USUAL);
    offices.wait_for(1, "the backup", |status| {
        status["mode"] == "on-backup" && status["paths"][1]["health"] == "up"
    });
    assert!(offices.is_reached());
    let began = &offices.events(1)[last];
    assert_eq!(
        (began["what"].as_str(), began["number"].as_u64()),
        (Some("began"), Some(last as u64 + 1))
    );
}

#[test]
fn a_dry_run_tells_what_it_would_have_done_and_moves_nothing() {
    let dry = Setting { more: "mode = \"dry-run\"", ..USUAL };
    let offices = Offices::open(dry);
    let routes = offices.at("router-1", &["ip", "route"]);
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    assert_eq!(offices.at("router-1", &["ip", "route"]), routes);
    assert!(offices.events(1).iter().all(|event| event["dry-run"] == true));
}

#[test]
fn people_pin_an_office_to_a_path_and_take_paths_out() {
    let offices = Offices::open(USUAL);
    assert!(offices.link(1, &["switch", "radio", "--for", "1h"]).status.success());
    offices.wait_for(1, "the pin", |status| status["mode"] == "locked");
    assert_eq!(routes(&offices, 1), ["radio", "radio"]);
    assert!(offices.is_reached(), "the way back may be another one");
    assert!(offices.link(1, &["auto"]).status.success());
    offices.wait_for(1, "the primary path", |status| status["mode"] == "primary");
    assert!(offices.link(2, &["maint", "fibre"]).status.success());
    offices.wait_for_mode("on-backup");
    for router in 1..=2 {
        assert_eq!(offices.status(router).unwrap()["paths"][0]["health"], "maintenance");
    }
    assert!(offices.link(2, &["resume", "fibre"]).status.success());
    offices.wait_for_mode("primary");
    let (state, detail) = offices.doctor(1);
    assert_eq!(state, "good");
    assert!(detail.starts_with("office-1: primary, by fibre"), "{detail}");
    offices.at("router-1", &["sysctl", "--write", "net.ipv4.conf.rad0.rp_filter=1"]);
    let (state, detail) = offices.doctor(1);
    assert_eq!(state, "warning");
    assert!(detail.contains("; rad0 drops what comes by another path"), "{detail}");
    let refused = offices.link(1, &["switch", "copper"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("there is no path copper; there are fibre, radio"), "{said}");
}

#[test]
fn busy_processors_are_not_taken_for_a_failure() {
    // Without the right to run ahead of them all, as an agent in a namespace has none.
    let offices = Offices::open(Setting { heartbeats: (100, 5), ..USUAL });
    // They end with the namespace.
    let busy = ["sh", "-c", "for n in 1 2 3 4; do (while :; do :; done) >/dev/null 2>&1 & done"];
    offices.at("router-1", &busy);
    // Until each path has told of enough good seconds to say what is usual.
    offices.wait_for(1, "what is usual", |status| {
        (0..2).all(|path| status["paths"][path]["usual-us"].is_u64())
    });
    let events = offices.events(1);
    let downs = events.iter().filter(|event| event["to"] == "down").count();
    assert_eq!(downs, 0, "{events:?}");
}
