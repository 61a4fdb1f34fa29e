//! DNS questions by UDP (RFC 1035), by one socket per device and version of IP. Each has a number that nobody can guess.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use hickory_proto::op::Query;
use hickory_proto::rr::Name;
use link::targets::{Failure, Probe};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::batch::Way;
use crate::links::dns::{addresses_of, failure, question};
use crate::links::switch::Family;
use crate::random;

/// Questions that are remembered; who answers after so many others is not heard.
const REMEMBERED: usize = 8_192;

/// The socket of a device and what was asked by it.
pub(super) struct Names {
    socket: UdpSocket,
    asked: HashMap<u16, Asked>,
    order: VecDeque<u16>,
}

struct Asked {
    probe: Probe,
    to: SocketAddr,
    query: Query,
}

impl Names {
    /// Takes a socket that is bound to a device and to our address there.
    pub(super) fn open(
        bind: impl FnOnce(&Socket) -> io::Result<()>,
        family: Family,
    ) -> io::Result<Self> {
        let domain = match family {
            Family::Ipv4 => Domain::IPV4,
            Family::Ipv6 => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        bind(&socket)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        Ok(Self { socket: socket.into(), asked: HashMap::new(), order: VecDeque::new() })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Asks for the addresses of a name.
    pub(super) fn ask(
        &mut self,
        (to, way): (SocketAddr, Way),
        name: &Name,
        probe: Probe,
    ) -> Result<(), Errno> {
        while self.order.len() >= REMEMBERED {
            let oldest = self.order.pop_front();
            oldest.and_then(|number| self.asked.remove(&number));
        }
        let number = self.number();
        let query = addresses_of(name.clone());
        let octets = question(number, query.clone()).ok_or(Errno::EINVAL)?;
        let sent = SockRef::from(&self.socket).send_to_with_flags(&octets, &to.into(), way.flags());
        sent.map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
        self.asked.insert(number, Asked { probe, to, query });
        self.order.push_back(number);
        Ok(())
    }

    /// Which probe a datagram answers, and what is wrong with the answer.
    pub(super) fn read(
        &mut self,
        octets: &[u8],
        from: SocketAddr,
    ) -> Option<(Probe, Option<Failure>)> {
        let number = u16::from_be_bytes(*octets.first_chunk()?);
        let asked = self.asked.get(&number).filter(|asked| asked.to == from)?;
        let failure = failure(octets, &asked.query);
        let probe = asked.probe;
        self.asked.remove(&number);
        Some((probe, failure))
    }

    /// A number that no question has.
    fn number(&self) -> u16 {
        // Of eight at least seven are free, so it ends soon.
        loop {
            let number = (random::number() & 0xffff) as u16;
            if !self.asked.contains_key(&number) {
                return number;
            }
        }
    }
}
