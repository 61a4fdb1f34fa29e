//! Sends router advertisements on the visitors' network, and hears who asks for one.
//!
//! The kernel hands over solicitations alone, and of these those alone that came from this network
//! (RFC 4861 §6.1.1: a hop limit of 255). What cannot be sent is tried again when the next one is due:
//! the interface may have no address of IPv6 for a moment, or for good.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep, sleep_until};

use crate::advertisement::{Schedule, advertisement};
use crate::interface::InterfaceName;
use crate::random;

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const ROUTER_SOLICITATION: u32 = 133;
/// Nobody further than this network sees or sends such packets.
const HOP_LIMIT: u32 = 255;
/// How long to wait when the system cannot give what was heard.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells a network where the API of the captive portal is.
pub(crate) struct Advertiser {
    socket: AsyncFd<Socket>,
    everybody: SockAddr,
    octets: Vec<u8>,
}

impl Advertiser {
    /// Opens a socket on that network, to tell of that API. Needs a running tokio.
    pub(crate) fn open(interface: &InterfaceName, api: &str) -> io::Result<Self> {
        let index = interface.index()?;
        // Until it is bound to a device nothing that others sent is kept for us.
        let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?;
        socket.attach_filter(&filter())?;
        socket.set_nonblocking(true)?;
        socket.bind_device(Some(interface.as_str().as_bytes()))?;
        socket.set_multicast_if_v6(index)?;
        socket.set_multicast_hops_v6(HOP_LIMIT)?;
        socket.set_multicast_loop_v6(false)?;
        socket.join_multicast_v6(&ALL_ROUTERS, index)?;
        // SAFETY: a socket owns its descriptor, never replaces it and closes it when dropped.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) };
        let everybody = SocketAddrV6::new(ALL_NODES, 0, 0, index).into();
        Ok(Self { socket: socket?, everybody, octets: advertisement(api) })
    }

    /// Tells and answers until dropped.
    pub(crate) async fn run(self) {
        let mut schedule = Schedule::new(Instant::now());
        loop {
            tokio::select! {
                () = sleep_until(schedule.due()) => {
                    if let Err(error) = self.socket.get_ref().send_to(&self.octets, &self.everybody) {
                        tracing::warn!(%error, "edge.advertiser.unsent");
                    }
                    schedule.sent(Instant::now(), chance());
                }
                heard = self.hear() => match heard {
                    Ok(()) => schedule.solicited(Instant::now(), chance()),
                    Err(error) => {
                        tracing::warn!(%error, "edge.advertiser.deaf");
                        sleep(PAUSE).await;
                    }
                },
            }
        }
    }

    /// Waits for a solicitation. Who sent it does not matter: all are answered together.
    async fn hear(&self) -> io::Result<()> {
        loop {
            let mut ready = self.socket.readable().await?;
            let mut nothing = [0; 8];
            let take = |socket: &AsyncFd<Socket>| {
                let fd = socket.get_ref().as_raw_fd();
                Ok(recv(fd, &mut nothing, MsgFlags::MSG_DONTWAIT).map(drop)?)
            };
            if let Ok(heard) = ready.try_io(take) {
                return heard;
            }
        }
    }
}

fn chance() -> u8 {
    let [chance] = random::octets();
    chance
}

/// Lets solicitations of this network through, and nothing else. What it sees begins with the packet of
/// ICMPv6; the header of IPv6 is at an offset of its own.
fn filter() -> [SockFilter; 6] {
    const LOAD_OCTET: u16 = 0x30;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const HOPS_OF_HEADER: u32 = libc::SKF_NET_OFF.cast_unsigned() + 7;
    [
        SockFilter::new(LOAD_OCTET, 0, 0, 0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 3, ROUTER_SOLICITATION),
        SockFilter::new(LOAD_OCTET, 0, 0, HOPS_OF_HEADER),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, HOP_LIMIT),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}
