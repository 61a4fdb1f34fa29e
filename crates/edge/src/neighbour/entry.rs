//! Reads and writes rtnetlink's neighbour messages (`linux/neighbour.h`).

use std::net::Ipv4Addr;

use domain::MacAddress;

use super::{NeighbourEvent, NeighbourState};
use crate::netlink::{Message, Received};

const AF_INET: u8 = 2;
const RTM_NEWNEIGH: u16 = 28;
const RTM_DELNEIGH: u16 = 29;
const RTM_GETNEIGH: u16 = 30;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;

const NUD_REACHABLE: u16 = 0x02;
const NUD_STALE: u16 = 0x04;
const NUD_DELAY: u16 = 0x08;
const NUD_PROBE: u16 = 0x10;
const NUD_FAILED: u16 = 0x20;
const NUD_PERMANENT: u16 = 0x80;

/// Octets of `struct ndmsg`.
const HEADER_LENGTH: usize = 12;

/// Asks for every IPv4 neighbour; the kernel sends those of all interfaces.
pub fn list() -> Message {
    Message::new(RTM_GETNEIGH, 0, &header(0))
}

/// Asks for one neighbour on the interface of number `interface`.
pub fn find(interface: u32, address: Ipv4Addr) -> Message {
    Message::new(RTM_GETNEIGH, 0, &header(interface)).with(NDA_DST, &address.octets())
}

/// What a message says about an IPv4 neighbour on the interface of number `interface`.
///
/// `None` for others, and while the kernel is still asking who holds the address.
pub fn read(message: Received<'_>, interface: u32) -> Option<NeighbourEvent> {
    let (family, found_on, state) = read_header(message.payload)?;
    if family != AF_INET || found_on != interface {
        return None;
    }
    let attributes = message.attributes(HEADER_LENGTH);
    let address = Ipv4Addr::from(<[u8; 4]>::try_from(attributes.find(NDA_DST)?).ok()?);
    let device = attributes.find(NDA_LLADDR).and_then(|octets| octets.try_into().ok());
    let state = match (message.kind, device.map(MacAddress::new)) {
        (RTM_DELNEIGH, _) => NeighbourState::Gone,
        (RTM_NEWNEIGH, device) => state_of(state, device)?,
        _ => return None,
    };
    Some(NeighbourEvent { address, state })
}

fn state_of(state: u16, device: Option<MacAddress>) -> Option<NeighbourState> {
    match state {
        NUD_REACHABLE | NUD_PERMANENT => device.map(NeighbourState::Reachable),
        NUD_STALE | NUD_DELAY | NUD_PROBE => device.map(NeighbourState::Stale),
        NUD_FAILED => Some(NeighbourState::Failed),
        _ => None,
    }
}

fn header(interface: u32) -> [u8; HEADER_LENGTH] {
    let mut header = [0; HEADER_LENGTH];
    header[0] = AF_INET;
    header[4..8].copy_from_slice(&interface.to_ne_bytes());
    header
}

/// Family, interface and state.
fn read_header(payload: &[u8]) -> Option<(u8, u32, u16)> {
    let [family, _, _, _, a, b, c, d, e, f, _, _] = *payload.first_chunk::<HEADER_LENGTH>()?;
    Some((family, u32::from_ne_bytes([a, b, c, d]), u16::from_ne_bytes([e, f])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
    const OCTETS: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn check(kind: u16, state: u16, device: Option<&[u8]>, expected: Option<NeighbourState>) {
        let mut header = header(3);
        header[8..10].copy_from_slice(&state.to_ne_bytes());
        let mut message = Message::new(kind, 0, &header).with(NDA_DST, &ADDRESS.octets());
        if let Some(octets) = device {
            message = message.with(NDA_LLADDR, octets);
        }
        let mut datagram = Vec::new();
        message.write_to(0, &mut datagram);
        let received = Received::all_in(&datagram).next().unwrap();
        let expected = expected.map(|state| NeighbourEvent { address: ADDRESS, state });
        assert_eq!(read(received, 3), expected, "state {state:#x}");
        assert_eq!(read(received, 4), None);
    }

    #[test]
    fn states_of_the_kernel_become_ours() {
        let device = MacAddress::new(OCTETS);
        let (reachable, stale) = (NeighbourState::Reachable(device), NeighbourState::Stale(device));
        let octets = Some(OCTETS.as_slice());
        check(RTM_NEWNEIGH, NUD_REACHABLE, octets, Some(reachable));
        check(RTM_NEWNEIGH, NUD_PERMANENT, octets, Some(reachable));
        check(RTM_NEWNEIGH, NUD_STALE, octets, Some(stale));
        check(RTM_NEWNEIGH, NUD_DELAY, octets, Some(stale));
        check(RTM_NEWNEIGH, NUD_PROBE, octets, Some(stale));
        check(RTM_NEWNEIGH, NUD_STALE, None, None);
        check(RTM_NEWNEIGH, NUD_STALE, Some(&[2, 0, 0]), None);
        check(RTM_NEWNEIGH, NUD_FAILED, None, Some(NeighbourState::Failed));
        check(RTM_NEWNEIGH, 0x01, None, None);
        check(RTM_DELNEIGH, NUD_STALE, octets, Some(NeighbourState::Gone));
        check(RTM_GETNEIGH, NUD_STALE, octets, None);
    }
}
