//! What a site sees of its paths, and what it wants.

use std::fmt;
use std::time::Instant;

use crate::{Health, Mos};

/// Which path of an office it is: its place as they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathNumber(u8);

impl PathNumber {
    /// The path that is used while all is well, unless an order says otherwise.
    pub const PRIMARY: Self = Self(0);

    /// The path of that place; 0 is the first.
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// Its place.
    pub const fn index(self) -> u8 {
        self.0
    }
}

impl fmt::Display for PathNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path {}", self.0)
    }
}

/// Whether a path was shown to carry what an office needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// Lately.
    Ready,
    /// Not lately.
    Stale,
    /// It was shown not to.
    Unfit,
}

/// A path as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathView {
    /// What its own state says.
    pub health: Health,
    /// Whether packets pass, whatever else is the matter.
    pub is_alive: bool,
    /// Whether it would carry the office.
    pub readiness: Readiness,
    /// How voices would come over it.
    pub mos: Mos,
    /// So many of a thousand probes are lost.
    pub loss: u16,
}

/// Where traffic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routes {
    /// All that is not named here.
    pub all: PathNumber,
    /// What an office cannot do without: voice and what is critical.
    pub protected: PathNumber,
    /// The addresses of probes and one prefix of low risk.
    pub canary: PathNumber,
}

impl Routes {
    /// Everything goes there.
    pub const fn everything(on: PathNumber) -> Self {
        Self { all: on, protected: on, canary: on }
    }
}

/// How an office is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As it should be.
    Primary {
        /// The path that is used while all is well.
        on: PathNumber,
    },
    /// By another path.
    OnBackup {
        /// That path.
        on: PathNumber,
        /// Where all goes that is not protected, if that path would not carry all.
        rest: PathNumber,
    },
    /// What is protected goes another way, for the primary path is bad.
    Split {
        /// That way.
        on: PathNumber,
        /// The primary path.
        rest: PathNumber,
    },
    /// Little traffic tries whether a preferred path carries again.
    Returning {
        /// The path that is to be left.
        from: PathNumber,
        /// Where all goes that is not protected.
        rest: PathNumber,
        /// The path that is tried.
        to: PathNumber,
        /// Since when.
        since: Instant,
    },
    /// No path carries anything; routes and connections stay as they are.
    Isolated {
        /// The path that was used last.
        on: PathNumber,
        /// The routes as they are left.
        routes: Routes,
    },
    /// People have pinned it to a path.
    Locked {
        /// That path.
        on: PathNumber,
        /// Until when.
        until: Option<Instant>,
    },
}

impl Mode {
    /// As it is written in logs, events and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary { .. } => "primary",
            Self::OnBackup { .. } => "on-backup",
            Self::Split { .. } => "split",
            Self::Returning { .. } => "returning",
            Self::Isolated { .. } => "isolated",
            Self::Locked { .. } => "locked",
        }
    }

    /// Where traffic goes in it.
    pub const fn routes(self) -> Routes {
        match self {
            Self::Primary { on } | Self::Locked { on, .. } => Routes::everything(on),
            Self::Split { on, rest } | Self::OnBackup { on, rest } => {
                Routes { protected: on, ..Routes::everything(rest) }
            }
            Self::Returning { from, rest, to, .. } => {
                Routes { all: rest, protected: from, canary: to }
            }
            Self::Isolated { routes, .. } => routes,
        }
    }

    /// The path that carries what matters most.
    pub const fn carrier(self) -> PathNumber {
        self.routes().protected
    }
}

/// What made an office change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// That path carries nothing it can use.
    Failed(PathNumber),
    /// That path is bad.
    Bad(PathNumber),
    /// People work on that path, which carries yet.
    Maintenance(PathNumber),
    /// No path carries anything.
    AllDown,
    /// That path carries again after none did.
    Back(PathNumber),
    /// That path is good again.
    Clean(PathNumber),
    /// That path was not good after all.
    TrialFailed(PathNumber),
    /// That path was shown to carry all.
    Proven(PathNumber),
    /// The office has been off that path for long enough for visitors to have it back.
    Settled(PathNumber),
    /// That path is the primary one from now on.
    Preferred(PathNumber),
    /// People pinned it.
    Locked,
    /// The pin is gone.
    Unlocked,
}

/// What is to be done: visitors are clamped first, then routes are moved, and only then others are let
/// go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// How the office was connected.
    pub from: Mode,
    /// How it is.
    pub to: Mode,
    /// Why.
    pub reason: Reason,
    /// Where traffic is to go.
    pub routes: Routes,
    /// The path on which visitors make room.
    pub clamped: Option<PathNumber>,
}
