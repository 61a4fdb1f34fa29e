//! What can be typed after `sabeel alert`.

use clap::{Args, Subcommand};

/// Tries by which channels alerts reach people and systems outside.
#[derive(Debug, Subcommand)]
pub enum AlertCommand {
    /// List the channels that are set.
    Channels,
    /// Send a test by a channel, from this machine.
    Test(AlertTest),
}

/// By which channel, and to whom.
#[derive(Debug, Args)]
pub struct AlertTest {
    /// The channel: `mail`, `webhook` or `syslog`.
    pub channel: String,

    /// To whom; an address for `mail`.
    #[arg(long, value_name = "RECIPIENT", default_value = "")]
    pub to: String,
}
