//! `sabeel import`: what another RADIUS server has, through the admin API.

mod clients;
mod people;
mod report;
mod source;
mod stays;
mod tables;
mod takeover;
mod users;

use store::Intent;

use self::report::Report;
use self::takeover::{rules, take_access_points, take_people};
use crate::admin_client::AdminClient;
use crate::cli::{ImportClients, ImportCommand, ImportUsers};
use crate::output::Format;

pub use stays::cause_name;

/// Runs one of the commands.
pub async fn run(
    admin: &AdminClient,
    format: Format,
    command: ImportCommand,
) -> anyhow::Result<()> {
    match command {
        ImportCommand::Clients(wanted) => import_clients(admin, format, &wanted).await,
        ImportCommand::Users(wanted) => import_users(admin, format, &wanted).await,
        ImportCommand::Radcheck(wanted) => tables::import(admin, format, &wanted).await,
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
    let mut report = Report::new(intent(wanted.apply));
    take_access_points(admin, &mut report, found).await?;
    report.print(format)
}

async fn import_users(
    admin: &AdminClient,
    format: Format,
    wanted: &ImportUsers,
) -> anyhow::Result<()> {
    let users = users::read(&wanted.file)?;
    let rules = rules(admin, &wanted.people).await?;
    let mut report = Report::new(intent(wanted.people.apply));
    take_people(admin, &mut report, &users, &rules).await?;
    report.print(format)
}
