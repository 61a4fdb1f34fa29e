//! Paths whose other end runs no agent, which live by what answers behind it.

use serde_json::Value;

use crate::ground::{Offices, Setting, USUAL, ask};

const BACK_BY_FIBRE: [&str; 6] = ["ip", "route", "replace", "10.1.0.0/16", "via", "192.0.2.1"];
const BACK_BY_RADIO: [&str; 6] = ["ip", "route", "replace", "10.1.0.0/16", "via", "198.51.100.1"];

/// A target that is asked ten times a second.
fn target(name: &str, path: &str, kind: &str, address: &str, rest: &str) -> String {
    format!(
        "[[links.targets]]\nname = \"{name}\"\npath = \"{path}\"\nkind = \"{kind}\"\n\
         address = \"{address}\"\n{rest}\nevery-ms = 100\ntimeout-ms = 200\n"
    )
}

fn pinged(name: &str, path: &str, address: &str) -> String {
    target(name, path, "ping", address, "")
}

/// An office whose other end is somebody else's router, and whose paths live by these targets.
fn open(targets: &str, more_of_each: &str) -> Offices {
    let mut offices = Offices::lay();
    offices.at("router-2", &BACK_BY_FIBRE);
    offices.start(1, Setting { more_of_each, more_of_backup: targets, ..USUAL });
    offices.wait_for(1, "both paths up", |status| {
        (0..2).all(|path| status["paths"][path]["health"] == "up")
    });
    offices
}

/// Lets nobody reach an address of the other router by the fibre.
fn silence(offices: &Offices, address: &str) {
    silence_all(offices, &format!("ip daddr {address}"));
}

/// Drops what comes to the other router by the fibre and is like that.
fn silence_all(offices: &Offices, what: &str) {
    for words in [
        "add table inet silent",
        "add chain inet silent in { type filter hook input priority 0; }",
        &format!("add rule inet silent in iifname fib0 {what} drop"),
    ] {
        offices.at("router-2", &["nft", words]);
    }
}

/// How a target of the first router is.
fn find(offices: &Offices, name: &str) -> Value {
    let targets = ask(&offices.desk(1), "/v1/links/targets").unwrap();
    let targets = targets.as_array().unwrap().clone();
    targets.into_iter().find(|target| target["name"] == name).unwrap()
}

fn wait_for(offices: &Offices, name: &str, state: &str) -> Value {
    let is_so = |_: &Value| find(offices, name)["state"] == state;
    offices.wait_for(1, &format!("{name} {state}"), is_so);
    find(offices, name)
}

#[test]
fn an_office_leaves_a_path_when_too_few_targets_answer_and_not_before() {
    let targets = [
        pinged("router", "fibre", "192.0.2.2"),
        pinged("hall", "fibre", "10.2.0.1"),
        pinged("depot", "fibre", "10.2.77.1"),
        target("antenna", "radio", "arp", "198.51.100.2", ""),
    ];
    // Of three behind the fibre two have to answer.
    let offices = open(&targets.concat(), "alive-by = \"targets\"");
    assert!(offices.is_reached());
    // As others do, it answers for what it has on that device alone.
    offices.at("router-2", &["sysctl", "-w", "net.ipv4.conf.all.arp_ignore=1"]);
    silence(&offices, "10.2.0.1");
    let hall = wait_for(&offices, "hall", "down");
    assert_eq!(hall["why"], "no answer");
    let listed: Vec<Value> = serde_json::from_slice(&offices.link(1, &["targets"]).stdout).unwrap();
    let depot = listed.into_iter().find(|target| target["name"] == "depot").unwrap();
    assert_eq!(depot["state"], "up");
    assert!(depot["round-trip-us"].as_u64().unwrap() < 100_000, "{depot}");
    let status = offices.status(1).unwrap();
    assert_eq!([&status["mode"], &status["paths"][0]["health"]], ["primary", "up"]);
    silence(&offices, "10.2.77.1");
    offices.wait_for(1, "the backup", |status| status["mode"] == "on-backup");
    offices.at("router-2", &BACK_BY_RADIO);
    assert!(offices.is_reached());
    wait_for(&offices, "depot", "down");
    let downs = |what: &str| {
        let events = offices.events(1).into_iter();
        events.filter(|event| event["what"] == what && event["to"] == "down").collect::<Vec<_>>()
    };
    offices.wait_for(1, "what is told", |_| downs("target").len() == 2);
    assert_eq!(downs("path")[0]["why"], "too few of its targets answer");
    let targets: Vec<_> =
        downs("target").into_iter().map(|event| event["target"].clone()).collect();
    assert_eq!(targets, ["hall", "depot"]);
    // They are asked by the fibre though the office goes by the radio path.
    offices.at("router-2", &["nft", "delete table inet silent"]);
    for name in ["hall", "depot"] {
        wait_for(&offices, name, "up");
    }
}

#[test]
fn targets_of_both_ip_versions_decide_together() {
    let targets = [
        pinged("router", "fibre", "192.0.2.2"),
        pinged("router-6", "fibre", "2001:db8:f::2"),
        target("near-6", "fibre", "ndp", "2001:db8:f::2", ""),
        target("door-6", "fibre", "tcp", "2001:db8:f::2", "port = 9"),
        pinged("antenna", "radio", "fe80::2"),
    ];
    let mut offices = Offices::lay();
    offices.lay_ipv6();
    offices.at("router-2", &BACK_BY_FIBRE);
    let (each, primary) = ("alive-by = \"targets\"", "quorum = 2");
    let (more_of_primary, more_of_backup) = (primary, &targets.concat());
    offices.start(1, Setting { more_of_each: each, more_of_primary, more_of_backup, ..USUAL });
    for name in ["router", "router-6", "near-6", "antenna"] {
        let target = wait_for(&offices, name, "up");
        assert!(target["round-trip-us"].as_u64().unwrap() < 100_000, "{target}");
    }
    assert_eq!(wait_for(&offices, "door-6", "down")["why"], "it refuses");
    silence(&offices, "192.0.2.2");
    assert_eq!(wait_for(&offices, "router", "down")["why"], "no answer");
    let status = offices.status(1).unwrap();
    assert_eq!([&status["mode"], &status["paths"][0]["health"]], ["primary", "up"]);
    silence_all(&offices, "icmpv6 type echo-request");
    offices.wait_for(1, "the backup", |status| status["mode"] == "on-backup");
    assert_eq!(find(&offices, "near-6")["state"], "up");
    silence_all(&offices, "icmpv6 type nd-neighbor-solicit");
    assert_eq!(wait_for(&offices, "near-6", "down")["why"], "no answer");
}

#[test]
fn a_probe_whose_device_is_gone_leaves_by_no_other_path() {
    let targets = [
        pinged("hall", "fibre", "10.2.0.1"),
        target("near", "fibre", "arp", "192.0.2.2", ""),
        target("door", "fibre", "tcp", "10.2.0.1", "port = 9"),
        target("names", "fibre", "dns", "10.2.0.1", "question = \"example.com\""),
        target("page", "fibre", "http", "10.2.0.1", "url = \"http://hall.example/\""),
        pinged("antenna", "radio", "198.51.100.2"),
    ];
    let offices = open(&targets.concat(), "alive-by = \"targets\"\nquorum = 1");
    for name in ["door", "page"] {
        assert_eq!(wait_for(&offices, name, "down")["why"], "it refuses", "{name}");
    }
    // Whatever is for the targets and comes by the radio path is seen.
    for words in [
        "add table ip seen",
        "add chain ip seen in { type filter hook prerouting priority -300; }",
        "add rule ip seen in iifname rad0 ip daddr 10.2.0.1 counter",
    ] {
        offices.at("router-2", &["nft", words]);
    }
    offices.at("router-1", &["ip", "link", "delete", "fib0"]);
    offices.wait_for(1, "the backup", |status| status["mode"] == "on-backup");
    let way = offices.at("router-1", &["ip", "route", "get", "10.2.0.1"]);
    assert!(way.contains("rad0"), "there is another way: {way}");
    for name in ["hall", "near", "door", "names", "page"] {
        let why = "a probe cannot leave by the device: No such device (os error 19)";
        offices.wait_for(1, &format!("{name} without its device"), |_| {
            find(&offices, name)["why"] == why
        });
    }
    let seen = offices.at("router-2", &["nft", "list", "table", "ip", "seen"]);
    assert!(seen.contains("counter packets 0 bytes 0"), "{seen}");
    offices.lay_fibre();
    offices.at("router-2", &BACK_BY_FIBRE);
    for name in ["hall", "near"] {
        wait_for(&offices, name, "up");
    }
}
