//! Devices: phones and laptops, each known by its hardware address.

use serde::Serialize;

use crate::{AccountId, Language, MacAddress, Timestamp};

/// A device that an account has signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// The hardware address, which many phones change now and then.
    pub mac: MacAddress,
    /// Whose device it is.
    pub account: AccountId,
    /// The language that its owner chose.
    pub language: Language,
    /// When it was first signed in.
    pub first_seen: Timestamp,
    /// When it was last signed in.
    pub last_seen: Timestamp,
}

/// What has a device's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordsOfDevices {
    /// Visits, by when something was asked last.
    Visits,
    /// Challenges, by when they began; of one that is still open nothing can come any more.
    Challenges,
    /// One-time credentials, by when they expired.
    Credentials,
    /// Orders that are over, by when that was.
    Orders,
    /// Sessions that are over, by when that was; also what their access points called them.
    Sessions,
    /// Grants that are over without a session that goes on, by when that was.
    Grants,
}

impl RecordsOfDevices {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::Visits,
        Self::Challenges,
        Self::Credentials,
        Self::Orders,
        Self::Sessions,
        Self::Grants,
    ];

    /// Their name in the store and in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visits => "visits",
            Self::Challenges => "challenges",
            Self::Credentials => "credentials",
            Self::Orders => "orders",
            Self::Sessions => "sessions",
            Self::Grants => "grants",
        }
    }
}
