//! What can be set about FRR on this router, and what a section must have for FRR to be advised.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use crate::interface::InterfaceName;
use crate::links::settings::LinksSettings;
use crate::settings::{SettingsError, within};

/// The section `[links.frr]`: how FRR is advised, with `mode = "advise"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FrrSettings {
    /// FRR's shell; default `/usr/bin/vtysh`.
    pub vtysh: PathBuf,
    /// The folder with the sockets of FRR's daemons; default `/run/frr`.
    pub sockets: PathBuf,
    /// The cost of a path that is not to be used, more than that of any other way; 1,000 to 65,000,
    /// default 60,000. Each path has its place in the order added.
    pub away_cost: u16,
}

impl Default for FrrSettings {
    fn default() -> Self {
        Self { vtysh: "/usr/bin/vtysh".into(), sockets: "/run/frr".into(), away_cost: 60_000 }
    }
}

/// Why FRR cannot be advised with a section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdviceSettingsError {
    /// A number is outside its range.
    #[error(transparent)]
    Number(#[from] SettingsError),
    /// OSPF has one cost for each device.
    #[error("with `mode = \"advise\"` each path has a device of its own, but two have {0}")]
    SameDevice(InterfaceName),
    /// It would need routes of ours.
    #[error("`{0}` needs routes of ours, which are not laid with `mode = \"advise\"`")]
    Routes(&'static str),
}

/// Checks a section in whose mode FRR is advised.
///
/// # Errors
/// The first that does not fit.
pub(in crate::links) fn validate(settings: &LinksSettings) -> Result<(), AdviceSettingsError> {
    let away = settings.frr.away_cost;
    within("away-cost", away.into(), 1_000, 65_000)?;
    let mut devices = BTreeSet::new();
    for path in &settings.paths {
        within("ospf-cost", path.ospf_cost.unwrap_or(1).into(), 1, u64::from(away) - 1)?;
        if !devices.insert(path.device.as_str()) {
            return Err(AdviceSettingsError::SameDevice(path.device.clone()));
        }
    }
    let is_tried = settings.paths.iter().any(|path| path.office_local.is_some());
    let needs_routes = [
        ("canary", !settings.canary.is_empty()),
        ("protected-mark", settings.protected_mark != 0),
        ("office-local", is_tried),
        ("minimum-ttl", settings.paths.iter().any(|path| path.minimum_ttl.is_some())),
    ];
    match needs_routes.into_iter().find(|(_, is_set)| *is_set) {
        Some((key, _)) => Err(AdviceSettingsError::Routes(key)),
        None => Ok(()),
    }
}
