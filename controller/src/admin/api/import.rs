//! What comes from another RADIUS server, as it travels: many things at a time, each with its own
//! verdict. What is there already stays as it is, and nothing is ever overwritten.

use std::net::IpAddr;

use domain::{MacAddress, Octets, PhoneNumber, PlanName, SiteName, Timestamp};
use serde::{Deserialize, Serialize};
use store::Intent;

use super::{AddAccessPoint, AddRange};

/// So many things are taken in one request.
pub const MOST_AT_ONCE: usize = 500;

/// Access points and ranges to take over; each needs its secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportAccessPoints {
    /// Whether it shall be done, or only be said what would be.
    pub intent: Intent,
    /// Access points and ranges, in the order in which they take their names and addresses.
    pub items: Vec<ImportedNas>,
}

/// An access point, or a range of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportedNas {
    /// A single one.
    AccessPoint(Box<AddAccessPoint>),
    /// Whoever sends from a network.
    Range(AddRange),
}

/// Persons to take over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportPeople {
    /// Whether it shall be done, or only be said what would be.
    pub intent: Intent,
    /// The persons; one with several devices comes several times.
    pub people: Vec<ImportedPerson>,
}

/// A person that another server knows; no consent comes with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedPerson {
    /// The mobile number in E.164.
    pub phone: PhoneNumber,
    /// Since when it is known; now if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// A device of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<MacAddress>,
    /// Permission of that device to be online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<ImportedGrant>,
}

/// Permission to be online without a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedGrant {
    /// Where it counts as given; it holds at every site.
    pub site: SiteName,
    /// The limits that apply.
    pub plan: PlanName,
    /// Until when, a year from now at most.
    pub until: Timestamp,
}

/// Stays that another server has recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportStays {
    /// Whether it shall be done, or only be said what would be.
    pub intent: Intent,
    /// The stays.
    pub stays: Vec<ImportedStay>,
}

/// A stay as another server has recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedStay {
    /// The other server's own key (FreeRADIUS' `acctuniqueid`), by which it counts once.
    pub unique_id: String,
    /// The access point's name for it (Acct-Session-Id).
    pub acct_session_id: String,
    /// The access point: the address that it gave, which is looked for among those of access
    /// points and ranges.
    pub nas_address: IpAddr,
    /// Or its name here, or its NAS-Identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nas_name: Option<String>,
    /// The user name.
    #[serde(default)]
    pub user_name: String,
    /// Whose it was; the owner of the device if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    /// The device.
    pub device: MacAddress,
    /// The device as the access point spelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_station_id: Option<String>,
    /// The radio and network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_station_id: Option<String>,
    /// The device's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// When the last report came, or when it was over.
    pub last_report_at: Timestamp,
    /// Acct-Terminate-Cause by its number, if it is over; left out while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminate_cause: Option<u32>,
    /// Seconds online.
    pub seconds: u64,
    /// Acct-Input-Octets as the access point counted: from the visitor, unless it counts the other
    /// way round.
    pub input: Octets,
    /// Acct-Output-Octets.
    pub output: Octets,
}

/// What became of everything in the request, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// One for each.
    pub verdicts: Vec<Verdict>,
}

/// What became of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "fate")]
pub enum Verdict {
    /// It was taken over, or would be.
    Taken {
        /// What an admin should know, one sentence each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// The same is there; nothing changes.
    ThereAlready,
    /// Something else is there; nothing changes.
    Conflict {
        /// What, in one sentence.
        reason: String,
    },
    /// It has no place here; nothing changes.
    Refused {
        /// Why, in one sentence.
        reason: String,
    },
}

impl Verdict {
    /// Taken, with nothing to say about it.
    #[must_use]
    pub const fn taken() -> Self {
        Self::Taken { notes: Vec::new() }
    }
}
