//! What passes the devices of this router from and to the hosts that stand in for the offices, so that
//! each end can tell by which device packets came and went. The kernel shows no others.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use link::carry::Interface;
use nix::net::if_::if_indextoname;
use nix::sys::socket::{LinkAddr, recvfrom};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::host::flow_of;

/// Octets of a packet that are looked at: the longest IPv4 header, and ports.
const SHOWN: usize = 64;
const TCP: u8 = 6;
const UDP: u8 = 17;

// Classic BPF (`linux/bpf_common.h`).
const LOAD_WORD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// Where IPv4 has its two addresses.
const SOURCE: u32 = 12;
const DESTINATION: u32 = 16;

/// The tap.
#[derive(Debug)]
pub(super) struct Tap {
    socket: Socket,
    own: Vec<Ipv4Addr>,
    /// The device behind which the hosts are.
    behind: String,
    /// Devices by their numbers; none where it is part of another one, or our own.
    devices: HashMap<usize, Option<Interface>>,
}

/// A packet that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    /// The host of this office.
    pub(super) own: Ipv4Addr,
    /// The other one, with its port.
    pub(super) other: SocketAddr,
    /// By which device.
    pub(super) device: Interface,
    pub(super) direction: Direction,
}

/// Whether a packet came to this router or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

impl Tap {
    /// Opens it for the hosts with these addresses, which stand in behind that device.
    pub(super) fn open(own: &[Ipv4Addr], behind: String) -> io::Result<Self> {
        let every = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
        let every = Protocol::from(i32::from(every));
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(every))?;
        socket.attach_filter(&filter(own))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, own: own.to_vec(), behind, devices: HashMap::new() })
    }

    /// What to wait for.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Devices may have been made and deleted: it asks for their names again.
    pub(super) fn forget_devices(&mut self) {
        self.devices.clear();
    }

    /// The next packet that passed by a device of which that is worth telling; the outer one is none if
    /// there is no more.
    pub(super) fn next(&mut self) -> Option<Option<Passed>> {
        let mut octets = [0; SHOWN];
        let (length, from) = recvfrom::<LinkAddr>(self.socket.as_raw_fd(), &mut octets).ok()?;
        let Some(from) = from else { return Some(None) };
        let direction =
            if from.pkttype() == libc::PACKET_OUTGOING { Direction::Out } else { Direction::In };
        let packet = octets.get(..length).unwrap_or_default();
        let device = *self
            .devices
            .entry(from.ifindex())
            .or_insert_with_key(|index| named(*index, &self.behind));
        let passed = device.and_then(|device| self.read(packet, device, direction));
        Some(passed)
    }

    fn read(&self, packet: &[u8], device: Interface, direction: Direction) -> Option<Passed> {
        let (first, ports_at) = (*packet.first()?, usize::from(packet.first()? & 15) * 4);
        if first >> 4 != 4 || !matches!(*packet.get(9)?, TCP | UDP) {
            return None;
        }
        let address = |at: usize| {
            let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets))
        };
        let port = |at: usize| {
            let octets: [u8; 2] = packet.get(at..at + 2)?.try_into().ok()?;
            Some(u16::from_be_bytes(octets))
        };
        let (source, destination) = (address(12)?, address(16)?);
        let (own, other) = match direction {
            Direction::In => (destination, flow_of(source, port(ports_at)?)),
            Direction::Out => (source, flow_of(destination, port(ports_at + 2)?)),
        };
        self.own.contains(&own).then_some(Passed { own, other, device, direction })
    }
}

/// The name of a device, if packets that pass it are to be told: what is part of another one, as a port
/// of a bridge is, shows them a second time.
fn named(index: usize, behind: &str) -> Option<Interface> {
    let name = if_indextoname(u32::try_from(index).ok()?).ok()?.into_string().ok()?;
    let entries = std::fs::read_dir(format!("/sys/class/net/{name}")).ok();
    let is_part = entries.is_some_and(|mut entries| {
        let is_upper =
            |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("upper_");
        entries.any(|entry| entry.is_ok_and(is_upper))
    });
    if name == behind || is_part { None } else { Interface::new(&name).ok() }
}

/// Lets packets pass that are from or to one of these.
fn filter(own: &[Ipv4Addr]) -> Vec<SockFilter> {
    words(own).into_iter().map(|(code, yes, no, k)| SockFilter::new(code, yes, no, k)).collect()
}

/// The instructions: what is done, over how many to jump if it holds and if not, and with what.
fn words(own: &[Ipv4Addr]) -> Vec<(u16, u8, u8, u32)> {
    let count = u8::try_from(own.len()).unwrap_or(u8::MAX);
    let mut program = Vec::new();
    for (round, at) in [(1, DESTINATION), (0, SOURCE)] {
        program.push((LOAD_WORD, 0, 0, at));
        for (left, address) in (0..count).rev().zip(own) {
            // Over the rest of this round, and the whole of the other one with its load, and the refusal.
            let over = left + round * (count + 1) + 1;
            program.push((JUMP_EQUAL, over, 0, address.to_bits()));
        }
    }
    program.push((RETURN, 0, 0, 0));
    program.push((RETURN, 0, 0, SHOWN as u32));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do with a packet.
    fn lets_pass(own: &[Ipv4Addr], packet: &[u8]) -> bool {
        let (program, mut at, mut word) = (words(own), 0, 0_u32);
        loop {
            let (code, over, _, k) = program[at];
            at += 1;
            match code {
                LOAD_WORD => {
                    let from = k as usize;
                    word = u32::from_be_bytes(packet[from..from + 4].try_into().unwrap());
                }
                JUMP_EQUAL if word == k => at += usize::from(over),
                JUMP_EQUAL => {}
                RETURN => return k > 0,
                _ => panic!("{code}"),
            }
        }
    }

    fn packet(source: [u8; 4], destination: [u8; 4]) -> [u8; 24] {
        let mut packet = [0; 24];
        packet[0] = 0x45;
        packet[9] = TCP;
        packet[12..16].copy_from_slice(&source);
        packet[16..20].copy_from_slice(&destination);
        packet[20..24].copy_from_slice(&[0xc0, 1, 0, 7]);
        packet
    }

    #[test]
    fn packets_of_the_hosts_pass_the_filter_and_no_others() {
        for count in 1..=8 {
            let own: Vec<_> = (1..=count).map(|host| Ipv4Addr::new(10, 1, 0, host)).collect();
            for host in 0..=9 {
                let is_own = (1..=count).contains(&host);
                let there = packet([10, 1, 0, host], [10, 2, 0, 1]);
                let back = packet([10, 2, 0, 1], [10, 1, 0, host]);
                assert_eq!(lets_pass(&own, &there), is_own, "{host} of {count}");
                assert_eq!(lets_pass(&own, &back), is_own, "{host} of {count}");
            }
        }
    }
}
