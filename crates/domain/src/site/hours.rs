//! Opening hours: when a site lets visitors online, as a pure rule of spans, zone and time.
//!
//! A span names days of the week and two times of the day; if the second is not after the first,
//! it is one of the next day. Spans are of the site's wall clock, so that a day with a clock
//! change is as long as it is.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Zone;
use crate::{Timestamp, text};

/// Two a day are plenty.
const MOST: usize = 14;
/// Whoever is open for so long has no closing time worth telling.
const DAYS_AHEAD: i32 = 8;
const DAY: u16 = 24 * 60;

const NAMES: [(&str, Weekday); 7] = [
    ("sun", Weekday::Sunday),
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
];

/// When a site is open; without a span, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Span>", into = "Vec<Span>")]
pub struct OpeningHours(Vec<Span>);

/// One span on some days of the week, such as `sun-thu 16:00-01:00`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first day and how many follow it, 0 to 6.
    first: Weekday,
    more: u8,
    /// Minutes of the day.
    opens: u16,
    closes: u16,
}

/// Why a text or list is no [`Span`] or no [`OpeningHours`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not a span.
    #[error(
        "opening hours are written like `sun-thu 16:00-01:00`, `fri 14:00-02:00` or \
         `daily 06:00-24:00`, not `{0}`"
    )]
    Span(String),
    /// Too many of them.
    #[error("there are {0} spans of opening hours; 14 are the most")]
    TooMany(usize),
}

/// Whether a site is open at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doors {
    /// Visitors may be online, until the site closes; `None` if it does not within a week.
    Open {
        /// When it closes.
        until: Option<Timestamp>,
    },
    /// They may not.
    Closed {
        /// When it opens next.
        opens_at: Timestamp,
        /// When it closes after that.
        closes_at: Timestamp,
    },
}

impl OpeningHours {
    /// Whether the site is always open.
    #[must_use]
    pub fn are_always(&self) -> bool {
        self.0.is_empty()
    }

    /// The spans as they were given.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Whether a site in `zone` is open at `now`.
    #[must_use]
    pub fn doors(&self, zone: &Zone, now: Timestamp) -> Doors {
        if self.are_always() {
            return Doors::Open { until: None };
        }
        let horizon = zone.moment(zone.date_near(now, DAYS_AHEAD), 0);
        let next = self.stretches(zone, now).into_iter().find(|(_, closes_at)| now < *closes_at);
        match next {
            Some((opens_at, closes_at)) if opens_at <= now => {
                Doors::Open { until: Some(closes_at).filter(|at| *at < horizon) }
            }
            Some((opens_at, closes_at)) => Doors::Closed { opens_at, closes_at },
            // Every span falls into hours that clock changes leave out.
            None => Doors::Closed { opens_at: horizon, closes_at: horizon },
        }
    }

    /// From when until when the site is open around `now`, in order and without touching.
    fn stretches(&self, zone: &Zone, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let days = (-1..=DAYS_AHEAD).map(|offset| zone.date_near(now, offset));
        let mut all: Vec<_> = days
            .flat_map(|date| {
                self.0.iter().filter(move |span| span.is_on(date)).map(move |span| (date, span))
            })
            .map(|(date, span)| (zone.moment(date, span.opens), zone.moment(date, span.end())))
            .filter(|(opens_at, closes_at)| opens_at < closes_at)
            .collect();
        all.sort_unstable();
        let mut stretches: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (opens_at, closes_at) in all {
            match stretches.last_mut() {
                Some((_, until)) if opens_at <= *until => *until = closes_at.max(*until),
                _ => stretches.push((opens_at, closes_at)),
            }
        }
        stretches
    }
}

impl Span {
    fn is_on(&self, date: Date) -> bool {
        let after = date.weekday().to_sunday_zero_offset() - self.first.to_sunday_zero_offset();
        after.rem_euclid(7) <= i8::try_from(self.more).unwrap_or(6)
    }

    /// Minutes from the beginning of its day; those of the next day follow.
    const fn end(&self) -> u16 {
        if self.closes > self.opens { self.closes } else { self.closes + DAY }
    }
}

impl TryFrom<Vec<Span>> for OpeningHours {
    type Error = HoursError;

    fn try_from(spans: Vec<Span>) -> Result<Self, HoursError> {
        if spans.len() > MOST {
            return Err(HoursError::TooMany(spans.len()));
        }
        Ok(Self(spans))
    }
}

impl From<OpeningHours> for Vec<Span> {
    fn from(hours: OpeningHours) -> Self {
        hours.0
    }
}

impl FromStr for Span {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let refuse = || HoursError::Span(text.chars().take(40).collect());
        let (days, times) = text.trim().split_once(' ').ok_or_else(refuse)?;
        let (first, more) = days_of(days).ok_or_else(refuse)?;
        let (opens, closes) = times.trim().split_once('-').ok_or_else(refuse)?;
        let opens = minutes(opens).filter(|opens| *opens < DAY).ok_or_else(refuse)?;
        let closes = minutes(closes).ok_or_else(refuse)?;
        Ok(Self { first, more, opens, closes })
    }
}

/// The first day and how many follow it.
fn days_of(text: &str) -> Option<(Weekday, u8)> {
    if text == "daily" {
        return Some((Weekday::Sunday, 6));
    }
    let day = |name: &str| NAMES.iter().find(|(known, _)| *known == name).map(|(_, day)| *day);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    let more = (last.to_sunday_zero_offset() - first.to_sunday_zero_offset()).rem_euclid(7);
    Some((first, u8::try_from(more).ok()?))
}

/// `16:30` as minutes of the day, `24:00` as its end.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let (hour, minute): (u16, u16) = match digits(hour) && digits(minute) {
        true => (hour.parse().ok()?, minute.parse().ok()?),
        false => return None,
    };
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: i8| {
            let at = usize::try_from(day.rem_euclid(7)).unwrap_or(0);
            NAMES.get(at).map_or("", |(name, _)| name)
        };
        let first = self.first.to_sunday_zero_offset();
        match self.more {
            6 if first == 0 => f.write_str("daily")?,
            0 => f.write_str(name(first))?,
            more => {
                let more = i8::try_from(more).unwrap_or(6);
                write!(f, "{}-{}", name(first), name(first + more))?;
            }
        }
        let (opens, closes) = (self.opens, self.closes);
        write!(f, " {:02}:{:02}-{:02}:{:02}", opens / 60, opens % 60, closes / 60, closes % 60)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(spans: &[&str]) -> OpeningHours {
        let spans: Result<Vec<Span>, _> = spans.iter().map(|span| span.parse()).collect();
        OpeningHours::try_from(spans.unwrap()).unwrap()
    }

    fn told(hours: &OpeningHours, zone: &Zone, now: &str) -> String {
        match hours.doors(zone, zone.read(now).unwrap()) {
            Doors::Open { until: None } => "open".to_owned(),
            Doors::Open { until: Some(at) } => format!("open until {}", zone.write(at)),
            Doors::Closed { opens_at, closes_at } => {
                format!("closed until {} and again {}", zone.write(opens_at), zone.write(closes_at))
            }
        }
    }

    #[test]
    fn hours_may_cross_midnight_and_the_end_of_the_week() {
        let zone = Zone::riyadh();
        // 2026-11-25 is a Wednesday.
        let park = hours(&["sun-thu 16:00-01:00", "fri-sat 14:30-02:00"]);
        for (now, expected) in [
            (
                "2026-11-25 15:59:59",
                "closed until 2026-11-25 16:00:00 and again 2026-11-26 01:00:00",
            ),
            ("2026-11-25 16:00:00", "open until 2026-11-26 01:00:00"),
            ("2026-11-26 00:59:59", "open until 2026-11-26 01:00:00"),
            (
                "2026-11-26 01:00:00",
                "closed until 2026-11-26 16:00:00 and again 2026-11-27 01:00:00",
            ),
            ("2026-11-27 14:30:00", "open until 2026-11-28 02:00:00"),
            ("2026-11-29 01:30:00", "open until 2026-11-29 02:00:00"),
            (
                "2026-11-29 02:00:00",
                "closed until 2026-11-29 16:00:00 and again 2026-11-30 01:00:00",
            ),
        ] {
            assert_eq!(told(&park, &zone, now), expected, "{now}");
        }
    }

    #[test]
    fn spans_that_touch_are_one_and_days_without_any_are_closed() {
        let zone = Zone::riyadh();
        let noon = "2026-11-25 12:00:00";
        for (spans, expected) in [
            (&[][..], "open"),
            (&["daily 00:00-24:00"], "open"),
            (&["daily 06:00-06:00"], "open"),
            (&["daily 06:00-12:30", "wed 12:30-14:00"], "open until 2026-11-25 14:00:00"),
            (&["tue 20:00-13:00", "wed 11:00-12:10"], "open until 2026-11-25 13:00:00"),
            (
                &["fri 14:00-24:00"],
                "closed until 2026-11-27 14:00:00 and again 2026-11-28 00:00:00",
            ),
            (
                &["wed 08:00-12:00"],
                "closed until 2026-12-02 08:00:00 and again 2026-12-02 12:00:00",
            ),
        ] {
            assert_eq!(told(&hours(spans), &zone, noon), expected, "{spans:?}");
        }
    }

    #[test]
    fn hours_are_of_the_wall_clock_also_when_it_is_put_forward_or_back() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        // On 2026-03-29 clocks jump from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
        let night = hours(&["sat 22:00-06:00"]);
        for (now, length) in [("2026-03-28 22:00:00", 7), ("2026-10-24 22:00:00", 9)] {
            let now = zone.read(now).unwrap();
            let Doors::Open { until: Some(until) } = night.doors(&zone, now) else {
                panic!("it is open")
            };
            assert_eq!(until.since(now).as_secs(), length * 3_600);
        }
        let left_out = hours(&["sun 02:10-02:50"]);
        let expected = "closed until 2026-03-29 03:10:00 and again 2026-03-29 03:50:00";
        assert_eq!(told(&left_out, &zone, "2026-03-29 01:00:00"), expected);
    }

    #[test]
    fn a_span_is_read_as_it_is_written() {
        for text in
            ["sun-thu 16:00-01:00", "fri 14:00-24:00", "sat-sun 00:00-00:00", "daily 06:00-23:59"]
        {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "daily",
            "16:00-01:00",
            "sun-thu 16-01",
            "sun 24:00-02:00",
            "sun 16:00-24:01",
            "sun 16:60-18:00",
            "son 10:00-12:00",
            "sun- 10:00-12:00",
            "sun 1:00-02:00",
            "sun ١٦:٠٠-١٨:٠٠",
            "SUN 10:00-12:00",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        let many = vec!["sun 10:00-12:00".parse().unwrap(); 15];
        assert_eq!(OpeningHours::try_from(many), Err(HoursError::TooMany(15)));
    }

    proptest! {
        #[test]
        fn what_is_open_closes_when_it_said_and_what_is_closed_opens(
            spans in prop::collection::vec((0..7_usize, 0..7_u8, 0..1_440_u16, 0..=1_440_u16), 1..4),
            minute in 0..20_000_i64,
        ) {
            let spans: Vec<_> = spans.into_iter().map(|(first, more, opens, closes)| {
                Span { first: NAMES[first].1, more, opens, closes }
            }).collect();
            let (hours, zone) = (OpeningHours::try_from(spans).unwrap(), Zone::riyadh());
            let now = Timestamp::from_secs(1_795_597_200 + minute * 60);
            match hours.doors(&zone, now) {
                Doors::Open { until: Some(until) } => {
                    prop_assert!(now < until);
                    let is_closed = matches!(hours.doors(&zone, until), Doors::Closed { .. });
                    prop_assert!(is_closed);
                }
                Doors::Open { until: None } => {}
                Doors::Closed { opens_at, closes_at } => {
                    prop_assert!(now < opens_at && opens_at < closes_at);
                    prop_assert_eq!(
                        matches!(hours.doors(&zone, opens_at), Doors::Open { .. }), true
                    );
                }
            }
        }
    }
}
