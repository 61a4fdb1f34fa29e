//! What can be set about the RADIUS server, with defaults that are safe for a city.
//!
//! [`RadiusSettings::validate`] gives the first reason why a written section cannot be used;
//! [`crate::Radius::bind`] asks it again, so that an invalid section never runs.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{MessageAuthenticatorRule, ProxyStateRule};
use serde::{Deserialize, Deserializer};

use crate::radsec::RadsecSettings;

/// The section `[radius]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RadiusSettings {
    /// Where Access-Requests arrive; 1 to 16 addresses, default `0.0.0.0:1812`.
    pub authentication: Vec<SocketAddr>,
    /// Where Accounting-Requests arrive; 1 to 16 addresses, default `0.0.0.0:1813`.
    pub accounting: Vec<SocketAddr>,
    /// Receive buffer of each socket in octets; 65,536 to 268,435,456, default 4 MiB. The kernel
    /// may grant less to a service without the right to exceed its limit.
    pub receive_buffer: usize,
    /// Sockets for each address, between which the kernel spreads the access points; 1 to 64,
    /// default one for each core.
    pub sockets_per_address: usize,
    /// Requests of one socket that wait for their turn; 64 to 1,048,576, default 8,192. Each
    /// takes its own length and some. When there are more, whoever has most of them loses some.
    pub waiting_requests: usize,
    /// Access-Requests of one socket that are worked on at a time, half of them at most of one
    /// access point; 1 to 65,536, default 1,024. Further ones wait for their turn, for ten seconds
    /// at most; then the NAS has asked again or elsewhere.
    pub requests_in_progress: usize,
    /// Accounting-Requests that are written to disk together; 1 to 4,096, default 256.
    pub accounting_batch: usize,
    /// How long an Access-Reject is held back, in milliseconds; 0 to 10,000, default 1,000. Up to
    /// a quarter more is added by chance.
    pub reject_delay_ms: u64,
    /// Access-Rejects of one socket held back at a time; 1 to 1,000,000, default 10,000. Further
    /// ones are never sent.
    pub delayed_rejects: usize,
    /// Wrong credentials of one device in a minute, after which it is refused without a look; 1 to
    /// 1,000, default 10.
    pub failures_per_minute: u32,
    /// Devices whose grant is remembered; 1 to 10,000,000, default 100,000.
    pub known_grants: usize,
    /// For how long a remembered grant is used without asking the store, in milliseconds; 0 to
    /// 5,000, default 5,000.
    pub known_grant_freshness_ms: u64,
    /// Whether an access point that is added must send Message-Authenticator: `required`, `learn`
    /// (required once it was seen) or `optional`; default `learn`. Each can be set differently.
    #[serde(deserialize_with = "rule")]
    pub message_authenticator: MessageAuthenticatorRule,
    /// Whether Proxy-State without Message-Authenticator is dropped of one that is added; default
    /// `true`. Each can be set differently.
    pub limit_proxy_state: bool,
    /// How access points are told to end or renew a session.
    pub dynamic_authorization: DaeSettings,
    /// RADIUS over TLS, if it is spoken.
    pub radsec: Option<RadsecSettings>,
}

/// The section `[radius.dynamic-authorization]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DaeSettings {
    /// The address that Disconnect and CoA come from towards IPv4 access points, which may know
    /// their server by it; default `0.0.0.0`, the system's choice.
    pub source_ipv4: Ipv4Addr,
    /// The same towards IPv6 access points; default `::`.
    pub source_ipv6: Ipv6Addr,
    /// How long an answer is waited for, with retransmissions meanwhile, in milliseconds; 100 to
    /// 30,000, default 10,000.
    pub patience_ms: u64,
    /// Requests that go out in a second to all access points together; 1 to 10,000, default 200.
    pub requests_per_second: u32,
    /// Requests that go out in a second to one access point; 1 to 1,000, default 50. RFC 5176 §6.3
    /// lets a source port send 256 in five minutes, and we have 64 ports.
    pub requests_per_second_to_one: u32,
}

/// Why a section `[radius]` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A number is outside its range.
    #[error("`radius.{key}` is {value}, but must be {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What was written.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// A value that has no default is missing.
    #[error("`radius.{key}` is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A list of addresses is empty or too long.
    #[error("`radius.{key}` has {count} addresses, but must have 1 to 16")]
    Addresses {
        /// The key.
        key: &'static str,
        /// How many were written.
        count: usize,
    },
}

impl Default for RadiusSettings {
    fn default() -> Self {
        Self {
            authentication: vec![(Ipv4Addr::UNSPECIFIED, 1812).into()],
            accounting: vec![(Ipv4Addr::UNSPECIFIED, 1813).into()],
            receive_buffer: 4 << 20,
            sockets_per_address: std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(64),
            waiting_requests: 8_192,
            requests_in_progress: 1_024,
            accounting_batch: 256,
            reject_delay_ms: 1_000,
            delayed_rejects: 10_000,
            failures_per_minute: 10,
            known_grants: 100_000,
            known_grant_freshness_ms: 5_000,
            message_authenticator: MessageAuthenticatorRule::Learn,
            limit_proxy_state: true,
            dynamic_authorization: DaeSettings::default(),
            radsec: None,
        }
    }
}

impl Default for DaeSettings {
    fn default() -> Self {
        Self {
            source_ipv4: Ipv4Addr::UNSPECIFIED,
            source_ipv6: Ipv6Addr::UNSPECIFIED,
            patience_ms: 10_000,
            requests_per_second: 200,
            requests_per_second_to_one: 50,
        }
    }
}

impl DaeSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        within("dynamic-authorization.patience-ms", self.patience_ms, 100..=30_000)?;
        let (to_all, to_one) = (self.requests_per_second, self.requests_per_second_to_one);
        within("dynamic-authorization.requests-per-second", to_all.into(), 1..=10_000)?;
        within("dynamic-authorization.requests-per-second-to-one", to_one.into(), 1..=1_000)
    }
}

impl RadiusSettings {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first value that is outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        addresses("authentication", &self.authentication)?;
        addresses("accounting", &self.accounting)?;
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        within("receive-buffer", number(self.receive_buffer), 65_536..=268_435_456)?;
        within("sockets-per-address", number(self.sockets_per_address), 1..=64)?;
        within("waiting-requests", number(self.waiting_requests), 64..=1_048_576)?;
        within("requests-in-progress", number(self.requests_in_progress), 1..=65_536)?;
        within("accounting-batch", number(self.accounting_batch), 1..=4_096)?;
        within("reject-delay-ms", self.reject_delay_ms, 0..=10_000)?;
        within("delayed-rejects", number(self.delayed_rejects), 1..=1_000_000)?;
        within("failures-per-minute", self.failures_per_minute.into(), 1..=1_000)?;
        within("known-grants", number(self.known_grants), 1..=10_000_000)?;
        within("known-grant-freshness-ms", self.known_grant_freshness_ms, 0..=5_000)?;
        self.radsec.as_ref().map_or(Ok(()), RadsecSettings::validate)?;
        self.dynamic_authorization.validate()
    }

    /// Whether an access point that is added may send Proxy-State unprotected.
    #[must_use]
    pub const fn proxy_state(&self) -> ProxyStateRule {
        if self.limit_proxy_state { ProxyStateRule::Limited } else { ProxyStateRule::Unlimited }
    }

    /// How long an Access-Reject is held back at least.
    #[must_use]
    pub fn reject_delay(&self) -> Duration {
        Duration::from_millis(self.reject_delay_ms)
    }

    /// For how long a remembered grant is used without asking the store.
    #[must_use]
    pub fn known_grant_freshness(&self) -> Duration {
        Duration::from_millis(self.known_grant_freshness_ms)
    }
}

fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MessageAuthenticatorRule, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

pub(crate) fn addresses(key: &'static str, written: &[SocketAddr]) -> Result<(), SettingsError> {
    let count = written.len();
    if (1..=16).contains(&count) { Ok(()) } else { Err(SettingsError::Addresses { key, count }) }
}

pub(crate) fn within(
    key: &'static str,
    value: u64,
    range: RangeInclusive<u64>,
) -> Result<(), SettingsError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(SettingsError::OutOfRange { key, value, least, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RadiusSettings, String> {
        let settings: RadiusSettings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn an_empty_section_is_a_city_that_listens_on_the_registered_ports() {
        let settings = read("").unwrap();
        assert_eq!(settings, RadiusSettings::default());
        assert_eq!(settings.authentication, ["0.0.0.0:1812".parse().unwrap()]);
        assert_eq!(settings.reject_delay(), Duration::from_secs(1));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        for (text, named) in [
            ("accounting = []", "radius.accounting"),
            ("known-grant-freshness-ms = 5001", "radius.known-grant-freshness-ms"),
            ("accounting-batch = 0", "radius.accounting-batch"),
            ("receive-buffer = 1", "radius.receive-buffer"),
            ("reject-dely-ms = 1", "reject-dely-ms"),
            ("message-authenticator = \"learnt\"", "required, learn and optional"),
            (
                "[dynamic-authorization]\npatience-ms = 1",
                "radius.dynamic-authorization.patience-ms",
            ),
        ] {
            let reason = read(text).unwrap_err();
            assert!(reason.contains(named), "{text}: {reason}");
        }
    }
}
