//! A city with its server as a process: files of its own, addresses of its own, and the
//! command line beside it.
//!
//! Every city takes an address of 127.0.0.0/8 for itself, so that its ports are always free.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::browser::{Answer, exchange};

const SABEEL: &str = env!("CARGO_BIN_EXE_sabeel");
/// What a server logs last when it starts: from then on every socket of it is open.
const READY: &str = "admin API is open";
/// The parts of a server that run apart, each with what it logs last when it starts.
const PARTS: [(&str, &str); 3] =
    [("controller", READY), ("radius", "RADIUS answers"), ("portal", "the portal listens")];
/// How long something that must happen may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

// Below the ports that the system gives away by itself.
const RESERVATION_PORT: u16 = 21_800;
const AUTHENTICATION_PORT: u16 = 21_812;
const ACCOUNTING_PORT: u16 = 21_813;
const PORTAL_PORT: u16 = 28_080;

/// A city, with or without its servers running. Dropping it kills them.
pub struct City {
    files: TempDir,
    address: Ipv4Addr,
    /// Words that a command of the city begins with, which lead to where it runs.
    entrance: Vec<String>,
    // They have to be gone before anybody else gets the address.
    servers: Vec<Server>,
    _reservation: UdpSocket,
    log: Log,
}

struct Server {
    child: Child,
    reading: JoinHandle<()>,
}

/// What the servers of a city have logged so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl City {
    /// A city whose server has not been started yet, with these lines in its configuration,
    /// such as `portal.limits.header-seconds = 1`.
    pub fn plan(settings: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let (address, reservation) = own_address();
        let data = files.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let own = format!(
            "data-dir = \"{}\"\n\
             radius.authentication = [\"{address}:{AUTHENTICATION_PORT}\"]\n\
             radius.accounting = [\"{address}:{ACCOUNTING_PORT}\"]\n\
             radius.reject-delay-ms = 0\n\
             portal.listen = \"{address}:{PORTAL_PORT}\"\n\
             portal.public-url = \"http://{address}:{PORTAL_PORT}\"\n",
            data.display()
        );
        std::fs::write(files.path().join("sabeel.toml"), own + &settings.join("\n")).unwrap();
        let log = Log::default();
        let (entrance, servers) = (Vec::new(), Vec::new());
        Self { files, address, entrance, _reservation: reservation, servers, log }
    }

    /// The same city elsewhere: every command of it is run by these words, which end by running
    /// the rest of theirs in their own process.
    #[allow(dead_code, reason = "for the stories of tests/peers")]
    pub fn within(mut self, entrance: &[&str]) -> Self {
        self.entrance = entrance.iter().copied().map(str::to_owned).collect();
        self
    }

    /// A city whose server runs.
    pub async fn begin(settings: &[&str]) -> Self {
        let mut city = Self::plan(settings);
        city.start().await;
        city
    }

    /// Starts the server, and waits until all its sockets are open.
    pub async fn start(&mut self) {
        assert!(self.servers.is_empty(), "the server runs already");
        self.launch(&["serve"], READY).await;
    }

    /// Starts the gateway that the configuration's section `[edge]` describes.
    #[allow(dead_code, reason = "for the stories of tests/peers")]
    pub async fn start_gateway(&mut self) {
        self.launch(&["edge"], "edge.up").await;
    }

    /// Starts every part as a server of its own.
    pub async fn start_apart(&mut self) {
        assert!(self.servers.is_empty(), "the server runs already");
        for (part, _) in PARTS {
            self.start_part(part).await;
        }
    }

    /// Starts one part as a server of its own.
    pub async fn start_part(&mut self, part: &str) {
        let (part, ready) = PARTS.into_iter().find(|(known, _)| *known == part).unwrap();
        self.launch(&["serve", part], ready).await;
    }

    /// Adds lines to the configuration of a city whose server does not run.
    #[allow(dead_code, reason = "for the stories of tests/stories")]
    pub fn configure(&self, settings: &[String]) {
        let path = self.files.path().join("sabeel.toml");
        let known = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, known + "\n" + &settings.join("\n")).unwrap();
    }

    async fn launch(&mut self, words: &[&str], ready: &str) {
        let mut child = self.command(words).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let is_ready = timeout(PATIENCE, self.log.read(&mut lines, Some(ready))).await;
        assert!(is_ready.unwrap_or(false), "the server did not start");
        let log = self.log.clone();
        let reading = tokio::spawn(async move {
            log.read(&mut lines, None).await;
        });
        self.servers.push(Server { child, reading });
    }

    /// Kills the server without warning, and waits until it is gone.
    pub async fn kill(&mut self) {
        for mut server in self.servers.drain(..) {
            server.child.kill().await.unwrap();
            server.reading.await.unwrap();
        }
    }

    /// Asks the server to stop, and waits for its orderly end.
    pub async fn stop(&mut self) {
        for mut server in self.servers.drain(..) {
            kill(pid(&server.child), Signal::SIGTERM).unwrap();
            let status = timeout(PATIENCE, server.child.wait()).await.unwrap().unwrap();
            assert!(status.success(), "{status}");
            server.reading.await.unwrap();
        }
    }

    /// Runs `sabeel` with this city's configuration.
    pub async fn sabeel(&self, words: &[&str]) -> Said {
        let output = timeout(PATIENCE, self.command(words).stdout(Stdio::piped()).output());
        let output = output.await.unwrap().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Begins a command that goes on until it is interrupted.
    #[allow(dead_code, reason = "for the stories of tests/stories")]
    pub fn follow(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Interrupts it, as Ctrl-C does.
    #[allow(dead_code, reason = "for the stories of tests/stories")]
    pub fn interrupt(child: &Child) {
        kill(pid(child), Signal::SIGINT).unwrap();
    }

    /// What `sabeel --json` answers when all is well.
    pub async fn json(&self, words: &[&str]) -> Value {
        let words: Vec<_> = ["--json"].iter().chain(words).copied().collect();
        let said = self.sabeel(&words).await;
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap()
    }

    /// Asks the admin interface.
    pub async fn ask_admin(&self, path: &str) -> Answer {
        let stream = UnixStream::connect(self.admin_socket()).await.unwrap();
        let request = hyper::Request::get(path).header("host", "sabeel");
        exchange(stream, request.body(String::new().into()).unwrap()).await
    }

    /// Waits until all that has been acknowledged is in the database.
    pub async fn settled(&self) {
        eventually("applied journal", async || {
            let status: Value =
                serde_json::from_str(&self.ask_admin("/v1/status").await.body).unwrap();
            let journal = &status["journal"];
            assert!(journal["written"].is_object(), "{status}");
            (journal["written"] == journal["applied"]).then_some(())
        })
        .await;
    }

    /// The city's own address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Where Access-Requests go.
    pub fn authentication(&self) -> SocketAddr {
        (self.address, AUTHENTICATION_PORT).into()
    }

    /// Where Accounting-Requests go.
    pub fn accounting(&self) -> SocketAddr {
        (self.address, ACCOUNTING_PORT).into()
    }

    /// Where visitors find the portal.
    pub fn portal(&self) -> SocketAddr {
        (self.address, PORTAL_PORT).into()
    }

    /// The folder of whatever a story writes down.
    pub fn dir(&self) -> &Path {
        self.files.path()
    }

    /// The folder that survives the server.
    pub fn data_dir(&self) -> PathBuf {
        self.files.path().join("data")
    }

    /// Where the admin interface listens.
    pub fn admin_socket(&self) -> PathBuf {
        self.data_dir().join("admin.sock")
    }

    /// What the servers have logged so far.
    pub fn log(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }

    /// The running server's process.
    pub fn process(&self) -> Pid {
        pid(&self.servers.first().unwrap().child)
    }

    /// Memory of the running server that is in RAM, in octets.
    pub fn memory(&self) -> u64 {
        let pid = self.process();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut path = self.entrance.iter().map(String::as_str).chain([SABEEL]);
        let mut command = Command::new(path.next().unwrap());
        command
            .args(path)
            .arg("--config")
            .arg(self.files.path().join("sabeel.toml"))
            .args(words)
            .env_remove("SABEEL_CONFIG")
            .envs([("SABEEL_LOG", "info"), ("NO_COLOR", "1")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Drop for City {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", self.log());
        }
    }
}

impl Log {
    /// Takes lines until one contains `awaited`; `false` if they end before.
    async fn read(&self, lines: &mut Lines<BufReader<ChildStderr>>, awaited: Option<&str>) -> bool {
        while let Some(line) = lines.next_line().await.unwrap() {
            let mut log = self.0.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
            if awaited.is_some_and(|awaited| line.contains(awaited)) {
                return true;
            }
        }
        false
    }
}

/// Whether these digits stand somewhere by themselves: six of a time or of a digest may be any.
pub fn tells(text: &str, digits: &str) -> bool {
    let is_of_more = |beside: Option<char>| beside.is_some_and(char::is_alphanumeric);
    text.match_indices(digits).any(|(at, _)| {
        let (before, rest) = (&text[..at], &text[at + digits.len()..]);
        !is_of_more(before.chars().next_back()) && !is_of_more(rest.chars().next())
    })
}

/// Looks again and again, each time by asking somebody else, until there is what must come.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what}");
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap())
}

/// An address of this machine that nobody else uses as long as the socket is open, and that no other
/// city of this process had, whose server may still be about to end.
fn own_address() -> (Ipv4Addr, UdpSocket) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = u32::from(Ipv4Addr::new(127, 64, 0, 0));
    let within = (1_u32 << 22) - 1;
    let numbers = std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed));
    numbers
        .take(1_000)
        .map(|n| Ipv4Addr::from(first + ((std::process::id() * 16 + n) & within)))
        .find_map(|address| Some((address, UdpSocket::bind((address, RESERVATION_PORT)).ok()?)))
        .unwrap()
}
