//! Money: what messages cost, in the currency of the city's contract.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// An amount of money, to a ten-thousandth; written `0.0784`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

/// Why a text is no [`Money`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an amount is written like 0.0784, with at most nine digits before and four after the point"
)]
pub struct MoneyError;

impl Money {
    const UNIT: u64 = 10_000;

    /// The price of so many at this price each.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// The largest amount.
    pub const MAX: Self = Self(1_000_000_000 * Self::UNIT - 1);

    /// So many ten-thousandths.
    #[must_use]
    pub const fn from_ten_thousandths(count: u64) -> Self {
        Self(count)
    }

    /// How many ten-thousandths it is.
    #[must_use]
    pub const fn as_ten_thousandths(self) -> u64 {
        self.0
    }

    /// This less the other, or nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// How many whole percent of `whole` it is; 100 of nothing.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> u64 {
        self.0.saturating_mul(100).checked_div(whole.0).unwrap_or(100)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most: usize| {
            let are = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            are.then(|| text.parse::<u64>().ok()).flatten().ok_or(MoneyError)
        };
        digits(part, 4)?;
        let (whole, part) = (digits(whole, 9)?, digits(&format!("{part:0<4}"), 4)?);
        Ok(Self(whole * Self::UNIT + part))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / Self::UNIT, self.0 % Self::UNIT);
        let (whole, part) = text.split_at(text.len() - 2);
        // Two places at least, as money is written.
        f.write_str(whole)?;
        f.write_str(part.trim_end_matches('0'))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().expect(text)
    }

    #[test]
    fn an_amount_is_read_and_written() {
        for (text, written) in
            [("0.0784", "0.0784"), ("500", "500.00"), ("0.5", "0.50"), ("1.234", "1.234")]
        {
            assert_eq!(money(text).to_string(), written);
            assert_eq!(money(written), money(text));
        }
        for text in ["", ".5", "1.", "1.23456", "-1", "+1", "1,5", "1234567890", "1.2.3", "٣"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError), "{text}");
        }
    }

    #[test]
    fn what_is_spent_is_counted_in_percent() {
        let day = money("500");
        let of_day = |count| money("0.0784").times(count).percent_of(day);
        assert_eq!([of_day(0), of_day(3_188), of_day(3_189), of_day(6_378)], [0, 49, 50, 100]);
        assert_eq!(money("1").plus(money("0.5")), money("1.5"));
        assert_eq!(money("0").percent_of(money("0")), 100);
    }
}
