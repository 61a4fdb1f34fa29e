//! The number of a report to the municipality, such as one to 940.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::phone::western_digit;

/// As many digits as go into one message beside a code.
const MOST: usize = 16;

/// A report's number: 1 to 16 digits, kept as Western ones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReportNumber(String);

/// Why a text is no [`ReportNumber`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a report's number is 1 to {MOST} digits, such as 44012345")]
pub struct ReportNumberError;

impl ReportNumber {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads digits of all kinds.
impl FromStr for ReportNumber {
    type Err = ReportNumberError;

    fn from_str(text: &str) -> Result<Self, ReportNumberError> {
        let digits: Option<String> = text.trim().chars().map(western_digit).collect();
        let digits = digits.filter(|digits| (1..=MOST).contains(&digits.len()));
        digits.map(Self).ok_or(ReportNumberError)
    }
}

impl TryFrom<String> for ReportNumber {
    type Error = ReportNumberError;

    fn try_from(text: String) -> Result<Self, ReportNumberError> {
        text.parse()
    }
}

impl From<ReportNumber> for String {
    fn from(report: ReportNumber) -> Self {
        report.0
    }
}

impl fmt::Display for ReportNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReportNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_in_any_digits_and_keeps_its_zeros() {
        for (text, expected) in
            [("44012345", "44012345"), (" 0042 ", "0042"), ("٤٤٠١٢٣٤٥", "44012345")]
        {
            assert_eq!(text.parse::<ReportNumber>().expect(text).as_str(), expected);
        }
        for text in ["", "44-01", "44012345678901234", "a", "4 4"] {
            assert_eq!(text.parse::<ReportNumber>(), Err(ReportNumberError), "{text}");
        }
    }
}
