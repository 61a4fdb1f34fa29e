//! One stay: what it may use, what it has used, and what is due when.
//!
//! Limits are kept as the points at which they are reached, so that a change of one leaves the
//! others alone. A device is idle that moves less than [`IDLE_OCTETS`] in a minute: what a phone
//! in a pocket chatters is not use.

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::{MacAddress, Octets};
use serde::{Deserialize, Serialize};

use super::AccessRules;
use super::meter::{Meter, Traffic};
use super::report::{AcctSessionId, Event, Report};
use super::terms::{Limits, Opaque, Terms};
use crate::enforcer::Admission;
use crate::moment::Moment;

/// What a device has to move within [`IDLE_WINDOW`] to count as active.
const IDLE_OCTETS: Octets = Octets::new(2_000);
const IDLE_WINDOW: Duration = Duration::from_secs(60);
/// The kernel refuses the packet that would exceed its limit. One packet above ours, it never
/// stops a device short of what it may use, and what goes beyond is less than one packet.
pub(super) const LONGEST_PACKET: Octets = Octets::new(65_535);

/// A session that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(super) id: AcctSessionId,
    pub(super) user_name: String,
    pub(super) class: Vec<Opaque>,
    identity: Option<Opaque>,
    started_at: Moment,
    pub(super) expires_at: Option<Moment>,
    idle_timeout: Option<Duration>,
    /// The usage at which the session is over.
    ceiling: Option<Octets>,
    interim_interval: Duration,
    pub(super) interim_at: Moment,
    activity: Activity,
    pub(super) meter: Meter,
}

/// When the device was last active, and what it has moved since it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Activity {
    last_at: Moment,
    window_from: Moment,
    window_usage: Octets,
}

impl Session {
    /// A session that begins now, with nothing used.
    pub(super) fn begin(
        id: AcctSessionId,
        device: MacAddress,
        terms: Terms,
        rules: &AccessRules,
        now: Moment,
    ) -> Self {
        let activity = Activity { last_at: now, window_from: now, window_usage: Octets::default() };
        let mut session = Self {
            id,
            user_name: user_name(device),
            class: Vec::new(),
            identity: None,
            started_at: now,
            expires_at: None,
            idle_timeout: None,
            ceiling: None,
            interim_interval: rules.most_interim,
            interim_at: now,
            activity,
            meter: Meter::default(),
        };
        session.set_terms(terms, rules, now);
        session
    }

    /// Takes the whole terms of an Access-Accept; a limit that it does not name is none.
    pub(super) fn set_terms(&mut self, terms: Terms, rules: &AccessRules, now: Moment) {
        let Terms { limits, class, identity, user_name } = terms;
        (self.class, self.identity) = (class, identity);
        if let Some(user_name) = user_name {
            self.user_name = user_name;
        }
        (self.expires_at, self.idle_timeout, self.ceiling) = (None, None, None);
        let interim_interval = limits.interim_interval.or(Some(rules.most_interim));
        self.change(&Limits { interim_interval, ..limits }, rules, now);
    }

    /// Takes the limits that are named and keeps the others.
    pub(super) fn change(&mut self, limits: &Limits, rules: &AccessRules, now: Moment) {
        if let Some(timeout) = limits.session_timeout {
            self.expires_at = Some(now + timeout);
        }
        if let Some(timeout) = limits.idle_timeout {
            self.idle_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        }
        if let Some(octets) = limits.max_octets {
            self.ceiling = Some(self.meter.usage().total() + octets);
        }
        if let Some(interval) = limits.interim_interval {
            self.interim_interval = interval.clamp(rules.least_interim, rules.most_interim);
            self.interim_at = now + self.interim_interval;
        }
    }

    /// Takes note of the counters of the present admission.
    pub(super) fn read(&mut self, counters: Traffic, now: Moment) {
        self.meter.read(counters);
        let usage = self.meter.usage().total();
        let activity = &mut self.activity;
        let is_active = usage.saturating_sub(activity.window_usage) >= IDLE_OCTETS;
        if is_active {
            activity.last_at = now;
        }
        if is_active || now.since(activity.window_from) >= IDLE_WINDOW {
            (activity.window_from, activity.window_usage) = (now, usage);
        }
    }

    /// Whether what the session may use is used up.
    pub(super) fn is_spent(&self) -> bool {
        self.ceiling.is_some_and(|ceiling| self.meter.usage().total() >= ceiling)
    }

    /// When the device has been idle for too long, unless it moves something before.
    pub(super) fn idle_at(&self) -> Option<Moment> {
        self.idle_timeout.map(|timeout| self.activity.last_at + timeout)
    }

    /// When the device was last active.
    pub(super) fn active_at(&self) -> Moment {
        self.activity.last_at
    }

    /// The interim report that is due now.
    pub(super) fn interim(&mut self, now: Moment) -> Event {
        self.interim_at = now + self.interim_interval;
        Event::Interim
    }

    pub(super) fn admission(&self, device: MacAddress, address: Ipv4Addr) -> Admission {
        let octet_limit =
            self.ceiling.map(|ceiling| self.meter.counters_at(ceiling) + LONGEST_PACKET);
        Admission { device, address, octet_limit }
    }

    pub(super) fn report(
        &self,
        event: Event,
        device: MacAddress,
        address: Ipv4Addr,
        now: Moment,
    ) -> Report {
        Report {
            event,
            at: now,
            session: self.id.clone(),
            device,
            address,
            user_name: self.user_name.clone(),
            class: self.class.clone(),
            identity: self.identity.clone(),
            traffic: self.meter.usage(),
            time: now.since(self.started_at),
        }
    }
}

/// The user name of MAC authentication: `aa-bb-cc-dd-ee-ff`.
pub(crate) fn user_name(device: MacAddress) -> String {
    device.to_string().replace(':', "-")
}
