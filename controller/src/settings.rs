//! The `[controller]` section of the configuration file.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use crate::delivery::Patience;
use crate::link_centre::LinkCentreSettings;

/// How quotas are watched, orders delivered and old things cleared away.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ControllerSettings {
    /// Every how many seconds it is checked whose time online is over, beside each usage report;
    /// 1 to 300, default 5.
    pub sweep_seconds: u32,
    /// For how many hours an order to a silent access point is tried again; 1 to 168, default 24.
    pub give_up_hours: u32,
    /// For how many minutes accounting may take to show that an access point has done what it
    /// acknowledged, before the next way is tried; 1 to 1,440, default 15.
    pub confirm_minutes: u32,
    /// After how many seconds of silence a session counts as over, at least: three times the
    /// longest reporting interval of the plans counts if that is more; 180 to 86,400, default 180.
    pub stale_seconds: u32,
    /// How many codes of reports may go to one number in 24 hours; 1 to 1,000, default 10.
    pub report_codes_per_day: u32,
    /// How long things that are over are kept.
    pub retention: RetentionSettings,
    /// Where agents of links between offices tell what they see; nowhere without it.
    pub links: Option<LinkCentreSettings>,
}

/// How long things that are over are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Days for which what is over is kept with the hardware address of its device; then a keyed hash
    /// takes the place of the address; 1 to 3,650, default 30.
    pub mac_days: u32,
    /// Days for which challenges are kept with their hashed codes, and the visits in which they were
    /// asked for; 1 to 365, default 90.
    pub challenge_days: u32,
    /// Hours for which expired one-time credentials are kept; 1 to 720, default 24.
    pub credential_hours: u32,
    /// Days for which answered orders are kept; 1 to 3,650, default 90.
    pub order_days: u32,
    /// Days for which records of sent messages are kept, without number and words; 1 to 3,650,
    /// default 90.
    pub message_days: u32,
    /// Days for which sessions that are over are kept; 1 to 3,650, default 365.
    pub session_days: u32,
    /// Days for which grants whose time is over are kept; 1 to 3,650, default 365.
    pub grant_days: u32,
    /// Days for which what a person used in a day is kept; 2 to 3,650, default 365.
    pub usage_days: u32,
    /// Days for which a person is kept who does not come any more, with number, devices and
    /// consents; 1 to 3,650, default 365. The terms tell visitors `portal.retention-months`.
    pub account_days: u32,
    /// Days after which a number that was not used is taken for somebody else's when it comes again;
    /// 1 to 3,650, default 90.
    pub identity_days: u32,
    /// Days for which vouchers whose time is over are kept; 1 to 3,650, default 90. A batch stays
    /// for as long as persons are kept who had one of it.
    pub voucher_days: u32,
    /// Days for which a machine with a trail that was off can still learn who was erased; 1 to
    /// 3,651, default 31. More than `trail.keep-days` of any machine.
    pub erasure_days: u32,
    /// Days for which the audit log is kept; 366 to 3,650, default 550. NCA ECC-2:2024 2-12-3 asks
    /// for 12 months, and for critical systems CSCC asks for 18.
    pub audit_days: u32,
    /// Days for which it is kept how paths between offices were, second by second; 1 to 365, default 1.
    pub link_second_days: u32,
    /// The same in spans of ten seconds; 1 to 365, default 7.
    pub link_fine_days: u32,
    /// The same in minutes; 1 to 3,650, default 90.
    pub link_minute_days: u32,
    /// The same in quarters of an hour, and what happened to the links; 1 to 3,650, default 1,095.
    pub link_days: u32,
}

/// A setting that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`controller.{key}` is {value}, but must be {least} to {most}")]
pub struct SettingsError {
    /// The key as it is written.
    pub key: &'static str,
    /// What was written.
    pub value: u32,
    /// The least allowed.
    pub least: u32,
    /// The most allowed.
    pub most: u32,
}

impl Default for ControllerSettings {
    fn default() -> Self {
        Self {
            sweep_seconds: 5,
            give_up_hours: 24,
            confirm_minutes: 15,
            stale_seconds: 180,
            report_codes_per_day: 10,
            retention: RetentionSettings::default(),
            links: None,
        }
    }
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            mac_days: 30,
            challenge_days: 90,
            credential_hours: 24,
            order_days: 90,
            message_days: 90,
            session_days: 365,
            grant_days: 365,
            usage_days: 365,
            account_days: 365,
            identity_days: 90,
            voucher_days: 90,
            erasure_days: 31,
            audit_days: 550,
            link_second_days: 1,
            link_fine_days: 7,
            link_minute_days: 90,
            link_days: 1_095,
        }
    }
}

impl ControllerSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let retention = &self.retention;
        within("sweep-seconds", self.sweep_seconds, 1..=300)?;
        within("give-up-hours", self.give_up_hours, 1..=168)?;
        within("confirm-minutes", self.confirm_minutes, 1..=1_440)?;
        within("stale-seconds", self.stale_seconds, 180..=86_400)?;
        within("report-codes-per-day", self.report_codes_per_day, 1..=1_000)?;
        within("retention.mac-days", retention.mac_days, 1..=3_650)?;
        within("retention.challenge-days", retention.challenge_days, 1..=365)?;
        within("retention.credential-hours", retention.credential_hours, 1..=720)?;
        within("retention.order-days", retention.order_days, 1..=3_650)?;
        within("retention.message-days", retention.message_days, 1..=3_650)?;
        within("retention.session-days", retention.session_days, 1..=3_650)?;
        within("retention.grant-days", retention.grant_days, 1..=3_650)?;
        within("retention.usage-days", retention.usage_days, 2..=3_650)?;
        within("retention.account-days", retention.account_days, 1..=3_650)?;
        within("retention.identity-days", retention.identity_days, 1..=3_650)?;
        within("retention.voucher-days", retention.voucher_days, 1..=3_650)?;
        within("retention.erasure-days", retention.erasure_days, 1..=3_651)?;
        within("retention.audit-days", retention.audit_days, 366..=3_650)?;
        within("retention.link-second-days", retention.link_second_days, 1..=365)?;
        within("retention.link-fine-days", retention.link_fine_days, 1..=365)?;
        within("retention.link-minute-days", retention.link_minute_days, 1..=3_650)?;
        within("retention.link-days", retention.link_days, 1..=3_650)?;
        self.links.as_ref().map_or(Ok(()), LinkCentreSettings::validate)
    }

    pub(crate) fn sweep(&self) -> Duration {
        Duration::from_secs(u64::from(self.sweep_seconds))
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience {
            give_up_after: hours(self.give_up_hours),
            confirm_within: Duration::from_secs(u64::from(self.confirm_minutes) * 60),
        }
    }

    pub(crate) fn stale_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.stale_seconds))
    }
}

pub(crate) fn hours(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3_600)
}

pub(crate) fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}

pub(crate) fn within(
    key: &'static str,
    value: u32,
    range: RangeInclusive<u32>,
) -> Result<(), SettingsError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(SettingsError { key, value, least: *range.start(), most: *range.end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_named() {
        assert_eq!(ControllerSettings::default().validate(), Ok(()));
        let settings = ControllerSettings { sweep_seconds: 0, ..Default::default() };
        let reason = settings.validate().unwrap_err().to_string();
        assert_eq!(reason, "`controller.sweep-seconds` is 0, but must be 1 to 300");
        let retention = RetentionSettings { session_days: 4_000, ..Default::default() };
        let settings = ControllerSettings { retention, ..Default::default() };
        assert!(settings.validate().unwrap_err().to_string().contains("retention.session-days"));
        let retention = RetentionSettings { mac_days: 0, ..Default::default() };
        let settings = ControllerSettings { retention, ..Default::default() };
        let reason = settings.validate().unwrap_err().to_string();
        assert_eq!(reason, "`controller.retention.mac-days` is 0, but must be 1 to 3650");
    }
}
