//! `sabeel journal`: reads the files of the journal on this machine, and changes nothing.

use std::path::PathBuf;

use anyhow::{Context, bail};
use controller::admin::api::Status;
use domain::{
    AccountingEvent, AccountingRecord, Clock, MacAddress, NasName, SessionEnd, SessionReport,
    Timestamp,
};
use serde::Serialize;
use serde_json::json;
use store::{Archive, JournalPosition};

use super::wording::seconds;
use crate::admin_client::AdminClient;
use crate::cli::{ExportFormat, JournalCommand, JournalExport};
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Runs one of the commands.
pub async fn run(
    config: &Config,
    admin: &AdminClient,
    format: Format,
    command: JournalCommand,
) -> anyhow::Result<()> {
    match command {
        JournalCommand::Status => status(config, admin, format).await,
        JournalCommand::Verify { dir } => {
            verify(&Archive::new(&dir.unwrap_or_else(|| config.journal_dir())), format)
        }
        JournalCommand::Export(wanted) => export(config, &wanted),
    }
}

/// How far the database is behind the files.
#[derive(Debug, Serialize)]
struct Lag {
    segments: usize,
    octets: u64,
    waiting_records: u64,
    waiting_octets: u64,
    /// Since when the oldest of them waits.
    waiting_seconds: u64,
}

async fn status(config: &Config, admin: &AdminClient, format: Format) -> anyhow::Result<()> {
    let status: Status = admin.get("/v1/status").await?;
    let journal = status.journal.context("the process of the admin API keeps no journal")?;
    let archive = Archive::new(&config.journal_dir());
    let segments = archive.segments()?;
    let applied =
        JournalPosition { segment: journal.applied.segment, offset: journal.applied.offset };
    let (mut waiting, mut oldest) = (0, None);
    archive.read(applied, |record| {
        waiting += 1;
        oldest.get_or_insert(record.received_at);
        anyhow::Ok(())
    })?;
    let behind = |(number, octets): &(u64, u64)| match number.cmp(&applied.segment) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => octets.saturating_sub(applied.offset),
        std::cmp::Ordering::Greater => *octets,
    };
    let lag = Lag {
        segments: segments.len(),
        octets: segments.iter().map(|(_, octets)| octets).sum(),
        waiting_records: waiting,
        waiting_octets: segments.iter().map(behind).sum(),
        waiting_seconds: oldest.map_or(0, |at| SystemClock.now().since(at).as_secs()),
    };
    let fields = [
        ("journal", journal.id.clone()),
        ("files", format!("{} with {} octets", lag.segments, lag.octets)),
        ("written", format!("file {}, octet {}", journal.written.segment, journal.written.offset)),
        ("applied", format!("file {}, octet {}", applied.segment, applied.offset)),
        ("waiting", format!("{} records, {} octets", lag.waiting_records, lag.waiting_octets)),
        ("behind", seconds(lag.waiting_seconds)),
    ];
    output::show(format, &json!({ "journal": journal, "lag": lag }), &fields)
}

fn verify(archive: &Archive, format: Format) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Row {
        segment: u64,
        octets: u64,
        records: u64,
        damaged_at: Vec<u64>,
        unfinished: u64,
        /// Whether files between it and the one before are not there.
        follows_a_gap: bool,
    }
    let (mut rows, mut before) = (Vec::new(), None);
    for (number, _) in archive.segments()? {
        let report = archive.verify(number)?;
        rows.push(Row {
            segment: number,
            octets: report.octets,
            records: report.records,
            damaged_at: report.damaged_at,
            unfinished: report.unfinished,
            follows_a_gap: before.is_some_and(|before| before + 1 != number),
        });
        before = Some(number);
    }
    output::list(format, &rows, ["file", "octets", "records", "state"], |row| {
        let damage = row.damaged_at.iter().map(|at| format!("damaged at octet {at}"));
        let gap = row.follows_a_gap.then(|| "files before it are missing".to_owned());
        let end = (row.unfinished > 0).then(|| format!("{} octets unfinished", row.unfinished));
        let state: Vec<_> = gap.into_iter().chain(damage).chain(end).collect();
        let state = if state.is_empty() { "sound".to_owned() } else { state.join(", ") };
        [row.segment.to_string(), row.octets.to_string(), row.records.to_string(), state]
    })?;
    let damaged: usize = rows.iter().map(|row| row.damaged_at.len()).sum();
    let gaps = rows.iter().filter(|row| row.follows_a_gap).count();
    if damaged + gaps > 0 {
        bail!("{damaged} damaged place(s), and {gaps} place(s) where files are missing");
    }
    Ok(())
}

fn export(config: &Config, wanted: &JournalExport) -> anyhow::Result<()> {
    let dir: PathBuf = wanted.dir.clone().unwrap_or_else(|| config.journal_dir());
    match wanted.format {
        ExportFormat::Csv => output::line(
            "received,occurred,nas,event,session,acct_session_id,device,user_name,address,\
             seconds,uploaded,downloaded,end",
        )?,
        ExportFormat::Json => {}
    }
    Archive::new(&dir).read(JournalPosition::default(), |record| {
        if !is_wanted(wanted, &record) {
            return Ok(());
        }
        match wanted.format {
            ExportFormat::Csv => output::line(&csv(&record)),
            ExportFormat::Json => output::line(&serde_json::to_string(&record)?),
        }
    })
}

fn is_wanted(wanted: &JournalExport, record: &AccountingRecord) -> bool {
    let JournalExport { from, to, device, nas, .. } = wanted;
    let told = report(record).map(|(_, report, _)| report.device);
    let within = |from: Option<Timestamp>, to: Option<Timestamp>| {
        from.is_none_or(|from| record.received_at >= from)
            && to.is_none_or(|to| record.received_at < to)
    };
    let is_of = |device: &MacAddress| told == Some(*device);
    let is_from = |nas: &NasName| record.nas == *nas;
    within(*from, *to) && device.as_ref().is_none_or(is_of) && nas.as_ref().is_none_or(is_from)
}

/// Which event, what it says of a session, and how that ended.
fn report(record: &AccountingRecord) -> Option<(&'static str, &SessionReport, Option<SessionEnd>)> {
    match &record.event {
        AccountingEvent::Started(report) => Some(("start", report, None)),
        AccountingEvent::Interim(report) => Some(("interim", report, None)),
        AccountingEvent::Stopped(report, end) => Some(("stop", report, Some(*end))),
        AccountingEvent::Waiting(report) => Some(("waiting", report, None)),
        AccountingEvent::NasStarted | AccountingEvent::NasStopped => None,
    }
}

fn csv(record: &AccountingRecord) -> String {
    let mut fields = vec![
        record.received_at.to_string(),
        record.occurred_at.to_string(),
        record.nas.to_string(),
    ];
    match report(record) {
        Some((event, report, end)) => fields.extend([
            event.to_owned(),
            report.session.to_string(),
            quoted(&report.acct_session_id),
            report.device.to_string(),
            quoted(&report.user_name),
            report.address.map(|address| address.to_string()).unwrap_or_default(),
            report.usage.time.as_secs().to_string(),
            report.usage.uploaded.get().to_string(),
            report.usage.downloaded.get().to_string(),
            cause(end),
        ]),
        None => {
            let event = match record.event {
                AccountingEvent::NasStarted => "nas-started",
                _ => "nas-stopped",
            };
            fields.push(event.to_owned());
            fields.resize(13, String::new());
        }
    }
    fields.join(",")
}

/// Acct-Terminate-Cause by its number; journals know of no other end.
fn cause(end: Option<SessionEnd>) -> String {
    match end {
        Some(SessionEnd::Reported(cause)) => cause.to_string(),
        Some(SessionEnd::NasRestarted | SessionEnd::Stale) | None => String::new(),
    }
}

/// A text that a visitor's device may have chosen, as RFC 4180 writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
