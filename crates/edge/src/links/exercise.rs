//! Exercises: when the office is to use its backup as if the primary path had failed, and what is
//! written down of it. Who runs them asks at the desk, as people do.

use std::time::SystemTime;

use domain::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

use super::event::{Event, Words};
use crate::settings::{SettingsError, within};

/// More than any exercise has to say.
const LONGEST: usize = 1_000;

/// The section `[links.drill]`: an exercise every few months.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DrillSettings {
    /// Every how many months, of the year: 1, 2, 3, 4, 6 or 12; default 3, in January, April, July and
    /// October.
    pub months: u64,
    /// On the first such day of the month; default `tuesday`.
    pub weekday: Weekday,
    /// At which hour of the zone; 0 to 23, default 10.
    pub hour: u64,
    /// For how many minutes the office stays on its backup; 1 to 720, default 10.
    pub minutes: u64,
    /// By whose clocks; default `Asia/Riyadh`.
    pub zone: Zone,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Weekday {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

/// How an exercise was, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exercised {
    /// The path that was left.
    pub primary: String,
    /// The path that the office went to, if there was one.
    pub backup: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// In sentences.
    pub said: String,
}

/// What became of an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The backup was good until the end, and the office came back.
    Passed,
    /// It was not.
    Failed,
    /// Nothing was moved, for the backup would not have carried the office.
    Refused,
}

impl Default for DrillSettings {
    fn default() -> Self {
        Self { months: 3, weekday: Weekday::Tuesday, hour: 10, minutes: 10, zone: Zone::riyadh() }
    }
}

impl DrillSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        within("drill.months", self.months, 1, 12)?;
        if !12_u64.is_multiple_of(self.months) {
            let (key, least, most) = ("drill.months", 1, 12);
            return Err(SettingsError::OutOfRange { key, value: self.months, least, most });
        }
        within("drill.hour", self.hour, 0, 23)?;
        within("drill.minutes", self.minutes, 1, 720)
    }

    /// When the next exercise begins.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let local = self.zone.write(now);
        let year: u64 = local.get(..4)?.parse().ok()?;
        let month: u64 = local.get(5..7)?.parse().ok()?;
        // In a year it comes at least once more.
        (0..=12).find_map(|further| {
            let (year, month) = (year + (month - 1 + further) / 12, (month - 1 + further) % 12);
            let is_meant = month.is_multiple_of(self.months);
            let begin = || self.in_month(year, month + 1).filter(|begin| *begin > now);
            is_meant.then(begin).flatten()
        })
    }

    /// The first such day of a month.
    fn in_month(&self, year: u64, month: u64) -> Option<Timestamp> {
        (1..=7).find_map(|day| {
            let date = format!("{year:04}-{month:02}-{day:02} {:02}:00:00", self.hour);
            let begin = self.zone.read(&date).ok()?;
            // The first day of Unix time was a Thursday.
            let of_week = (self.zone.day_of(begin).epoch_days() + 4).rem_euclid(7);
            (of_week == self.weekday as i32).then_some(begin)
        })
    }
}

impl Exercised {
    /// As it is written down.
    pub(super) fn event(self, words: &Words, now: SystemTime) -> Result<Event, String> {
        let named = std::iter::once(&self.primary).chain(&self.backup);
        let unknown = named.into_iter().find(|path| !words.paths.contains(path));
        if let Some(path) = unknown {
            return Err(format!("there is no path {path}"));
        }
        let said: String = self.said.chars().take(LONGEST).collect();
        let to = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
        };
        Ok(Event {
            path: Some(self.backup.unwrap_or_else(|| self.primary.clone())),
            from: Some(self.primary),
            to: Some(to.to_owned()),
            why: Some(said),
            ..words.blank("drill", now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::settings::SwitchMode;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_exercise_comes_on_the_first_such_day_of_its_months() {
        let quarterly = DrillSettings::default();
        let yearly = DrillSettings { months: 12, weekday: Weekday::Sunday, ..quarterly.clone() };
        let monthly =
            DrillSettings { months: 1, weekday: Weekday::Friday, hour: 0, ..quarterly.clone() };
        for (settings, now, next) in [
            (&quarterly, "2026-11-27T00:00:00Z", "2027-01-05T07:00:00Z"),
            (&quarterly, "2027-01-05T06:59:59Z", "2027-01-05T07:00:00Z"),
            (&quarterly, "2027-01-05T07:00:00Z", "2027-04-06T07:00:00Z"),
            (&yearly, "2026-11-27T00:00:00Z", "2027-01-03T07:00:00Z"),
            (&yearly, "2027-01-03T07:00:00Z", "2028-01-02T07:00:00Z"),
            // It is December in Riyadh already.
            (&monthly, "2026-11-30T22:00:00Z", "2026-12-03T21:00:00Z"),
        ] {
            assert_eq!(settings.next(at(now)), Some(at(next)), "{now}");
        }
    }

    #[test]
    fn a_rhythm_that_does_not_fit_into_a_year_is_refused() {
        for (months, is_good) in
            [(0, false), (1, true), (4, true), (5, false), (12, true), (24, false)]
        {
            let settings = DrillSettings { months, ..DrillSettings::default() };
            assert_eq!(settings.validate().is_ok(), is_good, "{months}");
        }
        let late = DrillSettings { hour: 24, ..DrillSettings::default() };
        assert!(late.validate().is_err());
        let long = DrillSettings { minutes: 721, ..DrillSettings::default() };
        assert!(long.validate().is_err());
    }

    #[test]
    fn an_exercise_is_written_down_in_one_event() {
        let paths = vec!["fibre".to_owned(), "radio".to_owned()];
        let words = Words { site: "hofuf".to_owned(), paths, mode: SwitchMode::Switch };
        let exercised = |backup: &str| Exercised {
            primary: "fibre".to_owned(),
            backup: Some(backup.to_owned()),
            outcome: Outcome::Passed,
            said: "x".repeat(2_000),
        };
        let event = exercised("radio").event(&words, SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((event.what.as_str(), event.to.as_deref()), ("drill", Some("passed")));
        assert_eq!((event.path.as_deref(), event.from.as_deref()), (Some("radio"), Some("fibre")));
        assert_eq!(event.why.map(|why| why.len()), Some(LONGEST));
        assert!(exercised("copper").event(&words, SystemTime::UNIX_EPOCH).is_err());
        let refused = Exercised { backup: None, outcome: Outcome::Refused, ..exercised("radio") };
        let event = refused.event(&words, SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((event.path.as_deref(), event.to.as_deref()), (Some("fibre"), Some("refused")));
    }
}
