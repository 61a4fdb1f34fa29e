//! What each command does.

mod account;
mod alert;
mod audit;
mod code;
mod consent;
mod database;
mod doctor;
mod import;
mod journal;
mod link;
mod nas;
mod order;
mod plan;
mod radacct;
mod radius;
mod request;
mod session;
mod site;
mod sms;
mod support;
mod voucher;
mod why;
mod wording;

pub use link::run_drills;

use anyhow::Context;

use crate::admin_client::AdminClient;
use crate::cli::{Cli, Command, ConfigCommand, DbCommand, Doctor, Serve};
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::{Parts, Shared};
use crate::{demo, gateway};

/// Runs the command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let format = if cli.json { Format::Json } else { Format::Table };
    if let Command::Serve(Serve { demo: Some(dir), .. }) = &cli.command {
        return demo::run(dir).await;
    }
    if let Command::Radius(command) = &cli.command {
        return radius::run(cli.config.as_deref(), format, command).await;
    }
    let config = Config::load(cli.config.as_deref()).context("cannot use the configuration")?;
    let admin = AdminClient::new(config.admin_socket());
    match cli.command {
        Command::Serve(serve) => {
            let shared = Shared::open(config).await?;
            Parts::start(&shared, serve.part).await?.run_until_stopped().await
        }
        Command::Edge => gateway::run(config, cli.config).await,
        Command::Link(command) => link::run(&config, format, command).await,
        Command::Alert(command) => alert::run(&config, format, command).await,
        Command::Config(ConfigCommand::Check) => {
            output::done(format, &serde_json::json!({ "valid": true }), "the configuration is good")
        }
        Command::Site(command) => site::run(&admin, format, command).await,
        Command::Nas(command) => nas::run(&config, &admin, format, *command).await,
        Command::Plan(command) => plan::run(&admin, format, command).await,
        Command::Session(command) => session::run(&admin, format, command).await,
        Command::Order(command) => order::run(&admin, format, command).await,
        Command::Support { reference } => support::run(&admin, format, reference).await,
        Command::Why(wanted) => why::run(&config, format, wanted).await,
        Command::Account(command) => account::run(&admin, format, command).await,
        Command::Voucher(command) => voucher::run(&admin, format, command).await,
        Command::Consent(command) => consent::run(&admin, format, command).await,
        Command::Request(command) => request::run(&admin, format, command).await,
        Command::Code(command) => code::run(&admin, format, command).await,
        Command::Sms(command) => sms::run(&admin, format, command).await,
        Command::Audit(command) => audit::run(&admin, format, command).await,
        Command::Import(command) => import::run(&admin, format, command).await,
        Command::Radius(command) => radius::run(cli.config.as_deref(), format, &command).await,
        Command::Db(DbCommand::Migrate) => database::migrate(&config, format).await,
        Command::Journal(command) => journal::run(&config, &admin, format, command).await,
        Command::Doctor(Doctor { part }) => doctor::run(&config, &admin, format, part).await,
    }
}
