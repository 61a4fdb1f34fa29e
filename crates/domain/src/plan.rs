//! Plans: what a visitor may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{BitRate, Octets, PlanName};

/// A named set of limits that sites give to their visitors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The admin's name for the plan.
    pub name: PlanName,
    /// What one stay may use, from one code to the next.
    pub per_session: Allowance,
    /// What a person may use in a calendar day, over all devices and sites.
    pub per_day: Allowance,
    /// The speed of one device.
    pub rate: RatePair,
    /// The speed with which a device goes on when the allowance is used up; `None` cuts it. A
    /// direction without a rate keeps that of `rate`.
    #[serde(default)]
    pub after_allowance: Option<RatePair>,
    /// How many devices of one person may be known at the same time; at least 1.
    pub devices: u32,
    /// After how much silence a device counts as gone.
    pub idle_timeout: Duration,
    /// How often an access point reports usage (RFC 2869 §5.16: 60 s or more).
    pub interim_interval: Duration,
    /// For how long a device is let in again without a code.
    pub remembered_for: Duration,
}

/// A limit on time and data; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Time online.
    pub time: Option<Duration>,
    /// Octets in both directions together.
    pub data: Option<Octets>,
}

/// Rates of one device; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatePair {
    /// To the visitor.
    pub down: Option<BitRate>,
    /// From the visitor.
    pub up: Option<BitRate>,
}

impl RatePair {
    /// The lesser of both, direction by direction.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        let least = |one: Option<BitRate>, other: Option<BitRate>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { down: least(self.down, other.down), up: least(self.up, other.up) }
    }
}

/// Which of its speeds a plan gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speed {
    /// [`Plan::rate`].
    #[default]
    Full,
    /// [`Plan::after_allowance`].
    Reduced,
    /// Less than [`Speed::Full`], since an office needs the network.
    Yielding,
    /// Less than [`Speed::Reduced`], since an office needs the network.
    ReducedYielding,
}

impl Speed {
    /// Every speed.
    pub const ALL: [Self; 4] = [Self::Full, Self::Reduced, Self::Yielding, Self::ReducedYielding];

    /// The speed's name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Reduced => "reduced",
            Self::Yielding => "yielding",
            Self::ReducedYielding => "reduced-yielding",
        }
    }

    /// The speed of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.as_str() == name)
    }

    /// The speed that the allowance gives, whether or not an office needs the network.
    #[must_use]
    pub const fn of_allowance(self) -> Self {
        match self {
            Self::Full | Self::Yielding => Self::Full,
            Self::Reduced | Self::ReducedYielding => Self::Reduced,
        }
    }

    /// The same, while an office needs the network.
    #[must_use]
    pub const fn yielding(self) -> Self {
        match self.of_allowance() {
            Self::Reduced | Self::ReducedYielding => Self::ReducedYielding,
            Self::Full | Self::Yielding => Self::Yielding,
        }
    }

    /// Whether it is less than the allowance gives.
    #[must_use]
    pub const fn is_yielding(self) -> bool {
        matches!(self, Self::Yielding | Self::ReducedYielding)
    }
}

impl Plan {
    /// The national benchmark for free hotspots: two hours, here with 1 GB, a day.
    #[must_use]
    pub fn visitor(name: PlanName) -> Self {
        Self {
            name,
            per_session: Allowance::default(),
            per_day: Allowance {
                time: Some(Duration::from_secs(2 * 3_600)),
                data: Some(Octets::new(1_000_000_000)),
            },
            rate: RatePair {
                down: Some(BitRate::new(10_000_000)),
                up: Some(BitRate::new(5_000_000)),
            },
            after_allowance: None,
            devices: 3,
            idle_timeout: Duration::from_secs(15 * 60),
            interim_interval: Duration::from_secs(60),
            remembered_for: Duration::from_secs(30 * 86_400),
        }
    }

    /// The rates of a speed, as the allowance gives them.
    #[must_use]
    pub fn rate_at(&self, speed: Speed) -> RatePair {
        match self.after_allowance.filter(|_| speed.of_allowance() == Speed::Reduced) {
            None => self.rate,
            Some(then) => {
                RatePair { down: then.down.or(self.rate.down), up: then.up.or(self.rate.up) }
            }
        }
    }

    /// What becomes of a speed where a device may have that much at `most`.
    #[must_use]
    pub fn speed_within(&self, speed: Speed, most: Option<RatePair>) -> Speed {
        let rate = self.rate_at(speed);
        match most.is_some_and(|most| rate.least(most) != rate) {
            true => speed.yielding(),
            false => speed.of_allowance(),
        }
    }
}
