//! Which prefixes lie behind which paths, and under which numbers the kernel keeps them.
//!
//! An [`Outline`] is what somebody wrote, a [`Plan`] what was found to make sense. Each path has a
//! next hop in each IP version, each kind of traffic a group of exactly one of them; ids are counted
//! from a base, the same for the same plan, so that a later process finds what an earlier one made.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use ipnet::IpNet;
use link::carry::Interface;
use link::site::Order;
use link::{PathNumber, Routes};

use super::object::{NextHop, Route, Rule, Selector, Target};
use crate::interface::InterfaceName;

/// More paths than an office ever has.
const MAX_PATHS: usize = 16;
/// Ids of groups come first, those of paths from here on.
const FIRST_PATH: u32 = 10;
/// Ids that a plan may use from its base on.
const IDS: u32 = FIRST_PATH + 2 * MAX_PATHS as u32;
const MAIN_TABLE: u32 = 254;
/// Rules of the kernel itself begin here.
const MAIN_RULE: u32 = 32_766;

/// One way to the far offices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The device that leads there.
    pub device: InterfaceName,
    /// Who takes IPv4 packets at its other end.
    pub ipv4: Option<Ipv4Addr>,
    /// Who takes IPv6 packets at its other end.
    pub ipv6: Option<Ipv6Addr>,
}

impl Path {
    fn gateway(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::Ipv4 => self.ipv4.map(IpAddr::V4),
            Family::Ipv6 => self.ipv6.map(IpAddr::V6),
        }
    }
}

/// What goes by one path if it is from one host, for whoever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// The path.
    pub path: PathNumber,
    /// From whom.
    pub from: IpAddr,
    /// To whom, of the same IP version.
    pub to: IpAddr,
}

/// A plan as it was written; see [`Plan::new`] for what must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The paths.
    pub paths: Vec<Path>,
    /// Those that are preferred to the others, in this order; the others are as they are listed.
    pub preferred: Vec<PathNumber>,
    /// What lies behind them.
    pub prefixes: Vec<IpNet>,
    /// What moves first when a path is tried: addresses of probes, and a prefix of low risk.
    pub canary: Vec<IpNet>,
    /// What goes by one path whatever becomes of the rest: the hosts by which paths are tried.
    pub pinned: Vec<(PathNumber, IpNet)>,
    /// What goes by one path if it is from one host: questions of the hosts by which paths are tried, to
    /// somebody whom all of them ask.
    pub flows: Vec<Flow>,
    /// Paths by whose devices this router asks somebody within the prefixes, wherever the rest goes.
    pub asked: Vec<PathNumber>,
    /// The first of the routing tables of flows and of what is asked, one for each path.
    pub flow_table: u32,
    /// The preference of the rules that lead there.
    pub flow_preference: u32,
    /// The firewall mark of protected traffic; without it none is told apart.
    pub protected_mark: Option<NonZeroU32>,
    /// The routing table of protected traffic.
    pub protected_table: u32,
    /// The preference of the rule that leads there.
    pub rule_preference: u32,
    /// The first of the ids of next hops that may be used.
    pub next_hop_base: u32,
    /// The metric of the routes; those that stand in when a path's device is gone have worse ones.
    pub metric: u32,
}

impl Default for Outline {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            preferred: Vec::new(),
            prefixes: Vec::new(),
            canary: Vec::new(),
            pinned: Vec::new(),
            flows: Vec::new(),
            asked: Vec::new(),
            flow_table: 5300,
            flow_preference: 5000,
            protected_mark: None,
            protected_table: 5100,
            rule_preference: 5100,
            next_hop_base: 5100,
            metric: 100,
        }
    }
}

/// Why an [`Outline`] makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nothing leads anywhere.
    #[error("there is no path")]
    NoPath,
    /// More than anybody has.
    #[error("there are {0} paths, {MAX_PATHS} at most are possible")]
    TooManyPaths(usize),
    /// Nobody takes packets at its other end.
    #[error("{0} has neither an IPv4 nor an IPv6 gateway")]
    NoGateway(PathNumber),
    /// An address at which nobody can be.
    #[error("{0} cannot have {1} as its gateway")]
    BadGateway(PathNumber, IpAddr),
    /// Two paths are one.
    #[error("{0} and {1} have the same device and gateway")]
    SamePath(PathNumber, PathNumber),
    /// Nothing lies behind the paths.
    #[error("there is no prefix")]
    NoPrefix,
    /// An address where a network is wanted.
    #[error("{0} has bits beyond its length: the network is {network}", network = .0.trunc())]
    HostBits(IpNet),
    /// Written twice, or as a canary too.
    #[error("{0} is there twice")]
    Twice(IpNet),
    /// No path carries that IP version.
    #[error("no path has a gateway for {0}")]
    NoWay(IpNet),
    /// The kernel's own tables are not for protected traffic.
    #[error("table {0} cannot be that of protected traffic: use 1 to 251, or 256 and more")]
    Table(u32),
    /// The rule would never be reached.
    #[error("preference {0} of the rule is not within 1 to 32765")]
    Preference(u32),
    /// The ids of next hops must fit.
    #[error("next-hop ids cannot start at {0}: use 1 to {max}", max = u32::MAX - IDS)]
    Base(u32),
    /// Worse metrics must fit, and IPv6 has no metric 0.
    #[error("metric {0} is not within 1 to {max}", max = u32::MAX - 2 * MAX_PATHS as u32)]
    Metric(u32),
}

/// The two IP versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    pub const BOTH: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    pub const fn of(prefix: IpNet) -> Self {
        match prefix {
            IpNet::V4(_) => Self::Ipv4,
            IpNet::V6(_) => Self::Ipv6,
        }
    }

    pub const fn of_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

/// Kinds of traffic, in the order in which they move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Protected,
    All,
    Canary,
}

impl Kind {
    pub const EACH: [Self; 3] = [Self::Protected, Self::All, Self::Canary];

    /// The path of that kind of traffic.
    pub const fn of(self, routes: Routes) -> PathNumber {
        match self {
            Self::Protected => routes.protected,
            Self::All => routes.all,
            Self::Canary => routes.canary,
        }
    }
}

/// What the kernel is to hold, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    outline: Outline,
    /// The groups that something is routed by, in the order in which they move.
    groups: Vec<(Kind, Family)>,
}

impl Plan {
    /// Checks an outline.
    ///
    /// # Errors
    /// With the first thing that makes no sense.
    pub fn new(outline: Outline) -> Result<Self, PlanError> {
        check_paths(&outline.paths)?;
        check_prefixes(&outline)?;
        check_numbers(&outline)?;
        let has = |prefixes: &[IpNet], family| prefixes.iter().any(|p| Family::of(*p) == family);
        let is_used = |(kind, family): &(Kind, Family)| match kind {
            Kind::All => has(&outline.prefixes, *family),
            Kind::Canary => has(&outline.canary, *family),
            Kind::Protected => {
                let any = has(&outline.prefixes, *family) || has(&outline.canary, *family);
                any && outline.protected_mark.is_some()
            }
        };
        let each = Kind::EACH.into_iter().flat_map(|k| Family::BOTH.map(|f| (k, f)));
        let groups = each.filter(is_used).collect();
        Ok(Self { outline, groups })
    }

    /// The paths with their numbers.
    pub fn paths(&self) -> impl Iterator<Item = (PathNumber, &Path)> {
        (0..).map(PathNumber::new).zip(&self.outline.paths)
    }

    /// One path.
    #[must_use]
    pub fn path(&self, number: PathNumber) -> Option<&Path> {
        self.outline.paths.get(usize::from(number.index()))
    }

    /// The first path of `routes` that there is none of.
    pub(super) fn missing(&self, routes: Routes) -> Option<PathNumber> {
        Kind::EACH.map(|kind| kind.of(routes)).into_iter().find(|path| self.path(*path).is_none())
    }

    /// The groups that something is routed by, in the order in which they move.
    pub(super) fn groups(&self) -> &[(Kind, Family)] {
        &self.groups
    }

    /// The IP versions of the prefixes, and of hosts that are pinned.
    pub(super) fn families(&self) -> impl Iterator<Item = Family> {
        let of_groups = |f: &Family| self.groups.iter().any(|(_, used)| used == f);
        let of_hosts =
            |f: &Family| self.outline.pinned.iter().any(|(_, host)| Family::of(*host) == *f);
        Family::BOTH.into_iter().filter(move |f| of_groups(f) || of_hosts(f))
    }

    /// The path that carries `family` when `path` is wanted: the first that can, if that one cannot.
    pub(super) fn carrier(&self, path: PathNumber, family: Family) -> PathNumber {
        let carries = |number: PathNumber| self.path(number).and_then(|p| p.gateway(family));
        let mut all = self.paths().map(|(number, _)| number);
        let first = all.find(|number| carries(*number).is_some());
        carries(path).map_or(first.unwrap_or(path), |_| path)
    }

    /// The id of the next hop that is `path`.
    pub(super) fn path_id(&self, path: PathNumber, family: Family) -> u32 {
        self.outline.next_hop_base + FIRST_PATH + 2 * u32::from(path.index()) + family as u32
    }

    /// The id of the group that carries `kind`.
    pub(super) fn group_id(&self, kind: Kind, family: Family) -> u32 {
        self.outline.next_hop_base + 2 * kind as u32 + family as u32
    }

    /// The group of `kind` as it is when that traffic is wanted on `path`.
    pub(super) fn group(&self, kind: Kind, family: Family, path: PathNumber) -> NextHop {
        let member = self.path_id(self.carrier(path, family), family);
        NextHop { id: self.group_id(kind, family), target: Target::Member(member) }
    }

    /// Whether a routing table is one that the plan may use.
    pub(super) fn owns_table(&self, table: u32) -> bool {
        let Outline { protected_table, flow_table, .. } = self.outline;
        table == protected_table || (flow_table..flow_table + MAX_PATHS as u32).contains(&table)
    }

    fn flow_table(&self, path: PathNumber) -> u32 {
        self.outline.flow_table + u32::from(path.index())
    }

    /// Whether an id is one that the plan may use.
    pub(super) fn covers(&self, id: u32) -> bool {
        (self.outline.next_hop_base..self.outline.next_hop_base + IDS).contains(&id)
    }

    /// The next hops of the paths; `interface` says by which number the kernel knows a device now.
    pub(super) fn next_hops(
        &self,
        interface: impl Fn(PathNumber) -> Option<u32>,
    ) -> impl Iterator<Item = (PathNumber, u32, Option<NextHop>)> {
        let each = self.paths().flat_map(|(n, path)| self.families().map(move |f| (n, path, f)));
        each.filter_map(move |(number, path, family)| {
            let gateway = path.gateway(family)?;
            let id = self.path_id(number, family);
            let target = interface(number).map(|interface| Target::Gateway { interface, gateway });
            Some((number, id, target.map(|target| NextHop { id, target })))
        })
    }

    /// Every route: by the groups first, then those that stand in by each path.
    pub(super) fn routes(&self) -> Vec<Route> {
        let Outline { prefixes, canary, pinned, protected_table, metric, .. } = &self.outline;
        let by = |prefixes: &[IpNet], table: u32, kind: Kind| {
            let route = |prefix: &IpNet| {
                let next_hop = self.group_id(kind, Family::of(*prefix));
                Route { table, prefix: *prefix, metric: *metric, next_hop }
            };
            prefixes.iter().map(route).collect::<Vec<_>>()
        };
        let mut routes = by(prefixes, MAIN_TABLE, Kind::All);
        routes.extend(by(canary, MAIN_TABLE, Kind::Canary));
        if self.outline.protected_mark.is_some() {
            routes.extend(by(prefixes, *protected_table, Kind::Protected));
            routes.extend(by(canary, *protected_table, Kind::Protected));
        }
        routes.extend(pinned.iter().map(|(number, prefix)| {
            let next_hop = self.path_id(*number, Family::of(*prefix));
            Route { table: MAIN_TABLE, prefix: *prefix, metric: *metric, next_hop }
        }));
        routes.extend(self.outline.flows.iter().map(|flow| {
            let prefix = IpNet::from(flow.to);
            let next_hop = self.path_id(flow.path, Family::of_address(flow.to));
            Route { table: self.flow_table(flow.path), prefix, metric: *metric, next_hop }
        }));
        routes.extend(self.asked_routes());
        let count = u8::try_from(self.outline.paths.len()).unwrap_or(u8::MAX);
        let order = Order::of(self.outline.preferred.iter().copied(), count);
        let each = order.iter().filter_map(|number| Some((number, self.path(number)?)));
        for (metric, (number, path)) in (metric + 1..).zip(each) {
            for prefix in prefixes.iter().chain(canary) {
                let family = Family::of(*prefix);
                let next_hop = self.path_id(number, family);
                let route = Route { table: MAIN_TABLE, prefix: *prefix, metric, next_hop };
                routes.extend(path.gateway(family).map(|_| route));
            }
        }
        routes
    }

    /// Those by which this router asks somebody by one path, whichever the rest goes by.
    fn asked_routes(&self) -> impl Iterator<Item = Route> {
        let Outline { prefixes, asked, metric, .. } = &self.outline;
        asked.iter().flat_map(move |number| {
            let of_ipv4 = prefixes.iter().filter(|prefix| Family::of(**prefix) == Family::Ipv4);
            of_ipv4.map(|prefix| Route {
                table: self.flow_table(*number),
                prefix: *prefix,
                metric: *metric,
                next_hop: self.path_id(*number, Family::Ipv4),
            })
        })
    }

    /// The rules that lead flows to the tables of their paths, and protected traffic to its own.
    pub(super) fn rules(&self) -> impl Iterator<Item = Rule> {
        let flows = self.outline.flows.iter().map(|flow| Rule {
            is_ipv6: flow.to.is_ipv6(),
            preference: self.outline.flow_preference,
            selector: Selector::Hosts { from: flow.from, to: flow.to },
            table: self.flow_table(flow.path),
        });
        // Of IPv4 routes to a prefix by next-hop objects the kernel looks at the first alone, and takes whom
        // another device leads to for a neighbour there (`fib_table_lookup`).
        let asked = self.outline.asked.iter().filter_map(|number| {
            let device = Interface::new(self.path(*number)?.device.as_str()).ok()?;
            Some(Rule {
                is_ipv6: false,
                preference: self.outline.flow_preference,
                selector: Selector::Device(device),
                table: self.flow_table(*number),
            })
        });
        let mark = self.outline.protected_mark.into_iter();
        flows.chain(asked).chain(mark.flat_map(move |mark| {
            self.families().map(move |family| Rule {
                is_ipv6: family == Family::Ipv6,
                preference: self.outline.rule_preference,
                selector: Selector::Mark { mark: mark.get(), mask: u32::MAX },
                table: self.outline.protected_table,
            })
        }))
    }
}

fn check_paths(paths: &[Path]) -> Result<(), PlanError> {
    if paths.is_empty() {
        return Err(PlanError::NoPath);
    }
    if paths.len() > MAX_PATHS {
        return Err(PlanError::TooManyPaths(paths.len()));
    }
    let numbered = || (0..).map(PathNumber::new).zip(paths);
    for (number, path) in numbered() {
        let gateways = Family::BOTH.map(|family| path.gateway(family));
        if gateways == [None, None] {
            return Err(PlanError::NoGateway(number));
        }
        for gateway in gateways.into_iter().flatten() {
            if gateway.is_unspecified() || gateway.is_multicast() || gateway.is_loopback() {
                return Err(PlanError::BadGateway(number, gateway));
            }
            let is_same = |other: &Path| {
                let there = Family::BOTH.map(|family| other.gateway(family));
                other.device == path.device && there.contains(&Some(gateway))
            };
            let earlier = numbered().take_while(|(earlier, _)| *earlier < number);
            if let Some((earlier, _)) = earlier.into_iter().find(|(_, other)| is_same(other)) {
                return Err(PlanError::SamePath(earlier, number));
            }
        }
    }
    Ok(())
}

fn check_prefixes(outline: &Outline) -> Result<(), PlanError> {
    if outline.prefixes.is_empty() {
        return Err(PlanError::NoPrefix);
    }
    let mut seen = BTreeSet::new();
    for prefix in outline.prefixes.iter().chain(&outline.canary) {
        if prefix.trunc() != *prefix {
            return Err(PlanError::HostBits(*prefix));
        }
        if !seen.insert(*prefix) {
            return Err(PlanError::Twice(*prefix));
        }
        let family = Family::of(*prefix);
        if !outline.paths.iter().any(|path| path.gateway(family).is_some()) {
            return Err(PlanError::NoWay(*prefix));
        }
    }
    Ok(())
}

fn check_numbers(outline: &Outline) -> Result<(), PlanError> {
    let Outline { protected_table, rule_preference, next_hop_base, metric, .. } = *outline;
    if matches!(protected_table, 0 | 252..=255) {
        return Err(PlanError::Table(protected_table));
    }
    if !(1..MAIN_RULE).contains(&rule_preference) {
        return Err(PlanError::Preference(rule_preference));
    }
    if !(1..=u32::MAX - IDS).contains(&next_hop_base) {
        return Err(PlanError::Base(next_hop_base));
    }
    if !(1..=u32::MAX - 2 * MAX_PATHS as u32).contains(&metric) {
        return Err(PlanError::Metric(metric));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
