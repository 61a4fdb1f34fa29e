//! What is the matter as people deal with it: one incident for each cause.
//!
//! An incident is told of once it has lasted for its grace, and never while a larger one explains it or
//! people wanted it. Causes that turn out to be one make one incident; one that comes back soon is the
//! same again. The whole state is a value that can be written down and read back at any step.

mod incidents;
mod settings;

use std::fmt;

use domain::Timestamp;
use link::cause::{Ailment, Kind, Said, Subject, Trouble};
use serde::{Deserialize, Serialize};

pub use incidents::{Incidents, Surroundings};
pub use settings::IncidentSettings;

/// Names an incident; a later one has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(u64);

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Notice,
    /// An office has less to fall back on.
    Warning,
    /// An office is cut off, or visitors reach one.
    Critical,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub enum Stage {
    /// It has not lasted for long enough.
    Waiting {
        /// Since when it counts.
        since: Timestamp,
        /// When it will have.
        due: Timestamp,
    },
    /// People are to know.
    Open,
    /// It is explained by something else.
    Suppressed {
        /// By what.
        by: Explained,
    },
    /// It is over.
    Ended {
        /// When it ended.
        at: Timestamp,
    },
}

/// What explains an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Explained {
    /// People wanted it.
    Maintenance,
    /// A larger incident.
    Parent(IncidentId),
}

/// What is the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Why.
    pub kind: Kind,
    /// What exactly is the matter, and since when.
    pub troubles: Vec<Trouble>,
    /// What was said of it.
    pub evidence: Vec<Said>,
    /// When it began, by whoever saw it first.
    pub begin: Timestamp,
    /// When the centre learnt of it.
    pub noticed: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// When people were to know for the first time.
    pub opened: Option<Timestamp>,
    /// Who takes care of it.
    pub acknowledged: Option<Acknowledgement>,
    /// What people wrote, in order.
    pub notes: Vec<Note>,
    /// How often it came back.
    pub reopened: u32,
}

/// That somebody takes care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Note {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// What became of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// People are to know.
    Opened {
        /// Of that one.
        id: IncidentId,
    },
    /// It came back, or what explained it is over; people are to know again.
    Reopened {
        /// Which one.
        id: IncidentId,
    },
    /// Its cause is known better.
    Refined {
        /// Which one.
        id: IncidentId,
        /// What was thought before.
        from: Kind,
    },
    /// It is part of another one.
    Folded {
        /// That is no more
        id: IncidentId,
        /// since this one tells of it.
        into: IncidentId,
    },
    /// Something else explains it now.
    Suppressed {
        /// Which one.
        id: IncidentId,
    },
    /// Somebody takes care of it.
    Acknowledged {
        /// Which one.
        id: IncidentId,
    },
    /// It is over; people knew of it.
    Ended {
        /// Which one.
        id: IncidentId,
    },
}

impl Change {
    /// The incident that goes on with it.
    pub const fn subject(&self) -> IncidentId {
        match self {
            Self::Folded { into, .. } => *into,
            Self::Opened { id }
            | Self::Reopened { id }
            | Self::Refined { id, .. }
            | Self::Suppressed { id }
            | Self::Acknowledged { id }
            | Self::Ended { id } => *id,
        }
    }
}

impl IncidentId {
    /// The incident of that number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Severity {
    /// As it is written in settings, messages and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// How bad a cause is.
    pub const fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Breach { .. } | Kind::Hub { .. } | Kind::Power { .. } | Kind::SiteDark { .. } => {
                Self::Critical
            }
            Kind::Quality | Kind::Maintenance => Self::Notice,
            _ => Self::Warning,
        }
    }
}

impl Incident {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        Severity::of(&self.kind)
    }

    /// The worst of what is the matter.
    pub fn ailment(&self) -> Ailment {
        let ailments = self.troubles.iter().map(|trouble| trouble.ailment);
        ailments.min().unwrap_or(Ailment::Silent)
    }

    /// When it ended, if it has.
    pub const fn end(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Ended { at } => Some(at),
            _ => None,
        }
    }

    /// Whether people are to know of it now.
    pub const fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    /// The lines and sites that it is about, each once.
    pub fn subjects(&self) -> Vec<&Subject> {
        let mut subjects: Vec<_> = self.troubles.iter().map(|trouble| &trouble.subject).collect();
        subjects.sort();
        subjects.dedup();
        subjects
    }
}

#[cfg(test)]
mod tests;
