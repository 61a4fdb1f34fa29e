//! What bounds messages at one site, where it is not what holds for all sites (messaging facts, §3.2).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A limit that a site may have of its own; each is named like the setting for all sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SiteLimit {
    /// Messages at the site in a minute.
    SendsPerSite,
    /// Messages at each of its access points in a minute.
    SendsPerAccessPoint,
    /// Messages on behalf of one device in an hour.
    SendsPerHour,
    /// Different numbers that one device may ask codes for in 24 hours.
    NumbersPerDevice,
    /// Challenges for one number in 15 minutes.
    ChallengesPerQuarterHour,
    /// Challenges for one number in 24 hours.
    ChallengesPerDay,
    /// Messages to one number in 24 hours.
    SendsPerDay,
    /// Messages to numbers that differ in their last four digits alone, in ten minutes.
    SendsPerBlock,
    /// Messages in an hour, before it follows anything from how many of their codes are entered.
    ConversionLeast,
    /// Percent of those codes that must be entered; 0 never blocks the site.
    ConversionPercent,
}

/// Why a text or a number is no limit of a site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteLimitError {
    /// No limit is named so.
    #[error("`{given}` is no limit of a site; those are: {}", known())]
    Name {
        /// What was written.
        given: String,
    },
    /// It may not be that many.
    #[error("{limit} is {least} to {most}, not {given}", least = .limit.range().start(), most = .limit.range().end())]
    Range {
        /// Which limit.
        limit: SiteLimit,
        /// What it would be.
        given: u32,
    },
}

impl SiteLimit {
    /// Every limit that a site may have of its own.
    pub const ALL: [Self; 10] = [
        Self::SendsPerSite,
        Self::SendsPerAccessPoint,
        Self::SendsPerHour,
        Self::NumbersPerDevice,
        Self::ChallengesPerQuarterHour,
        Self::ChallengesPerDay,
        Self::SendsPerDay,
        Self::SendsPerBlock,
        Self::ConversionLeast,
        Self::ConversionPercent,
    ];

    /// The name of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendsPerSite => "sends-per-site",
            Self::SendsPerAccessPoint => "sends-per-access-point",
            Self::SendsPerHour => "sends-per-hour",
            Self::NumbersPerDevice => "numbers-per-device",
            Self::ChallengesPerQuarterHour => "challenges-per-quarter-hour",
            Self::ChallengesPerDay => "challenges-per-day",
            Self::SendsPerDay => "sends-per-day",
            Self::SendsPerBlock => "sends-per-block",
            Self::ConversionLeast => "conversion-least",
            Self::ConversionPercent => "conversion-percent",
        }
    }

    const fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::ConversionPercent => 0..=100,
            _ => 1..=1_000_000,
        }
    }

    /// Refuses what it may not be.
    ///
    /// # Errors
    /// The number is out of its range.
    pub fn check(self, given: u32) -> Result<u32, SiteLimitError> {
        let is_within = self.range().contains(&given);
        is_within.then_some(given).ok_or(SiteLimitError::Range { limit: self, given })
    }
}

fn known() -> String {
    SiteLimit::ALL.map(SiteLimit::as_str).join(", ")
}

impl FromStr for SiteLimit {
    type Err = SiteLimitError;

    fn from_str(text: &str) -> Result<Self, SiteLimitError> {
        let known = Self::ALL.into_iter().find(|limit| limit.as_str() == text);
        known.ok_or_else(|| SiteLimitError::Name { given: text.chars().take(40).collect() })
    }
}

impl TryFrom<String> for SiteLimit {
    type Error = SiteLimitError;

    fn try_from(text: String) -> Result<Self, SiteLimitError> {
        text.parse()
    }
}

impl From<SiteLimit> for String {
    fn from(limit: SiteLimit) -> Self {
        limit.as_str().to_owned()
    }
}

impl fmt::Display for SiteLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The limits that a site has of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteLimits(BTreeMap<SiteLimit, u32>);

impl SiteLimits {
    /// What it is here, or else what it is for all sites.
    #[must_use]
    pub fn or(&self, limit: SiteLimit, of_all: u32) -> u32 {
        self.0.get(&limit).copied().unwrap_or(of_all)
    }

    /// Sets one, or takes it away so that what holds for all sites holds here.
    pub fn put(&mut self, limit: SiteLimit, value: Option<u32>) {
        match value {
            Some(value) => drop(self.0.insert(limit, value)),
            None => drop(self.0.remove(&limit)),
        }
    }

    /// Every one that is set, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (SiteLimit, u32)> {
        self.0.iter().map(|(limit, value)| (*limit, *value))
    }

    /// Refuses what one of them may not be.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self) -> Result<(), SiteLimitError> {
        self.iter().try_for_each(|(limit, value)| limit.check(value).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_like_its_setting_and_has_a_range() {
        for limit in SiteLimit::ALL {
            assert_eq!(limit.as_str().parse(), Ok(limit));
        }
        let unknown = "sends".parse::<SiteLimit>().unwrap_err().to_string();
        assert!(unknown.contains("`sends` is no limit of a site") && unknown.contains("per-hour"));
        let error = SiteLimit::ConversionPercent.check(101).unwrap_err();
        assert_eq!(error.to_string(), "conversion-percent is 0 to 100, not 101");
        assert!(SiteLimit::SendsPerSite.check(0).is_err());
        assert_eq!(SiteLimit::ConversionPercent.check(0), Ok(0));
    }

    #[test]
    fn what_a_site_has_not_of_its_own_is_as_everywhere() {
        let mut limits = SiteLimits::default();
        limits.put(SiteLimit::SendsPerHour, Some(12));
        assert_eq!(limits.or(SiteLimit::SendsPerHour, 6), 12);
        assert!(limits.iter().eq([(SiteLimit::SendsPerHour, 12)]));
        limits.put(SiteLimit::SendsPerHour, None);
        assert_eq!((limits.or(SiteLimit::SendsPerHour, 6), limits.iter().count()), (6, 0));
    }
}
