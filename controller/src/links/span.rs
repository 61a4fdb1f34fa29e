//! Spans of time and sets of them: from a moment on, until before another one.

use std::time::Duration;

use domain::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

/// From a moment on, until before another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Span {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// Spans that neither touch nor overlap, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spans(Vec<Span>);

impl Span {
    /// From then until then; empty if it would end before it begins.
    pub const fn new(from: Timestamp, until: Timestamp) -> Self {
        Self { from, until }
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        self.until.since(self.from)
    }

    /// Whether that moment is in it.
    pub fn contains(self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.until
    }

    /// The month of a zone in which that moment is.
    pub fn month(zone: &Zone, moment: Timestamp) -> Self {
        let local = zone.write(moment);
        let part = |range| local.get(range).and_then(|part: &str| part.parse::<u32>().ok());
        let (year, month) = (part(0..4).unwrap_or(1970), part(5..7).unwrap_or(1));
        let first = |year: u32, month: u32| {
            zone.read(&format!("{year:04}-{month:02}-01")).unwrap_or(moment)
        };
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        Self::new(first(year, month), first(next_year, next))
    }

    /// The part of it before that moment.
    pub fn before(self, moment: Timestamp) -> Self {
        Self::new(self.from.min(moment), self.until.min(moment))
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut spans: Vec<Span> =
            spans.into_iter().filter(|span| span.from < span.until).collect();
        spans.sort_unstable();
        let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match joined.last_mut() {
                Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
                _ => joined.push(span),
            }
        }
        Self(joined)
    }
}

impl Spans {
    /// One span.
    pub fn of(span: Span) -> Self {
        [span].into_iter().collect()
    }

    /// In order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long all of them are.
    pub fn length(&self) -> Duration {
        self.iter().map(Span::length).sum()
    }

    /// What is in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut own, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(one), Some(two)) = (own.peek(), theirs.peek()) {
            both.push(Span::new(one.from.max(two.from), one.until.min(two.until)));
            if one.until <= two.until {
                own.next();
            } else {
                theirs.next();
            }
        }
        both.into_iter().collect()
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for span in self.iter() {
            let mut from = span.from;
            for hole in other.iter().filter(|hole| hole.from < span.until && hole.until > span.from)
            {
                left.push(Span::new(from, hole.from.max(from)));
                from = from.max(hole.until);
            }
            left.push(Span::new(from, span.until));
        }
        left.into_iter().collect()
    }

    /// What of it is within a span.
    #[must_use]
    pub fn within(&self, span: Span) -> Self {
        self.and(&Self::of(span))
    }

    /// The span in which that moment is.
    pub fn around(&self, moment: Timestamp) -> Option<Span> {
        self.iter().find(|span| span.contains(moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(of: &[(i64, i64)]) -> Spans {
        of.iter()
            .map(|(from, until)| {
                Span::new(Timestamp::from_secs(*from), Timestamp::from_secs(*until))
            })
            .collect()
    }

    #[test]
    fn spans_are_sets_of_moments() {
        let some = spans(&[(10, 20), (15, 25), (25, 30), (40, 50), (60, 60), (9, 3)]);
        assert_eq!(some, spans(&[(10, 30), (40, 50)]));
        assert_eq!(some.length(), Duration::from_secs(30));
        let others = spans(&[(0, 12), (28, 45)]);
        assert_eq!(some.and(&others), spans(&[(10, 12), (28, 30), (40, 45)]));
        assert_eq!(some.without(&others), spans(&[(12, 28), (45, 50)]));
        assert_eq!(some.or(&others), spans(&[(0, 50)]));
        assert_eq!(some.around(Timestamp::from_secs(30)), None);
        assert!(some.around(Timestamp::from_secs(10)).is_some());
    }

    #[test]
    fn a_month_begins_at_midnight_of_its_zone() {
        let month = |zone: &str, at: &str| {
            let month = Span::month(&zone.parse().unwrap(), at.parse().unwrap());
            format!("{} {}", month.from, month.until)
        };
        for (zone, at, expected) in [
            ("Asia/Riyadh", "2026-10-31T20:59:59Z", "2026-09-30T21:00:00Z 2026-10-31T21:00:00Z"),
            ("Asia/Riyadh", "2026-10-31T21:00:00Z", "2026-10-31T21:00:00Z 2026-11-30T21:00:00Z"),
            ("Asia/Riyadh", "2026-12-31T12:00:00Z", "2026-11-30T21:00:00Z 2026-12-31T21:00:00Z"),
            // Clocks go forward within this month.
            ("Europe/Berlin", "2026-03-15T12:00:00Z", "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z"),
        ] {
            assert_eq!(month(zone, at), expected);
        }
    }
}
