//! A standing park, and how to be in it.
//!
//! It stands in user, mount, process and network namespaces of its own, so that it needs no
//! right on the machine, and everything in it ends with the test.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::noon::zone_of_noon;

const SABEEL: &str = env!("CARGO_BIN_EXE_sabeel");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/scene");
/// How long something that must happen may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(180);

/// A park that stands until it is dropped.
pub struct Scene {
    keeper: Child,
    dir: tempfile::TempDir,
    day_data: &'static str,
    gateway: &'static str,
    /// At which level openNDS is, if at another than it was set up for.
    fas_level: &'static str,
}

impl Scene {
    /// Builds a park whose visitors may use so much a day.
    pub fn build(day_data: &'static str) -> Self {
        Self::build_with(("sabeel", ""), day_data)
    }

    /// The same park, whose gateway is openNDS.
    pub fn build_with_opennds(day_data: &'static str) -> Self {
        Self::build_with(("opennds", ""), day_data)
    }

    /// The same, with openNDS at that level of FAS.
    pub fn build_with_opennds_at(fas_level: &'static str) -> Self {
        Self::build_with(("opennds", fas_level), "20MB")
    }

    fn build_with(
        (gateway, fas_level): (&'static str, &'static str),
        day_data: &'static str,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "--net", "--pid", "--fork"])
            .args(["--mount-proc", "--kill-child", "sh", "-c"])
            // The shell stays, to bury the processes that its namespace leaves it.
            .arg("mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib/misc && echo stands && cat; exit")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "stands\n", "this kernel gives no user namespaces");
        let scene = Self { keeper, dir, day_data, gateway, fas_level };
        let built = scene.script(&["up"]).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        scene
    }

    /// The folder of the scene's files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command within the park's namespaces, as their root.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        // The keeper is the child of unshare, in the new process namespace.
        command.args(["--target", &self.keeper_pid(), "--user", "--preserve-credentials"]);
        command.args(["--mount", "--net", "--pid", program]);
        command
    }

    fn keeper_pid(&self) -> String {
        let children = format!("/proc/{0}/task/{0}/children", self.keeper.id());
        let children = std::fs::read_to_string(children).unwrap();
        children.split_whitespace().next().unwrap().to_owned()
    }

    /// `scripts/scene` with these words.
    pub fn script(&self, words: &[&str]) -> Command {
        let mut command = self.inside(SCRIPT);
        command.args(words);
        command.envs([("SABEEL", SABEEL), ("DAY_DATA", self.day_data), ("INTERIM", "2")]);
        command.envs([("GATEWAY", self.gateway), ("FAS_LEVEL", self.fas_level)]);
        command.env("SCENE_DIR", self.dir.path()).env("ZONE", zone_of_noon());
        command
    }

    /// A command on a phone.
    pub fn phone(&self, number: u8, words: &[&str]) -> Command {
        let number = number.to_string();
        let words: Vec<_> = ["phone", &number].iter().chain(words).copied().collect();
        self.script(&words)
    }

    /// What `curl` with these words says on a phone.
    pub fn curl(&self, number: u8, words: &[&str]) -> Output {
        let quietly = ["curl", "--silent", "--show-error", "--max-time", "30"];
        let words: Vec<_> = quietly.iter().chain(words).copied().collect();
        self.phone(number, &words).output().unwrap()
    }

    /// The status and the place of a redirect, for a page opened on a phone.
    pub fn open(&self, number: u8, url: &str) -> (String, String) {
        let format = "%{http_code} %{redirect_url}";
        let output = self.curl(number, &["--output", "/dev/null", "--write-out", format, url]);
        let answer = String::from_utf8(output.stdout).unwrap();
        let (status, place) = answer.split_once(' ').unwrap();
        (status.to_owned(), place.to_owned())
    }

    /// A command in the namespace of that name.
    pub fn at(&self, place: &str, words: &[&str]) -> Output {
        let place = format!("scene-{place}");
        let mut command = self.inside("ip");
        command.args(["netns", "exec", &place]).args(words);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        output
    }

    /// What the command line prints for these words.
    pub fn admin(&self, words: &[&str]) -> Vec<u8> {
        let config = self.file("server.toml");
        let program = [SABEEL, "--config", config.to_str().unwrap()];
        let words: Vec<_> = program.iter().chain(words).copied().collect();
        self.at("city", &words).stdout
    }

    /// What it prints about every session, newest first.
    pub fn sessions(&self) -> Vec<Value> {
        serde_json::from_slice(&self.admin(&["--json", "session", "list", "--all"])).unwrap()
    }

    /// Waits for a session of a phone that is as wanted.
    pub fn session(&self, phone: u8, wanted: impl Fn(&Value) -> bool) -> Value {
        let device = format!("02:5a:be:e1:00:0{phone}");
        eventually(&format!("a session of {device}"), || {
            let sessions = self.sessions().into_iter();
            sessions.filter(|session| session["device"] == device.as_str()).find(|s| wanted(s))
        })
    }

    /// Kills a program of the scene without warning, and waits until it is gone.
    pub fn kill(&self, program: &str) {
        let pid = std::fs::read_to_string(self.file(&format!("{program}.pid"))).unwrap();
        let kill = self.inside("kill").args(["-9", pid.trim()]).status().unwrap();
        assert!(kill.success());
        eventually(&format!("end of {program}"), || {
            let runs = self.inside("kill").args(["-0", pid.trim()]).output().unwrap();
            (!runs.status.success()).then_some(())
        });
    }

    /// The short messages as they arrive at the SMS gateway.
    pub fn messages(&self) -> Messages {
        let mut tail = Command::new("tail")
            .args(["--lines=+1", "--follow"])
            .arg(self.file("messages"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(tail.stdout.take().unwrap());
        Messages { tail, lines }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for program in ["server", "gateway", "reports"] {
                let log = std::fs::read_to_string(self.file(&format!("{program}.log")));
                let log = log.unwrap_or_default();
                writeln!(std::io::stderr(), "--- {program}.log\n{log}").ok();
            }
        }
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}

/// Short messages in the order in which they were sent.
pub struct Messages {
    tail: Child,
    lines: BufReader<ChildStdout>,
}

impl Messages {
    /// Waits for the next message, and reads the code in it.
    pub fn next_code(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let message: Value = serde_json::from_str(&line).unwrap();
        let text = message["text"].as_str().unwrap();
        let digits = text.split(|c: char| !c.is_ascii_digit());
        digits.into_iter().find(|digits| digits.len() == 6).unwrap().to_owned()
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.tail.kill().ok();
        self.tail.wait().ok();
    }
}

/// Looks again and again, each time by asking another program, until there is what must come.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what}");
    }
}
