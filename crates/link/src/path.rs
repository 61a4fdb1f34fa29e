//! Whether a path can be used: what liveness, carrier, quality and people say of it, in one state.
//!
//! Liveness decides at once, quality once a second. A path that failed comes back only after it was
//! clean for a while, which doubles with each failure; one that flaps is held. Nothing here moves
//! traffic: that is for the site.

mod event;
mod policy;

use std::time::{Duration, Instant};

pub use event::{Change, Health, Heard, Liveness, Why};
pub use policy::PathPolicy;

use crate::{Baseline, Fault, Penalty, Second};

/// The state of one path, as this end knows it.
#[derive(Debug)]
pub struct Path {
    policy: PathPolicy,
    phase: Phase,
    /// Since when a heartbeat is missing or the carrier is gone; traffic stays where it is.
    suspect_since: Option<Instant>,
    /// When a carrier that is gone means that the path is down.
    carrier_limit: Option<Instant>,
    has_carrier: bool,
    is_alive: bool,
    baseline: Baseline,
    /// Whether the last seconds were bad; the latest is the last.
    bad: [bool; PathPolicy::SECONDS],
    penalty: Penalty,
    /// How often it failed while the penalty did not decay.
    failures: u32,
}

/// What is known in each state.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing was decided yet.
    Init {
        since: Instant,
        sent: u32,
        lost: u32,
    },
    Up,
    Degraded {
        calm_since: Option<Instant>,
    },
    Down,
    Recovering {
        clean_since: Instant,
    },
    Held,
    Maintenance {
        until: Option<Instant>,
        is_peers: bool,
        /// Whether probes pass, by which alone that is known now.
        passes: bool,
    },
}

impl Path {
    /// A path of which nothing is known.
    pub fn new(policy: PathPolicy, now: Instant) -> Self {
        Self {
            policy,
            phase: Phase::Init { since: now, sent: 0, lost: 0 },
            suspect_since: None,
            carrier_limit: None,
            has_carrier: true,
            is_alive: false,
            baseline: Baseline::new(),
            bad: [false; PathPolicy::SECONDS],
            penalty: Penalty::default(),
            failures: 0,
        }
    }

    /// How it is.
    pub const fn health(&self) -> Health {
        match self.phase {
            Phase::Init { .. } => Health::Init,
            Phase::Up | Phase::Degraded { .. } if self.suspect_since.is_some() => Health::Suspect,
            Phase::Up => Health::Up,
            Phase::Degraded { .. } => Health::Degraded,
            Phase::Down => Health::Down,
            Phase::Recovering { .. } => Health::Recovering,
            Phase::Held => Health::Held,
            Phase::Maintenance { .. } => Health::Maintenance,
        }
    }

    /// Whether packets pass now, whatever else is the matter: the last resort of an office.
    pub const fn is_alive(&self) -> bool {
        let passes = matches!(self.phase, Phase::Maintenance { passes: true, .. });
        (self.is_alive || passes) && self.has_carrier
    }

    /// How long its round trips usually take.
    pub const fn usual(&self) -> Option<Duration> {
        self.baseline.usual()
    }

    /// What it has flapped.
    pub fn penalty(&self, now: Instant) -> f64 {
        self.penalty.at(&self.policy.penalty, now)
    }

    /// Other limits from now on; the state stays.
    pub fn change_policy(&mut self, policy: PathPolicy) {
        self.policy = policy;
    }

    /// When something changes although nothing is heard.
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let of_phase = match self.phase {
            Phase::Init { since, .. } if !self.is_alive => Some(since + self.policy.patience),
            Phase::Recovering { clean_since } if self.policy.quality.is_none() => {
                Some(clean_since + self.recovery())
            }
            Phase::Held => Some(self.release_from(now).unwrap_or(now)),
            Phase::Maintenance { until, .. } => until,
            _ => None,
        };
        of_phase.into_iter().chain(self.carrier_limit).min()
    }

    /// Hears of it.
    pub fn hear(&mut self, heard: &Heard, now: Instant) -> Vec<Change> {
        let mut changes = self.expire(now);
        match heard {
            Heard::Liveness(liveness) => self.hear_liveness(*liveness, now, &mut changes),
            Heard::Carrier(true) => {
                self.has_carrier = true;
                self.carrier_limit = None;
            }
            Heard::Carrier(false) => self.lose_carrier(now, &mut changes),
            Heard::Second(second) => self.weigh(second, now, &mut changes),
            Heard::Maintenance { until } => {
                self.set_aside((*until, false), Why::Maintenance, &mut changes);
            }
            // What is over is not planned any more.
            Heard::Work { until } if *until <= now => {}
            Heard::Work { until } => {
                let until = match self.phase {
                    // What people said here goes on for as long as they said.
                    Phase::Maintenance { until: None, is_peers: false, .. } => None,
                    Phase::Maintenance { until: Some(before), is_peers: false, .. } => {
                        Some(before.max(*until))
                    }
                    _ => Some(*until),
                };
                self.set_aside((until, false), Why::Work, &mut changes);
            }
            Heard::MaintenanceOver => {
                if matches!(self.phase, Phase::Maintenance { .. }) {
                    self.begin_again(now, &mut changes);
                }
            }
            Heard::TrialFailed => {
                let amount = self.policy.penalty.per_failed_trial;
                self.penalise(amount, now, &mut changes);
            }
        }
        changes
    }

    /// Does what is due by then.
    pub fn expire(&mut self, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.carrier_limit.is_some_and(|limit| limit <= now) {
            self.carrier_limit = None;
            self.fail(Why::CarrierLost, now, &mut changes);
        }
        match self.phase {
            Phase::Init { since, .. } if !self.is_alive && now >= since + self.policy.patience => {
                self.go(Phase::Down, Why::NeverHeard, &mut changes);
            }
            Phase::Recovering { clean_since }
                if self.policy.quality.is_none() && now >= clean_since + self.recovery() =>
            {
                self.go(Phase::Up, Why::Clean, &mut changes);
            }
            Phase::Held if self.release_from(now).is_none() => {
                let to = match self.is_alive() {
                    true => Phase::Recovering { clean_since: now },
                    false => Phase::Down,
                };
                self.go(to, Why::Released, &mut changes);
            }
            Phase::Maintenance { until: Some(until), .. } if until <= now => {
                self.begin_again(now, &mut changes);
            }
            _ => {}
        }
        changes
    }

    fn hear_liveness(&mut self, liveness: Liveness, now: Instant, changes: &mut Vec<Change>) {
        match liveness {
            Liveness::Heartbeat => {
                if self.is_alive() {
                    self.trust(changes);
                }
                if matches!(self.phase, Phase::Down) && self.is_alive() {
                    self.recover(now, changes);
                }
            }
            Liveness::Missed => self.suspect(Why::HeartbeatMissed, now, changes),
            Liveness::Up => {
                self.is_alive = true;
                match self.phase {
                    Phase::Init { .. } if self.policy.quality.is_none() => {
                        self.go(Phase::Up, Why::Heard, changes);
                    }
                    Phase::Init { .. } => {
                        self.phase = Phase::Init { since: now, sent: 0, lost: 0 };
                    }
                    Phase::Down if self.has_carrier => self.recover(now, changes),
                    Phase::Maintenance { is_peers: true, .. } => self.begin_again(now, changes),
                    _ => {}
                }
            }
            Liveness::Expired => self.lose(Why::Silent, now, changes),
            Liveness::TooFew => self.lose(Why::TooFew, now, changes),
            Liveness::PeerDown => self.lose(Why::PeerDown, now, changes),
            Liveness::PeerTold => self.lose(Why::PeerTold, now, changes),
            Liveness::PeerMaintenance => {
                if !matches!(self.phase, Phase::Maintenance { .. }) {
                    self.set_aside((None, true), Why::PeerMaintenance, changes);
                }
                self.is_alive = false;
            }
        }
    }

    fn lose(&mut self, why: Why, now: Instant, changes: &mut Vec<Change>) {
        self.is_alive = false;
        self.fail(why, now, changes);
    }

    fn lose_carrier(&mut self, now: Instant, changes: &mut Vec<Change>) {
        if !std::mem::replace(&mut self.has_carrier, false) {
            return;
        }
        self.carrier_limit = Some(now + self.policy.carrier_grace);
        self.suspect(Why::CarrierLost, now, changes);
    }

    /// A heartbeat is there again, with a carrier that is or was thought gone.
    fn trust(&mut self, changes: &mut Vec<Change>) {
        let from = self.health();
        self.suspect_since = None;
        note(from, self.health(), Why::Heard, changes);
    }

    fn suspect(&mut self, why: Why, now: Instant, changes: &mut Vec<Change>) {
        if matches!(self.phase, Phase::Up | Phase::Degraded { .. }) && self.suspect_since.is_none()
        {
            let from = self.health();
            self.suspect_since = Some(now);
            note(from, self.health(), why, changes);
        }
    }

    /// It carries nothing any more.
    fn fail(&mut self, why: Why, now: Instant, changes: &mut Vec<Change>) {
        match self.phase {
            Phase::Down | Phase::Maintenance { .. } => return,
            Phase::Held => {}
            _ => {
                self.go(Phase::Down, why, changes);
                let is_old = self.penalty(now) < self.policy.penalty.release_at;
                self.failures = if is_old { 0 } else { self.failures.saturating_add(1) };
            }
        }
        self.penalise(self.policy.penalty.per_down, now, changes);
    }

    fn penalise(&mut self, amount: f64, now: Instant, changes: &mut Vec<Change>) {
        self.penalty.add(amount, &self.policy.penalty, now);
        let is_held = matches!(self.phase, Phase::Held | Phase::Maintenance { .. });
        if !is_held && self.penalty(now) >= self.policy.penalty.hold_at {
            self.go(Phase::Held, Why::Flapping, changes);
        }
    }

    fn recover(&mut self, now: Instant, changes: &mut Vec<Change>) {
        self.go(Phase::Recovering { clean_since: now }, Why::Heard, changes);
    }

    /// Takes it out, as it is: nothing has failed.
    fn set_aside(
        &mut self,
        (until, is_peers): (Option<Instant>, bool),
        why: Why,
        changes: &mut Vec<Change>,
    ) {
        let passes = self.is_alive() && self.policy.quality.is_some();
        self.go(Phase::Maintenance { until, is_peers, passes }, why, changes);
    }

    fn begin_again(&mut self, now: Instant, changes: &mut Vec<Change>) {
        let to = match self.policy.quality {
            None if self.is_alive => Phase::Up,
            _ => Phase::Init { since: now, sent: 0, lost: 0 },
        };
        self.go(to, Why::MaintenanceOver, changes);
    }

    /// Weighs what a second of probes showed.
    fn weigh(&mut self, second: &Second, now: Instant, changes: &mut Vec<Change>) {
        let Some(quality) = self.policy.quality else { return };
        let usual = self.baseline.usual();
        let fault = quality.fault(second, usual);
        let is_calm = quality.is_calm(second, usual);
        self.baseline.record(&second.round_trips, now);
        self.bad.rotate_left(1);
        self.bad[PathPolicy::SECONDS - 1] = fault.is_some();
        match self.phase {
            Phase::Init { since, sent, lost } if self.is_alive => {
                let (sent, lost) = (sent + second.sent, lost + second.lost);
                self.phase = Phase::Init { since, sent, lost };
                self.decide_first(fault, now, changes);
            }
            Phase::Up => self.weigh_fault(fault, now, changes),
            Phase::Degraded { calm_since } if is_calm => {
                let since = calm_since.unwrap_or(now);
                if now >= since + self.policy.calm {
                    self.go(Phase::Up, Why::Clean, changes);
                } else {
                    self.phase = Phase::Degraded { calm_since: Some(since) };
                }
            }
            Phase::Degraded { .. } => self.phase = Phase::Degraded { calm_since: None },
            Phase::Maintenance { until, is_peers, .. } if second.sent > 0 => {
                let passes = second.lost < second.sent;
                self.phase = Phase::Maintenance { until, is_peers, passes };
            }
            Phase::Recovering { .. } if fault.is_some() => {
                self.phase = Phase::Recovering { clean_since: now };
            }
            Phase::Recovering { clean_since } if now >= clean_since + self.recovery() => {
                self.go(Phase::Up, Why::Clean, changes);
            }
            _ => {}
        }
    }

    /// The first verdict: good as soon as enough came back, bad if they do not within the patience.
    fn decide_first(&mut self, fault: Option<Fault>, now: Instant, changes: &mut Vec<Change>) {
        let (Phase::Init { since, sent, lost }, Some(quality)) = (self.phase, self.policy.quality)
        else {
            return;
        };
        let is_good = f64::from(lost) < quality.loss_to_begin * f64::from(sent);
        if sent < self.policy.samples {
            return;
        }
        if is_good && fault.is_none() {
            self.go(Phase::Up, Why::Clean, changes);
        } else if now >= since + self.policy.patience {
            let loss = Fault::of_loss(sent, lost);
            self.go(Phase::Degraded { calm_since: None }, Why::Bad(fault.unwrap_or(loss)), changes);
        }
    }

    fn weigh_fault(&mut self, fault: Option<Fault>, now: Instant, changes: &mut Vec<Change>) {
        let bad = self.bad.iter().filter(|is_bad| **is_bad).count();
        let Some(fault) = fault.filter(|_| bad >= PathPolicy::BAD_SECONDS) else { return };
        self.go(Phase::Degraded { calm_since: None }, Why::Bad(fault), changes);
        self.penalise(self.policy.penalty.per_degraded, now, changes);
    }

    /// For how long it has to be clean.
    fn recovery(&self) -> Duration {
        let doubled = 2_u32.checked_pow(self.failures).unwrap_or(u32::MAX);
        let wanted = self.policy.recovery.checked_mul(doubled);
        wanted.unwrap_or(Duration::MAX).min(self.policy.longest_recovery)
    }

    /// When it is let go.
    fn release_from(&self, now: Instant) -> Option<Instant> {
        let policy = &self.policy.penalty;
        self.penalty.falls_to(policy.release_at, policy, now)
    }

    fn go(&mut self, to: Phase, why: Why, changes: &mut Vec<Change>) {
        let from = self.health();
        self.phase = to;
        self.suspect_since = None;
        self.bad = [false; PathPolicy::SECONDS];
        if matches!(to, Phase::Maintenance { .. }) {
            self.carrier_limit = None;
        }
        note(from, self.health(), why, changes);
    }
}

fn note(from: Health, to: Health, why: Why, changes: &mut Vec<Change>) {
    if from != to {
        changes.push(Change { from, to, why });
    }
}

#[cfg(test)]
mod tests;
