//! Where no messages go, and how many codes are entered of those that were sent.

use async_trait::async_trait;
use domain::{BlockTarget, Conversion, Country, NumberPrefix, SiteName, Timestamp};

use crate::StoreError;

/// A block to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendBlock {
    /// Where no messages go.
    pub target: BlockTarget,
    /// Why, in the words of who sets it.
    pub reason: String,
    /// When it is set.
    pub at: Timestamp,
    /// Until when it holds; `None` is until it is taken back.
    pub until: Option<Timestamp>,
}

/// A block as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendBlockTold {
    /// Where no messages go; of a number only a keyed hash is kept, of which this is the beginning.
    pub target: Result<BlockTarget, String>,
    /// Why.
    pub reason: String,
    /// When it was set.
    pub at: Timestamp,
    /// Until when it holds, or held.
    pub until: Option<Timestamp>,
}

/// How many codes are entered of those that one block of numbers was sent at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionPart {
    /// The site.
    pub site: SiteName,
    /// The country of the numbers.
    pub country: Option<Country>,
    /// The block's keyed hash.
    pub block: Vec<u8>,
    /// How many.
    pub conversion: Conversion,
}

/// Blocks of messages.
#[async_trait]
pub trait SendBlocks: Send + Sync {
    /// Sets a block from now on, in place of one of the same target.
    async fn add_send_block(&self, block: &SendBlock) -> Result<(), StoreError>;

    /// Ends a block at `at`; returns whether it held then.
    async fn end_send_block(&self, target: &BlockTarget, at: Timestamp)
    -> Result<bool, StoreError>;

    /// The blocks that hold, or ended after `since`, the newest first.
    async fn list_send_blocks(&self, since: Timestamp) -> Result<Vec<SendBlockTold>, StoreError>;

    /// How many codes visitors were sent since `since`, and entered; without messages that no gateway
    /// took, and without codes that were sent after `settled` and may still be entered.
    async fn count_conversion(
        &self,
        since: Timestamp,
        settled: Timestamp,
    ) -> Result<Vec<ConversionPart>, StoreError>;

    /// The first digits of a block of numbers, known by its hash, that a challenge is about.
    async fn find_number_block(&self, block: &[u8]) -> Result<Option<NumberPrefix>, StoreError>;

    /// Destroys blocks that ended before `before`; returns how many.
    async fn prune_send_blocks(&self, before: Timestamp) -> Result<u64, StoreError>;
}
