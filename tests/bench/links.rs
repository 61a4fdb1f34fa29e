//! How long offices do not reach each other when their path is cut without a word: pings every millisecond
//! from one office to the other, the longest silence between two answers. Our agents and FRR in turn, between
//! the same namespaces.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use comfy_table::{Table, presets};

use crate::frr::{Frr, Watching};
use crate::ground::{Offices, Setting, USUAL};

/// Cuts of each kind.
const RUNS: usize = 30;
/// So many pairs of offices come up together, and are cut one after the other.
const PAIRS: usize = 5;
/// The same with heartbeats so fast that others who come up may keep them waiting for too long.
const FAST_PAIRS: usize = 2;
const FAST: u32 = 50;
/// Milliseconds between heartbeats, and how many have to be missing.
const HEARTBEATS: [(u32, u32); 4] = [(10, 3), (50, 3), (100, 3), (100, 5)];
/// Answers before the cut and after the switch, so that a silence has both ends.
const AROUND: usize = 300;
/// Asks once a millisecond, also while nothing answers.
const ASKER: &str = include_str!("asker.py");
const PACE: &str = "0.001";

/// What of the path is cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    BothWays,
    OneWay,
}

/// Who watches and moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Sabeel,
    Frr,
}

/// The urgency of agents, as their unit gives it to them.
const URGENCY: libc::rlim_t = 10;
/// Agents come up within this time or are begun anew, as FRR is: others who come up may have kept their
/// heartbeats waiting.
const PATIENCE: Duration = Duration::from_secs(20);

/// A heartbeat setting as it is named in the table.
fn setting((interval, missing): (u32, u32)) -> String {
    format!("{missing} x {interval} ms")
}

/// By which it is chosen alone: `3x100`.
pub fn is_setting(name: &str) -> bool {
    HEARTBEATS.iter().any(|(interval, missing)| name == format!("{missing}x{interval}"))
}

/// A table of all settings, or of the ones that are named.
pub fn report(chosen: &[&str]) -> anyhow::Result<String> {
    let right = if may_be_urgent() { "with" } else { "without" };
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["heartbeats", "cut", "who", "runs", "min ms", "median ms", "max ms"]);
    let is_chosen = |(interval, missing): &(u32, u32)| {
        chosen.is_empty() || chosen.contains(&format!("{missing}x{interval}").as_str())
    };
    for heartbeats in HEARTBEATS.into_iter().filter(is_chosen) {
        for cut in [Cut::BothWays, Cut::OneWay] {
            let mut gaps = [Vec::new(), Vec::new()];
            let pairs = if heartbeats.0 < FAST { FAST_PAIRS } else { PAIRS };
            for _ in 0..RUNS / pairs {
                for (gaps, who) in gaps.iter_mut().zip([Who::Sabeel, Who::Frr]) {
                    gaps.extend(turn(pairs, who, heartbeats, cut)?);
                }
            }
            for (gaps, who) in gaps.into_iter().zip([Who::Sabeel, Who::Frr]) {
                table.add_row(row(heartbeats, cut, who, gaps));
            }
        }
    }
    Ok(format!(
        "### Service gap of a silent cut, by pings every millisecond\n\nOur agents ran {right} real-time \
         priority.\n\n{table}\n"
    ))
}

/// Lets all that is started from now on run ahead of others (setrlimit(2)), which needs a right.
fn may_be_urgent() -> bool {
    let limit = libc::rlimit { rlim_cur: URGENCY, rlim_max: URGENCY };
    // SAFETY: it reads the structure, which lives until then.
    unsafe { libc::setrlimit(libc::RLIMIT_RTPRIO, &raw const limit) == 0 }
}

fn row(heartbeats: (u32, u32), cut: Cut, who: Who, mut gaps: Vec<Duration>) -> [String; 7] {
    gaps.sort_unstable();
    let heartbeats = setting(heartbeats);
    eprintln!("  {heartbeats}, {cut:?}, {who:?}: {gaps:?}");
    let ms =
        |gap: Option<&Duration>| gap.map_or_else(String::new, |gap| gap.as_millis().to_string());
    let cut = match cut {
        Cut::BothWays => "both ways",
        Cut::OneWay => "one way",
    };
    let who = match who {
        Who::Sabeel => "Sabeel",
        Who::Frr => "FRR: OSPF with BFD",
    };
    [
        heartbeats,
        cut.to_owned(),
        who.to_owned(),
        gaps.len().to_string(),
        ms(gaps.first()),
        ms(gaps.get(gaps.len() / 2)),
        ms(gaps.last()),
    ]
}

/// The silences of some pairs of offices.
fn turn(pairs: usize, who: Who, heartbeats: (u32, u32), cut: Cut) -> anyhow::Result<Vec<Duration>> {
    let pairs: Vec<_> =
        (0..pairs).map(|_| std::thread::spawn(move || lay(who, heartbeats))).collect();
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|pair| pair.join().map_err(|_| anyhow!("the offices do not come up"))?)
        .collect::<anyhow::Result<_>>()?;
    let cut = |(offices, frr): &(Offices, Option<Frr>)| {
        // Others who came up may have kept the heartbeats of who was up already waiting, too.
        if frr.is_none() && !(1..=2).all(|router| is_up(offices, router)) {
            return lay(who, heartbeats).and_then(|(offices, _)| gap(&offices, cut));
        }
        gap(offices, cut)
    };
    pairs.iter().map(cut).collect()
}

/// Offices that reach each other by the fibre, and FRR if that is who watches.
fn lay(who: Who, heartbeats: (u32, u32)) -> anyhow::Result<(Offices, Option<Frr>)> {
    for _ in 0..10 {
        let mut offices = Offices::lay();
        if who == Who::Frr {
            match Frr::begin(&offices, &Watching::Bfd(heartbeats)) {
                Ok(frr) => return Ok((offices, Some(frr))),
                Err(error) => eprintln!("  once more: {error:#}"),
            }
            continue;
        }
        for router in 1..=2 {
            offices.start(router, Setting { heartbeats, ..USUAL });
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if (1..=2).all(|router| is_up(&offices, router)) {
                return Ok((offices, None));
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
    bail!("the offices do not come up")
}

/// Whether the office of a router is on the fibre and could leave it.
fn is_up(offices: &Offices, router: usize) -> bool {
    offices.status(router).is_some_and(|status| {
        status["mode"] == "primary" && (0..2).all(|path| status["paths"][path]["health"] == "up")
    })
}

/// The longest silence of one cut.
fn gap(offices: &Offices, cut: Cut) -> anyhow::Result<Duration> {
    let mut ping = offices
        .command("here", &["timeout", "20", "python3", "-c", ASKER, "10.2.0.2", PACE])
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(ping.stdout.take().context("a ping says something")?).lines();
    let mut answers = Vec::new();
    let (mut is_cut, mut after) = (false, 0);
    for line in lines {
        let at = Duration::from_secs_f64(line?.parse()?);
        let silence = answers.last().map(|last| at.saturating_sub(*last)).unwrap_or_default();
        answers.push(at);
        if !is_cut && answers.len() == AROUND {
            match cut {
                Cut::BothWays => offices.cut_both("fib0"),
                Cut::OneWay => offices.cut(1, "fib0"),
            }
            is_cut = true;
        }
        // Answers that were on their way when the path was cut are no end of the silence.
        if is_cut && (after > 0 || silence > Duration::from_millis(15)) {
            after += 1;
        }
        if after >= AROUND {
            break;
        }
    }
    ping.kill()?;
    ping.wait()?;
    ensure!(after >= AROUND, "the offices did not reach each other again");
    let silences = answers.iter().zip(answers.iter().skip(1)).map(|(one, next)| *next - *one);
    silences.max().context("there were answers")
}
