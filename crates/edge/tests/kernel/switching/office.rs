//! The office, both its links, and what lies at the other end of each.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use edge::links::switch::{
    Carrier, Change, Hand, LinkEvent, NextHop, Object, Outline, Path, Plan, Route, Rule, Selector,
    Switch, Target, Verb, Watch,
};
use link::PathNumber;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{setsockopt, sockopt};

use crate::netns::{Namespace, connect};

pub const FAR: &str = "10.9.0.1";
pub const FAR6: &str = "2001:db8::1";
pub const CANARY: &str = "10.8.0.1";
pub const MARK: u32 = 7;

const OFFICE: &str = "10.1.0.1";
const OFFICE6: &str = "fd10::1";
const DEVICES: [&str; 2] = ["fibre", "radio"];
const PORT: u16 = 7000;

/// Long enough for a busy machine; a story that goes well never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

const MOMENT: Duration = Duration::from_millis(500);

/// An office and, at the end of each of its links, a machine that has all far addresses: who gets a
/// packet tells which way it went.
pub struct Office {
    pub office: Namespace,
    pub far: [Namespace; 2],
    receivers: Vec<UdpSocket>,
    sent: AtomicU32,
}

/// Who sends from the office to one address.
#[derive(Debug)]
pub struct Sender {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Sender {
    fn send(&self, octets: &[u8]) {
        let sent = match self.to {
            SocketAddr::V4(_) => self.socket.send(octets),
            SocketAddr::V6(to) => self.socket.send_to(octets, to),
        };
        assert_eq!(sent.unwrap(), octets.len());
    }
}

impl Office {
    pub fn build() -> Self {
        let far = [Namespace::new(), Namespace::new()];
        let office = Namespace::new();
        for machine in far.iter().chain([&office]) {
            machine.sysctl("ipv4/conf/all/rp_filter", "0");
            machine.sysctl("ipv4/conf/default/rp_filter", "0");
        }
        office.ip(&format!("addr add {OFFICE}/32 dev lo\naddr add {OFFICE6}/128 dev lo"));
        for machine in &far {
            machine.ip(&format!(
                "addr add {FAR}/32 dev lo\naddr add {CANARY}/32 dev lo\naddr add {FAR6}/128 dev lo"
            ));
        }
        let bind = |machine: &Namespace| {
            let socket = machine.run(|| UdpSocket::bind(("::", PORT))).unwrap();
            socket.set_read_timeout(Some(MOMENT)).unwrap();
            socket
        };
        let receivers = far.iter().map(bind).collect();
        let office = Self { office, far, receivers, sent: AtomicU32::new(0) };
        (0..2).for_each(|path| office.cable(path));
        office
    }

    /// Lays the cable of a path.
    pub fn cable(&self, path: usize) {
        let (near, far) = (DEVICES[path], format!("{}-far", DEVICES[path]));
        connect((&self.office, near), (&self.far[path], &far));
        self.office.ip(&format!(
            "addr add 10.0.{path}.1/24 dev {near}\naddr add fd0{path}::1/64 dev {near} nodad"
        ));
        self.far[path].ip(&format!(
            "addr add 10.0.{path}.2/24 dev {far}\naddr add fd0{path}::2/64 dev {far} nodad"
        ));
    }

    pub fn switch(&self, hand: Hand) -> Switch {
        self.switch_of(outline(), hand)
    }

    pub fn switch_of(&self, outline: Outline, hand: Hand) -> Switch {
        let plan = Plan::new(outline).unwrap();
        self.office.run(|| Switch::open(plan, hand)).unwrap()
    }

    pub fn watch(&self) -> Listener {
        let plan = Plan::new(outline()).unwrap();
        let watch = self.office.run(|| Watch::open(&plan)).unwrap();
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
        epoll.add(&watch, EpollEvent::new(EpollFlags::EPOLLIN, 0)).unwrap();
        Listener { watch, epoll }
    }

    /// What `ip` says on the office's machine, with spaces made one.
    pub fn said(&self, command: &str) -> String {
        let output = self.office.run(|| {
            let words = command.split(' ');
            Command::new("ip").args(words).output().expect("iproute2 is installed")
        });
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().fold(String::new(), |mut all, line| {
            all += &line.split_whitespace().collect::<Vec<_>>().join(" ");
            all.push('\n');
            all
        })
    }

    /// All next hops, routes and rules, whosever they are.
    pub fn state(&self) -> String {
        let commands = ["nexthop show", "route show table all", "-4 rule show", "-6 rule show"];
        let unordered = |text: String| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            // What the kernel makes of addresses comes in its own time.
            lines.retain(|line| !line.contains("proto kernel"));
            lines.sort();
            lines.join("\n")
        };
        commands.map(|command| unordered(self.said(command))).join("\n")
    }

    /// A socket of somebody in the office that talks to `address`.
    pub fn sender(&self, address: &str, mark: u32) -> Sender {
        let to = SocketAddr::new(address.parse().unwrap(), PORT);
        let from = if to.is_ipv4() { OFFICE } else { OFFICE6 };
        self.office.run(|| {
            let socket = UdpSocket::bind((from, 0)).unwrap();
            setsockopt(&socket, sockopt::Mark, &mark).unwrap();
            // Linux 6.18 loses what a connected socket of IPv6 sends by a next-hop object once another one
            // looked for a route there.
            if to.is_ipv4() {
                socket.connect(to).unwrap();
            }
            Sender { socket, to }
        })
    }

    /// Asserts that what is sent goes by `path`. It may take a second time, for a neighbour is looked
    /// for only so often, but it never goes another way.
    #[track_caller]
    pub fn assert_arrives(&self, sender: &Sender, path: PathNumber) {
        let start = Instant::now();
        let mut sent = HashSet::new();
        while start.elapsed() < PATIENCE {
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            sent.insert(number);
            sender.send(&number.to_be_bytes());
            for (other, receiver) in (0..).map(PathNumber::new).zip(&self.receivers) {
                let arrived = receive(receiver, other == path).any(|number| sent.contains(&number));
                assert!(!arrived || other == path, "{sender:?} takes {other} and not {path}");
                if arrived {
                    return;
                }
            }
        }
        panic!("{sender:?} does not take {path}: {}", self.state());
    }

    /// Makes changes by `ip`, as an agent that died in the midst of it has made them.
    pub fn make(&self, changes: &[Change]) {
        for Change { verb, object } in changes {
            let verb = match verb {
                Verb::Add => "add",
                Verb::Replace => "replace",
                Verb::Remove => "del",
            };
            self.said(&command(verb, object));
        }
    }
}

/// What has arrived; waits for a moment for something when it should.
fn receive(receiver: &UdpSocket, should_wait: bool) -> impl Iterator<Item = u32> {
    receiver.set_nonblocking(!should_wait).unwrap();
    let mut buffer = [0; 4];
    std::iter::from_fn(move || {
        let received = receiver.recv(&mut buffer).ok();
        received.map(|length| {
            assert_eq!(length, buffer.len());
            u32::from_be_bytes(buffer)
        })
    })
}

fn command(verb: &str, object: &Object) -> String {
    match object {
        Object::NextHop(NextHop { id, .. }) if verb == "del" => format!("nexthop del id {id}"),
        Object::NextHop(NextHop { id, target }) => {
            let to = match target {
                Target::Gateway { gateway, .. } => {
                    format!("via {gateway} dev {} onlink", DEVICES[path_of(*gateway)])
                }
                Target::Member(member) => format!("group {member}"),
                Target::Members | Target::Other => panic!("nobody asks for that"),
            };
            format!("nexthop {verb} id {id} {to} proto 115")
        }
        Object::Route(Route { table, prefix, metric, next_hop }) => {
            let to = format!("table {table} metric {metric} nhid {next_hop}");
            format!("route {verb} {prefix} {to} proto 115")
        }
        Object::Rule(Rule { is_ipv6, preference, selector, table }) => {
            let version = if *is_ipv6 { "-6" } else { "-4" };
            let which = match selector {
                Selector::Mark { mark, .. } => format!("fwmark {mark}"),
                Selector::Hosts { from, to } => format!("from {from} to {to}"),
                Selector::Device(device) => format!("oif {device}"),
            };
            let to = format!("{which} lookup {table} pref {preference}");
            format!("{version} rule {verb} {to} proto 115")
        }
    }
}

/// Two paths, a prefix of each IP version, a canary and protected traffic.
pub fn outline() -> Outline {
    let path = |(index, device): (u8, &&str)| Path {
        device: device.parse().unwrap(),
        ipv4: Some([10, 0, index, 2].into()),
        ipv6: Some([0xfd00 + u16::from(index), 0, 0, 0, 0, 0, 0, 2].into()),
    };
    Outline {
        paths: (0..).zip(&DEVICES).map(path).collect(),
        prefixes: vec!["10.9.0.0/16".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        canary: vec![format!("{CANARY}/32").parse().unwrap()],
        protected_mark: MARK.try_into().ok(),
        ..Outline::default()
    }
}

fn path_of(gateway: IpAddr) -> usize {
    match gateway {
        IpAddr::V4(address) => address.octets()[2].into(),
        IpAddr::V6(address) => address.octets()[1].into(),
    }
}

/// A watch that can be waited for.
pub struct Listener {
    watch: Watch,
    epoll: Epoll,
}

impl Listener {
    /// The next event if there is one now.
    pub fn now(&mut self) -> Option<LinkEvent> {
        self.watch.next_event().unwrap()
    }

    /// How the devices stood when the watch was opened.
    pub fn within_the_start(&mut self) -> Vec<(PathNumber, Carrier)> {
        let carrier = |event| match event {
            LinkEvent::Carrier(path, carrier) => (path, carrier),
            LinkEvent::Reconcile => panic!("nothing has happened yet"),
        };
        std::iter::from_fn(|| self.now()).map(carrier).collect()
    }

    /// Waits for an event, past others.
    #[track_caller]
    pub fn wait_for(&mut self, expected: LinkEvent) {
        loop {
            match self.now() {
                Some(event) if event == expected => return,
                Some(_) => {}
                None => {
                    let patience = EpollTimeout::try_from(PATIENCE).unwrap();
                    let ready = self.epoll.wait(&mut [EpollEvent::empty()], patience);
                    assert!(matches!(ready, Ok(1) | Err(Errno::EINTR)), "{expected:?} never comes");
                }
            }
        }
    }
}
