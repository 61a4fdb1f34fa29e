//! `sabeel alert`: the channels of alerts, tried from this machine.

use std::sync::Arc;

use anyhow::Context;
use controller::alert_channels::{Alert, AlertChannels, AlertKey, AlertSeverity, deliver};
use data_encoding::HEXLOWER;
use domain::Timestamp;
use serde::Serialize;

use crate::alert_channels;
use crate::cli::{AlertCommand, AlertTest};
use crate::config::Config;
use crate::output::{self, Format};
use crate::serve::SystemClock;

/// What was told, for programs.
#[derive(Serialize)]
struct Told<'a> {
    channel: &'a str,
    to: &'a str,
    key: &'a str,
}

/// Runs one of the commands.
pub async fn run(config: &Config, format: Format, command: AlertCommand) -> anyhow::Result<()> {
    let channels = alert_channels::open(config, Arc::new(SystemClock))?;
    match command {
        AlertCommand::Channels => {
            output::list(format, &channels.names(), ["channel"], |name| [(*name).to_owned()])
        }
        AlertCommand::Test(test) => try_one(&channels, format, &test).await,
    }
}

async fn try_one(channels: &AlertChannels, format: Format, test: &AlertTest) -> anyhow::Result<()> {
    let AlertTest { channel: name, to } = test;
    let channel = channels.find(name).with_context(|| {
        let known = channels.names().join(", ");
        format!("there is no channel {name}; those that are set are: {known}")
    })?;
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).context("the operating system has no random source")?;
    let key = format!("test-{}", HEXLOWER.encode(&octets)).parse::<AlertKey>()?;
    let at = std::time::UNIX_EPOCH.elapsed().context("the clock is before 1970")?;
    let alert = Alert {
        recipient: to,
        text: "This is a test of Sabeel's alerts.\nNothing is the matter.",
        key: &key,
        severity: AlertSeverity::Informational,
        at: Timestamp::from_millis(i64::try_from(at.as_millis())?),
        attachment: None,
    };
    deliver(channel, &alert).await.with_context(|| format!("{name} did not take it"))?;
    let told = Told { channel: name, to, key: key.as_str() };
    output::done(format, &told, &format!("{name} has taken it, with the key {}", key.as_str()))
}
