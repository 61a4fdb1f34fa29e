//! A program of others that runs beside the server, and what it says.

use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::city::PATIENCE;

/// A running program, killed when dropped.
pub struct Program {
    name: String,
    said: watch::Receiver<String>,
    _child: Child,
}

impl Program {
    /// Starts a program, and listens to both of its outputs.
    pub fn start(mut command: Command) -> Self {
        let name = format!("{:?}", command.as_std());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = found(command.kill_on_drop(true).spawn(), &name);
        let (said, heard) = watch::channel(String::new());
        let said = Arc::new(said);
        tokio::spawn(listen(child.stdout.take().unwrap(), Arc::clone(&said)));
        tokio::spawn(listen(child.stderr.take().unwrap(), said));
        Self { name, said: heard, _child: child }
    }

    /// Waits until it has said `word`.
    pub async fn says(&mut self, word: &str) {
        let heard = timeout(PATIENCE, self.said.wait_for(|said| said.contains(word))).await;
        let is_said = heard.is_ok_and(|heard| heard.is_ok());
        assert!(is_said, "{} never said `{word}`, but:\n{}", self.name, self.said());
    }

    /// All that it has said so far.
    pub fn said(&self) -> String {
        self.said.borrow().clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.name, self.said());
        }
    }
}

async fn listen(output: impl AsyncRead + Unpin, said: Arc<watch::Sender<String>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        said.send_modify(|said| {
            said.push_str(&line);
            said.push('\n');
        });
    }
}

/// Runs a program to its end, and returns what it said on both outputs.
pub async fn run(mut command: Command) -> String {
    let name = format!("{:?}", command.as_std());
    let output = timeout(PATIENCE, command.stdin(Stdio::null()).kill_on_drop(true).output());
    let output = found(output.await.expect("a program that ends"), &name);
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn found<T>(started: std::io::Result<T>, name: &str) -> T {
    started.unwrap_or_else(|error| panic!("{name}: {error}; run `scripts/install test`"))
}

/// A command whose programs are also looked for where Debian keeps those of administrators.
pub fn command(words: &[&str]) -> Command {
    let (program, rest) = words.split_first().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.args(rest).env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}
