//! Where no messages go, as it travels.

use domain::{BlockTarget, Timestamp};
use serde::{Deserialize, Serialize};

/// A block of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendBlockView {
    /// `prefix`, `number` or `site`.
    pub kind: String,
    /// Where none go: the first digits of numbers, the name of a site, or a number, of which only the
    /// beginning of a keyed hash is known.
    pub target: String,
    /// Why.
    pub reason: String,
    /// When it was set.
    pub at: Timestamp,
    /// Until when it holds; `null` is until it is taken back.
    pub until: Option<Timestamp>,
}

/// A block to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockSends {
    /// A number, the first digits of numbers, or the name of a site.
    pub target: BlockTarget,
    /// Why.
    pub reason: String,
    /// For how many seconds; until it is taken back without.
    #[serde(default)]
    pub seconds: Option<u64>,
}

/// A block to take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnblockSends {
    /// As it was set.
    pub target: BlockTarget,
}
