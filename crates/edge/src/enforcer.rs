//! What the gateway does to a visitor's packets, apart from how it is done.
//!
//! The agent decides who is online; an [`Enforcer`] lets the device through, counts
//! what it moves and cuts it off. One implementation is the kernel
//! ([`crate::nftables::NftEnforcer`]), one pretends.

use std::io;
use std::net::Ipv4Addr;

use domain::{MacAddress, Octets};

use crate::netlink::NetlinkError;

/// Who is let through, and how much it may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The device; only frames from this hardware address pass.
    pub device: MacAddress,
    /// The address the device holds; only packets from this address pass.
    pub address: Ipv4Addr,
    /// Uploaded and downloaded octets together, since admission, after which
    /// nothing passes any more; `None` is without limit.
    pub octet_limit: Option<Octets>,
}

/// What an admitted device has moved since its admission, in octets of IP packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceUsage {
    /// The device.
    pub device: MacAddress,
    /// The address under which it was admitted.
    pub address: Ipv4Addr,
    /// From the device.
    pub uploaded: Octets,
    /// To the device.
    pub downloaded: Octets,
}

/// Why packets are not treated as asked.
#[derive(Debug, thiserror::Error)]
pub enum EnforceError {
    /// Another device is admitted under the address; it has to be removed first.
    #[error("address {0} is admitted for another device")]
    AddressInUse(Ipv4Addr),
    /// As many devices are admitted as the gateway takes.
    #[error("no room for another device")]
    Full,
    /// Somebody has removed the gateway's rules, so nothing is enforced: start again.
    #[error("rules of the gateway are gone")]
    RulesGone,
    /// `nft` cannot be run.
    #[error("cannot run nft")]
    NoNft(#[source] io::Error),
    /// `nft` does not take the rules.
    #[error("nft refuses the rules: {0}")]
    Rules(String),
    /// The kernel does not answer as it should.
    #[error("netlink request fails")]
    Netlink(#[from] NetlinkError),
}

/// What the gateway does to packets.
///
/// What is admitted outlives the process: a new enforcer finds it with its counters.
pub trait Enforcer: Send {
    /// Lets a device through from now on.
    ///
    /// Admitting it again sets the new limit and keeps its counters.
    ///
    /// # Errors
    /// When another device holds the address, the gateway is full or the kernel refuses.
    fn admit(&mut self, admission: &Admission) -> Result<(), EnforceError>;

    /// Cuts a device off at once, its open connections too, and tells its final usage.
    ///
    /// `None` when it was not admitted.
    ///
    /// # Errors
    /// When the kernel refuses; the device is still admitted then.
    fn remove(
        &mut self,
        device: MacAddress,
        address: Ipv4Addr,
    ) -> Result<Option<DeviceUsage>, EnforceError>;

    /// Every admitted device with what it has moved; a counter never goes back while its device
    /// stays admitted. What an earlier process has admitted is among them.
    ///
    /// To be asked every few seconds; what is left of removed devices is tidied up here too.
    ///
    /// # Errors
    /// When the kernel refuses or the rules are gone.
    fn usage(&mut self) -> Result<Vec<DeviceUsage>, EnforceError>;
}
