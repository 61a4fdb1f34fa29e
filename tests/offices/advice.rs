//! Agents that advise FRR, which moves the routes.

use crate::frr::{self, Frr, Watching};
use crate::ground::{Offices, Setting, USUAL};
use crate::weather::{Loss, Weather};

/// Starts the agent of a router, which advises FRR there.
fn start(offices: &mut Offices, router: usize) {
    let frr = format!("mode = \"advise\"\n[links.frr]\nsockets = \"{}\"\n", frr::sockets(router));
    // What is lost is to be a bad path, and no cut.
    let heartbeats = (100, 10);
    let setting = Setting { heartbeats, more: &frr, more_of_backup: "ospf-cost = 20", ..USUAL };
    offices.start(router, setting);
}

/// Waits until both routers send by a device.
fn wait_until_sent_by(offices: &Offices, device: &str) {
    for router in 1..=2 {
        offices.wait_for(router, device, |_| frr::sends_by(offices, router, device).unwrap());
    }
}

/// What FRR's configuration says of the costs of devices, in their order.
fn costs(offices: &Offices, router: usize) -> Vec<String> {
    let running = frr::vtysh(offices, router, &["show running-config ospfd"]).unwrap();
    let lines = running.lines().map(str::trim);
    lines.filter(|line| line.starts_with("ip ospf cost")).map(str::to_owned).collect()
}

/// What an agent told of its advice, with its reason.
fn told(offices: &Offices, what: &str) -> Vec<String> {
    let events = offices.events(1).into_iter().filter(|event| event["what"] == what);
    events.map(|event| event["why"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn frr_moves_an_office_as_it_is_advised_and_is_left_as_it_was() {
    let mut offices = Offices::lay();
    let fibre = offices.lay_by_wire("fib0");
    let mut frr = Frr::begin(&offices, &Watching::Hellos).unwrap();
    for router in 1..=2 {
        start(&mut offices, router);
    }
    offices.wait_until_up();
    let rules = offices.at("router-1", &["ip", "rule"]);
    assert_eq!(costs(&offices, 1), ["ip ospf cost 20"], "what is good needs no advice");

    // OSPF's hellos pass often enough.
    fibre.set(&Weather { loss: Loss::Random(0.2), ..Weather::default() });
    offices.wait_for_mode("on-backup");
    wait_until_sent_by(&offices, "rad0");
    assert_eq!(costs(&offices, 1), ["ip ospf cost 60000", "ip ospf cost 20"]);
    offices.wait_for(1, "what is told", |_| !told(&offices, "advised").is_empty());
    assert_eq!(told(&offices, "advised"), ["ip ospf cost 60000 on fib0"]);

    // FRR forgets when it starts again.
    frr.kill(&offices, 1, "ospfd").unwrap();
    offices.link(1, &["switch", "fibre"]);
    offices.wait_for(1, "a refusal", |_| {
        told(&offices, "stuck").iter().any(|why| why.contains("failed to connect to any daemons"))
    });
    offices.link(1, &["switch", "radio"]);
    frr.start_again(&offices, 1, "ospfd").unwrap();
    offices.wait_for(1, "advice", |_| costs(&offices, 1).len() == 2);
    offices.link(1, &["auto"]);

    // What somebody else wrote stays.
    let foreign = ["configure terminal", "interface rad0", "ip ospf cost 33"];
    frr::vtysh(&offices, 1, &foreign).unwrap();
    fibre.cut();
    for router in 1..=2 {
        offices.wait_for(router, "the cut", |status| status["paths"][0]["health"] == "down");
    }
    fibre.heal();
    offices.wait_for_mode("primary");
    offices.wait_for(1, "a refusal", |_| {
        told(&offices, "stuck")
            .iter()
            .any(|why| why.starts_with("FRR has `ip ospf cost 33` on rad0"))
    });
    assert_eq!(costs(&offices, 1), ["ip ospf cost 60000", "ip ospf cost 33"]);
    frr::vtysh(&offices, 1, &["configure terminal", "interface rad0", "ip ospf cost 20"]).unwrap();
    wait_until_sent_by(&offices, "fib0");
    assert_eq!(costs(&offices, 1), ["ip ospf cost 20"]);

    offices.link(1, &["switch", "radio"]);
    offices.wait_for(1, "advice", |_| costs(&offices, 1).len() == 2);

    // An agent that comes back goes on with what FRR was advised, and takes it back when it stops.
    offices.kill(1);
    assert_eq!(costs(&offices, 1).len(), 2);
    start(&mut offices, 1);
    offices.wait_for(1, "an agent", |status| status["routes"][1] == "radio");
    offices.stop(1);
    assert_eq!(costs(&offices, 1), ["ip ospf cost 20"], "it is taken back");
    assert_eq!(offices.at("router-1", &["ip", "rule"]), rules);
    // FRR numbers its own from 1 on.
    let of_ours = |said: &str, before: &str| {
        let mut words = said.split_whitespace();
        let ids = std::iter::from_fn(|| words.find(|word| *word == before).and(words.next()));
        ids.filter(|id| id.len() == 4 && id.starts_with("51")).count()
    };
    let routes = offices.at("router-1", &["ip", "route"]);
    assert_eq!(of_ours(&routes, "nhid"), 0, "no route is ours: {routes}");
    let next_hops = offices.at("router-1", &["ip", "nexthop"]);
    assert_eq!(of_ours(&next_hops, "id"), 0, "no next hop is ours: {next_hops}");
    let saved = std::fs::read_to_string(offices.dir().join("ospfd-1.conf")).unwrap();
    assert!(!saved.contains("60000"), "nothing is written down");
}
