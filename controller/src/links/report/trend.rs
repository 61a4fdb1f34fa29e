//! How paths were over any time, as a picture (SVG): what half and most of the round trips took, and
//! what was lost. One plot for each path, below each other.

use std::fmt::Write as _;
use std::time::Duration;

use domain::{Timestamp, Zone};
use link::report::{Cell, Tally};

use super::plot::{DOWN, LEFT, RIGHT, begin, curve, name, rect, round_up, small};
use crate::links::span::Span;
use crate::links::wording::{Catalogue, Language};

/// The height of a plot with all that belongs to it.
const ROW: f64 = 190.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 150.0;
/// Into how many parts the time is cut at most.
const SLOTS: u32 = 240;

/// The plots of paths whose cells follow one another, path after path.
pub fn trend(
    cells: &[Cell],
    span: Span,
    zone: &Zone,
    (words, language): (&Catalogue, Language),
) -> String {
    let paths: Vec<&[Cell]> = cells.chunk_by(|cell, next| cell.path == next.path).collect();
    let count = f64::from(u32::try_from(paths.len()).unwrap_or(u32::MAX));
    let mut svg = begin(ROW.mul_add(count, 10.0));
    svg.push_str("<rect width='100%' height='100%' fill='#fff'/>");
    let mut top = 0.0;
    for cells in paths {
        let plot = Plot { top, slots: slots(cells, span) };
        plot.draw(&mut svg, cells.first().map_or("", |cell| cell.path.as_str()));
        let mut x = LEFT;
        for (key, colour, dashes) in
            [("legend-median", "#0969da", "none"), ("legend-p95", "#9a6700", "7 4")]
        {
            let _ = write!(
                svg,
                "<line x1='{x:.1}' y1='{y:.1}' x2='{:.1}' y2='{y:.1}' stroke='{colour}' \
                 stroke-width='3' stroke-dasharray='{dashes}'/>",
                x + 22.0,
                y = top + 12.0
            );
            small(&mut svg, (x + 28.0, top + 16.0), "start", &words.text(language, key));
            x += 150.0;
        }
        rect(&mut svg, (x, top + 5.0), (22.0, 14.0), DOWN);
        small(&mut svg, (x + 28.0, top + 16.0), "start", &words.text(language, "legend-loss"));
        for (moment, x, anchor) in [(span.from, LEFT, "start"), (span.until, RIGHT, "end")] {
            small(&mut svg, (x, top + BOTTOM + 18.0), anchor, &zone.write(moment));
        }
        top += ROW;
    }
    svg.push_str("</svg>");
    svg
}

/// What was counted in each part of the time.
fn slots(cells: &[Cell], span: Span) -> Vec<Option<Tally>> {
    let longest = cells.iter().map(|cell| cell.span).max().unwrap_or(1).max(1);
    let fitting = span.length().as_secs() / u64::from(longest);
    let count = u32::try_from(fitting).unwrap_or(SLOTS).clamp(1, SLOTS);
    let mut slots: Vec<Option<Tally>> = vec![None; count as usize];
    let whole = span.length().as_millis().max(1);
    for cell in cells {
        let begin = Timestamp::from_millis(i64::try_from(cell.begin).unwrap_or(i64::MAX));
        let place = begin.since(span.from).as_millis() * u128::from(count) / whole;
        let last = slots.len() - 1;
        let place = usize::try_from(place).unwrap_or(last).min(last);
        if let Some(slot) = slots.get_mut(place) {
            slot.get_or_insert_default().merge(&cell.tally);
        }
    }
    slots
}

struct Plot {
    top: f64,
    slots: Vec<Option<Tally>>,
}

impl Plot {
    fn draw(&self, svg: &mut String, path: &str) {
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        let percentile = |tally: &Tally, of| tally.round_trips().percentile(of).map(millis);
        let all = self.slots.iter().flatten();
        let most = round_up(all.filter_map(|tally| percentile(tally, 95)).fold(0.0, f64::max));
        name(svg, self.top + 16.0, path);
        for part in [0.0, 0.5, 1.0] {
            let y = self.y(part);
            let _ = write!(
                svg,
                "<line x1='{LEFT}' y1='{y:.1}' x2='{RIGHT}' y2='{y:.1}' stroke='#d1d9e0'/>"
            );
            small(svg, (LEFT - 8.0, y + 4.0), "end", &format!("{} ms", most * part));
        }
        let width = (RIGHT - LEFT) / self.count();
        for (place, tally) in (0_u32..).zip(&self.slots) {
            let Some(tally) = tally.as_ref().filter(|tally| tally.lost > 0) else { continue };
            let share = f64::from(tally.lost) / f64::from(tally.sent.max(1));
            let y = self.y(share.min(1.0));
            let x = LEFT + width * f64::from(place);
            rect(svg, (x, y), (width.max(1.0), self.y(0.0) - y), DOWN);
        }
        for (of, colour, dashes) in [(50, "#0969da", "none"), (95, "#9a6700", "7 4")] {
            let points = (0_u32..).zip(&self.slots).filter_map(|(place, tally)| {
                let value = percentile(tally.as_ref()?, of)?;
                Some((place, LEFT + width * (f64::from(place) + 0.5), self.y(value / most)))
            });
            curve(svg, points, colour, dashes);
        }
    }

    fn count(&self) -> f64 {
        f64::from(u32::try_from(self.slots.len()).unwrap_or(u32::MAX))
    }

    fn y(&self, share: f64) -> f64 {
        self.top + BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use link::{Histogram, Second};

    use super::*;

    fn cell(path: &str, minute: u64, time: Option<u64>, lost: u32) -> Cell {
        let mut round_trips = Histogram::default();
        if let Some(time) = time {
            round_trips.record(Duration::from_millis(time));
        }
        let sent = u32::from(time.is_some()) + lost;
        let mut tally = Tally { watched: 60, ..Tally::default() };
        tally.add(&Second { sent, lost, round_trips, jitter: Duration::ZERO });
        Cell {
            number: 0,
            begin: minute * 60_000,
            span: 60,
            site: "hofuf".to_owned(),
            path: path.to_owned(),
            tally,
            health: "up".to_owned(),
            readiness: None,
            seconds: Vec::new(),
        }
    }

    #[test]
    fn each_path_has_a_plot_with_its_times_and_losses() {
        let span = Span::new(Timestamp::from_secs(0), Timestamp::from_secs(600));
        let cells = [
            cell("fibre", 0, Some(4), 0),
            cell("fibre", 1, Some(8), 0),
            // Nothing is known of a minute, and nothing passes in the next.
            cell("fibre", 3, None, 10),
            cell("radio<>", 2, Some(40), 0),
        ];
        let words = Catalogue::new();
        let svg = trend(&cells, span, &Zone::riyadh(), (&words, Language::English));
        for text in ["10 ms", "50 ms", "1970-01-01 03:00:00", "radio&lt;&gt;", "95 of 100"] {
            assert!(svg.contains(text), "{text}");
        }
        // The curve goes on from one minute to the next, and a loss of all is as high as the plot.
        assert_eq!(svg.matches("<path d='M").count(), 4);
        assert!(svg.contains("height='120.0'"), "{svg}");
        let first = svg.split("<path d='").nth(1).and_then(|path| path.split('\'').next());
        assert_eq!(
            first.map(|path| (path.matches('M').count(), path.matches('L').count())),
            Some((1, 1))
        );
        let none = trend(&[], span, &Zone::utc(), (&words, Language::Arabic));
        assert!(none.starts_with("<svg") && none.ends_with("</svg>"));
    }
}
