//! `sabeel edge`: the gateway of a site, the links of an office, or both.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use domain::Clock;
use edge::links::{Links, LinksSettings, Reloader};
use edge::{Agent, Credentials, EdgeSettings};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::command::run_drills;
use crate::config::{Config, ConfigError};
use crate::serve::{Parts, SystemClock};

/// Runs what the configuration of that file names until a signal asks to stop.
pub async fn run(config: Config, file: Option<PathBuf>) -> anyhow::Result<()> {
    let Config { edge, links, .. } = config;
    if edge.is_none() && links.is_none() {
        let reason = "there is neither a section [edge] nor [links]".to_owned();
        return Err(ConfigError::Invalid { path: "sabeel edge".to_owned(), reason }.into());
    }
    let mut parts = Parts::empty(CancellationToken::new());
    if let Some(settings) = edge {
        start(&mut parts, &settings, Arc::new(SystemClock))?;
    }
    if let Some(settings) = links {
        start_links(&mut parts, &settings, file)?;
    }
    parts.run_until_stopped().await
}

/// Starts to watch the links of an office as one of the parts.
fn start_links(
    parts: &mut Parts,
    settings: &LinksSettings,
    file: Option<PathBuf>,
) -> anyhow::Result<()> {
    let links = Links::start(settings).context("cannot watch the links")?;
    let reloader = links.reloader();
    tracing::info!(site = settings.site, "links.up");
    let stop = parts.stop();
    parts.spawn("links", async move { links.run(stop).await.context("the links failed") });
    let (drills, stop) = (settings.clone(), parts.stop());
    parts.spawn("drill", async move {
        let running = run_drills(&drills);
        stop.run_until_cancelled(running).await.unwrap_or(Ok(()))
    });
    let mut asked = signal(SignalKind::hangup()).context("cannot hear SIGHUP")?;
    let stop = parts.stop();
    parts.spawn("reload", async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = asked.recv() => reload(&reloader, file.as_deref()),
            }
        }
    });
    Ok(())
}

/// Reads the configuration again; what cannot be used leaves all as it was.
fn reload(reloader: &Reloader, file: Option<&Path>) {
    let outcome = Config::load(file).map_err(anyhow::Error::from).and_then(|config| {
        let links = config.links.context("there is no section [links] any more")?;
        reloader.reload(&links).map_err(anyhow::Error::from)
    });
    if let Err(error) = outcome {
        tracing::error!(error = format!("{error:#}"), "links.reload: all stays as it was");
    }
}

/// Starts the gateway as one of the parts.
pub fn start(
    parts: &mut Parts,
    settings: &EdgeSettings,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<()> {
    let path: &Path = &settings.credentials_file;
    let credentials = Credentials::read(path).context("cannot use the gateway's credentials")?;
    let agent = Agent::start(settings, &credentials, clock).context("cannot start the gateway")?;
    tracing::info!(name = %credentials.name(), "edge.up");
    let stop = parts.stop();
    parts.spawn("gateway", async move { agent.run(stop).await.context("the gateway failed") });
    Ok(())
}
