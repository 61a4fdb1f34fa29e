//! `sabeel edge`: the gateway of a site.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use domain::Clock;
use edge::{Agent, Credentials, EdgeSettings};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::serve::{Parts, SystemClock};

/// Runs the gateway until a signal asks to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let settings = config.edge.ok_or_else(|| ConfigError::Invalid {
        path: "sabeel edge".to_owned(),
        reason: "there is no section [edge]".to_owned(),
    })?;
    let mut parts = Parts::empty(CancellationToken::new());
    start(&mut parts, &settings, Arc::new(SystemClock))?;
    parts.run_until_stopped().await
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
