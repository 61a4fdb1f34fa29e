//! `sabeel audit`. The chain is walked here, link by link, and not where it is kept.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use controller::admin::api::{AuditAbout, AuditLinks, AuditQuestion};
use domain::{AuditLink, ChainHead, ChainWalk, Country, PhoneNumber};
use serde_json::json;

use crate::admin_client::AdminClient;
use crate::cli::{AuditCommand, AuditList};
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::List(wanted) => list(admin, format, wanted).await,
        AuditCommand::Verify { file, head } => {
            let mut walk = ChainWalk::new(head);
            match file {
                Some(file) => walk_file(&mut walk, &file)?,
                None => each(admin, 0, |link| Ok(walk.take(&link)?)).await?,
            }
            let (head, links) = walk.finish()?;
            verified(format, head, links)
        }
        AuditCommand::Export { after } => {
            each(admin, after, |link| {
                output::line(&serde_json::to_string(&link).context("cannot write JSON")?)
            })
            .await
        }
    }
}

fn verified(format: Format, head: ChainHead, links: u64) -> anyhow::Result<()> {
    let value = json!({ "links": links, "head": head.to_string() });
    let sentence = format!("{links} link(s), each as it was written\nhead: {head}");
    output::done(format, &value, &sentence)
}

/// Hands on every link after `after`.
async fn each(
    admin: &AdminClient,
    mut after: u64,
    mut with: impl FnMut(AuditLink) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        let page: AuditLinks = admin.get(&format!("/v1/audit?after={after}")).await?;
        let Some(last) = page.items.last() else { return Ok(()) };
        after = last.number;
        page.items.into_iter().try_for_each(&mut with)?;
    }
}

fn walk_file(walk: &mut ChainWalk, path: &Path) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    for (number, line) in (1_u64..).zip(BufReader::new(file).lines()) {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        let link: AuditLink = serde_json::from_str(&line)
            .with_context(|| format!("{}: line {number} is no link", path.display()))?;
        walk.take(&link)?;
    }
    Ok(())
}

async fn list(admin: &AdminClient, format: Format, wanted: AuditList) -> anyhow::Result<()> {
    let AuditList { about, act, limit } = wanted;
    let about = about.as_deref().map(about_whom).transpose()?;
    let question = AuditQuestion { about, act, limit: Some(limit) };
    let links: AuditLinks = admin.post("/v1/audit/find", &question).await?;
    let headings = ["number", "time", "who", "act", "subject", "detail"];
    output::list(format, &links.items, headings, |link| {
        [
            link.number.to_string(),
            link.at.to_string(),
            link.actor.clone(),
            link.act.clone(),
            if link.subject.is_empty() { "-".to_owned() } else { link.subject.clone() },
            link.detail.clone(),
        ]
    })
}

/// What looks like a number is one, then a voucher, then a device, then a subject as it stands in the log.
fn about_whom(who: &str) -> anyhow::Result<AuditAbout> {
    if let Ok(phone) = PhoneNumber::parse(who, &Country::GULF) {
        return Ok(AuditAbout::Phone(phone));
    }
    if let Ok(voucher) = who.parse() {
        return Ok(AuditAbout::Voucher(voucher));
    }
    if let Ok(mac) = who.parse() {
        return Ok(AuditAbout::Device(mac));
    }
    if !who.contains(':') {
        bail!(
            "`{who}` is no mobile number, no voucher, no hardware address, and no subject as in `audit list`"
        );
    }
    Ok(AuditAbout::Subject(who.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_link_is_about_is_seen_by_how_it_is_written() {
        let subject = |text: &str| AuditAbout::Subject(text.into());
        for (who, expected) in [
            ("0551234567", AuditAbout::Phone("966551234567".parse().unwrap())),
            ("02-00-5E-10-00-01", AuditAbout::Device("02:00:5e:10:00:01".parse().unwrap())),
            ("fair/17", AuditAbout::Voucher("fair/17".parse().unwrap())),
            ("plan:visitor", subject("plan:visitor")),
        ] {
            assert_eq!(about_whom(who).unwrap(), expected, "{who}");
        }
        assert!(about_whom("visitor").is_err());
    }
}
