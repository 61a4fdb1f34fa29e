//! Sessions page after page, with all that other systems keep of them.

use std::net::IpAddr;

use domain::{Session, SessionId, SiteName, Timestamp};
use serde::{Deserialize, Serialize};

use super::SessionView;

/// Which sessions to export, and from where to go on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExportQuery {
    /// Only those that began then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only those that began before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only those of access points that stand there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteName>,
    /// `next_at` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_at: Option<Timestamp>,
    /// `next_id` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_id: Option<SessionId>,
}

/// Sessions by their beginning, a thousand at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPage {
    /// The sessions; a page may have none of the site and yet not be the last.
    pub items: Vec<ExportedSession>,
    /// With `next_id`, where the next page goes on; without both this one is the last.
    pub next_at: Option<Timestamp>,
    /// The id there.
    pub next_id: Option<SessionId>,
}

/// A session with how its access point named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedSession {
    /// The session.
    #[serde(flatten)]
    pub session: SessionView,
    /// The user name that the access point knows.
    pub user_name: String,
    /// The access point's address: as it said, else as it is set up here.
    pub nas_address: Option<IpAddr>,
    /// NAS-Port-Id, or else NAS-Port.
    pub nas_port: Option<String>,
    /// The device as the access point spells it.
    pub calling_station_id: Option<String>,
    /// The radio and network.
    pub called_station_id: Option<String>,
}

impl ExportedSession {
    /// A session of an access point that is set up with that address, if it still is.
    #[must_use]
    pub fn new(session: Session, set_up: Option<IpAddr>) -> Self {
        let named = session.identification.clone();
        Self {
            user_name: session.user_name.clone(),
            nas_address: named.nas_address.or(set_up),
            nas_port: named.nas_port_id.or(named.nas_port.map(|port| port.to_string())),
            calling_station_id: named.calling_station_id,
            called_station_id: named.called_station_id,
            session: session.into(),
        }
    }
}
