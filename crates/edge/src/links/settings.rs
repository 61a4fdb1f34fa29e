//! What can be set about the links of an office.
//!
//! [`LinksSettings::validate`] gives the first reason why a written section cannot be used. Only this
//! end is described; the far end has the same section with its own addresses.

mod budget;
mod carry_test;
mod path;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use domain::Zone;
use ipnet::IpNet;
use link::site::{Moves, Order};
use link::{PathNumber, SitePolicy};
use serde::Deserialize;

use super::advice::{self, AdviceSettingsError, FrrSettings};
use super::centre::CentreSettings;
use super::exercise::DrillSettings;
use super::isolation::{IsolationSettings, IsolationSettingsError};
use super::shaper::Shape;
use super::switch::{Flow, Outline, Path};
use super::targets::{self, TargetSettings, TargetSettingsError};
use crate::interface::InterfaceName;
use crate::settings::{SettingsError, within};

pub use budget::BudgetPeriod;
pub use carry_test::CarryTestSettings;
pub(super) use carry_test::Resolvers;

/// The most paths of an office.
const MOST_PATHS: usize = 8;
const MOST_INSTANCE: u64 = 99;
const MOST_PREFIXES: usize = 10_000;
/// So slow at most is a path whose traffic is paid for while it matters how it is.
const SLOWEST_METERED_MS: u64 = 4_000;

/// The section `[links]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinksSettings {
    /// What this office is called in events: letters, digits and `-`.
    pub site: String,
    /// Which of several agents on this router it is, as at a hub with one for each far office; 0 to 99,
    /// default 0. No two have the same.
    #[serde(default)]
    pub instance: u8,
    /// Whether routes are moved; default `switch`.
    #[serde(default)]
    pub mode: SwitchMode,
    /// How FRR is advised, where that is the mode.
    #[serde(default)]
    pub frr: FrrSettings,
    /// The paths to the other offices, the primary one first unless `order` says otherwise; 1 to 8.
    pub paths: Vec<PathSettings>,
    /// The names of the paths that are preferred to all others, in this order; default none, so that paths
    /// are preferred as they are listed.
    #[serde(default)]
    pub order: Vec<String>,
    /// What runs no agent and is asked by a path; 20,000 at most.
    #[serde(default)]
    pub targets: Vec<TargetSettings>,
    /// Whether it is tested that visitors are kept out of the office.
    #[serde(default)]
    pub isolation: Option<IsolationSettings>,
    /// When the office is to use its backup as an exercise; only when people say so without it.
    #[serde(default)]
    pub drill: Option<DrillSettings>,
    /// What is reached by them: the prefixes of the other offices.
    pub offices: Vec<IpNet>,
    /// Prefixes of little risk among them, which try a path before the rest follows.
    #[serde(default)]
    pub canary: Vec<IpNet>,
    /// The firewall mark of what an office cannot do without, such as voice; 0, the default, is none.
    #[serde(default)]
    pub protected_mark: u32,
    /// The networks of visitors at all offices, who make room on a path that an office uses as its
    /// backup.
    #[serde(default)]
    pub visitors: Vec<IpNet>,
    /// A file with a secret of 16 characters or more that both ends share. With it, each end knows the
    /// heartbeats, probes and trials of the other.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// How it is tried whether paths would carry the office.
    #[serde(default)]
    pub carry_test: CarryTestSettings,
    /// The way to the centre, which is to know what happens; without it the centre is told nothing.
    pub centre: Option<CentreSettings>,
    /// The file to which events are appended; default `/var/lib/sabeel/links.jsonl`.
    #[serde(default = "default_event_log")]
    pub event_log: PathBuf,
    /// The Unix socket on which `sabeel link` asks; default `/run/sabeel-edge/links.sock`.
    #[serde(default = "default_socket")]
    pub socket: PathBuf,
}

/// What the agent does about what it sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchMode {
    /// It moves routes.
    #[default]
    Switch,
    /// It writes down what it would have done.
    DryRun,
    /// It tells FRR what the devices of paths cost, and FRR moves routes.
    Advise,
}

/// By what it is known whether a path lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AliveBy {
    /// By heartbeats, for which an agent or a router that speaks BFD is at the other end.
    #[default]
    Heartbeats,
    /// By enough targets that answer, where the other end is somebody else's.
    Targets,
}

/// One path of an office.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PathSettings {
    /// What it is called: letters, digits and `-`.
    pub name: String,
    /// Its network interface. All that is sent to watch it leaves by this one, whatever routes say.
    pub device: InterfaceName,
    /// Our address on it, of either IP version; with a link-local one `device` says where it is.
    pub local: IpAddr,
    /// The address of the other end's agent: one hop away, or with `minimum-ttl` behind `gateway`.
    pub peer: IpAddr,
    /// To whom packets for the other offices are handed, and those for `peer` where that is further away;
    /// default `peer`, if that is of IPv4.
    pub gateway: Option<Ipv4Addr>,
    /// The other end is several hops away: what it sends with a time to live of 255 comes with this one at
    /// least, 255 less the routers in between. 1 to 254, needs `gateway`, or `gateway6` for IPv6; by default it is one hop away.
    pub minimum_ttl: Option<u8>,
    /// The same for prefixes of IPv6; default `peer`, if that is of IPv6.
    pub gateway6: Option<Ipv6Addr>,
    /// By what it is known whether it lives; default `heartbeats`.
    #[serde(default)]
    pub alive_by: AliveBy,
    /// So many of its targets have to answer for it to live, if it lives by them; 1 to as many as it has,
    /// default more than half.
    pub quorum: Option<u16>,
    /// An address of this office that nobody has, for which the router answers when the path is tried.
    pub office_local: Option<IpAddr>,
    /// The same of the far office, as its own section has it in `office-local`.
    pub office_peer: Option<IpAddr>,
    /// A second address of this office that nobody has, of the other IP version: from it resolvers of that
    /// version are asked.
    pub resolver_local: Option<IpAddr>,
    /// The same of the far office, as its own section has it in `resolver-local`.
    pub resolver_peer: Option<IpAddr>,
    /// Whether heartbeats and probes are proved by the key of `key-file`; default yes, if there is one.
    /// A far end that knows no such key, as a router with FRR, needs no.
    #[serde(default = "default_authenticated")]
    pub authenticated: bool,
    /// The radio sector that it shares with paths of other offices, which have the same name here: only one
    /// of them is tried at a time, and each makes room for the offices on the others. By default it has
    /// what it carries to itself.
    pub sector: Option<String>,
    /// What OSPF has for its device while nothing is advised, as FRR's own configuration has it in `ip
    /// ospf cost`; without it OSPF works it out.
    pub ospf_cost: Option<u16>,
    /// What it carries, in Mbit/s; 1 to 10,000. Without it, or without `visitors`, visitors keep what they
    /// have on it.
    pub capacity_mbit: Option<u32>,
    /// What visitors have of it whatever happens, in kbit/s; 64 to 10,000,000, default 500.
    #[serde(default = "default_floor")]
    pub visitors_floor_kbit: u32,
    /// Whether its traffic is paid for; default no. While it does not matter how it is, it is watched
    /// seldom.
    #[serde(default)]
    pub metered: bool,
    /// The time between its heartbeats then, in seconds; 5 to 30, default 10.
    #[serde(default = "default_idle_heartbeat")]
    pub idle_heartbeat_seconds: u8,
    /// How much may be spent on watching it, in MB; 1 to 1,000,000, default no limit. Needs
    /// `metered`.
    pub budget_mb: Option<u32>,
    /// In which time; default `month`.
    #[serde(default)]
    pub budget_period: BudgetPeriod,
    /// On which day a month of the contract begins; 1 to 28, default 1.
    #[serde(default = "default_budget_day")]
    pub budget_day: u8,
    /// By whose clocks; default `Asia/Riyadh`.
    #[serde(default = "Zone::riyadh")]
    pub budget_zone: Zone,
    /// The time between heartbeats in milliseconds; 10 to 60,000, default 100.
    #[serde(default = "default_heartbeat")]
    pub heartbeat_ms: u64,
    /// So many heartbeats have to be missing for the path to be down; 2 to 50, default 3. For radio
    /// take 5, which does not take 30 % of loss for a cut.
    #[serde(default = "default_missing")]
    pub missing: u8,
    /// Probes of quality a second; 0 to 100, default 5. With 0 the heartbeats alone count, for a far
    /// end that answers no probes.
    #[serde(default = "default_probes")]
    pub probes_per_second: u32,
    /// Round trips that take so much longer than usual are bad, in milliseconds; 1 to 10,000, default
    /// 100.
    #[serde(default = "default_delay")]
    pub bad_delay_ms: u64,
    /// Losses from so many percent on are bad; 1 to 100, default 5.
    #[serde(default = "default_loss")]
    pub bad_loss_percent: u8,
}

/// Why a section `[links]` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinksSettingsError {
    /// A number is outside its range.
    #[error(transparent)]
    Number(#[from] SettingsError),
    /// A name would not be understood elsewhere.
    #[error("`{0}` is no name: use 1 to 32 of letters, digits and '-'")]
    Name(String),
    /// The centre is not there.
    #[error("`centre.url` is {0}, but must be https://, a host and a port")]
    Url(String),
    /// Two paths cannot be told from each other.
    #[error("two paths have the {what} {value}")]
    Twice {
        /// Of which kind it is.
        what: &'static str,
        /// What both have.
        value: String,
    },
    /// A path that leads nowhere.
    #[error("path {path}: `{key}` must be the address of one host")]
    Address {
        /// Which path.
        path: String,
        /// The key.
        key: &'static str,
    },
    /// The other end is far away, and nobody leads there.
    #[error(
        "path {0}: `minimum-ttl` needs the next router on the way to `peer`: `gateway`, or `gateway6` for IPv6"
    )]
    NextRouter(String),
    /// The two ends cannot speak with each other.
    #[error("path {0}: `local` and `peer` must be of one IP version")]
    Versions(String),
    /// A target cannot be asked.
    #[error(transparent)]
    Target(#[from] TargetSettingsError),
    /// FRR cannot be advised.
    #[error(transparent)]
    Advice(#[from] AdviceSettingsError),
    /// The test of isolation cannot be run.
    #[error(transparent)]
    Isolation(#[from] IsolationSettingsError),
    /// A path that lives by its targets has too few.
    #[error("path {path}: `quorum` is {quorum}, but it has {targets} target(s)")]
    Quorum {
        /// Which path.
        path: String,
        /// So many are to answer.
        quorum: u64,
        /// So many it has.
        targets: usize,
    },
    /// The canary is no part of what is reached.
    #[error("{0} in `canary` is in none of `offices`")]
    Canary(IpNet),
    /// An agent that runs cannot take it.
    #[error(
        "an agent that runs takes only `offices`, `canary`, `visitors`, `protected-mark`, `order`, what a \
         path must carry and when it is tried, and how paths that it has are routed, watched, shared and \
         paid for; restart it for anything else"
    )]
    Restart,
    /// What is to be preferred is no path.
    #[error("`order` names {0}, which is no path of the office")]
    Order(String),
    /// Nothing is paid for that a budget could be for.
    #[error("path {0}: `budget-mb` needs `metered`")]
    Budget(String),
    /// The time of bulk runs is none.
    #[error("`carry-test.bulk-at` is {0:?}, and must be a time such as \"02:00\"")]
    BulkTime(String),
    /// The resolver cannot be asked.
    #[error("`carry-test`: {0}")]
    Resolver(&'static str),
    /// A path cannot be tried like that.
    #[error("path {path}: {reason}")]
    Trial {
        /// Which path.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// It would take away the way to the other end itself.
    #[error("{prefix} in `offices` has the address {address} of path {path} in it")]
    OverPath {
        /// The prefix.
        prefix: IpNet,
        /// The address of the other end.
        address: IpAddr,
        /// Which path.
        path: String,
    },
}

impl LinksSettings {
    /// Checks every value against its range, and all against each other.
    ///
    /// # Errors
    /// The first that does not fit.
    pub fn validate(&self) -> Result<(), LinksSettingsError> {
        let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
        check_name(&self.site)?;
        within("instance", self.instance.into(), 0, MOST_INSTANCE)?;
        self.centre.as_ref().map_or(Ok(()), CentreSettings::validate)?;
        within("paths", count(self.paths.len()), 1, count(MOST_PATHS))?;
        within("offices", count(self.offices.len()), 1, count(MOST_PREFIXES))?;
        let (mut names, mut ends) = (BTreeSet::new(), BTreeSet::new());
        for path in &self.paths {
            path.validate()?;
            if !names.insert(path.name.as_str()) {
                return Err(LinksSettingsError::Twice { what: "name", value: path.name.clone() });
            }
            if !ends.insert((path.device.as_str(), path.peer)) {
                let value = format!("{} on {}", path.peer, path.device);
                return Err(LinksSettingsError::Twice { what: "peer", value });
            }
            // To each end that is far away leads a route of its own.
            let is_same = |other: &&PathSettings| other.peer == path.peer;
            if path.minimum_ttl.is_some() && self.paths.iter().filter(is_same).count() > 1 {
                return Err(LinksSettingsError::Twice {
                    what: "peer",
                    value: path.peer.to_string(),
                });
            }
            for address in path.gateways() {
                let over = self.offices.iter().find(|prefix| prefix.contains(&address));
                if let Some(prefix) = over {
                    let path = path.name.clone();
                    return Err(LinksSettingsError::OverPath { prefix: *prefix, address, path });
                }
            }
        }
        self.check_order()?;
        self.carry_test.validate()?;
        self.check_trials()?;
        self.check_resolver()?;
        if self.mode == SwitchMode::Advise {
            advice::validate(self)?;
        }
        targets::validate(self)?;
        self.isolation.as_ref().map_or(Ok(()), IsolationSettings::validate)?;
        self.drill.as_ref().map_or(Ok(()), DrillSettings::validate)?;
        let is_reached =
            |canary: &&IpNet| self.offices.iter().any(|prefix| prefix.contains(*canary));
        match self.canary.iter().find(|canary| !is_reached(canary)) {
            Some(canary) => Err(LinksSettingsError::Canary(*canary)),
            None => Ok(()),
        }
    }

    /// Whether an agent that runs with this section can go on with a fresh one.
    ///
    /// # Errors
    /// When something is different that it takes only when it starts.
    pub(super) fn check_reload(&self, fresh: &Self) -> Result<(), LinksSettingsError> {
        let path = |(own, fresh): (&PathSettings, &PathSettings)| PathSettings {
            gateway: own.gateway,
            gateway6: own.gateway6,
            capacity_mbit: own.capacity_mbit,
            visitors_floor_kbit: own.visitors_floor_kbit,
            idle_heartbeat_seconds: own.idle_heartbeat_seconds,
            budget_mb: own.budget_mb,
            budget_period: own.budget_period,
            budget_day: own.budget_day,
            budget_zone: own.budget_zone.clone(),
            heartbeat_ms: own.heartbeat_ms,
            missing: own.missing,
            bad_delay_ms: own.bad_delay_ms,
            bad_loss_percent: own.bad_loss_percent,
            probes_per_second: match (own.probes_per_second, fresh.probes_per_second) {
                (1.., 1..) => own.probes_per_second,
                (_, fresh) => fresh,
            },
            ..fresh.clone()
        };
        let is_same = Self {
            offices: self.offices.clone(),
            canary: self.canary.clone(),
            protected_mark: self.protected_mark,
            visitors: self.visitors.clone(),
            order: self.order.clone(),
            carry_test: fresh.carry_test.but_taken_of(&self.carry_test),
            paths: self.paths.iter().zip(&fresh.paths).map(path).collect(),
            ..fresh.clone()
        } == *self;
        let is_as_many = self.paths.len() == fresh.paths.len();
        if is_same && is_as_many { Ok(()) } else { Err(LinksSettingsError::Restart) }
    }

    /// Whether each path that is to be preferred is there, and named once.
    fn check_order(&self) -> Result<(), LinksSettingsError> {
        let mut named = BTreeSet::new();
        for name in &self.order {
            if !self.paths.iter().any(|path| path.name == *name) {
                return Err(LinksSettingsError::Order(name.clone()));
            }
            if !named.insert(name) {
                return Err(LinksSettingsError::Twice {
                    what: "place in `order`",
                    value: name.clone(),
                });
            }
        }
        Ok(())
    }

    /// In which order paths are preferred.
    pub(super) fn order(&self) -> Order {
        let number = |name: &String| self.paths.iter().position(|path| path.name == *name);
        let first = self.order.iter().filter_map(number);
        let first = first.filter_map(|place| u8::try_from(place).ok()).map(PathNumber::new);
        Order::of(first, u8::try_from(self.paths.len()).unwrap_or(u8::MAX))
    }

    /// The routes of the office.
    pub(super) fn outline(&self) -> Outline {
        let path = |of: &PathSettings| Path {
            device: of.device.clone(),
            ipv4: of.ipv4_gateway(),
            ipv6: of.ipv6_gateway(),
        };
        let (common, instance) = (Outline::default(), u32::from(self.instance));
        let numbers = (0..).map(PathNumber::new);
        let pinned = |(number, of): (_, &PathSettings)| {
            // Whom its heartbeats and trials go to, whatever other routes there are.
            let peer = of.minimum_ttl.map(|_| of.peer);
            let hosts = [of.office_peer, of.resolver_peer, peer].into_iter().flatten();
            hosts.map(move |host| (number, IpNet::from(host))).collect::<Vec<_>>()
        };
        let asking = |(path, of): (_, &PathSettings)| {
            let resolvers = self.carry_test.resolver.iter();
            let flow = |to: &IpAddr| Some(Flow { path, from: of.asks_from(*to)?, to: *to });
            resolvers.filter_map(flow).collect::<Vec<_>>()
        };
        let flows = (0..).map(PathNumber::new).zip(&self.paths).flat_map(asking).collect();
        let is_asked = |(_, of): &(PathNumber, &PathSettings)| {
            of.ipv4_gateway().is_some()
                && self.targets.iter().any(|target| {
                    let is_behind = |prefix: &IpNet| prefix.contains(&target.address);
                    target.path == of.name
                        && target.address.is_ipv4()
                        && self.offices.iter().any(is_behind)
                })
        };
        let asked = (0..).map(PathNumber::new).zip(&self.paths).filter(is_asked);
        Outline {
            flows,
            asked: asked.map(|(number, _)| number).collect(),
            flow_table: common.flow_table + 16 * instance,
            flow_preference: common.flow_preference + instance,
            paths: self.paths.iter().map(path).collect(),
            preferred: self.order().iter().collect(),
            prefixes: self.offices.clone(),
            pinned: numbers.zip(&self.paths).flat_map(pinned).collect(),
            canary: self.canary.clone(),
            protected_mark: NonZeroU32::new(self.protected_mark),
            protected_table: common.protected_table + instance,
            rule_preference: common.rule_preference + instance,
            next_hop_base: common.next_hop_base + 100 * instance,
            ..common
        }
    }

    /// What the device is called on which a host stands in for the office.
    pub(super) fn stand_in(&self) -> String {
        match self.instance {
            0 => "sabeel-carry".to_owned(),
            instance => format!("sabeel-carry{instance}"),
        }
    }

    /// What shapes a path, if its visitors are to make room.
    pub(super) fn shape(&self, path: &PathSettings) -> Option<Shape> {
        let capacity = path.capacity().filter(|_| !self.visitors.is_empty())?;
        let (device, visitors) = (path.device.clone(), self.visitors.clone());
        Some(Shape { device, capacity, floor: path.visitors_floor(), visitors })
    }

    /// When the office changes its path.
    pub(crate) fn site_policy(&self) -> SitePolicy {
        let moves = match self.mode {
            SwitchMode::Advise => Moves::Together,
            SwitchMode::Switch | SwitchMode::DryRun => Moves::Apart,
        };
        SitePolicy { moves, ..SitePolicy::default() }
    }
}

pub(super) fn check_name(name: &str) -> Result<(), LinksSettingsError> {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    if (1..=32).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(LinksSettingsError::Name(name.chars().take(40).collect()))
}

fn default_event_log() -> PathBuf {
    "/var/lib/sabeel/links.jsonl".into()
}

fn default_socket() -> PathBuf {
    "/run/sabeel-edge/links.sock".into()
}

const fn default_authenticated() -> bool {
    true
}

const fn default_floor() -> u32 {
    500
}

const fn default_heartbeat() -> u64 {
    100
}

const fn default_budget_day() -> u8 {
    1
}

const fn default_idle_heartbeat() -> u8 {
    10
}

const fn default_missing() -> u8 {
    3
}

const fn default_probes() -> u32 {
    5
}

const fn default_delay() -> u64 {
    100
}

const fn default_loss() -> u8 {
    5
}

#[cfg(test)]
mod tests;
