//! Tells each change in the neighbour table, from the first look on.
//!
//! Subscribes first and lists then, so nothing falls between. When the kernel has
//! to drop notifications the table is listed again, and who is missing is gone.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::Ipv4Addr;

use nix::errno::Errno;
use nix::sys::socket::SockProtocol;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{NeighbourError, NeighbourEvent, NeighbourState, NeighbourTable, entry};
use crate::interface::InterfaceName;
use crate::netlink::Subscription;

/// `RTMGRP_NEIGH`.
const NEIGHBOUR_GROUP: u32 = 1 << 2;

/// The changes in one interface's IPv4 neighbours.
#[derive(Debug)]
pub struct NeighbourWatch {
    notifications: AsyncFd<Subscription>,
    table: NeighbourTable,
    roll: Roll,
}

impl NeighbourWatch {
    /// Watches `interface` in the network namespace of the calling thread.
    ///
    /// The neighbours that are there already come first. Needs a running tokio.
    ///
    /// # Errors
    /// When there is no such interface or the kernel refuses.
    pub fn open(interface: &InterfaceName) -> Result<Self, NeighbourError> {
        let subscription = Subscription::open(SockProtocol::NetlinkRoute, NEIGHBOUR_GROUP)?;
        let mut table = NeighbourTable::open(interface)?;
        let mut roll = Roll::default();
        roll.replace(table.list()?);
        // SAFETY: a subscription owns its descriptor, never replaces it and closes it when dropped.
        let notifications =
            unsafe { AsyncFd::register_with_interest(subscription, Interest::READABLE) };
        let notifications = notifications.map_err(io::Error::from)?;
        Ok(Self { notifications, table, roll })
    }

    /// Waits for the next change. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the socket fails or the table cannot be listed after an overrun.
    pub async fn next(&mut self) -> Result<NeighbourEvent, NeighbourError> {
        loop {
            if let Some(event) = self.roll.pending.pop_front() {
                return Ok(event);
            }
            let interface = self.table.interface();
            let mut ready = self.notifications.readable_mut().await?;
            let roll = &mut self.roll;
            let read = ready.try_io(|fd| {
                fd.get_mut().receive(|message| {
                    entry::read(message, interface).into_iter().for_each(|event| roll.note(event));
                })
            });
            match read {
                Ok(Err(error)) if was_overrun(&error) => self.roll.replace(self.table.list()?),
                Ok(result) => result?,
                // Nothing was there after all.
                Err(_) => {}
            }
        }
    }
}

fn was_overrun(error: &io::Error) -> bool {
    error.raw_os_error().map(Errno::from_raw) == Some(Errno::ENOBUFS)
}

/// Who is known, and what is still to be told; the kernel bounds its table (`gc_thresh3`).
#[derive(Debug, Default)]
struct Roll {
    known: BTreeSet<Ipv4Addr>,
    pending: VecDeque<NeighbourEvent>,
}

impl Roll {
    fn note(&mut self, event: NeighbourEvent) {
        match event.state {
            NeighbourState::Gone => self.known.remove(&event.address),
            _ => self.known.insert(event.address),
        };
        self.pending.push_back(event);
    }

    /// Takes `listed` as the whole truth: who is not on it is gone.
    fn replace(&mut self, listed: Vec<NeighbourEvent>) {
        let still: BTreeSet<_> = listed.iter().map(|event| event.address).collect();
        let gone: Vec<_> = self.known.difference(&still).copied().collect();
        for address in gone {
            self.note(NeighbourEvent { address, state: NeighbourState::Gone });
        }
        listed.into_iter().for_each(|event| self.note(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_missing_after_an_overrun_is_gone() {
        let event = |last, state| NeighbourEvent { address: [10, 0, 0, last].into(), state };
        let mut roll = Roll::default();
        roll.replace(vec![event(2, NeighbourState::Failed), event(3, NeighbourState::Failed)]);
        roll.note(event(4, NeighbourState::Failed));
        roll.note(event(2, NeighbourState::Gone));
        roll.pending.clear();
        roll.replace(vec![event(4, NeighbourState::Failed), event(5, NeighbourState::Failed)]);
        let expected = [
            event(3, NeighbourState::Gone),
            event(4, NeighbourState::Failed),
            event(5, NeighbourState::Failed),
        ];
        assert_eq!(roll.pending, expected);
        assert_eq!(roll.known, BTreeSet::from([[10, 0, 0, 4].into(), [10, 0, 0, 5].into()]));
    }
}
