//! Accounts: persons, each known by one mobile number.

use serde::Serialize;

use crate::{AccountId, PhoneNumber, Timestamp};

/// A person; the mobile number is all that is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// The number that was verified.
    pub phone: PhoneNumber,
    /// When the number was first verified.
    pub created_at: Timestamp,
    /// When the number was last verified.
    pub verified_at: Timestamp,
}
