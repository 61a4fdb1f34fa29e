//! Sessions as they travel.

use std::net::IpAddr;

use domain::{
    GrantId, MacAddress, NasName, Octets, Session, SessionEnd, SessionId, SessionIdentification,
    SessionState, Speed, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::OrderView;

/// Which sessions to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionQuery {
    /// Also those that are over.
    pub all: bool,
    /// Only those of this access point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nas: Option<NasName>,
    /// Only those of this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<MacAddress>,
    /// At most this many, newest first; 1 to 10,000, 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One stay of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Our key.
    pub id: SessionId,
    /// The access point.
    pub nas: NasName,
    /// The access point's own name for the session.
    pub acct_session_id: String,
    /// The device.
    pub device: MacAddress,
    /// The device's address, once known.
    pub address: Option<IpAddr>,
    /// The grant that let the device in.
    pub grant: Option<GrantId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last report came in.
    pub updated_at: Timestamp,
    /// Time online as reported, in seconds.
    pub seconds: u64,
    /// Octets from the visitor.
    pub uploaded: Octets,
    /// Octets to the visitor.
    pub downloaded: Octets,
    /// Whether it goes on.
    pub state: SessionStateView,
}

/// One stay, with how its access point names it and what that was told last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDetails {
    /// The stay.
    #[serde(flatten)]
    pub session: SessionView,
    /// The speed that the access point was last told, `full` or `reduced`.
    pub speed: Speed,
    /// How the access point itself names the session.
    pub identification: SessionIdentification,
    /// The last order about it.
    pub order: Option<OrderView>,
}

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionStateView {
    /// It goes on, as far as is known.
    Open,
    /// It is over.
    Stopped {
        /// Since when.
        at: Timestamp,
        /// Why.
        end: SessionEnd,
    },
}

/// How to disconnect a session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disconnect {
    /// What becomes of the grant; `keep` if left out.
    pub grant: GrantFate,
}

/// What becomes of a grant when its session is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantFate {
    /// The device may come back without a code.
    #[default]
    Keep,
    /// A new code is needed.
    Revoke,
}

/// What a wish to disconnect led to; the access point is told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disconnecting {
    /// The session.
    pub session: SessionId,
    /// What became of the order to the access point.
    pub order: OrderFate,
    /// What became of the grant.
    pub grant: GrantFate,
}

/// What a wish to tell the present limits led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changing {
    /// The session.
    pub session: SessionId,
    /// What became of the order to the access point.
    pub order: OrderFate,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderFate {
    /// It was written down.
    Written,
    /// The same order waits already, or one to end the session.
    WaitsAlready,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            nas: session.nas,
            acct_session_id: session.acct_session_id,
            device: session.device,
            address: session.address,
            grant: session.grant,
            started_at: session.started_at,
            updated_at: session.updated_at,
            seconds: session.usage.time.as_secs(),
            uploaded: session.usage.uploaded,
            downloaded: session.usage.downloaded,
            state: match session.state {
                SessionState::Open => SessionStateView::Open,
                SessionState::Stopped { at, end } => SessionStateView::Stopped { at, end },
            },
        }
    }
}
