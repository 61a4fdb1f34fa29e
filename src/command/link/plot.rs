//! A plot of how a path was, for the terminal: what half and most of the round trips took, and what was
//! lost. Percentiles are those of the histograms that were merged, and so are right for any width.

use std::time::Duration;

use domain::Timestamp;
use link::report::{Cell, Tally};

/// Columns of the plot, and rows of its round trips.
const WIDTH: usize = 72;
const HEIGHT: usize = 8;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The time that is drawn, in milliseconds of Unix time.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    from: i64,
    until: i64,
}

impl Range {
    /// From one time to another.
    pub fn new(from: Timestamp, until: Timestamp) -> Self {
        let from = from.as_millis();
        Self { from, until: until.as_millis().max(from + 1) }
    }

    fn column(self, begin: u64) -> usize {
        let since = i64::try_from(begin).unwrap_or(i64::MAX).saturating_sub(self.from).max(0);
        let column = since.saturating_mul(WIDTH as i64) / (self.until - self.from);
        usize::try_from(column).unwrap_or_default().min(WIDTH - 1)
    }
}

/// What each column shows.
#[derive(Debug)]
pub struct Plot {
    columns: Vec<Option<Column>>,
    whole: Tally,
    range: Range,
}

#[derive(Debug)]
struct Column {
    half: Option<Duration>,
    most: Option<Duration>,
    /// In thousandths.
    lost: u32,
    is_alive: bool,
}

impl Plot {
    /// Of the cells of one path.
    pub fn of(cells: &[Cell], range: Range) -> Self {
        let mut tallies: Vec<Option<Tally>> = vec![None; WIDTH];
        let mut whole = Tally::default();
        for cell in cells {
            whole.merge(&cell.tally);
            if let Some(tally) = tallies.get_mut(range.column(cell.begin)) {
                tally.get_or_insert_default().merge(&cell.tally);
            }
        }
        let column = |tally: Tally| {
            let round_trips = tally.round_trips();
            Column {
                half: round_trips.percentile(50),
                most: round_trips.percentile(95),
                lost: share(tally.lost, tally.sent),
                is_alive: tally.alive > 0,
            }
        };
        let columns = tallies.into_iter().map(|tally| tally.map(column)).collect();
        Self { columns, whole, range }
    }

    /// The whole time in one line.
    pub fn summary(&self) -> String {
        let Tally { watched, alive, carried, sent, lost, lost_there, lost_back, .. } = self.whole;
        let round_trips = self.whole.round_trips();
        let took = |percent| round_trips.percentile(percent).map_or("-".to_owned(), milliseconds);
        format!(
            "alive {}, the office on it {}; half within {}, 95 % within {}, at most {}; lost {} of {sent} \
             ({lost_there} there, {lost_back} back)",
            percent(share(alive, watched)),
            percent(share(carried, watched)),
            took(50),
            took(95),
            took(100),
            percent(share(lost, sent)),
        )
    }

    /// Some lines: round trips from nothing to the longest, then losses.
    pub fn draw(&self) -> String {
        let longest = self.columns.iter().flatten().filter_map(|column| column.most).max();
        let longest = longest.unwrap_or_default().max(Duration::from_micros(1));
        let mut lines = Vec::new();
        for row in (0..HEIGHT).rev() {
            let label = match row {
                _ if row == HEIGHT - 1 => milliseconds(longest),
                0 => milliseconds(Duration::ZERO),
                _ => String::new(),
            };
            let line: String =
                self.columns.iter().map(|column| mark(column.as_ref(), row, longest)).collect();
            lines.push(format!("{label:>10} │{}", line.trim_end()));
        }
        let lost: String = self.columns.iter().map(|column| loss(column.as_ref())).collect();
        lines.push(format!("{:>10} │{}", "lost", lost.trim_end()));
        let [from, until] = [self.range.from, self.range.until]
            .map(|millis| Timestamp::from_millis(millis).to_string());
        let gap = WIDTH.saturating_sub(until.chars().count());
        lines.push(format!("{:>10} └{from:<gap$}{until}", ""));
        lines.join("\n")
    }
}

/// What stands in a row of a column: `█` up to what half took, `░` up to what most took.
fn mark(column: Option<&Column>, row: usize, longest: Duration) -> char {
    let Some(column) = column else { return ' ' };
    let height = |time: Option<Duration>| {
        let rows = time.unwrap_or_default().as_micros() * HEIGHT as u128;
        usize::try_from(rows.div_ceil(longest.as_micros())).unwrap_or(HEIGHT)
    };
    if row < height(column.half) {
        '█'
    } else if row < height(column.most) {
        '░'
    } else {
        ' '
    }
}

/// Losses of a column: nothing, a bar of ten percent each, or a cross where nothing passed.
fn loss(column: Option<&Column>) -> char {
    match column {
        None => ' ',
        Some(column) if !column.is_alive || column.lost >= 1_000 => '×',
        Some(Column { lost: 0, .. }) => '·',
        Some(column) => {
            let place = usize::try_from(column.lost / 100).unwrap_or_default();
            BARS.get(place).copied().unwrap_or('█')
        }
    }
}

/// In thousandths.
fn share(part: u32, whole: u32) -> u32 {
    let thousandths = u64::from(part) * 1_000 / u64::from(whole.max(1));
    u32::try_from(thousandths).unwrap_or(1_000)
}

fn percent(thousandths: u32) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

fn milliseconds(time: Duration) -> String {
    let us = time.as_micros();
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use link::{Histogram, Second};

    use super::*;

    /// What a path did in a minute, with these round trips in milliseconds and losses.
    fn cell(minute: u64, times: &[u64], lost: u32) -> Cell {
        let mut round_trips = Histogram::default();
        for time in times {
            round_trips.record(Duration::from_millis(*time));
        }
        let sent = u32::try_from(times.len()).unwrap() + lost;
        let alive = if times.is_empty() { 0 } else { 60 };
        let mut tally = Tally { watched: 60, alive, carried: alive, ..Tally::default() };
        tally.add(&Second { sent, lost, round_trips, jitter: Duration::ZERO });
        Cell {
            number: 0,
            begin: minute * 60_000,
            span: 60,
            site: "hofuf".to_owned(),
            path: "fibre".to_owned(),
            tally,
            health: "up".to_owned(),
            readiness: None,
            seconds: Vec::new(),
        }
    }

    fn hour() -> Range {
        Range::new(Timestamp::from_millis(0), Timestamp::from_millis(72 * 60_000))
    }

    #[test]
    fn a_plot_shows_half_and_most_of_the_round_trips_and_what_was_lost() {
        let cells = [
            cell(0, &[10; 4], 0),
            cell(1, &[9, 9, 20, 20], 0),
            cell(2, &[20; 4], 1),
            cell(3, &[], 4),
            cell(5, &[20], 0),
        ];
        let plot = Plot::of(&cells, hour());
        let drawn = plot.draw();
        let lines: Vec<_> = drawn.lines().collect();
        assert_eq!(lines[0], "   20.0 ms │ ░█  █");
        assert_eq!(lines[3], "           │ ░█  █");
        assert_eq!(lines[4], "           │███  █");
        assert_eq!(lines[7], "    0.0 ms │███  █");
        assert_eq!(lines[8], "      lost │··▃× ·");
        assert!(lines[9].starts_with("           └1970-01-01"), "{}", lines[9]);
        let expected = "alive 80.0 %, the office on it 80.0 %; half within 20.0 ms, 95 % within 20.0 ms, \
             at most 20.0 ms; lost 27.7 % of 18 (0 there, 0 back)";
        assert_eq!(plot.summary(), expected);
    }

    #[test]
    fn what_is_out_of_the_range_is_drawn_at_its_ends() {
        let range = Range::new(Timestamp::from_millis(1_000), Timestamp::from_millis(1_000));
        for begin in [0, 1_000, u64::MAX] {
            assert!(range.column(begin) < WIDTH, "{begin}");
        }
    }
}
