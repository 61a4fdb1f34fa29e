//! Two offices with two paths between them, each behind a router of its own, in namespaces that end
//! with the story.
//!
//! ```text
//! here -- router -- fibre -- router -- there
//!           \ ----- radio ----- /
//! ```

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::namespaces::Namespaces;
use crate::wire::Wire;

const SABEEL: &str = env!("CARGO_BIN_EXE_sabeel");
/// How long something that must happen may take before the story fails: a path that fell on a busy machine
/// may be held for minutes.
const PATIENCE: Duration = Duration::from_secs(300);

/// The nets of the two paths, but for the last octet.
const FIBRE: &str = "192.0.2";
const RADIO: &str = "198.51.100";

/// How long it is waited for that what can be seen is written down.
const MOMENT: Duration = Duration::from_secs(5);

/// How long it is not asked again whether something has happened.
const PAUSE: Duration = Duration::from_millis(50);

const LAY: &str = r"
for place in here router-1 router-2 there; do
  ip netns add $place
  ip -n $place link set lo up
done
ip link add name lan netns here type veth peer name lan netns router-1
ip link add name lan netns there type veth peer name lan netns router-2
ip link add name rad0 netns router-1 type veth peer name rad0 netns router-2
for n in 1 2; do
  ip -n router-$n address add 10.$n.0.1/24 dev lan
  ip -n router-$n address add 10.$n.77.1/24 dev lan
  ip -n router-$n address add 198.51.100.$n/30 dev rad0
  for device in lan rad0; do ip -n router-$n link set $device up; done
  ip netns exec router-$n sysctl --quiet --write net.ipv4.ip_forward=1
done
ip -n here address add 10.1.0.2/24 dev lan; ip -n there address add 10.2.0.2/24 dev lan
ip -n here address add 10.1.77.2/24 dev lan
for place in here there; do ip -n $place link set lan up; done
ip -n here route add default via 10.1.0.1; ip -n there route add default via 10.2.0.1
";

const LAY_FIBRE: &str = r"
ip link add name fib0 netns router-1 type veth peer name fib0 netns router-2
for n in 1 2; do
  ip -n router-$n address add 192.0.2.$n/30 dev fib0
  ip -n router-$n link set fib0 up
done
";

/// Lays the cable of this device and net anew, by a place in which a wire joins its two pieces. Frames
/// come as short as on a real cable.
const LAY_BY_WIRE: &str = r"
ip netns list | grep --quiet --word-regexp wire || ip netns add wire
ip -n router-1 link delete $0
for n in 1 2; do
  ip link add name $0 netns router-$n gso_max_segs 1 type veth peer name $0-$n netns wire
  ip -n router-$n address add $1.$n/30 dev $0
  ip netns exec wire sysctl --quiet --write net.ipv6.conf.$0-$n.disable_ipv6=1
  ip -n wire link set $0-$n up
  ip -n router-$n link set $0 up
done
";

const LAY_IPV6: &str = r"
for n in 1 2; do
  ip netns exec router-$n sysctl --quiet --write net.ipv6.conf.all.forwarding=1
  ip -n router-$n address add 2001:db8:$n::1/64 dev lan nodad
  ip -n router-$n address add 2001:db8:f::$n/64 dev fib0 nodad
  ip -n router-$n address add fe80::$n/64 dev rad0 nodad
done
ip -n here address add 2001:db8:1::2/64 dev lan nodad; ip -n there address add 2001:db8:2::2/64 dev lan nodad
ip -n here route add default via 2001:db8:1::1; ip -n there route add default via 2001:db8:2::1
";

/// The offices, until they are dropped.
pub struct Offices {
    places: Namespaces,
    dir: tempfile::TempDir,
    agents: [Option<Child>; 2],
    /// The environment of agents that are started from now on.
    env: Vec<(String, String)>,
}

/// How heartbeats are set, and what else stands in the section of both ends.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The time between heartbeats in milliseconds, and how many have to be missing.
    pub heartbeats: (u32, u32),
    /// More of the section `[links]`.
    pub more: &'a str,
    /// More of the section of each path.
    pub more_of_each: &'a str,
    /// By which addresses the ends of paths know each other.
    pub ends: Ends,
    /// More of the primary path's section.
    pub more_of_primary: &'a str,
    /// More of the backup's section.
    pub more_of_backup: &'a str,
    /// How both paths are tried, if they are.
    pub carry_test: Option<&'a str>,
}

/// By which addresses the ends of both paths know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Ipv4,
    /// Of IPv6: global ones of the fibre, link-local ones of the radio. Both carry offices of either IP
    /// version, and are tried by hosts of IPv6.
    Ipv6,
}

/// As it is without any setting.
pub const USUAL: Setting<'static> = Setting {
    heartbeats: (100, 3),
    more: "",
    more_of_each: "",
    ends: Ends::Ipv4,
    more_of_primary: "",
    more_of_backup: "",
    carry_test: None,
};

impl Offices {
    /// Lays the cables, and starts no agent.
    pub fn lay() -> Self {
        let offices = Self {
            places: Namespaces::lay(LAY),
            dir: tempfile::tempdir().unwrap(),
            agents: [None, None],
            env: Vec::new(),
        };
        offices.lay_fibre();
        offices.share_key("a secret of both ends\n");
        offices
    }

    /// Lays the fibre, once more if it is gone.
    pub fn lay_fibre(&self) {
        let laid = self.inside(&["sh", "-ec", LAY_FIBRE]).status().unwrap();
        assert!(laid.success());
    }

    /// Lays the fibre or the radio path anew, by a wire.
    pub fn lay_by_wire(&self, device: &str) -> Wire {
        let net = if device == "fib0" { FIBRE } else { RADIO };
        let laid = self.inside(&["sh", "-ec", LAY_BY_WIRE, device, net]).status().unwrap();
        assert!(laid.success());
        let ends = [1, 2].map(|router| format!("{device}-{router}"));
        Wire::open(self.command("wire", &[]), ends.each_ref().map(String::as_str))
    }

    /// Two offices whose agents are up on both paths.
    pub fn open(setting: Setting<'_>) -> Self {
        let mut offices = Self::lay();
        offices.begin(setting);
        offices
    }

    /// Gives all places addresses of IPv6, too.
    pub fn lay_ipv6(&self) {
        self.inside_all(LAY_IPV6);
    }

    /// Starts both agents, and waits until they are up on both paths.
    pub fn begin(&mut self, setting: Setting<'_>) {
        for router in 1..=2 {
            self.start(router, setting);
        }
        self.wait_until_up();
    }

    /// Waits until both agents are up on both paths.
    pub fn wait_until_up(&self) {
        for router in 1..=2 {
            self.wait_for(router, "both paths up", |status| {
                (0..2).all(|path| status["paths"][path]["health"] == "up")
            });
        }
    }

    /// Agents that start from now on share that secret.
    pub fn share_key(&self, secret: &str) {
        std::fs::write(self.dir.path().join("links.key"), secret).unwrap();
    }

    /// Starts the agent of a router.
    pub fn start(&mut self, router: usize, setting: Setting<'_>) {
        let Setting { heartbeats, more, more_of_each, ends, .. } = setting;
        let Setting { more_of_primary, more_of_backup, carry_test, .. } = setting;
        let (other, (interval, missing)) = (3 - router, heartbeats);
        let dir = self.dir.path().display();
        let key = self.dir.path().join("links.key");
        let test = carry_test.map_or(String::new(), |test| {
            format!("key-file = \"{}\"\n{more}\n[links.carry-test]\n{test}\n", key.display())
        });
        let more = if carry_test.is_some() { &test } else { more };
        let path = |name: &str, device: &str, net: &str, host: u8| {
            let between = match ends {
                Ends::Ipv4 => format!("local = \"{net}.{router}\"\npeer = \"{net}.{other}\"\n"),
                Ends::Ipv6 => {
                    let net6 = if device == "fib0" { "2001:db8:f::" } else { "fe80::" };
                    format!(
                        "local = \"{net6}{router}\"\npeer = \"{net6}{other}\"\ngateway = \"{net}.{other}\"\n"
                    )
                }
            };
            let of_office = |office: usize| match ends {
                Ends::Ipv4 => format!("10.{office}.0.{host}"),
                Ends::Ipv6 => format!("2001:db8:{office}::{host}"),
            };
            let (own, far) = (of_office(router), of_office(other));
            let addresses = format!("office-local = \"{own}\"\noffice-peer = \"{far}\"\n");
            let addresses = if carry_test.is_some() { addresses } else { String::new() };
            format!(
                "[[links.paths]]\nname = \"{name}\"\ndevice = \"{device}\"\n{between}heartbeat-ms = {interval}\nmissing = {missing}\n\
                 {addresses}{more_of_each}\n"
            )
        };
        let six = match ends {
            Ends::Ipv4 => String::new(),
            Ends::Ipv6 => format!(", \"2001:db8:{other}::/48\""),
        };
        let text = format!(
            "data-dir = \"{dir}\"\n[links]\nsite = \"office-{router}\"\noffices = [\"10.{other}.0.0/16\"{six}]\n\
             event-log = \"{dir}/events-{router}.jsonl\"\nsocket = \"{dir}/links-{router}.sock\"\n{more}\n{}{more_of_primary}\n{}{more_of_backup}\n",
            path("fibre", "fib0", FIBRE, 250),
            path("radio", "rad0", RADIO, 251),
        );
        std::fs::write(self.config(router), text).unwrap();
        let config = self.config(router);
        let log = std::fs::File::create(self.dir.path().join(format!("log-{router}"))).unwrap();
        // The number of a process within the namespace is only known there.
        let (number, run) = (self.number_file(router), "echo $$ > $0; exec $1 -c $2 edge");
        let files = [number.to_str().unwrap(), SABEEL, config.to_str().unwrap()];
        let agent = self
            .command(&format!("router-{router}"), &[&["sh", "-c", run][..], &files].concat())
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.agents[router - 1] = Some(agent);
    }

    /// Agents that are started from now on have this in their environment.
    pub fn set_env(&mut self, key: &str, value: &str) {
        self.env.push((key.to_owned(), value.to_owned()));
    }

    /// And no more.
    pub fn clear_env(&mut self) {
        self.env.clear();
    }

    /// Sends a signal to an agent.
    pub fn signal(&self, router: usize, signal: &str) {
        self.at(&format!("router-{router}"), &["kill", "-s", signal, &self.agent(router)]);
    }

    /// Kills an agent without warning.
    pub fn kill(&mut self, router: usize) {
        self.signal(router, "KILL");
        self.agents[router - 1].take().unwrap().wait().unwrap();
    }

    /// Writes another word into the configuration of an agent, and has it read that again.
    pub fn reconfigure(&self, router: usize, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config(router)).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.config(router), text.replace(from, to)).unwrap();
        self.signal(router, "HUP");
    }

    /// What an agent has logged.
    pub fn log(&self, router: usize) -> String {
        std::fs::read_to_string(self.dir.path().join(format!("log-{router}"))).unwrap_or_default()
    }

    /// Asks an agent to stop, and waits until it has done so by itself.
    pub fn stop(&mut self, router: usize) {
        self.signal(router, "TERM");
        let ended = self.agents[router - 1].take().unwrap().wait().unwrap();
        assert!(ended.success(), "{ended}");
        assert!(!self.log(router).contains("did not finish in time"), "{}", self.log(router));
    }

    /// A folder for files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The socket on which the agent of a router is asked.
    pub fn desk(&self, router: usize) -> PathBuf {
        self.dir.path().join(format!("links-{router}.sock"))
    }

    /// What `sabeel link` says at a router.
    pub fn link(&self, router: usize, words: &[&str]) -> Output {
        let config = self.config(router);
        let all = [&[SABEEL, "-c", config.to_str().unwrap(), "--json", "link"], words].concat();
        self.command(&format!("router-{router}"), &all).output().unwrap()
    }

    /// The command line of `sabeel link` for people at a router.
    pub fn words(&self, router: usize, words: &[&str]) -> Vec<String> {
        let config = self.config(router);
        let all = [&[SABEEL, "-c", config.to_str().unwrap(), "link"], words].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    /// What the doctor finds of the links of a router: how good it is, and what.
    pub fn doctor(&self, router: usize) -> (String, String) {
        let config = self.config(router);
        let words = [SABEEL, "-c", config.to_str().unwrap(), "--json", "doctor", "edge"];
        let output = self.command(&format!("router-{router}"), &words).output().unwrap();
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let finding = findings.iter().find(|finding| finding["what"] == "links").unwrap();
        ["state", "detail"].map(|key| finding[key].as_str().unwrap().to_owned()).into()
    }

    /// How the links of a router are, once it tells.
    pub fn status(&self, router: usize) -> Option<Value> {
        ask(&self.desk(router), "/v1/links")
    }

    /// The number of a router's agent within the namespace.
    pub fn agent(&self, router: usize) -> String {
        std::fs::read_to_string(self.number_file(router)).unwrap().trim().to_owned()
    }

    /// Waits until the links of a router are as wanted.
    pub fn wait_for(&self, router: usize, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.status(router);
            if let Some(status) = status.as_ref().filter(|status| wanted(status)) {
                return status.clone();
            }
            let log = self.log(router);
            assert!(begun.elapsed() < PATIENCE, "no {what} at {router}: {status:?}\n{log}");
            // To ask is work, which those who are asked about must not wait for.
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Waits until both offices are connected like that.
    pub fn wait_for_mode(&self, mode: &str) {
        for router in 1..=2 {
            self.wait_for(router, mode, |status| status["mode"] == mode);
        }
    }

    /// The events of a router as they stand on the disk. They are written down a moment after the agent
    /// tells how it is.
    pub fn events(&self, router: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let status = self.status(router);
            let events = self.written(router);
            if status.is_none_or(|status| tell_all(&events, &status)) || begun.elapsed() > MOMENT {
                return events;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    fn written(&self, router: usize) -> Vec<Value> {
        let path = self.dir.path().join(format!("events-{router}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Drops all that comes by a device to a router, without a word.
    pub fn cut(&self, router: usize, device: &str) {
        let rules = format!(
            "table netdev cut_{device} {{\n chain in {{\n type filter hook ingress device \"{device}\" \
             priority -500; policy drop;\n }}\n}}\n"
        );
        let file = self.dir.path().join(format!("cut-{router}"));
        std::fs::write(&file, rules).unwrap();
        self.at(&format!("router-{router}"), &["nft", "-f", file.to_str().unwrap()]);
    }

    /// The same at both routers at once, as when a fibre is cut.
    pub fn cut_both(&self, device: &str) {
        std::thread::scope(|scope| {
            for router in 1..=2 {
                scope.spawn(move || self.cut(router, device));
            }
        });
    }

    /// Ends that.
    pub fn heal(&self, router: usize, device: &str) {
        let table = format!("cut_{device}");
        self.at(&format!("router-{router}"), &["nft", "delete", "table", "netdev", &table]);
    }

    /// As many answers as somebody with these addresses here has from there who asks with 11 Mbit/s each
    /// for some seconds, all at the same time.
    pub fn answers<const N: usize>(&self, from: [&str; N]) -> [u64; N] {
        let ask = |address: &str| {
            let words =
                ["ping", "-q", "-i", "0.001", "-s", "1400", "-w", "5", "-I", address, "10.2.0.2"];
            self.command("here", &words).stdout(Stdio::piped()).spawn().unwrap()
        };
        from.map(ask).map(|ping| {
            let said = ping.wait_with_output().unwrap().stdout;
            let said = String::from_utf8(said).unwrap();
            let (before, _) = said.split_once(" received").unwrap();
            before.rsplit(' ').next().unwrap().parse().unwrap()
        })
    }

    /// Asks an address from a place so many times, one question so long after the other; how long each
    /// answer took, if there was one.
    pub fn pings(
        &self,
        place: &str,
        address: &str,
        count: u32,
        pause: Duration,
    ) -> Vec<Option<Duration>> {
        let (count_text, pause) = (count.to_string(), pause.as_secs_f64().to_string());
        let words = ["ping", "-n", "-c", &count_text, "-i", &pause, "-W", "1", address];
        let output = self.command(place, &words).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let mut answers = vec![None; count as usize];
        for Answer { number, took, .. } in said.lines().filter_map(Answer::read) {
            if let Some(answer) = answers.get_mut(number - 1) {
                *answer = Some(took);
            }
        }
        answers
    }

    /// Begins to ask an address from a place, one question so long after the other.
    pub fn begin_pings(&self, place: &str, address: &str, pause: Duration) -> Pings {
        let pause = pause.as_secs_f64().to_string();
        // It says something of each question, also if there was no answer.
        let words = ["ping", "-n", "-D", "-O", "-i", &pause, address];
        let mut asking = self.command(place, &words).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(asking.stdout.take().unwrap()).lines();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let reader = std::thread::spawn(move || {
            let lines = lines.map_while(Result::ok);
            let lines = lines.take_while(|_| !over.load(Ordering::Relaxed));
            lines.filter_map(|line| Answer::read(&line)).collect()
        });
        Pings { asking, is_over, reader }
    }

    /// When both offices were last told to be connected like that, in seconds of Unix time.
    pub fn switched_at(&self, mode: &str) -> f64 {
        let switched = [1, 2].map(|router| {
            let events = self.events(router).into_iter().rev();
            let event = { events }.find(|event| event["what"] == "site" && event["to"] == mode);
            event.unwrap()["at"].as_f64().unwrap() / 1_000.0
        });
        switched.into_iter().fold(0.0, f64::max)
    }

    /// Runs a script where all places are.
    pub fn inside_all(&self, script: &str) {
        let output = self.inside(&["sh", "-ec", script]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Whether somebody here reaches somebody there, who asks again if there is no answer.
    pub fn is_reached(&self) -> bool {
        let words = ["ping", "-c", "1", "-w", "3", "10.2.0.2"];
        self.command("here", &words).output().unwrap().status.success()
    }

    /// The same by IPv6.
    pub fn is_reached_by_ipv6(&self) -> bool {
        let words = ["ping", "-6", "-c", "1", "-w", "3", "2001:db8:2::2"];
        self.command("here", &words).output().unwrap().status.success()
    }

    /// What a command in a place says.
    pub fn at(&self, place: &str, words: &[&str]) -> String {
        self.places.at(place, words)
    }

    /// A command in a place.
    pub fn command(&self, place: &str, words: &[&str]) -> Command {
        self.places.command(place, words)
    }

    fn inside(&self, words: &[&str]) -> Command {
        self.places.inside(words)
    }

    fn config(&self, router: usize) -> PathBuf {
        self.dir.path().join(format!("router-{router}.toml"))
    }

    fn number_file(&self, router: usize) -> PathBuf {
        self.dir.path().join(format!("number-{router}"))
    }
}

/// What is answered at a socket to a question such as `sabeel link` asks. No program is started for it,
/// which agents and other stories would have to wait for.
pub fn ask(socket: &Path, path: &str) -> Option<Value> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: desk\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let mut said = String::new();
    stream.read_to_string(&mut said).ok()?;
    let (_, body) = said.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

/// Whether events lead to where an office and its paths are.
fn tell_all(events: &[Value], status: &Value) -> bool {
    let began = events.iter().rposition(|event| event["what"] == "began").unwrap_or_default();
    let leads = |events: &[Value], what: &str, path: &Value, now: &Value, at_first: &str| {
        let is_it =
            |event: &&Value| event["what"] == what && (path.is_null() || event["path"] == *path);
        let last = events.iter().rev().find(is_it).map(|event| &event["to"]);
        last.map_or(now.is_null() || now == at_first, |last| last == now)
    };
    let mut paths = status["paths"].as_array().unwrap().iter();
    leads(events, "site", &Value::Null, &status["mode"], "primary")
        && paths.all(|path| {
            let (name, thrift) = (&path["name"], &path["budget"]["thrift"]);
            leads(&events[began..], "path", name, &path["health"], "init")
                && leads(&events[began..], "fitness", name, &path["fitness"], "stale")
                && leads(events, "budget", name, thrift, "within-budget")
        })
}

/// Questions that are being asked.
pub struct Pings {
    asking: Child,
    is_over: Arc<AtomicBool>,
    reader: JoinHandle<Vec<Answer>>,
}

/// The answer to one of them.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The number of the question, from 1.
    pub number: usize,
    /// When it came, in seconds of Unix time; 0 where nobody asked for it.
    pub at: f64,
    pub took: Duration,
}

impl Pings {
    /// Ends them; what was answered.
    pub fn end(mut self) -> Vec<Answer> {
        self.is_over.store(true, Ordering::Relaxed);
        let answers = self.reader.join().unwrap();
        // Nobody takes what it says any more, which ends it.
        self.asking.wait().unwrap();
        answers
    }
}

impl Answer {
    /// Reads what ping says of an answer.
    pub fn read(line: &str) -> Option<Self> {
        let number = word_after(line, "icmp_seq=")?.parse().ok()?;
        let took = word_after(line, "time=")?.parse::<f64>().ok()?;
        let at = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let at = at.and_then(|(at, _)| at.parse().ok()).unwrap_or_default();
        Some(Self { number, at, took: Duration::from_secs_f64(took / 1_000.0) })
    }
}

/// The word of a line that comes right after that.
fn word_after<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    line.split_once(before)?.1.split_whitespace().next()
}

impl Drop for Offices {
    fn drop(&mut self) {
        for agent in self.agents.iter_mut().flatten() {
            agent.kill().ok();
            agent.wait().ok();
        }
    }
}
