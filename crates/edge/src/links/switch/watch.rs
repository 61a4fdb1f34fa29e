//! Tells when a path's device gains or loses its carrier, and when the kernel's next hops need a look.
//!
//! The kernel tells of a device but not of the next hops, groups and routes that it deletes with it, so
//! each change of a device is a reason to reconcile. When notifications are lost the devices are read
//! again. Nothing here waits: whoever reads polls the descriptor.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use link::PathNumber;
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;

use super::device::{self, Device};
use super::object::PROTOCOL;
use super::plan::Plan;
use super::{SwitchError, wire};
use crate::interface::InterfaceName;
use crate::netlink::{NetlinkError, Received, Socket, Subscription};

/// `RTMGRP_LINK`.
const LINK_GROUP: u32 = 1;
/// Group 32, `RTNLGRP_NEXTHOP`.
const NEXT_HOP_GROUP: u32 = 1 << 31;

/// Whether anything is at the other end of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Something is.
    Up,
    /// Nothing is, or the device is down or gone.
    Down,
}

/// What the kernel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEvent {
    /// The carrier of that path has changed; each path comes once at the start.
    Carrier(PathNumber, Carrier),
    /// The kernel may not hold what is planned any more.
    Reconcile,
}

/// The changes of the devices and next hops of a plan.
#[derive(Debug)]
pub struct Watch {
    notifications: Subscription,
    route: Socket,
    roll: Roll,
}

impl Watch {
    /// Watches in the network namespace of the calling thread. Open it before the first reconciliation,
    /// so that nothing falls between, and anew when the plan changes.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn open(plan: &Plan) -> Result<Self, SwitchError> {
        let groups = LINK_GROUP | NEXT_HOP_GROUP;
        let notifications = Subscription::open(SockProtocol::NetlinkRoute, groups)?;
        let route = Socket::open(SockProtocol::NetlinkRoute)?;
        let mut watch = Self { notifications, route, roll: Roll::new(plan) };
        watch.look()?;
        watch.roll.is_stale = false;
        Ok(watch)
    }

    /// The next event, if there is one. Carriers come before the wish to reconcile, which comes once
    /// for all that was there to read.
    ///
    /// # Errors
    /// When the socket fails, or devices cannot be read after notifications were lost.
    pub fn next_event(&mut self) -> Result<Option<LinkEvent>, SwitchError> {
        loop {
            if let Some(event) = self.roll.pending.pop_front() {
                return Ok(Some(event));
            }
            let roll = &mut self.roll;
            match self.notifications.receive(|message| roll.note(message)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let stale = std::mem::take(&mut self.roll.is_stale);
                    return Ok(stale.then_some(LinkEvent::Reconcile));
                }
                Err(error) if error.raw_os_error() == Some(Errno::ENOBUFS as i32) => self.look()?,
                Err(error) => return Err(NetlinkError::from(error).into()),
            }
        }
    }

    /// Reads how every device stands, as after notifications were lost.
    fn look(&mut self) -> Result<(), SwitchError> {
        for seat in 0..self.roll.seats.len() {
            if let Some(name) = self.roll.seats.get(seat).map(|seat| seat.name.clone()) {
                let device = device::find(&mut self.route, &name)?;
                self.roll.set(seat, device);
            }
        }
        self.roll.is_stale = true;
        Ok(())
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.notifications.as_fd()
    }
}

impl AsRawFd for Watch {
    fn as_raw_fd(&self) -> RawFd {
        self.notifications.as_raw_fd()
    }
}

/// A path's device as it was last seen.
#[derive(Debug)]
struct Seat {
    path: PathNumber,
    name: InterfaceName,
    /// `None` before the first look.
    device: Option<Device>,
}

/// What is known, and what is still to be told.
#[derive(Debug)]
struct Roll {
    plan: Plan,
    seats: Vec<Seat>,
    pending: VecDeque<LinkEvent>,
    is_stale: bool,
}

impl Roll {
    fn new(plan: &Plan) -> Self {
        let seats =
            plan.paths().map(|(path, of)| Seat { path, name: of.device.clone(), device: None });
        let seats = seats.collect();
        Self { plan: plan.clone(), seats, pending: VecDeque::new(), is_stale: false }
    }

    fn note(&mut self, message: Received<'_>) {
        if let Some(id) = wire::read_deleted_next_hop(message) {
            self.is_stale |= self.plan.covers(id);
        } else if let Some(found) = wire::read_next_hop(message) {
            // What we make ourselves is no reason to look.
            self.is_stale |= found.protocol != PROTOCOL && self.plan.covers(found.it.id);
        } else if let Some(link) = wire::read_link(message) {
            for seat in 0..self.seats.len() {
                self.note_link(seat, link);
            }
        }
    }

    fn note_link(&mut self, seat: usize, link: wire::Link<'_>) {
        let Some(Seat { name, device, .. }) = self.seats.get(seat) else {
            return;
        };
        let known_as = match device {
            Some(Device::Up(interface) | Device::Down(interface)) => Some(*interface),
            Some(Device::Missing) | None => None,
        };
        let has_number = known_as == Some(link.interface);
        match link.name == name.as_str() {
            // A device of the old number may go after one of the new number has come.
            true if !link.is_there && !has_number => {}
            true => self.set(seat, link.device()),
            // It has another name now.
            false if has_number => self.set(seat, Device::Missing),
            false => {}
        }
    }

    fn set(&mut self, seat: usize, device: Device) {
        let Some(seat) = self.seats.get_mut(seat) else {
            return;
        };
        let carrier = |device: Device| device.usable().map_or(Carrier::Down, |_| Carrier::Up);
        if seat.device == Some(device) {
            return;
        }
        if seat.device.map(carrier) != Some(carrier(device)) {
            self.pending.push_back(LinkEvent::Carrier(seat.path, carrier(device)));
        }
        seat.device = Some(device);
        self.is_stale = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let path = |name: &str, last| super::super::Path {
            device: name.parse().unwrap(),
            ipv4: Some([10, 0, 0, last].into()),
            ipv6: None,
        };
        let outline = super::super::Outline {
            paths: vec![path("fibre", 1), path("radio", 2)],
            prefixes: vec!["10.9.0.0/16".parse().unwrap()],
            ..super::super::Outline::default()
        };
        Plan::new(outline).unwrap()
    }

    fn link(interface: u32, name: &str, is_there: bool, has_carrier: bool) -> wire::Link<'_> {
        wire::Link { interface, name, is_there, has_carrier }
    }

    #[test]
    fn a_device_that_comes_goes_and_is_renamed_is_told_as_carriers() {
        let mut roll = Roll::new(&plan());
        roll.set(0, Device::Up(3));
        roll.set(1, Device::Missing);
        roll.pending.clear();
        let (fibre, radio) = (PathNumber::new(0), PathNumber::new(1));
        let up = |path| Some(LinkEvent::Carrier(path, Carrier::Up));
        let down = |path| Some(LinkEvent::Carrier(path, Carrier::Down));
        for (heard, expected, is_stale) in [
            (link(3, "fibre", true, true), None, false),
            (link(9, "other", true, false), None, false),
            (link(3, "fibre", true, false), down(fibre), true),
            (link(3, "fibre", true, true), up(fibre), true),
            (link(4, "radio", true, true), up(radio), true),
            // Another device of the name, and the news of the old one late.
            (link(5, "fibre", true, true), None, true),
            (link(3, "fibre", false, false), None, false),
            (link(5, "spare", true, true), down(fibre), true),
            (link(4, "radio", false, false), down(radio), true),
        ] {
            roll.is_stale = false;
            (0..2).for_each(|seat| roll.note_link(seat, heard));
            assert_eq!(roll.pending.pop_front(), expected, "{heard:?}");
            assert_eq!(roll.is_stale, is_stale, "{heard:?}");
            assert_eq!(roll.pending.pop_front(), None);
        }
    }
}
