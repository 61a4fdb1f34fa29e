//! `sabeel link drill`: the office uses its backup for a while, as if the primary path had failed.
//!
//! The primary path is taken out at both ends, by maintenance that ends by itself, so that an exercise
//! whose terminal is lost ends as well. It is given back at once when the backup is not good enough.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::Clock;
use edge::links::{Ask, DrillSettings, Event, Exercised, Outcome, PathStatus, Status};
use serde::Serialize;

use super::{LINKS, milliseconds, percent, status, trial};
use crate::admin_client::AdminClient;
use crate::cli::Drill;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Between two looks at the clock while an exercise is to come.
const LOOK: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at what is to be there at once.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a disk may take to have what happened, before the report goes without it.
const WRITTEN: Duration = Duration::from_secs(5);
/// How long the office may take to go to the backup.
const SWITCH: Duration = Duration::from_secs(10);
/// How long it may take to be back: the primary path is on trial for 30 s, and then the canary.
const RETURN: Duration = Duration::from_secs(300);
/// The maintenance outlives the exercise by so much, if nobody ends it.
const SPARE: Duration = Duration::from_secs(30);

/// How it was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    site: String,
    primary: String,
    backup: String,
    /// Whether the backup was good until the end, and the office came back.
    is_passed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the backup was found to carry before, to the far end and from there, in kbit/s.
    carries_kbit: Option<[u64; 2]>,
    /// How long the office took to be on the backup, and to be back, in milliseconds.
    switched_ms: Option<u64>,
    returned_ms: Option<u64>,
    /// Seconds on the backup, and round trips in them: the middle one, and the 95th of a hundred.
    seconds: usize,
    round_trip_us: Option<[u64; 2]>,
    /// The worst second: so many of a thousand probes were lost, and a voice score in hundredths.
    most_lost_per_mille: Option<u16>,
    least_mos: Option<u16>,
    /// All that happened meanwhile.
    events: Vec<Event>,
}

/// Runs the exercise and tells how it was; fails if it was not passed.
pub async fn run(agent: &AdminClient, format: Format, drill: &Drill) -> anyhow::Result<()> {
    if drill.lasting.is_zero() || drill.lasting > Duration::from_secs(86_400) {
        bail!("an exercise takes 1 second to 1 day");
    }
    let report = perform(agent, drill.lasting).await?;
    if let Some(file) = &drill.report {
        let text = serde_json::to_vec_pretty(&report)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    output::done(format, &report, &report.sentences())?;
    match report.reason {
        Some(reason) => bail!("the exercise was not passed: {reason}"),
        None => Ok(()),
    }
}

/// Runs the exercise, and has the agent write down how it was.
async fn perform(agent: &AdminClient, lasting: Duration) -> anyhow::Result<Report> {
    let before = status(agent).await?;
    let backup = match choose(agent, &before).await {
        Ok(backup) => backup,
        Err(error) => {
            let refused = Exercised {
                primary: before.routes[1].clone(),
                backup: None,
                outcome: Outcome::Refused,
                said: error.to_string(),
            };
            write_down(agent, &refused).await;
            return Err(error);
        }
    };
    let last: Vec<Event> = agent.get(&format!("{LINKS}/events?after=0")).await?;
    let last = last.last().map_or(0, |event| event.number);
    let mut report = exercise(agent, &before, &backup, lasting).await?;
    report.events = happened(agent, last, report.returned_ms.is_some()).await?;
    let exercised = Exercised {
        primary: report.primary.clone(),
        backup: Some(report.backup.clone()),
        outcome: if report.is_passed { Outcome::Passed } else { Outcome::Failed },
        said: report
            .reason
            .iter()
            .cloned()
            .chain([report.sentences()])
            .collect::<Vec<_>>()
            .join("; "),
    };
    write_down(agent, &exercised).await;
    Ok(report)
}

/// What has happened since that event. That the office is back is written down a moment after it is.
async fn happened(agent: &AdminClient, last: u64, is_back: bool) -> anyhow::Result<Vec<Event>> {
    let begun = Instant::now();
    let mut pause = tokio::time::interval(GLANCE);
    loop {
        pause.tick().await;
        let events: Vec<Event> = agent.get(&format!("{LINKS}/events?after={last}")).await?;
        let is_return =
            |event: &Event| event.what == "site" && event.to.as_deref() == Some("primary");
        if !is_back || events.iter().any(is_return) || begun.elapsed() > WRITTEN {
            return Ok(events);
        }
    }
}

/// What cannot be written down was an exercise all the same.
async fn write_down(agent: &AdminClient, exercised: &Exercised) {
    let written: anyhow::Result<()> = agent.post(&format!("{LINKS}/exercised"), exercised).await;
    if let Err(error) = written {
        output::remark(&format!("the exercise is not in the event log: {error:#}"));
    }
}

/// Runs exercises when they are due, until the agent ends. One that was due while it did not run is left
/// out.
pub async fn run_when_due(agent: &AdminClient, settings: &DrillSettings) -> anyhow::Result<()> {
    loop {
        let next = settings.next(SystemClock.now()).context("there is no next exercise")?;
        tracing::info!(at = %next, "links.drill is planned");
        // Clocks may be set meanwhile.
        loop {
            let left = next.since(SystemClock.now());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(LOOK)).await;
        }
        match perform(agent, Duration::from_secs(settings.minutes * 60)).await {
            Ok(Report { reason: None, backup, .. }) => tracing::info!(backup, "links.drill passed"),
            Ok(Report { reason: Some(reason), backup, .. }) => {
                tracing::error!(backup, reason, "links.drill failed");
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "links.drill was not run"),
        }
    }
}

/// The path that the office is to use, as it is after a trial.
async fn choose(agent: &AdminClient, before: &Status) -> anyhow::Result<PathStatus> {
    if before.mode != "primary" || before.is_dry_run {
        bail!("the office is {}, and not on its primary path", before.mode);
    }
    let is_good = |path: &&PathStatus| path.health == "up";
    let mut others = before.paths.iter().skip(1).filter(is_good).peekable();
    if others.peek().is_none() {
        bail!("no other path is good");
    }
    let mut reason = String::new();
    for path in others {
        if path.fitness.is_none() {
            return Ok(path.clone());
        }
        let after = trial::try_now(agent, before, std::slice::from_ref(&path.name)).await?;
        let tried = after.paths.into_iter().find(|of| of.name == path.name);
        match tried {
            Some(tried) if tried.fitness.as_deref() == Some("ready") => return Ok(tried),
            Some(tried) => reason = tried.unfit.unwrap_or_default(),
            None => {}
        }
    }
    bail!("no other path would carry the office: {reason}")
}

async fn exercise(
    agent: &AdminClient,
    before: &Status,
    backup: &PathStatus,
    lasting: Duration,
) -> anyhow::Result<Report> {
    let primary = before.routes[1].clone();
    let mut report = Report {
        site: before.site.clone(),
        primary: primary.clone(),
        backup: backup.name.clone(),
        is_passed: false,
        reason: None,
        carries_kbit: backup.carries_kbit,
        switched_ms: None,
        returned_ms: None,
        seconds: 0,
        round_trip_us: None,
        most_lost_per_mille: None,
        least_mos: None,
        events: Vec::new(),
    };
    let seconds = (lasting + SWITCH + SPARE).as_secs();
    let out = Ask { path: primary.clone(), seconds: Some(seconds) };
    let (): () = agent.post(&format!("{LINKS}/maintain"), &out).await?;
    output::remark(&format!("{primary} is taken out; ^C gives it back at once"));
    let outcome = tokio::select! {
        outcome = stay(agent, lasting, &mut report) => outcome,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            Ok(Some("people ended it".to_owned()))
        }
    };
    // Whatever happened, the primary path is given back.
    let back = Ask { path: primary, seconds: None };
    let (): () = agent.post(&format!("{LINKS}/resume"), &back).await?;
    report.reason = outcome?;
    let returned = wait(agent, RETURN, |status| status.mode == "primary").await?;
    report.returned_ms = returned.map(millis);
    if returned.is_none() && report.reason.is_none() {
        report.reason = Some("the office did not come back".to_owned());
    }
    report.is_passed = report.reason.is_none();
    Ok(report)
}

/// Waits for the backup and stays there; tells what was not good enough.
async fn stay(
    agent: &AdminClient,
    lasting: Duration,
    report: &mut Report,
) -> anyhow::Result<Option<String>> {
    let Some(switched) = wait(agent, SWITCH, |status| status.mode == "on-backup").await? else {
        return Ok(Some("the office did not go to the backup".to_owned()));
    };
    report.switched_ms = Some(millis(switched));
    let begun = Instant::now();
    let mut pause = tokio::time::interval(PAUSE);
    let mut round_trips = Vec::new();
    while begun.elapsed() < lasting {
        pause.tick().await;
        let now = status(agent).await?;
        let Some(path) = now.paths.iter().find(|of| of.name == report.backup) else { continue };
        report.seconds += 1;
        round_trips.extend(path.round_trip_us);
        report.most_lost_per_mille = report.most_lost_per_mille.max(path.loss_per_mille);
        let scores = report.least_mos.into_iter().chain(path.mos);
        report.least_mos = scores.min();
        if now.mode != "on-backup" || path.health != "up" {
            return Ok(Some(format!("{} is {}", path.name, path.health)));
        }
    }
    round_trips.sort_unstable();
    let share =
        |of: usize| round_trips.get(round_trips.len().saturating_sub(1) * of / 100).copied();
    report.round_trip_us = share(50).zip(share(95)).map(|(middle, most)| [middle, most]);
    Ok(None)
}

/// How long it took until the office was as wanted; none if it never was.
async fn wait(
    agent: &AdminClient,
    patience: Duration,
    wanted: impl Fn(&Status) -> bool,
) -> anyhow::Result<Option<Duration>> {
    let begun = Instant::now();
    let mut pause = tokio::time::interval(GLANCE);
    loop {
        pause.tick().await;
        if wanted(&status(agent).await?) {
            return Ok(Some(begun.elapsed()));
        }
        if begun.elapsed() > patience {
            return Ok(None);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Report {
    fn sentences(&self) -> String {
        let Self { site, primary, backup, seconds, .. } = self;
        let passed = if self.is_passed { "passed" } else { "not passed" };
        let mut lines =
            vec![format!("{site}: {passed}, {seconds} s on {backup} without {primary}")];
        if let Some([up, down]) = self.carries_kbit {
            lines.push(format!("{backup} carried {up} kbit/s up and {down} kbit/s down before"));
        }
        let times = [(self.switched_ms, "gone to"), (self.returned_ms, "back from")];
        for (time, which) in times {
            lines.extend(time.map(|ms| format!("{which} {backup} after {ms} ms")));
        }
        if let Some([middle, most]) = self.round_trip_us {
            let (middle, most) = (milliseconds(middle), milliseconds(most));
            lines.push(format!(
                "round trips: {middle} in the middle, {most} at the 95th percentile"
            ));
        }
        if let Some((lost, mos)) = self.most_lost_per_mille.zip(self.least_mos) {
            let (lost, score) = (percent(lost), f64::from(mos) / 100.0);
            lines.push(format!("the worst second: {lost} lost, a voice score of {score:.2}"));
        }
        lines.join("\n")
    }
}
