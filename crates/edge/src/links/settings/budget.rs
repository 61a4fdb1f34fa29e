//! How much may be spent on watching a path whose traffic is paid for, and in which time: that of the
//! contract, by the clocks of its place.

use domain::{Timestamp, Zone};
use link::metered::Period;
use serde::Deserialize;

use super::{LinksSettingsError, PathSettings};
use crate::settings::within;

const MEGABYTE: u64 = 1_000_000;

/// In which time a budget is spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetPeriod {
    /// From a day of the month to that of the next.
    #[default]
    Month,
    /// From midnight to midnight.
    Day,
}

impl PathSettings {
    pub(super) fn check_budget(&self) -> Result<(), LinksSettingsError> {
        within("budget-mb", self.budget_mb.unwrap_or(1).into(), 1, 1_000_000)?;
        within("budget-day", self.budget_day.into(), 1, 28)?;
        match self.budget_mb {
            Some(_) if !self.metered => Err(LinksSettingsError::Budget(self.name.clone())),
            _ => Ok(()),
        }
    }

    /// How many octets may be spent in each period, if that is limited.
    pub(in crate::links) fn budget(&self) -> Option<u64> {
        self.budget_mb.map(|mb| u64::from(mb) * MEGABYTE)
    }

    /// The period of a moment.
    pub(in crate::links) fn budget_period(&self, now: Timestamp) -> Option<Period> {
        let zone = &self.budget_zone;
        let date = zone.write(now);
        let (begin, end) = match self.budget_period {
            BudgetPeriod::Day => (zone.read(date.get(..10)?).ok()?, zone.next_day_start(now)),
            BudgetPeriod::Month => {
                let number = |text: &str| text.parse::<u32>().ok();
                let year = number(date.get(..4)?)?;
                let (month, day) = (number(date.get(5..7)?)?, number(date.get(8..10)?)?);
                // Months of Christ, from 0.
                let months = year * 12 + month - 1;
                let first = if day < u32::from(self.budget_day) { months - 1 } else { months };
                (self.first_day(zone, first)?, self.first_day(zone, first + 1)?)
            }
        };
        let seconds = |of: Timestamp| u64::try_from(of.as_secs()).ok();
        Some(Period { begin: seconds(begin)?, end: seconds(end)? })
    }

    /// When the month of the contract begins that has its first day in that month, counted from year 0.
    fn first_day(&self, zone: &Zone, months: u32) -> Option<Timestamp> {
        let (year, month) = (months / 12, months % 12 + 1);
        zone.read(&format!("{year:04}-{month:02}-{:02}", self.budget_day)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(more: &str) -> PathSettings {
        let text = format!(
            "name = \"lte\"\ndevice = \"lte0\"\nlocal = \"192.0.2.1\"\npeer = \"192.0.2.2\"\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_budget_is_spent_from_the_day_of_the_contract_to_that_of_the_next_month() {
        let month = "metered = true\nbudget-mb = 200\nbudget-day = 15";
        for (more, now, begin, end) in [
            (month, "2026-11-14T20:59:59Z", "2026-10-14T21:00:00Z", "2026-11-14T21:00:00Z"),
            (month, "2026-11-14T21:00:00Z", "2026-11-14T21:00:00Z", "2026-12-14T21:00:00Z"),
            (month, "2027-01-03T12:00:00Z", "2026-12-14T21:00:00Z", "2027-01-14T21:00:00Z"),
            ("", "2026-12-31T21:00:00Z", "2026-12-31T21:00:00Z", "2027-01-31T21:00:00Z"),
            (
                "budget-period = \"day\"\nbudget-zone = \"Europe/Berlin\"",
                "2026-10-25T12:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z",
            ),
        ] {
            let period = path(more).budget_period(now.parse().unwrap()).unwrap();
            let at = |text: &str| text.parse::<Timestamp>().unwrap().as_secs() as u64;
            assert_eq!(period, Period { begin: at(begin), end: at(end) }, "{more} {now}");
        }
        assert_eq!(path(month).budget(), Some(200_000_000));
    }

    #[test]
    fn a_budget_is_for_what_is_paid_for() {
        for (more, named) in [
            ("budget-mb = 200", "path lte: `budget-mb` needs `metered`"),
            ("metered = true\nbudget-mb = 0", "`budget-mb` is 0"),
            ("metered = true\nbudget-mb = 200\nbudget-day = 29", "`budget-day` is 29"),
        ] {
            let reason = path(more).check_budget().unwrap_err().to_string();
            assert!(reason.contains(named), "{reason}");
        }
    }
}
