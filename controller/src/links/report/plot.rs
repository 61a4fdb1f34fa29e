//! Plots of a report as pictures (SVG). Time goes from left to right in every language; what is told by
//! colour is told by a pattern or a word, too.

use std::fmt::Write as _;
use std::time::Duration;

use domain::Timestamp;

use super::page::percent;
use super::{DayQuality, Report};
use crate::links::availability::Figures;
use crate::links::markup::isolated;
use crate::links::span::Span;
use crate::links::wording::{Catalogue, Language};

const WIDTH: f64 = 900.0;
/// Where plots begin, behind names and scales.
pub(super) const LEFT: f64 = 190.0;
pub(super) const RIGHT: f64 = 885.0;
const GREY: &str = "#59636e";
pub(super) const DOWN: &str = "#c4161c";
const UP: &str = "#2da44e";

/// A plot over the days of a month, with a scale.
struct Days {
    svg: String,
    days: u32,
    top: f64,
    bottom: f64,
    most: f64,
}

/// Percentiles of round trips of a line, a point for each day.
pub(super) fn latency(
    report: &Report,
    line: usize,
    words: &Catalogue,
    language: Language,
) -> String {
    let Some(line) = report.lines.get(line) else { return String::new() };
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    let most = line.days.values().map(|day| millis(day.p99)).fold(0.0, f64::max);
    let mut plot = Days::new(report, most, "ms");
    type Percentile = fn(&DayQuality) -> Duration;
    let curves: [(Percentile, &str, &str, &str); 3] = [
        (|day| day.median, "#0969da", "none", "legend-median"),
        (|day| day.p95, "#9a6700", "7 4", "legend-p95"),
        (|day| day.p99, DOWN, "2 4", "legend-p99"),
    ];
    for (place, (of, colour, dashes, key)) in (0_u32..).zip(curves) {
        let points = line.days.iter().map(|(day, quality)| (*day, millis(of(quality))));
        plot.curve(points.collect(), colour, dashes);
        let word = words.text(language, key);
        plot.key(f64::from(place), colour, dashes, &word);
    }
    plot.end()
}

/// The share of probes that a line lost, a bar for each day.
pub(super) fn loss(report: &Report, line: usize, words: &Catalogue, language: Language) -> String {
    let Some(line) = report.lines.get(line) else { return String::new() };
    let most = line.days.values().map(|day| day.loss * 100.0).fold(0.0, f64::max);
    let mut plot = Days::new(report, most, "%");
    let width = (RIGHT - LEFT) / f64::from(plot.days) * 0.6;
    for (day, quality) in &line.days {
        let (x, y) = (plot.x(*day) - width / 2.0, plot.y(quality.loss * 100.0));
        let height = plot.bottom - y;
        let _ = write!(
            plot.svg,
            "<rect x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{height:.1}' fill='{DOWN}'/>"
        );
    }
    plot.key(0.0, DOWN, "none", &words.text(language, "legend-loss"));
    plot.end()
}

/// A row for each line: when it was down, and when people worked on it.
pub(super) fn timeline(report: &Report, words: &Catalogue, language: Language) -> String {
    let row = 26.0;
    let height = row * f64::from(u32::try_from(report.lines.len()).unwrap_or(u32::MAX)) + 50.0;
    let mut svg = begin(height);
    let length = report.month.length().as_secs_f64().max(1.0);
    let x = |moment: Timestamp| {
        let passed = moment.since(report.month.from).as_secs_f64();
        LEFT + (RIGHT - LEFT) * (passed / length).min(1.0)
    };
    let mut y = 6.0;
    for line in &report.lines {
        name(&mut svg, y + 15.0, &line.name);
        rect(&mut svg, (LEFT, y + 4.0), (RIGHT - LEFT, 14.0), "#dafbe1");
        for work in line.maintenance.within(report.month).iter() {
            let (from, until) = (x(work.from), x(work.until));
            rect(&mut svg, (from, y + 8.0), ((until - from).max(1.5), 6.0), "#5b4bb7");
        }
        for outage in report.outages.iter().filter(|outage| outage.line == line.name) {
            let span = Span::new(outage.from, outage.until.unwrap_or(report.made));
            let (from, until) = (x(span.from), x(span.until));
            rect(&mut svg, (from, y), ((until - from).max(1.5), 22.0), DOWN);
        }
        y += row;
    }
    let days = days_of(report);
    for day in (1..=days).filter(|day| *day == 1 || day % 5 == 0) {
        let x = LEFT + (RIGHT - LEFT) * (f64::from(day) - 0.5) / f64::from(days);
        small(&mut svg, (x, y + 12.0), "middle", &day.to_string());
    }
    y += 30.0;
    let mut x = LEFT;
    for (key, colour, height) in [("state-down", DOWN, 14.0), ("state-maintenance", "#5b4bb7", 6.0)]
    {
        rect(&mut svg, (x, y - 4.0 - height / 2.0), (22.0, height), colour);
        small(&mut svg, (x + 28.0, y), "start", &words.text(language, key));
        x += 150.0;
    }
    svg.push_str("</svg>");
    svg
}

/// A bar for each line, of the shares of its month.
pub(super) fn bars(lines: &[(String, Figures)], words: &Catalogue, language: Language) -> String {
    let row = 26.0;
    let height = row * f64::from(u32::try_from(lines.len()).unwrap_or(u32::MAX)) + 34.0;
    let mut svg = begin(height);
    let wide = RIGHT - LEFT - 90.0;
    let mut y = 6.0;
    for (line, figures) in lines {
        name(&mut svg, y + 15.0, line);
        let parts = [
            (figures.up, UP, 16.0),
            (figures.down, DOWN, 20.0),
            (figures.unknown, "#afb8c1", 10.0),
            (figures.excluded, "#5b4bb7", 6.0),
        ];
        let whole: Duration = parts.iter().map(|(part, ..)| *part).sum();
        let mut x = LEFT;
        for (part, colour, height) in parts {
            let share = part.as_secs_f64() / whole.as_secs_f64().max(1.0);
            // What was there is seen, however short.
            let width = if part.is_zero() { 0.0 } else { (wide * share).max(1.5) };
            rect(&mut svg, (x, y + 10.0 - height / 2.0), (width, height), colour);
            x += width;
        }
        let share = figures.availability().map_or("–".to_owned(), percent);
        small(&mut svg, (RIGHT, y + 14.0), "end", &share);
        y += row;
    }
    let mut x = LEFT;
    for (key, colour, height) in [
        ("state-up", UP, 14.0),
        ("state-down", DOWN, 16.0),
        ("state-unknown", "#afb8c1", 10.0),
        ("state-maintenance", "#5b4bb7", 6.0),
    ] {
        rect(&mut svg, (x, y + 10.0 - height / 2.0), (22.0, height), colour);
        small(&mut svg, (x + 28.0, y + 15.0), "start", &words.text(language, key));
        x += 130.0;
    }
    svg.push_str("</svg>");
    svg
}

impl Days {
    fn new(report: &Report, most: f64, unit: &str) -> Self {
        let (top, bottom) = (26.0, 150.0);
        let most = round_up(most);
        let mut plot = Self { svg: begin(176.0), days: days_of(report), top, bottom, most };
        for part in [0.0, 0.5, 1.0] {
            let y = plot.y(most * part);
            let _ = write!(
                plot.svg,
                "<line x1='{LEFT}' y1='{y:.1}' x2='{RIGHT}' y2='{y:.1}' stroke='#d1d9e0'/>"
            );
            let text = format!("{} {unit}", most * part);
            small(&mut plot.svg, (LEFT - 8.0, y + 4.0), "end", &text);
        }
        for day in (1..=plot.days).filter(|day| *day == 1 || day % 5 == 0) {
            let x = plot.x(day);
            small(&mut plot.svg, (x, bottom + 18.0), "middle", &day.to_string());
        }
        plot
    }

    fn x(&self, day: u32) -> f64 {
        LEFT + (RIGHT - LEFT) * (f64::from(day) - 0.5) / f64::from(self.days)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * (value / self.most).clamp(0.0, 1.0)
    }

    /// A curve, which is broken where a day is missing.
    fn curve(&mut self, points: Vec<(u32, f64)>, colour: &str, dashes: &str) {
        let points: Vec<_> =
            points.iter().map(|(day, value)| (*day, self.x(*day), self.y(*value))).collect();
        curve(&mut self.svg, points.into_iter(), colour, dashes);
    }

    fn key(&mut self, place: f64, colour: &str, dashes: &str, word: &str) {
        let x = place.mul_add(150.0, LEFT);
        let _ = write!(
            self.svg,
            "<line x1='{x:.1}' y1='10' x2='{:.1}' y2='10' stroke='{colour}' stroke-width='3' \
             stroke-dasharray='{dashes}'/>",
            x + 22.0
        );
        small(&mut self.svg, (x + 28.0, 14.0), "start", word);
    }

    fn end(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// A curve through numbered points, which is broken where a number is missing.
pub(super) fn curve(
    svg: &mut String,
    points: impl Iterator<Item = (u32, f64, f64)>,
    colour: &str,
    dashes: &str,
) {
    let mut path = String::new();
    let mut before = None;
    for (number, x, y) in points {
        let command = if before == Some(number) { 'L' } else { 'M' };
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        let _ = write!(svg, "<circle cx='{x:.1}' cy='{y:.1}' r='2' fill='{colour}'/>");
        before = Some(number + 1);
    }
    let _ = write!(
        svg,
        "<path d='{path}' fill='none' stroke='{colour}' stroke-width='2' stroke-dasharray='{dashes}'/>"
    );
}

fn days_of(report: &Report) -> u32 {
    let days = (report.month.length().as_secs() + 43_200) / 86_400;
    u32::try_from(days).unwrap_or(31).clamp(1, 31)
}

/// The next of 1, 2 and 5 times a power of ten.
pub(super) fn round_up(value: f64) -> f64 {
    let mut scale = 0.1;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if value <= scale * step || scale > 1e9 {
                return scale * step;
            }
        }
        scale *= 10.0;
    }
}

pub(super) fn begin(height: f64) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH:.0} {height:.0}' role='img' \
         font-family='sans-serif' font-size='12' style='direction:ltr'>"
    )
}

pub(super) fn rect(
    svg: &mut String,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    colour: &str,
) {
    let _ = write!(
        svg,
        "<rect x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{height:.1}' fill='{colour}'/>"
    );
}

pub(super) fn small(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = isolated(text);
    let _ = write!(
        svg,
        "<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' fill='{GREY}'>{text}</text>"
    );
}

/// The name of a line before its row, of which as much is shown as there is room for.
pub(super) fn name(svg: &mut String, y: f64, text: &str) {
    let text: String = if text.chars().count() > 24 {
        text.chars().take(23).chain(['…']).collect()
    } else {
        text.to_owned()
    };
    let text = isolated(&text);
    let _ = write!(
        svg,
        "<text x='{:.1}' y='{y:.1}' text-anchor='end' fill='#1f2328'>{text}</text>",
        LEFT - 10.0
    );
}
