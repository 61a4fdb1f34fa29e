//! Forgets the connections of an address (`linux/netfilter/nfnetlink_conntrack.h`).
//!
//! Nothing passes because of conntrack: the sets are asked for every packet. But an
//! entry keeps what was decided for its flow about address translation, and each
//! refused packet keeps the entry alive, so a device that is cut off would not be
//! redirected on the ports it goes on using, and its TCP entries fill the table for
//! days. At admission nothing is forgotten: the page that says "you are online" is
//! itself a redirected connection, and whatever the phone opens next is a new flow.

use std::net::Ipv4Addr;

use nix::errno::Errno;
use tracing::trace;

use crate::netlink::{Attributes, Message, NetlinkError, Received, Socket, netfilter_header};

const AF_INET: u8 = 2;
const NETFILTER_HEADER: usize = 4;
const IPCTNL_MSG_CT_NEW: u16 = conntrack(0);
const IPCTNL_MSG_CT_GET: u16 = conntrack(1);
const IPCTNL_MSG_CT_DELETE: u16 = conntrack(2);
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_IP: u16 = 1;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_ID: u16 = 12;
const CTA_FILTER: u16 = 25;
const CTA_FILTER_ORIG_FLAGS: u16 = 1;
const CTA_FILTER_F_CTA_IP_SRC: u32 = 1;

/// The number of a message of the conntrack subsystem of netfilter.
const fn conntrack(message: u16) -> u16 {
    (1 << 8) | message
}

/// One connection, as the kernel wants it named to forget it.
struct Connection {
    tuple: Vec<u8>,
    id: Vec<u8>,
}

/// Forgets every connection that `address` has opened.
///
/// # Errors
/// When the kernel refuses; connections that end meanwhile are no error.
pub fn forget(socket: &mut Socket, address: Ipv4Addr) -> Result<(), NetlinkError> {
    let connections = socket.dump(list(address), |found: &mut Vec<_>, message| {
        found.extend(read(message, address));
    })?;
    trace!(connections = connections.len(), "forgetting connections");
    for connection in connections {
        match socket.request(delete(&connection), |_| {}) {
            Ok(()) | Err(NetlinkError::Refused(Errno::ENOENT)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The kernel filters by source since 5.8; an older one sends all, and [`read`] filters.
fn list(address: Ipv4Addr) -> Message {
    Message::new(IPCTNL_MSG_CT_GET, 0, &netfilter_header(AF_INET, 0))
        .with_nested(CTA_TUPLE_ORIG, |tuple| {
            tuple.with_nested(CTA_TUPLE_IP, |ip| ip.with(CTA_IP_V4_SRC, &address.octets()))
        })
        .with_nested(CTA_FILTER, |filter| {
            filter.with(CTA_FILTER_ORIG_FLAGS, &CTA_FILTER_F_CTA_IP_SRC.to_ne_bytes())
        })
}

fn delete(connection: &Connection) -> Message {
    Message::new(IPCTNL_MSG_CT_DELETE, 0, &netfilter_header(AF_INET, 0))
        .with_nested_octets(CTA_TUPLE_ORIG, &connection.tuple)
        .with(CTA_ID, &connection.id)
}

fn read(message: Received<'_>, address: Ipv4Addr) -> Option<Connection> {
    let attributes = message.attributes(NETFILTER_HEADER);
    let tuple = attributes.find(CTA_TUPLE_ORIG)?;
    let source = Attributes::nested(tuple).find_nested(CTA_TUPLE_IP)?.find(CTA_IP_V4_SRC)?;
    let wanted = message.kind == IPCTNL_MSG_CT_NEW && source == address.octets();
    wanted.then(|| {
        Some(Connection { tuple: tuple.to_vec(), id: attributes.find(CTA_ID)?.to_vec() })
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: Message, expected: bool) {
        let mut datagram = Vec::new();
        message.write_to(1, &mut datagram);
        let received = Received::all_in(&datagram).next().unwrap();
        let found = read(received, Ipv4Addr::new(10, 0, 0, 2));
        assert_eq!(found.is_some(), expected);
    }

    #[test]
    fn only_connections_from_the_address_are_read() {
        let told = |source: [u8; 4]| {
            Message::new(IPCTNL_MSG_CT_NEW, 0, &netfilter_header(AF_INET, 0))
                .with_nested(CTA_TUPLE_ORIG, |tuple| {
                    tuple.with_nested(CTA_TUPLE_IP, |ip| ip.with(CTA_IP_V4_SRC, &source))
                })
        };
        let id = [0, 0, 0, 7];
        check(told([10, 0, 0, 2]).with(CTA_ID, &id), true);
        check(told([10, 0, 0, 3]).with(CTA_ID, &id), false);
        check(told([10, 0, 0, 2]), false);
        check(list(Ipv4Addr::new(10, 0, 0, 2)), false);
    }
}
