//! Moves an office's traffic between paths by next-hop objects of the kernel (Linux 5.3 or newer).
//!
//! Each prefix is one route by a group, and a group is one path: a switch replaces the group and moves
//! however many prefixes at once. When a device loses its carrier the kernel deletes its next hops, with
//! them groups and routes; then routes of a worse metric by the other paths stand in until
//! [`Switch::reconcile`] has made everything again. Connections are never touched.
//! Routes of others, of which a router may have a million, are read only when that can matter.
//!
//! Ours is what has our protocol and an id, or a table, that the plan may use: several agents on one router,
//! as at a hub, have different ones.
//!
//! While `net.ipv4.nexthop_compat_mode` is 1, the kernel's default, it tells listeners of each route of a
//! group that is replaced, which takes longer than the switch itself.

mod device;
mod difference;
mod object;
mod plan;
mod watch;
mod wire;

use std::collections::{BTreeSet, HashSet};

use link::{PathNumber, Routes};
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use tracing::debug;

pub use difference::Foreign;
pub use object::{Change, NextHop, Object, Route, Rule, Selector, Target, Verb};
pub(in crate::links) use plan::Family;
pub use plan::{Flow, Outline, Path, Plan, PlanError};
pub use watch::{Carrier, LinkEvent, Watch};

use crate::netlink::{Message, NetlinkError, Received, Socket};
use device::Device;
use difference::{Held, Wanted, difference};
use object::PROTOCOL;
use plan::Kind;
use wire::Owned;

/// So many changes go to the kernel in one datagram; one takes less than 100 octets.
const CHANGES_AT_A_TIME: usize = 128;
/// How often the kernel is read again when changes were refused: devices come and go meanwhile.
const ATTEMPTS: u32 = 3;

/// Whether changes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// In the kernel.
    Kernel,
    /// Only told.
    DryRun,
}

/// Why traffic is not moved.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// The kernel does not answer as it should.
    #[error("netlink request fails")]
    Netlink(#[from] NetlinkError),
    /// Something of somebody else is in the way; nothing was changed.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// The plan has no such path; nothing was changed.
    #[error("there is no {0}")]
    NoPath(PathNumber),
    /// There is no such device; nothing was changed.
    #[error("{path} has no device {device}")]
    NoDevice {
        /// The path.
        path: PathNumber,
        /// Its device.
        device: String,
    },
    /// The device is down or has no carrier; nothing was changed.
    #[error("{path} is on {device}, which is down")]
    DeviceDown {
        /// The path.
        path: PathNumber,
        /// Its device.
        device: String,
    },
    /// The device is up but the next hop is not there yet: reconcile. Nothing was changed.
    #[error("{path} on {device} has no next hop in the kernel")]
    NoNextHop {
        /// The path.
        path: PathNumber,
        /// Its device.
        device: String,
    },
    /// The kernel refuses a change; all others were made.
    #[error("kernel refuses to {change}: {errno}")]
    Refused {
        /// The change.
        change: Change,
        /// Why.
        errno: Errno,
    },
    /// The kernel said yes, and what it holds is something else.
    #[error("kernel did not {0}")]
    NotTaken(Change),
}

/// What a reconciliation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// What was different, and was changed if the hand is the kernel's.
    pub changes: Vec<Change>,
    /// Paths that are to carry something and have no device that can.
    pub unavailable: BTreeSet<PathNumber>,
}

/// What a switch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// What was changed; nothing when traffic went that way already.
    pub changes: Vec<Change>,
    /// Whether routes were gone with their group, so that others stand in: reconcile at once.
    pub has_gaps: bool,
    /// Paths that were to have some traffic and do not: what they had is gone with their device, or
    /// they carry one IP version only.
    pub unavailable: BTreeSet<PathNumber>,
}

/// Where traffic goes by what the kernel holds; `None` where it holds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// All that is not named here.
    pub all: Option<PathNumber>,
    /// What an office cannot do without.
    pub protected: Option<PathNumber>,
    /// What moves first.
    pub canary: Option<PathNumber>,
}

impl Standing {
    /// The routes to go on with; what has no group of its own goes with the rest.
    #[must_use]
    pub fn routes(self) -> Option<Routes> {
        let all = self.all?;
        let or_all = |path: Option<PathNumber>| path.unwrap_or(all);
        Some(Routes { all, protected: or_all(self.protected), canary: or_all(self.canary) })
    }
}

/// The switch of one office's traffic.
#[derive(Debug)]
pub struct Switch {
    route: Socket,
    plan: Plan,
    hand: Hand,
    /// Whether all was brought to the plan, so that nobody else had the place of a route of ours. The
    /// kernel adds none over what came since.
    is_clear: bool,
    routes_read: u64,
}

impl Switch {
    /// Opens the switch in the network namespace of the calling thread; nothing is changed yet.
    ///
    /// # Errors
    /// When the kernel has no rtnetlink.
    pub fn open(plan: Plan, hand: Hand) -> Result<Self, SwitchError> {
        let route = Socket::open(SockProtocol::NetlinkRoute)?;
        route.heed_filters()?;
        Ok(Self { route, plan, hand, is_clear: false, routes_read: 0 })
    }

    /// How many routes the kernel has told of so far, whoever made them.
    #[must_use]
    pub const fn routes_read(&self) -> u64 {
        self.routes_read
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes another plan, which holds from the next reconciliation on.
    pub fn adopt(&mut self, plan: Plan) {
        self.plan = plan;
        self.is_clear = false;
    }

    /// Brings the kernel to the plan with as few changes as there are differences.
    ///
    /// What is ours and not planned is removed; what is not ours is never touched. What a path without
    /// a device was to carry is left as it is. Only our own routes are read unless one is missing and it
    /// was not seen before that nobody else has its place.
    ///
    /// # Errors
    /// When something of somebody else is in the way, or the kernel refuses a change three times; the
    /// other changes are made then, unless it was in the way before the first one.
    pub fn reconcile(&mut self, routes: Routes) -> Result<Reconciled, SwitchError> {
        self.check(routes)?;
        let mut devices = Vec::new();
        for (_, path) in self.plan.paths() {
            devices.push(device::find(&mut self.route, &path.device)?);
        }
        let interface = |path: PathNumber| devices.get(usize::from(path.index()))?.usable();
        let wanted = Wanted::new(&self.plan, routes, interface);
        let changes = self.bring_about(&wanted)?;
        Ok(Reconciled { changes, unavailable: wanted.unavailable })
    }

    /// Removes everything that is ours.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn clear(&mut self) -> Result<Vec<Change>, SwitchError> {
        let removed = self.bring_about(&Wanted::default());
        self.is_clear = false;
        removed
    }

    /// Reads where traffic goes.
    ///
    /// # Errors
    /// When the kernel cannot be read.
    pub fn standing(&mut self) -> Result<Standing, SwitchError> {
        let held = self.next_hops()?;
        let path_of = |kind: Kind| {
            let groups = self.plan.groups().iter().filter(|(of, _)| *of == kind);
            let is_by = |path: PathNumber, family| {
                let group = self.plan.group(kind, family, path);
                held.next_hops.get(&group.id).map(|found| found.it == group.target)
            };
            let here: Vec<_> = groups.map(|(_, family)| *family).collect();
            // While one IP version is ahead of the other, what IPv4 does counts.
            let agrees = |path: &PathNumber| {
                let found = || here.iter().filter_map(|family| is_by(*path, *family));
                found().count() > 0 && found().all(|is_by| is_by)
            };
            let leads = |path: &PathNumber| {
                here.iter().find_map(|family| is_by(*path, *family)).unwrap_or(false)
            };
            let paths = || self.plan.paths().map(|(number, _)| number);
            paths().find(agrees).or_else(|| paths().find(leads))
        };
        let [protected, all, canary] = Kind::EACH.map(path_of);
        Ok(Standing { all, protected, canary })
    }

    /// Moves traffic: one message for each kind and IP version that goes another way now.
    ///
    /// Reads before and after; a few hundred octets each, however many prefixes there are.
    ///
    /// # Errors
    /// When a path that is to take traffic over has no next hop, or what is there is not ours; nothing
    /// is changed then. When the
    /// kernel refuses; other kinds of traffic may have moved then.
    pub fn move_to(&mut self, routes: Routes) -> Result<Movement, SwitchError> {
        self.check(routes)?;
        let held = self.next_hops()?;
        let mut movement =
            Movement { changes: Vec::new(), has_gaps: false, unavailable: BTreeSet::new() };
        for (kind, family) in self.plan.groups() {
            let path = self.plan.carrier(kind.of(routes), *family);
            let group = self.plan.group(*kind, *family, path);
            let has_next_hop = owned(&held, self.plan.path_id(path, *family))?.is_some();
            match owned(&held, group.id)? {
                Some(target) if target == group.target => {}
                found if has_next_hop => {
                    let verb = if found.is_some() { Verb::Replace } else { Verb::Add };
                    movement.changes.push(Change::next_hop(verb, group));
                    movement.has_gaps |= found.is_none();
                }
                Some(_) if !self.carries_anything(&held, path) => return Err(self.why_not(path)),
                _ => {
                    movement.unavailable.insert(path);
                }
            }
        }
        match movement.unavailable.first() {
            Some(path) if movement.changes.is_empty() => return Err(self.why_not(*path)),
            _ => {}
        }
        self.make_moves(&movement.changes)?;
        Ok(movement)
    }

    /// Whether a path has a next hop in either IP version.
    fn carries_anything(&self, held: &Held, path: PathNumber) -> bool {
        let ids = self.plan.families().map(|family| self.plan.path_id(path, family));
        ids.into_iter().any(|id| held.next_hops.contains_key(&id))
    }

    fn make_moves(&mut self, changes: &[Change]) -> Result<(), SwitchError> {
        if changes.is_empty() || self.hand == Hand::DryRun {
            return Ok(());
        }
        let refusal = self.ask(changes)?;
        let held = self.next_hops()?;
        let is_made = |change: &&Change| match &change.object {
            Object::NextHop(group) => owned(&held, group.id).ok().flatten() == Some(group.target),
            Object::Route(_) | Object::Rule(_) => true,
        };
        let missing = changes.iter().copied().find(|change| !is_made(&change));
        match (missing, refusal) {
            (None, _) => Ok(()),
            (Some(change), Some(errno)) => Err(SwitchError::Refused { change, errno }),
            (Some(change), None) => Err(SwitchError::NotTaken(change)),
        }
    }

    /// Makes the kernel hold what is wanted, and returns what was different at first.
    fn bring_about(&mut self, wanted: &Wanted) -> Result<Vec<Change>, SwitchError> {
        let first = difference(wanted, &self.read(wanted)?)?;
        if self.hand == Hand::DryRun {
            return Ok(first);
        }
        let mut rest = first.clone();
        let mut refusal = None;
        for _ in 0..ATTEMPTS {
            if rest.is_empty() {
                break;
            }
            refusal = None;
            for changes in rest.chunks(CHANGES_AT_A_TIME) {
                let refused = self.ask(changes)?;
                refusal = refusal.or(refused);
            }
            // Somebody may have come meanwhile.
            self.is_clear &= refusal.is_none();
            rest = difference(wanted, &self.read(wanted)?)?;
            debug!(rest = rest.len(), ?refusal, "kernel was changed");
        }
        self.is_clear = rest.is_empty();
        match (rest.first().copied(), refusal) {
            (None, _) => Ok(first),
            (Some(change), Some(errno)) => Err(SwitchError::Refused { change, errno }),
            (Some(change), None) => Err(SwitchError::NotTaken(change)),
        }
    }

    /// Has the kernel make changes one after the other; returns its first refusal.
    fn ask(&mut self, changes: &[Change]) -> Result<Option<Errno>, SwitchError> {
        let requests: Vec<Message> = changes.iter().map(wire::request).collect();
        match self.route.request_in_turn(requests) {
            Ok(()) => Ok(None),
            Err(NetlinkError::Refused(errno)) => Ok(Some(errno)),
            Err(error) => Err(error.into()),
        }
    }

    fn next_hops(&mut self) -> Result<Held, SwitchError> {
        let Self { route, plan, .. } = self;
        let held = route.dump(wire::list_next_hops(), |held: &mut Held, message| {
            let found = wire::read_next_hop(message).into_iter();
            found.for_each(|found| held.note_next_hop(found, plan));
        })?;
        Ok(held)
    }

    fn read(&mut self, wanted: &Wanted) -> Result<Held, SwitchError> {
        let mut held = self.next_hops()?;
        self.read_routes(wire::list_own_routes(), wanted, &mut held)?;
        if !self.is_clear && !wanted.has_all_routes(&held) {
            self.read_routes(wire::list_routes(), wanted, &mut held)?;
        }
        let Self { route, plan, .. } = self;
        let rules: Held = route.dump(wire::list_rules(), |held: &mut Held, message| {
            wire::read_rule(message).into_iter().for_each(|found| held.note_rule(found, plan));
        })?;
        held.rules = rules.rules;
        Ok(held)
    }

    fn read_routes(
        &mut self,
        which: Message,
        wanted: &Wanted,
        held: &mut Held,
    ) -> Result<(), SwitchError> {
        let keys: HashSet<_> = wanted.route_keys().collect();
        let Self { route, plan, .. } = self;
        let read = |(count, held): &mut (u64, Held), message: Received<'_>| {
            if let Some(found) = wire::read_route(message) {
                *count += 1;
                held.note_route(found, plan, |key| keys.contains(key));
            }
        };
        let (count, routes): (u64, Held) = route.dump(which, read)?;
        self.routes_read += count;
        held.routes = routes.routes;
        held.foreign_routes = routes.foreign_routes;
        Ok(())
    }

    /// Why a path has no next hop.
    fn why_not(&mut self, path: PathNumber) -> SwitchError {
        let Some(Path { device, .. }) = self.plan.path(path) else {
            return SwitchError::NoPath(path);
        };
        let name = device.to_string();
        match device::find(&mut self.route, device) {
            Ok(Device::Missing) => SwitchError::NoDevice { path, device: name },
            Ok(Device::Down(_)) => SwitchError::DeviceDown { path, device: name },
            Ok(Device::Up(_)) => SwitchError::NoNextHop { path, device: name },
            Err(error) => error.into(),
        }
    }

    fn check(&self, routes: Routes) -> Result<(), SwitchError> {
        self.plan.missing(routes).map_or(Ok(()), |path| Err(SwitchError::NoPath(path)))
    }
}

/// Where a next hop of ours leads; an error when it is somebody else's.
fn owned(held: &Held, id: u32) -> Result<Option<Target>, Foreign> {
    match held.next_hops.get(&id) {
        None => Ok(None),
        Some(Owned { protocol: PROTOCOL, it }) => Ok(Some(*it)),
        Some(Owned { protocol, it: target }) => {
            let object = Object::NextHop(NextHop { id, target: *target });
            Err(Foreign { object, protocol: *protocol })
        }
    }
}
