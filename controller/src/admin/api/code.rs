//! Codes to close reports, as they travel.

use domain::{Code, Language, PhoneNumber, ReportNumber, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

/// To whom a code shall be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendCode {
    /// The report that it closes.
    pub report: ReportNumber,
    /// The mobile number of who made the report, in E.164.
    pub phone: PhoneNumber,
    /// The language of the message; Arabic if there is no other.
    #[serde(default = "Language::arabic")]
    pub language: Language,
}

/// That a code is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSent {
    /// The report that it closes.
    pub report: ReportNumber,
    /// Until when it is good, at the least: it lives from when a gateway takes its message.
    pub expires_at: Timestamp,
    /// How many messages were sent for the report, this one included.
    pub sends: u32,
}

/// A code that somebody was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// The report that it shall close.
    pub report: ReportNumber,
    /// The code, in digits of any kind.
    #[serde(serialize_with = "exposed")]
    pub code: Code,
}

/// Whether a code was the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeVerified {
    /// The report.
    pub report: ReportNumber,
    /// What came of it.
    pub verdict: CodeVerdict,
    /// How many codes may still be tried.
    pub attempts_left: u32,
}

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeVerdict {
    /// It was the right one, and is used up.
    Verified,
    /// It was not the right one.
    Wrong,
    /// As many codes were tried as may be; another must be sent.
    Locked,
    /// The codes that were sent are too old; another must be sent.
    Expired,
    /// The right code was brought before.
    Used,
}

fn exposed<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.expose())
}
