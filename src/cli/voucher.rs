//! What can be typed after `sabeel voucher`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::{BatchName, PlanName, SiteName, Timestamp, TimestampError, VoucherId, Zone};

/// Works on vouchers.
#[derive(Debug, Subcommand)]
pub enum VoucherCommand {
    /// List all batches, newest first.
    List,
    /// Show a batch with its vouchers, or one voucher.
    Show {
        /// The batch, such as `fair`, or the voucher, such as `fair/17`.
        #[arg(value_name = "WHICH")]
        which: Which,
    },
    /// Make a batch of vouchers; their codes are shown this once and kept nowhere.
    Add(AddVouchers),
    /// Revoke a batch or a voucher, and end what came of it.
    Revoke {
        /// The batch, such as `fair`, or the voucher, such as `fair/17`.
        #[arg(value_name = "WHICH")]
        which: Which,
        /// Why, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Vouchers to make.
#[derive(Debug, Args)]
pub struct AddVouchers {
    /// Short name of the batch, such as `fair`; it is printed on its vouchers.
    pub name: BatchName,
    /// Where the codes are taken; who is in stays in at every site.
    #[arg(long)]
    pub site: SiteName,
    /// How many.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub count: u32,
    /// The limits of each voucher [default: the plan of the site].
    #[arg(long)]
    pub plan: Option<PlanName>,
    /// Devices that one voucher admits; they share its allowance.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub devices: u32,
    /// The last day on which they are good, such as 2026-12-31, by the site's clock; or a time, such
    /// as 2026-12-31T18:00:00Z.
    #[arg(long, value_name = "DAY")]
    pub until: Until,
    /// For how long one is good from its first use, such as 30m, 4h or 3d [default: until the end].
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub lasts: Option<Duration>,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Write the vouchers to this new file, as an HTML page to be printed, instead of printing the
    /// codes here.
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
}

/// A batch or one of its vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of a batch.
    Batch(BatchName),
    /// One voucher.
    One(VoucherId),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            return text
                .parse()
                .map(Self::One)
                .map_err(|reason: domain::VoucherIdError| reason.to_string());
        }
        text.parse().map(Self::Batch).map_err(|reason: domain::NameError| reason.to_string())
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(name) => write!(f, "{name}"),
            Self::One(id) => write!(f, "{id}"),
        }
    }
}

/// The end of a day of the site, or a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// That day is the last.
    Day(String),
    /// That moment.
    At(Timestamp),
}

impl Until {
    /// The moment by the clock of a site.
    pub fn moment(&self, zone: &Zone) -> Result<Timestamp, TimestampError> {
        match self {
            Self::Day(day) => zone.read(day).map(|begin| zone.next_day_start(begin)),
            Self::At(at) => Ok(*at),
        }
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write a day like 2026-12-31, or a time like 2026-12-31T18:00:00Z";
        if text.len() == "2026-12-31".len() && Zone::utc().read(text).is_ok() {
            return Ok(Self::Day(text.to_owned()));
        }
        text.parse().map(Self::At).map_err(|_| wanted.to_owned())
    }
}

pub(super) fn span(text: &str) -> Result<Duration, String> {
    let unit = |suffix, seconds: u64| {
        let count: u64 = text.strip_suffix(suffix)?.parse().ok()?;
        count.checked_mul(seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs)
    };
    let seconds = unit("s", 1).or_else(|| unit("m", 60));
    let span = seconds.or_else(|| unit("h", 3_600)).or_else(|| unit("d", 86_400));
    span.ok_or_else(|| "write a span like 90s, 30m, 4h or 3d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_ends_by_the_clock_of_the_site() {
        let until: Until = "2026-12-31".parse().unwrap();
        let at = |text: &str| Ok(text.parse().unwrap());
        assert_eq!(until.moment(&Zone::riyadh()), at("2026-12-31T21:00:00Z"));
        let until: Until = "2026-12-31T18:00:00Z".parse().unwrap();
        assert_eq!(until.moment(&Zone::riyadh()), at("2026-12-31T18:00:00Z"));
        for text in ["", "tomorrow", "2026-13-01", "31.12.2026", "2026-12-31 18:00"] {
            assert!(text.parse::<Until>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_has_a_unit() {
        assert_eq!(span("4h"), Ok(Duration::from_secs(14_400)));
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        for text in ["", "4", "0h", "-1h", "4w", "99999999999999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slash_makes_it_one_voucher() {
        assert_eq!("fair".parse(), Ok(Which::Batch("fair".parse().unwrap())));
        assert_eq!("fair/17".parse(), Ok(Which::One("fair/17".parse().unwrap())));
        assert!("Fair".parse::<Which>().is_err() && "fair/x".parse::<Which>().is_err());
    }
}
