//! `sabeel link sites`, `show` and `history`: what the centre knows of all offices.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use controller::admin::api::{LinkBulkRunView, LinkEventView, LinkHistoryView, LinkSiteView, List};
use controller::links::report::trend;
use controller::links::span::Span;
use controller::links::wording::{Catalogue, Language};
use domain::{Clock, Timestamp, Zone};
use edge::links::{Event, Status};
use link::report::{Cell, Name};

use super::plot::{self, Plot};
use super::report::write;
use super::{LINKS, event_row, incidents, map, path_row, policy, report};
use crate::admin_client::AdminClient;
use crate::cli::LinkCentreCommand;
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Events that are shown of an office.
const SHOWN: u32 = 12;

/// Runs one of the commands.
pub async fn run(
    config: &Config,
    format: Format,
    command: LinkCentreCommand,
) -> anyhow::Result<()> {
    let centre = AdminClient::new(config.admin_socket());
    match command {
        LinkCentreCommand::Sites => sites(&centre, format).await,
        LinkCentreCommand::Show { site } => show(&centre, format, &site).await,
        LinkCentreCommand::Incidents { all } => incidents::list(&centre, format, all).await,
        LinkCentreCommand::Ack { number, note } => {
            incidents::acknowledge(&centre, format, number, note).await
        }
        LinkCentreCommand::Policy(command) => policy::run(&centre, format, command).await,
        LinkCentreCommand::Report(of) => report::run(&centre, format, &of).await,
        LinkCentreCommand::Map { output, language } => {
            map::run(&centre, format, output.as_deref(), language).await
        }
        LinkCentreCommand::History { site, path, since, span, svg } => {
            let links = config.controller.links.as_ref();
            let zone = links.map_or_else(Zone::riyadh, |links| links.zone.clone());
            let picture = svg.map(|file| (file, zone));
            history(&centre, format, &Asked { site, path, since, span, picture }).await
        }
    }
}

/// All offices, and how each is connected.
async fn sites(centre: &AdminClient, format: Format) -> anyhow::Result<()> {
    let sites: List<LinkSiteView> = centre.get(LINKS).await?;
    let headings = ["site", "connected", "paths", "policy", "last heard", "silent for", "missing"];
    output::list(format, &sites.items, headings, |site| {
        let status = status(site);
        let paths = status.iter().flat_map(|status| &status.paths);
        let paths: Vec<_> = paths.map(|path| format!("{} {}", path.name, path.health)).collect();
        let mode = match (&status, site.silent_seconds) {
            (Some(status), None) => status.mode.clone(),
            (Some(status), Some(_)) => format!("{}, when it was heard", status.mode),
            (None, _) => "-".to_owned(),
        };
        [
            site.site.clone(),
            mode,
            paths.join(", "),
            running(&status),
            site.seen_at.to_string(),
            site.silent_seconds.map_or_else(String::new, |seconds| format!("{seconds} s")),
            site.missing.to_string(),
        ]
    })
}

/// One office: its paths as last told, and what happened lately.
async fn show(centre: &AdminClient, format: Format, site: &Name) -> anyhow::Result<()> {
    let sites: List<LinkSiteView> = centre.get(LINKS).await?;
    let of = sites.items.into_iter().find(|of| of.site == site.as_str());
    let of = of.with_context(|| format!("no agent of an office `{site}` was heard"))?;
    let events = format!("{LINKS}/{site}/events?last={SHOWN}");
    let events: List<LinkEventView> = centre.get(&events).await?;
    if format == Format::Json {
        let whole = serde_json::json!({ "site": of, "events": events.items });
        return output::done(format, &whole, "");
    }
    let status = status(&of);
    match &status {
        Some(status) => output::line(&super::headline(status))?,
        None => output::line(&format!("{site}: it was not told how it is connected"))?,
    }
    let heard = match of.silent_seconds {
        Some(seconds) => format!("silent for {seconds} s, last heard {}", of.seen_at),
        None => format!("last heard {}", of.seen_at),
    };
    output::line(&heard)?;
    if of.missing > 0 {
        output::line(&format!("{} events or spans were lost on its disk", of.missing))?;
    }
    if let Some(status) = &status {
        for carried in status.paths.iter().filter_map(super::sustained) {
            output::line(&carried)?;
        }
        output::list(format, &status.paths, super::PATH_HEADINGS, path_row)?;
    }
    let known = events.items.iter().filter_map(|told| event(&told.event)).collect::<Vec<_>>();
    output::line("")?;
    output::list(format, &known, super::EVENT_HEADINGS, event_row)
}

/// What is asked of the history.
#[derive(Debug)]
struct Asked {
    site: Name,
    path: Option<Name>,
    since: Duration,
    span: Option<u32>,
    /// Into which file it is drawn instead, and by whose clocks.
    picture: Option<(PathBuf, Zone)>,
}

/// How the paths of an office were: a plot of each.
async fn history(centre: &AdminClient, format: Format, asked: &Asked) -> anyhow::Result<()> {
    let until = SystemClock.now();
    let from = until - asked.since;
    let mut question = format!(
        "{LINKS}/{}/history?from={}&until={}",
        asked.site,
        from.as_millis(),
        until.as_millis()
    );
    for (key, value) in [
        ("path", asked.path.as_ref().map(ToString::to_string)),
        ("span", asked.span.map(|span| span.to_string())),
    ] {
        if let Some(value) = value {
            question.push_str(&format!("&{key}={value}"));
        }
    }
    let told: LinkHistoryView = centre.get(&question).await?;
    if let Some((file, zone)) = &asked.picture {
        let words = (&Catalogue::new(), Language::English);
        write(file, &trend(&told.items, Span::new(from, until), zone, words))?;
        return output::done(format, &told, &format!("it is drawn into {}", file.display()));
    }
    if format == Format::Json {
        return output::done(format, &told, "");
    }
    if told.items.is_empty() && told.bulk_runs.is_empty() {
        return output::line("nothing is known of that time");
    }
    for of_path in told.items.chunk_by(|cell, next| cell.path == next.path) {
        output::line(&draw(of_path, from, until))?;
    }
    if told.bulk_runs.is_empty() {
        return Ok(());
    }
    output::line("")?;
    output::list(format, &told.bulk_runs, ["path", "filled at", "there", "back", "why"], bulk_row)
}

/// What came of a bulk run.
fn bulk_row(run: &LinkBulkRunView) -> [String; 5] {
    let carried = |way: usize| {
        let kbit = run.carried_kbit.and_then(|ways| ways.get(way).copied());
        kbit.map_or_else(|| "-".to_owned(), |kbit| format!("{} Mbit/s", super::mbit(kbit)))
    };
    [
        run.path.clone(),
        run.at.to_string(),
        carried(0),
        carried(1),
        run.why.clone().unwrap_or_default(),
    ]
}

fn draw(cells: &[Cell], from: Timestamp, until: Timestamp) -> String {
    let name = cells.first().map_or("", |cell| cell.path.as_str());
    let plot = Plot::of(cells, plot::Range::new(from, until));
    format!("{name}: {}\n{}", plot.summary(), plot.draw())
}

/// How an office is connected, if this version understands how its agent says it.
pub(super) fn status(site: &LinkSiteView) -> Option<Status> {
    site.state.clone().and_then(|state| serde_json::from_value(state).ok())
}

fn event(told: &serde_json::Value) -> Option<Event> {
    serde_json::from_value(told.clone()).ok()
}

/// The generation of the policy by which an agent last said that it runs.
fn running(status: &Option<Status>) -> String {
    let generation = status.as_ref().and_then(|status| status.policy);
    generation.map_or_else(|| "-".to_owned(), |generation| generation.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_run_is_told_with_what_was_carried_each_way_or_why_it_was_given_up() {
        let at = Timestamp::from_secs(1_795_000_000);
        let row = |carried_kbit, why: Option<&str>| {
            let why = why.map(str::to_owned);
            bulk_row(&LinkBulkRunView { at, path: "radio".to_owned(), carried_kbit, why })
        };
        let time = at.to_string();
        assert_eq!(
            row(Some([47_900, 41_249]), Some("0.3 % lost")),
            ["radio", &time, "47.9 Mbit/s", "41.2 Mbit/s", "0.3 % lost"]
        );
        assert_eq!(row(None, Some("given up")), ["radio", &time, "-", "-", "given up"]);
        assert_eq!(row(None, None), ["radio", &time, "-", "-", ""]);
    }
}
