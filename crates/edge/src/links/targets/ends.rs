//! The sockets by which the targets of one path are asked. All are bound to its device and to our address
//! there: where either is missing a probe fails and says so, and never leaves by another way. What is of the
//! version of IP that the path's own ends do not have leaves from whichever address its device has.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::BorrowedFd;

use link::bfd::Interface;
use link::targets::Failure;
use nix::errno::Errno;
use socket2::Socket;

use super::arp::Arp;
use super::echo::{Echo, Secret};
use super::names::Names;
use super::ndp::Ndp;
use super::settings::Question;
use crate::interface::InterfaceName;
use crate::links::sockets::at;
use crate::links::switch::Family;

/// By what the sockets of a path are bound.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) device: InterfaceName,
    pub(super) local: IpAddr,
}

impl Bound {
    /// Binds a socket of that version of IP and lets it not block.
    pub(super) fn bind(&self, socket: &Socket, family: Family) -> io::Result<()> {
        socket.bind_device(Some(self.device.as_str().as_bytes()))?;
        socket.set_nonblocking(true)?;
        socket.bind(&self.at(self.local(family), 0)?.into())
    }

    /// A place beyond the device.
    pub(super) fn at(&self, address: IpAddr, port: u16) -> io::Result<SocketAddr> {
        Ok(at(address, port, Interface(self.device.index()?)))
    }

    fn local(&self, family: Family) -> IpAddr {
        match (family, self.local) {
            (Family::Ipv4, _) => self.local_ipv4().into(),
            (Family::Ipv6, IpAddr::V6(local)) => local.into(),
            (Family::Ipv6, IpAddr::V4(_)) => Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    fn local_ipv4(&self) -> Ipv4Addr {
        if let IpAddr::V4(local) = self.local { local } else { Ipv4Addr::UNSPECIFIED }
    }
}

/// One for each version of IP.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Both<T> {
    ipv4: T,
    ipv6: T,
}

impl<T> Both<T> {
    pub(super) fn of(&mut self, family: Family) -> &mut T {
        match family {
            Family::Ipv4 => &mut self.ipv4,
            Family::Ipv6 => &mut self.ipv6,
        }
    }
}

/// A socket, or why it cannot be opened now.
pub(super) struct Slot<T>(Result<T, Errno>);

impl<T> Slot<T> {
    const fn missing() -> Self {
        Self(Err(Errno::ENODEV))
    }

    pub(super) fn open(&mut self) -> Result<&mut T, Errno> {
        self.0.as_mut().map_err(|errno| *errno)
    }

    fn waiting(&self) -> Option<&T> {
        self.0.as_ref().ok()
    }

    /// Opens it, if it is needed, where it is not open or its device is another one.
    fn renew(&mut self, is_needed: bool, is_same: bool, open: impl FnOnce() -> io::Result<T>) {
        if is_needed && !(is_same && self.0.is_ok()) {
            let raw = |error: io::Error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            self.0 = open().map_err(raw);
        }
    }
}

/// Which sockets the targets of a path need.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    echo: Both<bool>,
    names: Both<bool>,
    neighbours: Both<bool>,
}

/// The sockets of a path, as far as they can be opened now.
pub(super) struct Ends {
    pub(super) bound: Bound,
    needs: Needs,
    secret: Secret,
    interface: Result<u32, Errno>,
    pub(super) echo: Both<Slot<Echo>>,
    pub(super) names: Both<Slot<Names>>,
    pub(super) arp: Slot<Arp>,
    pub(super) ndp: Slot<Ndp>,
}

impl Ends {
    /// Opens what these questions to these addresses need.
    pub(super) fn new<'a>(
        bound: Bound,
        secret: Secret,
        questions: impl IntoIterator<Item = (&'a Question, IpAddr)>,
    ) -> Self {
        let mut needs = Needs::default();
        for (question, address) in questions {
            let family = Family::of_address(address);
            match question {
                Question::Ping => *needs.echo.of(family) = true,
                Question::Neighbour => *needs.neighbours.of(family) = true,
                Question::Dns { .. } => *needs.names.of(family) = true,
                Question::Tcp { .. } | Question::Http { .. } => {}
            }
        }
        let mut ends = Self {
            bound,
            needs,
            secret,
            interface: Err(Errno::ENODEV),
            echo: Both { ipv4: Slot::missing(), ipv6: Slot::missing() },
            names: Both { ipv4: Slot::missing(), ipv6: Slot::missing() },
            arp: Slot::missing(),
            ndp: Slot::missing(),
        };
        ends.refresh();
        ends
    }

    /// Opens those anew whose device was made again, or is there by now.
    pub(super) fn refresh(&mut self) {
        let Self { bound, needs, secret, .. } = self;
        let found = bound.device.index();
        let is_same = self.interface == found && found.is_ok();
        self.interface = found;
        for family in Family::BOTH {
            let bind = |socket: &Socket| bound.bind(socket, family);
            let (echo, names) = (*needs.echo.of(family), *needs.names.of(family));
            self.echo.of(family).renew(echo, is_same, || Echo::open(bind, family, *secret));
            self.names.of(family).renew(names, is_same, || Names::open(bind, family));
        }
        let (ipv4, ipv6) = (needs.neighbours.ipv4, needs.neighbours.ipv6);
        self.arp.renew(ipv4, is_same, || Arp::open(found?, bound.local_ipv4()));
        let bind = |socket: &Socket| bound.bind(socket, Family::Ipv6);
        self.ndp.renew(ipv6, is_same, || Ndp::open(bind, found?));
    }

    /// What to wait for.
    pub(super) fn waiting(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let echo = [&self.echo.ipv4, &self.echo.ipv6].map(|slot| slot.waiting().map(Echo::fd));
        let names = [&self.names.ipv4, &self.names.ipv6].map(|slot| slot.waiting().map(Names::fd));
        let neighbours = [self.arp.waiting().map(Arp::fd), self.ndp.waiting().map(Ndp::fd)];
        [echo, names, neighbours].into_iter().flatten().flatten()
    }

    /// A place beyond the device.
    pub(super) fn at(&self, address: IpAddr, port: u16) -> Result<SocketAddr, Errno> {
        Ok(at(address, port, Interface(self.interface?)))
    }
}

/// What a probe is that could not be sent: nothing, if this side had no room.
pub(super) fn unsent(errno: Errno) -> Option<Failure> {
    let is_full = matches!(errno, Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM);
    (!is_full).then_some(Failure::Unsent(errno as i32))
}
