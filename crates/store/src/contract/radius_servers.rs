//! RADIUS servers that run apart: which there are, and which access points are connected to which.
//!
//! A server shows now and then that it lives. One that does not holds nothing any more; its name
//! stays for a month, since what it recorded is still on its machine.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{NasName, Timestamp};

use crate::StoreError;

/// Names a RADIUS server: the id of its journal, which one process at a time has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(Arc<str>);

impl ServerId {
    /// The server that keeps the journal of that id.
    #[must_use]
    pub const fn of_journal(id: Arc<str>) -> Self {
        Self(id)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A RADIUS server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RadiusServer {
    /// Which.
    pub id: ServerId,
    /// The name of its machine.
    pub machine: String,
    /// When it last showed that it lives.
    pub seen_at: Timestamp,
    /// Until when it holds its connections, unless it shows before that it lives.
    pub held_until: Timestamp,
}

/// RADIUS servers and their connections.
#[async_trait]
pub trait RadiusServers: Send + Sync {
    /// A server begins: it is entered, or takes its own place again, without connections.
    async fn open_radius_server(&self, server: &RadiusServer) -> Result<(), StoreError>;

    /// The server lives at `now`, and holds its connections until `until`. Returns `false` if it
    /// is not known any more and must be opened again.
    async fn renew_radius_server(
        &self,
        server: &ServerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// An access point is connected to the server. What waits to be told to it is due at `now`,
    /// unless somebody is at it.
    async fn enter_connection(
        &self,
        server: &ServerId,
        nas: &NasName,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// An access point is not connected to the server any more.
    async fn leave_connection(&self, server: &ServerId, nas: &NasName) -> Result<(), StoreError>;

    /// The server ends at `now`: it holds nothing any more, and is still known.
    async fn close_radius_server(
        &self,
        server: &ServerId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The servers of the last month, by the names of their machines.
    async fn list_radius_servers(&self) -> Result<Vec<RadiusServer>, StoreError>;

    /// The servers that hold a connection of an access point at `now`.
    async fn list_holders(
        &self,
        nas: &NasName,
        now: Timestamp,
    ) -> Result<Vec<RadiusServer>, StoreError>;

    /// Forgets servers that did not show since `before` that they live; returns how many.
    async fn prune_radius_servers(&self, before: Timestamp) -> Result<u64, StoreError>;
}
