//! What the text of a policy of the centre says: keys of the section `[links]` that an agent takes while it
//! runs, laid over the section of its own file. What it does not say stays as the file has it.

mod kept;

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::Deserialize;

pub(super) use kept::{Kept, KeptError};

use super::settings::{LinksSettings, LinksSettingsError, PathSettings};

/// A policy as it is written; see [`LinksSettings`] for what the keys mean.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct WrittenPolicy {
    offices: Option<Vec<IpNet>>,
    canary: Option<Vec<IpNet>>,
    protected_mark: Option<u32>,
    visitors: Option<Vec<IpNet>>,
    order: Option<Vec<String>>,
    paths: Vec<WrittenPath>,
}

/// What it says of one path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenPath {
    name: String,
    gateway: Option<Ipv4Addr>,
    gateway6: Option<Ipv6Addr>,
    capacity_mbit: Option<u32>,
    visitors_floor_kbit: Option<u32>,
    heartbeat_ms: Option<u64>,
    missing: Option<u8>,
    probes_per_second: Option<u32>,
    bad_delay_ms: Option<u64>,
    bad_loss_percent: Option<u8>,
}

/// Why an agent cannot run by a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no TOML, or has keys that no agent takes from the centre.
    #[error("it cannot be read: {0}")]
    Text(String),
    /// It says something of a path that the office does not have.
    #[error("there is no path {0}")]
    Path(String),
    /// What comes of it cannot be used, or not without a restart.
    #[error(transparent)]
    Settings(#[from] LinksSettingsError),
}

impl WrittenPolicy {
    /// Reads the text of a policy.
    ///
    /// # Errors
    /// [`PolicyError::Text`] with what is wrong.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        toml::from_str(text).map_err(|error| PolicyError::Text(error.message().to_owned()))
    }

    /// The section that comes of it and that of the file, which an agent that runs with the latter takes.
    pub(super) fn over(&self, file: &LinksSettings) -> Result<LinksSettings, PolicyError> {
        let mut paths = file.paths.clone();
        for written in &self.paths {
            let path = paths.iter_mut().find(|path| path.name == written.name);
            let path = path.ok_or_else(|| PolicyError::Path(written.name.clone()))?;
            *path = written.over(path);
        }
        let merged = LinksSettings {
            offices: self.offices.as_ref().unwrap_or(&file.offices).clone(),
            canary: self.canary.as_ref().unwrap_or(&file.canary).clone(),
            protected_mark: self.protected_mark.unwrap_or(file.protected_mark),
            visitors: self.visitors.as_ref().unwrap_or(&file.visitors).clone(),
            order: self.order.as_ref().unwrap_or(&file.order).clone(),
            paths,
            ..file.clone()
        };
        merged.validate()?;
        file.check_reload(&merged)?;
        Ok(merged)
    }
}

impl WrittenPath {
    fn over(&self, path: &PathSettings) -> PathSettings {
        PathSettings {
            gateway: self.gateway.or(path.gateway),
            gateway6: self.gateway6.or(path.gateway6),
            capacity_mbit: self.capacity_mbit.or(path.capacity_mbit),
            visitors_floor_kbit: self.visitors_floor_kbit.unwrap_or(path.visitors_floor_kbit),
            heartbeat_ms: self.heartbeat_ms.unwrap_or(path.heartbeat_ms),
            missing: self.missing.unwrap_or(path.missing),
            probes_per_second: self.probes_per_second.unwrap_or(path.probes_per_second),
            bad_delay_ms: self.bad_delay_ms.unwrap_or(path.bad_delay_ms),
            bad_loss_percent: self.bad_loss_percent.unwrap_or(path.bad_loss_percent),
            ..path.clone()
        }
    }
}

#[cfg(test)]
mod tests;
