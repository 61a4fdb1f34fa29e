//! `sabeel serve --demo DIR`: a whole city square on one machine, without root.
//!
//! Makes two sites, a plan and a gateway that only pretends to let packets through
//! but speaks real RADIUS over loopback.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use controller::admin::api::{AccessPoint, AccessPointAdded};
use data_encoding::HEXLOWER;
use domain::{
    Country, HandOff, HandOffMethod, Language, Localised, MessageAuthenticatorRule, Nas,
    NasProfile, OctetDirection, Plan, PlanName, ProxyStateRule, Secret, Site, SiteName,
    StatusServerRule,
};
use store::Store;

use crate::config::Config;
use crate::serve::{Parts, Shared};
use crate::{gateway, output};

/// The configuration that the demo writes down for its admin to look at.
const CONFIG: &str = include_str!("demo/sabeel.toml");
const GATEWAY: &str = "walkway-gate";

/// Makes DIR if it is not there, and serves from it.
pub async fn run(dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let dir = dir.canonicalize().with_context(|| format!("cannot use {}", dir.display()))?;
    let file = dir.join("sabeel.toml");
    if !file.exists() {
        let text = CONFIG.replace("{dir}", &dir.display().to_string());
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let shared = Shared::open(Config::load(Some(&file))?).await?;
    let gateway = set_up(shared.store.as_ref()).await.context("cannot make the first set-up")?;
    let mut parts = Parts::start(&shared, None).await?;
    if let Some(settings) = &shared.config.edge {
        issue(&gateway, &settings.credentials_file)?;
        gateway::start(&mut parts, settings, Arc::clone(&shared.clock))?;
    }
    output::line(&banner(&file))?;
    parts.run_until_stopped().await
}

/// Adds what is missing of plan, sites and gateway; returns the gateway.
async fn set_up(store: &dyn Store) -> anyhow::Result<Nas> {
    let plan: PlanName = "visitor".parse()?;
    if store.find_plan(&plan).await?.is_none() {
        store.add_plan(&Plan::visitor(plan.clone())).await?;
    }
    for (name, arabic, english) in [
        ("walkway", "الممشى", "Municipality Walkway"),
        ("king-abdullah-park", "متنزه الملك عبدالله البيئي", "King Abdullah Environmental Park"),
    ] {
        let name: SiteName = name.parse()?;
        if store.find_site(&name).await?.is_some() {
            continue;
        }
        let title = Localised::default()
            .with(Language::arabic(), arabic)
            .with(Language::english(), english);
        let countries = Country::GULF.to_vec();
        let site = Site { title, countries, ..Site::new(name, plan.clone()) };
        store.add_site(&site).await?;
    }
    if let Some(gateway) = store.find_access_point(&GATEWAY.parse()?).await? {
        return Ok(gateway);
    }
    let gateway = Nas {
        name: GATEWAY.parse()?,
        site: "walkway".parse()?,
        addresses: "127.0.0.1/32".parse()?,
        certificate: None,
        identifier: None,
        secret: random_secret()?,
        former_secret: None,
        profile: NasProfile::Sabeel,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: Some(([127, 0, 0, 1], 3799).into()),
        hand_off: HandOff::mac_authentication(Some(random_secret()?)),
        portal_path: random_secret()?,
    };
    store.add_access_point(&gateway).await?;
    Ok(gateway)
}

/// Writes down what the gateway is to know, as `sabeel --json nas add` would print it.
fn issue(gateway: &Nas, file: &Path) -> anyhow::Result<()> {
    if gateway.hand_off.method != HandOffMethod::MacAuthentication {
        bail!("access point {GATEWAY} has become one of another kind; remove it");
    }
    let issued = AccessPointAdded {
        access_point: AccessPoint::from(gateway),
        secret: gateway.secret.clone(),
        hand_off_secret: gateway.hand_off.secret.clone(),
        notes: Vec::new(),
    };
    let text = serde_json::to_vec_pretty(&issued).context("cannot write credentials")?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(file).and_then(|mut file| file.write_all(&text));
    written.with_context(|| format!("cannot write {}", file.display()))
}

/// 128 random bits in hex.
fn random_secret() -> anyhow::Result<Secret> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the operating system gives no random numbers")?;
    Ok(HEXLOWER.encode(&bytes).parse()?)
}

fn banner(config: &Path) -> String {
    format!(
        "
  Sabeel is up. Be a visitor:

    1. open   http://127.0.0.1:8081/     as a phone that has just joined the WiFi
    2. enter  05 5123 4567               (any Saudi mobile number; nothing is sent)
    3. read the code here in the terminal, and enter it
    4. watch the allowance run down on the status page; at 4 MB/s the day's 1 GB
       lasts four minutes, then the gateway cuts you off

  Be the admin, in another terminal:

    {sabeel} --config {config} session list
    {sabeel} --config {config} nas list
    {sabeel} --config {config} account show 0551234567

  Ctrl-C stops it; who is online stays online at the next start.
",
        sabeel = std::env::args().next().unwrap_or_else(|| "sabeel".to_owned()),
        config = config.display()
    )
}
