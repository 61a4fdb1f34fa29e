//! What can be typed after `sabeel code`.

use clap::Subcommand;
use domain::{Code, Language, PhoneNumber, ReportNumber};

use super::mobile_number;

/// Works on codes.
#[derive(Debug, Subcommand)]
pub enum CodeCommand {
    /// Send a code by which a report can be closed to who made it.
    Send {
        /// The report's number, such as 44012345.
        report: ReportNumber,
        /// The mobile number, such as +966551234567.
        #[arg(value_parser = mobile_number)]
        phone: PhoneNumber,
        /// The language of the message.
        #[arg(long, default_value = "ar")]
        language: Language,
    },
    /// Verify a code that was brought; fails if it is not the right one.
    Verify {
        /// The report's number.
        report: ReportNumber,
        /// The code, six digits.
        code: Code,
    },
}
