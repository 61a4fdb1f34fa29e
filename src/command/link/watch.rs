//! `sabeel link watch`: the paths second by second.

use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context;
use edge::links::Status;

use super::{LINKS, headline, milliseconds, percent};
use crate::admin_client::AdminClient;
use crate::output::{self, Format};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// So many seconds are drawn.
const DRAWN: usize = 60;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A second in which nothing came back.
const NOTHING: char = '×';

/// Round trips of the last minute by path, in microseconds; `None` where none came back.
type History = BTreeMap<String, VecDeque<Option<u64>>>;

/// Looks until interrupted.
pub async fn run(agent: &AdminClient, format: Format) -> anyhow::Result<()> {
    tokio::select! {
        ended = watch(agent, format) => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen to signals"),
    }
}

/// Looks until the agent cannot be asked.
async fn watch(agent: &AdminClient, format: Format) -> anyhow::Result<()> {
    let mut history = History::new();
    let mut pause = tokio::time::interval(PAUSE);
    let mut lines_before = 0;
    loop {
        pause.tick().await;
        let status: Status = agent.get(LINKS).await?;
        if format == Format::Json {
            output::done(format, &status, "")?;
            continue;
        }
        note(&mut history, &status);
        let text = draw(&history, &status);
        if std::io::stdout().is_terminal() && lines_before > 0 {
            // To the beginning of what was drawn, and clear from there (ECMA-48 CPL and ED).
            output::line(&format!("\x1b[{}F\x1b[J{text}", lines_before))?;
        } else {
            output::line(&text)?;
        }
        lines_before = text.lines().count();
    }
}

fn note(history: &mut History, status: &Status) {
    for path in &status.paths {
        let of_path = history.entry(path.name.clone()).or_default();
        of_path.push_back(path.round_trip_us);
        while of_path.len() > DRAWN {
            of_path.pop_front();
        }
    }
}

fn draw(history: &History, status: &Status) -> String {
    let mut lines = vec![headline(status)];
    let width = status.paths.iter().map(|path| path.name.len()).max().unwrap_or_default();
    for path in &status.paths {
        let seconds = history.get(&path.name).map(sparkline).unwrap_or_default();
        let round_trip = path.round_trip_us.map_or_else(|| "-".to_owned(), milliseconds);
        let lost = path.loss_per_mille.map_or_else(|| "-".to_owned(), percent);
        lines.push(format!(
            "{:width$}  {:11}  {round_trip:>9}  {lost:>7} lost  {seconds}",
            path.name, path.health
        ));
    }
    lines.join("\n")
}

/// Round trips as bars from nothing to the longest.
fn sparkline(seconds: &VecDeque<Option<u64>>) -> String {
    let longest = seconds.iter().flatten().max().copied().unwrap_or_default().max(1);
    let bar = |second: &Option<u64>| {
        let Some(us) = second else { return NOTHING };
        let place = usize::try_from(us * 7 / longest).unwrap_or_default();
        BARS.get(place).copied().unwrap_or(NOTHING)
    };
    seconds.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_go_from_nothing_to_the_longest() {
        for (seconds, drawn) in [
            (vec![], ""),
            (vec![Some(7), Some(14), None, Some(1)], "▄█×▁"),
            (vec![Some(0)], "▁"),
            (vec![None, None], "××"),
        ] {
            assert_eq!(sparkline(&seconds.into()), drawn);
        }
    }
}
