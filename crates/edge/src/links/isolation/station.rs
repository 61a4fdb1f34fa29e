//! Our visitor's place in the visitors' network: a TAP device that is a port of their bridge. What is
//! written to it comes to the router as from any visitor, by the same device and with the same rules.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::SockProtocol;
use nix::sys::time::TimeSpec;
use tokio_util::sync::CancellationToken;

use super::packets::{Answer, Hardware, Said, Visitor};
use super::settings::{Attempt, IsolationSettings, Stand};
use crate::links::tap;
use crate::netlink::{Message, NetlinkError, Socket};
use crate::random;

/// What the device is called.
const NAME: &str = "sabeel-visitor";
const RTM_NEWLINK: u16 = 16;
const IFLA_MASTER: u16 = 10;
const IFF_UP: u32 = 1;
/// The longest frame that is read.
const LONGEST: usize = 2_048;
/// How long is waited for an answer of ARP, and how often it is asked.
const NEAR: Duration = Duration::from_millis(500);
const TRIES: u32 = 3;
/// How long is waited for an answer of whatever was tried; it is tried anew after a third of it.
const FAR: Duration = Duration::from_secs(3);
/// So much is kept of a frame.
const KEPT: usize = 256;

/// Why a test cannot be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTested {
    #[error("{0} is no bridge, so nobody of ours can stand in the visitors' network")]
    NoBridge(String),
    #[error("our visitor has no place: {0}")]
    Place(#[from] io::Error),
    #[error("{0} is taken: somebody at {1} has it")]
    Taken(IpAddr, String),
    #[error("the router does not answer at {0}")]
    NoRouter(IpAddr),
    #[error("nothing of `control` answers, so visitors reach nothing at all: {0}")]
    NoControl(String),
    #[error("it was stopped")]
    Stopped,
}

/// What came back of an attempt, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) by: Answer,
    pub(super) frame: Vec<u8>,
}

/// Our visitor, until it is dropped.
pub(super) struct Station<'a> {
    tap: File,
    /// What only this test knows.
    secret: u32,
    settings: &'a IsolationSettings,
    over: &'a CancellationToken,
}

impl<'a> Station<'a> {
    /// Goes to the visitors' network.
    pub(super) fn open(
        settings: &'a IsolationSettings,
        over: &'a CancellationToken,
    ) -> Result<Self, NotTested> {
        let bridge = settings.device.as_str();
        if !Path::new("/sys/class/net").join(bridge).join("bridge").is_dir() {
            return Err(NotTested::NoBridge(bridge.to_owned()));
        }
        let tap = tap::open(NAME, libc::IFF_TAP)?;
        let master = settings.device.index().map_err(io::Error::from)?;
        join(master).map_err(|error| match error {
            NetlinkError::Refused(errno) => io::Error::from(errno),
            error => io::Error::other(error),
        })?;
        let secret = (random::number() & 0xffff_ffff) as u32;
        Ok(Self { tap, secret, settings, over })
    }

    /// Makes all attempts, in one IP version after the other: what came back of those into the office, and
    /// why not all could be made.
    pub(super) fn test(&self) -> (BTreeMap<usize, Reached>, Option<NotTested>) {
        let (mut all, mut why) = (BTreeMap::new(), None);
        for stand in self.settings.stands() {
            match self.test_from(stand) {
                Ok(reached) => all.extend(reached),
                Err(error) => why = Some(error),
            }
        }
        (all, why)
    }

    fn test_from(&self, stand: Stand) -> Result<BTreeMap<usize, Reached>, NotTested> {
        let (settings, Stand { from, gateway: router }) = (self.settings, stand);
        let hardware = settings.hardware_address.octets();
        let visitor = Visitor { hardware, address: from, secret: self.secret };
        if let Some(hardware) = self.near(&visitor, from, || visitor.ask_for_own())? {
            return Err(NotTested::Taken(from, told(hardware)));
        }
        let gateway = self.near(&visitor, router, || visitor.ask(router))?;
        let gateway = gateway.ok_or(NotTested::NoRouter(router))?;
        let is_reached = |reached: &Reached| reached.by != Answer::Router;
        let controls = self.far((&visitor, gateway), &settings.control, true)?;
        if !controls.values().any(is_reached) {
            let all = settings.control.iter().filter(|attempt| attempt.is_like(from));
            let all: Vec<_> = all.map(ToString::to_string).collect();
            return Err(NotTested::NoControl(all.join(", ")));
        }
        let mut reached = self.far((&visitor, gateway), &settings.office, false)?;
        reached.retain(|_, reached| is_reached(reached));
        Ok(reached)
    }

    /// Who has an address of the visitors' network.
    fn near(
        &self,
        visitor: &Visitor,
        wanted: IpAddr,
        question: impl Fn() -> Vec<u8>,
    ) -> Result<Option<Hardware>, NotTested> {
        for _ in 0..TRIES {
            self.send(&question())?;
            let found =
                self.listen((visitor, &[]), Instant::now() + NEAR, |said, _| match said {
                    Said::Has { who, hardware } if who == wanted => Some(hardware),
                    // Who asks for it with it as its own has it, too.
                    Said::Asks { who, hardware } if who == wanted => Some(hardware),
                    Said::Has { .. } | Said::Asks { .. } | Said::Answers { .. } => None,
                })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// What answers of those of these that are of the visitor's IP version; with `one` nothing is waited
    /// for once one has.
    fn far(
        &self,
        (visitor, gateway): (&Visitor, Hardware),
        attempts: &[Attempt],
        one: bool,
    ) -> Result<BTreeMap<usize, Reached>, NotTested> {
        let own = || {
            let all = attempts.iter().enumerate();
            all.filter(|(_, attempt)| attempt.is_like(visitor.address))
        };
        let (mut reached, all) = (BTreeMap::new(), own().count());
        let begun = Instant::now();
        for round in 0..TRIES {
            for (number, attempt) in own() {
                if !reached.contains_key(&number) {
                    self.send(&visitor.attempt(number, *attempt, gateway))?;
                }
            }
            let until = begun + FAR * (round + 1) / TRIES;
            self.listen((visitor, attempts), until, |said, frame| {
                let Said::Answers { number, by } = said else { return None };
                let frame = frame.get(..KEPT).unwrap_or(frame).to_vec();
                let is_new = |former: &Reached| former.by == Answer::Router;
                if reached.get(&number).is_none_or(is_new) {
                    reached.insert(number, Reached { by, frame });
                }
                let is_enough = one && by != Answer::Router;
                (is_enough || reached.len() == all).then_some(())
            })?;
            let is_enough = one && reached.values().any(|it| it.by != Answer::Router);
            if is_enough || reached.len() == all {
                break;
            }
        }
        for number in reached.keys() {
            let attempt = attempts.get(*number);
            let farewell = attempt.and_then(|attempt| visitor.give_up(*number, *attempt, gateway));
            if let Some(farewell) = farewell {
                self.send(&farewell)?;
            }
        }
        Ok(reached)
    }

    /// Takes frames until then or until one is what is looked for, and tells who asks where we are.
    fn listen<T>(
        &self,
        (visitor, attempts): (&Visitor, &[Attempt]),
        until: Instant,
        mut look: impl FnMut(Said, &[u8]) -> Option<T>,
    ) -> Result<Option<T>, NotTested> {
        let mut octets = [0; LONGEST];
        loop {
            if self.over.is_cancelled() {
                return Err(NotTested::Stopped);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            // Often enough to see that it is over.
            let left = TimeSpec::from(left.min(NEAR));
            let mut fds = [PollFd::new(self.tap.as_fd(), PollFlags::POLLIN)];
            match ppoll(&mut fds, Some(left), None) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(errno) => return Err(io::Error::from(errno).into()),
            }
            let length = match (&self.tap).read(&mut octets) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            let frame = octets.get(..length).unwrap_or_default();
            let Some(said) = visitor.read(frame, attempts) else { continue };
            if let Some(found) = look(said, frame) {
                return Ok(Some(found));
            }
            if let Said::Asks { who, hardware } = said {
                self.send(&visitor.tell((hardware, who)))?;
            }
        }
    }

    fn send(&self, frame: &[u8]) -> Result<(), NotTested> {
        match (&self.tap).write(frame) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes the device a port of a bridge and takes it up.
fn join(master: u32) -> Result<(), NetlinkError> {
    let index = if_nametoindex(NAME).map_err(NetlinkError::Refused)?;
    let header = |flags: u32| {
        let mut header = [0; 16];
        header[4..8].copy_from_slice(&index.to_ne_bytes());
        header[8..12].copy_from_slice(&flags.to_ne_bytes());
        header[12..16].copy_from_slice(&flags.to_ne_bytes());
        header
    };
    let requests = vec![
        Message::new(RTM_NEWLINK, 0, &header(0)).with(IFLA_MASTER, &master.to_ne_bytes()),
        Message::new(RTM_NEWLINK, 0, &header(IFF_UP)),
    ];
    Socket::open(SockProtocol::NetlinkRoute)?.request_in_turn(requests)
}

fn told(hardware: Hardware) -> String {
    domain::MacAddress::new(hardware).to_string()
}
