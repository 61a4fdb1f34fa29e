//! Our end: the sockets and the clock around the sessions, on a thread of its own.

use std::cell::RefCell;
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use link::bfd::{
    Arrival, Change, Discriminator, Frame, Hops, Interface, Output, Packet, Path, Sessions,
    Settings, Standing, State,
};
use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};

use crate::ground::{Ground, OURS, OURS_AFAR, OURS_V6, THEIRS, THEIRS_AFAR, THEIRS_V6};
use crate::{PATIENCE, eventually};

/// How long a packet is waited for before the agent looks what it is asked to do.
const GLANCE: Duration = Duration::from_millis(20);

type Act = Box<dyn FnOnce(&mut Shell) + Send>;

/// What is told of the session.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    Changed(Change),
    Sent(Packet),
    Heard(Packet),
}

impl Told {
    fn change(&self) -> Option<Change> {
        match self {
            Self::Changed(change) => Some(*change),
            Self::Sent(_) | Self::Heard(_) => None,
        }
    }
}

/// What runs on the thread.
pub struct Shell {
    pub sessions: Sessions,
    pub sending: UdpSocket,
    receiving: UdpSocket,
    local: IpAddr,
    hops: Hops,
    told: Sender<(Instant, Told)>,
    entropy: u64,
}

/// One end with one session.
pub struct Agent {
    acts: Sender<Act>,
    told: Receiver<(Instant, Told)>,
    /// Changes that were told while something else was waited for.
    passed_over: RefCell<Vec<Change>>,
    pub session: Discriminator,
    path: Path,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// On the wire to FRR.
    pub fn on_the_wire(ground: &Ground, settings: Settings) -> Self {
        Self::beside(ground, OURS.into(), THEIRS.into(), settings)
    }

    /// The same, over IPv6.
    pub fn on_the_wire_v6(ground: &Ground, settings: Settings) -> Self {
        Self::beside(ground, OURS_V6.into(), THEIRS_V6.into(), settings)
    }

    fn beside(ground: &Ground, own: IpAddr, peer: IpAddr, settings: Settings) -> Self {
        let path = Path::SingleHop { interface: Interface(1), peer };
        let sockets = ground.open("wire", own, Hops::Single.port());
        Self::start(path, own, sockets, settings)
    }

    /// Over the router to FRR.
    pub fn afar(ground: &Ground, settings: Settings, minimum_ttl: u8) -> Self {
        let (local, peer) = (IpAddr::from(OURS_AFAR), THEIRS_AFAR.into());
        let path = Path::MultiHop { local, peer, minimum_ttl };
        let sockets = ground.open("wan", local, Hops::Multiple.port());
        Self::start(path, local, sockets, settings)
    }

    fn start(path: Path, local: IpAddr, sockets: [UdpSocket; 2], settings: Settings) -> Self {
        let [receiving, sending] = sockets;
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
        let mut sessions = Sessions::new(NonZeroUsize::MIN);
        let session = sessions.add(path, settings, entropy(), Instant::now()).unwrap();
        let (acts, to_do) = channel::<Act>();
        let (telling, told) = channel();
        let hops = path.hops();
        let mut shell =
            Shell { sessions, sending, receiving, local, hops, told: telling, entropy: entropy() };
        let thread = std::thread::spawn(move || {
            loop {
                match to_do.try_recv() {
                    Ok(act) => act(&mut shell),
                    Err(std::sync::mpsc::TryRecvError::Empty) => shell.turn(),
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
        });
        let passed_over = RefCell::default();
        Self { acts, told, passed_over, session, path, thread: Some(thread) }
    }

    /// Has the thread do something, and waits for it.
    pub fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Shell) -> T + Send + 'static) -> T {
        let (done, result) = channel();
        self.acts.send(Box::new(move |shell| done.send(act(shell)).unwrap())).unwrap();
        result.recv_timeout(PATIENCE).unwrap()
    }

    pub fn standing(&self) -> Standing {
        let session = self.session;
        self.act(move |shell| shell.sessions.find(session).unwrap())
    }

    pub fn reconfigure(&self, settings: Settings) {
        let session = self.session;
        self.act(move |shell| shell.sessions.reconfigure(session, settings));
    }

    /// Forgets the session and begins another on the same path, as after a crash.
    pub fn begin_anew(&mut self, settings: Settings) {
        let path = self.path;
        self.session = self.act(move |shell| {
            shell.sessions = Sessions::new(NonZeroUsize::MIN);
            shell.sessions.add(path, settings, entropy(), Instant::now()).unwrap()
        });
    }

    /// Waits for something that is told.
    pub fn hears(&self, what: &str, is_it: impl Fn(&Told) -> bool) -> (Instant, Told) {
        let deadline = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let told = self.told.recv_timeout(left);
            let told = told.unwrap_or_else(|_| panic!("no {what}, but {before:#?}"));
            if is_it(&told.1) {
                return told;
            }
            self.passed_over.borrow_mut().extend(told.1.change());
            before.push(told.1);
        }
    }

    /// Waits until the session changes into that state.
    pub fn becomes(&self, state: State) -> (Instant, Change) {
        let is_it = |told: &Told| matches!(told, Told::Changed(change) if change.to == state);
        let (at, told) = self.hears(state.as_str(), is_it);
        self.passed_over.borrow_mut().clear();
        (at, told.change().unwrap())
    }

    /// Waits until the session stands so.
    pub fn stands(&self, what: &str, is_so: impl Fn(&Standing) -> bool) -> Standing {
        eventually(what, || Some(self.standing()).filter(&is_so))
    }

    /// All changes of state since the last one that was waited for.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = self.passed_over.take();
        changes.extend(self.told.try_iter().filter_map(|(_, told)| told.change()));
        changes
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let (acts, _) = channel();
        self.acts = acts;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Shell {
    /// Does what is due, and takes in what arrives before more is.
    fn turn(&mut self) {
        let now = Instant::now();
        while let Some(output) = self.sessions.poll(now, self.entropy) {
            self.entropy = self.entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match output {
                Output::Transmit { path, datagram, .. } => {
                    let to = SocketAddr::new(path.peer(), path.hops().port());
                    // A peer whose process is gone may answer that its port is closed.
                    self.sending.send_to(&datagram, to).ok();
                    self.tell(Told::Sent(*Frame::parse(&datagram).unwrap().packet()));
                }
                Output::Changed { change, .. } => self.tell(Told::Changed(change)),
                Output::Late { .. } | Output::Elsewhere { .. } | Output::Removed { .. } => {}
            }
        }
        let wait = self.sessions.next_deadline().map_or(GLANCE, |next| {
            next.saturating_duration_since(now).clamp(Duration::from_micros(1), GLANCE)
        });
        self.receiving.set_read_timeout(Some(wait)).unwrap();
        self.take_in(MsgFlags::empty());
        while self.take_in(MsgFlags::MSG_DONTWAIT) {}
    }

    /// Takes in a packet; whether there was one.
    fn take_in(&mut self, flags: MsgFlags) -> bool {
        let mut octets = [0; 100];
        let mut slices = [IoSliceMut::new(&mut octets)];
        let mut room = cmsg_space!(i32);
        let descriptor = self.receiving.as_raw_fd();
        let Ok(message) =
            recvmsg::<SockaddrStorage>(descriptor, &mut slices, Some(&mut room), flags)
        else {
            return false;
        };
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
            hops: self.hops,
        };
        let length = message.bytes;
        if let Ok(received) = self.sessions.receive(&arrival, &octets[..length], Instant::now()) {
            self.tell(Told::Heard(*Frame::parse(&octets[..length]).unwrap().packet()));
            if let Some(change) = received.change {
                self.tell(Told::Changed(change));
            }
        }
        true
    }

    fn tell(&self, told: Told) {
        // Nobody listens at the end of a test.
        self.told.send((Instant::now(), told)).ok();
    }
}

/// Good enough for a test: what the standard library draws to keep its maps from being guessed.
fn entropy() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}
