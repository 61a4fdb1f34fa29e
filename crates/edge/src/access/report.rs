//! What is told to the accounting server about a session, in our own words.

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::MacAddress;
use radius_proto::dictionary::enumeration::AcctTerminateCause;
use serde::{Deserialize, Serialize};

use super::meter::Traffic;
use super::terms::Opaque;
use crate::moment::Moment;

/// One report about one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Moment,
    /// Acct-Session-Id.
    pub session: AcctSessionId,
    /// The device.
    pub device: MacAddress,
    /// Its address at that time.
    pub address: Ipv4Addr,
    /// User-Name of the session.
    pub user_name: String,
    /// Every Class of the Access-Accept.
    pub class: Vec<Opaque>,
    /// Chargeable-User-Identity of the Access-Accept.
    pub identity: Option<Opaque>,
    /// Octets since the session began.
    pub traffic: Traffic,
    /// Time since the session began.
    pub time: Duration,
}

/// What happened to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It began.
    Start,
    /// It goes on.
    Interim,
    /// It is over.
    Stop(TerminateCause),
}

/// Why a session is over: those of Acct-Terminate-Cause that happen here (RFC 2866 §5.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TerminateCause {
    /// The device has left.
    LostCarrier,
    /// It moved next to nothing for as long as Idle-Timeout allows.
    IdleTimeout,
    /// Its time or its octets are used up; there is no cause of its own for octets.
    SessionTimeout,
    /// A Disconnect-Request said so.
    AdminReset,
    /// The gateway cannot let it through.
    NasError,
    /// It goes on as a new session, under another Class.
    NasRequest,
    /// Asked again, the server refused it (RFC 3580 §2.3).
    ReauthenticationFailure,
}

impl From<TerminateCause> for AcctTerminateCause {
    fn from(cause: TerminateCause) -> Self {
        match cause {
            TerminateCause::LostCarrier => Self::LostCarrier,
            TerminateCause::IdleTimeout => Self::IdleTimeout,
            TerminateCause::SessionTimeout => Self::SessionTimeout,
            TerminateCause::AdminReset => Self::AdminReset,
            TerminateCause::NasError => Self::NasError,
            TerminateCause::NasRequest => Self::NasRequest,
            TerminateCause::ReauthenticationFailure => Self::Other(20),
        }
    }
}

/// The gateway's name for a session (Acct-Session-Id), never used twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AcctSessionId(String);

impl AcctSessionId {
    /// The name of the session of that number within a run of the daemon.
    pub(crate) fn new(run: u32, number: u32) -> Self {
        Self(format!("{run:08x}{number:08x}"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
