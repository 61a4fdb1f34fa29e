//! Messages about incidents, told by the channel of their way.

use super::AlertSettings;
use super::{Alert, AlertChannels, AlertError, AlertKey, AlertSeverity, deliver};
use crate::links::alert::{Message, Way};
use crate::links::incident::Severity;
use domain::Timestamp;

impl AlertSettings {
    /// Whether alerts can go that way.
    pub const fn has(&self, way: Way) -> bool {
        match way {
            Way::EMail => self.mail.is_some(),
            Way::Webhook => self.webhook.is_some(),
            Way::Syslog => self.syslog.is_some(),
            // By the gateways of codes, which have a section of their own.
            Way::Sms => true,
        }
    }
}

impl AlertChannels {
    /// Tells of incidents, and tries again for a while if that may help.
    ///
    /// # Errors
    /// Why it was not told; then it is for the next way.
    pub async fn tell(&self, message: &Message, way: Way, at: Timestamp) -> Result<(), AlertError> {
        let name = match way {
            Way::EMail => "mail",
            Way::Webhook => "webhook",
            Way::Syslog => "syslog",
            Way::Sms => "sms",
        };
        let channel = self
            .find(name)
            .ok_or_else(|| AlertError::Never(format!("there is no channel `{name}`")))?;
        let key = message.key.parse::<AlertKey>();
        let key = key.map_err(|error| AlertError::Never(error.to_string()))?;
        let lines = std::iter::once(&message.text).chain(&message.lines);
        let text = lines.map(String::as_str).collect::<Vec<_>>().join("\n");
        let severity = match message.severity {
            Severity::Notice => AlertSeverity::Informational,
            Severity::Warning => AlertSeverity::Warning,
            Severity::Critical => AlertSeverity::Critical,
        };
        let recipient = &message.to;
        let alert = Alert { recipient, text: &text, key: &key, severity, at, attachment: None };
        deliver(channel, &alert).await
    }
}
