//! Asks the kernel how a device stands.

use nix::errno::Errno;

use super::wire;
use crate::interface::InterfaceName;
use crate::netlink::{NetlinkError, Socket};

/// How a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// There is none of that name.
    Missing,
    /// It is down, or nothing is at its other end.
    Down(u32),
    /// It has a carrier; the kernel knows it by that number.
    Up(u32),
}

impl Device {
    /// The kernel's number of the device, if it can carry anything.
    pub const fn usable(self) -> Option<u32> {
        match self {
            Self::Up(interface) => Some(interface),
            Self::Missing | Self::Down(_) => None,
        }
    }
}

/// Looks a device up by its name.
pub fn find(route: &mut Socket, name: &InterfaceName) -> Result<Device, NetlinkError> {
    let mut device = Device::Missing;
    let answer = route.request(wire::find_link(name.as_str()), |message| {
        if let Some(link) = wire::read_link(message) {
            device = link.device();
        }
    });
    match answer {
        Ok(()) | Err(NetlinkError::Refused(Errno::ENODEV)) => Ok(device),
        Err(error) => Err(error),
    }
}
