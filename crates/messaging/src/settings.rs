//! The `[messaging]` section of the configuration file.

use std::time::Duration;

use serde::Deserialize;

use crate::error::MessagingError;
use crate::http::HttpSettings;

/// How messages leave the house.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MessagingSettings {
    /// What carries them; default `console`.
    pub transport: TransportKind,
    /// How many are handed over at the same time; 1 to 64, default 8.
    pub concurrency: u32,
    /// How many are begun in a second at most, below the contracted rate; 1 to 1,000, default 10.
    pub per_second: u32,
    /// After how many seconds the outbox is looked at even if nothing woke us; 1 to 60, default 5.
    pub look_again_seconds: u32,
    /// The HTTP gateway; needed for `transport = "http"`.
    pub http: Option<HttpSettings>,
}

/// What carries messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransportKind {
    /// Prints them to standard output: for demonstrations only.
    Console,
    /// Hands them to an HTTP gateway.
    Http,
}

impl Default for MessagingSettings {
    fn default() -> Self {
        Self {
            transport: TransportKind::Console,
            concurrency: 8,
            per_second: 10,
            look_again_seconds: 5,
            http: None,
        }
    }
}

impl MessagingSettings {
    /// Checks ranges and templates, without reading any secret.
    ///
    /// # Errors
    /// [`MessagingError::Setting`] names the first setting that is wrong.
    pub fn validate(&self) -> Result<(), MessagingError> {
        for (name, value, most) in [
            ("concurrency", self.concurrency, 64),
            ("per-second", self.per_second, 1_000),
            ("look-again-seconds", self.look_again_seconds, 60),
        ] {
            if !(1..=most).contains(&value) {
                let reason = format!("is {value}, but must be from 1 to {most}");
                return Err(MessagingError::setting(name, reason));
            }
        }
        match (self.transport, &self.http) {
            (TransportKind::Http, None) => Err(MessagingError::no_gateway()),
            (_, Some(http)) => http.validate(),
            (TransportKind::Console, None) => Ok(()),
        }
    }

    /// How long one hand-over may take, waiting for its turn included.
    pub(crate) fn longest_hand_over(&self) -> Duration {
        let turn =
            Duration::from_secs(u64::from(self.concurrency.div_ceil(self.per_second.max(1))));
        let timeout = self.http.as_ref().map_or(Duration::ZERO, HttpSettings::timeout);
        turn + timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_range_is_named() {
        let check = |toml: &str, expected: Option<&str>| {
            let settings: MessagingSettings = toml::from_str(toml).expect(toml);
            let refusal = settings.validate().err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(refusal, None, "{toml}"),
                Some(part) => assert!(refusal.clone().unwrap().contains(part), "{refusal:?}"),
            }
        };
        check("", None);
        check("concurrency = 0", Some("`messaging.concurrency`"));
        check("per-second = 2000", Some("`messaging.per-second`"));
        check("look-again-seconds = 61", Some("`messaging.look-again-seconds`"));
        check("transport = \"http\"", Some("`messaging.http` is missing"));
        check("[http]\nurl = \"nowhere\"", Some("`messaging.http.url`"));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<MessagingSettings>("concurency = 3").is_err());
    }
}
