//! What the figures were taken on.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Context;

/// Writes that the disk is asked to make durable, to see how fast it does.
const SYNCED_WRITES: u32 = 200;

/// The machine, its disk under `dir`, and the programs, one fact a line.
pub fn describe(dir: &Path) -> anyhow::Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "CPU         {model}, {cores} cores for servers and load generator together\n\
         kernel      Linux {}\n\
         disk        {:.0} us for a synced write of 4 kB (mean of {SYNCED_WRITES})\n\
         busy        load average {load} before the run\n\
         programs    sabeel {}, {}\n",
        kernel.trim(),
        synced_write(dir).context("cannot try the disk")? * 1e6,
        env!("CARGO_PKG_VERSION"),
        freeradius_version()?,
    ))
}

/// How long one small write takes until it is durable, in seconds.
fn synced_write(dir: &Path) -> anyhow::Result<f64> {
    let path = dir.join("synced");
    let file = File::create(&path)?;
    let begun = Instant::now();
    for n in 0..SYNCED_WRITES {
        file.write_all_at(&[0; 4_096], u64::from(n) * 4_096)?;
        file.sync_data()?;
    }
    let mean = begun.elapsed().as_secs_f64() / f64::from(SYNCED_WRITES);
    fs::remove_file(path)?;
    Ok(mean)
}

fn freeradius_version() -> anyhow::Result<String> {
    let said = Command::new("freeradius").arg("-v").output();
    let said = said.context("FreeRADIUS is missing; `make bench` installs it")?.stdout;
    let said = String::from_utf8_lossy(&said);
    let version = said.split([' ', ',']).skip_while(|word| *word != "Version").nth(1);
    Ok(format!("FreeRADIUS {}", version.unwrap_or("of unknown version")))
}
