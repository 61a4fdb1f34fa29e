//! Asks the kernel's neighbour table.

use std::net::Ipv4Addr;

use domain::MacAddress;
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;

use super::{NeighbourError, NeighbourEvent, entry};
use crate::interface::InterfaceName;
use crate::netlink::{NetlinkError, Socket};

/// The IPv4 neighbours on one interface, asked anew each time.
#[derive(Debug)]
pub struct NeighbourTable {
    route: Socket,
    interface: u32,
}

impl NeighbourTable {
    /// Opens the table of `interface` in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When there is no such interface.
    pub fn open(interface: &InterfaceName) -> Result<Self, NeighbourError> {
        let number =
            interface.index().map_err(|_| NeighbourError::NoInterface(interface.to_string()))?;
        Ok(Self { route: Socket::open(SockProtocol::NetlinkRoute)?, interface: number })
    }

    /// The device that holds `address`, as far as the kernel knows (Linux 5.0 or newer).
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn lookup(&mut self, address: Ipv4Addr) -> Result<Option<MacAddress>, NeighbourError> {
        let mut found = None;
        let interface = self.interface;
        let answer = self.route.request(entry::find(interface, address), |message| {
            found = found.or(entry::read(message, interface));
        });
        match answer {
            Err(NetlinkError::Refused(Errno::ENOENT)) => Ok(None),
            other => {
                other?;
                Ok(found.and_then(|neighbour: NeighbourEvent| neighbour.state.device()))
            }
        }
    }

    /// Every neighbour, as an event each.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn list(&mut self) -> Result<Vec<NeighbourEvent>, NeighbourError> {
        let interface = self.interface;
        let neighbours = self.route.dump(entry::list(), |found: &mut Vec<_>, message| {
            found.extend(entry::read(message, interface));
        })?;
        Ok(neighbours)
    }

    /// The kernel's number of the interface.
    pub(super) const fn interface(&self) -> u32 {
        self.interface
    }
}
