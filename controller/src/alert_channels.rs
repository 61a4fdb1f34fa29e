//! How alerts reach people and systems outside: by e-mail, as a signed webhook, as syslog; and a sign of
//! life to a place outside that raises the alarm when it stays away.
//!
//! What is an alert, who is told, and when again, is decided elsewhere. A channel tries once and says
//! whether it is worth trying again; [`deliver`] tries again with the same key, by which whoever takes
//! the alert knows that it is the same one.

mod dead_man;
mod mail;
mod messages;
mod settings;
mod syslog;
mod webhook;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use domain::{PhoneNumber, Timestamp};

pub use dead_man::DeadMan;
pub use mail::Mail;
pub use settings::{
    AlertSettings, AlertSettingsError, DeadManSettings, MailSettings, MailTls, SyslogProtocol,
    SyslogSettings, WebhookSettings,
};
pub use syslog::Syslog;
pub use webhook::Webhook;

/// How much an alert matters, with the words and numbers of syslog (RFC 5424 §6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertSeverity {
    /// Good to know.
    Informational,
    /// Something is not as it should be, and nobody feels it yet.
    Warning,
    /// Somebody feels it.
    Critical,
    /// Somebody has to act at once.
    Alert,
}

/// Whoever is told, as a log may name them: of a mail address the first letter and the domain, of a number
/// its ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Masked<'a>(pub(crate) &'a str);

impl Masked<'_> {
    /// What was said of them, without their whole name.
    pub(crate) fn within(self, reason: &str) -> String {
        match self.0 {
            "" => reason.to_owned(),
            whole => reason.replace(whole, &self.to_string()),
        }
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |text: &str| text.chars().next().map_or(String::new(), |it| it.to_string());
        match (self.0.rsplit_once('@'), self.0.parse::<PhoneNumber>()) {
            (Some((name, domain)), _) => write!(f, "{}•••@{domain}", first(name)),
            (None, Ok(number)) => number.masked().fmt(f),
            (None, Err(_)) => write!(f, "{}•••", first(self.0)),
        }
    }
}

impl AlertSeverity {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Alert => "alert",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Informational => 6,
            Self::Warning => 4,
            Self::Critical => 2,
            Self::Alert => 1,
        }
    }
}

/// What all attempts to tell of the same thing have in common: 1 to 200 of letters, digits, `-`, `_`, `.`
/// and `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AlertKey(String);

/// Why a text is not an [`AlertKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an alert's key is 1 to 200 of letters, digits, '-', '_', '.' and '/'")]
pub struct AlertKeyError;

impl AlertKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AlertKey {
    type Err = AlertKeyError;

    fn from_str(text: &str) -> Result<Self, AlertKeyError> {
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_./".contains(&octet);
        if (1..=200).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(AlertKeyError)
    }
}

/// One alert to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Alert<'a> {
    /// Who is told, as the channel knows them: an address of e-mail; others only pass it on.
    pub recipient: &'a str,
    /// What is told, in lines; the first is enough to know what it is about.
    pub text: &'a str,
    /// By which it is known to be the same at each attempt.
    pub key: &'a AlertKey,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// When it came about.
    pub at: Timestamp,
    /// A page that goes with a mail; other channels leave it out.
    pub attachment: Option<Attachment<'a>>,
}

/// A page that goes with a mail.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'a> {
    /// What the file is called.
    pub name: &'a str,
    /// The page.
    pub html: &'a str,
}

/// Why a channel did not take an alert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// It may take it later.
    #[error("{0}")]
    Later(String),
    /// It will not take this one.
    #[error("{0}")]
    Never(String),
}

/// One way to tell of alerts.
#[async_trait]
pub trait AlertChannel: Send + Sync {
    /// What the channel is called: `mail`, `webhook`, `syslog` or `sms`.
    fn name(&self) -> &'static str;

    /// Tries once to tell of it.
    ///
    /// # Errors
    /// [`AlertError`], which says whether it is worth trying again.
    async fn send(&self, alert: &Alert<'_>) -> Result<(), AlertError>;
}

/// Why a channel cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AlertChannelError {
    /// A file of a secret or a certificate cannot be used.
    #[error("cannot use {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The settings say something that cannot be.
    #[error("[alerts.{channel}] {reason}")]
    Setting {
        /// Which channel.
        channel: &'static str,
        /// What.
        reason: String,
    },
}

/// All channels that are set.
pub struct AlertChannels(Vec<Box<dyn AlertChannel>>);

impl fmt::Debug for AlertChannels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|channel| channel.name())).finish()
    }
}

impl AlertChannels {
    /// Opens those of the settings; reads their secrets.
    ///
    /// # Errors
    /// [`AlertChannelError`] for the first that cannot be opened.
    pub fn open(settings: &AlertSettings) -> Result<Self, AlertChannelError> {
        let mut channels: Vec<Box<dyn AlertChannel>> = Vec::new();
        if let Some(mail) = &settings.mail {
            channels.push(Box::new(Mail::open(mail)?));
        }
        if let Some(webhook) = &settings.webhook {
            channels.push(Box::new(Webhook::open(webhook)?));
        }
        if let Some(syslog) = &settings.syslog {
            channels.push(Box::new(Syslog::open(syslog)));
        }
        Ok(Self(channels))
    }

    /// These and one more.
    #[must_use]
    pub fn and(mut self, channel: impl AlertChannel + 'static) -> Self {
        self.0.push(Box::new(channel));
        self
    }

    /// The channel of that name.
    pub fn find(&self, name: &str) -> Option<&dyn AlertChannel> {
        self.0.iter().find(|channel| channel.name() == name).map(AsRef::as_ref)
    }

    /// What they are called.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|channel| channel.name()).collect()
    }
}

/// Between attempts; there is one more than these.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];

/// Tells of an alert, and tries again for a while if that may help.
///
/// # Errors
/// That of the last attempt.
pub async fn deliver(channel: &dyn AlertChannel, alert: &Alert<'_>) -> Result<(), AlertError> {
    deliver_with(channel, alert, PAUSES).await
}

async fn deliver_with(
    channel: &dyn AlertChannel,
    alert: &Alert<'_>,
    pauses: [Duration; 3],
) -> Result<(), AlertError> {
    for pause in pauses {
        match channel.send(alert).await {
            Err(AlertError::Later(reason)) => {
                let reason = Masked(alert.recipient).within(&reason);
                tracing::warn!(
                    channel = channel.name(),
                    key = alert.key.as_str(),
                    reason,
                    "alerts.retry"
                );
            }
            outcome => return outcome,
        }
        tokio::time::sleep(pause).await;
    }
    channel.send(alert).await
}

/// Reads a secret, without the blanks around it.
fn read_secret(path: &Path) -> Result<Vec<u8>, AlertChannelError> {
    let text = std::fs::read(path)
        .map_err(|source| AlertChannelError::File { path: path.to_owned(), source })?;
    let text = text.trim_ascii();
    if text.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, "it is empty");
        return Err(AlertChannelError::File { path: path.to_owned(), source });
    }
    Ok(text.to_vec())
}

/// What asks web servers. It follows no redirect and takes no proxy from the environment, so that what
/// it says goes nowhere but to the address in the settings.
fn web_client(timeout: Duration) -> Result<reqwest::Client, String> {
    // rustls wants one provider for the whole process; one that was chosen before stays.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("sabeel/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())
}

/// Why an exchange broke off. The error's own words hold the address, which may be a secret.
fn broken_exchange(error: &reqwest::Error) -> String {
    let reason = if error.is_timeout() {
        "the server did not answer in time"
    } else if error.is_connect() {
        "the server cannot be reached"
    } else {
        "the exchange with the server broke off"
    };
    reason.to_owned()
}

#[cfg(test)]
mod tests;
