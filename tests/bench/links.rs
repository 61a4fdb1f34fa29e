//! How long offices do not reach each other when their path is cut without a word: pings every 5 ms from
//! one office to the other, the longest silence between two answers.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use comfy_table::{Table, presets};

use crate::ground::{Offices, Setting, USUAL};

/// Cuts of each kind.
const RUNS: usize = 10;
/// Milliseconds between heartbeats, and how many have to be missing.
const HEARTBEATS: [(u32, u32); 4] = [(10, 3), (50, 3), (100, 3), (100, 5)];
/// Answers before the cut and after the switch, so that a silence has both ends.
const AROUND: usize = 60;

/// What of the path is cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    BothWays,
    OneWay,
}

/// A table of all settings.
pub fn report() -> anyhow::Result<String> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["heartbeats", "cut", "runs", "min ms", "median ms", "max ms"]);
    for heartbeats in HEARTBEATS {
        for cut in [Cut::BothWays, Cut::OneWay] {
            let gaps = (0..RUNS).map(|_| gap(heartbeats, cut));
            let mut gaps = gaps.collect::<anyhow::Result<Vec<_>>>()?;
            gaps.sort_unstable();
            let (interval, missing) = heartbeats;
            eprintln!("  {missing} x {interval} ms, {cut:?}: {gaps:?}");
            let ms = |gap: Option<&Duration>| {
                gap.map_or_else(String::new, |gap| gap.as_millis().to_string())
            };
            let cut = match cut {
                Cut::BothWays => "both ways",
                Cut::OneWay => "one way",
            };
            table.add_row([
                format!("{missing} x {interval} ms"),
                cut.to_owned(),
                RUNS.to_string(),
                ms(gaps.first()),
                ms(gaps.get(RUNS / 2)),
                ms(gaps.last()),
            ]);
        }
    }
    Ok(format!("### Service gap of a silent cut, by pings every 5 ms\n\n{table}\n"))
}

/// The longest silence of one cut.
fn gap(heartbeats: (u32, u32), cut: Cut) -> anyhow::Result<Duration> {
    let offices = Offices::open(Setting { heartbeats, ..USUAL });
    let mut ping = offices
        .command("here", &["ping", "-D", "-i", "0.005", "-w", "20", "10.2.0.2"])
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(ping.stdout.take().context("a ping says something")?).lines();
    let mut answers = Vec::new();
    let (mut is_cut, mut after) = (false, 0);
    for line in lines {
        let line = line?;
        let Some(at) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            continue;
        };
        let at = Duration::from_secs_f64(at.0.parse()?);
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
