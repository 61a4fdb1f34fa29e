//! What is said of paths and sites, by whom and when.

use serde::{Deserialize, Serialize};

/// Milliseconds of Unix time by somebody's clock.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// So many milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How many milliseconds lie between the two, whichever is the earlier.
    pub const fn apart(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// So many milliseconds later.
    pub const fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// So many milliseconds earlier.
    pub const fn before(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }
}

/// That somebody said something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Said {
    /// When, by the clock of who said it. Of a silence, when it was last heard.
    pub at: Moment,
    /// Of which site: the one whose agent said it, or about which the centre says it.
    pub site: String,
    /// What.
    pub what: What,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// By an agent: how its end of a path is.
    Path {
        /// The path, as this end calls it.
        path: String,
        /// How it is.
        now: PathNow,
    },
    /// By an agent: whether all is spent that may be spent on watching a path.
    UsedUp {
        /// The path, as this end calls it.
        path: String,
        /// Whether it is.
        is: bool,
    },
    /// By an agent: whether visitors can reach the offices.
    Breach(bool),
    /// By the centre: whether the agent is silent.
    ChannelSilent(bool),
    /// By the centre: whether no access point of the site is heard in accounting.
    AccessPointsSilent(bool),
}

/// How an end of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathNow {
    /// It carries.
    Good,
    /// It carries badly.
    Bad,
    /// It carries nothing, or must not.
    Lost(Loss),
    /// The office's packets pass when tried.
    Fit,
    /// They do not, or too slowly.
    Unfit {
        /// They get through in one direction only, though the agents hear each other.
        is_half_open: bool,
    },
}

/// How an end of a path lost the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Nothing is heard.
    Silent,
    /// The other end is heard, and says that it hears nothing.
    PeerDown,
    /// The device has no carrier.
    CarrierLost,
    /// It fails again and again.
    Flapping,
    /// People took it out here.
    Maintenance,
    /// People took it out at the other end.
    PeerMaintenance,
}

impl Loss {
    /// Whether people wanted it.
    pub const fn is_planned(self) -> bool {
        matches!(self, Self::Maintenance | Self::PeerMaintenance)
    }
}
