//! The sections `[alerts.*]` of the configuration file.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

/// By which channels alerts can be told, and where a sign of life goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AlertSettings {
    /// E-mail.
    pub mail: Option<MailSettings>,
    /// A web server that is told.
    pub webhook: Option<WebhookSettings>,
    /// A server of syslog.
    pub syslog: Option<SyslogSettings>,
    /// A place outside that raises the alarm when nothing is heard.
    pub dead_man: Option<DeadManSettings>,
}

/// How e-mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MailSettings {
    /// The name or address of the SMTP server.
    pub server: String,
    /// Its port; default 587, with `tls = "wrapped"` 465, with `none` 25.
    pub port: Option<u16>,
    /// How the connection is protected; default `starttls`, which is insisted on.
    #[serde(default)]
    pub tls: MailTls,
    /// Who vouches for its certificate, as a PEM file, besides those whom the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Who signs in; default nobody.
    pub user: Option<String>,
    /// The file of the password.
    pub password_file: Option<PathBuf>,
    /// From whom mails are.
    pub from: String,
    /// How long a mail may take, in seconds; 1 to 120, default 20.
    #[serde(default = "default_mail_timeout")]
    pub timeout_seconds: u64,
}

/// How a connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTls {
    /// It begins in the clear and is protected before anything is said (RFC 3207).
    #[default]
    Starttls,
    /// It is protected from its first octet (RFC 8314).
    Wrapped,
    /// It is not; for a server on this machine.
    None,
}

/// How a web server is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WebhookSettings {
    /// To where alerts are posted: `https`, or `http` on this machine.
    pub url: Url,
    /// The file of the secret by which they are signed; 16 octets at least, or `whsec_` and base64.
    pub secret_file: PathBuf,
    /// How long the server may take, in seconds; 1 to 120, default 10.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// How a server of syslog is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SyslogSettings {
    /// Its name or address and its port.
    pub server: String,
    /// By datagrams or over connections; default `udp`.
    #[serde(default)]
    pub protocol: SyslogProtocol,
    /// The number of the facility; 0 to 23, default 16, which is `local0`.
    #[serde(default = "default_facility")]
    pub facility: u8,
    /// How long a connection may take, in seconds; 1 to 120, default 10.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// How syslog goes over the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyslogProtocol {
    /// By datagrams, which nobody acknowledges (RFC 5426).
    #[default]
    Udp,
    /// Over a connection, each message with its length before it (RFC 6587 s3.4.1).
    Tcp,
}

/// Where a sign of life goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeadManSettings {
    /// What is got: `https`, or `http` on this machine.
    pub url: Url,
    /// Every how many seconds; 10 to 3,600, default 60.
    #[serde(default = "default_every")]
    pub every_seconds: u64,
}

/// Why the settings of alerts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertSettingsError {
    /// A number is outside its range.
    #[error("{key} is {value}, but must be {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What it is.
        value: u64,
        /// The least that it may be.
        least: u64,
        /// The most that it may be.
        most: u64,
    },
    /// Something is missing or is not what it has to be.
    #[error("{key} must be {wanted}")]
    Wrong {
        /// The key.
        key: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
}

impl AlertSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// The first that does not fit.
    pub fn validate(&self) -> Result<(), AlertSettingsError> {
        self.mail.as_ref().map_or(Ok(()), MailSettings::validate)?;
        if let Some(WebhookSettings { url, timeout_seconds, .. }) = &self.webhook {
            check_url("webhook.url", url)?;
            within("webhook.timeout-seconds", *timeout_seconds, 1..=120)?;
        }
        if let Some(SyslogSettings { server, facility, timeout_seconds, .. }) = &self.syslog {
            let port = server.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
            if !matches!(port, Some((host, Ok(1..))) if !host.is_empty()) {
                let wanted = "a name or address and a port, such as log.example:514";
                return Err(AlertSettingsError::Wrong { key: "syslog.server", wanted });
            }
            within("syslog.facility", (*facility).into(), 0..=23)?;
            within("syslog.timeout-seconds", *timeout_seconds, 1..=120)?;
        }
        if let Some(DeadManSettings { url, every_seconds }) = &self.dead_man {
            check_url("dead-man.url", url)?;
            within("dead-man.every-seconds", *every_seconds, 10..=3_600)?;
        }
        Ok(())
    }
}

impl MailSettings {
    fn validate(&self) -> Result<(), AlertSettingsError> {
        let wrong = |key, wanted| Err(AlertSettingsError::Wrong { key, wanted });
        within("mail.timeout-seconds", self.timeout_seconds, 1..=120)?;
        if self.server.is_empty() {
            return wrong("mail.server", "the name or address of a server");
        }
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            return wrong("mail.from", "an address, such as \"Sabeel <alerts@example.com>\"");
        }
        if self.user.is_some() != self.password_file.is_some() {
            return wrong("mail.user", "set together with mail.password-file");
        }
        if self.tls == MailTls::None && (self.user.is_some() || self.ca_file.is_some()) {
            return wrong("mail.tls", "another one where a password or a certificate is set");
        }
        Ok(())
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Starttls => 587,
            MailTls::Wrapped => 465,
            MailTls::None => 25,
        })
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

fn within(
    key: &'static str,
    value: u64,
    range: RangeInclusive<u64>,
) -> Result<(), AlertSettingsError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(AlertSettingsError::OutOfRange { key, value, least, most })
}

/// What is said to others is protected on its way.
fn check_url(key: &'static str, url: &Url) -> Result<(), AlertSettingsError> {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" && url.host().is_some() || url.scheme() == "http" && is_here {
        return Ok(());
    }
    let wanted = "an address that begins with https://, or with http:// on this machine";
    Err(AlertSettingsError::Wrong { key, wanted })
}

const fn default_mail_timeout() -> u64 {
    20
}

const fn default_timeout() -> u64 {
    10
}

const fn default_facility() -> u8 {
    16
}

const fn default_every() -> u64 {
    60
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn all() -> Value {
        json!({
            "mail": { "server": "mail.example", "from": "Sabeel <alerts@example.com>" },
            "webhook": { "url": "https://ops.example/hook", "secret-file": "/s" },
            "syslog": { "server": "log.example:514" },
            "dead-man": { "url": "https://alive.example/abc" },
        })
    }

    fn check(section: &str, key: &str, value: &Value) -> Result<(), String> {
        let mut all = all();
        all[section][key] = value.clone();
        let settings: AlertSettings =
            serde_json::from_value(all).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        for (section, key, value, named) in [
            ("mail", "server", json!(""), "mail.server"),
            ("mail", "from", json!("nobody"), "mail.from"),
            ("mail", "user", json!("sabeel"), "mail.user"),
            ("mail", "timeout-seconds", json!(0), "mail.timeout-seconds is 0"),
            ("webhook", "url", json!("http://ops.example/hook"), "webhook.url"),
            ("webhook", "url", json!("ftp://127.0.0.1/hook"), "webhook.url"),
            ("syslog", "server", json!("log.example"), "syslog.server"),
            ("syslog", "server", json!("log.example:0"), "syslog.server"),
            ("syslog", "facility", json!(24), "syslog.facility is 24"),
            ("dead-man", "every-seconds", json!(9), "dead-man.every-seconds is 9"),
            ("dead-man", "urll", json!(9), "urll"),
        ] {
            let reason = check(section, key, &value).unwrap_err();
            assert!(reason.contains(named), "{section}.{key}: {reason}");
        }
    }

    #[test]
    fn what_is_only_on_this_machine_may_be_in_the_clear() {
        for (section, key, value) in [
            ("webhook", "url", json!("http://127.0.0.1:8080/hook")),
            ("dead-man", "url", json!("http://[::1]/alive")),
            ("mail", "tls", json!("none")),
            ("syslog", "protocol", json!("tcp")),
        ] {
            assert_eq!(check(section, key, &value), Ok(()), "{section}.{key}");
        }
        let mut all = all();
        all["mail"] = json!({ "server": "mail.example", "from": "a@example.com", "tls": "none",
            "user": "sabeel", "password-file": "/p" });
        let settings: AlertSettings = serde_json::from_value(all).unwrap();
        assert!(settings.validate().unwrap_err().to_string().starts_with("mail.tls"));
    }
}
