//! The audit log as it travels.

use domain::{AuditLink, MacAddress, PhoneNumber, VoucherId};
use serde::{Deserialize, Serialize};

/// Which links to read.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditPage {
    /// Those after this number, oldest first; from the beginning if left out.
    pub after: u64,
}

/// Links to look for, newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuestion {
    /// About whom or what; about anything if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<AuditAbout>,
    /// Only of this act, such as `account-erased`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// At most this many; 1 to 10,000, 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// About whom or what a link is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditAbout {
    /// A person by number: both as an account, and as a number without one.
    Phone(PhoneNumber),
    /// A voucher: both as an account, and as a voucher without one.
    Voucher(VoucherId),
    /// A device.
    Device(MacAddress),
    /// A subject as it stands in the log, such as `plan:visitor`.
    Subject(String),
}

/// Links of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLinks {
    /// The links themselves.
    pub items: Vec<AuditLink>,
}
