//! An office behind a fibre and a radio link, whose traffic is moved between them.

mod office;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use edge::links::switch::{
    Carrier, Change, Flow, Hand, LinkEvent, Outline, Plan, Switch, SwitchError, Verb,
};
use link::{PathNumber, Routes};

use office::*;

const FIBRE: PathNumber = PathNumber::new(0);
const RADIO: PathNumber = PathNumber::new(1);
const ON_FIBRE: Routes = Routes::everything(FIBRE);
const ON_RADIO: Routes = Routes::everything(RADIO);

/// Routes that the outline's agent lays.
const OURS: usize = 12;
const FOREIGN: u32 = 20_000;

#[test]
fn what_is_planned_is_installed_once_and_read_back() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    assert_eq!(switch.standing().unwrap().routes(), None);
    let installed = switch.reconcile(ON_FIBRE).unwrap();
    assert!(installed.unavailable.is_empty());
    assert_eq!(
        office.said("route show table all proto 115"),
        "10.8.0.1 nhid 5100 via 10.0.0.2 dev fibre table 5100 metric 100 onlink\n\
         10.9.0.0/16 nhid 5100 via 10.0.0.2 dev fibre table 5100 metric 100 onlink\n\
         10.8.0.1 nhid 5104 via 10.0.0.2 dev fibre metric 100 onlink\n\
         10.8.0.1 nhid 5110 via 10.0.0.2 dev fibre metric 101 onlink\n\
         10.8.0.1 nhid 5112 via 10.0.1.2 dev radio metric 102 onlink\n\
         10.9.0.0/16 nhid 5102 via 10.0.0.2 dev fibre metric 100 onlink\n\
         10.9.0.0/16 nhid 5110 via 10.0.0.2 dev fibre metric 101 onlink\n\
         10.9.0.0/16 nhid 5112 via 10.0.1.2 dev radio metric 102 onlink\n\
         2001:db8::/32 nhid 5101 table 5100 metric 100 pref medium\n\
         nexthop via fd00::2 dev fibre weight 1 onlink\n\
         2001:db8::/32 nhid 5103 metric 100 pref medium\n\
         nexthop via fd00::2 dev fibre weight 1 onlink\n\
         2001:db8::/32 nhid 5111 via fd00::2 dev fibre metric 101 onlink pref medium\n\
         2001:db8::/32 nhid 5113 via fd01::2 dev radio metric 102 onlink pref medium\n"
    );
    for version in ["-4", "-6"] {
        let rules = office.said(&format!("{version} rule show"));
        assert!(rules.contains("5100: from all fwmark 0x7 lookup 5100 proto 115"), "{rules}");
    }
    assert!(switch.reconcile(ON_FIBRE).unwrap().changes.is_empty());
    let routes = Routes { protected: RADIO, ..ON_FIBRE };
    switch.move_to(routes).unwrap();
    // Another agent that starts goes on where this one left.
    assert_eq!(office.switch(Hand::DryRun).standing().unwrap().routes(), Some(routes));
    assert!(switch.reconcile(routes).unwrap().changes.is_empty());
    let removed = switch.clear().unwrap();
    assert_eq!(removed.len(), installed.changes.len());
    assert_eq!(office.state(), Office::build().state());
}

#[test]
fn traffic_takes_the_other_device_after_a_switch_connected_sockets_too() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    switch.reconcile(ON_FIBRE).unwrap();
    let plain = [FAR, FAR6].map(|address| office.sender(address, 0));
    let protected = [FAR, FAR6].map(|address| office.sender(address, MARK));
    let canary = office.sender(CANARY, 0);
    let mut assert_paths = |routes: Routes| {
        let moved = switch.move_to(routes).unwrap();
        assert!(!moved.has_gaps);
        for sender in &plain {
            office.assert_arrives(sender, routes.all);
        }
        for sender in &protected {
            office.assert_arrives(sender, routes.protected);
        }
        office.assert_arrives(&canary, routes.canary);
        assert!(switch.move_to(routes).unwrap().changes.is_empty());
        moved.changes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(assert_paths(ON_FIBRE).is_empty());
    let moved = assert_paths(ON_RADIO);
    let expected = [
        "replace group 5100 of next hop 5112",
        "replace group 5101 of next hop 5113",
        "replace group 5102 of next hop 5112",
        "replace group 5103 of next hop 5113",
        "replace group 5104 of next hop 5112",
    ];
    assert_eq!(moved, expected);
    assert_eq!(assert_paths(Routes { canary: FIBRE, ..ON_RADIO }).len(), 1);
    assert_eq!(assert_paths(Routes { protected: RADIO, ..ON_FIBRE }).len(), 2);
    assert_eq!(assert_paths(ON_FIBRE).len(), 2);
}

#[test]
fn a_path_without_carrier_is_refused_and_the_other_stands_in_until_all_is_made_again() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    let mut watch = office.watch();
    switch.reconcile(ON_RADIO).unwrap();
    assert_eq!(watch.within_the_start(), [(FIBRE, Carrier::Up), (RADIO, Carrier::Up)]);
    // What we make ourselves is no reason to look again.
    assert_eq!(watch.now(), None);

    office.far[0].ip("link set fibre-far down");
    watch.wait_for(LinkEvent::Carrier(FIBRE, Carrier::Down));
    watch.wait_for(LinkEvent::Reconcile);
    let before = office.state();
    let error = switch.move_to(ON_FIBRE).unwrap_err();
    assert_eq!(error.to_string(), "path 0 is on fibre, which is down");
    assert!(matches!(error, SwitchError::DeviceDown { path: FIBRE, .. }));
    assert_eq!(office.state(), before);

    office.far[0].ip("link set fibre-far up");
    watch.wait_for(LinkEvent::Carrier(FIBRE, Carrier::Up));
    let error = switch.move_to(ON_FIBRE).unwrap_err();
    assert_eq!(error.to_string(), "path 0 on fibre has no next hop in the kernel");
    watch.wait_for(LinkEvent::Reconcile);
    assert_eq!(switch.reconcile(ON_RADIO).unwrap().changes.len(), 2 + 3);
    switch.move_to(ON_FIBRE).unwrap();

    let everybody = || {
        let plain = [FAR, FAR6, CANARY].map(|address| office.sender(address, 0));
        plain.into_iter().chain([office.sender(FAR, MARK)])
    };
    let before: Vec<_> = everybody().collect();
    office.far[0].ip("link set fibre-far down");
    watch.wait_for(LinkEvent::Carrier(FIBRE, Carrier::Down));
    // Nobody has switched yet.
    everybody().for_each(|sender| office.assert_arrives(&sender, RADIO));
    assert_eq!(switch.standing().unwrap().routes(), None);
    let lost = switch.move_to(ON_FIBRE).unwrap_err();
    assert!(matches!(lost, SwitchError::DeviceDown { path: FIBRE, .. }));
    let moved = switch.move_to(ON_RADIO).unwrap();
    assert!(moved.has_gaps);
    assert_eq!(moved.changes.len(), 5);
    assert_eq!(switch.standing().unwrap().routes(), Some(ON_RADIO));
    switch.reconcile(ON_RADIO).unwrap();
    // The kernel lets sockets of its own machine keep an IPv6 route that went with its next hop, until
    // another is made.
    everybody().chain(before).for_each(|sender| office.assert_arrives(&sender, RADIO));
    let there = switch.reconcile(ON_RADIO).unwrap();
    assert!(there.changes.is_empty() && there.unavailable.is_empty());
    let waiting = switch.reconcile(ON_FIBRE).unwrap();
    assert!(waiting.changes.is_empty());
    assert_eq!(waiting.unavailable.into_iter().collect::<Vec<_>>(), [FIBRE]);
}

#[test]
fn protected_traffic_moves_even_if_the_rest_has_nowhere_to_go() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    let mut watch = office.watch();
    switch.reconcile(ON_FIBRE).unwrap();
    office.far[0].ip("link set fibre-far down");
    watch.wait_for(LinkEvent::Carrier(FIBRE, Carrier::Down));
    let moved = switch.move_to(Routes { protected: RADIO, ..ON_FIBRE }).unwrap();
    assert_eq!(moved.changes.len(), 2);
    assert_eq!(moved.unavailable.into_iter().collect::<Vec<_>>(), [FIBRE]);
    assert_eq!(switch.standing().unwrap().protected, Some(RADIO));
    // But nothing leaves a path for one that is down, and nothing else moves then.
    let before = office.state();
    let error = switch.move_to(Routes { protected: FIBRE, ..ON_RADIO }).unwrap_err();
    assert!(matches!(error, SwitchError::DeviceDown { path: FIBRE, .. }));
    assert_eq!(office.state(), before);
}

#[test]
fn what_the_kernel_refuses_is_told_and_all_else_is_done() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    office.office.sysctl("ipv6/conf/radio/disable_ipv6", "1");
    let error = switch.reconcile(ON_FIBRE).unwrap_err();
    let expected = "kernel refuses to add next hop 5113 via fd01::2 on interface 3: \
                    EACCES: Permission denied";
    assert_eq!(error.to_string(), expected);
    assert_eq!(switch.standing().unwrap().routes(), Some(ON_FIBRE));
    // What the path carries moves, for nothing is won by waiting for the rest.
    let moved = switch.move_to(ON_RADIO).unwrap();
    assert_eq!(moved.changes.len(), 3);
    assert_eq!(moved.unavailable.into_iter().collect::<Vec<_>>(), [RADIO]);
    office.assert_arrives(&office.sender(FAR, 0), RADIO);
    office.assert_arrives(&office.sender(FAR6, 0), FIBRE);
    assert_eq!(switch.standing().unwrap().routes(), Some(ON_RADIO));

    office.office.sysctl("ipv6/conf/radio/disable_ipv6", "0");
    office.office.ip("addr add fd01::1/64 dev radio nodad");
    switch.reconcile(ON_RADIO).unwrap();
    office.assert_arrives(&office.sender(FAR6, 0), RADIO);
}

#[test]
fn an_ip_version_that_a_path_lacks_stays_on_the_one_that_has_it() {
    let office = Office::build();
    let mut plan = outline();
    plan.paths[1].ipv6 = None;
    let mut switch = office.switch_of(plan, Hand::Kernel);
    switch.reconcile(ON_FIBRE).unwrap();
    let moved = switch.move_to(ON_RADIO).unwrap();
    assert_eq!(moved.changes.len(), 3);
    assert!(moved.unavailable.is_empty());
    office.assert_arrives(&office.sender(FAR, 0), RADIO);
    office.assert_arrives(&office.sender(FAR6, 0), FIBRE);
    assert_eq!(switch.standing().unwrap().routes(), Some(ON_RADIO));
    assert!(switch.reconcile(ON_RADIO).unwrap().changes.is_empty());
}

#[test]
fn a_device_that_is_deleted_and_made_again_is_taken_back() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    let mut watch = office.watch();
    switch.reconcile(ON_RADIO).unwrap();
    office.office.ip("link del radio");
    watch.wait_for(LinkEvent::Carrier(RADIO, Carrier::Down));
    watch.wait_for(LinkEvent::Reconcile);
    let error = switch.move_to(ON_RADIO).unwrap_err();
    assert_eq!(error.to_string(), "path 1 has no device radio");
    let senders = [FAR, FAR6].map(|address| office.sender(address, 0));
    senders.iter().for_each(|sender| office.assert_arrives(sender, FIBRE));

    office.cable(1);
    watch.wait_for(LinkEvent::Carrier(RADIO, Carrier::Up));
    watch.wait_for(LinkEvent::Reconcile);
    let made = switch.reconcile(ON_RADIO).unwrap();
    assert!(made.unavailable.is_empty());
    senders.iter().for_each(|sender| office.assert_arrives(sender, RADIO));
    assert!(switch.reconcile(ON_RADIO).unwrap().changes.is_empty());
}

#[test]
fn what_is_not_ours_is_never_touched_and_told_when_it_is_in_the_way() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    let theirs = "nexthop add id 7 via 10.0.0.9 dev fibre proto 11\n\
                  nexthop add id 8 group 7 proto 11\n\
                  route add 10.9.0.0/16 nhid 8 proto 11 metric 20\n\
                  route add 10.20.0.0/16 dev radio proto 16 metric 100\n\
                  rule add fwmark 7 lookup 5100 pref 5100 proto 11";
    office.office.ip(theirs);
    let before = office.state();
    switch.reconcile(ON_FIBRE).unwrap();
    switch.move_to(ON_RADIO).unwrap();
    switch.clear().unwrap();
    assert_eq!(office.state(), before);

    for (in_the_way, expected) in [
        (
            "nexthop add id 5112 via 10.0.0.9 dev fibre proto 11",
            "next hop 5112 is there already and belongs to protocol 11",
        ),
        (
            "nexthop add id 5100 group 7",
            "group 5100 of next hop 7 is there already and belongs to protocol 0",
        ),
        (
            "route add 10.9.0.0/16 dev fibre metric 100 proto static",
            "route 10.9.0.0/16 metric 100 table 254 by next hop 5102 is there already and belongs \
             to protocol 4",
        ),
        (
            "route add 2001:db8::/32 dev fibre metric 102 proto ra",
            "route 2001:db8::/32 metric 102 table 254 by next hop 5113 is there already and \
             belongs to protocol 9",
        ),
    ] {
        office.office.ip(in_the_way);
        let before = office.state();
        let error = switch.reconcile(ON_FIBRE).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(matches!(error, SwitchError::Foreign(_)));
        if in_the_way.starts_with("nexthop") {
            assert!(matches!(switch.move_to(ON_RADIO), Err(SwitchError::Foreign(_))));
        }
        assert_eq!(office.state(), before);
        let undone = in_the_way.replace(" add ", " del ");
        office.office.ip(undone.split(" via ").next().unwrap().split(" group ").next().unwrap());
    }
    assert_eq!(office.state(), before);
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_does_nothing() {
    let office = Office::build();
    let mut rehearsal = office.switch(Hand::DryRun);
    let mut switch = office.switch(Hand::Kernel);
    let empty = office.state();
    let told = rehearsal.reconcile(ON_FIBRE).unwrap();
    assert_eq!(office.state(), empty);
    assert_eq!(switch.reconcile(ON_FIBRE).unwrap(), told);
    let installed = office.state();
    let told = rehearsal.move_to(ON_RADIO).unwrap();
    assert_eq!(office.state(), installed);
    assert_eq!(switch.move_to(ON_RADIO).unwrap(), told);
    let moved = office.state();
    let told = rehearsal.clear().unwrap();
    assert_eq!(office.state(), moved);
    assert_eq!(switch.clear().unwrap(), told);
}

#[test]
fn from_wherever_an_agent_died_the_next_one_gets_to_the_plan() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    let changes = switch.reconcile(ON_FIBRE).unwrap().changes;
    let whole = office.state();
    for done in 0..changes.len() {
        switch.clear().unwrap();
        office.make(&changes[..done]);
        let rest = switch.reconcile(ON_FIBRE).unwrap().changes;
        assert_eq!(rest.len(), changes.len() - done, "{done} changes were made");
        assert_eq!(office.state(), whole);
    }
    // And each one missing on its own, with what goes with it.
    for change in &changes {
        office.make(&[Change { verb: Verb::Remove, ..*change }]);
        assert!(!switch.reconcile(ON_FIBRE).unwrap().changes.is_empty(), "{change} was undone");
        assert_eq!(office.state(), whole, "{change} was undone");
    }
    // Half a switch, in the order in which it is made.
    let moves = office.switch(Hand::DryRun).move_to(ON_RADIO).unwrap().changes;
    for done in 0..=moves.len() {
        office.make(&moves[..done]);
        assert_eq!(switch.move_to(ON_RADIO).unwrap().changes, moves[done..]);
        assert!(switch.reconcile(ON_RADIO).unwrap().changes.is_empty());
        switch.move_to(ON_FIBRE).unwrap();
    }
}

#[test]
fn another_plan_replaces_the_first_without_a_leftover() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    switch.reconcile(ON_FIBRE).unwrap();
    let first = office.state();
    let other = Outline {
        metric: 300,
        prefixes: vec!["10.9.0.0/16".parse().unwrap(), "10.8.0.1/32".parse().unwrap()],
        canary: vec!["2001:db8::/32".parse().unwrap()],
        ..outline()
    };
    switch.adopt(Plan::new(other.clone()).unwrap());
    switch.reconcile(ON_RADIO).unwrap();
    assert!(switch.reconcile(ON_RADIO).unwrap().changes.is_empty());
    office.assert_arrives(&office.sender(FAR, 0), RADIO);
    let fresh = Office::build();
    fresh.switch_of(other, Hand::Kernel).reconcile(ON_RADIO).unwrap();
    assert_eq!(office.state(), fresh.state());
    switch.adopt(Plan::new(outline()).unwrap());
    switch.reconcile(ON_FIBRE).unwrap();
    assert_eq!(office.state(), first);
    let missing = switch.move_to(Routes::everything(PathNumber::new(2))).unwrap_err();
    assert_eq!(missing.to_string(), "there is no path 2");
}

#[test]
fn agents_of_one_router_leave_each_others_traffic_alone() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    switch.reconcile(ON_FIBRE).unwrap();
    let first = office.state();
    let another = Outline {
        next_hop_base: 5200,
        protected_table: 5101,
        rule_preference: 5101,
        prefixes: vec!["10.7.0.0/16".parse().unwrap()],
        canary: Vec::new(),
        flows: vec![Flow { path: RADIO, from: [10, 1, 0, 251].into(), to: [10, 7, 0, 53].into() }],
        flow_table: 5316,
        flow_preference: 5001,
        ..outline()
    };
    let mut second = office.switch_of(another.clone(), Hand::Kernel);
    second.reconcile(ON_RADIO).unwrap();
    assert!(switch.reconcile(ON_FIBRE).unwrap().changes.is_empty());
    switch.move_to(ON_RADIO).unwrap();
    assert!(second.reconcile(ON_RADIO).unwrap().changes.is_empty());
    switch.move_to(ON_FIBRE).unwrap();
    second.clear().unwrap();
    assert_eq!(office.state(), first);
    // What one routes is not the other's.
    let same = Outline { prefixes: outline().prefixes, ..another };
    let refused = office.switch_of(same, Hand::Kernel).reconcile(ON_RADIO).unwrap_err();
    assert!(refused.to_string().contains("is there already"), "{refused}");
    assert_eq!(office.state(), first);
}

#[test]
fn lost_notifications_are_made_up_by_another_look() {
    let office = Office::build();
    let mut watch = office.watch();
    assert_eq!(watch.within_the_start().len(), 2);
    // Far more than the socket has room for.
    let storm: String =
        (0..4000).map(|n| format!("link set radio mtu {}\n", 1400 + n % 2)).collect();
    office.office.ip(&storm);
    office.office.ip("link del fibre");
    assert_eq!(watch.now(), Some(LinkEvent::Carrier(FIBRE, Carrier::Down)));
    assert_eq!(watch.now(), Some(LinkEvent::Reconcile));
    assert_eq!(watch.now(), None);
}

#[test]
fn a_thousand_prefixes_move_with_one_message_a_group() {
    let office = Office::build();
    let prefixes = (0..1000_u32).map(|n| format!("10.{}.{}.0/24", 100 + n / 256, n % 256));
    let prefixes: Vec<String> = prefixes.collect();
    let many = Outline {
        prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        protected_mark: None,
        canary: Vec::new(),
        ..outline()
    };
    let mut switch = office.switch_of(many, Hand::Kernel);
    let start = Instant::now();
    let installed = switch.reconcile(ON_FIBRE).unwrap();
    let install = start.elapsed();
    assert_eq!(installed.changes.len(), 2 + 1 + 3000);
    // The kernel tells of each route of a group that moves, or does not (0).
    let [told, untold] = ["1", "0"].map(|mode| {
        office.office.sysctl("ipv4/nexthop_compat_mode", mode);
        let mut moves: Vec<Duration> = (0..100)
            .map(|round| {
                let routes = if round % 2 == 0 { ON_RADIO } else { ON_FIBRE };
                let start = Instant::now();
                let moved = switch.move_to(routes).unwrap();
                assert_eq!(moved.changes.len(), 1);
                start.elapsed()
            })
            .collect();
        moves.sort();
        moves[moves.len() / 2]
    });
    let mut one_by_one = String::new();
    for prefix in &prefixes {
        writeln!(one_by_one, "route replace {prefix} nhid 5112 metric 100 proto 115").unwrap();
    }
    let start = Instant::now();
    office.office.ip(&one_by_one);
    let replaced = start.elapsed();
    let ratio = |group: Duration| replaced.as_secs_f64() / group.as_secs_f64();
    println!(
        "1,000 prefixes: installed in {install:?}, replaced one by one in {replaced:?}; \
         moved by their group in {told:?}, {:.0} times faster; \
         without telling of each route in {untold:?}, {:.0} times",
        ratio(told),
        ratio(untold)
    );
    let back = switch.reconcile(ON_FIBRE).unwrap();
    assert_eq!(back.changes.len(), 1000);
    assert!(back.changes.iter().all(|change| change.verb == Verb::Replace));
}

#[test]
fn what_others_route_is_read_only_when_something_of_ours_is_missing() {
    let office = Office::build();
    let mut switch = office.switch(Hand::Kernel);
    let mut watch = office.watch();
    assert_eq!(watch.within_the_start().len(), 2);
    let theirs =
        |n: u32| format!("route add 10.{}.{}.0/24 dev lo proto bgp", 100 + n / 256, n % 256);
    let many: String = (0..FOREIGN).map(|n| theirs(n) + "\n").collect();
    office.office.ip(&many);
    let read = |switch: &mut Switch, routes| {
        let before = switch.routes_read();
        let start = Instant::now();
        let found = switch.reconcile(routes).unwrap();
        (switch.routes_read() - before, found.changes.len(), start.elapsed())
    };
    // Nobody may be in the way of the first ones, of which each IP version has its own.
    let (first, changes, whole) = read(&mut switch, ON_FIBRE);
    assert!(first >= u64::from(FOREIGN) && changes > OURS, "{first} were read");
    let (unchanged, changes, ours) = read(&mut switch, ON_FIBRE);
    assert_eq!((unchanged, changes), (OURS as u64, 0));
    println!("of {FOREIGN} foreign routes: all read in {whole:?}, ours in {ours:?}");
    // Nor does a new agent look at others that finds all there.
    let (restarted, changes, _) = read(&mut office.switch(Hand::Kernel), ON_FIBRE);
    assert_eq!((restarted, changes), (OURS as u64, 0));

    // What is made again after a loss of carrier is made without a look at theirs.
    office.far[0].ip("link set fibre-far down");
    watch.wait_for(LinkEvent::Carrier(FIBRE, Carrier::Down));
    office.far[0].ip("link set fibre-far up");
    watch.wait_for(LinkEvent::Carrier(FIBRE, Carrier::Up));
    let (repaired, changes, _) = read(&mut switch, ON_FIBRE);
    assert!(repaired <= 2 * OURS as u64 && changes > 0, "{repaired} were read, {changes} changed");

    // Who took the place of one of ours meanwhile keeps it, and is told.
    office.office.ip("route del 10.9.0.0/16 metric 101 proto 115");
    office.office.ip("route add 10.9.0.0/16 dev radio metric 101 proto static");
    let before = office.state();
    let error = switch.reconcile(ON_FIBRE).unwrap_err();
    let expected = "route 10.9.0.0/16 metric 101 table 254 by next hop 5110 is there already and \
                    belongs to protocol 4";
    assert_eq!(error.to_string(), expected);
    assert_eq!(office.state(), before);
    office.office.ip("route del 10.9.0.0/16 metric 101 proto static");
    assert_eq!(read(&mut switch, ON_FIBRE).1, 1);
}
