//! What can be set about where agents of links tell what they see.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

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
}

const fn default_connections() -> usize {
    1_024
}
