//! `sabeel link why`: what led to how the office is connected, and what is waited for.

use domain::Timestamp;
use edge::links::{Event, PathStatus, Status};
use serde::Serialize;

use super::{LINKS, headline, spending, status, sustained, would_carry};
use crate::admin_client::AdminClient;
use crate::output::{self, Format};

/// What is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Account<'a> {
    status: &'a Status,
    /// The last change of the office, if the agent remembers one.
    office: Option<&'a Event>,
    paths: Vec<OfPath<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct OfPath<'a> {
    path: &'a str,
    /// Its last change.
    since: Option<&'a Event>,
    /// What has to happen before the office uses it.
    waits_for: Option<&'static str>,
}

/// Tells it.
pub async fn run(agent: &AdminClient, format: Format) -> anyhow::Result<()> {
    let status = status(agent).await?;
    let events: Vec<Event> = agent.get(&format!("{LINKS}/events?after=0")).await?;
    let latest = |what: &str, path: Option<&str>| {
        let is_it = |event: &&Event| {
            event.what == what && path.is_none_or(|path| event.path.as_deref() == Some(path))
        };
        events.iter().rev().find(is_it)
    };
    let of_path = |path: &'_ PathStatus| {
        let is_used = status.routes.contains(&path.name);
        (latest("path", Some(&path.name)), if is_used { None } else { waits_for(&status, path) })
    };
    let paths = status.paths.iter().map(|path| {
        let (since, waits_for) = of_path(path);
        OfPath { path: &path.name, since, waits_for }
    });
    let account = Account { status: &status, office: latest("site", None), paths: paths.collect() };
    output::done(format, &account, &account.sentences())
}

/// What has to happen before the office uses a path that it does not use.
fn waits_for(status: &Status, path: &PathStatus) -> Option<&'static str> {
    let is_primary = status.order.first() == Some(&path.name);
    let is_listed_first = status.paths.first().is_some_and(|first| first.name == path.name);
    let is_unfit = path.fitness.as_deref() == Some("unfit");
    match path.health.as_str() {
        "init" | "down" => Some("heartbeats have to be heard in both directions"),
        "suspect" => Some("the next heartbeat has to come"),
        "degraded" => Some("probes have to be good for 30 s"),
        "recovering" => Some("it has to be clean for 30 s, and longer after each failure"),
        "held" => Some("it failed too often, and has to be without failure for some minutes"),
        "maintenance" => Some("people have to give it back: sabeel link resume"),
        _ if status.mode == "locked" => Some("people have to take the pin away: sabeel link auto"),
        _ if status.mode == "returning" && is_primary => Some("it is on trial for 10 s"),
        _ if is_primary && is_unfit && !is_listed_first => {
            Some("a trial has to show that it would carry the office")
        }
        _ if is_primary => Some("the office returns when it may change its path again"),
        _ => None,
    }
}

impl Account<'_> {
    fn sentences(&self) -> String {
        let mut lines = vec![headline(self.status)];
        if let Some(event) = self.office {
            let why = event.why.as_deref().unwrap_or_default();
            let path = event.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            lines.push(format!("  since {}: {path}{why}", time(event)));
        }
        for (of, path) in self.paths.iter().zip(&self.status.paths) {
            lines.push(format!("{}: {}", of.path, path.health));
            if let Some(event) = of.since {
                let why = event.why.as_deref().unwrap_or_default();
                lines.push(format!("  since {}: {why}", time(event)));
            }
            if path.fitness.is_some() {
                lines.push(format!("  would carry the office: {}", would_carry(path)));
            }
            lines.extend(sustained(path).map(|carried| format!("  {carried}")));
            lines.extend(spending(path).map(|spent| format!("  {spent}")));
            lines.extend(of.waits_for.map(|what| format!("  {what}")));
        }
        lines.join("\n")
    }
}

fn time(event: &Event) -> String {
    Timestamp::from_millis(i64::try_from(event.at).unwrap_or_default()).to_string()
}
