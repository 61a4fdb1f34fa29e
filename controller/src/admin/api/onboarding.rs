//! What is pasted into an access point, as it travels.

use std::fmt;
use std::net::IpAddr;

use domain::{NasName, NasProfile, Secret};
use serde::{Deserialize, Serialize};

use super::access_point::exposed;

/// What to write into the configuration of an access point.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onboard {
    /// The server's address as the access point sees it; left out, the one that RADIUS listens on,
    /// or from which this machine reaches the access point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<IpAddr>,
    /// Its RADIUS secret, which is not taken from the store; refused if it is another one.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The secret of its login page, likewise.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub hand_off_secret: Option<Secret>,
}

/// What is pasted into an access point.
#[derive(Clone, Serialize, Deserialize)]
pub struct Onboarding {
    /// Its name.
    pub name: NasName,
    /// The maker whose words these are.
    pub profile: NasProfile,
    /// The server's address in it.
    pub server: Option<IpAddr>,
    /// The text; it has the secret, if that was given.
    pub configuration: String,
    /// What an admin should know, one sentence each.
    pub notes: Vec<String>,
}

impl fmt::Debug for Onboarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Onboarding({}, {:?})", self.name, self.profile)
    }
}
