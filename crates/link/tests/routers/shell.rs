//! The sockets and the clock around sessions, on a thread of its own.

use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use link::bfd::{
    Arrival, Change, Discriminator, Frame, Interface, Output, Packet, Path, Sessions, Settings,
};
use nix::cmsg_space;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;

use crate::PATIENCE;
use crate::ground::{Ground, Place};

/// How long a packet is waited for before the thread looks what it is asked to do.
const GLANCE: Duration = Duration::from_millis(20);

type Act = Box<dyn FnOnce(&mut Shell) + Send>;

/// What is told of a session.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    Changed(Change),
    Sent(Packet),
    Heard(Packet),
}

impl Told {
    pub fn change(&self) -> Option<Change> {
        match self {
            Self::Changed(change) => Some(*change),
            Self::Sent(_) | Self::Heard(_) => None,
        }
    }
}

/// When what was told of which one.
#[derive(Clone, Copy, Debug)]
pub struct Saying {
    pub at: Instant,
    pub session: Discriminator,
    pub told: Told,
}

/// A path with its own sockets: where a session's packets arrive, and where they leave.
pub struct End {
    path: Path,
    local: IpAddr,
    receiving: UdpSocket,
    sending: UdpSocket,
}

impl End {
    /// Opens those of some paths, each from an address of ours.
    pub fn open(ground: &Ground, paths: &[(Path, IpAddr)]) -> Vec<Self> {
        let place = |(path, local): &(Path, IpAddr)| {
            let device = if matches!(path, Path::SingleHop { .. }) { "wire" } else { "wan" };
            Place { device, address: *local, port: path.hops().port() }
        };
        let places: Vec<_> = paths.iter().map(place).collect();
        let sockets = ground.open(&places);
        let end = |(&(path, local), [receiving, sending]): (&(Path, IpAddr), [UdpSocket; 2])| {
            match local {
                IpAddr::V4(_) => {
                    setsockopt(&receiving, sockopt::Ipv4RecvTtl, &true).unwrap();
                    sending.set_ttl(255).unwrap();
                }
                IpAddr::V6(_) => {
                    setsockopt(&receiving, sockopt::Ipv6RecvHopLimit, &true).unwrap();
                    setsockopt(&sending, sockopt::Ipv6Ttl, &255).unwrap();
                }
            }
            Self { path, local, receiving, sending }
        };
        paths.iter().zip(sockets).map(end).collect()
    }

    fn send(&self, datagram: &[u8]) {
        let to = SocketAddr::new(self.path.peer(), self.path.hops().port());
        // A peer whose process is gone may answer that its port is closed.
        self.sending.send_to(datagram, to).ok();
    }

    /// The next packet, if there is one: how long it is, and how it came.
    fn receive(&self, octets: &mut [u8]) -> Option<(usize, Arrival)> {
        let mut slices = [IoSliceMut::new(octets)];
        let mut room = cmsg_space!(i32);
        let (descriptor, flags) = (self.receiving.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        let message =
            recvmsg::<SockaddrStorage>(descriptor, &mut slices, Some(&mut room), flags).ok()?;
        let ttl = message.cmsgs().unwrap().find_map(|message| match message {
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                u8::try_from(ttl).ok()
            }
            _ => None,
        });
        let address = message.address.unwrap();
        let from = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(address), _) => Some(IpAddr::V4(address.ip())),
            (_, Some(address)) => Some(IpAddr::V6(address.ip())),
            (None, None) => None,
        };
        let arrival = Arrival {
            interface: Interface(1),
            from: from.unwrap(),
            to: self.local,
            ttl: ttl.unwrap(),
            hops: self.path.hops(),
        };
        Some((message.bytes, arrival))
    }
}

/// What runs on the thread.
pub struct Shell {
    pub sessions: Sessions,
    ends: Vec<End>,
    told: Sender<Saying>,
    entropy: u64,
}

impl Shell {
    /// Begins a session on each path; forgets those that were there, as after a crash.
    pub fn begin(&mut self, settings: &Settings) -> Vec<Discriminator> {
        self.sessions = Sessions::new(NonZeroUsize::new(self.ends.len()).unwrap());
        let begin = |end: &End| {
            self.sessions.add(end.path, settings.clone(), entropy(), Instant::now()).unwrap()
        };
        self.ends.iter().map(begin).collect()
    }

    /// Has packets leave with that time to live from now on.
    pub fn set_ttl(&self, ttl: u32) {
        for end in &self.ends {
            end.sending.set_ttl(ttl).unwrap();
        }
    }

    /// Does what is due, and takes in what arrives before more is.
    fn turn(&mut self) {
        let now = Instant::now();
        while let Some(output) = self.sessions.poll(now, self.entropy) {
            self.entropy = self.entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match output {
                Output::Transmit { session, path, datagram } => {
                    self.ends.iter().find(|end| end.path == path).unwrap().send(&datagram);
                    self.tell(session, Told::Sent(*Frame::parse(&datagram).unwrap().packet()));
                }
                Output::Changed { session, change } => self.tell(session, Told::Changed(change)),
                Output::Late { .. } | Output::Elsewhere { .. } | Output::Removed { .. } => {}
            }
        }
        let wait = self.sessions.next_deadline().map_or(GLANCE, |next| {
            next.saturating_duration_since(now).clamp(Duration::from_micros(1), GLANCE)
        });
        let fd = |end| PollFd::new(AsFd::as_fd(end), PollFlags::POLLIN);
        let mut fds: Vec<_> = self.ends.iter().map(|end| fd(&end.receiving)).collect();
        ppoll(&mut fds, Some(TimeSpec::from(wait)), None).unwrap();
        let is_ready: Vec<_> = fds.iter().map(|fd| fd.any().unwrap()).collect();
        let ready = self.ends.iter().zip(is_ready).filter(|(_, is_ready)| *is_ready);
        let mut octets = [0; 100];
        for (end, _) in ready {
            while let Some((length, arrival)) = end.receive(&mut octets) {
                let octets = &octets[..length];
                if let Ok(received) = self.sessions.receive(&arrival, octets, Instant::now()) {
                    let packet = *Frame::parse(octets).unwrap().packet();
                    self.tell(received.session, Told::Heard(packet));
                    if let Some(change) = received.change {
                        self.tell(received.session, Told::Changed(change));
                    }
                }
            }
        }
    }

    fn tell(&self, session: Discriminator, told: Told) {
        // Nobody listens at the end of a test.
        self.told.send(Saying { at: Instant::now(), session, told }).ok();
    }
}

/// The thread, until it is dropped.
pub struct Running {
    acts: Sender<Act>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Begins a session on each of these paths; returns what they are called, and what tells of them.
    pub fn start(
        ends: Vec<End>,
        settings: &Settings,
    ) -> (Self, Vec<Discriminator>, Receiver<Saying>) {
        let (acts, to_do) = channel::<Act>();
        let (telling, told) = channel();
        let sessions = Sessions::new(NonZeroUsize::MIN);
        let mut shell = Shell { sessions, ends, told: telling, entropy: entropy() };
        let begun = shell.begin(settings);
        let thread = std::thread::spawn(move || {
            loop {
                match to_do.try_recv() {
                    Ok(act) => act(&mut shell),
                    Err(TryRecvError::Empty) => shell.turn(),
                    Err(TryRecvError::Disconnected) => return,
                }
            }
        });
        (Self { acts, thread: Some(thread) }, begun, told)
    }

    /// Has the thread do something, and waits for it.
    pub fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Shell) -> T + Send + 'static) -> T {
        let (done, result) = channel();
        self.acts.send(Box::new(move |shell| done.send(act(shell)).unwrap())).unwrap();
        result.recv_timeout(PATIENCE).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let (acts, _) = channel();
        self.acts = acts;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Good enough for a test: what the standard library draws to keep its maps from being guessed.
fn entropy() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}
