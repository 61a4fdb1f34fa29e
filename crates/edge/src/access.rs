//! Who is online: the state machine over the devices of the visitors' network.
//!
//! It takes what was seen, heard and counted, with the moment, and returns what is to be done.
//! It knows no socket, kernel, packet or clock. How one device stands is in [`device`], what it
//! may use in [`session`]. The inputs of the RADIUS server are in [`question`], those of the
//! kernel in [`counting`], those of the controller (RFC 5176) in [`dynamic`].

mod counting;
mod device;
mod dynamic;
mod meter;
mod question;
mod report;
mod saved;
mod session;
mod terms;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use domain::MacAddress;

use crate::enforcer::Admission;
use crate::moment::Moment;
use device::{Device, Duty, State, Then};

pub use dynamic::{Answer, Target};
#[cfg(test)]
pub use meter::Traffic;
pub use report::{AcctSessionId, Event, Report, TerminateCause};
pub use saved::SavedSession;
pub(crate) use session::user_name;
pub use terms::{Limits, Opaque, Terms};

/// What the state machine is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRules {
    /// How many devices are known at a time.
    pub max_devices: usize,
    /// The shortest interval of interim reports, whatever the server wants.
    pub least_interim: Duration,
    /// The longest, and the one where the server names none.
    pub most_interim: Duration,
    /// A random number of this run of the daemon, for names of sessions.
    pub run: u32,
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask the server whether a device may come in or stay.
    Ask(Ask),
    /// Let a device through, or change its limit; a failure is told to
    /// [`AccessControl::not_admitted`].
    Admit(Admission),
    /// Cut a device off; its final usage is told to [`AccessControl::removed`].
    Remove {
        /// The device.
        device: MacAddress,
        /// The address under which it was admitted.
        address: Ipv4Addr,
    },
    /// Tell the accounting server.
    Report(Report),
}

/// A question about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The device.
    pub device: MacAddress,
    /// Its address.
    pub address: Ipv4Addr,
    /// State of the CoA-Request that wants it asked (RFC 5176 §3.2).
    pub state: Option<Opaque>,
}

/// A sign that a device holds an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It was there some time ago.
    Stale,
    /// It has just answered.
    Fresh,
    /// It has just opened a page.
    Hit,
}

/// How a device stands, to who opened a page with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is let through.
    Online,
    /// It is not.
    Offline,
    /// It is not, and there is no room to ask about it.
    TurnedAway,
}

/// The devices of the visitors' network.
#[derive(Debug)]
pub struct AccessControl {
    rules: AccessRules,
    devices: BTreeMap<MacAddress, Device>,
    sessions_begun: u32,
}

impl AccessControl {
    /// Nobody is there.
    #[must_use]
    pub const fn new(rules: AccessRules) -> Self {
        Self { rules, devices: BTreeMap::new(), sessions_begun: 0 }
    }

    /// How a device stands.
    #[must_use]
    pub fn standing(&self, device: MacAddress) -> Standing {
        match self.devices.get(&device) {
            Some(known) if known.session().is_some() => Standing::Online,
            Some(_) => Standing::Offline,
            None => Standing::TurnedAway,
        }
    }

    /// A device holds an address.
    pub fn seen(
        &mut self,
        device: MacAddress,
        address: Ipv4Addr,
        sign: Sign,
        now: Moment,
    ) -> Vec<Action> {
        let mut actions = self.vacate(address, device, now);
        if !self.devices.contains_key(&device) {
            actions.extend(self.welcome(device, address, now));
            return actions;
        }
        let Some(known) = self.devices.get_mut(&device) else { return actions };
        let is_calm = now >= known.calm_until;
        if sign != Sign::Stale {
            known.absent_since = None;
        }
        let may_ask = match known.state {
            State::Quiet { .. } => sign != Sign::Stale,
            State::Refused { .. } => sign == Sign::Hit,
            State::Online { .. } if known.address != address => {
                if is_calm && sign != Sign::Stale {
                    actions.extend(self.leave(device, Then::Move(address), now));
                }
                return actions;
            }
            State::Asking(_) => false,
            State::Online { .. } | State::Leaving { .. } => return actions,
        };
        if sign != Sign::Stale {
            known.address = address;
        }
        if is_calm && may_ask {
            actions.extend(self.ask(device, None, now));
        }
        actions
    }

    /// Nobody answers for an address any more.
    pub fn gone(&mut self, address: Ipv4Addr, now: Moment) {
        let holders = self.devices.values_mut().filter(|device| device.address == address);
        for device in holders {
            device.absent_since.get_or_insert(now);
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) -> Vec<Action> {
        let due: Vec<_> = self
            .devices
            .iter()
            .filter_map(|(device, known)| Some((*device, known.next_duty()?)))
            .filter(|(_, (at, _))| *at <= now)
            .collect();
        due.into_iter().flat_map(|(device, (_, duty))| self.perform(device, duty, now)).collect()
    }

    /// When [`AccessControl::tick`] has something to do, if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.devices.values().filter_map(|device| Some(device.next_duty()?.0)).min()
    }

    fn perform(&mut self, device: MacAddress, duty: Duty, now: Moment) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let address = known.address;
        match (duty, &mut known.state) {
            (Duty::Ask, _) => self.ask(device, None, now),
            (Duty::Forget, _) => {
                self.devices.remove(&device);
                Vec::new()
            }
            (Duty::End(cause), _) => self.leave(device, Then::End(cause), now),
            (Duty::ReportInterim, State::Online { session, .. }) => {
                let event = session.interim(now);
                vec![Action::Report(session.report(event, device, address, now))]
            }
            (Duty::RemoveAgain, State::Leaving { session, then, .. }) => {
                let session = session.clone();
                known.state = Device::leaving(session, *then, now);
                vec![Action::Remove { device, address }]
            }
            (Duty::ReportInterim | Duty::RemoveAgain, _) => Vec::new(),
        }
    }

    /// Takes an address from whoever else held it, for only one device can.
    fn vacate(&mut self, address: Ipv4Addr, device: MacAddress, now: Moment) -> Vec<Action> {
        let others = self.devices.iter_mut();
        let others = others.filter(|(other, known)| **other != device && known.address == address);
        let mut evicted = Vec::new();
        for (other, known) in others {
            known.absent_since.get_or_insert(now);
            evicted.push(*other);
        }
        let cause = TerminateCause::LostCarrier;
        evicted.into_iter().flat_map(|other| self.leave(other, Then::End(cause), now)).collect()
    }

    /// Takes up a device that was not known, if there is room.
    fn welcome(&mut self, device: MacAddress, address: Ipv4Addr, now: Moment) -> Vec<Action> {
        if self.devices.len() >= self.rules.max_devices && !self.make_room() {
            return Vec::new();
        }
        let state = State::Quiet { until: None };
        let known = Device { address, absent_since: None, calm_until: now, state };
        self.devices.insert(device, known);
        self.ask(device, None, now)
    }

    /// Forgets the device that nobody has asked about for the longest time.
    fn make_room(&mut self) -> bool {
        let dispensable = self.devices.iter().filter(|(_, known)| known.is_dispensable());
        let oldest = dispensable.min_by_key(|(_, known)| known.calm_until);
        let Some(oldest) = oldest.map(|(device, _)| *device) else { return false };
        self.devices.remove(&oldest).is_some()
    }

    /// Cuts a device off that is online.
    fn leave(&mut self, device: MacAddress, then: Then, now: Moment) -> Vec<Action> {
        let Some(known) = self.devices.get_mut(&device) else { return Vec::new() };
        let State::Online { session, .. } = &known.state else { return Vec::new() };
        known.state = Device::leaving(session.clone(), then, now);
        vec![Action::Remove { device, address: known.address }]
    }
}

#[cfg(test)]
mod tests;
