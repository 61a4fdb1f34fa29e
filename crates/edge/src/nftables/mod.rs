//! The gateway's kernel: nftables decides, counts and limits; this asks it to.
//!
//! [`NftEnforcer::start`] loads the rules through `nft` once. Every visitor after that
//! is one netlink transaction over all sets, so a device is in all of them or in none.
//! The kernel is the only memory: nothing is lost with the process. IPv6 is refused.

mod conntrack;
mod element;
mod ruleset;

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

use domain::{MacAddress, Octets};
use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use tracing::warn;

pub use ruleset::{GatewayRules, Uplinks};

use crate::enforcer::{Admission, DeviceUsage, EnforceError, Enforcer};
use crate::netlink::{Message, NetlinkError, Received, Socket};
use element::{ADMITTED, DOWNLOAD_LIMIT, DOWNLOADED, UPLOAD_LIMIT, UPLOADED};

/// An [`Enforcer`] on this machine's nftables, table `inet sabeel`.
#[derive(Debug)]
pub struct NftEnforcer {
    netfilter: Socket,
    /// Addresses whose connections are still to be forgotten; [`CAPACITY`] at most.
    departed: BTreeSet<Ipv4Addr>,
}

/// The size of the sets in `ruleset.nft`.
const CAPACITY: usize = 65_536;
/// Forgetting reads the whole conntrack table, 10 ms each on a large machine.
const FORGOTTEN_PER_ROUND: usize = 4;

impl NftEnforcer {
    /// Loads the rules, keeping who is admitted already, in the caller's network namespace.
    ///
    /// # Errors
    /// When `nft` is missing or refuses, or the kernel has no netfilter.
    pub fn start(rules: &GatewayRules) -> Result<Self, EnforceError> {
        rules.load()?;
        Ok(Self {
            netfilter: Socket::open(SockProtocol::NetlinkNetFilter)?,
            departed: BTreeSet::new(),
        })
    }

    /// Gives an admitted device a new limit, which counts from its admission too.
    fn change_limit(&mut self, admission: &Admission) -> Result<(), EnforceError> {
        let Admission { device, address, .. } = *admission;
        let key = element::device_key(device, address);
        let Some(uploaded) = self.count(UPLOADED, &key)? else {
            return Err(EnforceError::AddressInUse(address));
        };
        let downloaded = self.count(DOWNLOADED, &address.octets())?.unwrap_or_default();
        // The old quota has also counted what it refused, so the new one starts from the counters.
        let mut changes = remove_limit(device, address);
        changes.extend(add_limit(admission, uploaded + downloaded));
        self.netfilter.transact(changes, |_| {}).map_err(refusal)
    }

    fn count(&mut self, set: &str, key: &[u8]) -> Result<Option<Octets>, EnforceError> {
        let mut octets = None;
        let answer = |message: Received<'_>| {
            octets = octets.or(element::elements_of(message, set).next().map(|e| e.octets));
        };
        match self.netfilter.request(element::find(set, key), answer) {
            Err(NetlinkError::Refused(Errno::ENOENT)) => Ok(None),
            other => other.map(|()| octets).map_err(EnforceError::from),
        }
    }

    /// Forgets connections of a few departed devices: no hurry, for the sets have cut them off.
    fn forget_departed(&mut self) {
        for _ in 0..FORGOTTEN_PER_ROUND {
            let Some(address) = self.departed.pop_first() else {
                return;
            };
            if let Err(error) = conntrack::forget(&mut self.netfilter, address) {
                warn!(%error, "connections of a removed device are not forgotten");
            }
        }
    }

    fn counters<Key: Eq + std::hash::Hash>(
        &mut self,
        set: &str,
        read_key: fn(&[u8]) -> Option<Key>,
    ) -> Result<HashMap<Key, Octets>, EnforceError> {
        let read = |counters: &mut HashMap<Key, Octets>, message: Received<'_>| {
            let elements = element::elements_of(message, set);
            counters.extend(elements.filter_map(|e| Some((read_key(e.key)?, e.octets))));
        };
        self.netfilter.dump(element::list(set), read).map_err(refusal)
    }
}

impl Enforcer for NftEnforcer {
    fn admit(&mut self, admission: &Admission) -> Result<(), EnforceError> {
        let key = element::device_key(admission.device, admission.address);
        let mut changes = add_limit(admission, Octets::default());
        changes.push(element::add(ADMITTED, &key));
        changes.push(element::add(UPLOADED, &key));
        changes.push(element::add(DOWNLOADED, &admission.address.octets()));
        // Whoever holds the address now keeps its connections.
        self.departed.remove(&admission.address);
        match self.netfilter.transact(changes, |_| {}) {
            Err(NetlinkError::Refused(Errno::EEXIST)) => self.change_limit(admission),
            other => other.map_err(refusal),
        }
    }

    fn remove(
        &mut self,
        device: MacAddress,
        address: Ipv4Addr,
    ) -> Result<Option<DeviceUsage>, EnforceError> {
        let key = element::device_key(device, address);
        let mut changes = remove_limit(device, address);
        changes.push(element::delete(ADMITTED, &key));
        changes.push(element::delete_counted(UPLOADED, &key));
        changes.push(element::delete_counted(DOWNLOADED, &address.octets()));
        let (mut uploaded, mut downloaded) = (Octets::default(), Octets::default());
        let echo = |message: Received<'_>| {
            let up = element::deleted_from(message, UPLOADED);
            up.filter(|e| e.key == key).for_each(|e| uploaded = e.octets);
            let down = element::deleted_from(message, DOWNLOADED);
            down.filter(|e| e.key == address.octets()).for_each(|e| downloaded = e.octets);
        };
        match self.netfilter.transact(changes, echo) {
            Err(NetlinkError::Refused(Errno::ENOENT)) => return Ok(None),
            other => other?,
        }
        if self.departed.len() < CAPACITY {
            self.departed.insert(address);
        }
        Ok(Some(DeviceUsage { device, address, uploaded, downloaded }))
    }

    fn usage(&mut self) -> Result<Vec<DeviceUsage>, EnforceError> {
        self.forget_departed();
        let uploads = self.counters(UPLOADED, element::read_device_key)?;
        let downloads = self.counters(DOWNLOADED, element::read_address_key)?;
        let usage = uploads.into_iter().map(|((device, address), uploaded)| {
            let downloaded = downloads.get(&address).copied().unwrap_or_default();
            DeviceUsage { device, address, uploaded, downloaded }
        });
        Ok(usage.collect())
    }
}

fn add_limit(admission: &Admission, consumed: Octets) -> Vec<Message> {
    let Admission { device, address, octet_limit } = *admission;
    let quota = element::quota_name(device, address);
    vec![
        element::add_quota(&quota, octet_limit, consumed),
        element::add_limit(UPLOAD_LIMIT, &element::device_key(device, address), &quota),
        element::add_limit(DOWNLOAD_LIMIT, &address.octets(), &quota),
    ]
}

fn remove_limit(device: MacAddress, address: Ipv4Addr) -> Vec<Message> {
    vec![
        element::delete(UPLOAD_LIMIT, &element::device_key(device, address)),
        element::delete(DOWNLOAD_LIMIT, &address.octets()),
        element::delete_quota(&element::quota_name(device, address)),
    ]
}

/// What a refusal means when elements are added or listed.
fn refusal(error: NetlinkError) -> EnforceError {
    match error {
        NetlinkError::Refused(Errno::ENOENT) => EnforceError::RulesGone,
        NetlinkError::Refused(Errno::ENFILE) => EnforceError::Full,
        other => EnforceError::Netlink(other),
    }
}
