//! Amounts of data and rates.
//!
//! Octets are counted as IP packets carry them. Units are decimal, as visitors and
//! vendors use them: 1 GB is 1,000,000,000 octets, 1 Mbit/s is 1,000,000 bit/s.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of data in octets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets(u64);

/// A rate in bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate(u64);

/// Why a text is no amount or rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a number with a known unit.
    #[error("`{given}` is not {wanted}")]
    Spelling {
        /// What was written.
        given: String,
        /// What would be understood.
        wanted: &'static str,
    },
}

impl Octets {
    /// Takes a number of octets.
    #[must_use]
    pub const fn new(octets: u64) -> Self {
        Self(octets)
    }

    /// The number of octets.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// What is left after taking `other` away; never below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Add for Octets {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl BitRate {
    /// Takes a number of bits per second.
    #[must_use]
    pub const fn new(bits_per_second: u64) -> Self {
        Self(bits_per_second)
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// Kilobits per second, rounded down but never to zero.
    #[must_use]
    pub const fn kilobits_per_second(self) -> u64 {
        if self.0 < 1_000 { 1 } else { self.0 / 1_000 }
    }
}

const OCTETS_WANTED: &str = "an amount of data such as 1GB, 500 MB or 1500";
const RATE_WANTED: &str = "a rate such as 2 Mbit/s or 512kbit/s";

impl FromStr for Octets {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let units = [
            ("", 1),
            ("b", 1),
            ("kb", 1_000),
            ("mb", 1_000_000),
            ("gb", 1_000_000_000),
            ("tb", 1_000_000_000_000),
        ];
        parse_scaled(text, &units, OCTETS_WANTED).map(Self)
    }
}

impl FromStr for BitRate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let units =
            [("bit/s", 1), ("kbit/s", 1_000), ("mbit/s", 1_000_000), ("gbit/s", 1_000_000_000)];
        let rate = parse_scaled(text, &units, RATE_WANTED).map(Self)?;
        if rate.0 == 0 {
            return Err(UnitError::Spelling { given: text.to_owned(), wanted: RATE_WANTED });
        }
        Ok(rate)
    }
}

/// Reads `number unit`, where the number may have a decimal fraction.
fn parse_scaled(text: &str, units: &[(&str, u64)], wanted: &'static str) -> Result<u64, UnitError> {
    let refuse = || UnitError::Spelling { given: text.chars().take(40).collect(), wanted };
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = units.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(refuse)?.1;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().map_err(|_| refuse())?;
    let mut total = whole.checked_mul(scale).ok_or_else(refuse)?;
    let mut step = scale;
    for digit in fraction.bytes() {
        step /= 10;
        let digit = u64::from(digit.checked_sub(b'0').filter(|d| *d < 10).ok_or_else(refuse)?);
        total = total.checked_add(digit * step).ok_or_else(refuse)?;
    }
    Ok(total)
}

/// Writes `value` in the largest unit that keeps it at least one, with up to two decimals.
fn write_scaled(f: &mut fmt::Formatter<'_>, value: u64, units: &[(u64, &str)]) -> fmt::Result {
    let (scale, unit) = units
        .iter()
        .find(|(scale, _)| value >= *scale)
        .copied()
        .unwrap_or((1, units.last().map_or("", |u| u.1)));
    let hundredths = (u128::from(value) * 100 / u128::from(scale)) % 100;
    let whole = value / scale;
    let text = match hundredths {
        0 => format!("{whole} {unit}"),
        h if h % 10 == 0 => format!("{whole}.{} {unit}", h / 10),
        h => format!("{whole}.{h:02} {unit}"),
    };
    f.pad(&text)
}

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(
            f,
            self.0,
            &[
                (1_000_000_000_000, "TB"),
                (1_000_000_000, "GB"),
                (1_000_000, "MB"),
                (1_000, "kB"),
                (1, "B"),
            ],
        )
    }
}

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(
            f,
            self.0,
            &[(1_000_000_000, "Gbit/s"), (1_000_000, "Mbit/s"), (1_000, "kbit/s"), (1, "bit/s")],
        )
    }
}

/// Written as a plain number of octets; read as a number or as text with a unit.
impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

/// Written as plain bits per second; read as a number or as text with a unit.
impl Serialize for BitRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Binary formats do not say what comes next, so there it is always a number.
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        match NumberOrText::deserialize(deserializer)? {
            NumberOrText::Number(octets) => Ok(Self(octets)),
            NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for BitRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Binary formats do not say what comes next, so there it is always a number.
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        match NumberOrText::deserialize(deserializer)? {
            NumberOrText::Number(rate) => Ok(Self(rate)),
            NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_units() {
        for (text, octets) in [
            ("0", 0),
            ("1500", 1_500),
            ("1GB", 1_000_000_000),
            ("1.5 gb", 1_500_000_000),
            ("500 MB", 500_000_000),
            ("0.25kb", 250),
        ] {
            assert_eq!(text.parse::<Octets>().map(Octets::get), Ok(octets), "{text}");
        }
        for text in ["", "GB", "1 GiB", "-1", "1.x", "99999999999TB", "1..5GB"] {
            assert!(text.parse::<Octets>().is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_read_with_units_and_are_never_zero() {
        assert_eq!("2 Mbit/s".parse(), Ok(BitRate::new(2_000_000)));
        assert_eq!("512kbit/s".parse(), Ok(BitRate::new(512_000)));
        for text in ["2", "0 Mbit/s", "2 MB/s"] {
            assert!(text.parse::<BitRate>().is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_in_the_largest_fitting_unit() {
        for (octets, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (1_500_000, "1.5 MB"),
            (1_230_000_000, "1.23 GB"),
            (1_050_000_000, "1.05 GB"),
        ] {
            assert_eq!(Octets::new(octets).to_string(), text);
        }
        assert_eq!(BitRate::new(2_000_000).to_string(), "2 Mbit/s");
    }
}
