//! What can be typed after `sabeel radius`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{MacAddress, NasName};

/// Works on packets and dictionaries, and watches the server.
#[derive(Debug, Subcommand)]
pub enum RadiusCommand {
    /// Show what packets say.
    Decode(Decode),
    /// Dictionaries in FreeRADIUS' syntax, for makers that Sabeel does not know.
    #[command(subcommand)]
    Dictionary(DictionaryCommand),
    /// Show what comes to the RADIUS server and what becomes of it, as it comes.
    Tail(TailOptions),
    /// Show what the RADIUS server has counted since it started, and how often in a second.
    Stats {
        /// Look again every two seconds.
        #[arg(long)]
        watch: bool,
    },
}

/// What to show as it comes.
#[derive(Debug, Args)]
pub struct TailOptions {
    /// Only what is of this access point.
    #[arg(long, value_name = "NAME")]
    pub nas: Option<NasName>,
    /// Only what is about this device.
    #[arg(long, value_name = "MAC")]
    pub device: Option<MacAddress>,
    /// Read the files of this machine without asking a server.
    #[arg(long)]
    pub local: bool,
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
