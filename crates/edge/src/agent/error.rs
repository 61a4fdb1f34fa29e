//! Why the gateway cannot go on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::enforcer::EnforceError;
use crate::neighbour::NeighbourError;
use crate::settings::SettingsError;

/// Why the gateway cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// A setting cannot be used.
    #[error("[edge] {0}")]
    Settings(#[from] SettingsError),
    /// Packets are not treated as asked.
    #[error("cannot enforce who is online")]
    Enforce(#[from] EnforceError),
    /// Devices cannot be seen.
    #[error("cannot watch the visitors' network")]
    Neighbours(#[from] NeighbourError),
    /// The kernel gives no socket.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The kernel gives no socket for advertisements.
    #[error("cannot tell the visitors' network of the portal's API")]
    Advertise(#[source] io::Error),
    /// The kernel gives no socket towards the servers.
    #[error("cannot open a socket towards the RADIUS servers")]
    Servers(#[source] io::Error),
    /// What an earlier run has left cannot be had.
    #[error("cannot use the state file {path}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
