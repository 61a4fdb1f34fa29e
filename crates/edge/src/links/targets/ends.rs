//! The sockets by which the targets of one path are asked. All are bound to its device and to our address
//! there: where either is missing a probe fails and says so, and never leaves by another way.

use std::io;
use std::net::Ipv4Addr;

use link::targets::{Failure, Probe};
use nix::errno::Errno;
use socket2::{SockAddr, Socket};

use super::echo::{Echo, Secret};
use super::names::Names;
use super::neighbour::Neighbours;
use super::settings::Question;
use crate::interface::InterfaceName;

/// By what the sockets of a path are bound.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) device: InterfaceName,
    pub(super) local: Ipv4Addr,
}

impl Bound {
    /// Binds a socket of IPv4 and lets it not block.
    pub(super) fn bind(&self, socket: &Socket) -> io::Result<()> {
        socket.bind_device(Some(self.device.as_str().as_bytes()))?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(std::net::SocketAddrV4::new(self.local, 0)))
    }
}

/// Which sockets the targets of a path need.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    echo: bool,
    neighbours: bool,
    names: bool,
}

/// The sockets of a path, as far as they can be opened now.
pub(super) struct Ends {
    pub(super) bound: Bound,
    needs: Needs,
    secret: Secret,
    open: Result<Open, Errno>,
}

pub(super) struct Open {
    interface: u32,
    pub(super) echo: Option<Echo>,
    pub(super) neighbours: Option<Neighbours>,
    pub(super) names: Option<Names>,
}

impl Ends {
    /// Opens what these questions need.
    pub(super) fn new<'a>(
        bound: Bound,
        secret: Secret,
        questions: impl IntoIterator<Item = &'a Question>,
    ) -> Self {
        let mut needs = Needs::default();
        for question in questions {
            match question {
                Question::Ping => needs.echo = true,
                Question::Arp => needs.neighbours = true,
                Question::Dns { .. } => needs.names = true,
                Question::Tcp { .. } | Question::Http { .. } => {}
            }
        }
        let open = open(&bound, needs, secret);
        Self { bound, needs, secret, open }
    }

    /// Opens them anew if the device was made again, or is there by now.
    pub(super) fn refresh(&mut self) {
        let is_same = match (&self.open, self.bound.device.index()) {
            (Ok(open), Ok(interface)) => open.interface == interface,
            (Ok(_), Err(_)) | (Err(_), _) => false,
        };
        if !is_same {
            self.open = open(&self.bound, self.needs, self.secret);
        }
    }

    /// Those that are open, or why none is.
    pub(super) fn open(&mut self) -> Result<&mut Open, Errno> {
        self.open.as_mut().map_err(|errno| *errno)
    }

    /// The same for who only waits.
    pub(super) fn waiting(&self) -> Option<&Open> {
        self.open.as_ref().ok()
    }

    /// Sends echo requests, a batch at most.
    pub(super) fn ping(&self, probes: &[(Ipv4Addr, Probe)], mut failed: impl FnMut(Probe, Errno)) {
        let echo = match &self.open {
            Ok(Open { echo: Some(echo), .. }) => Ok(echo),
            Ok(_) => Err(Errno::ENODEV),
            Err(errno) => Err(*errno),
        };
        match echo {
            Ok(echo) => echo.send(probes, failed),
            Err(errno) => probes.iter().for_each(|(_, probe)| failed(*probe, errno)),
        }
    }
}

/// What a probe is that could not be sent: nothing, if this side had no room.
pub(super) fn unsent(errno: Errno) -> Option<Failure> {
    let is_full = matches!(errno, Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM);
    (!is_full).then_some(Failure::Unsent(errno as i32))
}

fn open(bound: &Bound, needs: Needs, secret: Secret) -> Result<Open, Errno> {
    let raw = |error: io::Error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let interface = bound.device.index()?;
    let bind = |socket: &Socket| bound.bind(socket);
    let echo = needs.echo.then(|| Echo::open(bind, secret)).transpose().map_err(raw)?;
    let names = needs.names.then(|| Names::open(bind)).transpose().map_err(raw)?;
    let neighbours = needs.neighbours.then(|| Neighbours::open(interface, bound.local));
    let neighbours = neighbours.transpose().map_err(raw)?;
    Ok(Open { interface, echo, neighbours, names })
}
