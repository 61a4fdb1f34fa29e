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
