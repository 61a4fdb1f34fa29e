//! BIRD, with its BFD alone.

use std::fs::{self, File};
use std::process::{Child, Stdio};

use crate::eventually;
use crate::ground::Ground;

const PROGRAM: &str = "/usr/sbin/bird";

/// A session as it shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub peer: String,
    pub state: String,
    /// Seconds between its packets.
    pub interval: String,
    /// Seconds of silence after which it takes us for gone.
    pub timeout: String,
}

/// The program, killed when dropped.
pub struct Bird<'a> {
    ground: &'a Ground,
    running: Child,
}

impl<'a> Bird<'a> {
    /// Starts it with these lines about BFD.
    pub fn start(ground: &'a Ground, bfd: &str) -> Self {
        configure(ground, bfd);
        let bird = Self { ground, running: run(ground) };
        bird.answers();
        bird
    }

    /// Kills it without warning.
    pub fn kill(&mut self) {
        self.running.kill().unwrap();
        self.running.wait().unwrap();
    }

    /// Starts it again, as it was configured last.
    pub fn start_again(&mut self) {
        self.running = run(self.ground);
        self.answers();
    }

    fn answers(&self) {
        eventually("answer of BIRD", || (!self.sessions().is_empty()).then_some(()));
    }

    /// Goes on with other lines about BFD.
    pub fn configure(&self, bfd: &str) {
        configure(self.ground, bfd);
        let said = self.asked(&["configure"]);
        assert!(said.contains("Reconfigured"), "{said}");
    }

    /// What it says to a command.
    pub fn asked(&self, command: &[&str]) -> String {
        let socket = self.ground.dir().join("bird.ctl").display().to_string();
        let words = [&["birdcl", "-s", &socket], command].concat();
        let output = self.ground.theirs(&words).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn sessions(&self) -> Vec<Shown> {
        let said = self.asked(&["show", "bfd", "sessions"]);
        let row = |line: &str| {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            // Its address, device, state, since when, interval, timeout.
            let [peer, _, state, _, interval, timeout] = words.try_into().ok()?;
            peer.starts_with(|first: char| first.is_ascii_hexdigit()).then_some(Shown {
                peer,
                state,
                interval,
                timeout,
            })
        };
        said.lines().filter_map(row).collect()
    }

    /// Waits until the session with that peer is so.
    pub fn sees(&self, peer: &str, what: &str, is_so: impl Fn(&Shown) -> bool) -> Shown {
        eventually(what, || {
            self.sessions().into_iter().find(|shown| shown.peer == peer && is_so(shown))
        })
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(self.ground.dir().join("bird.log")).unwrap()
    }

    /// How often a session went down.
    pub fn falls(&self) -> usize {
        self.said().matches("changed state from Up to Down").count()
    }
}

impl Drop for Bird<'_> {
    fn drop(&mut self) {
        self.running.kill().ok();
        self.running.wait().ok();
        if std::thread::panicking() {
            eprintln!("--- bird\n{}", self.said());
        }
    }
}

fn configure(ground: &Ground, bfd: &str) {
    let text = format!(
        "log stderr all;\nrouter id 10.0.0.1;\nprotocol device {{ }}\n\
         protocol bfd watch {{\n debug {{ states, events }};\n{bfd}}}\n"
    );
    fs::write(ground.dir().join("bird.conf"), text).unwrap();
}

fn run(ground: &Ground) -> Child {
    assert!(fs::exists(PROGRAM).unwrap(), "{PROGRAM} is missing; run `scripts/install test`");
    let file = |name: &str| ground.dir().join(name).display().to_string();
    let log = File::options().create(true).append(true).open(file("bird.log")).unwrap();
    let words = [PROGRAM, "-f", "-c", &file("bird.conf"), "-s", &file("bird.ctl")];
    ground.theirs(&words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
