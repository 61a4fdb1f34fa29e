//! What can be typed after `sabeel sms`.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::{BlockTarget, Money, MoneyError};

/// Looks at messages, and bounds them.
#[derive(Debug, Subcommand)]
pub enum SmsCommand {
    /// List the routes by which messages go, the preferred one first, and how they did in the last
    /// hour.
    Routes,
    /// Tell what messages cost today and this month, and what they may cost; or change that, at once
    /// and everywhere.
    Budget(SetBudget),
    /// List where no messages go, the newest first.
    Blocks,
    /// Send no messages to numbers, or on behalf of a site, from now on.
    Block {
        /// A number, the first digits of numbers with the code of their country, or the name of a site.
        #[arg(value_name = "PREFIX|NUMBER|SITE")]
        target: BlockTarget,
        /// For how long, such as 30m, 4h or 3d [default: until it is taken back].
        #[arg(long = "for", value_name = "SPAN", value_parser = super::voucher::span)]
        lasts: Option<Duration>,
        /// Why, for the list and the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Let messages through again.
    Unblock {
        /// As it was blocked.
        #[arg(value_name = "PREFIX|NUMBER|SITE")]
        target: BlockTarget,
    },
}

/// What to change about the money for messages; without anything it is only told.
#[derive(Debug, Args)]
pub struct SetBudget {
    /// What all messages of a day may cost from now on, such as 500; `configured` is what stands in
    /// the configuration.
    #[arg(long, value_name = "AMOUNT|configured")]
    pub per_day: Option<Most>,
    /// What all messages of a month may cost from now on; `configured` is what stands in the
    /// configuration.
    #[arg(long, value_name = "AMOUNT|configured")]
    pub per_month: Option<Most>,
    /// Allow so much more for today, beyond both limits.
    #[arg(long, value_name = "AMOUNT")]
    pub more_today: Option<Money>,
}

/// A limit on money.
#[derive(Debug, Clone, Copy)]
pub struct Most(pub Option<Money>);

impl FromStr for Most {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if text == "configured" { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}
