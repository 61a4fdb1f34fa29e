//! `sabeel link test`: whether paths would carry the office, tried now.

use std::time::{Duration, Instant};

use anyhow::bail;
use edge::links::{Ask, Event, PathStatus, Status};

use super::{LINKS, status, would_carry};
use crate::admin_client::AdminClient;
use crate::output::{self, Format};

/// The longest that a trial takes, with each of its steps failing.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Tries a path, or all that are tried at all; fails if one would not carry the office.
pub async fn run(agent: &AdminClient, format: Format, path: Option<String>) -> anyhow::Result<()> {
    let before = status(agent).await?;
    let is_wanted =
        |of: &&PathStatus| path.as_ref().map_or(of.fitness.is_some(), |path| of.name == *path);
    let names: Vec<_> = before.paths.iter().filter(is_wanted).map(|of| of.name.clone()).collect();
    if names.is_empty() && path.is_none() {
        bail!("no path is tried: set `office-local` and `office-peer`");
    }
    let names = path.map_or(names, |path| vec![path]);
    let after = try_now(agent, &before, &names).await?;
    let tried = after.paths.into_iter().filter(|of| names.contains(&of.name));
    let tried: Vec<_> = tried.collect();
    output::list(format, &tried, ["path", "state", "would carry"], |path| {
        [path.name.clone(), path.health.clone(), would_carry(path)]
    })?;
    match tried.iter().find(|path| path.fitness.as_deref() != Some("ready")) {
        Some(path) => bail!("{} would not carry the office", path.name),
        None => Ok(()),
    }
}

/// Has a path filled, and waits until it was; fails if it may not be.
pub async fn fill(agent: &AdminClient, format: Format, path: String) -> anyhow::Result<()> {
    let events = format!("{LINKS}/events");
    let before: Vec<Event> = agent.get(&events).await?;
    let last = before.last().map_or(0, |event| event.number);
    let ask = Ask { path: path.clone(), seconds: None };
    let (): () = agent.post(&format!("{LINKS}/fill"), &ask).await?;
    let begun = Instant::now();
    let mut pause = tokio::time::interval(PAUSE);
    while begun.elapsed() < PATIENCE {
        pause.tick().await;
        let fresh: Vec<Event> = agent.get(&format!("{events}?after={last}")).await?;
        let is_end = |event: &&Event| {
            let to = event.to.as_deref();
            event.what == "bulk" && event.path.as_ref() == Some(&path) && to != Some("begins")
        };
        let Some(event) = fresh.iter().find(is_end) else { continue };
        let why = event.why.as_deref().unwrap_or_default();
        match event.to.as_deref() {
            Some("over") => return output::done(format, event, &format!("{path}: {why}")),
            _ => bail!("{path} was not filled: {why}"),
        }
    }
    bail!(
        "{path} was not filled within {} s: it may not be tried at all, or wait for its turn",
        PATIENCE.as_secs()
    )
}

/// Has those paths tried, and waits until they were.
pub async fn try_now(
    agent: &AdminClient,
    before: &Status,
    names: &[String],
) -> anyhow::Result<Status> {
    for name in names {
        let known = before.paths.iter().find(|of| of.name == *name);
        if let Some(of) = known {
            if of.fitness.is_none() {
                bail!("{name} is not tried: set `office-local` and `office-peer`");
            }
            if !of.is_alive {
                bail!("{name} is {}: nothing can be tried on it", of.health);
            }
        }
        let ask = Ask { path: name.clone(), seconds: None };
        let (): () = agent.post(&format!("{LINKS}/try"), &ask).await?;
    }
    let begun = Instant::now();
    let mut pause = tokio::time::interval(PAUSE);
    loop {
        pause.tick().await;
        let now = status(agent).await?;
        let was_tried = |name: &String| {
            let trials = |of: &Status| Some(of.paths.iter().find(|of| of.name == *name)?.trials);
            trials(&now) > trials(before)
        };
        if names.iter().all(was_tried) {
            return Ok(now);
        }
        if begun.elapsed() > PATIENCE {
            let is_spent = |of: &&PathStatus| {
                let budget = of.budget.as_ref();
                names.contains(&of.name) && budget.is_some_and(|budget| budget.thrift == "used-up")
            };
            if let Some(of) = now.paths.iter().find(is_spent) {
                bail!("{}: all is spent, and it is tried every half hour at most", of.name);
            }
            bail!("the agent has tried nothing for {} s", PATIENCE.as_secs());
        }
    }
}
