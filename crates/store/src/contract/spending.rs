//! What messages cost: counted where they are written, so that no number of them passes a limit.

use async_trait::async_trait;
use domain::{Country, Day, MessageId, Money, SiteName, SpendingLimits, SpendingPeriod};

use crate::StoreError;

/// Over which time a limit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendingSpan {
    /// A day.
    Day,
    /// A month.
    Month,
}

impl SpendingSpan {
    /// The name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// What was spent, and what may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingTold {
    /// Of the day.
    pub day: Spent,
    /// Of its month.
    pub month: Spent,
    /// What somebody allowed beyond the limits for the day.
    pub raised: Money,
    /// The limits that somebody set in place of those that are configured: of the day and the month.
    pub set: (Option<Money>, Option<Money>),
    /// How many messages were refused since a limit was changed last.
    pub stopped: u64,
}

/// What was spent over a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// What the messages cost.
    pub spent: Money,
    /// How many were written that cost something.
    pub messages: u64,
    /// Of how many parts they were.
    pub segments: u64,
    /// How many were refused, since nothing was left.
    pub refused: u64,
}

/// What the messages of a day cost that were for one site and went to one country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingPart {
    /// The site; `None` for codes of reports.
    pub site: Option<SiteName>,
    /// The country of the numbers.
    pub country: Option<Country>,
    /// What they cost.
    pub spent: Money,
    /// How many there were.
    pub messages: u64,
    /// How many codes of theirs were entered.
    pub entered: u64,
}

/// What messages cost.
#[async_trait]
pub trait Spending: Send + Sync {
    /// What was spent on a day and in its month.
    async fn find_spending(&self, period: SpendingPeriod) -> Result<SpendingTold, StoreError>;

    /// The same for the day by site and country, as long as its messages are kept.
    async fn list_spending_parts(&self, day: Day) -> Result<Vec<SpendingPart>, StoreError>;

    /// Sets the limit of a span from now on, or takes back what was set: then what is configured
    /// holds again. It tells anew once nothing is left.
    async fn set_spending_limit(
        &self,
        span: SpendingSpan,
        most: Option<Money>,
        day: Day,
    ) -> Result<(), StoreError>;

    /// Allows so much more for a day, beyond its limit and that of its month.
    async fn raise_spending(
        &self,
        by: Money,
        period: SpendingPeriod,
        limits: SpendingLimits,
    ) -> Result<(), StoreError>;

    /// Gives back what a message was charged that no gateway took; once.
    async fn give_back(&self, message: MessageId) -> Result<(), StoreError>;

    /// Destroys what was counted of the days before `before`; returns of how many.
    async fn prune_spending(&self, before: Day) -> Result<u64, StoreError>;
}
