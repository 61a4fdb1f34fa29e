//! Paths whose traffic is paid for, which are watched seldom while it does not matter how they are.

use std::time::{Duration, Instant};

use link::PathNumber;
use link::cadence::{Cadence, CadencePolicy, Pace, Role};
use link::metered::Thrift;
use link::stamp::sender::{Sender, Sizes};
use link::{Health, bfd};

use super::{PROBE_SIZES, Watch};
use crate::links::settings::PathSettings;

/// How long it is watched at full pace after it mattered last.
const HOLD: Duration = Duration::from_secs(30);
/// From one probe to the next while it does not matter.
const PROBE_EVERY: Duration = Duration::from_secs(30);
/// Longer than any budget waits for its next period.
const NO_PROBES: Duration = Duration::from_secs(365 * 86_400);
/// As short as a probe can be that says something.
const SHORT_PROBES: Sizes = Sizes::One(64);

/// The pace of a path.
#[derive(Debug)]
pub(super) struct Paced {
    cadence: Cadence,
    /// What is left out while it does not matter how the path is.
    thrift: Thrift,
    /// The time between probes at full pace, if there are any.
    probes: Option<Duration>,
}

impl Paced {
    /// That of a path whose traffic is paid for; none of any other.
    pub(super) fn of(path: &PathSettings, now: Instant) -> Option<Self> {
        let cadence = path.is_metered().then(|| Cadence::new(policy(path), now))?;
        Some(Self { cadence, thrift: Thrift::None, probes: path.probe_interval() })
    }

    /// Other limits from now on, at the same pace.
    pub(super) fn change(&mut self, path: &PathSettings) {
        self.cadence.change_policy(policy(path));
        self.probes = path.probe_interval();
    }

    /// Heartbeats at its pace.
    pub(super) fn heartbeats(&self, at_full_pace: bfd::Settings) -> bfd::Settings {
        at_full_pace.with_interval(self.cadence.interval())
    }

    /// Has probes sent at its pace; who keeps up with the other end needs none of its own.
    pub(super) fn set_probes(&self, sender: &mut Sender) {
        let (interval, sizes) = match (self.cadence.pace(), self.probes) {
            (Pace::Full, Some(interval)) => (interval, PROBE_SIZES),
            _ => match self.thrift.stretch() {
                Some(times) => (PROBE_EVERY * times, SHORT_PROBES),
                None => (NO_PROBES, SHORT_PROBES),
            },
        };
        sender.set_interval(interval);
        sender.set_sizes(sizes);
    }

    /// So many times more seldom it is tried, if it is at all.
    pub(super) const fn stretch(&self) -> Option<u32> {
        self.thrift.stretch()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.cadence.next_deadline()
    }
}

fn policy(path: &PathSettings) -> CadencePolicy {
    CadencePolicy { full: path.heartbeat(), idle: path.idle_heartbeat(), hold: HOLD }
}

impl Watch {
    /// Hears what the other end of a path wishes, if that matters.
    pub(super) fn hear_wish(&mut self, number: PathNumber, standing: &bfd::Standing) {
        let watched = self.paths.get_mut(usize::from(number.index()));
        let Some(paced) = watched.and_then(|watched| watched.paced.as_mut()) else { return };
        match standing.remote_wish {
            Some(wished) if standing.state == bfd::State::Up => paced.cadence.hear(wished),
            _ => paced.cadence.forget(),
        }
    }

    /// Watches each path as often as it matters by now.
    pub(super) fn set_pace(&mut self, now: Instant) {
        let routes = self.site.routes();
        let carrier = self.watched(self.site.mode().carrier());
        let carrier = carrier.map_or(Health::Init, |watched| watched.path.health());
        let Self { paths, sessions, .. } = self;
        for (number, watched) in (0..).map(PathNumber::new).zip(paths) {
            let Some(paced) = &mut watched.paced else { continue };
            let is_used = [routes.all, routes.protected, routes.canary].contains(&number);
            let role = if is_used { Role::Used } else { Role::Waiting { carrier } };
            if paced.cadence.look(watched.path.health(), role, now).is_none() {
                continue;
            }
            watched.heartbeats = paced.heartbeats(watched.heartbeats.clone());
            if let Some(session) = watched.session {
                sessions.reconfigure(session, watched.heartbeats.clone());
            }
            if let Some(sender) = &mut watched.sender {
                paced.set_probes(sender);
            }
        }
    }

    /// Leaves something out of watching a path from now on.
    pub(super) fn set_thrift(&mut self, number: PathNumber, thrift: Thrift) {
        let Some(watched) = self.paths.get_mut(usize::from(number.index())) else { return };
        if let Some(fitness) = &mut watched.fitness {
            fitness.stretch(thrift.stretch());
        }
        let Some(paced) = &mut watched.paced else { return };
        paced.thrift = thrift;
        if let Some(sender) = &mut watched.sender {
            paced.set_probes(sender);
        }
    }

    /// How often a path is watched, if its traffic is paid for.
    pub(in crate::links) fn pace(&self, number: PathNumber) -> Option<Pace> {
        Some(self.watched(number)?.paced.as_ref()?.cadence.pace())
    }
}
