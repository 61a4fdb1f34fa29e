//! Orders as rows. The column `cause` is the Error-Cause of the last refusal.

use domain::{
    NasOrder, OrderAnswer, OrderKind, OrderMethod, OrderOutcome, OrderProgress, OrderReason,
    OrderState, OrderStep, OrderTry, Speed,
};
use sqlx::any::AnyRow;

use crate::StoreError;
use crate::sql::row::Columns;

pub(super) const COLUMNS: &str = "id, nas, kind, speed, device, session, reason, created_at, attempts, next_at, \
     generation, method, answer, acknowledged_at, done_at, outcome, cause";

pub(super) const TRY_COLUMNS: &str = "tried_at, method, answer, cause";

/// What a step writes; `None` leaves a column as it is, or empty where nothing else makes sense.
pub(super) struct StepColumns {
    pub(super) method: Option<&'static str>,
    pub(super) answer: Option<&'static str>,
    pub(super) next_at: Option<i64>,
    pub(super) acknowledged_at: Option<i64>,
    pub(super) done_at: Option<i64>,
    pub(super) outcome: Option<&'static str>,
    pub(super) cause: Option<i64>,
}

pub(super) fn step_columns(step: &OrderStep) -> StepColumns {
    let nothing = StepColumns {
        method: None,
        answer: None,
        next_at: None,
        acknowledged_at: None,
        done_at: None,
        outcome: None,
        cause: None,
    };
    match *step {
        OrderStep::Again { method, answer, next_at } => {
            let (answer, cause) = answer_columns(answer);
            StepColumns {
                method: Some(method.as_str()),
                answer: Some(answer),
                next_at: Some(next_at.as_millis()),
                cause,
                ..nothing
            }
        }
        OrderStep::Acknowledged { method, at, check_at } => {
            let (answer, cause) = answer_columns(OrderAnswer::Acknowledged);
            StepColumns {
                method: Some(method.as_str()),
                answer: Some(answer),
                next_at: Some(check_at.as_millis()),
                acknowledged_at: Some(at.as_millis()),
                cause,
                ..nothing
            }
        }
        OrderStep::Done { last, at, outcome } => {
            let (method, answer) = last.unzip();
            let (answer, answered) = answer.map(answer_columns).unzip();
            let (outcome, cause) = outcome_columns(outcome);
            StepColumns {
                method: method.map(OrderMethod::as_str),
                answer,
                done_at: Some(at.as_millis()),
                outcome: Some(outcome),
                cause: cause.or(answered.flatten()),
                ..nothing
            }
        }
    }
}

pub(super) fn answer_columns(answer: OrderAnswer) -> (&'static str, Option<i64>) {
    match answer {
        OrderAnswer::Acknowledged => ("acknowledged", None),
        OrderAnswer::Refused(cause) => ("refused", Some(cause.into())),
        OrderAnswer::Nothing => ("nothing", None),
    }
}

pub(super) fn outcome_columns(outcome: OrderOutcome) -> (&'static str, Option<i64>) {
    match outcome {
        OrderOutcome::Enforced => ("enforced", None),
        OrderOutcome::Acknowledged => ("acknowledged", None),
        OrderOutcome::Ignored => ("ignored", None),
        OrderOutcome::Refused(cause) => ("refused", Some(cause.into())),
        OrderOutcome::Overtaken => ("overtaken", None),
        OrderOutcome::Superseded => ("superseded", None),
        OrderOutcome::Undeliverable => ("undeliverable", None),
    }
}

fn outcome(name: Option<&str>, cause: u32) -> Option<OrderOutcome> {
    Some(match name? {
        "enforced" => OrderOutcome::Enforced,
        "acknowledged" => OrderOutcome::Acknowledged,
        "ignored" => OrderOutcome::Ignored,
        "refused" => OrderOutcome::Refused(cause),
        "overtaken" => OrderOutcome::Overtaken,
        "superseded" => OrderOutcome::Superseded,
        "undeliverable" => OrderOutcome::Undeliverable,
        _ => return None,
    })
}

fn answer(name: &str, cause: u32) -> Option<OrderAnswer> {
    Some(match name {
        "acknowledged" => OrderAnswer::Acknowledged,
        "refused" => OrderAnswer::Refused(cause),
        "nothing" => OrderAnswer::Nothing,
        _ => return None,
    })
}

pub(super) fn order(row: &AnyRow) -> Result<NasOrder, StoreError> {
    let columns = Columns(row);
    let corrupt = |what| StoreError::Corrupt { what };
    let named = |column: &'static str| columns.optional_text(column);
    let cause = columns.optional_integer("cause")?;
    let cause = cause.and_then(|cause| u32::try_from(cause).ok()).unwrap_or(0);
    let speed = named("speed")?
        .map(|name| Speed::from_name(&name).ok_or(corrupt("speed of an order")))
        .transpose()?;
    let kind = OrderKind::from_name(&columns.text("kind")?, speed).ok_or(corrupt("order kind"))?;
    let method = named("method")?
        .map(|name| OrderMethod::from_name(&name).ok_or(corrupt("method of an order")))
        .transpose()?;
    let answer = named("answer")?
        .map(|name| answer(&name, cause).ok_or(corrupt("answer to an order")))
        .transpose()?;
    Ok(NasOrder {
        id: columns.id("id")?,
        nas: columns.parsed("nas")?,
        kind,
        device: columns.mac("device")?,
        session: columns.optional_id("session")?,
        reason: OrderReason::from_name(&columns.text("reason")?).ok_or(corrupt("order reason"))?,
        created_at: columns.time("created_at")?,
        progress: OrderProgress { generation: generation(&columns)?, method, answer },
        state: state(&columns, cause)?,
    })
}

pub(super) fn order_try(row: &AnyRow) -> Result<OrderTry, StoreError> {
    let columns = Columns(row);
    let corrupt = |what| StoreError::Corrupt { what };
    let cause = columns.optional_integer("cause")?;
    let cause = cause.and_then(|cause| u32::try_from(cause).ok()).unwrap_or(0);
    let method = OrderMethod::from_name(&columns.text("method")?);
    let answer = columns
        .optional_text("answer")?
        .map(|name| answer(&name, cause).ok_or(corrupt("answer to an order")))
        .transpose()?;
    Ok(OrderTry {
        at: columns.time("tried_at")?,
        method: method.ok_or(corrupt("method of an order"))?,
        answer,
    })
}

fn generation(columns: &Columns<'_>) -> Result<u64, StoreError> {
    let corrupt = |_| StoreError::Corrupt { what: "generation of an order" };
    u64::try_from(columns.integer("generation")?).map_err(corrupt)
}

fn state(columns: &Columns<'_>, cause: u32) -> Result<OrderState, StoreError> {
    let next_at = columns.time("next_at")?;
    if let Some(at) = columns.optional_time("done_at")? {
        let outcome = outcome(columns.optional_text("outcome")?.as_deref(), cause);
        let outcome = outcome.ok_or(StoreError::Corrupt { what: "outcome of an order" })?;
        return Ok(OrderState::Done { at, outcome });
    }
    Ok(match columns.optional_time("acknowledged_at")? {
        Some(at) => OrderState::Acknowledged { at, check_at: next_at },
        None => OrderState::Waiting { attempts: columns.count("attempts")?, next_at },
    })
}
