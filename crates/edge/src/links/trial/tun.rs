//! The cable of the host that stands in for the office: a TUN device. What is written to it comes to this
//! router as from any device of the office, and passes the same rules on its way.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::SockProtocol;
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

use crate::links::tap;
use crate::netlink::{CREATE, Message, NetlinkError, REPLACE, Socket};

/// The longest packet that is read.
const LONGEST: usize = 2_048;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWROUTE: u16 = 24;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const MAIN_TABLE: u8 = 254;
/// "Made by whoever administers" (`RTPROT_STATIC`): the switch leaves it alone, and it goes with the device.
const STATIC: u8 = 4;
const SCOPE_LINK: u8 = 253;
const UNICAST: u8 = 1;
const IFF_UP: u32 = 1;

/// The device, until it is dropped.
#[derive(Debug)]
pub(super) struct Tun {
    file: File,
    /// The longest packet that is sent.
    mtu: usize,
}

impl Tun {
    /// Makes the device of that name and leads those addresses of the office to it.
    pub(super) fn open(name: &str, addresses: &[IpAddr], mtu: u16) -> io::Result<Self> {
        let own = getifaddrs()?.filter_map(|of| {
            let address = of.address?;
            let ipv4 = address.as_sockaddr_in().map(|of| IpAddr::V4(of.ip()));
            ipv4.or_else(|| address.as_sockaddr_in6().map(|of| IpAddr::V6(of.ip())))
        });
        if let Some(taken) = own.into_iter().find(|own| addresses.contains(own)) {
            let reason = format!("{taken} is this router's own: use an address that nobody has");
            return Err(io::Error::new(io::ErrorKind::AddrInUse, reason));
        }
        let file = tap::open(name, libc::IFF_TUN)?;
        lead(name, addresses).map_err(|error| match error {
            NetlinkError::Refused(errno) => errno.into(),
            error => io::Error::other(error),
        })?;
        Ok(Self { file, mtu: mtu.into() })
    }

    /// What to wait for.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Takes the device up and gives it the routes of those addresses.
fn lead(name: &str, addresses: &[IpAddr]) -> Result<(), NetlinkError> {
    let index = if_nametoindex(name).map_err(NetlinkError::Refused)?;
    let mut link = [0; 16];
    link[4..8].copy_from_slice(&index.to_ne_bytes());
    link[8..12].copy_from_slice(&IFF_UP.to_ne_bytes());
    link[12..16].copy_from_slice(&IFF_UP.to_ne_bytes());
    let mut requests = vec![Message::new(RTM_NEWLINK, 0, &link)];
    requests.extend(addresses.iter().map(|address| {
        let (family, octets) = match address {
            IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec()),
            IpAddr::V6(address) => (libc::AF_INET6, address.octets().to_vec()),
        };
        let (family, whole) = (family as u8, (octets.len() * 8) as u8);
        let header = [family, whole, 0, 0, MAIN_TABLE, STATIC, SCOPE_LINK, UNICAST, 0, 0, 0, 0];
        Message::new(RTM_NEWROUTE, CREATE | REPLACE, &header)
            .with(RTA_DST, &octets)
            .with(RTA_OIF, &index.to_ne_bytes())
    }));
    Socket::open(SockProtocol::NetlinkRoute)?.request_in_turn(requests)
}

impl Device for Tun {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sending<'_>)> {
        let mut octets = vec![0; LONGEST];
        // A device that is down says so here, and is as one on which nothing comes.
        let length = (&self.file).read(&mut octets).ok()?;
        octets.truncate(length);
        Some((Received(octets), Sending(&self.file)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        Some(Sending(&self.file))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

/// A packet that came.
pub(super) struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

/// A packet that goes.
pub(super) struct Sending<'a>(&'a File);

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut octets = vec![0; length];
        let made = f(&mut octets);
        let mut file = self.0;
        if let Err(error) = file.write(&octets) {
            tracing::trace!(%error, "links.trial.send");
        }
        made
    }
}
