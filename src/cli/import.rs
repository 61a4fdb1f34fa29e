//! What can be typed after `sabeel import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{Approval, SiteName, Timestamp, Zone};

/// Takes over what another RADIUS server has. Without `--apply`, it only shows what would be done.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// FreeRADIUS' `clients.conf`: access points, and ranges of them.
    Clients(ImportClients),
    /// FreeRADIUS' `users` or `authorize`: persons, by mobile number, and their devices.
    Users(ImportUsers),
    /// Tables of FreeRADIUS or daloRADIUS, as a dump or CSV: `nas`, `radcheck`, `radreply`,
    /// `radusergroup`, `userinfo`, `radacct`.
    Radcheck(ImportTables),
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

/// Which users to take over.
#[derive(Debug, Args)]
pub struct ImportUsers {
    /// The file; what it includes is read too.
    pub file: PathBuf,
    /// How they are taken over.
    #[command(flatten)]
    pub people: ImportedPeople,
}

/// Which tables to take over.
#[derive(Debug, Args)]
pub struct ImportTables {
    /// Dumps of mysqldump, phpMyAdmin or pg_dump, or CSV files with a heading.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How they are taken over.
    #[command(flatten)]
    pub people: ImportedPeople,
    /// Who decides about new access points in a network of the table `nas`: auto or ask.
    #[arg(long, default_value = "auto")]
    pub approve: Approval,
    /// Only stays that were over at that time or later, such as 2026-11-24T04:10:10Z.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
}

/// How persons are taken over.
#[derive(Debug, Args)]
pub struct ImportedPeople {
    /// Where access points stand, and permissions count as given.
    #[arg(long)]
    pub site: SiteName,
    /// Where dates without an offset are from [default: the zone of the site].
    #[arg(long)]
    pub zone: Option<Zone>,
    /// Ask everybody for a code, and for consent, once: known devices are not let in without.
    #[arg(long)]
    pub without_grants: bool,
    /// Do it.
    #[arg(long)]
    pub apply: bool,
}
