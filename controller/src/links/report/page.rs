//! The page of a report: headings, tables, and the places of plots.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use domain::Timestamp;

use super::{CarriedReport, ExerciseReport, LineReport, OutageReport, Report, plot};
use crate::links::availability::Figures;
use crate::links::markup::{escaped, ltr, own_direction};
use crate::links::wording::{Catalogue, Language};

/// The most outages that are told one by one; the longest stay.
const MOST_OUTAGES: usize = 200;

const STYLE: &str = "\
    *{box-sizing:border-box}\
    body{font:15px/1.5 'Noto Sans Arabic','Noto Naskh Arabic',system-ui,sans-serif;color:#1f2328;margin:0 auto;\
    max-width:1000px;padding:24px}\
    h1{font-size:26px;margin:0}h2{font-size:19px;margin:28px 0 8px}h3{font-size:15px;margin:14px 0 4px}\
    p{margin:4px 0}.note{color:#59636e;font-size:13px}\
    table{border-collapse:collapse;width:100%;font-size:13px}\
    th,td{padding:5px 7px;border-bottom:1px solid #d1d9e0;text-align:start;vertical-align:top}\
    th{background:#f6f8fa;font-weight:600}td{font-variant-numeric:tabular-nums}\
    svg{display:block;width:100%;height:auto}section{break-inside:auto}\
    figure{margin:0;break-inside:avoid}.key{font-size:12px;color:#59636e}\
    @page{size:A4;margin:14mm}\
    @media print{body{padding:0;max-width:none;font-size:11px}table{font-size:10px}th,td{padding:3px 4px}\
    h1{font-size:20px}h2{font-size:15px;break-after:avoid}h3{font-size:12px;break-after:avoid}tr{break-inside:avoid}\
    thead{display:table-header-group}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

/// What is needed to write in a language.
struct Writer<'a> {
    report: &'a Report,
    words: &'a Catalogue,
    language: Language,
}

/// The report as an HTML document.
pub fn render(report: &Report, words: &Catalogue, language: Language) -> String {
    let writer = Writer { report, words, language };
    let title = writer.word("report-title");
    let (lang, direction) = (language.as_str(), writer.word("language-direction"));
    let month: String =
        report.zone.write(report.month.from).chars().take("2026-10".len()).collect();
    let of = writer
        .fill("report-of", &[("city", &own_direction(&report.city)), ("month", &ltr(&month))]);
    let made = ltr(minutes_of(&report.zone.write(report.made)));
    let made = writer.fill("report-made", &[("time", &made), ("zone", &ltr(&report.zone))]);
    let mut page = format!(
        "<!doctype html><html lang='{lang}' dir='{direction}'><head><meta charset='utf-8'>\
         <meta name='viewport' content='width=device-width'><title>{title} {month}</title>\
         <style>{STYLE}</style></head><body><header><h1>{title}</h1><p>{of}</p>\
         <p class='note'>{made}</p></header>"
    );
    writer.section(&mut page, "report-offices", &writer.figures("column-office", &report.offices));
    if !report.services.is_empty() {
        let services = writer.figures("column-service", &report.services);
        writer.section(&mut page, "report-services", &services);
    }
    let lines: Vec<(String, Figures)> =
        report.lines.iter().map(|line| (line.name.clone(), line.figures.clone())).collect();
    writer.section(&mut page, "report-lines", &writer.figures("column-line", &lines));
    let _ = write!(page, "<p class='note'>{}</p>", writer.word("report-note"));
    writer.section(&mut page, "report-bars", &figure(&plot::bars(&lines, words, language)));
    writer.section(&mut page, "report-timeline", &figure(&plot::timeline(report, words, language)));
    writer.section(&mut page, "report-causes", &writer.causes());
    writer.section(&mut page, "report-outages", &writer.outages());
    if report.lines.iter().any(|line| line.carried.is_some()) {
        writer.section(&mut page, "report-carried", &writer.carried());
    }
    writer.section(&mut page, "report-exercises", &writer.exercises());
    writer.section(&mut page, "report-latency", &writer.plots(plot::latency));
    writer.section(&mut page, "report-loss", &writer.plots(plot::loss));
    writer.section(&mut page, "report-clock-steps", &writer.clock_steps());
    if let Some(map) = &report.map {
        writer.section(&mut page, "report-map", &figure(map));
    }
    page.push_str("</body></html>");
    page
}

impl Writer<'_> {
    fn word(&self, key: &str) -> String {
        escaped(&self.words.text(self.language, key))
    }

    /// A text whose values are markup already.
    fn fill(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        self.words.fill(self.language, key, values)
    }

    fn section(&self, page: &mut String, heading: &str, content: &str) {
        let heading = self.word(heading);
        let _ = write!(page, "<section><h2>{heading}</h2>{content}</section>");
    }

    fn none(&self) -> String {
        format!("<p>{}</p>", self.word("report-none"))
    }

    /// A table; cells are markup already.
    fn table(&self, heads: &[&str], rows: &[Vec<String>]) -> String {
        if rows.is_empty() {
            return self.none();
        }
        let mut table = "<table><thead><tr>".to_owned();
        for head in heads {
            let _ = write!(table, "<th>{}</th>", self.word(head));
        }
        table.push_str("</tr></thead><tbody>");
        for row in rows {
            let cells: String = row.iter().map(|cell| format!("<td>{cell}</td>")).collect();
            let _ = write!(table, "<tr>{cells}</tr>");
        }
        table.push_str("</tbody></table>");
        table
    }

    fn figures(&self, of: &str, figures: &[(String, Figures)]) -> String {
        let is_office = of == "column-office";
        let is_service = of == "column-service";
        let mut heads = vec![
            of,
            "column-availability",
            "column-down",
            "column-outages",
            "column-mttr",
            "column-mtbf",
            "column-readiness",
            "column-unknown",
            "column-maintenance",
        ];
        if is_office {
            heads.insert(6, "column-backup");
        }
        let row = |(name, figures): &(String, Figures)| {
            let span = |span: Option<Duration>| ltr(span.map_or("–".to_owned(), duration));
            let share = |share: Option<f64>| ltr(share.map_or("–".to_owned(), percent));
            let mut row = vec![
                ltr(name),
                share(figures.availability()),
                span(Some(figures.down)),
                ltr(figures.outages),
                span(figures.mttr()),
                span(figures.mtbf()),
                share(figures.readiness()),
                span(Some(figures.unknown)),
                span(Some(figures.excluded)),
            ];
            if is_office {
                row.insert(6, span(Some(figures.on_backup)));
            }
            if is_service {
                row.remove(6);
            }
            row
        };
        if is_service {
            heads.remove(6);
        }
        self.table(&heads, &figures.iter().map(row).collect::<Vec<_>>())
    }

    fn cause(&self, cause: &str) -> String {
        self.word(&format!("cause-{cause}"))
    }

    fn causes(&self) -> String {
        let mut all: BTreeMap<&str, Duration> = BTreeMap::new();
        for line in &self.report.lines {
            for (cause, down) in &line.figures.by_cause {
                *all.entry(cause).or_default() += *down;
            }
        }
        let total: Duration = all.values().sum();
        let mut rows: Vec<_> = all.into_iter().collect();
        rows.sort_by_key(|(cause, down)| (std::cmp::Reverse(*down), *cause));
        let row = |(cause, down): &(&str, Duration)| {
            let share = down.as_secs_f64() / total.as_secs_f64().max(1.0);
            vec![self.cause(cause), ltr(duration(*down)), ltr(percent(share))]
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        self.table(&["column-cause", "column-down", "column-share"], &rows)
    }

    fn outages(&self) -> String {
        let lasted =
            |outage: &OutageReport| outage.until.unwrap_or(self.report.made).since(outage.from);
        let mut told: Vec<&OutageReport> = self.report.outages.iter().collect();
        told.sort_by_key(|outage| std::cmp::Reverse(lasted(outage)));
        told.truncate(MOST_OUTAGES);
        told.sort_by_key(|outage| (outage.from, &outage.line));
        let clock = |moment: Timestamp| ltr(self.report.zone.write(moment));
        let row = |outage: &&OutageReport| {
            let until = outage.until.map_or_else(|| self.word("going-on"), clock);
            let time = ltr(duration(lasted(outage)));
            vec![ltr(&outage.line), clock(outage.from), until, time, self.cause(&outage.cause)]
        };
        let heads = ["column-line", "column-from", "column-until", "column-time", "column-cause"];
        self.table(&heads, &told.iter().map(row).collect::<Vec<_>>())
    }

    fn carried(&self) -> String {
        let mbit = |kbit: [u64; 2]| {
            let [there, back] = kbit.map(|kbit| format!("{}.{}", kbit / 1_000, kbit % 1_000 / 100));
            ltr(format!("{there} / {back}"))
        };
        let row = |line: &LineReport| {
            let CarriedReport { site, nights, last, median, lowest } = line.carried.as_ref()?;
            let [last, median, lowest] = [*last, *median, *lowest].map(mbit);
            Some(vec![ltr(&line.name), ltr(site), ltr(nights), last, median, lowest])
        };
        let rows: Vec<_> = self.report.lines.iter().filter_map(row).collect();
        let heads = [
            "column-line",
            "column-office",
            "column-nights",
            "column-last",
            "column-median",
            "column-lowest",
        ];
        let table = self.table(&heads, &rows);
        format!("<p class='note'>{}</p>{table}", self.word("report-carried-note"))
    }

    fn exercises(&self) -> String {
        let row = |of: &ExerciseReport| {
            let outcome = match of.outcome.as_str() {
                known @ ("passed" | "failed" | "refused") => {
                    self.word(&format!("exercise-{known}"))
                }
                other => escaped(other),
            };
            let at = ltr(self.report.zone.write(of.at));
            vec![ltr(&of.site), at, ltr(&of.backup), outcome, ltr(&of.said)]
        };
        let rows: Vec<_> = self.report.exercises.iter().map(row).collect();
        let heads =
            ["column-office", "column-until", "column-line", "column-result", "column-details"];
        self.table(&heads, &rows)
    }

    fn plots(&self, plot: impl Fn(&Report, usize, &Catalogue, Language) -> String) -> String {
        let with_days =
            self.report.lines.iter().enumerate().filter(|(_, line)| !line.days.is_empty());
        let plots: String = with_days
            .map(|(number, line)| {
                let plot = plot(self.report, number, self.words, self.language);
                format!("<figure><h3>{}</h3>{plot}</figure>", ltr(&line.name))
            })
            .collect();
        if plots.is_empty() { self.none() } else { plots }
    }

    fn clock_steps(&self) -> String {
        let mut steps: Vec<_> =
            self.report.lines.iter().flat_map(|line| &line.figures.clock_steps).collect();
        steps.sort_unstable();
        steps.dedup();
        let row = |step: &&crate::links::availability::ClockStep| {
            let by = step.by.unsigned_abs();
            let sign = if step.by < 0 { "-" } else { "+" };
            let by = format!("{sign}{}", duration(Duration::from_millis(by)));
            vec![ltr(&step.site), ltr(self.report.zone.write(step.at)), ltr(by)]
        };
        let rows: Vec<_> = steps.iter().map(row).collect();
        let table = self.table(&["column-office", "column-from", "column-by"], &rows);
        if rows.is_empty() {
            return table;
        }
        format!("<p class='note'>{}</p>{table}", self.word("report-clock-steps-note"))
    }
}

fn figure(svg: &str) -> String {
    format!("<figure>{svg}</figure>")
}

/// Hours, minutes and seconds, such as `26:03:04`.
pub fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// With three digits behind the point, never rounded up to all.
pub fn percent(share: f64) -> String {
    let thousandths = (share * 100_000.0 + 1e-6).floor() / 1_000.0;
    format!("{thousandths:.3} %")
}

/// A time without its seconds.
fn minutes_of(time: &str) -> &str {
    time.get(.."2026-11-27 12:00".len()).unwrap_or(time)
}
