//! `sabeel radius`: looks at packets and dictionaries without a server and its configuration, and
//! watches one that runs.

mod decode;
mod dictionary;
mod hex;
mod stats;
mod tail;
mod view;

use std::path::Path;

use anyhow::Context;

use crate::admin_client::AdminClient;
use crate::cli::{DictionaryCommand, RadiusCommand};
use crate::config::Config;
use crate::output::Format;

/// Runs one of the commands; those that need no configuration read none.
pub async fn run(
    config: Option<&Path>,
    format: Format,
    command: &RadiusCommand,
) -> anyhow::Result<()> {
    let load = || Config::load(config).context("cannot use the configuration");
    match command {
        RadiusCommand::Decode(arguments) => decode::run(format, arguments),
        RadiusCommand::Dictionary(DictionaryCommand::Check { files }) => {
            dictionary::check(format, files)
        }
        RadiusCommand::Tail(wanted) => {
            let config = load()?;
            let admin = AdminClient::nearest_to_radius(&config).await;
            tail::run(&config, &admin, format, wanted).await
        }
        RadiusCommand::Stats { watch } => {
            stats::run(&AdminClient::nearest_to_radius(&load()?).await, format, *watch).await
        }
    }
}
