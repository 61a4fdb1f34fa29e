//! What scripts and services rely on: exit codes, what `doctor` looks at and leaves alone, logs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder with a configuration whose data folder is `data` beside it.
struct Installation(tempfile::TempDir);

impl Installation {
    fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let text = format!("data-dir = \"{}\"\n{more}", data.display());
        std::fs::write(dir.path().join("sabeel.toml"), text).unwrap();
        Self(dir)
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("sabeel.toml")
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        sabeel(&self.config()).args(arguments).output().unwrap()
    }
}

fn sabeel(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sabeel"));
    command.arg("--config").arg(config).stdin(Stdio::null()).env_remove("SABEEL_LOG");
    command
}

#[test]
fn exit_codes_tell_failure_usage_and_configuration_apart() {
    let check = |more: &str, arguments: &[&str], expected: i32| {
        let output = Installation::new(more).run(arguments);
        assert_eq!(output.status.code(), Some(expected), "{more} {arguments:?} {output:?}");
    };
    check("", &["config", "check"], 0);
    check("", &["session", "list"], 1);
    check("", &["account", "erase", "0551234567"], 1);
    check("", &["serve", "portal"], 78);
    check("", &["session", "show", "not-an-id"], 2);
    check("", &["frobnicate"], 2);
    check("", &["edge"], 78);
    check("[portal]\npublc-url = \"http://portal.example\"", &["config", "check"], 78);
    check("[controller]\nsweep-seconds = 0", &["session", "list"], 78);
    check("[store]\nurl = \"mysql://db\"", &["config", "check"], 78);
    check("[journal]\nqueue = 0", &["config", "check"], 78);
    check("[trail]\nkeep-days = 31", &["config", "check"], 78);
}

#[test]
fn doctor_before_the_first_start_makes_nothing() {
    let installation = Installation::new("");
    let output = installation.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let left: Vec<_> = std::fs::read_dir(installation.data()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn doctor_looks_at_what_a_part_needs() {
    let edge = "[edge]\nenforcer = \"pretend\"\ncredentials-file = \"none.json\"\n\
        portal-url = \"http://192.0.2.10\"\nredirector = \"127.0.0.1:8081\"\n\
        [edge.radius]\nauthentication-servers = [\"192.0.2.10:1812\"]\n\
        accounting-servers = [\"192.0.2.10:1813\"]";
    let installation = Installation::new(edge);
    for (part, expected) in [
        (None, &["data folder", "keys", "database", "portal TLS", "server", "gateway"][..]),
        (Some("portal"), &["data folder", "keys", "database", "portal TLS"]),
        (Some("radius"), &["data folder", "keys", "database"]),
        (Some("controller"), &["data folder", "keys", "database", "server"]),
        (Some("edge"), &["gateway"]),
    ] {
        let arguments: Vec<&str> = ["--json", "doctor"].into_iter().chain(part).collect();
        let output = installation.run(&arguments);
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        let seen: Vec<&str> =
            findings.iter().map(|finding| finding["what"].as_str().unwrap()).collect();
        assert_eq!(seen, expected, "{part:?}");
    }
}

/// A server that is ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Ports that the kernel chooses.
const ANY_PORTS: &str = "[radius]\nauthentication = [\"127.0.0.1:0\"]\n\
    accounting = [\"127.0.0.1:0\"]\n[portal]\nlisten = \"127.0.0.1:0\"";

impl Server {
    /// Starts everything, and waits until it can be administered; gives what it logged till then.
    fn start(installation: &Installation) -> (Self, Vec<String>) {
        let mut command = sabeel(&installation.config());
        command.arg("serve").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = Self(command.spawn().unwrap());
        let mut lines = Vec::new();
        for line in BufReader::new(server.0.stderr.take().unwrap()).lines() {
            lines.push(line.unwrap());
            if lines.last().unwrap().contains("admin API is open") {
                return (server, lines);
            }
        }
        panic!("the server ended: {lines:?}");
    }
}

#[test]
fn a_log_that_no_terminal_shows_is_plain_text() {
    let (_server, log) = Server::start(&Installation::new(ANY_PORTS));
    for line in log {
        assert!(line.contains(" INFO ") && !line.contains('\u{1b}'), "{line:?}");
    }
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let installation = Installation::new(ANY_PORTS);
    let (_server, _log) = Server::start(&installation);
    // Nobody reads the server's standard error any more, and adding a plan is logged.
    let output = installation.run(&["plan", "add", "visitor"]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn doctor_finds_a_database_that_was_written_with_other_keys() {
    let installation = Installation::new(ANY_PORTS);
    let (server, _) = Server::start(&installation);
    let titles = ["--title-ar", "الممشى", "--title-en", "Walkway"];
    for arguments in [
        &["plan", "add", "visitor"][..],
        &[&["site", "add", "walkway", "--plan", "visitor"][..], &titles].concat(),
        &["nas", "add", "gate", "--site", "walkway", "--address", "10.0.0.1"],
    ] {
        let output = installation.run(arguments);
        assert!(output.status.success(), "{output:?}");
    }
    drop(server);
    let is_good = || installation.run(&["doctor", "radius"]).status.success();
    assert!(is_good());
    let other = format!("1:{}\n", "00".repeat(32));
    std::fs::write(installation.data().join("keys/data.key"), other).unwrap();
    assert!(!is_good());
}

#[test]
fn doctor_tells_until_when_the_certificate_is_valid() {
    const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/certificates/tests/data");
    let check = |secure: &str, tls: &str, state: &str, said: &str| {
        let installation = Installation::new(&format!("[portal]\n{secure}\n{tls}"));
        let output = installation.run(&["--json", "doctor", "portal"]);
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        let found = findings.iter().find(|finding| finding["what"] == "portal TLS").unwrap();
        assert_eq!(found["state"], state, "{found}");
        assert_eq!(found["good"], state != "bad", "{found}");
        assert!(found["detail"].as_str().unwrap().contains(said), "{found}");
    };
    let files = |cert: &str, more: &str| {
        format!(
            "[portal.tls]\nlisten = \"127.0.0.1:0\"\ncert = \"{DATA}/{cert}\"\n\
             key = \"{DATA}/portal.key\"\n{more}"
        )
    };
    let secure = "secure-url = \"https://portal.example\"";
    check("", "", "warning", "RFC 8908");
    check("", &files("portal.pem", ""), "warning", "secure-url is not set");
    check(secure, "", "good", "in front of the portal");
    check(secure, &files("portal.pem", ""), "good", "certificate until Nov  2");
    check(secure, &files("other.pem", ""), "bad", "cannot be used");
    check(
        "secure-url = \"https://wifi.example\"",
        &files("portal.pem", ""),
        "bad",
        "is for portal.example, but secure-url is for wifi.example",
    );
    let foreign = format!("ocsp = \"{DATA}/revoked.ocsp\"");
    check(secure, &files("portal.pem", &foreign), "bad", "another certificate");
    let missing = format!("ocsp = \"{DATA}/none.ocsp\"");
    check(secure, &files("portal.pem", &missing), "bad", "none.ocsp");
}
