//! What can be typed after `sabeel sms`.

use clap::Subcommand;

/// Looks at messages.
#[derive(Debug, Subcommand)]
pub enum SmsCommand {
    /// List the routes by which messages go, the preferred one first, and how they did in the last
    /// hour.
    Routes,
}
