//! What it takes to ask many targets once a second: processor time of the thread that does it, with that
//! of the kernel, which here makes the answers on the same thread, too.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comfy_table::{Table, presets};
use serde_json::Value;

use crate::ground::{Offices, Setting, USUAL};

const COUNTS: [u32; 2] = [500, 10_000];
/// How long it is looked at.
const LASTING: Duration = Duration::from_secs(20);

/// A table of all counts.
pub fn report() -> anyhow::Result<String> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["targets", "% of one core", "lost of 1,000", "median round trip us"]);
    for count in COUNTS {
        let (share, lost, round_trip) = ask(count)?;
        let share = format!("{:.1}", share * 100.0);
        table.add_row([count.to_string(), share, lost.to_string(), round_trip.to_string()]);
    }
    Ok(format!("### Targets that are asked by ICMP echo once a second\n\n{table}\n"))
}

/// The share of a core, what was lost, and the median of the last round trips.
fn ask(count: u32) -> anyhow::Result<(f64, u64, u64)> {
    let mut targets = String::new();
    for number in 0..count {
        let [_, _, high, low] = number.to_be_bytes();
        write!(
            targets,
            "[[links.targets]]\nname = \"t-{number}\"\npath = \"fibre\"\nkind = \"ping\"\n\
             address = \"172.16.{high}.{low}\"\n"
        )?;
    }
    let mut offices = Offices::lay();
    // All of them are the other router.
    let all = "172.16.0.0/16";
    offices.at("router-2", &["ip", "route", "add", "local", all, "dev", "lo"]);
    offices.at("router-1", &["ip", "route", "add", all, "via", "192.0.2.2"]);
    offices.start(1, Setting { more_of_backup: &targets, ..USUAL });
    let all_up = |offices: &Offices| -> anyhow::Result<Option<Vec<Value>>> {
        let output = offices.link(1, &["targets"]);
        if !output.status.success() {
            return Ok(None);
        }
        let targets: Vec<Value> = serde_json::from_slice(&output.stdout)?;
        Ok(targets.iter().all(|target| target["state"] == "up").then_some(targets))
    };
    let begun = Instant::now();
    while all_up(&offices)?.is_none() {
        ensure!(begun.elapsed() < Duration::from_secs(60), "not all targets came up");
    }
    let (before, at) = (thread_time(&offices)?, Instant::now());
    std::thread::sleep(LASTING);
    let took = thread_time(&offices)? - before;
    let share = took.as_secs_f64() / at.elapsed().as_secs_f64();
    let targets = all_up(&offices)?.context("some targets went down")?;
    let number = |target: &Value, key: &str| target[key].as_u64().unwrap_or_default();
    let lost: u64 = targets.iter().map(|target| number(target, "loss-per-mille")).sum();
    let mut times: Vec<_> = targets.iter().map(|target| number(target, "round-trip-us")).collect();
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok((share, lost / u64::from(count), middle))
}

/// How long the thread that asks has had a processor, for itself and in the kernel.
fn thread_time(offices: &Offices) -> anyhow::Result<Duration> {
    let script = format!("cat /proc/{}/task/*/stat", offices.agent(1));
    let all = offices.at("router-1", &["sh", "-c", &script]);
    let line = all.lines().find(|line| line.contains("(link-targets)"));
    let (_, fields) = line.and_then(|line| line.rsplit_once(')')).context("it is there")?;
    // Fields 14 and 15 of proc(5), of which the first two are before the bracket; each tick is 10 ms.
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let ticks = ticks.collect::<Result<Vec<_>, _>>()?;
    Ok(Duration::from_millis(10) * ticks.iter().sum())
}
