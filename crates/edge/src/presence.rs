//! Which device speaks from an address.

use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use domain::MacAddress;

use crate::neighbour::NeighbourTable;

/// Where that is known from.
#[derive(Debug)]
pub(crate) enum Presence {
    /// The kernel's neighbour table.
    Neighbours(Mutex<NeighbourTable>),
    /// Nowhere: every address has a device of its own, for trying out on one machine.
    Pretended,
}

impl Presence {
    /// The device at an address, as far as is known.
    pub(crate) fn device_at(&self, address: Ipv4Addr) -> Option<MacAddress> {
        let table = match self {
            Self::Neighbours(table) => table,
            Self::Pretended => return Some(pretended(address)),
        };
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        match table.lookup(address) {
            Ok(device) => device,
            Err(error) => {
                tracing::warn!(%error, "edge.neighbours");
                None
            }
        }
    }
}

/// A locally administered hardware address made of the IP address.
fn pretended(address: Ipv4Addr) -> MacAddress {
    let [a, b, c, d] = address.octets();
    MacAddress::new([0x02, 0x00, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_one_machine_every_address_is_a_device() {
        let device = Presence::Pretended.device_at(Ipv4Addr::LOCALHOST).unwrap();
        assert_eq!(device.to_string(), "02:00:7f:00:00:01");
    }
}
