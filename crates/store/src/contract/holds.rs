//! Legal holds: what is kept about a person stays, whatever retention says and whoever asks for it to
//! be destroyed, until the hold is released. The reason is encrypted, since it may name people.

use async_trait::async_trait;
use domain::{AccountId, Timestamp};
use serde::Serialize;

use crate::StoreError;

/// That a person's data must stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegalHold {
    /// Since when.
    pub since: Timestamp,
    /// Why, in an admin's words.
    pub why: String,
    /// When it was released; a released hold holds nothing, and stays until the person is erased.
    pub released_at: Option<Timestamp>,
}

/// Holds by account. A held account is never erased ([`StoreError::Reference`]) nor listed as
/// unused, and its sessions, permissions, usage, challenges, messages, visits and orders are not
/// pruned.
#[async_trait]
pub trait LegalHolds: Send + Sync {
    /// Holds an account; returns whether it was there and not held already.
    async fn hold_account(
        &self,
        account: AccountId,
        why: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Releases an account; returns whether it was held.
    async fn release_account(&self, account: AccountId, at: Timestamp) -> Result<bool, StoreError>;

    /// Every hold that there was on an account, newest first.
    async fn list_holds(&self, account: AccountId) -> Result<Vec<LegalHold>, StoreError>;
}
