//! FRR's shell, run for a few commands at a time: without a shell of the system in between, within a time,
//! and told nothing by which FRR would write its configuration down.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// How long it may take: FRR answers within milliseconds.
const LIMIT: Duration = Duration::from_secs(5);
/// The most that is read of what it says, in octets.
const MOST: u64 = 4 * 1_024 * 1_024;
/// The most of a reason that is told, in characters.
const LONGEST: usize = 200;
/// It says so wherever it may not read its own file, and goes on.
const NO_MATTER: &str = "% Can't open configuration file";

/// FRR's shell.
#[derive(Debug)]
pub(super) struct Vtysh {
    pub(super) program: PathBuf,
    /// The folder with the sockets of the daemons.
    pub(super) sockets: PathBuf,
}

/// Why commands were not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum VtyshError {
    /// It cannot be run.
    #[error("cannot run {}: {source}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// FRR does not answer.
    #[error("FRR says nothing for {} s", LIMIT.as_secs())]
    Silent,
    /// FRR is not there, or refuses.
    #[error("FRR refuses: {0}")]
    Refused(String),
}

impl Vtysh {
    /// Has OSPF's daemon do commands one after the other, up to the first that it refuses; what it says.
    ///
    /// # Errors
    /// When it cannot be asked, or refuses one.
    pub(super) async fn run(&self, commands: &[String]) -> Result<String, VtyshError> {
        let asked = tokio::time::timeout(LIMIT, self.ask(commands)).await;
        let asked = asked.map_err(|_| VtyshError::Silent)?;
        let (is_done, said) =
            asked.map_err(|source| VtyshError::Run { program: self.program.clone(), source })?;
        if is_done { Ok(said) } else { Err(VtyshError::Refused(reason(&said))) }
    }

    async fn ask(&self, commands: &[String]) -> io::Result<(bool, String)> {
        let mut command = Command::new(&self.program);
        command.env_clear().arg("--vty_socket").arg(&self.sockets).args(["-d", "ospfd"]);
        for text in commands {
            command.args(["-c", text]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let (said, complained) =
            tokio::try_join!(read(child.stdout.take()), read(child.stderr.take()))?;
        let status = child.wait().await?;
        let is_done = status.success();
        Ok((is_done, if is_done { said } else { said + &complained }))
    }
}

async fn read(from: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut octets = Vec::new();
    if let Some(from) = from {
        from.take(MOST).read_to_end(&mut octets).await?;
    }
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// The line that says why.
fn reason(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let matters = |line: &&str| !line.starts_with(NO_MATTER);
    let line = lines.rev().find(matters).unwrap_or("it gives no reason");
    line.chars().filter(|each| !each.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A shell that does what a script says.
    fn vtysh(dir: &tempfile::TempDir, script: &str) -> Vtysh {
        let program = dir.path().join("vtysh");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Vtysh { program, sockets: "/run/frr".into() }
    }

    fn commands() -> Vec<String> {
        ["configure terminal", "interface fib0", "ip ospf cost 10"].map(str::to_owned).into()
    }

    #[tokio::test]
    async fn each_command_is_one_word_for_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let said = vtysh(&dir, "printf '<%s>' \"$@\"").run(&commands()).await.unwrap();
        let expected = "<--vty_socket></run/frr><-d><ospfd><-c><configure terminal><-c>\
                        <interface fib0><-c><ip ospf cost 10>";
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn a_refusal_has_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let script = "echo '% Unknown command: ip ospf cost 10'
                      echo \"% Can't open configuration file /etc/frr/vtysh.conf\" >&2; exit 1";
        let error = vtysh(&dir, script).run(&commands()).await.unwrap_err().to_string();
        assert_eq!(error, "FRR refuses: % Unknown command: ip ospf cost 10");
    }

    #[tokio::test]
    async fn a_shell_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let vtysh = Vtysh { program: dir.path().join("none"), sockets: "/run/frr".into() };
        let error = vtysh.run(&commands()).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot run ") && error.contains("none: "), "{error}");
    }

    #[tokio::test]
    async fn one_that_says_nothing_is_given_up_and_ended() {
        let dir = tempfile::tempdir().unwrap();
        let number = dir.path().join("number");
        let script = format!("echo $$ >{}; exec cat /dev/zero >/dev/null", number.display());
        let vtysh = vtysh(&dir, &script);
        let commands = commands();
        let begun = std::time::Instant::now();
        assert!(matches!(vtysh.run(&commands).await, Err(VtyshError::Silent)));
        assert!(begun.elapsed() >= LIMIT);
        let number = std::fs::read_to_string(&number).unwrap();
        let place = format!("/proc/{}/stat", number.trim());
        let is_over = |stat: String| stat.contains(") Z ");
        // What was killed is gone, or waits to be reaped.
        for _ in 0..1_000 {
            if std::fs::read_to_string(&place).map_or(true, is_over) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("it goes on");
    }
}
