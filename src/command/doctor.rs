//! `sabeel doctor`: is everything there, and does it work?

use anyhow::{Context, bail};
use controller::admin::api::{Health, Status};
use edge::{Credentials, EdgeSettings, EnforcerKind};
use serde::Serialize;
use store::{KeyRing, SqlStore};

use crate::admin_client::AdminClient;
use crate::config::Config;
use crate::output::{self, Format};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    good: bool,
    detail: String,
}

/// Looks at everything; fails if something is not good.
pub async fn run(config: &Config, admin: &AdminClient, format: Format) -> anyhow::Result<()> {
    let mut findings = vec![
        finding("data folder", writable(config)),
        finding("keys", keys(config)),
        finding("database", database(config).await),
        finding("server", server(admin).await),
    ];
    if let Some(edge) = &config.edge {
        findings.push(finding("gateway", gateway(edge)));
    }
    output::list(format, &findings, ["what", "state", "detail"], |finding| {
        let state = if finding.good { "good" } else { "BAD" };
        [finding.what.to_owned(), state.to_owned(), finding.detail.clone()]
    })?;
    let bad = findings.iter().filter(|finding| !finding.good).count();
    if bad > 0 { bail!("{bad} of {} are not good", findings.len()) } else { Ok(()) }
}

fn finding(what: &'static str, outcome: anyhow::Result<String>) -> Finding {
    match outcome {
        Ok(detail) => Finding { what, good: true, detail },
        Err(error) => Finding { what, good: false, detail: format!("{error:#}") },
    }
}

fn writable(config: &Config) -> anyhow::Result<String> {
    let probe = config.data_dir().join(".doctor");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)?;
    Ok(config.data_dir().display().to_string())
}

fn keys(config: &Config) -> anyhow::Result<String> {
    let dir = config.keys_dir();
    if !dir.exists() {
        bail!("{} is not there; the server makes it at its first start", dir.display());
    }
    KeyRing::open_or_create(&dir)?;
    Ok(dir.display().to_string())
}

async fn database(config: &Config) -> anyhow::Result<String> {
    let keys = KeyRing::open_or_create(&config.keys_dir())?;
    let store = SqlStore::connect(&config.store_settings(), keys).await?;
    store.close().await;
    Ok(if config.is_embedded() {
        "SQLite, of this version".into()
    } else {
        "PostgreSQL, of this version".into()
    })
}

async fn server(admin: &AdminClient) -> anyhow::Result<String> {
    let health: Health = admin.get("/v1/health").await?;
    if !health.healthy {
        bail!("the server runs, but its database does not answer");
    }
    let status: Status = admin.get("/v1/status").await?;
    Ok(format!(
        "version {}, {} site(s), {} access point(s), {} online",
        status.version,
        status.counts.sites,
        status.counts.access_points,
        status.counts.accounts_online
    ))
}

fn gateway(settings: &EdgeSettings) -> anyhow::Result<String> {
    let credentials = Credentials::read(&settings.credentials_file)?;
    if settings.enforcer == EnforcerKind::Pretend {
        return Ok(format!("{}, which only pretends", credentials.name()));
    }
    let output = std::process::Command::new("nft")
        .arg("--version")
        .output()
        .context("cannot run nft; install the package nftables")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(format!("{}, {version}", credentials.name()))
}
