//! On what terms a device is let in: what an Access-Accept or a CoA-Request says, as values.

use std::fmt;
use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::Octets;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The limits of a stay, each counted from the moment the packet came.
///
/// In an Access-Accept an absent limit is none; in a CoA-Request it leaves what was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long the device may stay (Session-Timeout).
    pub session_timeout: Option<Duration>,
    /// How long it may be idle (Idle-Timeout); zero is without limit.
    pub idle_timeout: Option<Duration>,
    /// How much it may move in both directions together (ChilliSpot-Max-Total-Octets).
    pub max_octets: Option<Octets>,
    /// How often its usage is reported (Acct-Interim-Interval).
    pub interim_interval: Option<Duration>,
}

/// What an Access-Accept says of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The limits of the stay.
    pub limits: Limits,
    /// Every Class, to be repeated in accounting (RFC 2865 §5.25).
    pub class: Vec<Opaque>,
    /// Chargeable-User-Identity, to be repeated in accounting (RFC 4372 §2.1).
    pub identity: Option<Opaque>,
    /// User-Name to be used in accounting, if the server wants another (RFC 2865 §5.1).
    pub user_name: Option<String>,
}

/// Octets of a server that mean nothing to us and may be personal; hexadecimal in the state file.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque(Vec<u8>);

impl Opaque {
    /// Keeps the octets.
    #[must_use]
    pub fn new(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }

    /// The octets as they came.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opaque({} octets)", self.0.len())
    }
}

impl Serialize for Opaque {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Opaque {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        HEXLOWER.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}
