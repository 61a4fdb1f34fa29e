//! `sabeel link report`: what a month was, as a page in a file, as a PDF, and in short.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use controller::admin::api::{LinkFiguresView, LinkReportView};
use controller::links::report::{duration, percent};

use super::print;
use crate::admin_client::AdminClient;
use crate::cli::{ReportOf, Tongue};
use crate::output::{self, Format};

const HEADINGS: [&str; 9] = [
    "of",
    "available",
    "down",
    "outages",
    "time to repair",
    "on backup",
    "backup proven",
    "unknown",
    "maintenance",
];

/// Has the report of a month made, and writes it.
pub async fn run(centre: &AdminClient, format: Format, of: &ReportOf) -> anyhow::Result<()> {
    let language = tag(of.language);
    let month = of.month.as_ref().map_or_else(String::new, |month| format!("&month={month}"));
    let question = format!("/v1/link-report?language={language}{month}");
    let report: LinkReportView = centre.patient().get(&question).await?;
    let file = of
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("links-{}-{language}.html", report.month)));
    let is_asked = of.output.is_some() || of.pdf || format == Format::Table;
    if is_asked {
        write(&file, &report.html)?;
    }
    if of.pdf {
        print::to_pdf(&file, &file.with_extension("pdf")).await?;
    }
    if format == Format::Json {
        return output::done(format, &report, "");
    }
    let all = report.offices.iter().chain(&report.services).chain(&report.lines);
    output::list(format, &all.collect::<Vec<_>>(), HEADINGS, |figures| row(figures))?;
    output::remark(&format!("the report is in {}", file.display()));
    if of.pdf {
        output::remark(&format!("and in {}", file.with_extension("pdf").display()));
    }
    Ok(())
}

/// How a language is called.
pub const fn tag(language: Tongue) -> &'static str {
    match language {
        Tongue::Ar => "ar",
        Tongue::En => "en",
    }
}

/// Writes a whole file or none.
pub fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        std::fs::remove_file(&beside).ok();
    }
    written.with_context(|| format!("cannot write {}", file.display()))
}

fn row(figures: &LinkFiguresView) -> [String; 9] {
    let share = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    let time = |seconds: f64| duration(Duration::from_secs_f64(seconds.max(0.0)));
    [
        figures.name.clone(),
        share(figures.availability),
        time(figures.down_seconds),
        figures.outages.to_string(),
        figures.repair_seconds.map_or("-".to_owned(), time),
        time(figures.on_backup_seconds),
        share(figures.readiness),
        time(figures.unknown_seconds),
        time(figures.maintenance_seconds),
    ]
}
