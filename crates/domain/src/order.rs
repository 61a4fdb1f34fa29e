//! Orders to access points: what one must be told, kept until it is seen to have happened.
//!
//! An order says what is wanted; a method is one way of asking for it, and an access point that
//! refuses one may take another. Orders about the same device at the same access point are
//! numbered, so that an earlier one never has the last word.

use serde::{Deserialize, Serialize};

use crate::{MacAddress, NasName, OrderId, SessionId, Speed, Terms, Timestamp};

/// Something that a NAS must be told, written down before it is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NasOrder {
    /// The order's id.
    pub id: OrderId,
    /// Who must be told.
    pub nas: NasName,
    /// What is wanted.
    pub kind: OrderKind,
    /// About which device.
    pub device: MacAddress,
    /// About which session; a device that is not online yet has none.
    pub session: Option<SessionId>,
    /// Why, for the admin.
    pub reason: OrderReason,
    /// When it was written down.
    pub created_at: Timestamp,
    /// What trying it has led to.
    pub progress: OrderProgress,
    /// How far it has come.
    pub state: OrderState,
}

/// What is wanted of a NAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderKind {
    /// The session ends.
    Disconnect,
    /// The NAS asks for authorisation again, or is told it where it does not ask.
    Reauthenticate,
    /// The session goes on under the terms of this speed.
    Change(Speed),
}

/// What trying an order has led to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OrderProgress {
    /// Its place among the orders about the same device at the same access point, from 1; the
    /// store gives it.
    pub generation: u64,
    /// How it is or was last tried; the first method of its kind before that.
    pub method: Option<OrderMethod>,
    /// What came of the last try.
    pub answer: Option<OrderAnswer>,
}

/// A way of asking for what an order wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderMethod {
    /// The whole terms: in a CoA-Request (RFC 5176 §2.2), or as an authorisation that a
    /// controller's API is told.
    Change,
    /// A CoA-Request with Authorize Only (RFC 5176 §3.2).
    Reauthenticate,
    /// A Disconnect-Request (RFC 5176 §2.1).
    Disconnect,
}

/// What a NAS is told, with everything that the packet needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NasCommand {
    /// End the session.
    Disconnect,
    /// Ask for authorisation again.
    Reauthenticate,
    /// Let the device go on, or in, under these terms.
    Change(Terms),
}

/// What a NAS answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderAnswer {
    /// It says that it is done.
    Acknowledged,
    /// It says no, with this Error-Cause (RFC 5176 §3.5), 0 if it gave none.
    Refused(u32),
    /// Nothing, retransmissions included.
    Nothing,
}

/// Why a NAS is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderReason {
    /// The visitor has just signed in.
    SignedIn,
    /// The allowance is used up.
    AllowanceUsedUp,
    /// There is allowance again.
    AllowanceRenewed,
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
    /// The site has closed.
    SiteClosed,
    /// A known device is there, and the controller does not let it through.
    Known,
    /// An office needs the network.
    OfficeCame,
    /// It does not any more.
    OfficeGone,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// It is tried.
    Waiting {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried next.
        next_at: Timestamp,
    },
    /// The NAS says that it is done; accounting must show it.
    Acknowledged {
        /// Since when.
        at: Timestamp,
        /// Until when accounting may take to show it.
        check_at: Timestamp,
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
    /// Accounting shows that it happened.
    Enforced,
    /// The NAS said that it was done, and there is nothing by which to see it.
    Acknowledged,
    /// The NAS said that it was done, but accounting shows otherwise.
    Ignored,
    /// The NAS said no to every method, the last time with this Error-Cause (RFC 5176 §3.5), 0 if
    /// it gave none.
    Refused(u32),
    /// The session ended by itself before.
    Overtaken,
    /// A later order about the session took its place.
    Superseded,
    /// The NAS has no address for such requests, or never answered in the time set.
    Undeliverable,
}

/// What becomes of a claimed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStep {
    /// It is tried again.
    Again {
        /// How.
        method: OrderMethod,
        /// What came of the last try.
        answer: OrderAnswer,
        /// When.
        next_at: Timestamp,
    },
    /// The NAS says that it is done.
    Acknowledged {
        /// What it was asked.
        method: OrderMethod,
        /// When it said so.
        at: Timestamp,
        /// Until when accounting may take to show it.
        check_at: Timestamp,
    },
    /// It is over.
    Done {
        /// How it was last tried and what came of it, if it was tried at all.
        last: Option<(OrderMethod, OrderAnswer)>,
        /// When it ended.
        at: Timestamp,
        /// How it went.
        outcome: OrderOutcome,
    },
}

/// One try of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderTry {
    /// When the NAS was asked.
    pub at: Timestamp,
    /// How.
    pub method: OrderMethod,
    /// What it answered; `None` if nothing led to it.
    pub answer: Option<OrderAnswer>,
}

impl OrderKind {
    /// The kind's name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::Reauthenticate => "reauthenticate",
            Self::Change(_) => "change",
        }
    }

    /// The speed that is wanted, if one is.
    #[must_use]
    pub const fn speed(self) -> Option<Speed> {
        match self {
            Self::Change(speed) => Some(speed),
            Self::Disconnect | Self::Reauthenticate => None,
        }
    }

    /// The kind of that name, with the speed of a change.
    #[must_use]
    pub fn from_name(name: &str, speed: Option<Speed>) -> Option<Self> {
        match (name, speed) {
            ("disconnect", None) => Some(Self::Disconnect),
            ("reauthenticate", None) => Some(Self::Reauthenticate),
            ("change", Some(speed)) => Some(Self::Change(speed)),
            _ => None,
        }
    }
}

impl OrderMethod {
    /// The method's name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Reauthenticate => "reauthenticate",
            Self::Disconnect => "disconnect",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Change, Self::Reauthenticate, Self::Disconnect]
            .into_iter()
            .find(|method| method.as_str() == name)
    }
}

impl OrderReason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::SignedIn,
        Self::AllowanceUsedUp,
        Self::AllowanceRenewed,
        Self::GrantExpired,
        Self::LoggedOut,
        Self::DeviceRetired,
        Self::Admin,
        Self::Erased,
        Self::SiteClosed,
        Self::Known,
        Self::OfficeCame,
        Self::OfficeGone,
    ];

    /// The reason's name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::AllowanceUsedUp => "allowance-used-up",
            Self::AllowanceRenewed => "allowance-renewed",
            Self::GrantExpired => "grant-expired",
            Self::LoggedOut => "logged-out",
            Self::DeviceRetired => "device-retired",
            Self::Admin => "admin",
            Self::Erased => "erased",
            Self::SiteClosed => "site-closed",
            Self::Known => "known",
            Self::OfficeCame => "office-came",
            Self::OfficeGone => "office-gone",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}
