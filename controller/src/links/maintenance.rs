//! When people work on lines and sites: once or again and again, by the clock on the wall of a zone.
//!
//! A window lasts as long as it says whatever clocks do; where clocks are put forward over its beginning,
//! it begins when they have been.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Timestamp, Zone};
use link::cause::Subject;
use serde::{Deserialize, Serialize};

use super::span::{Span, Spans};

/// The longest window.
const LONGEST: Duration = Duration::from_secs(31 * 86_400);

/// Work on lines or sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MaintenanceWindow {
    /// What people call it.
    pub name: String,
    /// On what.
    pub subjects: Vec<Subject>,
    /// When.
    pub when: When,
    /// From when on it does not take place, if it was cancelled; what was before counts.
    #[serde(default)]
    pub cancelled: Option<Timestamp>,
    /// Days on which it does not take place, such as `2026-11-27`.
    #[serde(default)]
    pub skipped: BTreeSet<String>,
}

/// When a window is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "repeats")]
pub enum When {
    /// Once.
    Never {
        /// When.
        span: Span,
    },
    /// On days of its zone.
    On {
        /// On which days.
        days: Days,
        /// When it begins by the clock on the wall, in minutes after midnight.
        minute: u16,
        /// For how many minutes it lasts.
        minutes: u32,
        /// Not before then.
        first: Timestamp,
        /// Not from then on.
        #[serde(default)]
        last: Option<Timestamp>,
    },
}

/// On which days a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Days {
    /// On each.
    Daily,
    /// On one of the week: 0 is Sunday.
    Weekly(u8),
    /// On one of the month: 1 is the first. A month that has no such day has no window.
    Monthly(u8),
}

/// After what a window comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Every {
    /// A day.
    Day,
    /// A week: on the day of the week of the first.
    Week,
    /// A month: on the day of the month of the first.
    Month,
}

/// How work that comes again does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// After what.
    pub every: Every,
    /// From when on it does not any more; `None` if it has no end.
    pub last: Option<Timestamp>,
}

/// Why work cannot be planned so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is over before it begins.
    #[error("it ends before it begins")]
    Backwards,
    /// It lasts for too long.
    #[error("a window lasts 31 days at most, and one that comes again is over before the next")]
    TooLong,
    /// It would not come at all.
    #[error("it lasts for a minute at least, and ends after its first time")]
    Nothing,
}

/// A day of a zone.
struct LocalDay {
    /// Such as `2026-11-27`.
    date: String,
    of_week: u8,
    of_month: u8,
}

impl MaintenanceWindow {
    /// Work in a span, which comes again on the day and by the clock of its zone that the span begins.
    ///
    /// # Errors
    /// [`PlanError`] if it never is, or too long.
    pub fn plan(
        name: String,
        subjects: Vec<Subject>,
        span: Span,
        repeats: Option<Repeats>,
        zone: &Zone,
    ) -> Result<Self, PlanError> {
        if span.until <= span.from {
            return Err(PlanError::Backwards);
        }
        let when = match repeats {
            None if span.length() > LONGEST => return Err(PlanError::TooLong),
            None => When::Never { span },
            Some(repeats) => When::again(span, repeats, zone)?,
        };
        Ok(Self { name, subjects, when, cancelled: None, skipped: BTreeSet::new() })
    }

    /// From when on it does not take place any more; `None` if it has no end.
    pub fn over_at(&self) -> Option<Timestamp> {
        let end = match &self.when {
            When::Never { span } => Some(span.until),
            When::On { minutes, last, .. } => {
                last.map(|last| last + Duration::from_secs(u64::from(*minutes) * 60))
            }
        };
        [self.cancelled, end].into_iter().flatten().min()
    }

    /// When it is, or will be next within a year.
    pub fn next(&self, zone: &Zone, now: Timestamp) -> Option<Span> {
        let year = Span::new(now, now + Duration::from_secs(367 * 86_400));
        self.spans(zone, year).iter().next()
    }

    /// Its spans that touch a period, by the clocks of a zone.
    pub fn spans(&self, zone: &Zone, period: Span) -> Spans {
        let spans: Vec<Span> = match &self.when {
            When::Never { span } => vec![*span],
            When::On { days, minute, minutes, first, last } => {
                let length = Duration::from_secs(u64::from(*minutes) * 60).min(LONGEST);
                let begins = self.begins(zone, period, *days, *minute, length);
                let is_meant =
                    |begin: &Timestamp| begin >= first && last.is_none_or(|last| *begin < last);
                begins
                    .into_iter()
                    .filter(is_meant)
                    .map(|begin| Span::new(begin, begin + length))
                    .collect()
            }
        };
        let spans = spans.into_iter().map(|span| match self.cancelled {
            Some(cancelled) => span.before(cancelled),
            None => span,
        });
        spans.filter(|span| span.from < period.until && span.until > period.from).collect()
    }

    /// When it begins, on the days of a period and the days before it that reach into it.
    fn begins(
        &self,
        zone: &Zone,
        period: Span,
        days: Days,
        minute: u16,
        length: Duration,
    ) -> Vec<Timestamp> {
        let mut begins = Vec::new();
        let mut moment = period.from - length - Duration::from_secs(86_400);
        while moment < period.until {
            let day = LocalDay::of(zone, moment);
            let is_wanted = match days {
                Days::Daily => true,
                Days::Weekly(of_week) => day.of_week == of_week,
                Days::Monthly(of_month) => day.of_month == of_month,
            };
            if is_wanted && !self.skipped.contains(&day.date) {
                let (hour, minute) = (minute / 60, minute % 60);
                let begin = zone.read(&format!("{} {hour:02}:{minute:02}:00", day.date));
                begins.extend(begin.ok());
            }
            let next = zone.next_day_start(moment);
            if next <= moment {
                break;
            }
            moment = next;
        }
        begins
    }
}

impl When {
    fn again(span: Span, repeats: Repeats, zone: &Zone) -> Result<Self, PlanError> {
        let first = LocalDay::of(zone, span.from);
        let (days, between) = match repeats.every {
            Every::Day => (Days::Daily, 1),
            Every::Week => (Days::Weekly(first.of_week), 7),
            Every::Month => (Days::Monthly(first.of_month), 28),
        };
        if span.length() > Duration::from_secs(between * 86_400) {
            return Err(PlanError::TooLong);
        }
        let minutes = u32::try_from(span.length().as_secs() / 60).unwrap_or(u32::MAX);
        if minutes == 0 || repeats.last.is_some_and(|last| last <= span.from) {
            return Err(PlanError::Nothing);
        }
        let (hour, minute) = zone.wall_clock(span.from);
        let minute = u16::try_from(i16::from(hour) * 60 + i16::from(minute)).unwrap_or(0);
        // It begins with the minute.
        let first = Timestamp::from_millis(span.from.as_millis().div_euclid(60_000) * 60_000);
        Ok(Self::On { days, minute, minutes, first, last: repeats.last })
    }
}

impl LocalDay {
    fn of(zone: &Zone, moment: Timestamp) -> Self {
        let date: String = zone.write(moment).chars().take("2026-11-27".len()).collect();
        // The first day of Unix time was a Thursday.
        let of_week = (zone.day_of(moment).epoch_days() + 4).rem_euclid(7);
        let of_month = date.get(8..).and_then(|day| day.parse().ok());
        Self { date, of_week: u8::try_from(of_week).unwrap_or(0), of_month: of_month.unwrap_or(0) }
    }
}

/// All of a line's or site's maintenance that touches a period; that of a site is that of its lines if
/// `subjects` has both.
pub fn spans_of(
    windows: &[MaintenanceWindow],
    subjects: &[Subject],
    zone: &Zone,
    period: Span,
) -> Spans {
    let own = windows
        .iter()
        .filter(|window| window.subjects.iter().any(|subject| subjects.contains(subject)));
    own.flat_map(|window| window.spans(zone, period).iter().collect::<Vec<_>>()).collect()
}

/// What people work on at a moment.
pub fn in_maintenance(
    windows: &[MaintenanceWindow],
    zone: &Zone,
    now: Timestamp,
) -> BTreeSet<Subject> {
    let moment = Span::new(now, now + Duration::from_millis(1));
    let current = windows.iter().filter(|window| !window.spans(zone, moment).is_empty());
    current.flat_map(|window| window.subjects.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window(when: When) -> MaintenanceWindow {
        MaintenanceWindow {
            name: "work".to_owned(),
            subjects: vec![Subject::Line("hofuf-fibre".to_owned())],
            when,
            cancelled: None,
            skipped: BTreeSet::new(),
        }
    }

    fn on(days: Days, minute: u16, minutes: u32) -> MaintenanceWindow {
        window(When::On { days, minute, minutes, first: at("2026-01-01T00:00:00Z"), last: None })
    }

    fn told(window: &MaintenanceWindow, zone: &str, from: &str, until: &str) -> Vec<String> {
        let spans = window.spans(&zone.parse().unwrap(), Span::new(at(from), at(until)));
        spans.iter().map(|span| format!("{}+{}", span.from, span.length().as_secs() / 60)).collect()
    }

    #[test]
    fn windows_come_again_by_the_clock_on_the_wall() {
        let riyadh = |window, from, until| told(&window, "Asia/Riyadh", from, until);
        let week = ("2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z");
        // Fridays at two in the night.
        assert_eq!(
            riyadh(on(Days::Weekly(5), 120, 90), week.0, week.1),
            ["2026-11-26T23:00:00Z+90"]
        );
        assert_eq!(riyadh(on(Days::Daily, 0, 1), week.0, week.1).len(), 7);
        let year = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(riyadh(on(Days::Monthly(31), 60, 10), year.0, year.1).len(), 7);
        // One that began the day before reaches into the period.
        assert_eq!(
            riyadh(on(Days::Daily, 23 * 60, 120), "2026-11-22T21:30:00Z", "2026-11-22T21:40:00Z"),
            ["2026-11-22T20:00:00Z+120"]
        );
        // And one of five days.
        assert_eq!(
            riyadh(on(Days::Monthly(20), 0, 5 * 1_440), week.0, "2026-11-22T01:00:00Z"),
            ["2026-11-19T21:00:00Z+7200"]
        );
    }

    #[test]
    fn clocks_that_are_put_forward_or_back_make_no_window_longer() {
        let berlin =
            |minute, from, until| told(&on(Days::Daily, minute, 120), "Europe/Berlin", from, until);
        // At 02:30 there is no 02:30 on the 29th of March 2026.
        assert_eq!(
            berlin(150, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            ["2026-03-29T01:30:00Z+120"]
        );
        // And two of them on the 25th of October.
        assert_eq!(
            berlin(150, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            ["2026-10-25T00:30:00Z+120"]
        );
        assert_eq!(
            berlin(240, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
            ["2026-10-25T03:00:00Z+120"],
            "after it clocks are one hour behind"
        );
    }

    #[test]
    fn what_is_cancelled_or_skipped_does_not_count() {
        let mut window = on(Days::Daily, 0, 60);
        let days = ("2026-11-20T21:00:00Z", "2026-11-23T20:00:00Z");
        assert_eq!(told(&window, "Asia/Riyadh", days.0, days.1).len(), 3);
        window.skipped.insert("2026-11-22".to_owned());
        window.cancelled = Some(at("2026-11-22T21:15:00Z"));
        assert_eq!(
            told(&window, "Asia/Riyadh", days.0, days.1),
            ["2026-11-20T21:00:00Z+60", "2026-11-22T21:00:00Z+15"],
            "work that had begun counts until it was cancelled"
        );
        let span = Span::new(at("2026-11-21T00:00:00Z"), at("2026-11-21T01:00:00Z"));
        let mut once = self::window(When::Never { span });
        assert_eq!(told(&once, "Asia/Riyadh", days.0, days.1).len(), 1);
        once.cancelled = Some(at("2026-11-20T00:00:00Z"));
        assert_eq!(told(&once, "Asia/Riyadh", days.0, days.1).len(), 0);
    }

    #[test]
    fn a_window_has_a_first_and_a_last_day() {
        let window = window(When::On {
            days: Days::Daily,
            minute: 0,
            minutes: 60,
            first: at("2026-11-21T12:00:00Z"),
            last: Some(at("2026-11-23T12:00:00Z")),
        });
        let days = ("2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z");
        assert_eq!(
            told(&window, "UTC", days.0, days.1),
            ["2026-11-22T00:00:00Z+60", "2026-11-23T00:00:00Z+60"]
        );
    }

    #[test]
    fn work_is_planned_by_its_first_time() {
        let zone = "Asia/Riyadh".parse().unwrap();
        let planned = |from: &str, until: &str, every: Option<Every>, last: Option<&str>| {
            let repeats = every.map(|every| Repeats { every, last: last.map(at) });
            let span = Span::new(at(from), at(until));
            MaintenanceWindow::plan("work".to_owned(), Vec::new(), span, repeats, &zone)
        };
        // 02:00 to 03:30 on a Friday, the 27th.
        let (from, until) = ("2026-11-26T23:00:20Z", "2026-11-27T00:30:20Z");
        let year = ("2026-11-01T00:00:00Z", "2027-11-01T00:00:00Z");
        for (every, last, count, second) in [
            (None, None, 1, None),
            (Some(Every::Day), Some("2026-11-29T00:00:00Z"), 3, Some("2026-11-27T23:00:00Z+90")),
            (Some(Every::Week), None, 49, Some("2026-12-03T23:00:00Z+90")),
            (Some(Every::Month), None, 12, Some("2026-12-26T23:00:00Z+90")),
        ] {
            let window = planned(from, until, every, last).unwrap();
            let spans = told(&window, "Asia/Riyadh", year.0, year.1);
            assert_eq!(spans.len(), count, "{every:?}");
            assert_eq!(spans.get(1).map(String::as_str), second);
            assert_eq!(
                window.next(&zone, at("2026-11-27T00:00:00Z")).unwrap().from.as_secs() / 60,
                at(from).as_secs() / 60
            );
        }
        let (week, day) = ("2026-12-04T00:00:00Z", "2026-11-28T00:00:00Z");
        assert_eq!(planned(until, from, None, None), Err(PlanError::Backwards));
        assert_eq!(planned(from, "2027-01-01T00:00:00Z", None, None), Err(PlanError::TooLong));
        assert_eq!(planned(from, week, Some(Every::Week), None), Err(PlanError::TooLong));
        assert_eq!(planned(from, day, Some(Every::Day), None), Err(PlanError::TooLong));
        assert_eq!(planned(from, until, Some(Every::Day), Some(from)), Err(PlanError::Nothing));
        let blink = "2026-11-26T23:00:50Z";
        assert_eq!(planned(from, blink, Some(Every::Day), None), Err(PlanError::Nothing));
    }

    #[test]
    fn work_is_over_when_it_comes_no_more() {
        let daily = on(Days::Daily, 0, 60);
        assert_eq!(daily.over_at(), None);
        let mut ends = daily;
        if let When::On { last, .. } = &mut ends.when {
            *last = Some(at("2026-11-23T00:00:00Z"));
        }
        assert_eq!(ends.over_at(), Some(at("2026-11-23T01:00:00Z")));
        ends.cancelled = Some(at("2026-11-22T12:00:00Z"));
        assert_eq!(ends.over_at(), Some(at("2026-11-22T12:00:00Z")));
        let span = Span::new(at("2026-11-21T00:00:00Z"), at("2026-11-21T01:00:00Z"));
        assert_eq!(window(When::Never { span }).over_at(), Some(span.until));
    }

    #[test]
    fn it_is_known_what_people_work_on_now() {
        let windows = [on(Days::Daily, 0, 60)];
        let now = |text| in_maintenance(&windows, &"UTC".parse().unwrap(), at(text)).len();
        assert_eq!(now("2026-11-20T00:59:59Z"), 1);
        assert_eq!(now("2026-11-20T01:00:00Z"), 0);
        let own = [Subject::Line("hofuf-fibre".to_owned())];
        let day = Span::new(at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
        assert_eq!(spans_of(&windows, &own, &Zone::utc(), day).length().as_secs(), 3_600);
        assert!(spans_of(&windows, &[], &Zone::utc(), day).is_empty());
    }
}
