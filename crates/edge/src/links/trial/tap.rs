//! What passes the devices of this router from and to the hosts that stand in for the offices, so that
//! each end can tell by which device packets came and went. The kernel shows no others.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use link::carry::Interface;
use nix::net::if_::if_indextoname;
use nix::sys::socket::{LinkAddr, recvfrom};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

/// Octets of a packet that are looked at: the longest header of IPv4 or the one of IPv6, and ports.
const SHOWN: usize = 64;
const TCP: u8 = 6;
const UDP: u8 = 17;

// Classic BPF (`linux/bpf_common.h`).
const LOAD_WORD: u16 = 0x20;
const LOAD_OCTET: u16 = 0x30;
const AND: u16 = 0x54;
const JUMP_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// Where IPv4 and IPv6 have their two addresses.
const PLACES_IPV4: [u32; 2] = [12, 16];
const PLACES_IPV6: [u32; 2] = [8, 24];

/// The tap.
#[derive(Debug)]
pub(super) struct Tap {
    socket: Socket,
    own: Vec<IpAddr>,
    /// The device behind which the hosts are.
    behind: String,
    /// Devices by their numbers; none where it is part of another one, or our own.
    devices: HashMap<usize, Option<Interface>>,
}

/// A packet that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    /// The host of this office.
    pub(super) own: IpAddr,
    /// The other one, with its port.
    pub(super) other: SocketAddr,
    /// By which device.
    pub(super) device: Interface,
    pub(super) direction: Direction,
    /// How long it was, with its IP header.
    pub(super) length: u64,
}

/// Whether a packet came to this router or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

impl Tap {
    /// Opens it for the hosts with these addresses, which stand in behind that device.
    pub(super) fn open(own: &[IpAddr], behind: String) -> io::Result<Self> {
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
        let Ends { source, destination } = ends(packet)?;
        let (own, other) = match direction {
            Direction::In => (destination.ip(), source),
            Direction::Out => (source.ip(), destination),
        };
        // What is shown of it is shorter than it was.
        let number = |at: usize| {
            Some(u64::from(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?])))
        };
        // IPv6 leaves its own header out.
        let length = if packet.first()? >> 4 == 6 { number(4)? + 40 } else { number(2)? };
        self.own.contains(&own).then_some(Passed { own, other, device, direction, length })
    }
}

/// From where to where a packet goes.
struct Ends {
    source: SocketAddr,
    destination: SocketAddr,
}

/// The ends of a packet of TCP or UDP; of IPv6 without headers in between, as our hosts send them.
fn ends(packet: &[u8]) -> Option<Ends> {
    let (version, protocol_at, ports_at) = match packet.first()? >> 4 {
        4 => (4, 9, usize::from(packet.first()? & 15) * 4),
        6 => (6, 6, 40),
        _ => return None,
    };
    if !matches!(*packet.get(protocol_at)?, TCP | UDP) {
        return None;
    }
    let [source, destination] = if version == 4 {
        PLACES_IPV4.map(|at| Some(Ipv4Addr::from(*chunk::<4>(packet, at as usize)?).into()))
    } else {
        PLACES_IPV6.map(|at| Some(Ipv6Addr::from(*chunk::<16>(packet, at as usize)?).into()))
    };
    let port = |at| chunk(packet, at).copied().map(u16::from_be_bytes);
    Some(Ends {
        source: SocketAddr::new(source?, port(ports_at)?),
        destination: SocketAddr::new(destination?, port(ports_at + 2)?),
    })
}

fn chunk<const LENGTH: usize>(packet: &[u8], at: usize) -> Option<&[u8; LENGTH]> {
    packet.get(at..)?.first_chunk()
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
fn filter(own: &[IpAddr]) -> Vec<SockFilter> {
    words(own).into_iter().map(|(code, yes, no, k)| SockFilter::new(code, yes, no, k)).collect()
}

/// The instructions: what is done, over how many to jump if it holds and if not, and with what.
fn words(own: &[IpAddr]) -> Vec<(u16, u8, u8, u32)> {
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for address in own {
        match address {
            IpAddr::V4(address) => {
                ipv4.extend(PLACES_IPV4.into_iter().flat_map(|at| block(at, &[address.to_bits()])));
            }
            IpAddr::V6(address) => {
                let bits = address.to_bits();
                let words = [96, 64, 32, 0].map(|shift| (bits >> shift & 0xffff_ffff) as u32);
                ipv6.extend(PLACES_IPV6.into_iter().flat_map(|at| block(at, &words)));
            }
        }
    }
    let refuse = (RETURN, 0, 0, 0);
    // There are at most 8 addresses, each of which takes 18 instructions.
    let over = u8::try_from(ipv4.len() + 1).unwrap_or(u8::MAX);
    let mut program = vec![(LOAD_OCTET, 0, 0, 0), (AND, 0, 0, 0xf0), (JUMP_EQUAL, 0, over, 0x40)];
    program.append(&mut ipv4);
    program.extend([refuse, (JUMP_EQUAL, 1, 0, 0x60), refuse]);
    program.append(&mut ipv6);
    program.push(refuse);
    program
}

/// Shows a packet that has these words from there on; another one goes on behind the block.
fn block(at: u32, words: &[u32]) -> Vec<(u16, u8, u8, u32)> {
    let mut block = Vec::new();
    for ((left, place), word) in (0..words.len()).rev().zip((at..).step_by(4)).zip(words) {
        let over = u8::try_from(2 * left + 1).unwrap_or(u8::MAX);
        block.extend([(LOAD_WORD, 0, 0, place), (JUMP_EQUAL, 0, over, *word)]);
    }
    block.push((RETURN, 0, 0, SHOWN as u32));
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do with a packet.
    fn lets_pass(own: &[IpAddr], packet: &[u8]) -> bool {
        let (program, mut at, mut word) = (words(own), 0, 0_u32);
        loop {
            let (code, yes, no, k) = program[at];
            let from = k as usize;
            at += 1;
            match code {
                // What is beyond the end of a packet ends the program.
                LOAD_WORD if packet.len() < from + 4 => return false,
                LOAD_WORD => word = u32::from_be_bytes(*chunk(packet, from).unwrap()),
                LOAD_OCTET => word = packet[from].into(),
                AND => word &= k,
                JUMP_EQUAL => at += usize::from(if word == k { yes } else { no }),
                RETURN => return k > 0,
                _ => panic!("{code}"),
            }
        }
    }

    /// From port 49,153 to port 7.
    fn packet(source: IpAddr, destination: IpAddr) -> Vec<u8> {
        let mut packet = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut packet = vec![0; 12];
                packet[0] = 0x45;
                packet[9] = TCP;
                packet.extend([source.octets(), destination.octets()].concat());
                packet
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let mut packet = vec![0x60, 0, 0, 0, 0, 4, UDP, 64];
                packet.extend([source.octets(), destination.octets()].concat());
                packet
            }
            _ => panic!("{source} {destination}"),
        };
        packet.extend([0xc0, 1, 0, 7]);
        packet
    }

    /// A host of an office.
    fn host(net: &str, host: u16) -> IpAddr {
        format!("{net}{host}").parse().unwrap()
    }

    #[test]
    fn packets_of_the_hosts_pass_the_filter_and_no_others() {
        for (here, there) in [("10.1.0.", "10.2.0."), ("2001:db8:1::", "2001:db8:2::")] {
            for count in 1..=8 {
                let mut own: Vec<_> = (1..=count).map(|number| host(here, number)).collect();
                // One of the other version changes nothing.
                own[usize::from(count) - 1] = if here.contains(':') {
                    "10.1.0.99".parse().unwrap()
                } else {
                    "2001:db8:1::99".parse().unwrap()
                };
                for number in 0..=9 {
                    let is_own = (1..count).contains(&number);
                    let near = host(here, number);
                    let out = packet(near, host(there, 1));
                    let back = packet(host(there, 1), near);
                    assert_eq!(lets_pass(&own, &out), is_own, "{near} of {count}");
                    assert_eq!(lets_pass(&own, &back), is_own, "{near} of {count}");
                }
            }
        }
    }

    #[test]
    fn the_ends_of_a_packet_are_read_and_of_a_short_one_none() {
        for net in ["10.1.0.", "2001:db8::"] {
            let packet = packet(host(net, 1), host(net, 2));
            let Ends { source, destination } = ends(&packet).unwrap();
            assert_eq!(source, SocketAddr::new(host(net, 1), 49_153));
            assert_eq!(destination, SocketAddr::new(host(net, 2), 7));
            for length in 0..packet.len() {
                assert!(ends(&packet[..length]).is_none(), "{length} octets");
            }
        }
    }
}
