//! `sabeel consent`.

use anyhow::Context;
use controller::admin::api::{
    ConsentList, ConsentView, ConsentWithdrawn, WithdrawConsent, Wording,
};
use domain::ConsentPurpose;

use crate::admin_client::AdminClient;
use crate::cli::ConsentCommand;
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: ConsentCommand,
) -> anyhow::Result<()> {
    match command {
        ConsentCommand::Export { purpose } => export(admin, purpose).await,
        ConsentCommand::Words { hash } => {
            let wording: Wording = admin.get(&format!("/v1/wordings/{hash}")).await?;
            output::done(format, &wording, &wording.words)
        }
        ConsentCommand::Withdraw { person, purpose } => {
            let request = WithdrawConsent { person, purpose };
            let done: ConsentWithdrawn = admin.post("/v1/consents/withdraw", &request).await?;
            let sentence = match (done.withdrawn, purpose) {
                (0, _) => "there was no such consent that held; nothing was changed",
                (_, ConsentPurpose::Service) => "taken back; the permission to be online is ended",
                (_, ConsentPurpose::Awareness) => "taken back",
            };
            output::done(format, &done, sentence)
        }
    }
}

async fn export(admin: &AdminClient, purpose: Option<ConsentPurpose>) -> anyhow::Result<()> {
    let mut path = "/v1/consents".to_owned();
    loop {
        let page: ConsentList = admin.get(&path).await?;
        let wanted = |consent: &&ConsentView| purpose.is_none_or(|only| consent.purpose == only);
        for consent in page.items.iter().filter(wanted) {
            output::line(&serde_json::to_string(consent).context("cannot write JSON")?)?;
        }
        let Some(next) = page.next else { return Ok(()) };
        path = format!("/v1/consents?after={next}");
    }
}

/// A consent in one line.
pub(super) fn sentence(consent: &ConsentView) -> String {
    let ConsentView { purpose, version, language, site, given_at, .. } = consent;
    let words = match consent.wording {
        Some(hash) => format!(", words {hash}"),
        None => String::new(),
    };
    let withdrawn = match consent.withdrawn_at {
        Some(at) => format!(", taken back {at}"),
        None => String::new(),
    };
    format!("{purpose} {version} in {language} at {site}, {given_at}{withdrawn}{words}")
}
