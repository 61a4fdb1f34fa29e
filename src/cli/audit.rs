//! What can be typed after `sabeel audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::ChainHead;

/// Reads the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List links, newest first.
    List(AuditList),
    /// Walk along the whole chain; fails and names the first link that was changed or is missing.
    Verify {
        /// What `sabeel audit export` printed [default: ask the server].
        file: Option<PathBuf>,
        /// A head that was kept elsewhere, which must be met on the way.
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<ChainHead>,
    },
    /// Print all links, oldest first, as a JSON object a line.
    Export {
        /// Only those after this number.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
    },
}

/// Which links.
#[derive(Debug, Args)]
pub struct AuditList {
    /// Only about this mobile number, voucher, hardware address, or subject such as `plan:visitor`.
    #[arg(long, value_name = "WHO")]
    pub about: Option<String>,
    /// Only of this act, such as `account-erased`.
    #[arg(long)]
    pub act: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}
