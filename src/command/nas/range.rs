//! `sabeel nas range` and `sabeel nas pending`.

use controller::admin::api::{
    AccessPoint, AddRange, Approve, List, Pending, PendingRejected, Range, RangeAdded, Removed,
};
use domain::{Approval, Clock, SecretProof};

use super::{or_dash, read_secret, show};
use crate::admin_client::AdminClient;
use crate::cli::{AddNasRange, PendingCommand, RangeCommand};
use crate::command::wording::ago;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// Runs one of the commands on ranges.
pub(super) async fn run(
    admin: &AdminClient,
    format: Format,
    command: RangeCommand,
) -> anyhow::Result<()> {
    match command {
        RangeCommand::List => {
            let ranges: List<Range> = admin.get("/v1/ranges").await?;
            let headings = ["name", "site", "addresses", "profile", "approve"];
            output::list(format, &ranges.items, headings, |range| {
                [
                    range.name.to_string(),
                    range.site.to_string(),
                    range.addresses.to_string(),
                    range.profile.as_str().to_owned(),
                    approval(range.approval).to_owned(),
                ]
            })
        }
        RangeCommand::Add(range) => {
            let added: RangeAdded = admin.post("/v1/ranges", &request(range)?).await?;
            let shown = [
                ("name", added.range.name.to_string()),
                ("site", added.range.site.to_string()),
                ("addresses", added.range.addresses.to_string()),
                ("profile", added.range.profile.as_str().to_owned()),
                ("approve", approval(added.range.approval).to_owned()),
                ("secret", added.secret.expose().to_owned()),
                ("", "keep the secret now; it is never shown again".to_owned()),
            ];
            output::show(format, &added, &shown)
        }
        RangeCommand::Remove { name } => {
            let removed: Removed = admin.delete(&format!("/v1/ranges/{name}")).await?;
            output::done(format, &removed, &format!("range {name} removed"))
        }
    }
}

fn request(range: AddNasRange) -> anyhow::Result<AddRange> {
    Ok(AddRange {
        name: range.name,
        site: range.site,
        addresses: range.addresses,
        profile: range.profile,
        message_authenticator: None,
        secret: range.secret_file.as_deref().map(read_secret).transpose()?,
        approval: range.approve,
    })
}

const fn approval(approval: Approval) -> &'static str {
    match approval {
        Approval::Ask => "ask",
        Approval::Auto => "auto",
    }
}

/// Runs one of the commands on who was seen.
pub(super) async fn decide(
    admin: &AdminClient,
    format: Format,
    command: PendingCommand,
) -> anyhow::Result<()> {
    match command {
        PendingCommand::List => list(admin, format).await,
        PendingCommand::Approve { address, name, by_identifier } => {
            let request = Approve { name, by_identifier };
            let path = format!("/v1/pending/{address}/approve");
            let nas: AccessPoint = admin.post(&path, &request).await?;
            output::show(format, &nas, &show::fields(&nas))
        }
        PendingCommand::Reject { address } => {
            let path = format!("/v1/pending/{address}/reject");
            let rejected: PendingRejected = admin.post(&path, &()).await?;
            output::done(format, &rejected, &format!("{address} rejected"))
        }
    }
}

async fn list(admin: &AdminClient, format: Format) -> anyhow::Result<()> {
    let pending: List<Pending> = admin.get("/v1/pending").await?;
    let now = SystemClock.now();
    let headings =
        ["address", "range", "state", "secret", "signed", "identifier", "maker", "first", "last"];
    output::list(format, &pending.items, headings, |one| {
        let secret = match one.said.secret {
            SecretProof::Proved => "right",
            SecretProof::Refuted => "wrong",
            SecretProof::None => "unproved",
        };
        [
            one.address.to_string(),
            one.range.to_string(),
            one.state.as_str().to_owned(),
            secret.to_owned(),
            if one.said.message_authenticator { "yes" } else { "no" }.to_owned(),
            or_dash(one.said.identifier.as_ref()),
            or_dash(one.said.vendor.as_ref()),
            ago(one.first_seen, now),
            ago(one.last_seen, now),
        ]
    })
}
