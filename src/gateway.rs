//! `sabeel edge`: the gateway of a site, the links of an office, or both.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use domain::Clock;
use edge::links::{Links, LinksSettings};
use edge::{Agent, Credentials, EdgeSettings};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::serve::{Parts, SystemClock};

/// Runs what the configuration names until a signal asks to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
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
        start_links(&mut parts, &settings)?;
    }
    parts.run_until_stopped().await
}

/// Starts to watch the links of an office as one of the parts.
fn start_links(parts: &mut Parts, settings: &LinksSettings) -> anyhow::Result<()> {
    let links = Links::start(settings).context("cannot watch the links")?;
    tracing::info!(site = settings.site, "links.up");
    let stop = parts.stop();
    parts.spawn("links", async move { links.run(stop).await.context("the links failed") });
    Ok(())
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
