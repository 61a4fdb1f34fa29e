//! A backup whose traffic is paid for.

use std::time::Duration;

use serde_json::Value;

use crate::ground::{Offices, Setting, USUAL};

const MS: fn(u64) -> Duration = Duration::from_millis;

const PAID: Setting<'static> = Setting {
    heartbeats: (400, 5),
    more_of_backup: "metered = true\nbudget-mb = 1",
    carry_test: Some(""),
    ..USUAL
};

/// How many packets a router has sent by the radio path.
fn sent(offices: &Offices) -> u64 {
    let counter = "/sys/class/net/rad0/statistics/tx_packets";
    offices.at("router-1", &["cat", counter]).trim().parse().unwrap()
}

fn wait_until_paced(offices: &Offices, pace: &str) {
    for router in 1..=2 {
        offices.wait_for(router, pace, |status| status["paths"][1]["pace"] == pace);
    }
}

/// What was told of the budget of the first router.
fn told(offices: &Offices) -> Vec<String> {
    let events = offices.events(1).into_iter().filter(|event| event["what"] == "budget");
    events.map(|event| event["to"].as_str().unwrap().to_owned()).collect()
}

fn budget(status: &Value) -> (u64, &str) {
    let budget = &status["paths"][1]["budget"];
    (budget["spent"].as_u64().unwrap(), budget["thrift"].as_str().unwrap())
}

#[test]
fn a_backup_that_is_paid_for_is_watched_seldom_known_in_time_and_within_its_budget() {
    let mut offices = Offices::open(PAID);
    wait_until_paced(&offices, "idle");
    let before = sent(&offices);
    // Ten seconds.
    offices.pings("here", "10.2.0.2", 101, MS(100));
    let idle = sent(&offices) - before;
    // Two heartbeats, a probe and its answer, and a few of the kernel's own; otherwise 125.
    assert!(idle < 20, "{idle}");
    let pings = offices.begin_pings("here", "10.2.0.2", MS(10));
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    wait_until_paced(&offices, "full");
    assert!(offices.is_reached());
    let before = sent(&offices);
    offices.pings("router-1", "198.51.100.2", 41, MS(50));
    assert!(sent(&offices) - before > 41 + 10, "it is watched as any other");
    let answers = pings.end();
    let gaps = answers.windows(2).map(|pair| pair[1].at - pair[0].at);
    let longest = gaps.fold(0.0, f64::max);
    assert!(longest < 6.0, "{longest} s, and idle heartbeats would have taken 50");
    for router in 1..=2 {
        offices.heal(router, "fib0");
    }
    offices.wait_for_mode("primary");
    let status =
        offices.wait_for(1, "a budget that is used up", |status| budget(status).1 == "used-up");
    let (spent, _) = budget(&status);
    assert!(spent >= 1_000_000, "{spent}");
    let events = told(&offices);
    assert_eq!(events.iter().filter(|to| *to == "used-up").count(), 1, "{events:?}");
    // Somebody buys more, and does not after all, while sessions go on.
    let falls = |offices: &Offices| {
        let events = offices.events(1).into_iter();
        events.filter(|event| event["what"] == "path" && event["to"] == "down").count()
    };
    let fallen = falls(&offices);
    for (from, to, thrift) in [
        ("budget-mb = 1\n", "budget-mb = 500\n", "within-budget"),
        ("budget-mb = 500\n", "budget-mb = 1\n", "used-up"),
    ] {
        offices.reconfigure(1, from, to);
        let status = offices.wait_for(1, to, |status| budget(status).1 == thrift);
        assert!(budget(&status).0 >= 1_000_000, "what was spent stays");
    }
    assert_eq!(falls(&offices), fallen);
    let events = told(&offices);
    // It is on the disk a moment after it is told.
    let kept = offices.dir().join("events-1.jsonl.spent");
    offices.wait_for(1, "what was spent, on the disk", |_| {
        std::fs::read_to_string(&kept).is_ok_and(|text| text.contains("used-up"))
    });
    offices.kill(1);
    offices.start(1, PAID);
    let status =
        offices.wait_for(1, "what was spent", |status| status["paths"][1]["health"] == "up");
    // What it was used up with is kept; of what was counted since, some may be lost with the agent.
    assert!(budget(&status).0 >= 1_000_000, "{status}");
    assert_eq!(
        (budget(&status).1, told(&offices)),
        ("used-up", events),
        "and nothing is told again"
    );
    assert_eq!(status["paths"][1]["trials"], 0, "what is used up is not tried");
}
