//! `sabeel radius`: looks at packets and dictionaries, without a server and its configuration.

mod decode;
mod dictionary;
mod hex;
mod view;

use crate::cli::{DictionaryCommand, RadiusCommand};
use crate::output::Format;

/// Runs one of the commands.
pub fn run(format: Format, command: &RadiusCommand) -> anyhow::Result<()> {
    match command {
        RadiusCommand::Decode(arguments) => decode::run(format, arguments),
        RadiusCommand::Dictionary(DictionaryCommand::Check { files }) => {
            dictionary::check(format, files)
        }
    }
}
