//! Reads and writes rtnetlink's messages of next hops, routes, rules and links
//! (`linux/nexthop.h`, `linux/rtnetlink.h`, `linux/fib_rules.h`, `linux/if_link.h`).
//!
//! Next hops are made "on link": the kernel takes the gateway's word for being there, so that a path
//! can come back before its device has addresses again.

use std::net::IpAddr;

use ipnet::IpNet;
use link::carry::Interface;

use super::device::Device;
use super::object::{Change, NextHop, Object, PROTOCOL, Route, Rule, Selector, Target, Verb};
use crate::netlink::{CREATE, EXCLUSIVE, Message, REPLACE, Received};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
const RTM_NEWRULE: u16 = 32;
const RTM_DELRULE: u16 = 33;
const RTM_GETRULE: u16 = 34;
const RTM_NEWNEXTHOP: u16 = 104;
const RTM_DELNEXTHOP: u16 = 105;
const RTM_GETNEXTHOP: u16 = 106;

const NHA_ID: u16 = 1;
const NHA_GROUP: u16 = 2;
const NHA_BLACKHOLE: u16 = 4;
const NHA_OIF: u16 = 5;
const NHA_GATEWAY: u16 = 6;
const NHA_ENCAP_TYPE: u16 = 7;
const NHA_FDB: u16 = 11;
const RTNH_F_ONLINK: u32 = 4;

const RTA_DST: u16 = 1;
const RTA_PRIORITY: u16 = 6;
const RTA_TABLE: u16 = 15;
const RTA_NH_ID: u16 = 30;
const RTN_UNICAST: u8 = 1;
const RT_SCOPE_NOWHERE: u8 = 255;
const RTM_F_CLONED: u32 = 0x200;

const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_PROTOCOL: u16 = 21;
const FR_ACT_TO_TBL: u8 = 1;

const IFLA_IFNAME: u16 = 3;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
const IFF_UP: u32 = 1;
const IFF_LOWER_UP: u32 = 1 << 16;

/// Octets of `struct nhmsg`.
const NEXT_HOP_HEADER: usize = 8;
/// Octets of `struct rtmsg`.
const ROUTE_HEADER: usize = 12;
/// Octets of `struct fib_rule_hdr`.
const RULE_HEADER: usize = 12;
/// Octets of `struct ifinfomsg`.
const LINK_HEADER: usize = 16;

/// What has an owner, by the number of who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned<T> {
    pub protocol: u8,
    pub it: T,
}

/// What a message says of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    pub interface: u32,
    pub name: &'a str,
    pub is_there: bool,
    pub has_carrier: bool,
}

impl Link<'_> {
    pub const fn device(self) -> Device {
        match (self.is_there, self.has_carrier) {
            (false, _) => Device::Missing,
            (true, false) => Device::Down(self.interface),
            (true, true) => Device::Up(self.interface),
        }
    }
}

/// Asks for every next hop.
pub fn list_next_hops() -> Message {
    Message::new(RTM_GETNEXTHOP, 0, &[0; NEXT_HOP_HEADER])
}

/// Asks for every route of both IP versions, whoever made it.
pub fn list_routes() -> Message {
    Message::new(RTM_GETROUTE, 0, &[0; ROUTE_HEADER])
}

/// Asks for those of our protocol, where the socket has the kernel heed filters.
pub fn list_own_routes() -> Message {
    let mut header = [0; ROUTE_HEADER];
    header[5] = PROTOCOL;
    Message::new(RTM_GETROUTE, 0, &header)
}

/// Asks for every rule of both IP versions.
pub fn list_rules() -> Message {
    Message::new(RTM_GETRULE, 0, &[0; RULE_HEADER])
}

/// Asks for the device of that name.
pub fn find_link(name: &str) -> Message {
    Message::new(RTM_GETLINK, 0, &[0; LINK_HEADER])
        .with(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes())
        .with_text(IFLA_IFNAME, name)
}

/// Asks the kernel to make a change, and to fail rather than touch more than is meant.
pub fn request(change: &Change) -> Message {
    let verb = change.verb;
    match &change.object {
        Object::NextHop(next_hop) => next_hop_request(verb, next_hop),
        Object::Route(route) => route_request(verb, route),
        Object::Rule(rule) => rule_request(verb, rule),
    }
}

const fn flags(verb: Verb) -> u16 {
    match verb {
        Verb::Add => CREATE | EXCLUSIVE,
        Verb::Replace => REPLACE,
        Verb::Remove => 0,
    }
}

fn next_hop_request(verb: Verb, next_hop: &NextHop) -> Message {
    let id = next_hop.id.to_ne_bytes();
    if verb == Verb::Remove {
        return Message::new(RTM_DELNEXTHOP, 0, &[0; NEXT_HOP_HEADER]).with(NHA_ID, &id);
    }
    let start = |family: u8, own: u32| {
        let [a, b, c, d] = own.to_ne_bytes();
        let header = [family, 0, PROTOCOL, 0, a, b, c, d];
        Message::new(RTM_NEWNEXTHOP, flags(verb), &header).with(NHA_ID, &id)
    };
    match next_hop.target {
        Target::Gateway { interface, gateway } => {
            let message = start(family_of(gateway), RTNH_F_ONLINK);
            let message = message.with(NHA_OIF, &interface.to_ne_bytes());
            with_address(message, NHA_GATEWAY, gateway)
        }
        Target::Member(member) => {
            let [a, b, c, d] = member.to_ne_bytes();
            start(0, 0).with(NHA_GROUP, &[a, b, c, d, 0, 0, 0, 0])
        }
        Target::Members => start(0, 0).with(NHA_GROUP, &[]),
        Target::Other => start(0, 0),
    }
}

fn route_request(verb: Verb, route: &Route) -> Message {
    let address = route.prefix.network();
    let (kind, scope, sort) = match verb {
        Verb::Add | Verb::Replace => (RTM_NEWROUTE, 0, RTN_UNICAST),
        Verb::Remove => (RTM_DELROUTE, RT_SCOPE_NOWHERE, 0),
    };
    let mut header = [0; ROUTE_HEADER];
    header[0] = family_of(address);
    header[1] = route.prefix.prefix_len();
    // The table is in an attribute, for it may not fit here.
    header[5] = PROTOCOL;
    header[6] = scope;
    header[7] = sort;
    let message = with_address(Message::new(kind, flags(verb), &header), RTA_DST, address)
        .with(RTA_TABLE, &route.table.to_ne_bytes())
        .with(RTA_PRIORITY, &route.metric.to_ne_bytes());
    match route.next_hop {
        0 => message,
        id => message.with(RTA_NH_ID, &id.to_ne_bytes()),
    }
}

fn rule_request(verb: Verb, rule: &Rule) -> Message {
    let kind = if verb == Verb::Remove { RTM_DELRULE } else { RTM_NEWRULE };
    let mut header = [0; RULE_HEADER];
    header[0] = if rule.is_ipv6 { AF_INET6 } else { AF_INET };
    header[7] = FR_ACT_TO_TBL;
    if let Selector::Hosts { to, .. } = rule.selector {
        [header[1], header[2]] = [length_of(to); 2];
    }
    let message =
        Message::new(kind, flags(verb), &header).with(FRA_PRIORITY, &rule.preference.to_ne_bytes());
    let message = match rule.selector {
        Selector::Mark { mark, mask } => {
            message.with(FRA_FWMARK, &mark.to_ne_bytes()).with(FRA_FWMASK, &mask.to_ne_bytes())
        }
        Selector::Hosts { from, to } => {
            with_address(with_address(message, FRA_DST, to), FRA_SRC, from)
        }
        Selector::Device(device) => message.with_text(FRA_OIFNAME, device.name()),
    };
    message.with(FRA_TABLE, &rule.table.to_ne_bytes()).with(FRA_PROTOCOL, &[PROTOCOL])
}

const fn family_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// The length of a prefix that is this host alone.
const fn length_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn with_address(message: Message, kind: u16, address: IpAddr) -> Message {
    match address {
        IpAddr::V4(address) => message.with(kind, &address.octets()),
        IpAddr::V6(address) => message.with(kind, &address.octets()),
    }
}

/// A next hop that is there.
pub fn read_next_hop(message: Received<'_>) -> Option<Owned<NextHop>> {
    (message.kind == RTM_NEWNEXTHOP).then(|| next_hop_of(message))?
}

/// A next hop that was deleted.
pub fn read_deleted_next_hop(message: Received<'_>) -> Option<u32> {
    (message.kind == RTM_DELNEXTHOP).then(|| Some(next_hop_of(message)?.it.id))?
}

fn next_hop_of(message: Received<'_>) -> Option<Owned<NextHop>> {
    let [_, _, protocol, _, a, b, c, d] = *message.payload.first_chunk::<NEXT_HOP_HEADER>()?;
    let own_flags = u32::from_ne_bytes([a, b, c, d]);
    let attributes = message.attributes(NEXT_HOP_HEADER);
    let id = number(attributes.find(NHA_ID)?)?;
    let is_odd = [NHA_BLACKHOLE, NHA_ENCAP_TYPE, NHA_FDB];
    let target = if is_odd.iter().any(|kind| attributes.find(*kind).is_some()) {
        Target::Other
    } else if let Some(members) = attributes.find(NHA_GROUP) {
        match <[u8; 8]>::try_from(members) {
            Ok([a, b, c, d, ..]) => Target::Member(u32::from_ne_bytes([a, b, c, d])),
            Err(_) => Target::Members,
        }
    } else {
        let gateway = attributes.find(NHA_GATEWAY).and_then(address);
        let interface = attributes.find(NHA_OIF).and_then(number);
        match (interface, gateway) {
            (Some(interface), Some(gateway)) if own_flags & RTNH_F_ONLINK != 0 => {
                Target::Gateway { interface, gateway }
            }
            _ => Target::Other,
        }
    };
    Some(Owned { protocol, it: NextHop { id, target } })
}

/// A route, unless it has more keys than ours ever have.
pub fn read_route(message: Received<'_>) -> Option<Owned<Route>> {
    let header = *message.payload.first_chunk::<ROUTE_HEADER>()?;
    let [family, length, source, tos, table, protocol, _, _, a, b, c, d] = header;
    let is_cloned = u32::from_ne_bytes([a, b, c, d]) & RTM_F_CLONED != 0;
    if message.kind != RTM_NEWROUTE || source != 0 || tos != 0 || is_cloned {
        return None;
    }
    let attributes = message.attributes(ROUTE_HEADER);
    let any = match family {
        AF_INET => IpAddr::from([0; 4]),
        AF_INET6 => IpAddr::from([0; 16]),
        _ => return None,
    };
    let network = attributes.find(RTA_DST).and_then(address).unwrap_or(any);
    let prefix = IpNet::new(network, length).ok()?;
    let value = |kind| attributes.find(kind).and_then(number);
    let route = Route {
        table: value(RTA_TABLE).unwrap_or(u32::from(table)),
        prefix,
        metric: value(RTA_PRIORITY).unwrap_or(0),
        next_hop: value(RTA_NH_ID).unwrap_or(0),
    };
    Some(Owned { protocol, it: route })
}

/// A rule that leads to a table.
pub fn read_rule(message: Received<'_>) -> Option<Owned<Rule>> {
    let header = *message.payload.first_chunk::<RULE_HEADER>()?;
    let [family, to_length, from_length, _, table, _, _, action, ..] = header;
    let is_ip = matches!(family, AF_INET | AF_INET6);
    if message.kind != RTM_NEWRULE || !is_ip || action != FR_ACT_TO_TBL {
        return None;
    }
    let attributes = message.attributes(RULE_HEADER);
    let value = |kind| attributes.find(kind).and_then(number);
    let mark = value(FRA_FWMARK).unwrap_or(0);
    let mask = value(FRA_FWMASK).unwrap_or(0);
    let host = |kind, length| {
        attributes.find(kind).and_then(address).filter(|host| length_of(*host) == length)
    };
    let device = attributes.find(FRA_OIFNAME).and_then(|name| {
        let name = std::str::from_utf8(name).ok()?.trim_end_matches('\0');
        Interface::new(name).ok()
    });
    let hosts = (host(FRA_DST, to_length), host(FRA_SRC, from_length));
    let selector = match (hosts, device, to_length | from_length) {
        ((Some(to), Some(from)), None, _) => Selector::Hosts { from, to },
        ((None, None), Some(device), 0) if mark == 0 => Selector::Device(device),
        _ => Selector::Mark { mark, mask },
    };
    let rule = Rule {
        is_ipv6: family == AF_INET6,
        preference: value(FRA_PRIORITY).unwrap_or(0),
        selector,
        table: value(FRA_TABLE).unwrap_or(u32::from(table)),
    };
    let protocol = attributes.find(FRA_PROTOCOL).and_then(|octets| octets.first().copied());
    Some(Owned { protocol: protocol.unwrap_or(0), it: rule })
}

/// A device; what bridges say of their ports is no news of the device.
pub fn read_link(message: Received<'_>) -> Option<Link<'_>> {
    let header = message.payload.first_chunk::<LINK_HEADER>()?;
    let [family, _, _, _, a, b, c, d, e, f, g, h, ..] = *header;
    let is_link = matches!(message.kind, RTM_NEWLINK | RTM_DELLINK);
    if family != 0 || !is_link {
        return None;
    }
    let flags = u32::from_ne_bytes([e, f, g, h]);
    let name = message.attributes(LINK_HEADER).find(IFLA_IFNAME)?;
    let is_there = message.kind == RTM_NEWLINK;
    Some(Link {
        interface: u32::from_ne_bytes([a, b, c, d]),
        name: std::str::from_utf8(name).ok()?.trim_end_matches('\0'),
        is_there,
        has_carrier: is_there && flags & IFF_UP != 0 && flags & IFF_LOWER_UP != 0,
    })
}

fn number(octets: &[u8]) -> Option<u32> {
    octets.try_into().ok().map(u32::from_ne_bytes)
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests;
