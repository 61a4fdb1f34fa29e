//! Compares what is wanted with what the kernel holds, without asking the kernel.
//!
//! The changes are in the order in which traffic has a way at every step: what carries is made
//! first, what is not wanted any more goes last. A next hop takes its groups and routes with it when
//! it is deleted; what the kernel will have thrown away so is counted as gone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ipnet::IpNet;
use link::{PathNumber, Routes};

use super::object::{Change, NextHop, Object, PROTOCOL, Route, Rule, Target, Verb};
use super::plan::{Kind, Plan};
use super::wire::Owned;

/// What the kernel is to hold.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Those of the paths first, then groups.
    next_hops: Vec<NextHop>,
    /// Ids that stay whatever they are, for nothing better can be made now.
    kept: BTreeSet<u32>,
    /// Including those whose next hop cannot be made now.
    routes: Vec<Route>,
    rules: Vec<Rule>,
    /// Paths that are to carry something and cannot.
    pub unavailable: BTreeSet<PathNumber>,
}

impl Wanted {
    /// What `plan` asks for when traffic is to go by `routes`; `interface` has the number of each
    /// path's device as far as it can carry anything now.
    pub fn new(plan: &Plan, routes: Routes, interface: impl Fn(PathNumber) -> Option<u32>) -> Self {
        let mut wanted =
            Self { routes: plan.routes(), rules: plan.rules().collect(), ..Self::default() };
        let mut lame = BTreeSet::new();
        for (path, id, next_hop) in plan.next_hops(interface) {
            if next_hop.is_none() {
                lame.insert(path);
                wanted.kept.insert(id);
            }
            wanted.next_hops.extend(next_hop);
        }
        for (kind, family) in plan.groups() {
            let path: PathNumber = Kind::of(*kind, routes);
            let carrier = plan.carrier(path, *family);
            let group = plan.group(*kind, *family, path);
            if lame.contains(&carrier) {
                wanted.unavailable.insert(carrier);
                wanted.kept.insert(group.id);
            } else {
                wanted.next_hops.push(group);
            }
        }
        wanted
    }

    /// Whether every route that is wanted is held.
    pub fn has_all_routes(&self, held: &Held) -> bool {
        self.routes.iter().all(|route| held.routes.contains(route))
    }

    /// What the wanted routes are told apart by.
    pub fn route_keys(&self) -> impl Iterator<Item = (u32, IpNet, u32)> {
        self.routes.iter().map(|route| route.key())
    }
}

/// What the kernel holds, as far as it may matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// All of them.
    pub next_hops: BTreeMap<u32, Owned<Target>>,
    /// Ours.
    pub routes: BTreeSet<Route>,
    /// Routes of others as far as they were read, with who made them.
    pub foreign_routes: HashMap<(u32, IpNet, u32), u8>,
    /// Ours.
    pub rules: BTreeSet<Rule>,
}

impl Held {
    /// Takes note of a next hop.
    pub fn note_next_hop(&mut self, found: Owned<NextHop>, plan: &Plan) {
        let NextHop { id, target } = found.it;
        // Those of another agent on this router are no business of this one.
        if found.protocol == PROTOCOL && !plan.covers(id) {
            return;
        }
        self.next_hops.insert(id, Owned { protocol: found.protocol, it: target });
    }

    /// Takes note of a route that is ours, or in the way of one that is wanted.
    pub fn note_route(
        &mut self,
        found: Owned<Route>,
        plan: &Plan,
        is_wanted: impl Fn(&(u32, IpNet, u32)) -> bool,
    ) {
        let Owned { protocol, it: route } = found;
        if protocol == PROTOCOL && plan.covers(route.next_hop) {
            self.routes.insert(route);
        } else if is_wanted(&route.key()) {
            self.foreign_routes.insert(route.key(), protocol);
        }
    }

    /// Takes note of a rule that is ours.
    pub fn note_rule(&mut self, found: Owned<Rule>, plan: &Plan) {
        if found.protocol == PROTOCOL && plan.owns_table(found.it.table) {
            self.rules.insert(found.it);
        }
    }
}

/// Something of somebody else is where something of ours is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{object} is there already and belongs to protocol {protocol}")]
pub struct Foreign {
    /// What is there, or what was to be.
    pub object: Object,
    /// Who made it (`rtm_protocol`); 0 where nobody says.
    pub protocol: u8,
}

/// The changes that turn what is held into what is wanted.
///
/// # Errors
/// When something of somebody else is in the way; nothing may be changed then.
pub fn difference(wanted: &Wanted, held: &Held) -> Result<Vec<Change>, Foreign> {
    refuse_foreign(wanted, held)?;
    let mut ours = Ours::new(held);
    let mut changes = Vec::new();
    for next_hop in &wanted.next_hops {
        ours.bring_about(*next_hop, &mut changes);
    }
    let leftovers = compare_routes(wanted, held, &ours, &mut changes);
    for rule in &wanted.rules {
        if !held.rules.contains(rule) {
            changes.push(Change::rule(Verb::Add, *rule));
        }
    }
    for rule in held.rules.iter().filter(|rule| !wanted.rules.contains(rule)) {
        changes.push(Change::rule(Verb::Remove, *rule));
    }
    changes.extend(leftovers.into_iter().map(|route| Change::route(Verb::Remove, route)));
    remove_next_hops(wanted, ours.next_hops, &mut changes);
    Ok(changes)
}

fn refuse_foreign(wanted: &Wanted, held: &Held) -> Result<(), Foreign> {
    let planned = wanted.next_hops.iter().map(|next_hop| next_hop.id);
    for id in planned.chain(wanted.kept.iter().copied()) {
        match held.next_hops.get(&id) {
            Some(Owned { protocol, it: target }) if *protocol != PROTOCOL => {
                let object = Object::NextHop(NextHop { id, target: *target });
                return Err(Foreign { object, protocol: *protocol });
            }
            _ => {}
        }
    }
    if held.foreign_routes.is_empty() {
        return Ok(());
    }
    let theirs = |route: &Route| held.foreign_routes.get(&route.key()).map(|p| (*route, *p));
    match wanted.routes.iter().find_map(theirs) {
        Some((route, protocol)) => Err(Foreign { object: Object::Route(route), protocol }),
        None => Ok(()),
    }
}

/// Our next hops as they will be.
#[derive(Debug)]
struct Ours {
    next_hops: BTreeMap<u32, Target>,
    /// Those that were deleted on the way, with the routes by them.
    deleted: BTreeSet<u32>,
}

impl Ours {
    fn new(held: &Held) -> Self {
        let ours = held.next_hops.iter().filter(|(_, found)| found.protocol == PROTOCOL);
        let next_hops = ours.map(|(id, found)| (*id, found.it)).collect();
        Self { next_hops, deleted: BTreeSet::new() }
    }

    /// Makes `next_hop` be among them, noting how.
    fn bring_about(&mut self, next_hop: NextHop, changes: &mut Vec<Change>) {
        let NextHop { id, target } = next_hop;
        let verb = match self.next_hops.get(&id).copied() {
            Some(found) if found == target => return,
            Some(found) if may_replace(found, target) => Verb::Replace,
            Some(found) => {
                changes.push(Change::next_hop(Verb::Remove, NextHop { id, target: found }));
                self.delete(id);
                Verb::Add
            }
            None => Verb::Add,
        };
        changes.push(Change::next_hop(verb, next_hop));
        self.next_hops.insert(id, target);
    }

    /// Leaves out a next hop and the groups that end with it.
    fn delete(&mut self, id: u32) {
        self.next_hops.remove(&id);
        let groups = self.next_hops.extract_if(.., |_, target| *target == Target::Member(id));
        self.deleted.extend(groups.map(|(group, _)| group));
        self.deleted.insert(id);
    }
}

/// The kernel replaces a group by a group, and a next hop by one of the same IP version.
fn may_replace(found: Target, wanted: Target) -> bool {
    match (found, wanted) {
        (Target::Gateway { gateway: old, .. }, Target::Gateway { gateway: new, .. }) => {
            old.is_ipv4() == new.is_ipv4()
        }
        (Target::Member(_) | Target::Members, Target::Member(_)) => true,
        _ => false,
    }
}

/// Notes what routes are missing, and returns those that are too many.
fn compare_routes(
    wanted: &Wanted,
    held: &Held,
    ours: &Ours,
    changes: &mut Vec<Change>,
) -> BTreeSet<Route> {
    let is_there = |route: &&Route| !ours.deleted.contains(&route.next_hop);
    let mut rest: BTreeSet<Route> = held.routes.iter().filter(is_there).copied().collect();
    let is_possible = |route: &&Route| ours.next_hops.contains_key(&route.next_hop);
    let possible = wanted.routes.iter().filter(is_possible);
    let missing: Vec<Route> = possible.filter(|route| !rest.remove(route)).copied().collect();
    for route in missing {
        let any = Route { next_hop: 0, ..route }..=Route { next_hop: u32::MAX, ..route };
        let verb = match rest.range(any).next().copied() {
            Some(other) => {
                rest.remove(&other);
                Verb::Replace
            }
            None => Verb::Add,
        };
        changes.push(Change::route(verb, route));
    }
    rest
}

/// Notes the next hops that are not planned: groups first, for they go with their members.
fn remove_next_hops(wanted: &Wanted, ours: BTreeMap<u32, Target>, changes: &mut Vec<Change>) {
    let planned: HashSet<u32> = wanted.next_hops.iter().map(|next_hop| next_hop.id).collect();
    let is_planned = |id: &u32| planned.contains(id) || wanted.kept.contains(id);
    let idle = ours.into_iter().filter(|(id, _)| !is_planned(id));
    let is_group = |target: &Target| matches!(target, Target::Member(_) | Target::Members);
    let (groups, others): (Vec<_>, Vec<_>) = idle.partition(|(_, target)| is_group(target));
    for (id, target) in groups.into_iter().chain(others) {
        changes.push(Change::next_hop(Verb::Remove, NextHop { id, target }));
    }
}

#[cfg(test)]
mod tests;
