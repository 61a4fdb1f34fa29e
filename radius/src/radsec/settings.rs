//! What can be set about RADIUS over TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use certificates::Mutual;
use radius_proto::radsec::{Limits, Version};
use serde::Deserialize;

use crate::settings::{SettingsError, addresses, within};

/// The section `[radius.radsec]` of the configuration file; without it nobody listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RadsecSettings {
    /// Where connections arrive; 1 to 16 addresses, default `0.0.0.0:2083`.
    pub listen: Vec<SocketAddr>,
    /// PEM file with the server's certificate and those between it and its CA.
    pub certificate: PathBuf,
    /// PEM file with the key of that certificate.
    pub key: PathBuf,
    /// PEM file with the CAs whose certificates access points may bring. The system's are never
    /// trusted.
    pub ca: PathBuf,
    /// PEM file with a revocation list of each of those CAs; by default nothing is revoked.
    pub crl: Option<PathBuf>,
    /// Connections at a time; 1 to 65,536, default 4,096.
    pub connections: usize,
    /// Connections of one access point at a time; 1 to 256, default 8. A further one replaces the
    /// oldest, which is likely to be dead.
    pub connections_per_nas: usize,
    /// Connections at a time that have not yet proved who they are; 1 to 4,096, default 256.
    pub handshakes: usize,
    /// How long such a proof may take, in seconds; 1 to 60, default 10.
    pub handshake_seconds: u64,
    /// After how many seconds without a packet a connection is closed; 60 to 86,400, default 900.
    pub idle_seconds: u64,
    /// After how many seconds in which nothing followed an order the access point is asked by
    /// Status-Server whether it is still there, and after how many more its connection is closed;
    /// 1 to 300, default 30.
    pub watchdog_seconds: u64,
    /// For how many seconds an access point may leave our packets unread; 1 to 300, default 10.
    pub unread_seconds: u64,
    /// How often the files are looked at for changes, in seconds; 1 to 86,400, default 30.
    pub reload_seconds: u64,
}

impl Default for RadsecSettings {
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::UNSPECIFIED, 2083).into()],
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            ca: PathBuf::new(),
            crl: None,
            connections: 4_096,
            connections_per_nas: 8,
            handshakes: 256,
            handshake_seconds: 10,
            idle_seconds: 900,
            watchdog_seconds: 30,
            unread_seconds: 10,
            reload_seconds: 30,
        }
    }
}

impl RadsecSettings {
    /// Checks every value against its range. The files are not looked at.
    ///
    /// # Errors
    /// The first value that is missing or outside.
    pub fn validate(&self) -> Result<(), SettingsError> {
        addresses("radsec.listen", &self.listen)?;
        named("radsec.certificate", &self.certificate)?;
        named("radsec.key", &self.key)?;
        named("radsec.ca", &self.ca)?;
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        within("radsec.connections", number(self.connections), 1..=65_536)?;
        within("radsec.connections-per-nas", number(self.connections_per_nas), 1..=256)?;
        within("radsec.handshakes", number(self.handshakes), 1..=4_096)?;
        within("radsec.handshake-seconds", self.handshake_seconds, 1..=60)?;
        within("radsec.idle-seconds", self.idle_seconds, 60..=86_400)?;
        within("radsec.watchdog-seconds", self.watchdog_seconds, 1..=300)?;
        within("radsec.unread-seconds", self.unread_seconds, 1..=300)?;
        within("radsec.reload-seconds", self.reload_seconds, 1..=86_400)
    }

    /// What proves who is who (RFC 6614 s2.3).
    pub fn files(&self) -> Mutual {
        Mutual {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            ca: self.ca.clone(),
            crl: self.crl.clone(),
            protocols: Version::ALPN.map(<[u8]>::to_vec).into(),
        }
    }

    /// How long a handshake may take.
    pub(super) fn handshake_time(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    /// When a connection is given up.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            idle: Duration::from_secs(self.idle_seconds),
            watch: Duration::from_secs(self.watchdog_seconds),
        }
    }

    /// For how long packets may stay unread.
    pub(super) fn unread_time(&self) -> Duration {
        Duration::from_secs(self.unread_seconds)
    }
}

fn named(key: &'static str, path: &Path) -> Result<(), SettingsError> {
    if path.as_os_str().is_empty() { Err(SettingsError::Missing { key }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused_by_its_key() {
        let files = "certificate = \"a\"\nkey = \"b\"\nca = \"c\"\n";
        let read = |text: &str| toml::from_str::<RadsecSettings>(text).unwrap().validate();
        assert_eq!(read(files), Ok(()));
        for (text, named) in [
            ("certificate = \"a\"\nkey = \"b\"".to_owned(), "radius.radsec.ca"),
            (format!("{files}listen = []"), "radius.radsec.listen"),
            (format!("{files}idle-seconds = 59"), "radius.radsec.idle-seconds"),
            (format!("{files}watchdog-seconds = 0"), "radius.radsec.watchdog-seconds"),
            (format!("{files}connections-per-nas = 0"), "radius.radsec.connections-per-nas"),
        ] {
            let reason = read(&text).unwrap_err().to_string();
            assert!(reason.contains(named), "{text}: {reason}");
        }
    }
}
