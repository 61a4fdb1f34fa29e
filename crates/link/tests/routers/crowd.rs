//! Our ends of two hundred paths to one FRR: neighbours over IPv4 and over IPv6, and others over a router.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use link::bfd::{Change, Discriminator, Interface, Path, Settings, Standing, State};

use crate::PATIENCE;
use crate::ground::Ground;
use crate::shell::{End, Running, Saying, Shell, Told};

/// How many paths there are of each kind.
const NEIGHBOURS: u8 = 80;
const NEIGHBOURS_V6: u8 = 40;
const AFAR: u8 = 80;

/// One path of many.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub theirs: IpAddr,
    pub ours: IpAddr,
    device: &'static str,
}

impl Way {
    /// All of them. FRR keeps one session per neighbour and we one per neighbour of ours, so that each
    /// has addresses of its own at both ends.
    pub fn all() -> Vec<Self> {
        let v4 = |net: u8, host: u8| IpAddr::V4(Ipv4Addr::new(10, net, 0, host));
        let v6 = |end: u16, host: u8| {
            IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, end, u16::from(host)))
        };
        let near = (1..=NEIGHBOURS).map(|host| (v4(0, 10 + host), v4(0, 100 + host), "wire"));
        let near_v6 = (1..=NEIGHBOURS_V6).map(|host| (v6(1, host), v6(2, host), "wire"));
        let afar = (1..=AFAR).map(|host| (v4(1, 10 + host), v4(2, 10 + host), "wan"));
        let all = near.chain(near_v6).chain(afar);
        all.map(|(theirs, ours, device)| Self { theirs, ours, device }).collect()
    }

    pub fn is_afar(&self) -> bool {
        self.device == "wan"
    }

    /// Our end as FRR knows it.
    pub fn peer(&self) -> String {
        let Self { theirs, ours, device } = self;
        match self.is_afar() {
            true => format!("peer {ours} multihop local-address {theirs}"),
            false => format!("peer {ours} local-address {theirs} interface {device}"),
        }
    }

    fn path(&self) -> Path {
        match self.is_afar() {
            true => Path::MultiHop { local: self.ours, peer: self.theirs, minimum_ttl: 254 },
            false => Path::SingleHop { interface: Interface(1), peer: self.theirs },
        }
    }
}

/// What was told of a session since somebody began to listen.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub changes: Vec<Change>,
    /// How many packets were heard.
    pub heard: usize,
}

impl Log {
    /// The states that it changed into.
    pub fn states(&self) -> Vec<State> {
        self.changes.iter().map(|change| change.to).collect()
    }
}

/// All ends.
pub struct Crowd {
    running: Running,
    told: Receiver<Saying>,
    /// Their sessions, in the order of the ways.
    pub sessions: Vec<Discriminator>,
    pub logs: Vec<Log>,
}

impl Crowd {
    /// Gives both sides their addresses.
    pub fn lay(ground: &Ground, ways: &[Way]) {
        let addresses: Vec<_> = ways.iter().map(|way| (way.device, way.theirs, way.ours)).collect();
        ground.give(&addresses);
    }

    pub fn start(ground: &Ground, ways: &[Way], settings: &Settings) -> Self {
        let paths: Vec<_> = ways.iter().map(|way| (way.path(), way.ours)).collect();
        let (running, sessions, told) = Running::start(End::open(ground, &paths), settings);
        let logs = vec![Log::default(); ways.len()];
        Self { running, told, sessions, logs }
    }

    /// Has the thread do something, and waits for it.
    pub fn act<T: Send + 'static>(&self, act: impl FnOnce(&mut Shell) -> T + Send + 'static) -> T {
        self.running.act(act)
    }

    pub fn standings(&self) -> Vec<Standing> {
        let sessions = self.sessions.clone();
        let standing = |shell: &mut Shell, session| shell.sessions.find(session).unwrap();
        self.act(move |shell| sessions.into_iter().map(|of| standing(shell, of)).collect())
    }

    /// Forgets what was told so far.
    pub fn listen_anew(&mut self) {
        self.told.try_iter().for_each(drop);
        self.logs.fill(Log::default());
    }

    /// Listens until each of them, by its number, is told of so.
    pub fn hears(&mut self, what: &str, is_so: impl Fn(usize, &Log) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for saying in self.told.try_iter() {
                let Some(at) = self.sessions.iter().position(|of| *of == saying.session) else {
                    continue;
                };
                match saying.told {
                    Told::Changed(change) => self.logs[at].changes.push(change),
                    Told::Heard(_) => self.logs[at].heard += 1,
                    Told::Sent(_) => {}
                }
            }
            let missing = (0..).zip(&self.logs).find(|(at, log)| !is_so(*at, log));
            let Some(missing) = missing else { return };
            assert!(Instant::now() < deadline, "no {what}: {missing:?}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}
