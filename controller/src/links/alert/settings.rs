//! Who is told, by which ways, and when not.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::PhoneNumber;
use serde::{Deserialize, Serialize};

use crate::SettingsError;
use crate::links::incident::Severity;
use crate::links::wording::Language;
use crate::settings::within;

/// `[controller.links.alerts]`: who is told of incidents, by which ways, and when not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AlertSettings {
    /// After how many minutes without anybody who takes care the next level is told; 1 to 1,440,
    /// default 15.
    pub escalate_minutes: u32,
    /// The hour of the site's day in which quiet begins, in which only what is critical is told at once;
    /// 0 to 23, default 0. None if it is also the hour in which quiet ends.
    pub quiet_from_hour: u32,
    /// The hour in which quiet ends; 0 to 23, default 0.
    pub quiet_until_hour: u32,
    /// The hour of the site's day in which what was held back is told; 0 to 23, default 8. Not a quiet
    /// one.
    pub digest_hour: u32,
    /// How many messages one recipient has in an hour at most; what is more is told together later; 1 to
    /// 1,000, default 10.
    pub most_per_hour: u32,
    /// By which ways people can be told.
    pub channels: Vec<ChannelSettings>,
    /// Whom to tell.
    pub recipients: Vec<RecipientSettings>,
}

/// `[[controller.links.alerts.channels]]`: a way by which people can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChannelSettings {
    /// What recipients call it.
    pub name: String,
    /// `e-mail`, `webhook` or `syslog`, as its section of `[alerts]` is set; `sms` by the gateways of
    /// `[messaging]`.
    pub way: Way,
    /// The least that is told by it: `notice`, `warning` or `critical`; default `notice`.
    #[serde(default = "notice")]
    pub least: Severity,
}

/// `[[controller.links.alerts.recipients]]`: somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecipientSettings {
    /// What it is called.
    pub name: String,
    /// `ar` or `en`; default `ar`.
    #[serde(default)]
    pub language: Language,
    /// Whether it is told at once (0), or after as many times `escalate-minutes`; 0 to 9, default 0.
    #[serde(default)]
    pub level: u32,
    /// The least that it is told: `notice`, `warning` or `critical`; default `warning`.
    #[serde(default = "warning")]
    pub least: Severity,
    /// Where it is told, in order of preference: the next one where one fails.
    pub addresses: Vec<AddressSettings>,
}

/// `[[controller.links.alerts.recipients.addresses]]`: where somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AddressSettings {
    /// By which channel.
    pub channel: String,
    /// The telephone number, address or URL there.
    pub to: String,
}

/// How a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// As a text message.
    Sms,
    /// By mail.
    EMail,
    /// As a signed request to somebody's program.
    Webhook,
    /// Into a log.
    Syslog,
}

/// Why settings of alerts are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertSettingsError {
    /// A number is out of range.
    #[error(transparent)]
    Range(#[from] SettingsError),
    /// Two have the same name.
    #[error("`controller.links.alerts` names `{0}` twice")]
    Twice(String),
    /// A recipient has an address by no channel.
    #[error(
        "`{recipient}` of `controller.links.alerts` has an address by `{channel}`, which is no channel"
    )]
    Channel {
        /// Who.
        recipient: String,
        /// By which.
        channel: String,
    },
    /// A recipient's address by text message is no number.
    #[error(
        "`{recipient}` of `controller.links.alerts` has `{to}` for a number, which must have its \
         country code"
    )]
    Number {
        /// Who.
        recipient: String,
        /// What is none.
        to: String,
    },
    /// A recipient has no address.
    #[error("`{0}` of `controller.links.alerts` has no address")]
    NoAddress(String),
    /// What was held back would be told while it is quiet.
    #[error("`controller.links.alerts.digest-hour` is {0}, which is a quiet hour")]
    QuietDigest(u32),
}

const fn notice() -> Severity {
    Severity::Notice
}

const fn warning() -> Severity {
    Severity::Warning
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            escalate_minutes: 15,
            quiet_from_hour: 0,
            quiet_until_hour: 0,
            digest_hour: 8,
            most_per_hour: 10,
            channels: Vec::new(),
            recipients: Vec::new(),
        }
    }
}

impl AlertSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// The first value that cannot be.
    pub fn validate(&self) -> Result<(), AlertSettingsError> {
        within("links.alerts.escalate-minutes", self.escalate_minutes, 1..=1_440)?;
        within("links.alerts.quiet-from-hour", self.quiet_from_hour, 0..=23)?;
        within("links.alerts.quiet-until-hour", self.quiet_until_hour, 0..=23)?;
        within("links.alerts.digest-hour", self.digest_hour, 0..=23)?;
        within("links.alerts.most-per-hour", self.most_per_hour, 1..=1_000)?;
        if self.is_quiet_hour(self.digest_hour) {
            return Err(AlertSettingsError::QuietDigest(self.digest_hour));
        }
        let channels = unique(self.channels.iter().map(|channel| channel.name.as_str()))?;
        unique(self.recipients.iter().map(|recipient| recipient.name.as_str()))?;
        for recipient in &self.recipients {
            within("links.alerts.recipients.level", recipient.level, 0..=9)?;
            if recipient.addresses.is_empty() {
                return Err(AlertSettingsError::NoAddress(recipient.name.clone()));
            }
            let unknown = |address: &&AddressSettings| !channels.contains(address.channel.as_str());
            if let Some(address) = recipient.addresses.iter().find(unknown) {
                let (recipient, channel) = (recipient.name.clone(), address.channel.clone());
                return Err(AlertSettingsError::Channel { recipient, channel });
            }
            let is_none = |address: &&AddressSettings| {
                self.way(&address.channel) == Some(Way::Sms)
                    && address.to.parse::<PhoneNumber>().is_err()
            };
            if let Some(address) = recipient.addresses.iter().find(is_none) {
                let (recipient, to) = (recipient.name.clone(), address.to.clone());
                return Err(AlertSettingsError::Number { recipient, to });
            }
        }
        Ok(())
    }

    pub(super) const fn is_quiet_hour(&self, hour: u32) -> bool {
        let (from, until) = (self.quiet_from_hour, self.quiet_until_hour);
        if from <= until { from <= hour && hour < until } else { from <= hour || hour < until }
    }

    /// By which way a channel tells.
    pub(crate) fn way(&self, channel: &str) -> Option<Way> {
        self.channel(channel).map(|channel| channel.way)
    }

    pub(super) fn channel(&self, name: &str) -> Option<&ChannelSettings> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    pub(super) fn recipient(&self, name: &str) -> Option<&RecipientSettings> {
        self.recipients.iter().find(|recipient| recipient.name == name)
    }

    pub(super) fn escalation(&self) -> Duration {
        Duration::from_secs(u64::from(self.escalate_minutes) * 60)
    }
}

fn unique<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Result<BTreeSet<&'a str>, AlertSettingsError> {
    let mut known = BTreeSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(AlertSettingsError::Twice(name.to_owned()));
        }
    }
    Ok(known)
}
