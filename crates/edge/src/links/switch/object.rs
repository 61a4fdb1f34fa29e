//! What the kernel holds for us, as values: next hops, routes, rules, and changes of them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use link::carry::Interface;

/// Our number among those who make routes (`rtm_protocol`); no routing daemon known to iproute2 has it.
pub const PROTOCOL: u8 = 115;

/// Where a next hop leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Out of a device, to whoever has that address there.
    Gateway {
        /// The kernel's number of the device.
        interface: u32,
        /// The address.
        gateway: IpAddr,
    },
    /// To the one next hop of that id: a group.
    Member(u32),
    /// To none or many: a group too, but not of our making.
    Members,
    /// To something else that no plan asks for.
    Other,
}

/// A next-hop object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NextHop {
    /// Its id.
    pub id: u32,
    /// Where it leads.
    pub target: Target,
}

/// A route by a next-hop object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// Its table.
    pub table: u32,
    /// What it is for.
    pub prefix: IpNet,
    /// Its metric.
    pub metric: u32,
    /// The id of its next hop; 0 where it is by none.
    pub next_hop: u32,
}

impl Route {
    /// What the kernel tells routes apart by.
    pub(super) const fn key(self) -> (u32, IpNet, u32) {
        (self.table, self.prefix, self.metric)
    }
}

/// Which packets a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Selector {
    /// Those with a firewall mark.
    Mark {
        /// The mark.
        mark: u32,
        /// Which of its bits count.
        mask: u32,
    },
    /// Those from one host to another of the same IP version.
    Hosts {
        /// From whom.
        from: IpAddr,
        /// To whom.
        to: IpAddr,
    },
    /// Those that this router itself sends by a device, whatever routes say.
    Device(Interface),
}

/// A rule that leads packets to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    /// Whether it is for IPv6.
    pub is_ipv6: bool,
    /// Its place among the rules.
    pub preference: u32,
    /// The packets.
    pub selector: Selector,
    /// The table.
    pub table: u32,
}

/// One thing that the kernel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// A next hop or a group.
    NextHop(NextHop),
    /// A route.
    Route(Route),
    /// A rule.
    Rule(Rule),
}

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// It is made.
    Add,
    /// It takes the place of what has its id or key.
    Replace,
    /// It is deleted.
    Remove,
}

/// A difference between what is wanted and what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// What is to be done.
    pub verb: Verb,
    /// With what.
    pub object: Object,
}

impl Change {
    pub(super) const fn next_hop(verb: Verb, next_hop: NextHop) -> Self {
        Self { verb, object: Object::NextHop(next_hop) }
    }

    pub(super) const fn route(verb: Verb, route: Route) -> Self {
        Self { verb, object: Object::Route(route) }
    }

    pub(super) const fn rule(verb: Verb, rule: Rule) -> Self {
        Self { verb, object: Object::Rule(rule) }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Add => "add",
            Verb::Replace => "replace",
            Verb::Remove => "remove",
        };
        write!(f, "{verb} {}", self.object)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextHop(NextHop { id, target }) => match target {
                Target::Gateway { interface, gateway } => {
                    write!(f, "next hop {id} via {gateway} on interface {interface}")
                }
                Target::Member(member) => write!(f, "group {id} of next hop {member}"),
                Target::Members => write!(f, "group {id}"),
                Target::Other => write!(f, "next hop {id}"),
            },
            Self::Route(Route { table, prefix, metric, next_hop }) => {
                write!(f, "route {prefix} metric {metric} table {table} by next hop {next_hop}")
            }
            Self::Rule(Rule { is_ipv6, preference, selector, table }) => {
                let version = if *is_ipv6 { "IPv6" } else { "IPv4" };
                write!(f, "{version} rule {preference} {selector} table {table}")
            }
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark { mark, mask } => write!(f, "for mark {mark:#x}/{mask:#x}"),
            Self::Hosts { from, to } => write!(f, "from {from} to {to}"),
            Self::Device(device) => write!(f, "by {device}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_written_as_an_admin_reads_them() {
        let next_hop = |id, target| Object::NextHop(NextHop { id, target });
        let gateway = Target::Gateway { interface: 3, gateway: [10, 0, 0, 2].into() };
        let prefix = "10.9.0.0/16".parse().unwrap();
        let route = Route { table: 254, prefix, metric: 100, next_hop: 5102 };
        let marked = Selector::Mark { mark: 7, mask: u32::MAX };
        let rule = Rule { is_ipv6: true, preference: 51, selector: marked, table: 5100 };
        let hosts = Selector::Hosts { from: [10, 1, 0, 251].into(), to: [10, 2, 0, 53].into() };
        let of_hosts = Rule { is_ipv6: false, selector: hosts, ..rule };
        let by = Selector::Device(Interface::new("fib0").unwrap());
        let by = Rule { is_ipv6: false, selector: by, ..rule };
        for (verb, object, expected) in [
            (Verb::Add, next_hop(1, gateway), "add next hop 1 via 10.0.0.2 on interface 3"),
            (Verb::Replace, next_hop(2, Target::Member(1)), "replace group 2 of next hop 1"),
            (Verb::Remove, next_hop(2, Target::Members), "remove group 2"),
            (Verb::Remove, next_hop(2, Target::Other), "remove next hop 2"),
            (
                Verb::Add,
                Object::Route(route),
                "add route 10.9.0.0/16 metric 100 table 254 by next hop 5102",
            ),
            (
                Verb::Remove,
                Object::Rule(rule),
                "remove IPv6 rule 51 for mark 0x7/0xffffffff table 5100",
            ),
            (
                Verb::Add,
                Object::Rule(of_hosts),
                "add IPv4 rule 51 from 10.1.0.251 to 10.2.0.53 table 5100",
            ),
            (Verb::Add, Object::Rule(by), "add IPv4 rule 51 by fib0 table 5100"),
        ] {
            assert_eq!(Change { verb, object }.to_string(), expected);
        }
    }
}
