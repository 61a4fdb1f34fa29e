//! What can be typed after `sabeel radius`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Works on packets and dictionaries.
#[derive(Debug, Subcommand)]
pub enum RadiusCommand {
    /// Show what packets say.
    Decode(Decode),
    /// Dictionaries in FreeRADIUS' syntax, for makers that Sabeel does not know.
    #[command(subcommand)]
    Dictionary(DictionaryCommand),
}

/// Packets to show.
#[derive(Debug, Args)]
pub struct Decode {
    /// A packet as hexadecimal digits; blanks, colons and `0x` are skipped. With `-`, packets are
    /// read from standard input, an empty line between two.
    #[arg(required = true, value_name = "HEX")]
    pub packets: Vec<String>,
    /// File with the shared secret: say whether the packet was made with it.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// The request that the packets answer; its authenticator is in their proof.
    #[arg(long, value_name = "HEX", requires = "secret_file")]
    pub request: Option<String>,
    /// Show passwords and keys; those of a reply need the request.
    #[arg(long, requires = "secret_file")]
    pub show_passwords: bool,
    /// File with more attributes, in FreeRADIUS' syntax; can be given several times.
    #[arg(long, value_name = "FILE")]
    pub dictionary: Vec<PathBuf>,
}

/// Works on dictionaries.
#[derive(Debug, Subcommand)]
pub enum DictionaryCommand {
    /// Read files in FreeRADIUS' syntax, and say what they bring and what is left out.
    Check {
        /// The files, with all that they include.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}
