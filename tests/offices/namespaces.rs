//! Places of a story: network namespaces and the programs in them, which end with it. They need no right
//! on the machine.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// All places, until they are dropped.
pub struct Namespaces {
    keeper: Child,
}

impl Namespaces {
    /// Runs a script that lays them, where files of the machine can be seen.
    pub fn lay(script: &str) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        // Heartbeats are about time, and not about what else this machine does. Who may not ask for it
        // goes without.
        rustix::process::setpriority_process(None, -10).ok();
        let script = format!("mount -t tmpfs tmpfs /run\n{script}\necho laid; cat; exit\n");
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "--net", "--pid", "--fork"])
            .args(["--mount-proc", "--kill-child", "sh", "-ec", &script])
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "laid\n", "this kernel gives no user namespaces");
        Self { keeper }
    }

    /// What a command in a place says.
    pub fn at(&self, place: &str, words: &[&str]) -> String {
        let output = self.command(place, words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A command in a place.
    pub fn command(&self, place: &str, words: &[&str]) -> Command {
        self.inside(&[&["ip", "netns", "exec", place], words].concat())
    }

    /// A command where all places are.
    pub fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.keeper_pid(), "--user", "--preserve-credentials"]);
        command.args(["--mount", "--net", "--pid"]).args(words);
        command.env("SABEEL_LOG", "info,edge=debug");
        command
    }

    fn keeper_pid(&self) -> String {
        let children = format!("/proc/{0}/task/{0}/children", self.keeper.id());
        let children = std::fs::read_to_string(children).unwrap();
        children.split_whitespace().next().unwrap().to_owned()
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}
