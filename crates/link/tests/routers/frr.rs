//! FRR: zebra, which knows the interfaces, and bfdd.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::ground::Ground;
use crate::{eventually, look_every};

/// Both programs, killed when dropped.
pub struct Frr<'a> {
    ground: &'a Ground,
    zebra: Child,
    bfdd: Child,
}

impl<'a> Frr<'a> {
    /// Starts it with these lines about peers.
    pub fn start(ground: &'a Ground, peers: &str) -> Self {
        let dir = ground.dir();
        fs::write(dir.join("zebra.conf"), "").unwrap();
        fs::write(dir.join("bfdd.conf"), format!("debug bfd network\nbfd\n{peers}exit\n")).unwrap();
        let zebra = run(ground, "zebra", &[]);
        eventually("socket of zebra", || dir.join("zserv.api").exists().then_some(()));
        let bfdd = start_bfdd(ground);
        let router = Self { ground, zebra, bfdd };
        router.answers();
        router
    }

    /// Kills bfdd without warning.
    pub fn kill(&mut self) {
        self.bfdd.kill().unwrap();
        self.bfdd.wait().unwrap();
    }

    /// Starts bfdd again, as it was configured first.
    pub fn start_again(&mut self) {
        self.bfdd = start_bfdd(self.ground);
        self.answers();
    }

    fn answers(&self) {
        eventually("answer of bfdd", || self.peers().filter(|peers| !peers.is_empty()));
    }

    /// Has commands done one after the other.
    pub fn vtysh(&self, commands: &[&str]) -> String {
        let dir = self.ground.dir().display().to_string();
        let mut words = vec!["vtysh", "--vty_socket", &dir, "--config_dir", &dir];
        for command in commands {
            words.extend(["-c", command]);
        }
        let output = self.ground.theirs(&words).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Changes the peer that is there.
    pub fn configure(&self, peer: &str, lines: &[&str]) {
        let said = self.vtysh(&[&["configure terminal", "bfd", peer], lines].concat());
        assert_eq!(said, "", "{lines:?}");
    }

    fn peers(&self) -> Option<Vec<Value>> {
        serde_json::from_str(&self.vtysh(&["show bfd peers json"])).ok()
    }

    /// Waits until its only peer is so.
    pub fn sees(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || self.peers()?.pop().filter(&is_so))
    }

    /// Waits until the peer with that address is so.
    pub fn sees_of(&self, address: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || {
            let mut peers = self.peers()?.into_iter();
            peers.find(|peer| peer["peer"] == address && is_so(peer))
        })
    }

    /// Waits until all its peers together are so.
    pub fn sees_all(&self, what: &str, are_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        // To tell of many is work, for which their packets wait.
        let pause = Duration::from_millis(500);
        look_every(pause, what, || self.peers().filter(|peers| are_so(peers)))
    }

    /// How often its only peer went down.
    pub fn falls(&self) -> u64 {
        self.falls_of_all().into_values().next().unwrap()
    }

    /// How often the peer with each address went down.
    pub fn falls_of_all(&self) -> BTreeMap<IpAddr, u64> {
        let said = self.vtysh(&["show bfd peers counters json"]);
        let counters: Vec<Value> = serde_json::from_str(&said).unwrap();
        let falls = |peer: &Value| {
            let address = peer["peer"].as_str().unwrap().parse().unwrap();
            (address, peer["session-down"].as_u64().unwrap())
        };
        counters.iter().map(falls).collect()
    }

    /// What bfdd said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(log(self.ground, "bfdd")).unwrap_or_default()
    }
}

impl Drop for Frr<'_> {
    fn drop(&mut self) {
        for child in [&mut self.bfdd, &mut self.zebra] {
            child.kill().ok();
            child.wait().ok();
        }
        if std::thread::panicking() {
            eprintln!("--- bfdd\n{}", self.said());
        }
    }
}

fn start_bfdd(ground: &Ground) -> Child {
    let control = ground.dir().join("bfdd.sock");
    // What a killed one left.
    fs::remove_file(&control).ok();
    run(ground, "bfdd", &["--bfdctl", &control.display().to_string()])
}

fn log(ground: &Ground, program: &str) -> PathBuf {
    ground.dir().join(format!("{program}.log"))
}

fn run(ground: &Ground, program: &str, words: &[&str]) -> Child {
    let dir = ground.dir().display();
    let (config, process) = (format!("{dir}/{program}.conf"), format!("{dir}/{program}.pid"));
    let (place, socket) = (dir.to_string(), format!("{dir}/zserv.api"));
    let program_path = format!("/usr/lib/frr/{program}");
    let mut all = vec![
        program_path.as_str(),
        "--config_file",
        &config,
        "--pid_file",
        &process,
        "--socket",
        &socket,
        "--vty_socket",
        &place,
        "--vty_port",
        "0",
        "--log",
        "stdout",
        "--log-level",
        "debugging",
    ];
    all.extend(words);
    assert!(
        fs::exists(&program_path).unwrap(),
        "{program_path} is missing; run `scripts/install test`"
    );
    let log = File::options().create(true).append(true).open(log(ground, program)).unwrap();
    let mut command = ground.theirs(&all);
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}
