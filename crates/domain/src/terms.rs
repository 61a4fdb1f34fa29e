//! Terms: everything that an access point is told of what a session may use.
//!
//! They are always told whole, in an Accept as in a change, since some access points forget what
//! a later packet does not repeat.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Assessment, Grant, Octets, Plan, RatePair, Speed, Timestamp};

/// What a session may use from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Which of the plan's speeds these terms are of.
    pub speed: Speed,
    /// The rates of that speed.
    pub rate: RatePair,
    /// Time online.
    pub time: Duration,
    /// Octets both ways together; `None` is no limit.
    pub data: Option<Octets>,
    /// After how much silence the device counts as gone.
    pub idle_timeout: Duration,
    /// How often usage is reported.
    pub interim_interval: Duration,
}

impl Terms {
    /// The terms of a grant that holds at `now`, as its holder stands; `None` if nothing is left.
    #[must_use]
    pub fn of(grant: &Grant, plan: &Plan, assessment: &Assessment, now: Timestamp) -> Option<Self> {
        let speed = assessment.speed()?;
        let (time, data) = match assessment {
            Assessment::Within(left) => (left.time, left.data),
            Assessment::Slowed { renews_at, .. } => (renews_at.map(|at| at.since(now)), None),
            Assessment::Exhausted { .. } => return None,
        };
        let granted = grant.until.since(now);
        Some(Self {
            speed,
            rate: plan.rate_at(speed),
            time: time.map_or(granted, |left| left.min(granted)),
            data,
            idle_timeout: plan.idle_timeout,
            interim_interval: plan.interim_interval,
        })
    }

    /// The same terms, where a device may have that much at `most` because an office needs the
    /// network.
    #[must_use]
    pub fn within(self, most: Option<RatePair>) -> Self {
        let rate = most.map_or(self.rate, |most| self.rate.least(most));
        let speed = if rate == self.rate { self.speed } else { self.speed.yielding() };
        Self { rate, speed, ..self }
    }

    /// The same terms, at a site that closes then.
    #[must_use]
    pub fn until(self, closes_at: Option<Timestamp>, now: Timestamp) -> Self {
        let time = closes_at.map_or(self.time, |at| self.time.min(at.since(now)));
        Self { time, ..self }
    }
}
