//! For how long something is the matter before people are told.

use std::time::Duration;

use link::cause::Ailment;
use serde::{Deserialize, Serialize};

use crate::SettingsError;
use crate::settings::within;

/// `[controller.links.incidents]`: for how long something is the matter before people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct IncidentSettings {
    /// For how many seconds a line is lost; 0 to 3,600, default 5.
    pub down_seconds: u32,
    /// For how many seconds it carries badly; 0 to 86,400, default 60.
    pub degraded_seconds: u32,
    /// For how many seconds a backup would not carry the office; 0 to 86,400, default 600.
    pub unfit_seconds: u32,
    /// For how many seconds the agent of a site is silent; 0 to 86,400, default 300.
    pub silent_seconds: u32,
    /// Within how many minutes an incident that comes back is the same one; 0 to 1,440, default 10.
    pub reopen_minutes: u32,
}

impl Default for IncidentSettings {
    fn default() -> Self {
        Self {
            down_seconds: 5,
            degraded_seconds: 60,
            unfit_seconds: 600,
            silent_seconds: 300,
            reopen_minutes: 10,
        }
    }
}

impl IncidentSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        within("links.incidents.down-seconds", self.down_seconds, 0..=3_600)?;
        within("links.incidents.degraded-seconds", self.degraded_seconds, 0..=86_400)?;
        within("links.incidents.unfit-seconds", self.unfit_seconds, 0..=86_400)?;
        within("links.incidents.silent-seconds", self.silent_seconds, 0..=86_400)?;
        within("links.incidents.reopen-minutes", self.reopen_minutes, 0..=1_440)
    }

    pub(super) fn grace(&self, ailment: Ailment) -> Duration {
        let seconds = match ailment {
            Ailment::Breach | Ailment::UsedUp => 0,
            Ailment::Lost => self.down_seconds,
            Ailment::Bad => self.degraded_seconds,
            Ailment::Unfit => self.unfit_seconds,
            Ailment::Silent => self.silent_seconds,
        };
        Duration::from_secs(seconds.into())
    }

    pub(super) fn reopening(&self) -> Duration {
        Duration::from_secs(u64::from(self.reopen_minutes) * 60)
    }
}
