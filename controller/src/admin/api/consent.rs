//! Consents as they travel.

use domain::{AccountId, ConsentPurpose, WordingHash};
use serde::{Deserialize, Serialize};

use super::{ConsentView, Person};

/// Which consents to read.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsentQuery {
    /// Those of persons after this one; from the first on, if left out.
    pub after: Option<AccountId>,
}

/// Consents of some persons, all of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentList {
    /// By person and time.
    pub items: Vec<ConsentView>,
    /// What to ask `after` next; none at the end.
    pub next: Option<AccountId>,
}

/// The words that persons agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// Their hash (SHA-256).
    pub hash: WordingHash,
    /// The words themselves, as they stood on the page.
    pub words: String,
}

/// What a person takes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawConsent {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// What was agreed to.
    pub purpose: ConsentPurpose,
}

/// That a person took something back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentWithdrawn {
    /// Who.
    pub account: AccountId,
    /// What.
    pub purpose: ConsentPurpose,
    /// How many consents that were; 0 if there was none that held.
    pub withdrawn: u64,
}
