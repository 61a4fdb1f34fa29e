//! A MariaDB of a story's own, in a folder and behind a socket there.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::city::eventually;

/// The database that every story uses.
const NAME: &str = "radius";

/// Runs until it is dropped.
pub struct MariaDb {
    files: TempDir,
    server: Child,
}

impl MariaDb {
    /// A server with an empty database.
    pub async fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let data = format!("--datadir={}", files.path().join("data").display());
        // As root it wants to be told that it may be.
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let user = root.then_some("--user=root");
        // A server that starts removes what others keep in a folder of temporary files that is
        // shared with them.
        let temporary = format!("--tmpdir={}", files.path().display());
        let made = command("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", &data, &temporary])
            .args(user)
            .output()
            .expect("scripts/install test installs it");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        let server = command("mariadbd")
            .args(["--no-defaults", "--skip-networking", "--skip-grant-tables", &data, &temporary])
            .arg(format!("--socket={}", socket(&files).display()))
            .arg(format!("--pid-file={}", files.path().join("pid").display()))
            .args(user)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let database = Self { files, server };
        eventually("MariaDB", async || {
            let mut ping = database.client("mariadb-admin");
            let ping = ping.arg("ping").stdout(Stdio::null()).stderr(Stdio::null());
            ping.status().unwrap().success().then_some(())
        })
        .await;
        database.run_in("", &format!("CREATE DATABASE {NAME} CHARACTER SET utf8mb4"));
        database
    }

    /// Runs a script, and returns the rows it gives, columns apart by tabs.
    pub fn run(&self, script: &str) -> String {
        self.run_in(NAME, script)
    }

    fn run_in(&self, name: &str, script: &str) -> String {
        let mut client = self.client("mariadb");
        let client =
            client.args(["--batch", "--skip-column-names", "--default-character-set=utf8mb4"]);
        let client = client.arg(name).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = client.spawn().unwrap();
        client.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success(), "MariaDB refused it");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `mariadb-dump` writes about everything.
    pub fn dump(&self, options: &[&str]) -> Vec<u8> {
        let output = self.client("mariadb-dump").args(options).arg(NAME).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn client(&self, program: &str) -> Command {
        let mut client = command(program);
        client.arg("--no-defaults").arg(format!("--socket={}", socket(&self.files).display()));
        client
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn socket(files: &TempDir) -> PathBuf {
    files.path().join("socket")
}

fn command(program: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}
