//! What can be typed after `sabeel import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{Approval, SiteName};

/// Takes over what another RADIUS server has. Without `--apply`, it only shows what would be done.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// FreeRADIUS' `clients.conf`: access points, and ranges of them.
    Clients(ImportClients),
}

/// Which clients to take over.
#[derive(Debug, Args)]
pub struct ImportClients {
    /// The file; what it includes is read too.
    pub file: PathBuf,
    /// Where the access points stand.
    #[arg(long)]
    pub site: SiteName,
    /// Who decides about new ones in a network: auto (who proves the secret is let in, as with
    /// FreeRADIUS) or ask (an admin).
    #[arg(long, default_value = "auto")]
    pub approve: Approval,
    /// Do it.
    #[arg(long)]
    pub apply: bool,
}
