//! What messages cost, and how much all of them may cost together.
//!
//! A message is charged when it is written. By which route it will go is not known then, so it is
//! charged as the dearest of those it may take: the bill is never more than what was counted.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Day, Money, PhoneNumber, RouteName, SmsLength, SmsText, Timestamp, Zone, text};

/// The first digits of numbers, with the code of their country: `971`, or `96657`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberPrefix(String);

/// Why a text is no [`NumberPrefix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is one to fifteen digits, with the code of the country, such as 971")]
pub struct NumberPrefixError;

impl NumberPrefix {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number begins with it.
    #[must_use]
    pub fn begins(&self, phone: &PhoneNumber) -> bool {
        phone.digits().starts_with(&self.0)
    }
}

impl FromStr for NumberPrefix {
    type Err = NumberPrefixError;

    fn from_str(text: &str) -> Result<Self, NumberPrefixError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let are = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if are { Ok(Self(digits.to_owned())) } else { Err(NumberPrefixError) }
    }
}

impl fmt::Display for NumberPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NumberPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for NumberPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NumberPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

/// What one part of a message costs by a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// To any number.
    pub price: Money,
    /// To numbers that begin so, where that is something else; the longest beginning counts.
    pub prices: BTreeMap<NumberPrefix, Money>,
}

impl Prices {
    /// What one part to that number costs.
    #[must_use]
    pub fn of(&self, phone: &PhoneNumber) -> Money {
        let fitting = self.prices.iter().filter(|(prefix, _)| prefix.begins(phone));
        let longest = fitting.max_by_key(|(prefix, _)| prefix.0.len());
        longest.map_or(self.price, |(_, price)| *price)
    }
}

/// What all messages together may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendingLimits {
    /// In a day, in Riyadh.
    pub per_day: Money,
    /// In a month there, if there is a limit to that.
    pub per_month: Option<Money>,
}

/// What messages cost by each route, and what they may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    /// The limits that are configured.
    pub limits: SpendingLimits,
    /// By routes that carry any message, which is paid for in its parts.
    pub texts: Vec<(RouteName, Prices)>,
    /// By routes that carry what asks for them, which is paid for as one.
    pub others: Vec<(RouteName, Prices)>,
}

/// What one message costs, and what that counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// What it costs.
    pub cost: Money,
    /// Of how many parts it is.
    pub segments: u32,
    /// When it counts.
    pub period: SpendingPeriod,
    /// What all may cost together, unless somebody said something else since.
    pub limits: SpendingLimits,
}

impl Charge {
    /// All of them as one, if they count for the same.
    pub fn together(charges: &[Self]) -> Option<Self> {
        let [first, others @ ..] = charges else { return None };
        let is_alike =
            |charge: &Self| charge.period == first.period && charge.limits == first.limits;
        if !others.iter().all(is_alike) {
            return None;
        }
        let join = |all: Self, charge: &Self| Self {
            cost: all.cost.plus(charge.cost),
            segments: all.segments.saturating_add(charge.segments),
            ..all
        };
        Some(others.iter().fold(*first, join))
    }
}

/// A day, and the month it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendingPeriod {
    /// The day.
    pub day: Day,
    /// The first day of its month.
    pub month: Day,
}

impl SpendingPeriod {
    /// That of a moment, as the days of the city go.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        let city = Zone::riyadh();
        Self { day: city.day_of(time), month: city.first_of_month(time) }
    }
}

impl Tariff {
    /// What a message costs that goes by that route, or by any; `None` if it costs nothing.
    #[must_use]
    pub fn charge(
        &self,
        route: Option<&RouteName>,
        phone: &PhoneNumber,
        text: &SmsText,
        at: Timestamp,
    ) -> Option<Charge> {
        let named = |(name, _): &&(RouteName, Prices)| Some(name) == route;
        let (price, segments) = match self.others.iter().find(named) {
            Some((_, prices)) => (prices.of(phone), 1),
            None => {
                let among = self.texts.iter().filter(|text| route.is_none() || named(text));
                let dearest = among.map(|(_, prices)| prices.of(phone)).max();
                (dearest.unwrap_or_default(), SmsLength::of(text.expose()).segments)
            }
        };
        let segments = u32::try_from(segments).unwrap_or(u32::MAX);
        let cost = price.times(segments.into());
        let charge = Charge { cost, segments, period: SpendingPeriod::at(at), limits: self.limits };
        (cost > Money::default()).then_some(charge)
    }
}

/// Of how much of a limit an alarm tells, before it is reached.
const ALARMS: [u64; 2] = [80, 50];

/// The alarm that is reached when what was spent rises so far, in percent of `most`; that nothing is
/// left is told by the first message that is refused.
#[must_use]
pub fn spending_alarm(before: Money, after: Money, most: Money) -> Option<u64> {
    let (before, after) = (before.percent_of(most), after.percent_of(most));
    ALARMS.into_iter().find(|alarm| before < *alarm && *alarm <= after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn prices(price: &str, others: &[(&str, &str)]) -> Prices {
        let prices = others.iter().map(|(prefix, price)| (prefix.parse().unwrap(), money(price)));
        Prices { price: money(price), prices: prices.collect() }
    }

    fn tariff() -> Tariff {
        let named = |name: &str, prices| (name.parse().unwrap(), prices);
        Tariff {
            limits: SpendingLimits { per_day: money("500"), per_month: None },
            texts: vec![
                named("cheap", prices("0.05", &[("971", "0.40")])),
                named("dear", prices("0.08", &[("971", "0.30"), ("96657", "0.32")])),
            ],
            others: vec![named("whatsapp", prices("0.11", &[]))],
        }
    }

    #[test]
    fn a_message_costs_what_its_dearest_route_takes_for_its_parts() {
        let (one, two) = ("x".repeat(160), "x".repeat(161));
        for (route, phone, text, cost, segments) in [
            (None, "966551234567", &one, "0.08", 1),
            (None, "966551234567", &two, "0.16", 2),
            (None, "966571234567", &one, "0.32", 1),
            (None, "971501234567", &one, "0.40", 1),
            (Some("cheap"), "966551234567", &two, "0.10", 2),
            (Some("dear"), "971501234567", &one, "0.30", 1),
            (Some("whatsapp"), "966551234567", &two, "0.11", 1),
        ] {
            let named: Option<RouteName> = route.map(|route| route.parse().unwrap());
            let text = SmsText::new(text.clone());
            let charge = tariff().charge(named.as_ref(), &phone.parse().unwrap(), &text, NOW);
            let charge = charge.map(|charge| (charge.cost, charge.segments));
            assert_eq!(charge, Some((money(cost), segments)), "{route:?} {phone}");
        }
        let free = Tariff { texts: Vec::new(), ..tariff() };
        let text = SmsText::new(one);
        assert_eq!(free.charge(None, &"966551234567".parse().unwrap(), &text, NOW), None);
    }

    #[test]
    fn days_and_months_begin_at_midnight_in_riyadh() {
        for (time, day, month) in [
            ("2026-11-30T20:59:59Z", "2026-11-30T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("2026-11-30T21:00:00Z", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ] {
            let of = |text: &str| Zone::utc().day_of(text.parse().unwrap());
            let expected = SpendingPeriod { day: of(day), month: of(month) };
            assert_eq!(SpendingPeriod::at(time.parse().unwrap()), expected);
        }
    }

    #[test]
    fn an_alarm_tells_once_how_much_is_spent() {
        let most = money("100");
        for (before, after, expected) in [
            ("0", "49.99", None),
            ("49.99", "50", Some(50)),
            ("50", "79", None),
            ("49", "80", Some(80)),
            ("80", "100", None),
        ] {
            assert_eq!(spending_alarm(money(before), money(after), most), expected, "{after}");
        }
    }

    #[test]
    fn a_prefix_is_digits() {
        assert_eq!("+971".parse::<NumberPrefix>().unwrap().as_str(), "971");
        for text in ["", "+", "97a", "1234567890123456", "٩٧١"] {
            assert_eq!(text.parse::<NumberPrefix>(), Err(NumberPrefixError), "{text}");
        }
    }

    #[test]
    fn charges_of_the_same_period_and_limits_are_one() {
        let limits = SpendingLimits { per_day: money("500"), per_month: None };
        let charge =
            Charge { cost: money("0.30"), segments: 2, period: SpendingPeriod::at(NOW), limits };
        let both = Charge { cost: money("0.60"), segments: 4, ..charge };
        let tomorrow =
            Charge { period: SpendingPeriod::at(Timestamp::from_secs(1_795_683_600)), ..charge };
        let richer = SpendingLimits { per_day: money("501"), ..limits };
        let richer = Charge { limits: richer, ..charge };
        for (charges, together) in [
            (vec![], None),
            (vec![charge], Some(charge)),
            (vec![charge, charge], Some(both)),
            (vec![charge, tomorrow], None),
            (vec![charge, charge, richer], None),
        ] {
            assert_eq!(Charge::together(&charges), together, "{charges:?}");
        }
    }
}
