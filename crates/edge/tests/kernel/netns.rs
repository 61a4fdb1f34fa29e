//! Network namespaces for tests: as many machines as a story needs, without any.
//!
//! A namespace lives as long as its value, or a socket made in it. An ordinary user
//! may run such tests too: the test program then starts itself again as root of a
//! user namespace. Needs `ip` (iproute2) and, for ordinary users, `unshare`.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::geteuid;

/// A machine of its own, as far as the network goes; its loopback is up.
pub struct Namespace {
    file: File,
}

impl Namespace {
    /// Makes an empty namespace.
    pub fn new() -> Self {
        become_root();
        let make = || {
            unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace can be made");
            File::open("/proc/thread-self/ns/net").expect("proc is mounted")
        };
        let file = thread::spawn(make).join().expect("a namespace is made");
        let namespace = Self { file };
        namespace.ip("link set lo up");
        namespace
    }

    /// Does `work` as if on that machine. Sockets made by it stay there.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let enter_and_work = || {
            setns(&self.file, CloneFlags::CLONE_NEWNET).expect("the namespace can be entered");
            work()
        };
        let done = thread::scope(|scope| scope.spawn(enter_and_work).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs commands of `ip`, one a line.
    pub fn ip(&self, commands: &str) {
        self.feed(Command::new("ip").args(["-batch", "-"]), commands);
    }

    /// Runs commands of `nft`, one a line.
    pub fn nft(&self, commands: &str) {
        self.feed(Command::new("nft").args(["-f", "-"]), commands);
    }

    /// Sets a value under `/proc/sys/net`.
    pub fn sysctl(&self, name: &str, value: &str) {
        self.run(|| fs::write(format!("/proc/sys/net/{name}"), value).expect("the value is taken"));
    }

    fn feed(&self, command: &mut Command, input: &str) {
        let output = self.run(|| {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("iproute2 and nftables are installed");
            let mut stdin = child.stdin.take().expect("the input is a pipe");
            stdin.write_all(input.as_bytes()).expect("the program reads its input");
            drop(stdin);
            child.wait_with_output().expect("the program ends")
        });
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{input}: {said}");
    }
}

/// Puts a cable between two machines: an interface of the given name on each.
pub fn connect((left, left_name): (&Namespace, &str), (right, right_name): (&Namespace, &str)) {
    let path = format!("/proc/{}/fd/{}", std::process::id(), right.file.as_raw_fd());
    left.ip(&format!("link add {left_name} type veth peer name {right_name} netns {path}"));
    left.ip(&format!("link set {left_name} up"));
    right.ip(&format!("link set {right_name} up"));
}

/// Starts the test program again as root of a user namespace, unless it is root already.
fn become_root() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if geteuid().is_root() {
            return;
        }
        let program = std::env::current_exe().expect("the test program has a path");
        let error = Command::new("unshare")
            .args(["--user", "--map-root-user", "--"])
            .arg(program)
            .args(std::env::args_os().skip(1))
            .exec();
        panic!("unshare cannot be run: {error}");
    });
}
