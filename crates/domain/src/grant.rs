//! Grants: permission for one device to be online, and the one-time credentials
//! that carry a grant through the visitor's browser to an access point.

use serde::Serialize;

use crate::{
    AccountId, CredentialId, GrantId, MacAddress, NasName, PlanName, Secret, SiteName, Timestamp,
};

/// Permission for one device of one account to be online until a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The grant's id; access points carry it in Class.
    pub id: GrantId,
    /// Who was granted.
    pub account: AccountId,
    /// Which device.
    pub device: MacAddress,
    /// Where the code was entered; the grant holds at every site.
    pub site: SiteName,
    /// The limits that apply.
    pub plan: PlanName,
    /// When the code was accepted.
    pub issued_at: Timestamp,
    /// Until when the device is let in without a new code.
    pub until: Timestamp,
    /// Whether it still holds.
    pub state: GrantState,
}

/// Whether a grant still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantState {
    /// It holds until its time is over.
    Live,
    /// It was ended before its time.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        why: GrantEnd,
    },
}

/// Why a grant was ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantEnd {
    /// The visitor logged out.
    LoggedOut,
    /// The same device signed in again.
    Replaced,
    /// Its owner signed in with more devices than the plan allows; the oldest goes.
    DeviceRetired,
    /// Its owner took the device off.
    GivenUp,
    /// What one stay may use was used; a new code starts a new stay.
    SessionUsedUp,
    /// An admin ended it.
    Revoked,
}

impl GrantEnd {
    /// The reason's name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::Replaced => "replaced",
            Self::DeviceRetired => "device-retired",
            Self::GivenUp => "given-up",
            Self::SessionUsedUp => "session-used-up",
            Self::Revoked => "revoked",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::LoggedOut,
            Self::Replaced,
            Self::DeviceRetired,
            Self::GivenUp,
            Self::SessionUsedUp,
            Self::Revoked,
        ]
        .into_iter()
        .find(|why| why.as_str() == name)
    }
}

impl Grant {
    /// Whether the device may be online at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.state == GrantState::Live && now < self.until
    }
}

/// A user name and password that log one device in at one access point, once.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The credential's id; its text form is the user name.
    pub id: CredentialId,
    /// The password: at most 31 letters and digits, since some controllers take no more.
    pub password: Secret,
    /// What it carries.
    pub grant: GrantId,
    /// The only device that may use it.
    pub device: MacAddress,
    /// The only access point that may present it.
    pub nas: NasName,
    /// When it is worthless; 60 to 120 seconds after its making.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_its_name() {
        for why in [
            GrantEnd::LoggedOut,
            GrantEnd::Replaced,
            GrantEnd::DeviceRetired,
            GrantEnd::GivenUp,
            GrantEnd::SessionUsedUp,
            GrantEnd::Revoked,
        ] {
            assert_eq!(GrantEnd::from_name(why.as_str()), Some(why));
        }
        assert_eq!(GrantEnd::from_name("tired"), None);
    }
}
