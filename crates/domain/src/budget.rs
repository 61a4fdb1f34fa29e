//! Budgets of text messages: how many may go out for a device or to a number, counted back from
//! now, so that no boundary lets twice as many through.

use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Messages sent for the device, to whatever number.
    SendsOfDevice,
    /// Different numbers that the device asked codes for.
    NumbersOfDevice,
    /// Challenges begun for the number, by whatever device.
    ChallengesOfNumber,
    /// Messages sent to the number.
    SendsToNumber,
    /// Messages sent to numbers that differ in their last four digits alone.
    SendsToBlock,
    /// Challenges of the device that had all their messages.
    SpentChallengesOfDevice,
    /// Blocks that hold; they are looked up, and of no window.
    Blocks,
    /// The money for messages; it is charged, and of no window.
    Money,
    /// Messages for devices at the access point. This and what follows is shaped in memory.
    SendsOfAccessPoint,
    /// Messages for devices at the site.
    SendsOfSite,
    /// Messages to numbers of a country that is not the city's own.
    SendsToCountry,
    /// Messages of all.
    SendsOfAll,
}

impl Counted {
    pub(crate) const ALL: [Self; 12] = [
        Self::SendsOfDevice,
        Self::NumbersOfDevice,
        Self::ChallengesOfNumber,
        Self::SendsToNumber,
        Self::SendsToBlock,
        Self::SpentChallengesOfDevice,
        Self::Blocks,
        Self::Money,
        Self::SendsOfAccessPoint,
        Self::SendsOfSite,
        Self::SendsToCountry,
        Self::SendsOfAll,
    ];

    /// The name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendsOfDevice => "sends-of-device",
            Self::NumbersOfDevice => "numbers-of-device",
            Self::ChallengesOfNumber => "challenges-of-number",
            Self::SendsToNumber => "sends-to-number",
            Self::SendsToBlock => "sends-to-block",
            Self::SpentChallengesOfDevice => "spent-challenges-of-device",
            Self::Blocks => "blocks",
            Self::Money => "money",
            Self::SendsOfAccessPoint => "sends-of-access-point",
            Self::SendsOfSite => "sends-of-site",
            Self::SendsToCountry => "sends-to-country",
            Self::SendsOfAll => "sends-of-all",
        }
    }

    /// Whether others than the device can use it up, so that a device learns of others by it.
    #[must_use]
    pub const fn is_of_number(self) -> bool {
        matches!(
            self,
            Self::ChallengesOfNumber | Self::SendsToNumber | Self::SendsToBlock | Self::Blocks
        )
    }

    /// Whether it bounds messages, not challenges.
    #[must_use]
    pub const fn is_of_sends(self) -> bool {
        matches!(self, Self::SendsOfDevice | Self::SendsToNumber | Self::SendsToBlock)
    }

    /// What has that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|counted| counted.as_str() == name)
    }
}

/// What all share is used up for the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// What of it.
    pub counted: Counted,
    /// When one more is admitted.
    pub wait: Duration,
}

/// A limit on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SendLimit {
    /// What is counted.
    pub counted: Counted,
    /// Over how long.
    pub window: Duration,
    /// How many are allowed.
    pub most: u32,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {} in {} s; one more in {} s", .limit.most, .limit.window.as_secs(), .wait.as_secs())]
pub struct OverLimit {
    /// Which one.
    pub limit: SendLimit,
    /// When the earliest of what was counted is forgotten.
    pub wait: Duration,
}
