//! What the kernel is asked and told about one UDP socket: how full its buffer is, and of whose
//! datagrams it shall let only some in (a classic BPF program, which needs no right).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{fmt, io};

use ipnet::{IpNet, Ipv6Net};
use nix::libc;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::GetStruct;
use socket2::{SockFilter, SockRef};
use tokio::net::UdpSocket;

/// Of so many datagrams of a thinned origin one is let through, by chance; a power of two.
pub(crate) const THINNED_TO: u32 = 64;
/// Origins that a filter can hold; a jump of the program reaches 255 steps.
pub(crate) const MOST: usize = 32;

/// Where a network header begins for a program, and where extensions do (`linux/filter.h`).
const NETWORK: u32 = 0_u32.wrapping_sub(0x10_0000);
const EXTENSION_RANDOM: u32 = 0_u32.wrapping_sub(0x1000) + 56;
const LOAD_WORD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Asks for how full a socket is (`linux/sock_diag.h`).
#[derive(Clone, Copy, Debug)]
struct MemoryInfo;

type MemoryWords = [u32; 9];

nix::getsockopt_impl!(
    MemoryInfo,
    libc::SOL_SOCKET,
    libc::SO_MEMINFO,
    MemoryWords,
    GetStruct<MemoryWords>
);

/// How full a socket's receive buffer is, in octets as the kernel charges them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occupancy {
    pub(crate) used: usize,
    pub(crate) room: usize,
}

/// Whose datagrams they are, as far as a filter tells it: an IPv4 address, or the first 64 bits
/// of an IPv6 address, within which whoever floods chooses freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    V4(u32),
    V6(u32, u32),
}

impl Origin {
    pub(crate) fn of(source: IpAddr) -> Self {
        match source {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6(u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
            }
        }
    }

    /// As an address or a prefix.
    fn network(self) -> IpNet {
        match self {
            Self::V4(address) => IpNet::from(IpAddr::from(Ipv4Addr::from_bits(address))),
            Self::V6(first, second) => {
                let bits = (u128::from(first) << 96) | (u128::from(second) << 64);
                Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), 64).into()
            }
        }
    }

    /// The words of the network header that tell it, with where they stand there.
    fn words(self) -> Vec<(u32, u32)> {
        match self {
            Self::V4(address) => vec![(12, address)],
            Self::V6(first, second) => vec![(8, first), (12, second)],
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network().fmt(f)
    }
}

/// How full the receive buffer is.
///
/// # Errors
/// What the kernel says.
pub(crate) fn occupancy(socket: &UdpSocket) -> io::Result<Occupancy> {
    let [used, room, ..] = getsockopt(socket, MemoryInfo)?;
    let octets = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    Ok(Occupancy { used: octets(used), room: octets(room) })
}

/// Has the kernel thin out `origins`, [`MOST`] at most and all of the socket's family, in place
/// of those before.
///
/// # Errors
/// What the kernel says; then what held before holds.
pub(crate) fn thin(socket: &UdpSocket, origins: &[Origin]) -> io::Result<()> {
    let socket = SockRef::from(socket);
    if origins.is_empty() {
        socket.detach_filter()
    } else {
        socket.attach_filter(&program(origins))
    }
}

fn program(origins: &[Origin]) -> Vec<SockFilter> {
    let step = |code, if_so, if_not, value| SockFilter::new(code, if_so, if_not, value);
    let tests: Vec<_> = origins.iter().take(MOST).map(|origin| origin.words()).collect();
    let mut left: usize = tests.iter().map(|words| words.len() * 2).sum();
    let mut program = Vec::new();
    for words in tests {
        let mut of_test = words.len() * 2;
        for (number, (at, value)) in words.iter().enumerate() {
            (left, of_test) = (left - 2, of_test - 2);
            // From the last word that fits to the thinning, over the rest and the step that lets
            // others in; from one that does not to the next test.
            let is_last = number + 1 == words.len();
            let if_so = if is_last { u8::try_from(left + 1).unwrap_or(u8::MAX) } else { 0 };
            let if_not = u8::try_from(of_test).unwrap_or(u8::MAX);
            program.push(step(LOAD_WORD, 0, 0, NETWORK.wrapping_add(*at)));
            program.push(step(JUMP_IF_EQUAL, if_so, if_not, *value));
        }
    }
    program.extend([
        step(RETURN, 0, 0, u32::MAX),
        step(LOAD_WORD, 0, 0, EXTENSION_RANDOM),
        step(AND, 0, 0, THINNED_TO - 1),
        step(JUMP_IF_EQUAL, 0, 1, 0),
        step(RETURN, 0, 0, u32::MAX),
        step(RETURN, 0, 0, 0),
    ]);
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: usize = 1_000;

    /// Both ways to one socket: what is set on the one holds for the other.
    fn socket(here: &str) -> (UdpSocket, std::net::UdpSocket) {
        let socket = std::net::UdpSocket::bind((here, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        (UdpSocket::from_std(socket.try_clone().unwrap()).unwrap(), socket)
    }

    /// Sends [`SENT`] datagrams from each source to a socket that thins `thinned`, and tells how
    /// many came through.
    fn come_through<const N: usize>(here: &str, from: [&str; N], thinned: &[&str]) -> [usize; N] {
        let (socket, incoming) = socket(here);
        let origins: Vec<_> =
            thinned.iter().map(|source| Origin::of(source.parse().unwrap())).collect();
        thin(&socket, &origins).unwrap();
        from.map(|from| {
            let sender = std::net::UdpSocket::bind((from, 0)).unwrap();
            let came = (0..SENT).filter(|_| {
                sender.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
                incoming.recv_from(&mut [0; 64]).is_ok()
            });
            came.count()
        })
    }

    #[tokio::test]
    async fn whoever_is_thinned_comes_through_sometimes_and_others_always() {
        let from = ["127.1.0.1", "127.1.0.2", "127.1.0.3"];
        let [first, second, third] = come_through("127.0.0.1", from, &from[..2]);
        assert!(first + second > 0 && first.max(second) < SENT / 8, "{first} {second}");
        assert_eq!(third, SENT);
    }

    #[tokio::test]
    async fn a_full_filter_thins_its_first_and_its_last() {
        let list: Vec<_> = (1..=MOST).map(|n| format!("127.1.0.{n}")).collect();
        let thinned: Vec<_> = list.iter().map(String::as_str).collect();
        let from = [thinned[0], thinned[MOST - 1], "127.1.0.99"];
        let [first, last, other] = come_through("127.0.0.1", from, &thinned);
        assert!(first < SENT / 8 && last < SENT / 8, "{first} {last}");
        assert_eq!(other, SENT);
    }

    #[tokio::test]
    async fn an_ipv6_address_is_thinned_with_its_neighbours_and_with_nobody_else() {
        let others: Vec<_> = (1..MOST).map(|n| format!("0:0:{n:x}::1")).collect();
        let mut thinned: Vec<_> = others.iter().map(String::as_str).collect();
        assert_eq!(come_through("::1", ["::1"], &thinned), [SENT]);
        thinned.push("::2");
        let [came] = come_through("::1", ["::1"], &thinned);
        assert!(came < SENT / 8, "{came}");
    }

    #[tokio::test]
    async fn nobody_is_thinned_any_more_once_the_filter_is_empty() {
        let (socket, incoming) = socket("127.0.0.1");
        let sender = std::net::UdpSocket::bind("127.1.0.1:0").unwrap();
        thin(&socket, &[Origin::of("127.1.0.1".parse().unwrap())]).unwrap();
        thin(&socket, &[]).unwrap();
        for _ in 0..SENT {
            sender.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
            assert_eq!(incoming.recv_from(&mut [0; 64]).unwrap().0, 20);
        }
    }

    #[tokio::test]
    async fn what_arrives_fills_the_socket() {
        let (socket, incoming) = socket("127.0.0.1");
        assert_eq!(occupancy(&socket).unwrap().used, 0);
        for _ in 0..100 {
            incoming.send_to(&[7; 20], incoming.local_addr().unwrap()).unwrap();
        }
        let Occupancy { used, room } = occupancy(&socket).unwrap();
        assert!(used >= 100 * super::super::LEAST_CHARGE && used < room, "{used} of {room}");
    }
}
