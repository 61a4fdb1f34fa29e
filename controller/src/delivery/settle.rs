//! What a delivery, or the time after one, means for its order: over, to be seen in accounting,
//! or tried again. Pure.
//!
//! Tries are 2, 4, 8 … seconds apart, 60 at most, until the order is given up. An access point
//! that says it is done is believed once accounting shows it.

use std::time::Duration;

use domain::{
    NasOrder, NasProfile, OrderAnswer, OrderKind, OrderMethod, OrderOutcome, OrderState, OrderStep,
    Session, Timestamp,
};

use super::ladder::{self, Meaning};
use crate::nas_control::Delivery;

const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A report that comes later after an acknowledgement was not on its way before.
const REPORT_UNDER_WAY: Duration = Duration::from_secs(30);

/// How long things may take, and whom they are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The access point's maker.
    pub(super) profile: NasProfile,
    /// After how long an order is given up.
    pub(super) give_up_after: Duration,
    /// How long accounting may take to show that something has happened.
    pub(super) confirm_within: Duration,
}

/// How an order is tried now; `None` if its access point can do it in no way.
pub(super) fn method(order: &NasOrder, profile: NasProfile) -> Option<OrderMethod> {
    let first = || ladder::methods(order.kind, profile).first().copied();
    order.progress.method.or_else(first)
}

/// Settles an order that its access point can do in no way.
pub(super) const fn undeliverable(now: Timestamp) -> OrderStep {
    OrderStep::Done { last: None, at: now, outcome: OrderOutcome::Undeliverable }
}

/// Settles an order after a delivery that ended at `now`.
pub(super) fn settle(
    order: &NasOrder,
    delivery: Delivery,
    rules: &Rules,
    now: Timestamp,
) -> OrderStep {
    let Some(method) = method(order, rules.profile) else { return undeliverable(now) };
    match delivery {
        Delivery::Acknowledged => acknowledged(order, method, rules, now),
        Delivery::Refused(cause) => refused(order, method, cause, rules, now),
        Delivery::NoAddress => undeliverable(now),
        Delivery::NoAnswer => later(order, method, OrderAnswer::Nothing, rules, now),
    }
}

/// Settles an order that was acknowledged at `since` and of which accounting has not shown in time
/// that it happened; `session` is what accounting shows.
pub(super) fn unconfirmed(
    order: &NasOrder,
    since: Timestamp,
    session: &Session,
    rules: &Rules,
    now: Timestamp,
) -> OrderStep {
    let Some(method) = method(order, rules.profile) else { return undeliverable(now) };
    if let Some(next) = ladder::after(order.kind, rules.profile, method) {
        return OrderStep::Again { method: next, answer: OrderAnswer::Acknowledged, next_at: now };
    }
    let went_on = session.updated_at > since + REPORT_UNDER_WAY;
    let outcome = if went_on { OrderOutcome::Ignored } else { OrderOutcome::Acknowledged };
    OrderStep::Done { last: None, at: now, outcome }
}

fn acknowledged(order: &NasOrder, method: OrderMethod, rules: &Rules, now: Timestamp) -> OrderStep {
    if order.session.is_none() || method == OrderMethod::Reauthenticate {
        let last = Some((method, OrderAnswer::Acknowledged));
        return OrderStep::Done { last, at: now, outcome: OrderOutcome::Acknowledged };
    }
    OrderStep::Acknowledged { method, at: now, check_at: now + rules.confirm_within }
}

fn refused(
    order: &NasOrder,
    method: OrderMethod,
    cause: u32,
    rules: &Rules,
    now: Timestamp,
) -> OrderStep {
    let answer = OrderAnswer::Refused(cause);
    match ladder::meaning(method, cause) {
        Meaning::Done => acknowledged(order, method, rules, now),
        Meaning::Gone if order.kind != OrderKind::Reauthenticate => {
            acknowledged(order, method, rules, now)
        }
        Meaning::NotNow => later(order, method, answer, rules, now),
        Meaning::Gone | Meaning::NotSo => match ladder::after(order.kind, rules.profile, method) {
            Some(next) => OrderStep::Again { method: next, answer, next_at: now },
            None => done(method, answer, OrderOutcome::Refused(cause), now),
        },
    }
}

/// The same again after a pause, unless the order has waited long enough.
fn later(
    order: &NasOrder,
    method: OrderMethod,
    answer: OrderAnswer,
    rules: &Rules,
    now: Timestamp,
) -> OrderStep {
    let next_at = now + pause(tries(order));
    if next_at < order.created_at + rules.give_up_after {
        return OrderStep::Again { method, answer, next_at };
    }
    let outcome = match answer {
        OrderAnswer::Refused(cause) => OrderOutcome::Refused(cause),
        OrderAnswer::Nothing | OrderAnswer::Acknowledged => OrderOutcome::Undeliverable,
    };
    done(method, answer, outcome, now)
}

const fn done(
    method: OrderMethod,
    answer: OrderAnswer,
    outcome: OrderOutcome,
    at: Timestamp,
) -> OrderStep {
    OrderStep::Done { last: Some((method, answer)), at, outcome }
}

const fn tries(order: &NasOrder) -> u32 {
    match order.state {
        OrderState::Waiting { attempts, .. } => attempts,
        OrderState::Acknowledged { .. } | OrderState::Done { .. } => 0,
    }
}

fn pause(tries: u32) -> Duration {
    let factor = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
