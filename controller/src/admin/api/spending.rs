//! What messages cost, as it travels.

use domain::{Country, Money, SiteName};
use serde::{Deserialize, Deserializer, Serialize};

/// What messages cost, and may cost. Amounts are in the currency of the tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendingView {
    /// Today, in Riyadh.
    pub day: SpentView,
    /// The month that today is in.
    pub month: SpentView,
    /// What was allowed beyond the limits for today.
    pub raised: Money,
    /// What is to be known: 50, 80 and 100 percent.
    pub alarms: Vec<String>,
    /// Today's by site and country, the dearest first.
    pub parts: Vec<SpendingPartView>,
    /// Why visitors were sent no message in the last 24 hours.
    #[serde(default)]
    pub refused: Vec<RefusedView>,
}

/// A reason for which visitors were sent no message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedView {
    /// The reason, such as `sends-to-number`.
    pub limit: String,
    /// The same in words.
    pub text: String,
    /// How many visits it was the last answer to.
    pub visits: u64,
}

/// What was spent over a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentView {
    /// What the messages cost.
    pub spent: Money,
    /// What they may cost; `null` is no limit.
    pub most: Option<Money>,
    /// Whether that was set by an admin, in place of what is configured.
    pub set: bool,
    /// How much of it is spent, in whole percent.
    pub percent: Option<u64>,
    /// How many messages were written that cost something.
    pub messages: u64,
    /// Of how many parts they were.
    pub segments: u64,
    /// How many were refused, since nothing was left.
    pub refused: u64,
}

/// What today's messages cost for one site and to one country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendingPartView {
    /// The site; `null` for codes of reports.
    pub site: Option<SiteName>,
    /// The country of the numbers: `sa`, `ae`, `kw`, `bh`, `qa`, `om`.
    pub country: Option<Country>,
    /// What they cost.
    pub spent: Money,
    /// How many there were.
    pub messages: u64,
    /// How many of their codes were entered.
    pub entered: u64,
    /// What one that was entered cost.
    pub per_entered: Option<Money>,
}

/// What to change about the limits; what is not there stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSpending {
    /// The limit of a day from now on; `null` is the one that is configured.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub per_day: Option<Option<Money>>,
    /// The limit of a month from now on; `null` is the one that is configured.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub per_month: Option<Option<Money>>,
    /// What is allowed beyond the limits for today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_today: Option<Money>,
}

/// What stands there, also if it is `null`.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<Money>>, D::Error> {
    Option::deserialize(value).map(Some)
}
