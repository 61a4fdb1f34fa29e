//! What can be set about where agents of links tell what they see.

use std::net::SocketAddr;
use std::path::PathBuf;

use link::cause::Line;
use serde::Deserialize;

use crate::links::alert::AlertSettings;
use crate::links::incident::IncidentSettings;
use crate::settings::{SettingsError, within};

/// The section `[controller.links]` of the configuration file; without it nobody listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkCentreSettings {
    /// Where agents arrive.
    pub listen: SocketAddr,
    /// PEM file with the centre's certificate, for the name in the agents' `url`, and those between it
    /// and its CA.
    pub certificate: PathBuf,
    /// PEM file with the key of that certificate.
    pub key: PathBuf,
    /// PEM file with the CAs whose certificates agents may bring. The system's are never trusted.
    pub ca: PathBuf,
    /// PEM file with a revocation list of each of those CAs; by default nothing is revoked.
    pub crl: Option<PathBuf>,
    /// Connections at a time, a quarter of them from one address; 16 to 65,536, default 1,024.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// For how long something is the matter before there is an incident.
    #[serde(default)]
    pub incidents: IncidentSettings,
    /// Who is told of incidents.
    #[serde(default)]
    pub alerts: AlertSettings,
    /// Which paths of two agents are the two ends of one line, and what lines share; a path that is not
    /// among them is a line by itself.
    #[serde(default)]
    pub lines: Vec<Line>,
}

impl LinkCentreSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first that is outside.
    pub(crate) fn validate(&self) -> Result<(), SettingsError> {
        let connections = u32::try_from(self.connections).unwrap_or(u32::MAX);
        within("links.connections", connections, 16..=65_536)?;
        let lines = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        within("links.lines", lines, 0..=10_000)?;
        self.incidents.validate()
    }
}

const fn default_connections() -> usize {
    1_024
}
