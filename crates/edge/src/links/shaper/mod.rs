//! Shapes a path so that visitors can be told to make room on it: one tree of HTB classes on its
//! device, laid once and kept.
//!
//! A clamp, and its end, is one change of one class and of the queue in it: nothing is added or
//! deleted while traffic moves. The tree outlives the agent, and one that starts goes on with it. A
//! root that somebody else laid is never touched.

mod tree;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use link::capacity::BitRate;
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use tracing::debug;

pub use tree::{Class, Shape};

use crate::interface::InterfaceName;
use crate::netlink::{Message, NetlinkError, Socket};
use wire::{Match, Qdisc, Queue, Standing};

/// Why a path is not shaped.
#[derive(Debug, thiserror::Error)]
pub enum ShaperError {
    /// The kernel does not answer as it should.
    #[error("netlink request fails")]
    Netlink(#[from] NetlinkError),
    /// There is no such device; nothing was changed.
    #[error("there is no device {0}")]
    NoDevice(InterfaceName),
    /// Somebody else shapes the device; nothing was changed.
    #[error("{device} has a queueing discipline of somebody else: {kind} {major:x}:")]
    Foreign {
        /// The device.
        device: InterfaceName,
        /// What it is.
        kind: String,
        /// The number by which the kernel knows it.
        major: u32,
    },
    /// The kernel refuses a part of the tree.
    #[error("kernel refuses {what} on {device}: {errno}")]
    Refused {
        /// The device.
        device: InterfaceName,
        /// The part.
        what: &'static str,
        /// Why.
        errno: Errno,
    },
    /// The kernel said yes, and what it holds is something else.
    #[error("kernel did not take {what} on {device}")]
    NotTaken {
        /// The device.
        device: InterfaceName,
        /// The part.
        what: &'static str,
    },
}

/// What was sent by a path since its tree was laid, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// For the office.
    pub office: u64,
    /// For visitors.
    pub visitors: u64,
}

/// What shapes the traffic that leaves by one path.
#[derive(Debug)]
pub struct Shaper {
    route: Socket,
    shape: Shape,
    /// What holds packets; `None` until it is known what the kernel has.
    queue: Option<Queue>,
}

impl Shaper {
    /// Opens the shaper in the network namespace of the calling thread; nothing is changed yet.
    ///
    /// # Errors
    /// When the kernel has no rtnetlink.
    pub fn open(shape: Shape) -> Result<Self, ShaperError> {
        Ok(Self { route: Socket::open(SockProtocol::NetlinkRoute)?, shape, queue: None })
    }

    /// The shape.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Lays the tree, or what is missing or different of it, with that ceiling of visitors.
    ///
    /// # Errors
    /// When the root is of somebody else, or the kernel refuses.
    pub fn lay(&mut self, ceil: Option<BitRate>) -> Result<(), ShaperError> {
        let interface = self.interface()?;
        if !self.has_root(interface)? {
            self.ask("a root", wire::add_root(interface))?;
        }
        for class in Class::EACH {
            let terms = self.shape.terms(class, ceil);
            self.ask("a class", wire::lay_class(interface, class, terms))?;
        }
        for class in Class::LEAVES {
            self.lay_queue(interface, class, ceil)?;
        }
        self.lay_filters(interface)?;
        self.check(interface, ceil)
    }

    /// Gives visitors another ceiling; `None` is all that the office leaves. A tree that is gone is
    /// laid again.
    ///
    /// # Errors
    /// When the kernel refuses, or there is no tree and none can be laid.
    pub fn clamp(&mut self, ceil: Option<BitRate>) -> Result<(), ShaperError> {
        let interface = self.interface()?;
        let terms = self.shape.terms(Class::Visitors, ceil);
        let mut requests = vec![wire::change_class(interface, Class::Visitors, terms)];
        if self.queue == Some(Queue::Fifo) {
            let limit = self.shape.queue(Class::Visitors, ceil);
            requests.push(wire::lay_queue(interface, Class::Visitors, Queue::Fifo, limit));
        }
        match self.route.request_in_turn(requests) {
            Ok(()) => self.check(interface, ceil),
            Err(NetlinkError::Refused(errno)) => {
                debug!(device = %self.shape.device, %errno, "tree is gone");
                self.lay(ceil)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What visitors have at most, as the kernel holds it; `None` without a tree.
    ///
    /// # Errors
    /// When the kernel cannot be read.
    pub fn ceil(&mut self) -> Result<Option<BitRate>, ShaperError> {
        let interface = self.interface()?;
        let classes = self.classes(interface)?;
        Ok(classes.get(&wire::id(Class::Visitors)).map(|standing| standing.terms.ceil))
    }

    /// What was sent; `None` without a tree.
    ///
    /// # Errors
    /// When the kernel cannot be read.
    pub fn sent(&mut self) -> Result<Option<Sent>, ShaperError> {
        let interface = self.interface()?;
        let classes = self.classes(interface)?;
        let sent = |class| classes.get(&wire::id(class)).map(|standing| standing.sent);
        let both = sent(Class::Office).zip(sent(Class::Visitors));
        Ok(both.map(|(office, visitors)| Sent { office, visitors }))
    }

    /// Takes the tree away, if there is one of ours.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn remove(&mut self) -> Result<(), ShaperError> {
        let interface = self.interface()?;
        match self.has_root(interface) {
            Ok(true) => self.ask("that the root goes", wire::remove_root(interface)),
            Ok(false) | Err(ShaperError::Foreign { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether our root is there; an error if one of somebody else is.
    fn has_root(&mut self, interface: u32) -> Result<bool, ShaperError> {
        // The kernel gives those that it makes by itself no number.
        let is_laid = |qdisc: &&Qdisc| qdisc.is_root && qdisc.handle != 0;
        let qdiscs = self.qdiscs(interface)?;
        let Some(root) = qdiscs.iter().find(is_laid) else { return Ok(false) };
        let is_ours = root.handle == wire::ROOT
            && root.default_class == Some(u32::from(Class::Office as u16));
        if is_ours {
            return Ok(true);
        }
        let (device, kind) = (self.shape.device.clone(), root.kind.clone());
        Err(ShaperError::Foreign { device, kind, major: root.handle >> 16 })
    }

    /// Lays the queue of a class: the fair one, unless the kernel was seen not to have it.
    fn lay_queue(
        &mut self,
        interface: u32,
        class: Class,
        ceil: Option<BitRate>,
    ) -> Result<(), ShaperError> {
        let limit = self.shape.queue(class, ceil);
        let fifo = wire::lay_queue(interface, class, Queue::Fifo, limit);
        if self.queue == Some(Queue::Fifo) {
            return self.ask("a queue", fifo);
        }
        let fair = wire::lay_queue(interface, class, Queue::FairQueueing, limit);
        match self.ask("a queue", fair) {
            Err(ShaperError::Refused { errno: Errno::ENOENT, .. }) => {
                self.queue = Some(Queue::Fifo);
                self.ask("a queue", fifo)
            }
            laid => {
                self.queue = Some(Queue::FairQueueing);
                laid
            }
        }
    }

    /// Brings the filters to the prefixes of visitors; those that are right stay untouched.
    fn lay_filters(&mut self, interface: u32) -> Result<(), ShaperError> {
        let wanted = self.wanted_filters();
        if self.filters(interface)? == wanted {
            return Ok(());
        }
        match self.ask("that filters go", wire::remove_filters(interface)) {
            // There were none.
            Ok(()) | Err(ShaperError::Refused { errno: Errno::ENOENT | Errno::EINVAL, .. }) => {}
            Err(error) => return Err(error),
        }
        for (found, _) in &wanted {
            self.ask("a filter", wire::add_filter(interface, found))?;
        }
        Ok(())
    }

    fn wanted_filters(&self) -> BTreeSet<(Match, u32)> {
        let visitors = self.shape.visitors.iter();
        visitors.flat_map(|prefix| Match::of(*prefix)).map(with_class).collect()
    }

    /// Reads the tree back.
    fn check(&mut self, interface: u32, ceil: Option<BitRate>) -> Result<(), ShaperError> {
        let classes = self.classes(interface)?;
        let is_held = |class: &Class| {
            let held = classes.get(&wire::id(*class)).map(|standing| standing.terms);
            held == Some(wire::as_held(self.shape.terms(*class, ceil)))
        };
        if !Class::EACH.iter().all(is_held) {
            return Err(self.not_taken("the classes"));
        }
        if self.queue == Some(Queue::Fifo) {
            let qdiscs = self.qdiscs(interface)?;
            let is_held = |class: &Class| {
                let limit = Some(self.shape.queue(*class, ceil));
                let handle = wire::fifo_handle(*class);
                qdiscs.iter().any(|qdisc| qdisc.handle == handle && qdisc.limit == limit)
            };
            if !Class::LEAVES.iter().all(is_held) {
                return Err(self.not_taken("the queues"));
            }
        }
        if self.filters(interface)? != self.wanted_filters() {
            return Err(self.not_taken("the filters"));
        }
        Ok(())
    }

    fn not_taken(&self, what: &'static str) -> ShaperError {
        ShaperError::NotTaken { device: self.shape.device.clone(), what }
    }

    fn qdiscs(&mut self, interface: u32) -> Result<Vec<Qdisc>, ShaperError> {
        let request = wire::list_qdiscs(interface);
        Ok(self.route.dump(request, |qdiscs: &mut Vec<Qdisc>, message| {
            qdiscs.extend(wire::read_qdisc(message, interface));
        })?)
    }

    fn classes(&mut self, interface: u32) -> Result<BTreeMap<u32, Standing>, ShaperError> {
        let request = wire::list_classes(interface);
        Ok(self.route.dump(request, |classes: &mut BTreeMap<_, _>, message| {
            let read = wire::read_class(message, interface);
            classes.extend(read.map(|standing| (standing.class, standing)));
        })?)
    }

    fn filters(&mut self, interface: u32) -> Result<BTreeSet<(Match, u32)>, ShaperError> {
        let request = wire::list_filters(interface);
        Ok(self.route.dump(request, |filters: &mut BTreeSet<_>, message| {
            filters.extend(wire::read_filter(message, interface));
        })?)
    }

    fn interface(&self) -> Result<u32, ShaperError> {
        let device = &self.shape.device;
        device.index().map_err(|_| ShaperError::NoDevice(device.clone()))
    }

    fn ask(&mut self, what: &'static str, request: Message) -> Result<(), ShaperError> {
        match self.route.request(request, |_| {}) {
            Ok(()) => Ok(()),
            Err(NetlinkError::Refused(errno)) => {
                Err(ShaperError::Refused { device: self.shape.device.clone(), what, errno })
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn with_class(found: Match) -> (Match, u32) {
    (found, wire::id(Class::Visitors))
}
