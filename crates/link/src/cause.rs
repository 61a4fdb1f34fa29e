//! Why paths between offices are in trouble, from what both ends, the centre and the access points say.
//!
//! A cause is found from all that was said, whatever came first: the same words give the same causes in
//! any order. Each trouble belongs to exactly one cause. What comes later joins troubles and names their
//! cause better. Clocks of routers may differ by [`CLOCKS`]; what one clock says of two paths is compared
//! without that.

mod evidence;
mod find;
mod kind;
mod name;
mod said;
mod topology;
mod trouble;

use serde::{Deserialize, Serialize};

pub use evidence::Evidence;
pub use find::find;
pub use kind::Kind;
pub use said::{Loss, Moment, PathNow, Said, What};
pub use topology::{End, Line, Topology};
pub use trouble::{Ailment, Subject, Trouble};

/// By how many milliseconds the clocks of two routers may differ.
pub const CLOCKS: u64 = 3_000;

/// What has one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cause {
    /// Which cause it is.
    pub kind: Kind,
    /// What is the matter because of it, in order; at least one.
    pub troubles: Vec<Trouble>,
    /// What was said of it, in order.
    pub evidence: Vec<Said>,
}

impl Cause {
    /// When the first of it began.
    pub fn begin(&self) -> Moment {
        self.troubles.iter().map(|trouble| trouble.from).min().unwrap_or_default()
    }

    /// When the last of it ended, if all has.
    pub fn end(&self) -> Option<Moment> {
        let ends: Option<Vec<_>> = self.troubles.iter().map(|trouble| trouble.until).collect();
        ends?.into_iter().max()
    }

    /// The worst of it.
    pub fn ailment(&self) -> Ailment {
        let ailments = self.troubles.iter().map(|trouble| trouble.ailment);
        ailments.min().unwrap_or(Ailment::Silent)
    }
}

#[cfg(test)]
mod tests;
