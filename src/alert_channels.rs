//! The channels of alerts that this machine has: those of `[alerts]`, and text messages by the gateways
//! that visitors' codes go by.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use controller::alert_channels::{Alert, AlertChannel, AlertChannels, AlertError};
use controller::links::alert::Way;
use domain::{Clock, PhoneNumber, SmsText};
use messaging::{Notices, SendError};

use crate::config::Config;

/// Opens those that incidents are told by, and all that have a section; reads their secrets.
///
/// # Errors
/// The first that cannot be opened.
pub fn open(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<AlertChannels> {
    let channels = AlertChannels::open(&config.alerts);
    let channels = channels.context("the channels of alerts cannot be opened")?;
    if !is_sms_used(config) {
        return Ok(channels);
    }
    let notices = Notices::open(&config.messaging, clock);
    Ok(channels.and(Sms(notices.context("alerts cannot go by text message")?)))
}

/// Whether somebody is told by text message.
pub fn is_sms_used(config: &Config) -> bool {
    let links = config.controller.links.iter();
    links.flat_map(|links| &links.alerts.channels).any(|channel| channel.way == Way::Sms)
}

struct Sms(Notices);

#[async_trait]
impl AlertChannel for Sms {
    fn name(&self) -> &'static str {
        "sms"
    }

    async fn send(&self, alert: &Alert<'_>) -> Result<(), AlertError> {
        let phone = alert.recipient.parse::<PhoneNumber>();
        let phone = phone.map_err(|error| AlertError::Never(error.to_string()))?;
        // The first line is one text message, and enough to know what it is about.
        let first = alert.text.lines().next().unwrap_or_default();
        let text = SmsText::new(first.to_owned());
        self.0.send(alert.key.as_str(), &phone, &text).await.map_err(|error| match error {
            SendError::Permanent { reason } => AlertError::Never(reason),
            SendError::Later { reason, .. } | SendError::Busy { reason, .. } => {
                AlertError::Later(reason)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use controller::alert_channels::{AlertKey, AlertSeverity};
    use domain::{ManualClock, Timestamp};

    use super::*;

    #[tokio::test]
    async fn what_is_no_number_is_for_the_next_way_and_a_number_is_told() {
        let now = Timestamp::from_secs(1_000);
        let clock = Arc::new(ManualClock::new(now));
        let sms = Sms(Notices::open(&Config::default().messaging, clock).unwrap());
        let key: AlertKey = "inc-7/raised".parse().unwrap();
        let alert = |recipient| Alert {
            recipient,
            text: "INC-7: the fibre of Hofuf is cut\nand more of it",
            key: &key,
            severity: AlertSeverity::Critical,
            at: now,
            attachment: None,
        };
        assert!(matches!(sms.send(&alert("duty@example.com")).await, Err(AlertError::Never(_))));
        // The terminal is the gateway by default.
        assert_eq!(sms.send(&alert("+966512345678")).await, Ok(()));
    }
}
