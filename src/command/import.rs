//! `sabeel import`: what another RADIUS server has, through the admin API.

mod clients;
mod report;
mod source;

use controller::admin::api::{ImportAccessPoints, Imported, ImportedNas, MOST_AT_ONCE};
use store::Intent;

use self::report::{Finding, Report};
use crate::admin_client::AdminClient;
use crate::cli::{ImportClients, ImportCommand};
use crate::output::Format;

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: ImportCommand,
) -> anyhow::Result<()> {
    match command {
        ImportCommand::Clients(wanted) => import_clients(admin, format, &wanted).await,
    }
}

const fn intent(apply: bool) -> Intent {
    if apply { Intent::Apply } else { Intent::Rehearse }
}

async fn import_clients(
    admin: &AdminClient,
    format: Format,
    wanted: &ImportClients,
) -> anyhow::Result<()> {
    let nodes = source::configuration(&wanted.file)?;
    let found = clients::clients(&nodes, &wanted.site, wanted.approve);
    let intent = intent(wanted.apply);
    let mut report = Report::new(intent);
    take_access_points(admin, &mut report, found).await?;
    report.print(format)
}

/// Hands over what can be taken, portion by portion, and notes what became of everything.
async fn take_access_points(
    admin: &AdminClient,
    report: &mut Report,
    found: Vec<clients::Found>,
) -> anyhow::Result<()> {
    let (mut findings, mut items) = (Vec::new(), Vec::new());
    for one in found {
        let finding = Finding::new(one.place, one.name, one.what, one.notes);
        match one.wanted {
            Err(reason) => report.not_taken(finding, reason),
            Ok(item) => {
                findings.push(finding);
                items.push(item);
            }
        }
    }
    for portion in portions(items) {
        let request = ImportAccessPoints { intent: report.intent(), items: portion };
        let answer: Imported = admin.post("/v1/import/access-points", &request).await?;
        let rest = findings.split_off(answer.verdicts.len().min(findings.len()));
        for (finding, verdict) in findings.into_iter().zip(answer.verdicts) {
            report.verdict(finding, verdict);
        }
        findings = rest;
    }
    Ok(())
}

fn portions(items: Vec<ImportedNas>) -> Vec<Vec<ImportedNas>> {
    let mut portions = Vec::new();
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        portions.push(items.by_ref().take(MOST_AT_ONCE).collect());
    }
    portions
}
