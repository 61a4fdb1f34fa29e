//! What happens to the agents themselves.

use std::time::Duration;

use crate::clock::Clock;
use crate::ground::{Ends, Offices, Setting, USUAL};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn agents_that_start_at_the_same_moment_find_each_other_and_never_fall() {
    for _ in 0..3 {
        let offices = Offices::open(USUAL);
        for router in 1..=2 {
            let events = offices.events(router);
            let told: Vec<_> = events.iter().map(|event| event["to"].as_str()).collect();
            assert_eq!(told, [None, Some("up"), Some("up")], "{events:?}");
        }
        assert!(offices.is_reached());
    }
}

#[test]
fn an_agent_that_is_held_up_for_two_seconds_costs_the_office_nothing() {
    let offices = Offices::open(USUAL);
    let pings = offices.begin_pings("here", "10.2.0.2", MS(20));
    offices.signal(1, "STOP");
    // Two seconds.
    offices.pings("router-2", "198.51.100.1", 41, MS(50));
    assert_eq!(offices.status(2).unwrap()["mode"], "isolated", "nothing is heard by any path");
    offices.signal(1, "CONT");
    for router in 1..=2 {
        // Both carry again; which of them is used until they have been good for long enough is all one.
        offices.wait_for(router, "both paths", |status| {
            status["mode"] != "isolated"
                && (0..2).all(|path| status["paths"][path]["is-alive"] == true)
        });
    }
    assert!(offices.is_reached());
    let answers = pings.end();
    let asked = answers.last().unwrap().number;
    // Routes stay, and both paths carry, in whichever order the ends come back to the first.
    assert!(answers.len() * 100 >= asked * 99, "{} of {asked}", answers.len());
}

#[test]
fn a_clock_that_is_set_meanwhile_changes_nothing() {
    let mut offices = Offices::lay();
    let clock = Clock::give(&mut offices);
    offices.start(1, USUAL);
    offices.clear_env();
    offices.start(2, USUAL);
    offices.wait_until_up();
    let before = [1, 2].map(|router| offices.events(router).len());
    for seconds in [3_600, -86_400, 2] {
        clock.set(seconds);
        // Two seconds.
        offices.pings("router-2", "198.51.100.1", 41, MS(50));
        for router in 1..=2 {
            let status = offices.status(router).unwrap();
            for path in 0..2 {
                let path = &status["paths"][path];
                assert!(path["round-trip-us"].as_u64() < Some(500_000), "{path}");
                assert_eq!(path["health"], "up");
            }
        }
    }
    for (router, before) in (1..).zip(before) {
        let events = offices.events(router).split_off(before);
        let falls =
            events.iter().filter(|event| event["to"] == "down" || event["to"] == "degraded");
        assert_eq!(falls.count(), 0, "{events:?}");
    }
    clock.set(7_200);
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    let [of_set, of_other] =
        [1, 2].map(|router| offices.events(router).pop().unwrap()["at"].as_u64());
    let ahead = of_set.unwrap() - of_other.unwrap();
    assert!((7_100_000..7_300_000).contains(&ahead), "the clock was set: {ahead} ms");
}

/// Counts what comes to a router of heartbeats, probes and answers to those, by their class: those that have
/// theirs (CS6 and EF), and the others.
const BY_CLASS: &str = "
table inet by-class {
  counter heartbeats { }
  counter probes { }
  counter answers { }
  counter others { }
  chain in {
    type filter hook input priority -300;
    udp dport 3784 meta nfproto ipv4 ip dscp cs6 counter name heartbeats accept
    udp dport 3784 meta nfproto ipv6 ip6 dscp cs6 counter name heartbeats accept
    udp dport 862 meta nfproto ipv4 ip dscp ef counter name probes accept
    udp dport 862 meta nfproto ipv6 ip6 dscp ef counter name probes accept
    udp sport 862 meta nfproto ipv4 ip dscp ef counter name answers accept
    udp sport 862 meta nfproto ipv6 ip6 dscp ef counter name answers accept
    udp dport { 862, 3784 } counter name others
    udp sport 862 counter name others
  }
}
";

#[test]
fn what_watches_a_path_goes_ahead_of_all_else_on_the_wire_and_on_the_router() {
    for ends in [Ends::Ipv4, Ends::Ipv6] {
        let mut offices = Offices::lay();
        if ends == Ends::Ipv6 {
            offices.lay_ipv6();
        }
        offices.at("router-2", &["nft", BY_CLASS]);
        offices.begin(Setting { ends, ..USUAL });
        let counted = |name: &str| {
            let said =
                offices.at("router-2", &["nft", "list", "counter", "inet", "by-class", name]);
            let (_, rest) = said.split_once("packets ").unwrap();
            rest.split_once(' ').unwrap().0.parse::<u64>().unwrap()
        };
        // Both paths are up, so by each of them there was enough of all three.
        for name in ["heartbeats", "probes", "answers"] {
            assert!(counted(name) >= 20, "{} {name}", counted(name));
        }
        assert_eq!(counted("others"), 0, "{ends:?}");
        // Whoever runs this may have given it the right; without it the agent says that it would need it.
        let script = format!("cat /proc/{}/task/*/stat", offices.agent(1));
        let threads = offices.at("router-1", &["sh", "-c", &script]);
        let watcher = threads.lines().find(|line| line.contains("(links)")).unwrap();
        let (_, fields) = watcher.rsplit_once(')').unwrap();
        // Fields 40 and 41 of proc(5), of which the first two are before the bracket.
        let urgency: Vec<_> = fields.split_whitespace().skip(37).take(2).collect();
        let asked = offices.log(1).contains("links.urgency");
        assert!(urgency == ["10", "1"] || asked, "{urgency:?}\n{}", offices.log(1));
    }
}
