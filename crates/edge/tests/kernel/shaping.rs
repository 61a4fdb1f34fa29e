//! A path on which visitors make room for an office, with traffic that fills it.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edge::links::shaper::{Sent, Shape, Shaper, ShaperError};
use link::capacity::BitRate;
use nix::sys::socket::{setsockopt, sockopt};

use crate::netns::{Namespace, connect};

const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;
const CAPACITY: BitRate = BitRate::from_megabits_per_second(10);
/// All that is given away of it.
const WHOLE: BitRate = BitRate::from_kilobits_per_second(9_500);

const OFFICE: &str = "10.1.0.1";
const VISITOR: &str = "10.77.0.1";
const FAR: &str = "10.2.0.1";
const FAR_VISITOR: &str = "10.77.128.1";
const PORT: u16 = 7000;
const PAYLOAD: usize = 1_200;
const PATIENCE: Duration = Duration::from_secs(30);

/// A router with an office and visitors behind it, and all that is at the other end of its path.
struct Path {
    router: Namespace,
    _far: Namespace,
    receiver: UdpSocket,
}

impl Path {
    fn lay() -> Self {
        let (router, far) = (Namespace::new(), Namespace::new());
        for machine in [&router, &far] {
            machine.sysctl("ipv4/conf/all/rp_filter", "0");
            machine.sysctl("ipv4/conf/default/rp_filter", "0");
        }
        connect((&router, "rad0"), (&far, "rad0"));
        router.ip(&format!(
            "addr add 10.0.0.1/24 dev rad0\naddr add fd00::1/64 dev rad0 nodad\n\
             addr add {OFFICE}/32 dev lo\naddr add {VISITOR}/32 dev lo\naddr add fd77::1/128 dev lo\n\
             route add default via 10.0.0.2\nroute add default via fd00::2"
        ));
        far.ip(&format!(
            "addr add 10.0.0.2/24 dev rad0\naddr add fd00::2/64 dev rad0 nodad\n\
             addr add {FAR}/32 dev lo\naddr add {FAR_VISITOR}/32 dev lo\naddr add fd02::1/128 dev lo\n\
             addr add fd77:8::1/128 dev lo\nroute add default via 10.0.0.1\n\
             route add default via fd00::1"
        ));
        let receiver = far.run(|| UdpSocket::bind(("::", PORT))).unwrap();
        receiver.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { router, _far: far, receiver }
    }

    fn shaper(&self, shape: Shape) -> Shaper {
        self.router.run(|| Shaper::open(shape)).unwrap()
    }

    fn laid(&self, ceil: Option<BitRate>) -> Shaper {
        let mut shaper = self.shaper(shape());
        self.router.run(|| shaper.lay(ceil)).unwrap();
        shaper
    }

    fn ceil(&self, shaper: &mut Shaper) -> Option<BitRate> {
        self.router.run(|| shaper.ceil()).unwrap()
    }

    fn sent(&self, shaper: &mut Shaper) -> Sent {
        self.router.run(|| shaper.sent()).unwrap().unwrap()
    }

    fn tc(&self, words: &str) -> String {
        let output =
            self.router.run(|| Command::new("tc").args(words.split(' ')).output().unwrap());
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The whole tree in the words of `tc`, without what it counts.
    fn tree(&self) -> String {
        let said =
            ["qdisc", "class", "filter"].map(|what| self.tc(&format!("{what} show dev rad0")));
        let uncounted = |line: &str| line.split(" direct_packets_stat").next().unwrap().to_owned();
        said.concat().lines().map(|line| uncounted(line) + "\n").collect()
    }

    /// Who sends from that address; few packets wait for it at a time.
    fn sender(&self, from: &str, to: &str) -> UdpSocket {
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 0);
        let socket = self.router.run(|| UdpSocket::bind(at(from))).unwrap();
        setsockopt(&socket, sockopt::SndBuf, &8_192).unwrap();
        socket.connect((to, PORT)).unwrap();
        socket
    }

    /// What arrives from an office and from visitors that both send all they can, until so many octets
    /// have come after the queues were full; and how long that took.
    fn fill(&self, senders: &[&str], octets: usize) -> (Arrived, Duration) {
        let stop = Arc::new(AtomicBool::new(false));
        for from in senders {
            let (socket, stop) = (self.sender(from, FAR), Arc::clone(&stop));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    socket.send(&[0; PAYLOAD]).ok();
                }
            });
        }
        let stop = Stop(stop);
        self.receive(octets / 4);
        let begun = Instant::now();
        let arrived = self.receive(octets);
        drop(stop);
        (arrived, begun.elapsed())
    }

    fn receive(&self, octets: usize) -> Arrived {
        let mut arrived = Arrived { office: 0, visitors: 0 };
        let mut packet = [0; 2_048];
        while arrived.office + arrived.visitors < octets {
            let (length, from) = match self.receiver.recv_from(&mut packet) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => panic!("no packets come: {error}"),
            };
            match from.ip().to_canonical().to_string().as_str() {
                OFFICE => arrived.office += length,
                VISITOR => arrived.visitors += length,
                other => panic!("from {other}"),
            }
        }
        arrived
    }
}

/// Ends those who send, also when a story fails.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Arrived {
    office: usize,
    visitors: usize,
}

fn shape() -> Shape {
    Shape {
        device: "rad0".parse().unwrap(),
        capacity: CAPACITY,
        floor: KBIT(500),
        visitors: vec!["10.77.0.0/16".parse().unwrap(), "fd77::/16".parse().unwrap()],
    }
}

#[test]
fn a_tree_is_laid_once_and_stays_as_it_is() {
    let path = Path::lay();
    let mut shaper = path.shaper(shape());
    assert_eq!(path.ceil(&mut shaper), None);
    path.router.run(|| shaper.lay(None)).unwrap();
    assert_eq!(path.ceil(&mut shaper), Some(WHOLE));
    let laid = path.tree();
    for part in [
        "qdisc htb 5ab0: root",
        "r2q 10 default 0x10",
        "class htb 5ab0:1 root rate 9500Kbit ceil 9500Kbit",
        "class htb 5ab0:10 parent 5ab0:1 leaf",
        "prio 0 rate 8Mbit ceil 9500Kbit",
        "prio 7 rate 500Kbit ceil 9500Kbit",
        "match 0a4d0000/ffff0000 at 12",
        "match 0a4d0000/ffff0000 at 16",
        "match fd770000/ffff0000 at 8",
        "match fd770000/ffff0000 at 24",
    ] {
        assert!(laid.contains(part), "{part} in {laid}");
    }
    path.router.run(|| shaper.lay(None)).unwrap();
    // And by an agent that starts again.
    path.laid(None);
    assert_eq!(path.tree(), laid);
    path.router.run(|| shaper.remove()).unwrap();
    assert!(!path.tree().contains("htb"));
    path.router.run(|| shaper.remove()).unwrap();
}

#[test]
fn a_clamp_changes_one_class_and_the_next_agent_reads_it() {
    let path = Path::lay();
    let mut shaper = path.laid(None);
    let before = path.tree();
    path.sender(VISITOR, FAR).send(&[0; PAYLOAD]).unwrap();
    path.receive(PAYLOAD);
    path.router.run(|| shaper.clamp(Some(KBIT(2_000)))).unwrap();
    assert_eq!(path.ceil(&mut path.shaper(shape())), Some(KBIT(2_000)));
    // It is the same class, which has not forgotten what it sent.
    assert!(path.sent(&mut shaper).visitors >= PAYLOAD as u64);
    let clamped = path.tree();
    let others = |tree: &str| {
        let is_other = |line: &&str| !(line.contains("5ab0:20") || line.contains("5ab2:"));
        tree.lines().filter(is_other).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(others(&clamped), others(&before));
    assert_ne!(clamped, before);
    path.router.run(|| shaper.clamp(None)).unwrap();
    assert_eq!(path.tree(), before);
}

#[test]
fn what_a_former_agent_left_is_brought_to_what_is_set_now() {
    let path = Path::lay();
    let other =
        Shape { capacity: KBIT(4_000), visitors: vec!["10.66.0.0/16".parse().unwrap()], ..shape() };
    let mut shaper = path.shaper(other);
    path.router.run(|| shaper.lay(Some(KBIT(600)))).unwrap();
    let mut next = path.laid(None);
    assert_eq!(path.ceil(&mut next), Some(WHOLE));
    let tree = path.tree();
    path.router.run(|| next.remove()).unwrap();
    path.laid(None);
    let without_numbers = |tree: String| {
        tree.lines().filter(|line| !line.contains("fh 8")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_numbers(tree), without_numbers(path.tree()));
}

#[test]
fn a_tree_that_is_gone_is_laid_again_with_the_clamp() {
    let path = Path::lay();
    let mut shaper = path.laid(None);
    path.tc("qdisc del dev rad0 root");
    path.router.run(|| shaper.clamp(Some(KBIT(1_000)))).unwrap();
    assert_eq!(path.ceil(&mut shaper), Some(KBIT(1_000)));
}

#[test]
fn what_somebody_else_laid_is_named_and_left_alone() {
    for (laid, named) in [("pfifo limit 7", "pfifo 77:"), ("htb default 1", "htb 77:")] {
        let path = Path::lay();
        path.tc(&format!("qdisc add dev rad0 root handle 77: {laid}"));
        let before = path.tree();
        let mut shaper = path.shaper(shape());
        for outcome in [
            path.router.run(|| shaper.lay(None)),
            path.router.run(|| shaper.clamp(Some(KBIT(1_000)))),
        ] {
            let error = outcome.unwrap_err();
            assert!(matches!(error, ShaperError::Foreign { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
        path.router.run(|| shaper.remove()).unwrap();
        assert_eq!(path.tree(), before);
    }
    let path = Path::lay();
    let mut shaper = path.shaper(Shape { device: "none0".parse().unwrap(), ..shape() });
    let error = path.router.run(|| shaper.lay(None)).unwrap_err();
    assert_eq!(error.to_string(), "there is no device none0");
}

#[test]
fn packets_from_visitors_and_to_them_are_theirs_and_all_others_the_offices() {
    let path = Path::lay();
    let mut shaper = path.laid(None);
    for (from, to, is_visitors) in [
        (OFFICE, FAR, false),
        (VISITOR, FAR, true),
        (OFFICE, FAR_VISITOR, true),
        ("fd00::1", "fd02::1", false),
        ("fd77::1", "fd02::1", true),
        ("fd00::1", "fd77:8::1", true),
    ] {
        let before = path.sent(&mut shaper);
        path.sender(from, to).send(&[0; PAYLOAD]).unwrap();
        path.receiver.recv_from(&mut [0; 2_048]).unwrap();
        let after = path.sent(&mut shaper);
        // Small packets of neighbours go with the office.
        let of_visitors = after.visitors - before.visitors;
        let is_theirs = of_visitors > PAYLOAD as u64;
        assert_eq!(is_theirs, is_visitors, "from {from} to {to}: {of_visitors}");
        assert_eq!(after.office - before.office > PAYLOAD as u64, !is_visitors);
    }
}

#[test]
fn an_office_has_most_of_a_path_that_visitors_fill() {
    let path = Path::lay();
    // Both as they come, over a bottleneck that knows nobody.
    path.tc("qdisc add dev rad0 root tbf rate 10mbit burst 10kb limit 60kb");
    let (equal, _) = path.fill(&[OFFICE, VISITOR], 1_000_000);
    assert!(equal.visitors * 4 > equal.office, "{equal:?}");
    path.tc("qdisc del dev rad0 root");
    let mut shaper = path.laid(None);
    path.router.run(|| shaper.clamp(Some(KBIT(1_000)))).unwrap();
    let (clamped, _) = path.fill(&[OFFICE, VISITOR], 1_000_000);
    assert!(clamped.office > 4 * clamped.visitors, "{clamped:?}");
    assert!(clamped.visitors > 0, "visitors have their floor");
}

#[test]
fn visitors_alone_are_held_to_their_ceiling_until_it_is_gone() {
    let path = Path::lay();
    let mut shaper = path.laid(Some(KBIT(1_000)));
    let (_, clamped) = path.fill(&[VISITOR], 250_000);
    path.router.run(|| shaper.clamp(None)).unwrap();
    let (_, free) = path.fill(&[VISITOR], 250_000);
    assert!(clamped > 3 * free, "{clamped:?} clamped, {free:?} free");
}
