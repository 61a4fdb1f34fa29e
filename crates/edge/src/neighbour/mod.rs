//! Who is on the visitors' interface: the kernel's IPv4 neighbour table (RFC 4861 states, rtnetlink).
//!
//! [`NeighbourTable`] answers which device holds an address now; [`NeighbourWatch`]
//! tells each change. Both know one interface, by its number when they were opened.
//! IPv6 neighbours are left out, for no device is admitted by them.

mod entry;
mod table;
mod watch;

use std::net::Ipv4Addr;

use domain::MacAddress;

use crate::netlink::NetlinkError;

pub use table::NeighbourTable;
pub use watch::NeighbourWatch;

/// What became of one neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighbourEvent {
    /// The neighbour's address.
    pub address: Ipv4Addr,
    /// How it stands now.
    pub state: NeighbourState,
}

/// How a neighbour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeighbourState {
    /// The device has answered lately, or an admin has entered it.
    Reachable(MacAddress),
    /// The device was there; whether it still is will show with the next packet to it.
    Stale(MacAddress),
    /// Nobody answers for the address.
    Failed,
    /// The kernel has dropped the neighbour.
    Gone,
}

impl NeighbourState {
    /// The device that holds the address, as far as is known.
    #[must_use]
    pub const fn device(self) -> Option<MacAddress> {
        match self {
            Self::Reachable(device) | Self::Stale(device) => Some(device),
            Self::Failed | Self::Gone => None,
        }
    }
}

/// Why the neighbour table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NeighbourError {
    /// There is no such interface.
    #[error("no interface {0}")]
    NoInterface(String),
    /// The kernel does not answer as it should.
    #[error("netlink request fails")]
    Netlink(#[from] NetlinkError),
    /// The socket for notifications fails.
    #[error("neighbour notifications fail")]
    Notifications(#[from] std::io::Error),
}
