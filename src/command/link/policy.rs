//! `sabeel link policy`: makes and signs what agents run by, away from the centre, and hands it out there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use controller::admin::api::{LinkPolicyView, LinkSiteView, List, SignedPolicyView};
use edge::links::WrittenPolicy;
use link::policy::{Octets, SignedPolicy, SigningKey};
use link::report::Name;
use serde::Serialize;
use zeroize::Zeroizing;

use super::LINKS;
use super::centre::status;
use crate::admin_client::AdminClient;
use crate::cli::{LinkPolicyCommand, SignPolicy};
use crate::output::{self, Format};

const POLICIES: &str = "/v1/link-policies";

/// A policy that was published, and the one by which its agent runs.
#[derive(Debug, Serialize)]
struct Published {
    #[serde(flatten)]
    published: LinkPolicyView,
    running: Option<u64>,
}

/// Runs one of the commands.
pub async fn run(
    centre: &AdminClient,
    format: Format,
    command: LinkPolicyCommand,
) -> anyhow::Result<()> {
    match command {
        LinkPolicyCommand::Keygen { file } => keygen(format, &file),
        LinkPolicyCommand::Sign(what) => sign(what),
        LinkPolicyCommand::Publish { file } => publish(centre, format, &file).await,
        LinkPolicyCommand::Show { site: Some(site) } => show(centre, format, &site).await,
        LinkPolicyCommand::Show { site: None } => list(centre, format).await,
    }
}

fn keygen(format: Format, file: &Path) -> anyhow::Result<()> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).context("the operating system has no random source")?;
    let key = SigningKey::new(&seed).public();
    let mut options = OpenOptions::new();
    let mut made = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot make {}", file.display()))?;
    let text = Zeroizing::new(format!("{}\n", Octets::new(*seed)));
    made.write_all(text.as_bytes())
        .and_then(|()| made.sync_all())
        .with_context(|| format!("cannot write {}", file.display()))?;
    let sentence = format!("policy-key = \"{key}\"");
    output::done(format, &serde_json::json!({ "policy-key": key }), &sentence)
}

/// Prints the signed policy, whichever format is asked for: it is a file for `publish`.
fn sign(SignPolicy { file, site, generation, key }: SignPolicy) -> anyhow::Result<()> {
    let policy = read(&file)?;
    WrittenPolicy::read(&policy).with_context(|| file.display().to_string())?;
    let text = Zeroizing::new(read(&key)?);
    let seed: Octets<32> = text.trim().parse().with_context(|| key.display().to_string())?;
    let signer = SigningKey::new(&Zeroizing::new(seed.into_array()));
    let signed = signer.sign(site, generation, policy)?;
    output::line(&serde_json::to_string(&signed)?)
}

async fn publish(centre: &AdminClient, format: Format, file: &Path) -> anyhow::Result<()> {
    let signed: SignedPolicy =
        serde_json::from_str(&read(file)?).with_context(|| file.display().to_string())?;
    let published: LinkPolicyView = centre.post(POLICIES, &signed).await?;
    let LinkPolicyView { site, generation, .. } = &published;
    let sentence = format!("{site} is handed policy {generation}; `show` tells when it runs by it");
    output::done(format, &published, &sentence)
}

async fn list(centre: &AdminClient, format: Format) -> anyhow::Result<()> {
    let policies: List<LinkPolicyView> = centre.get(POLICIES).await?;
    let sites: List<LinkSiteView> = centre.get(LINKS).await?;
    let runs = |of: &Name| {
        sites.items.iter().find(|site| site.site == of.as_str()).and_then(status)?.policy
    };
    let published: Vec<_> = policies
        .items
        .into_iter()
        .map(|published| Published { running: runs(&published.site), published })
        .collect();
    let headings = ["site", "policy", "published", "runs by"];
    output::list(format, &published, headings, |Published { published, running }| {
        [
            published.site.to_string(),
            published.generation.to_string(),
            published.published_at.to_string(),
            running.map_or_else(|| "-".to_owned(), |generation| generation.to_string()),
        ]
    })
}

async fn show(centre: &AdminClient, format: Format, site: &Name) -> anyhow::Result<()> {
    let policy: SignedPolicyView = centre.get(&format!("{POLICIES}/{site}")).await?;
    let SignedPolicyView { published_at, signed } = &policy;
    let SignedPolicy { generation, key, policy: text, .. } = signed;
    let sentence = format!(
        "# policy {generation} of {site}, published {published_at}, signed by {key}\n{text}"
    );
    output::done(format, &policy, sentence.trim_end())
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
