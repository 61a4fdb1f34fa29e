//! A hub and eight sites, each with a fibre and a radio path to it; all radio paths share one sector. The
//! router of the hub runs an agent for each site.
//!
//! ```text
//!      .- fib1, rad1 == fibre, radio == site-1
//! hub -+- ...
//!      '- fib8, rad8 == fibre, radio == site-8
//! ```

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crowd::Traffic;
use crate::ground::{Answer, ask};
use crate::namespaces::Namespaces;
use crate::weather::{Bottleneck, Weather};
use crate::wire::Wire;

const SABEEL: &str = env!("CARGO_BIN_EXE_sabeel");
const SITES: usize = 8;
/// What the sector carries in each direction, in Mbit/s, and the share of each site.
const SECTOR: u64 = 16;
const SHARE: u64 = 2;
/// How long something that must happen may take before the story fails.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

const LAY: &str = r"
for place in hub wire; do ip netns add $place; ip -n $place link set lo up; done
ip -n hub address add 10.100.0.1/32 dev lo
ip netns exec hub sysctl --quiet --write net.ipv4.ip_forward=1
for k in 1 2 3 4 5 6 7 8; do
  ip netns add site-$k
  ip -n site-$k link set lo up
  ip netns exec site-$k sysctl --quiet --write net.ipv4.ip_forward=1
  ip link add name rad0 netns site-$k gso_max_segs 1 type veth peer name site-$k netns wire
  ip link add name rad$k netns hub gso_max_segs 1 type veth peer name hub-$k netns wire
  for end in site hub; do
    ip netns exec wire sysctl --quiet --write net.ipv6.conf.$end-$k.disable_ipv6=1
    ip -n wire link set $end-$k up
  done
  ip link add name fib0 netns site-$k type veth peer name fib$k netns hub
  n=$((4 * k)); site=$((n + 2)); hub=$((n + 1))
  for path in fib=192.0.2 rad=198.51.100; do
    ip -n site-$k address add ${path#*=}.$site/30 dev ${path%=*}0
    ip -n hub address add ${path#*=}.$hub/30 dev ${path%=*}$k
    ip -n site-$k link set ${path%=*}0 up
    ip -n hub link set ${path%=*}$k up
  done
  ip -n site-$k address add 10.$k.0.1/32 dev lo
done
# Visitors at one site, and the world that they reach by the radio path.
ip -n site-1 address add 10.1.77.2/32 dev lo
ip -n hub address add 203.0.113.1/32 dev lo
ip -n site-1 route add 203.0.113.0/24 via 198.51.100.5
";

/// A router with an agent.
struct Agent {
    /// Where it runs, and what its files are called.
    place: String,
    name: String,
    /// Its end of the fibre.
    fibre: String,
    dir: PathBuf,
    running: Child,
}

impl Agent {
    /// That of a site, or of the hub for it.
    fn start(places: &Namespaces, dir: &Path, end: &str, site: usize) -> Self {
        let name = format!("{end}-{site}");
        let (own, other) = if end == "site" { (2, 1) } else { (1, 2) };
        let (far, device, instance) = if end == "site" { (100, 0, 0) } else { (site, site, site) };
        let place = if end == "site" { name.clone() } else { end.to_owned() };
        let (fibre, radio) = (format!("fib{device}"), format!("rad{device}"));
        let path = |name: &str, device: &str, net: &str, missing: u8| {
            let [own, other] = [own, other].map(|host| 4 * site + host);
            format!(
                "[[links.paths]]\nname = \"{name}\"\ndevice = \"{device}\"\nlocal = \"{net}.{own}\"\n\
                 peer = \"{net}.{other}\"\nmissing = {missing}\n"
            )
        };
        let file = |kind: &str| format!("{}/{name}{kind}", dir.display());
        let text = format!(
            "data-dir = \"{}\"\n[links]\nsite = \"{name}\"\ninstance = {instance}\noffices = [\"10.{far}.0.0/16\"]\n\
             visitors = [\"10.1.77.0/24\"]\nevent-log = \"{}\"\nsocket = \"{}\"\n{}{}\
             capacity-mbit = {SHARE}\n",
            dir.display(),
            file(".jsonl"),
            file(".sock"),
            path("fibre", &fibre, "192.0.2", 3),
            path("radio", &radio, "198.51.100", 5),
        );
        std::fs::write(file(".toml"), text).unwrap();
        let log = std::fs::File::create(file(".log")).unwrap();
        let mut command = places.command(&place, &[SABEEL, "-c", &file(".toml"), "edge"]);
        let running = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        Self { place, fibre, dir: dir.to_owned(), running, name }
    }

    fn status(&self) -> Option<Value> {
        ask(&self.dir.join(format!("{}.sock", self.name)), "/v1/links")
    }

    fn events(&self) -> Vec<Value> {
        let path = self.dir.join(format!("{}.jsonl", self.name));
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// When it went to the radio path, in seconds of Unix time.
    fn moves(&self) -> Vec<f64> {
        let events = self.events().into_iter().filter(|event| event["to"] == "on-backup");
        events.map(|event| event["at"].as_f64().unwrap() / 1_000.0).collect()
    }
}

/// All of it, until it is dropped.
struct Star {
    agents: Vec<Agent>,
    radio: Vec<Wire>,
    places: Namespaces,
    _dir: tempfile::TempDir,
}

impl Star {
    /// All agents are up on both paths.
    fn open() -> Self {
        let (places, dir) = (Namespaces::lay(LAY), tempfile::tempdir().unwrap());
        let sector = [(); 2].map(|()| Bottleneck::new(SECTOR, 60_000));
        let wire = |site: usize| {
            let ends = [format!("site-{site}"), format!("hub-{site}")];
            let wire = Wire::open(places.command("wire", &[]), ends.each_ref().map(String::as_str));
            for (end, bottleneck) in (1..).zip(&sector) {
                let bottleneck = Some(bottleneck.clone());
                let delay = Duration::from_millis(5);
                wire.set_towards(end, Weather { delay, bottleneck, ..Weather::default() });
            }
            wire
        };
        let radio = (1..=SITES).map(wire).collect();
        let each = (1..=SITES).flat_map(|site| [("site", site), ("hub", site)]);
        let agents = each.map(|(end, site)| Agent::start(&places, dir.path(), end, site)).collect();
        let star = Self { agents, radio, places, _dir: dir };
        for agent in &star.agents {
            star.wait_for(agent, "both paths up", |status| {
                (0..2).all(|path| status["paths"][path]["health"] == "up")
            });
        }
        star
    }

    fn wait_for(&self, agent: &Agent, what: &str, wanted: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let status = agent.status();
            if status.as_ref().is_some_and(&wanted) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} at {}: {status:?}", agent.name);
            std::thread::park_timeout(PAUSE);
        }
    }

    /// The agents of a site and of the hub for it.
    fn of(&self, site: usize) -> &[Agent] {
        &self.agents[2 * (site - 1)..2 * site]
    }

    /// Cuts the fibres of these sites at both ends and at once.
    fn cut(&self, sites: &[usize]) {
        let rules = |fibre: &str| {
            format!(
                "add table netdev cut-{fibre}; add chain netdev cut-{fibre} in {{ type filter hook \
                 ingress device {fibre} priority -500 ; policy drop ; }}"
            )
        };
        std::thread::scope(|scope| {
            for agent in sites.iter().flat_map(|site| self.of(*site)) {
                let rules = rules(&agent.fibre);
                scope.spawn(move || self.places.at(&agent.place, &["nft", &rules]));
            }
        });
        for agent in sites.iter().flat_map(|site| self.of(*site)) {
            self.wait_for(agent, "the radio path", |status| {
                status["mode"] == "on-backup" && !agent.moves().is_empty()
            });
        }
    }

    /// The answers that an office has from the centre, of so many questions within five seconds.
    fn answers(&self, site: usize) -> Vec<Answer> {
        let own = format!("10.{site}.0.1");
        let words = ["ping", "-n", "-c", "100", "-i", "0.05", "-W", "1", "-I", &own, "10.100.0.1"];
        let output = self.places.command(&format!("site-{site}"), &words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().filter_map(Answer::read).collect()
    }
}

impl Drop for Star {
    fn drop(&mut self) {
        self.radio.clear();
        for agent in &mut self.agents {
            agent.running.kill().ok();
            agent.running.wait().ok();
        }
    }
}

#[test]
fn sites_of_a_star_fail_over_alone_then_beside_a_crowd_and_all_at_once() {
    let star = Star::open();
    let others: Vec<usize> = (1..=SITES).filter(|site| *site != 3).collect();

    // One fibre is cut.
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            others.iter().map(|site| (site, scope.spawn(|| star.answers(*site)))).collect();
        star.cut(&[3]);
        for (site, asked) in asked {
            assert_eq!(asked.join().unwrap().len(), 100, "nobody else notices: {site}");
        }
    });
    for agent in others.iter().flat_map(|site| star.of(*site)) {
        assert_eq!(agent.moves(), [0.0; 0], "{}", agent.name);
        assert!(agent.events().iter().all(|event| event["to"] != "down"), "{}", agent.name);
    }

    // Visitors of another site send more than the whole sector carries.
    let mut world = Traffic::begin(star.places.command("hub", &[]), &["town"]);
    let sending = ["office", "10.1.77.2", "203.0.113.1", "32"];
    let crowd = Traffic::begin(star.places.command("site-1", &[]), &sending);
    let share = SHARE as f64 * 1e6 / 8.0;
    let taken = world.wait_for(|second| second.office > 0.5 * share).office;
    let answers = star.answers(3);
    assert!(answers.len() >= 95, "{} of 100 answers beside visitors", answers.len());
    assert!(taken < 1.1 * share, "they have the share of their site: {taken}");
    drop((crowd, world));

    // All other fibres fail at the hub.
    star.cut(&others);
    let moves = others.iter().flat_map(|site| star.of(*site)).map(|agent| agent.moves()[0]);
    let moves: Vec<f64> = moves.collect();
    let [first, last] = [f64::min, f64::max].map(|of| moves.iter().copied().reduce(of).unwrap());
    assert!(last - first < 10.0, "{moves:?}");
    std::thread::scope(|scope| {
        let star = &star;
        let asked = (1..=SITES).map(|site| (site, scope.spawn(move || star.answers(site))));
        for (site, asked) in asked.collect::<Vec<_>>() {
            let answers = asked.join().unwrap();
            assert!(answers.len() >= 95, "{} of 100 answers at {site}", answers.len());
        }
    });
}
