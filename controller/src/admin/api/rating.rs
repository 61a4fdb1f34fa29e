//! What visitors think of a site, as it travels.

use domain::{NasName, SiteName};
use serde::{Deserialize, Serialize};

/// Figures of the ratings of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatingsView {
    /// The site.
    pub site: SiteName,
    /// Of how many days, today included.
    pub days: u32,
    /// How many ratings there are.
    pub count: u64,
    /// Their mean, to two places; none without ratings.
    pub mean: Option<f64>,
    /// How many of a hundred are 4 or 5; none without ratings.
    pub good_percent: Option<u64>,
    /// How many there are of each score, from 1 to 5.
    pub scores: [u64; 5],
    /// The latest that give a reason, newest first, at most 50.
    pub reasons: Vec<ReasonView>,
}

/// A rating that gives a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonView {
    /// On which day, in days since 1970.
    pub day: i32,
    /// At which access point.
    pub nas: NasName,
    /// How good it was, 1 to 5.
    pub score: u8,
    /// Why, as it was typed.
    pub reason: String,
}

/// Of how many days.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingsQuery {
    /// Today and the days before; 1 to 3,650, 30 if nobody says.
    #[serde(default = "a_month")]
    pub days: u32,
}

const fn a_month() -> u32 {
    30
}
