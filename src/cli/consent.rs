//! What can be typed after `sabeel consent`.

use clap::Subcommand;
use domain::{ConsentPurpose, Identity, WordingHash};

use super::person;

/// Works on consents.
#[derive(Debug, Subcommand)]
pub enum ConsentCommand {
    /// Print all consents, by person and time, as a JSON object a line.
    Export {
        /// Only to this: service, awareness.
        #[arg(long)]
        purpose: Option<ConsentPurpose>,
    },
    /// Print the words that were agreed to, as they stood on the page.
    Words {
        /// Their hash, as in `sabeel account show` and `sabeel consent export`.
        hash: WordingHash,
    },
    /// Take back what a person agreed to, for who asks for it.
    Withdraw {
        /// The mobile number, such as +966551234567, or the voucher, such as fair/17.
        #[arg(value_name = "WHO", value_parser = person)]
        person: Identity,
        /// What: awareness, or service, which also ends the permission to be online.
        #[arg(long)]
        purpose: ConsentPurpose,
    },
}
