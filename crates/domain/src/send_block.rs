//! Blocks: where no messages go for a while, set by an admin, or because hardly anybody enters the
//! codes that are sent there. Whoever pumps messages wants them sent and enters none; visitors do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Country, NumberPrefix, PhoneNumber, SiteName, text};

/// Where no messages go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BlockTarget {
    /// To numbers that begin so: a country, an operator, or a block of numbers.
    Prefix(NumberPrefix),
    /// To one number.
    Number(PhoneNumber),
    /// On behalf of devices at a site.
    Site(SiteName),
}

/// Why a text is no [`BlockTarget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a number, the first digits of numbers with the code of their country, or the name of a site"
)]
pub struct BlockTargetError;

/// A whole number is one, other digits are a prefix, and a name is that of a site.
impl FromStr for BlockTarget {
    type Err = BlockTargetError;

    fn from_str(text: &str) -> Result<Self, BlockTargetError> {
        if let Ok(number) = PhoneNumber::parse(text, &Country::GULF) {
            return Ok(Self::Number(number));
        }
        if let Ok(prefix) = text.parse::<NumberPrefix>() {
            // A national number that is not whole is no prefix of any.
            let is_national = text.starts_with('0');
            return if is_national { Err(BlockTargetError) } else { Ok(Self::Prefix(prefix)) };
        }
        text.parse().map(Self::Site).map_err(|_| BlockTargetError)
    }
}

impl Serialize for BlockTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Prefix(prefix) => serializer.collect_str(prefix),
            Self::Number(number) => serializer.collect_str(&format_args!("+{}", number.digits())),
            Self::Site(site) => serializer.collect_str(site),
        }
    }
}

impl<'de> Deserialize<'de> for BlockTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

/// A number is masked.
impl fmt::Display for BlockTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "+{prefix}…"),
            Self::Number(number) => number.masked().fmt(f),
            Self::Site(site) => site.fmt(f),
        }
    }
}

/// How many codes were sent somewhere, and how many of them were entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conversion {
    /// Messages that gateways took, or wait for one.
    pub sent: u64,
    /// Codes of theirs that were entered.
    pub entered: u64,
}

impl Conversion {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { sent: self.sent + other.sent, entered: self.entered + other.entered }
    }

    /// This without the other, which is part of it.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self {
            sent: self.sent.saturating_sub(other.sent),
            entered: self.entered.saturating_sub(other.entered),
        }
    }
}

/// From when on too few codes are entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversionRule {
    /// So many must have been sent before anything follows from them.
    pub least: u32,
    /// Fewer than so many percent are too few; 0 is never.
    pub percent: u32,
}

impl ConversionRule {
    /// Whether hardly anybody enters the codes.
    #[must_use]
    pub fn is_broken_by(&self, conversion: Conversion) -> bool {
        let Conversion { sent, entered } = conversion;
        sent >= self.least.into() && entered * 100 < sent * u64::from(self.percent)
    }

    /// Whether a site among others is to be blocked. Where the others do no better it is not the site
    /// but the messages: then nobody would be helped by sending none.
    #[must_use]
    pub fn blocks_site(&self, of_site: Conversion, of_all: Conversion) -> bool {
        let others = of_all.less(of_site);
        let do_well = others.sent >= self.least.into() && !self.is_broken_by(others);
        self.is_broken_by(of_site) && do_well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_number_the_beginning_of_numbers_or_a_site() {
        let masked = |text: &str| text.parse::<BlockTarget>().map(|target| target.to_string());
        for (text, expected) in [
            ("0551234567", "+9665•••••567"),
            ("+971501234567", "+9715•••••567"),
            ("96657", "+96657…"),
            ("+965", "+965…"),
            ("walkway", "walkway"),
        ] {
            assert_eq!(masked(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "055123", "two words", "+"] {
            assert_eq!(masked(text), Err(BlockTargetError), "{text}");
        }
    }

    #[test]
    fn few_codes_that_are_entered_of_many_that_were_sent_break_the_rule() {
        let rule = ConversionRule { least: 20, percent: 20 };
        for (sent, entered, broken) in
            [(19, 0, false), (20, 3, true), (20, 4, false), (100, 19, true), (100, 20, false)]
        {
            assert_eq!(rule.is_broken_by(Conversion { sent, entered }), broken, "{sent} {entered}");
        }
        let never = ConversionRule { percent: 0, ..rule };
        assert!(!never.is_broken_by(Conversion { sent: 1_000, entered: 0 }));
    }

    #[test]
    fn a_site_is_blocked_only_where_others_do_well() {
        let rule = ConversionRule { least: 20, percent: 20 };
        let of = |sent, entered| Conversion { sent, entered };
        let site = of(40, 1);
        for (others, blocked) in
            [(of(0, 0), false), (of(19, 19), false), (of(30, 2), false), (of(30, 25), true)]
        {
            assert_eq!(rule.blocks_site(site, site.plus(others)), blocked, "{others:?}");
        }
    }
}
