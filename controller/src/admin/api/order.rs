//! Orders to access points as they travel.

use domain::{
    MacAddress, NasName, NasOrder, OrderId, OrderOutcome, OrderState, SessionId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// How many orders to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderQuery {
    /// At most this many, newest first; 1 to 10,000, 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Something that an access point is or was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// Who is told.
    pub nas: NasName,
    /// `disconnect` or `reauthenticate`.
    pub kind: String,
    /// About which device.
    pub device: MacAddress,
    /// About which session.
    pub session: Option<SessionId>,
    /// Why, such as `allowance-used-up`.
    pub reason: String,
    /// When it was written down.
    pub created_at: Timestamp,
    /// How far it has come.
    pub state: OrderStateView,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderStateView {
    /// Not yet answered.
    Waiting {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried next.
        next_at: Timestamp,
    },
    /// The access point did it.
    Acknowledged {
        /// When.
        at: Timestamp,
    },
    /// The access point said no.
    Refused {
        /// When.
        at: Timestamp,
        /// Error-Cause (RFC 5176 §3.5), 0 if it gave none.
        error_cause: u32,
    },
    /// The session ended by itself before.
    Overtaken {
        /// When.
        at: Timestamp,
    },
    /// The access point takes no orders, or never answered.
    Undeliverable {
        /// When.
        at: Timestamp,
    },
}

impl From<NasOrder> for OrderView {
    fn from(order: NasOrder) -> Self {
        Self {
            id: order.id,
            nas: order.nas,
            kind: order.kind.as_str().to_owned(),
            device: order.device,
            session: order.session,
            reason: order.reason.as_str().to_owned(),
            created_at: order.created_at,
            state: order.state.into(),
        }
    }
}

impl From<OrderState> for OrderStateView {
    fn from(state: OrderState) -> Self {
        let (at, outcome) = match state {
            OrderState::Waiting { attempts, next_at } => {
                return Self::Waiting { attempts, next_at };
            }
            OrderState::Done { at, outcome } => (at, outcome),
        };
        match outcome {
            OrderOutcome::Acknowledged => Self::Acknowledged { at },
            OrderOutcome::Refused(error_cause) => Self::Refused { at, error_cause },
            OrderOutcome::Overtaken => Self::Overtaken { at },
            OrderOutcome::Undeliverable => Self::Undeliverable { at },
        }
    }
}
