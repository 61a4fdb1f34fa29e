//! Orders to access points: a Disconnect or CoA that is kept until it is answered.

use serde::Serialize;

use crate::{MacAddress, NasName, OrderId, SessionId, Timestamp};

/// Something that a NAS must be told, written down before it is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NasOrder {
    /// The order's id.
    pub id: OrderId,
    /// Who must be told.
    pub nas: NasName,
    /// What to do.
    pub kind: OrderKind,
    /// About which device.
    pub device: MacAddress,
    /// About which session; a device that is not online yet has none.
    pub session: Option<SessionId>,
    /// Why, for the admin.
    pub reason: OrderReason,
    /// When it was written down.
    pub created_at: Timestamp,
    /// How far it has come.
    pub state: OrderState,
}

/// What a NAS is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderKind {
    /// End the session (Disconnect-Request, RFC 5176 §2.1).
    Disconnect,
    /// Ask for authorisation again (CoA-Request with Authorize Only, RFC 5176 §3.2).
    Reauthenticate,
}

/// Why a NAS is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderReason {
    /// The visitor has just signed in.
    SignedIn,
    /// The allowance is used up.
    AllowanceUsedUp,
    /// The time for which the device is remembered is over.
    GrantExpired,
    /// The visitor logged out.
    LoggedOut,
    /// The device gave way to a newer one of the same person.
    DeviceRetired,
    /// An admin wanted it.
    Admin,
    /// The person's data is to be destroyed.
    Erased,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Not yet answered.
    Waiting {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried next.
        next_at: Timestamp,
    },
    /// Over.
    Done {
        /// When.
        at: Timestamp,
        /// How it went.
        outcome: OrderOutcome,
    },
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderOutcome {
    /// The NAS did it.
    Acknowledged,
    /// The NAS said no, with this Error-Cause (RFC 5176 §3.5), 0 if it gave none.
    Refused(u32),
    /// The session ended by itself before the NAS answered.
    Overtaken,
    /// The NAS has no address for such requests, or never answered in the time set.
    Undeliverable,
}

impl OrderKind {
    /// The kind's name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::Reauthenticate => "reauthenticate",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Disconnect, Self::Reauthenticate].into_iter().find(|kind| kind.as_str() == name)
    }
}

impl OrderReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::SignedIn,
        Self::AllowanceUsedUp,
        Self::GrantExpired,
        Self::LoggedOut,
        Self::DeviceRetired,
        Self::Admin,
        Self::Erased,
    ];

    /// The reason's name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::AllowanceUsedUp => "allowance-used-up",
            Self::GrantExpired => "grant-expired",
            Self::LoggedOut => "logged-out",
            Self::DeviceRetired => "device-retired",
            Self::Admin => "admin",
            Self::Erased => "erased",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}
