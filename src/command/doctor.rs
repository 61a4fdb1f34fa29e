//! `sabeel doctor`: is everything there, and does it work?

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use controller::admin::api::{Health, Status};
use domain::{Clock, PlanName};
use edge::links::LinksSettings;
use edge::{Credentials, EdgeSettings, EnforcerKind};
use portal::PortalSettings;
use serde::Serialize;
use store::{AccessPoints, KeyRing, Plans, SqlStore};

use crate::admin_client::AdminClient;
use crate::cli::Checked;
use crate::command::link;
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    /// Not bad: it works, if not always as well as it could.
    good: bool,
    state: State,
    detail: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Good,
    /// It works, but somebody should know.
    Warning,
    Bad,
}

/// A certificate that ends within this time should have been renewed.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Looks at what `part` needs, or at everything; fails if something is not good. Makes nothing,
/// so that it can be run as root before the service has made its own files.
pub async fn run(
    config: &Config,
    admin: &AdminClient,
    format: Format,
    part: Option<Checked>,
) -> anyhow::Result<()> {
    let mut findings = Vec::new();
    if part != Some(Checked::Edge) {
        findings.push(finding("data folder", writable(config)));
        findings
            .push(finding("keys", keys(config).map(|_| config.keys_dir().display().to_string())));
        findings.push(finding("database", database(config).await));
    }
    if let (None | Some(Checked::Radius), Some(radsec)) = (part, &config.radius.radsec) {
        let inspected = radsec.files().inspect(SystemClock.now()).map_err(anyhow::Error::from);
        findings.push(finding("RADIUS/TLS", inspected));
    }
    if matches!(part, None | Some(Checked::Portal)) {
        findings.push(portal_tls(&config.portal));
        if let Some(grace) = &config.portal.grace {
            findings.push(finding("portal grace", grace_plan(config, &grace.plan).await));
        }
    }
    if matches!(part, None | Some(Checked::Controller)) {
        findings.push(finding("server", server(admin).await));
        findings.extend(alarms(admin).await);
    }
    if matches!(part, None | Some(Checked::Edge)) {
        if let Some(edge) = &config.edge {
            findings.push(finding("gateway", gateway(edge)));
        }
        if let Some(links) = &config.links {
            findings.push(office_links(links).await);
        }
    }
    if part == Some(Checked::Edge) && config.edge.is_none() && config.links.is_none() {
        bail!("there is neither a section [edge] nor [links]");
    }
    output::list(format, &findings, ["what", "state", "detail"], |finding| {
        let state = match finding.state {
            State::Good => "good",
            State::Warning => "warning",
            State::Bad => "BAD",
        };
        [finding.what.to_owned(), state.to_owned(), finding.detail.clone()]
    })?;
    let bad = findings.iter().filter(|finding| !finding.good).count();
    if bad > 0 { bail!("{bad} of {} are not good", findings.len()) } else { Ok(()) }
}

fn finding(what: &'static str, outcome: anyhow::Result<String>) -> Finding {
    match outcome {
        Ok(detail) => Finding { what, good: true, state: State::Good, detail },
        Err(error) => {
            Finding { what, good: false, state: State::Bad, detail: format!("{error:#}") }
        }
    }
}

/// What keeps phones from the captive portal API, or will soon.
fn portal_tls(settings: &PortalSettings) -> Finding {
    const WHAT: &str = "portal TLS";
    let warning = |detail| Finding { what: WHAT, good: true, state: State::Warning, detail };
    let report = match settings.inspect_tls(Arc::new(SystemClock)) {
        Ok(report) => report,
        Err(error) => return finding(WHAT, Err(error.into())),
    };
    let Some(secure) = &settings.secure_url else {
        return warning(
            "portal.secure-url is not set, and phones use the captive portal API only over https \
             (RFC 8908 section 5)"
                .to_owned(),
        );
    };
    let Some(report) = report else {
        return finding(WHAT, Ok(format!("{secure}, by whatever ends TLS in front of the portal")));
    };
    let ocsp = report.ocsp.as_ref().map_or("no OCSP response".to_owned(), |validity| {
        format!("OCSP response until {}", validity.text)
    });
    let detail = format!("{secure}, certificate until {}, {ocsp}", report.certificate.text);
    let left = report.certificate.until.since(SystemClock.now());
    if left < SOON { warning(detail) } else { finding(WHAT, Ok(detail)) }
}

/// Whether the devices of all paths are there, the agent answers, and every path carries.
async fn office_links(settings: &LinksSettings) -> Finding {
    const WHAT: &str = "links";
    let status = async {
        for path in &settings.paths {
            let device = &path.device;
            let found = device.index().with_context(|| format!("no {device} for {}", path.name));
            found?;
        }
        if kernel_number("ip_forward") == Some(0) {
            bail!("the kernel forwards no IPv4: set net.ipv4.ip_forward to 1");
        }
        link::status(&AdminClient::new(settings.socket.clone())).await
    };
    match status.await {
        Err(error) => finding(WHAT, Err(error)),
        Ok(status) => {
            let mut detail = link::headline(&status);
            let silent: Vec<_> =
                status.paths.iter().filter(|path| !path.is_alive).map(|path| &*path.name).collect();
            if !silent.is_empty() {
                detail += &format!("; nothing passes on {}", silent.join(", "));
            }
            let strict = settings.paths.iter().find(|path| is_strict(path.device.as_str()));
            if let Some(path) = strict {
                detail += &format!(
                    "; {} drops what comes by another path than answers leave by: set rp_filter to 2",
                    path.device
                );
            }
            let is_fine = silent.is_empty() && strict.is_none();
            let state = if is_fine { State::Good } else { State::Warning };
            Finding { what: WHAT, good: true, state, detail }
        }
    }
}

/// Whether the kernel takes a packet only by the device by which its answer would leave (RFC 3704 s2.2):
/// the larger of both settings counts.
fn is_strict(device: &str) -> bool {
    let of = |device: &str| kernel_number(&format!("conf/{device}/rp_filter")).unwrap_or_default();
    of(device).max(of("all")) == 1
}

fn kernel_number(key: &str) -> Option<u8> {
    std::fs::read_to_string(format!("/proc/sys/net/ipv4/{key}")).ok()?.trim().parse().ok()
}

fn writable(config: &Config) -> anyhow::Result<String> {
    let probe = config.data_dir().join(".doctor");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)?;
    Ok(config.data_dir().display().to_string())
}

fn keys(config: &Config) -> anyhow::Result<KeyRing> {
    let dir = config.keys_dir();
    if !dir.exists() {
        bail!("{} is not there; the server makes it at its first start", dir.display());
    }
    Ok(KeyRing::open_existing(&dir)?)
}

async fn database(config: &Config) -> anyhow::Result<String> {
    let store = open(config).await?;
    // Reading their secrets shows whether these are the keys that the database was written with.
    let readable = store.list_access_points().await;
    store.close().await;
    readable.context("are these the keys that it was written with?")?;
    Ok(if config.is_embedded() {
        "SQLite, of this version".into()
    } else {
        "PostgreSQL, of this version".into()
    })
}

async fn open(config: &Config) -> anyhow::Result<SqlStore> {
    let keys = keys(config).context("cannot be opened without keys")?;
    Ok(SqlStore::connect(&config.store_settings(), keys).await?)
}

/// The plan of those who cannot be sent a code.
async fn grace_plan(config: &Config, name: &PlanName) -> anyhow::Result<String> {
    let store = open(config).await?;
    let plan = store.find_plan(name).await;
    store.close().await;
    match plan? {
        Some(plan) => Ok(format!("plan {}", plan.name)),
        None => bail!("there is no plan `{name}`, so nobody is let in without a code"),
    }
}

async fn server(admin: &AdminClient) -> anyhow::Result<String> {
    let health: Health = admin.get("/v1/health").await?;
    if !health.healthy {
        bail!("the server runs, but its database does not answer");
    }
    let status: Status = admin.get("/v1/status").await?;
    Ok(format!(
        "version {}, {} site(s), {} of {} access points still unprotected, {} online",
        status.version,
        status.counts.sites,
        status.counts.unprotected,
        status.counts.access_points,
        status.counts.accounts_online
    ))
}

/// What the server itself wants somebody to know; that it cannot be asked is told already.
async fn alarms(admin: &AdminClient) -> Vec<Finding> {
    let status: anyhow::Result<Status> = admin.get("/v1/status").await;
    let alarms = status.map(|status| status.alarms).unwrap_or_default().into_iter();
    let finding = |detail| Finding { what: "alarm", good: true, state: State::Warning, detail };
    alarms.map(finding).collect()
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
