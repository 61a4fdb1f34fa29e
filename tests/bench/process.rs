//! A server as a process, with those that it starts: what it costs in CPU time and memory, as the kernel counts it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// Ticks of `/proc/PID/stat` in a second (USER_HZ, the same on every Linux of today's machines).
const TICKS_PER_SECOND: u32 = 100;
/// How long a server may take to start, or to finish what it has put off.
const PATIENCE: Duration = Duration::from_secs(300);
/// For how long a server must use no CPU time to count as idle.
const QUIET: Duration = Duration::from_millis(300);

/// A running server, killed when dropped.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts a server, and waits until `word` stands in its log.
    pub fn start(command: &mut Command, log: &Path, word: &str) -> anyhow::Result<Self> {
        let name = command.get_program().display().to_string();
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut server = Self { child };
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(log).unwrap_or_default().contains(word) {
            if let Some(status) = server.child.try_wait()? {
                bail!("{name} ended with {status}:\n{}", fs::read_to_string(log)?);
            }
            ensure!(Instant::now() < deadline, "{name} does not become ready");
            sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Ends the server without warning.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// CPU time used so far, by the program and by the kernel for it, over all threads and the
    /// processes that it has started.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let mut ticks = Process::of(self.child.id())?.ticks;
        // One that has ended meanwhile counts with its parent.
        ticks += self.started()?.map(|(_, process)| process.ticks).sum::<u32>();
        Ok(Duration::from_secs(1) * ticks / TICKS_PER_SECOND)
    }

    /// The processes that it has started.
    fn started(&self) -> anyhow::Result<impl Iterator<Item = (u32, Process)>> {
        let parent = self.child.id();
        let numbers = fs::read_dir("/proc")?
            .filter_map(|entry| entry.ok()?.file_name().to_string_lossy().parse().ok());
        let processes = numbers.filter_map(|id| Some((id, Process::of(id).ok()?)));
        Ok(processes.filter(move |(_, process)| process.parent == parent))
    }

    /// Memory in RAM, in octets.
    pub fn memory(&self) -> anyhow::Result<u64> {
        memory_of(&self.child.id().to_string())
    }

    /// Files that it has open, connections among them.
    pub fn files(&self) -> anyhow::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Waits until the server has done whatever it put off; returns since when it has.
    pub fn settle(&self) -> anyhow::Result<Instant> {
        let mut at_rest_since = Instant::now();
        let deadline = at_rest_since + PATIENCE;
        let mut before = self.cpu()?;
        loop {
            sleep(QUIET);
            let now = self.cpu()?;
            if now == before {
                return Ok(at_rest_since);
            }
            at_rest_since = Instant::now();
            ensure!(at_rest_since < deadline, "the server does not come to rest");
            before = now;
        }
    }
}

/// What the kernel says of a process.
struct Process {
    parent: u32,
    /// Its own, and those of its children that have ended.
    ticks: u32,
}

impl Process {
    fn of(id: u32) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name, in parentheses, may hold anything; the parent is field 4, and utime, stime,
        // cutime and cstime are fields 14 to 17.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat is odd")?;
        let fields: Vec<_> = fields.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).context("/proc/PID/stat is short");
        let ticks = (14..=17).map(|number| Ok(field(number)?.parse::<u32>()?));
        Ok(Self { parent: field(4)?.parse()?, ticks: ticks.sum::<anyhow::Result<_>>()? })
    }
}

/// Memory of this process that is in RAM, in octets.
pub fn own_memory() -> anyhow::Result<u64> {
    memory_of("self")
}

fn memory_of(process: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("no VmRSS")?.parse::<u64>()? * 1_024)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Those that it has started would outlive it; any may have ended by itself.
        let started: Vec<_> = self.started().into_iter().flatten().map(|(id, _)| id).collect();
        for id in started.into_iter().filter_map(|id| i32::try_from(id).ok()) {
            let _ = nix::sys::signal::kill(Pid::from_raw(id), Signal::SIGKILL);
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
