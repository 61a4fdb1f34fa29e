//! Paths that delay, lose, repeat and reorder.

use std::time::Duration;

use crate::ground::{Offices, Setting, USUAL};
use crate::weather::{Loss, Weather};
use crate::wire::Wire;

const MS: fn(u64) -> Duration = Duration::from_millis;
/// What radio is set to.
const PATIENT: Setting<'_> = Setting { heartbeats: (100, 5), ..USUAL };

/// Offices whose fibre is a wire.
fn with_fibre_by_wire(setting: Setting<'_>) -> (Offices, Wire) {
    let mut offices = Offices::lay();
    let fibre = offices.lay_by_wire("fib0");
    offices.begin(setting);
    (offices, fibre)
}

/// Where the office of a router went, one mode after the other.
fn modes(offices: &Offices, router: usize) -> Vec<String> {
    let events = offices.events(router).into_iter().filter(|event| event["what"] == "site");
    events.map(|event| event["to"].as_str().unwrap().to_owned()).collect()
}

/// How often a path was taken to be down at a router.
fn falls(offices: &Offices, router: usize) -> usize {
    offices.events(router).iter().filter(|event| event["to"] == "down").count()
}

fn answered(pings: &[Option<Duration>]) -> usize {
    pings.iter().flatten().count()
}

#[test]
fn a_wire_has_the_weather_that_was_set() {
    let offices = Offices::lay();
    let wire = offices.lay_by_wire("fib0");
    let ping = |count: u32| offices.pings("router-1", "192.0.2.2", count, MS(2));
    assert!(answered(&ping(20)) >= 19, "the first may be lost while the cable comes up");
    wire.set(&Weather { delay: MS(15), ..Weather::default() });
    let round_trips: Vec<_> = ping(100).into_iter().flatten().collect();
    assert_eq!(round_trips.len(), 100);
    let shortest = *round_trips.iter().min().unwrap();
    // Nothing is faster than light; a busy machine is slow, but not each time.
    assert!((MS(30)..MS(33)).contains(&shortest), "{shortest:?}");
    wire.set_towards(2, Weather { loss: Loss::Random(0.2), ..Weather::default() });
    wire.set_towards(1, Weather::default());
    let answered_then = answered(&ping(1_000));
    // Five times as far as such numbers lie from each other.
    assert!((737..=863).contains(&answered_then), "{answered_then} of 1000");
    wire.cut();
    assert_eq!(answered(&ping(20)), 0);
}

/// They wait most of their time, so they do it together.
#[test]
fn weather_that_is_bad_for_a_minute_moves_no_whole_office() {
    std::thread::scope(|scope| {
        scope.spawn(a_fifth_of_lost_packets_moves_no_whole_office);
        scope.spawn(heartbeats_that_come_twice_or_late_change_nothing);
        scope.spawn(a_slow_path_loses_what_is_protected_alone_and_has_it_back);
    });
}

fn a_fifth_of_lost_packets_moves_no_whole_office() {
    let (offices, fibre) = with_fibre_by_wire(PATIENT);
    fibre.set(&Weather { loss: Loss::Random(0.2), ..Weather::default() });
    let answered = answered(&offices.pings("here", "10.2.0.2", 600, MS(100)));
    for router in 1..=2 {
        assert_eq!(falls(&offices, router), 0, "{:?}", offices.events(router));
        assert_eq!(routes(&offices, router)[1], "fibre");
    }
    // 64 %, which is what two fifths leave: nothing went by the radio path.
    assert!((325..=443).contains(&answered), "{answered} of 600");
}

/// The kernel asks for a neighbour's address again every half minute, and has nothing to send to for a
/// second where the answers are lost. What is answered tells it that the address is right: heartbeats of
/// the radio path, and by the fibre, which lives by them, targets at its other end and behind it.
#[test]
fn an_end_that_is_heard_is_not_asked_for_its_address() {
    let mut offices = Offices::lay();
    for router in 1..=2 {
        let other = 3 - router;
        let target = |name: &str, address: &str| {
            format!(
                "[[links.targets]]\nname = \"{name}\"\npath = \"fibre\"\nkind = \"ping\"\n\
                 address = \"{address}\"\nevery-ms = 100\ntimeout-ms = 200\n"
            )
        };
        let end = target("end", &format!("192.0.2.{other}"));
        let behind = target("behind", &format!("10.{other}.0.1"));
        let more_of_primary = &format!("alive-by = \"targets\"\n{end}{behind}");
        offices.start(router, Setting { more_of_primary, ..USUAL });
    }
    offices.wait_until_up();
    let hastened =
        ["base_reachable_time_ms=200", "delay_first_probe_time=1", "retrans_time_ms=100"];
    for place in ["router-1", "router-2"] {
        for device in ["fib0", "rad0"] {
            for word in hastened {
                offices.at(place, &["sysctl", "-w", &format!("net.ipv4.neigh.{device}.{word}")]);
            }
            // It would ask at its old pace for what it knows already.
            offices.at(place, &["ip", "neighbour", "flush", "dev", device]);
        }
    }
    for address in ["192.0.2.2", "198.51.100.2"] {
        assert_eq!(answered(&offices.pings("router-1", address, 1, MS(50))), 1);
    }
    for place in ["router-1", "router-2"] {
        let chain = "type filter hook input priority 0; iifname { fib0, rad0 } drop;";
        let table = format!("add table arp deaf {{ chain input {{ {chain} }}; }}");
        offices.at(place, &["nft", &table]);
    }
    let answered = answered(&offices.pings("here", "10.2.0.2", 60, MS(50)));
    for router in 1..=2 {
        assert_eq!(falls(&offices, router), 0, "{:?}", offices.events(router));
    }
    assert_eq!(answered, 60);
}

#[test]
fn bursts_of_losses_send_an_office_away_once_and_keep_it_there() {
    let (offices, fibre) = with_fibre_by_wire(USUAL);
    // A quarter of a second in the mean, often longer than heartbeats may be missing.
    let loss = Loss::Bursts { begin: 0.02, end: 0.1 };
    fibre.set(&Weather { loss, ..Weather::default() });
    offices.wait_for_mode("on-backup");
    let pings = offices.pings("here", "10.2.0.2", 600, MS(50));
    assert_eq!(answered(&pings), 600, "the radio path loses none");
    for router in 1..=2 {
        let mut modes = modes(&offices, router);
        // What is protected may have left it before.
        modes.retain(|mode| mode != "split");
        assert_eq!(modes, ["on-backup"]);
    }
}

#[test]
fn a_path_that_flaps_is_left_once_and_held_and_taken_when_it_is_the_last() {
    let (offices, fibre) = with_fibre_by_wire(USUAL);
    let health = |wanted: &'static [&str]| {
        move |status: &serde_json::Value| {
            wanted.iter().any(|wanted| status["paths"][0]["health"] == *wanted)
        }
    };
    let is_held = || (1..=2).all(|router| falls_into_hold(&offices, router));
    while !is_held() {
        fibre.cut();
        for router in 1..=2 {
            offices.wait_for(router, "the fall", health(&["down", "held"]));
        }
        fibre.heal();
        for router in 1..=2 {
            offices.wait_for(router, "the fibre", health(&["recovering", "held"]));
        }
    }
    for router in 1..=2 {
        assert_eq!(modes(&offices, router), ["on-backup"]);
    }
    assert_eq!(answered(&offices.pings("here", "10.2.0.2", 20, MS(50))), 20);
    offices.wait_for(1, "heartbeats", |status| status["paths"][0]["is-alive"] == true);
    offices.wait_for(2, "heartbeats", |status| status["paths"][0]["is-alive"] == true);
    offices.cut_both("rad0");
    for router in 1..=2 {
        offices.wait_for(router, "the fibre", |status| status["routes"][1] == "fibre");
        assert_eq!(offices.status(router).unwrap()["paths"][0]["health"], "held");
    }
    assert!(offices.is_reached());
}

fn falls_into_hold(offices: &Offices, router: usize) -> bool {
    offices.events(router).iter().any(|event| event["to"] == "held")
}

fn heartbeats_that_come_twice_or_late_change_nothing() {
    // Nothing but heartbeats is judged.
    let (offices, fibre) =
        with_fibre_by_wire(Setting { more_of_each: "probes-per-second = 0", ..PATIENT });
    let before = [1, 2].map(|router| offices.events(router).len());
    fibre.set(&Weather { twice: 0.5, late: (0.3, MS(120)), ..Weather::default() });
    let pings = offices.pings("here", "10.2.0.2", 100, MS(200));
    assert_eq!(answered(&pings), 100);
    for (router, before) in (1..).zip(before) {
        let events = offices.events(router).split_off(before);
        // That one is late is seen, and that it came.
        let others = events.iter().filter(|event| event["to"] != "suspect" && event["to"] != "up");
        assert_eq!(others.count(), 0, "{events:?}");
        assert_eq!(routes(&offices, router), ["fibre", "fibre"]);
    }
}

fn a_slow_path_loses_what_is_protected_alone_and_has_it_back() {
    // A path that is slower at once has a gap between heartbeats.
    let (offices, fibre) = with_fibre_by_wire(Setting { more: "protected-mark = 7", ..PATIENT });
    let by = |mark: &str| {
        let way = offices.at("router-1", &["ip", "route", "get", "10.2.0.2", "mark", mark]);
        ["fib0", "rad0"].into_iter().find(|device| way.contains(device)).unwrap().to_owned()
    };
    for router in 1..=2 {
        offices.wait_for(router, "what is usual", |status| status["paths"][0]["usual-us"].is_u64());
    }
    assert_eq!([by("0"), by("7")], ["fib0", "fib0"]);
    // Until voices would be heard clearly worse; all at once it would be a silence.
    for delay in [100, 200, 300] {
        fibre.set(&Weather { delay: MS(delay), ..Weather::default() });
        for router in 1..=2 {
            offices.wait_for(router, "the delay", |status| {
                status["paths"][0]["round-trip-us"].as_u64() >= Some(2_000 * delay)
            });
        }
    }
    offices.wait_for_mode("split");
    assert_eq!([by("0"), by("7")], ["fib0", "rad0"]);
    fibre.heal();
    offices.wait_for_mode("primary");
    assert_eq!([by("0"), by("7")], ["fib0", "fib0"]);
    for router in 1..=2 {
        assert_eq!(modes(&offices, router), ["split", "primary"]);
        assert_eq!(falls(&offices, router), 0);
    }
}

/// What goes by which path: what is protected, and the rest.
fn routes(offices: &Offices, router: usize) -> [String; 2] {
    let status = offices.status(router).expect("the agent is there");
    [0, 1].map(|kind| status["routes"][kind].as_str().unwrap().to_owned())
}
