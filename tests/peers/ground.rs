//! A network of its own for a story that needs interfaces and fixed ports, without any right on
//! the machine: a user and a network namespace that end with the story.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A network that lasts until it is dropped.
pub struct Ground {
    keeper: Child,
    target: String,
}

impl Ground {
    /// Makes a network in which these commands of `sh` have been run.
    pub fn lay(commands: &str) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "sh", "-ec"])
            .arg(format!("ip link set lo up\n{commands}\necho laid; exec cat"))
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "laid\n", "this kernel gives no user namespaces");
        let target = keeper.id().to_string();
        Self { keeper, target }
    }

    /// The words that bring a command here.
    pub fn entrance(&self) -> [&str; 6] {
        ["nsenter", "--target", &self.target, "--user", "--net", "--preserve-credentials"]
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}
