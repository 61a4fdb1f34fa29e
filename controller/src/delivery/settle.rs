//! What a delivery means for its order: over, or tried again. Pure.
//!
//! Tries are 2, 4, 8 … seconds apart, 60 at most, until the order is given up.

use std::time::Duration;

use domain::{NasOrder, OrderOutcome, OrderState, Timestamp};

use crate::nas_control::Delivery;

const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What shall be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settlement {
    /// The order is over.
    Finish(OrderOutcome),
    /// The access point is silent; the order is tried again.
    Postpone(Timestamp),
}

/// Settles `order` after a delivery that ended at `now`.
pub(super) fn settle(
    order: &NasOrder,
    delivery: Delivery,
    give_up_after: Duration,
    now: Timestamp,
) -> Settlement {
    match delivery {
        Delivery::Acknowledged => Settlement::Finish(OrderOutcome::Acknowledged),
        Delivery::Refused(cause) => Settlement::Finish(OrderOutcome::Refused(cause)),
        Delivery::NoAddress => Settlement::Finish(OrderOutcome::Undeliverable),
        Delivery::NoAnswer => {
            let again = now + pause(tries(order));
            if again < order.created_at + give_up_after {
                Settlement::Postpone(again)
            } else {
                Settlement::Finish(OrderOutcome::Undeliverable)
            }
        }
    }
}

fn tries(order: &NasOrder) -> u32 {
    match order.state {
        OrderState::Waiting { attempts, .. } => attempts,
        OrderState::Done { .. } => 0,
    }
}

fn pause(tries: u32) -> Duration {
    let factor = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use domain::{MacAddress, OrderKind, OrderReason};

    use super::*;
    use crate::random;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn an_order_is_tried_again_only_while_the_access_point_is_silent() {
        use OrderOutcome::{Acknowledged, Refused, Undeliverable};
        use Settlement::{Finish, Postpone};
        let at = Timestamp::from_secs;
        for (tries, now, delivery, expected) in [
            (1, 1_000, Delivery::Acknowledged, Finish(Acknowledged)),
            (9, 1_000, Delivery::Refused(404), Finish(Refused(404))),
            (1, 1_000, Delivery::NoAddress, Finish(Undeliverable)),
            (1, 1_000, Delivery::NoAnswer, Postpone(at(1_002))),
            (2, 1_000, Delivery::NoAnswer, Postpone(at(1_004))),
            (5, 1_000, Delivery::NoAnswer, Postpone(at(1_032))),
            (6, 1_000, Delivery::NoAnswer, Postpone(at(1_060))),
            (u32::MAX, 1_000, Delivery::NoAnswer, Postpone(at(1_060))),
            (9, 1_000 + 86_339, Delivery::NoAnswer, Postpone(at(1_000 + 86_399))),
            (9, 1_000 + 86_340, Delivery::NoAnswer, Finish(Undeliverable)),
        ] {
            let created_at = Timestamp::from_secs(1_000);
            let order = NasOrder {
                id: random::order_id(created_at),
                nas: "gate".parse().unwrap(),
                kind: OrderKind::Disconnect,
                device: MacAddress::new([2, 0, 0, 0, 0, 1]),
                session: None,
                reason: OrderReason::Admin,
                created_at,
                state: OrderState::Waiting { attempts: tries, next_at: created_at },
            };
            let settlement = settle(&order, delivery, DAY, at(now));
            assert_eq!(settlement, expected, "{tries} {now} {delivery:?}");
        }
    }
}
