use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::links::switch::{Flow, Outline, Path};

/// The kernel as far as it was seen: strict about what is there, and deleting along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Kernel(Held);

impl Kernel {
    /// Makes a change, or says why it is refused.
    fn apply(&mut self, change: &Change) -> Result<(), &'static str> {
        match (change.verb, change.object) {
            (verb, Object::NextHop(next_hop)) => self.apply_next_hop(verb, next_hop),
            (verb, Object::Route(route)) => self.apply_route(verb, route),
            (Verb::Add, Object::Rule(rule)) => {
                self.0.rules.insert(rule).then_some(()).ok_or("the rule is there")
            }
            (Verb::Remove, Object::Rule(rule)) => {
                self.0.rules.remove(&rule).then_some(()).ok_or("no such rule")
            }
            (Verb::Replace, Object::Rule(_)) => Err("rules are not replaced"),
        }
    }

    fn apply_next_hop(&mut self, verb: Verb, next_hop: NextHop) -> Result<(), &'static str> {
        let NextHop { id, target } = next_hop;
        let is_group = |target: Target| matches!(target, Target::Member(_) | Target::Members);
        let found = self.0.next_hops.get(&id).map(|found| found.it);
        match (verb, found, target) {
            (Verb::Add, Some(_), _) => return Err("the id is taken"),
            (Verb::Replace | Verb::Remove, None, _) => return Err("no such id"),
            (Verb::Remove, Some(_), _) => {
                self.delete(id);
                return Ok(());
            }
            (Verb::Replace, Some(found), wanted) if is_group(found) != is_group(wanted) => {
                return Err("a group stays a group");
            }
            (
                Verb::Replace,
                Some(Target::Gateway { gateway: old, .. }),
                Target::Gateway { gateway: new, .. },
            ) if old.is_ipv4() != new.is_ipv4() => return Err("an IP version stays"),
            (_, _, Target::Member(member)) => {
                let of = self.0.next_hops.get(&member).ok_or("no such member")?;
                if is_group(of.it) {
                    return Err("groups have no groups");
                }
            }
            (_, _, Target::Members | Target::Other) => return Err("nobody asks for that"),
            (_, _, Target::Gateway { .. }) => {}
        }
        self.0.next_hops.insert(id, Owned { protocol: PROTOCOL, it: target });
        Ok(())
    }

    fn apply_route(&mut self, verb: Verb, route: Route) -> Result<(), &'static str> {
        let same: Vec<_> =
            self.0.routes.iter().filter(|other| other.key() == route.key()).copied().collect();
        if verb == Verb::Remove {
            return self.0.routes.remove(&route).then_some(()).ok_or("no such route");
        }
        let by = self.0.next_hops.get(&route.next_hop).ok_or("no such next hop")?;
        if let Target::Other = by.it {
            return Err("that leads nowhere");
        }
        match (verb, same.first()) {
            (Verb::Add, Some(_)) => return Err("the route is there"),
            (Verb::Replace, None) => return Err("no such route"),
            (_, first) => first.map(|first| self.0.routes.remove(first)),
        };
        self.0.routes.insert(route);
        Ok(())
    }

    /// Deletes a next hop, groups that end with it, and the routes by them.
    fn delete(&mut self, id: u32) {
        self.0.next_hops.remove(&id);
        self.0.routes.retain(|route| route.next_hop != id);
        let ended = |(_, found): &(&u32, &Owned<Target>)| found.it == Target::Member(id);
        let ended: Vec<u32> =
            self.0.next_hops.iter().filter(ended).map(|(group, _)| *group).collect();
        ended.into_iter().for_each(|group| self.delete(group));
    }
}

/// A plan whose parts are there or not by the bits of `shape`.
fn plan(paths: u8, shape: u16, base: u32) -> Plan {
    let has = |bit: u32| shape & (1 << bit) != 0;
    let path = |index: u8| Path {
        device: format!("p{index}").parse().unwrap(),
        ipv4: (index == 0 || has(u32::from(index))).then_some(Ipv4Addr::new(10, 0, index, 1)),
        ipv6: (index == 0 || !has(u32::from(index)) || has(5)).then_some(Ipv6Addr::from([
            0xfe80,
            0,
            0,
            0,
            0,
            0,
            0,
            u16::from(index) + 1,
        ])),
    };
    let mut prefixes: Vec<IpNet> = vec!["10.9.0.0/16".parse().unwrap()];
    prefixes.extend(has(6).then(|| "10.10.0.0/16".parse::<IpNet>().unwrap()));
    prefixes.extend(has(7).then(|| "2001:db8::/32".parse::<IpNet>().unwrap()));
    let mut canary = Vec::new();
    if has(8) {
        // What is a canary in one plan may be plain in another.
        canary.extend(prefixes.pop());
        canary.push("10.8.0.1/32".parse().unwrap());
    }
    if prefixes.is_empty() {
        prefixes.push("10.7.0.0/16".parse().unwrap());
    }
    let mark = NonZeroU32::new(u32::from(shape >> 9) & 3);
    let to = Ipv4Addr::new(10, 9, 0, 53 + u8::from(has(13)));
    let flow = Flow { path: PathNumber::PRIMARY, from: [10, 1, 0, 250].into(), to: to.into() };
    let outline = Outline {
        paths: (0..paths).map(path).collect(),
        prefixes,
        canary,
        flows: has(12).then_some(flow).into_iter().collect(),
        asked: has(14).then_some(PathNumber::PRIMARY).into_iter().collect(),
        protected_mark: mark,
        next_hop_base: base,
        metric: if has(11) { 100 } else { 101 },
        ..Outline::default()
    };
    Plan::new(outline).unwrap()
}

fn any_plan() -> impl Strategy<Value = Plan> {
    // Bases that overlap: what was a path's id may become a group's, and the other way round.
    let base = prop_oneof![Just(5100_u32), Just(5104), Just(5110), Just(5112), Just(6000)];
    (1_u8..5, any::<u16>(), base).prop_map(|(paths, shape, base)| plan(paths, shape, base))
}

fn any_wish() -> impl Strategy<Value = (Plan, Routes, u8)> {
    (any_plan(), any::<[u8; 3]>(), any::<u8>()).prop_map(|(plan, [a, b, c], lame)| {
        let count = u8::try_from(plan.paths().count()).unwrap();
        let [all, protected, canary] = [a, b, c].map(|any| PathNumber::new(any % count));
        (plan, Routes { all, protected, canary }, lame)
    })
}

/// What is wanted while the devices whose bits in `lame` are set carry nothing.
fn wanted((plan, routes, lame): &(Plan, Routes, u8), interfaces: u32) -> Wanted {
    Wanted::new(plan, *routes, |path| {
        let number = interfaces + u32::from(path.index());
        (lame & (1 << path.index()) == 0).then_some(number)
    })
}

fn reach(kernel: &mut Kernel, wanted: &Wanted) -> Vec<Change> {
    let changes = difference(wanted, &kernel.0).unwrap();
    for change in &changes {
        if let Err(refusal) = kernel.apply(change) {
            panic!("{change}: {refusal}\nof {changes:#?}");
        }
    }
    changes
}

/// What the kernel deletes when the devices whose bits in `lame` are set lose their carrier.
fn lose(kernel: &mut Kernel, lame: u8, interfaces: u32) {
    let is_lost = |target: Target| match target {
        Target::Gateway { interface, .. } => interface
            .checked_sub(interfaces)
            .is_some_and(|path| path < 8 && lame & (1 << path) != 0),
        _ => false,
    };
    let lost: Vec<u32> =
        kernel.0.next_hops.iter().filter(|(_, n)| is_lost(n.it)).map(|(id, _)| *id).collect();
    lost.into_iter().for_each(|id| kernel.delete(id));
}

/// The kernel as the plan wants it, by the plan's own words.
fn assert_holds(kernel: &Kernel, wish: &(Plan, Routes, u8)) {
    let (plan, routes, lame) = wish;
    let mut live = BTreeSet::new();
    for (path, id, _) in plan.next_hops(|_| None) {
        if lame & (1 << path.index()) == 0 {
            live.insert(id);
        }
    }
    for (kind, family) in plan.groups() {
        let group = plan.group(*kind, *family, kind.of(*routes));
        let Target::Member(member) = group.target else { panic!("a group of ours has a member") };
        if live.contains(&member) {
            assert_eq!(kernel.0.next_hops.get(&group.id).map(|n| n.it), Some(group.target));
            live.insert(group.id);
        } else if kernel.0.next_hops.contains_key(&group.id) {
            // It could not be led where it should be, and still leads somewhere.
            live.insert(group.id);
        }
    }
    assert_eq!(kernel.0.next_hops.keys().copied().collect::<BTreeSet<_>>(), live);
    let routes: BTreeSet<_> =
        plan.routes().into_iter().filter(|route| live.contains(&route.next_hop)).collect();
    assert_eq!(kernel.0.routes, routes);
    assert_eq!(kernel.0.rules, plan.rules().collect());
}

proptest! {
    #[test]
    fn the_differences_always_lead_to_the_plan_and_then_there_are_none(
        wishes in prop::collection::vec((any_wish(), 3_u32..6), 1..6),
    ) {
        let mut kernel = Kernel::default();
        for (wish, interfaces) in &wishes {
            // What a device that is gone has taken along.
            lose(&mut kernel, wish.2, *interfaces);
            let wanted = wanted(wish, *interfaces);
            // Stale next hops of devices that carry nothing any more are the kernel's to delete.
            let stale = kernel.0.next_hops.keys().any(|id| wanted.kept.contains(id));
            reach(&mut kernel, &wanted);
            if !stale {
                assert_holds(&kernel, wish);
            }
            prop_assert_eq!(difference(&wanted, &kernel.0), Ok(Vec::new()));
        }
        reach(&mut kernel, &Wanted::default());
        prop_assert_eq!(kernel, Kernel::default());
    }

    #[test]
    fn whatever_was_done_of_the_changes_when_the_agent_died_the_rest_is_made_up(
        first in any_wish(), second in any_wish(), done in 0_usize..60, skipped in 0_usize..60,
    ) {
        let (first, second) = ((first.0, first.1, 0), (second.0, second.1, 0));
        let mut kernel = Kernel::default();
        reach(&mut kernel, &wanted(&first, 3));
        let wish = wanted(&second, 3);
        for (place, change) in difference(&wish, &kernel.0).unwrap().iter().enumerate() {
            // One may have been refused, and more for it.
            if place < done && place != skipped {
                let _ = kernel.apply(change);
            }
        }
        reach(&mut kernel, &wish);
        assert_holds(&kernel, &second);
    }

    #[test]
    fn another_path_is_one_replaced_group_a_kind_and_version_that_differs(
        wish in any_wish(), other: [u8; 3],
    ) {
        let wish = (wish.0, wish.1, 0);
        let mut kernel = Kernel::default();
        reach(&mut kernel, &wanted(&wish, 3));
        let count = u8::try_from(wish.0.paths().count()).unwrap();
        let [all, protected, canary] = other.map(|any| PathNumber::new(any % count));
        let (plan, routes) = (wish.0, Routes { all, protected, canary });
        let differing = plan.groups().iter().filter(|(kind, family)| {
            let of = |routes| plan.carrier(kind.of(routes), *family);
            of(routes) != of(wish.1)
        });
        let expected = differing.count();
        let changes = reach(&mut kernel, &wanted(&(plan, routes, 0), 3));
        prop_assert_eq!(changes.len(), expected, "{:?}", changes);
        for change in changes {
            prop_assert_eq!(change.verb, Verb::Replace);
            prop_assert!(matches!(change.object, Object::NextHop(_)));
        }
    }
}

#[test]
fn what_others_made_stops_everything_when_it_is_in_the_way_and_nothing_otherwise() {
    let wish = (plan(2, 0b110, 5100), Routes::everything(PathNumber::PRIMARY), 0);
    let wanted = wanted(&wish, 3);
    let gateway = Target::Gateway { interface: 9, gateway: [192, 0, 2, 1].into() };
    let mut kernel = Kernel::default();
    kernel.0.next_hops.insert(77, Owned { protocol: 11, it: gateway });
    reach(&mut kernel, &wanted);
    reach(&mut kernel, &Wanted::default());
    assert_eq!(kernel.0.next_hops.len(), 1);
    for id in [5102, 5110] {
        let mut kernel = kernel.clone();
        kernel.0.next_hops.insert(id, Owned { protocol: 0, it: gateway });
        let found = difference(&wanted, &kernel.0).unwrap_err();
        let said = format!(
            "next hop {id} via 192.0.2.1 on interface 9 is there already and belongs to protocol 0"
        );
        assert_eq!(found.to_string(), said);
    }
    let key = wanted.route_keys().next().unwrap();
    kernel.0.foreign_routes.insert(key, 16);
    let said = "route 10.9.0.0/16 metric 101 table 254 by next hop 5102 is there already and belongs to protocol 16";
    assert_eq!(difference(&wanted, &kernel.0).unwrap_err().to_string(), said);
}
