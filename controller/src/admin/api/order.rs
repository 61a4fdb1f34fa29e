//! Orders to access points as they travel.

use domain::{
    MacAddress, NasName, NasOrder, OrderAnswer, OrderId, OrderMethod, OrderOutcome, OrderState,
    SessionId, Speed, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Which orders to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderQuery {
    /// Only those that are not over.
    pub waiting: bool,
    /// Only those to this access point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nas: Option<NasName>,
    /// Only those about this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
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
    /// `disconnect`, `reauthenticate` or `change`.
    pub kind: String,
    /// The speed that a change is to, `full` or `reduced`.
    pub speed: Option<Speed>,
    /// Its place among the orders about the device at the access point.
    pub generation: u64,
    /// About which device.
    pub device: MacAddress,
    /// About which session.
    pub session: Option<SessionId>,
    /// Why, such as `allowance-used-up`.
    pub reason: String,
    /// When it was written down.
    pub created_at: Timestamp,
    /// How it was last tried: `change`, `reauthenticate` or `disconnect`.
    pub method: Option<String>,
    /// What the access point answered last.
    pub answer: Option<OrderAnswerView>,
    /// How far it has come.
    pub state: OrderStateView,
}

/// What an access point answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderAnswerView {
    /// That it is done.
    Acknowledged,
    /// No.
    Refused {
        /// Error-Cause (RFC 5176 §3.5), 0 if it gave none.
        error_cause: u32,
    },
    /// Nothing.
    Nothing,
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
    /// The access point says that it is done; accounting must show it.
    Unconfirmed {
        /// Since when.
        at: Timestamp,
        /// Until when accounting may take.
        check_at: Timestamp,
    },
    /// Accounting shows that it happened.
    Enforced {
        /// When that was seen.
        at: Timestamp,
    },
    /// The access point said that it was done; there is nothing by which to see it.
    Acknowledged {
        /// When.
        at: Timestamp,
    },
    /// The access point said that it was done, but accounting shows otherwise.
    Ignored {
        /// When that was seen.
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
    /// A later order took its place.
    Superseded {
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
            speed: order.kind.speed(),
            generation: order.progress.generation,
            device: order.device,
            session: order.session,
            reason: order.reason.as_str().to_owned(),
            created_at: order.created_at,
            method: order.progress.method.map(|method| OrderMethod::as_str(method).to_owned()),
            answer: order.progress.answer.map(OrderAnswerView::from),
            state: order.state.into(),
        }
    }
}

impl From<OrderAnswer> for OrderAnswerView {
    fn from(answer: OrderAnswer) -> Self {
        match answer {
            OrderAnswer::Acknowledged => Self::Acknowledged,
            OrderAnswer::Refused(error_cause) => Self::Refused { error_cause },
            OrderAnswer::Nothing => Self::Nothing,
        }
    }
}

impl From<OrderState> for OrderStateView {
    fn from(state: OrderState) -> Self {
        let (at, outcome) = match state {
            OrderState::Waiting { attempts, next_at } => {
                return Self::Waiting { attempts, next_at };
            }
            OrderState::Acknowledged { at, check_at } => return Self::Unconfirmed { at, check_at },
            OrderState::Done { at, outcome } => (at, outcome),
        };
        match outcome {
            OrderOutcome::Enforced => Self::Enforced { at },
            OrderOutcome::Ignored => Self::Ignored { at },
            OrderOutcome::Superseded => Self::Superseded { at },
            OrderOutcome::Acknowledged => Self::Acknowledged { at },
            OrderOutcome::Refused(error_cause) => Self::Refused { at, error_cause },
            OrderOutcome::Overtaken => Self::Overtaken { at },
            OrderOutcome::Undeliverable => Self::Undeliverable { at },
        }
    }
}
