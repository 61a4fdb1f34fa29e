//! One row of the report: how much was answered, what it cost, and how long answers took.

use std::time::{Duration, Instant};

use anyhow::Context;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::process::Server;

/// What a load generator saw.
#[derive(Debug, Default)]
pub struct Load {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each right answer took, in no order.
    pub latencies: Vec<Duration>,
    /// Requests sent once more for want of an answer.
    pub repeated: u64,
    /// Requests given up without an answer.
    pub lost: u64,
}

impl Load {
    /// Adds what another thread saw at the same time.
    pub fn join(&mut self, other: Self) {
        self.elapsed = self.elapsed.max(other.elapsed);
        self.latencies.extend(other.latencies);
        self.repeated += other.repeated;
        self.lost += other.lost;
    }
}

/// What a server did, and what it cost.
pub struct Figure {
    who: String,
    load: Load,
    /// From the first request until nothing was left to do.
    until_rest: Duration,
    cpu: Duration,
}

impl Figure {
    /// Puts a load on the first of these servers, which needs the others for it; what they put off
    /// and do afterwards counts as cost.
    pub fn take(
        who: &str,
        servers: &[&Server],
        load: impl FnOnce() -> anyhow::Result<Load>,
    ) -> anyhow::Result<Self> {
        settle(servers)?;
        let before = cpu(servers)?;
        let begun = Instant::now();
        let mut load = load()?;
        let until_rest = settle(servers)?.duration_since(begun).max(load.elapsed);
        load.latencies.sort_unstable();
        eprintln!("  {who}: {} answers", load.latencies.len());
        Ok(Self { who: who.to_owned(), load, until_rest, cpu: cpu(servers)? - before })
    }

    fn cells(&self) -> [String; 10] {
        let answers = self.load.latencies.len() as f64;
        let cpu = self.cpu.as_secs_f64();
        [
            self.who.clone(),
            grouped(answers / cpu),
            grouped(answers / self.load.elapsed.as_secs_f64()),
            grouped(answers / self.until_rest.as_secs_f64()),
            format!("{:.2}", cpu * 10_000.0 / answers),
            milliseconds(self.percentile(50)),
            milliseconds(self.percentile(99)),
            milliseconds(self.load.latencies.last().copied().unwrap_or_default()),
            self.load.repeated.to_string(),
            self.load.lost.to_string(),
        ]
    }

    fn percentile(&self, percent: usize) -> Duration {
        let sorted = &self.load.latencies;
        sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
    }
}

fn cpu(servers: &[&Server]) -> anyhow::Result<Duration> {
    servers.iter().map(|server| server.cpu()).sum()
}

/// Waits until all are at rest; returns since when they are.
fn settle(servers: &[&Server]) -> anyhow::Result<Instant> {
    // In their order: the first gives the others their work.
    let rest = servers.iter().map(|server| server.settle());
    let rest: Vec<_> = rest.collect::<anyhow::Result<_>>()?;
    rest.into_iter().max().context("no server")
}

/// Figures of one kind, under a title that says what was asked for.
pub fn section(title: &str, unit: &str, figures: &[Figure]) -> String {
    let per_second = format!("{unit}/s");
    let header = [
        "",
        &format!("{per_second} per CPU-s"),
        &per_second,
        "all done/s",
        "CPU-s per 10,000",
        "p50 ms",
        "p99 ms",
        "longest ms",
        "sent again",
        "lost",
    ];
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(figures.iter().map(Figure::cells));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{title}\n\n{table}\n")
}

fn milliseconds(span: Duration) -> String {
    format!("{:.2}", span.as_secs_f64() * 1_000.0)
}

/// A whole number with a comma for every thousand.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
