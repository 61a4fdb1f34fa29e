//! Consents: what persons agreed to, word for word, and what they took back.
//!
//! They are given by signing in ([`crate::Accounts`]) and go with the person. The words are kept
//! once for each wording; they are ours and stay.

use async_trait::async_trait;
use domain::{AccountId, Consent, ConsentPurpose, Timestamp, WordingHash};

use crate::StoreError;

/// A page of consents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentPage {
    /// Those of some persons, all of each, by person and time.
    pub consents: Vec<Consent>,
    /// After whom to go on; `None` at the end.
    pub next: Option<AccountId>,
}

/// Consents by person, and their words by hash.
#[async_trait]
pub trait Consents: Send + Sync {
    /// Keeps words that visitors are about to agree to; returns their hash. Those that are kept
    /// already stay as they are.
    async fn keep_wording(&self, words: &str, at: Timestamp) -> Result<WordingHash, StoreError>;

    /// The words of that hash.
    async fn find_wording(&self, wording: WordingHash) -> Result<Option<String>, StoreError>;

    /// The consents of the next `persons` persons after `after`, by the order of their ids.
    async fn list_consents(
        &self,
        after: Option<AccountId>,
        persons: u32,
    ) -> Result<ConsentPage, StoreError>;

    /// Takes back what a person agreed to for a purpose, wherever and how often; returns how many
    /// consents that were. Without the terms of the service there is no permission, so with those
    /// every live permission is revoked and its sessions are ordered off, in the same transaction.
    async fn withdraw_consent(
        &self,
        account: AccountId,
        purpose: ConsentPurpose,
        at: Timestamp,
    ) -> Result<u64, StoreError>;
}
