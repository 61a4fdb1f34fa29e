//! An office and visitors on one path.

use std::time::Duration;

use crate::crowd;
use crate::ground::{Offices, Setting, USUAL};

#[test]
fn an_office_finds_room_on_a_path_that_visitors_fill() {
    let outcome = crowd::failover(10);
    assert!(outcome.office > 0.6, "{outcome:?}");
    assert!(outcome.visitors[1] > 0.0, "they keep their floor: {outcome:?}");
    assert!(outcome.visitors[1] < outcome.visitors[0] / 2.0, "{outcome:?}");
    assert!(outcome.unanswered < 10.0, "{outcome:?}");
    // What waits behind visitors waits for 60 ms at each end.
    let [base, late] = outcome.round_trips;
    assert!(late < base + Duration::from_millis(60), "{outcome:?}");
    assert!(outcome.ready_after.is_some(), "{outcome:?}");
}

#[test]
fn visitors_make_room_on_the_backup_and_have_it_back_afterwards() {
    let setting = Setting {
        more: "visitors = [\"10.1.77.0/24\"]",
        more_of_backup: "capacity-mbit = 10",
        ..USUAL
    };
    let offices = Offices::open(setting);
    offices.cut_both("fib0");
    offices.wait_for_mode("on-backup");
    let status = offices.status(1).unwrap();
    assert_eq!(status["paths"][1]["visitors-kbit"], 5_000);
    let [office, visitors] = offices.answers(["10.1.0.2", "10.1.77.2"]);
    // It has ten times as much if it asks for it in time, which a busy machine does not.
    assert!(office > visitors, "{office} beside {visitors}");
    assert!(visitors > 0, "they keep their floor");
    let shares = |offices: &Offices| {
        let events = offices.events(1).into_iter().filter(|event| event["what"] == "visitors");
        events.map(|event| event["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    offices.wait_for(1, "what is told", |_| !shares(&offices).is_empty());
    assert_eq!(shares(&offices)[0], "5000 kbit/s");
    for router in 1..=2 {
        offices.heal(router, "fib0");
    }
    offices.wait_for_mode("primary");
    offices.wait_for(1, "free visitors", |status| status["paths"][1]["visitors-kbit"].is_null());
    offices.wait_for(1, "what is told", |_| {
        shares(&offices).last().is_some_and(|share| share == "all that is left")
    });
}
