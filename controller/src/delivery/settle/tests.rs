use domain::{MacAddress, OrderProgress, OrderReason, SessionId, SessionIdentification};
use domain::{SessionState, Speed, Usage};

use super::*;
use crate::random;

const DAY: Duration = Duration::from_secs(86_400);
const QUARTER: Duration = Duration::from_secs(900);
const RULES: Rules =
    Rules { profile: NasProfile::Generic, give_up_after: DAY, confirm_within: QUARTER };

const fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn order(kind: OrderKind, method: Option<OrderMethod>, attempts: u32) -> NasOrder {
    NasOrder {
        id: random::order_id(at(1_000)),
        nas: "gate".parse().unwrap(),
        kind,
        device: MacAddress::new([2, 0, 0, 0, 0, 1]),
        session: Some(SessionId::from_bytes([1; 16])),
        reason: OrderReason::Admin,
        created_at: at(1_000),
        progress: OrderProgress { method, ..OrderProgress::default() },
        state: OrderState::Waiting { attempts, next_at: at(1_000) },
    }
}

fn again(method: OrderMethod, answer: OrderAnswer, secs: i64) -> OrderStep {
    OrderStep::Again { method, answer, next_at: at(secs) }
}

fn over(method: OrderMethod, answer: OrderAnswer, secs: i64, outcome: OrderOutcome) -> OrderStep {
    OrderStep::Done { last: Some((method, answer)), at: at(secs), outcome }
}

#[test]
fn a_silent_access_point_is_asked_again_until_the_order_is_given_up() {
    use OrderMethod::Disconnect;
    let nothing = OrderAnswer::Nothing;
    for (tries, now, expected) in [
        (1, 1_000, again(Disconnect, nothing, 1_002)),
        (2, 1_000, again(Disconnect, nothing, 1_004)),
        (5, 1_000, again(Disconnect, nothing, 1_032)),
        (6, 1_000, again(Disconnect, nothing, 1_060)),
        (u32::MAX, 1_000, again(Disconnect, nothing, 1_060)),
        (9, 1_000 + 86_339, again(Disconnect, nothing, 1_000 + 86_399)),
        (9, 1_000 + 86_340, over(Disconnect, nothing, 1_000 + 86_340, OrderOutcome::Undeliverable)),
    ] {
        let order = order(OrderKind::Disconnect, None, tries);
        let step = settle(&order, Delivery::NoAnswer, &RULES, at(now));
        assert_eq!(step, expected, "{tries} {now}");
    }
}

#[test]
fn each_answer_has_its_consequence() {
    use Delivery::{Acknowledged, Refused};
    use OrderKind::Reauthenticate as AskAgain;
    use OrderMethod::{Change, Disconnect, Reauthenticate};
    let slower = OrderKind::Change(Speed::Reduced);
    let faster = OrderKind::Change(Speed::Full);
    let end = OrderKind::Disconnect;
    let no = OrderAnswer::Refused;
    let to_be_seen =
        |method| OrderStep::Acknowledged { method, at: at(2_000), check_at: at(2_900) };
    let refused = |method, cause| over(method, no(cause), 2_000, OrderOutcome::Refused(cause));
    for (kind, method, delivery, expected) in [
        (end, None, Acknowledged, to_be_seen(Disconnect)),
        (end, None, Refused(503), to_be_seen(Disconnect)),
        (end, None, Refused(201), to_be_seen(Disconnect)),
        (end, None, Refused(405), refused(Disconnect, 405)),
        (end, None, Refused(506), again(Disconnect, no(506), 2_002)),
        (slower, None, Acknowledged, to_be_seen(Change)),
        (slower, None, Refused(507), to_be_seen(Change)),
        (slower, None, Refused(401), again(Disconnect, no(401), 2_000)),
        (slower, None, Refused(503), again(Disconnect, no(503), 2_000)),
        (slower, None, Refused(505), again(Change, no(505), 2_002)),
        (slower, Some(Disconnect), Acknowledged, to_be_seen(Disconnect)),
        (slower, Some(Disconnect), Refused(503), to_be_seen(Disconnect)),
        (slower, Some(Disconnect), Refused(501), refused(Disconnect, 501)),
        (faster, None, Refused(401), refused(Change, 401)),
        (AskAgain, None, Refused(405), again(Disconnect, no(405), 2_000)),
        (AskAgain, Some(Disconnect), Refused(503), refused(Disconnect, 503)),
        (
            AskAgain,
            None,
            Refused(507),
            over(Reauthenticate, OrderAnswer::Acknowledged, 2_000, OrderOutcome::Acknowledged),
        ),
        (
            end,
            None,
            Delivery::NoAddress,
            OrderStep::Done { last: None, at: at(2_000), outcome: OrderOutcome::Undeliverable },
        ),
    ] {
        let order = order(kind, method, 1);
        let step = settle(&order, delivery, &RULES, at(2_000));
        assert_eq!(step, expected, "{kind:?} {method:?} {delivery:?}");
    }
}

#[test]
fn without_a_session_there_is_nothing_to_see() {
    let order = NasOrder { session: None, ..order(OrderKind::Disconnect, None, 1) };
    let step = settle(&order, Delivery::Acknowledged, &RULES, at(2_000));
    let acknowledged = OrderOutcome::Acknowledged;
    let answer = OrderAnswer::Acknowledged;
    assert_eq!(step, over(OrderMethod::Disconnect, answer, 2_000, acknowledged));
}

#[test]
fn what_was_acknowledged_and_never_seen_is_asked_for_otherwise() {
    let session = |updated_at| Session {
        id: SessionId::from_bytes([1; 16]),
        nas: "gate".parse().unwrap(),
        acct_session_id: "5C1".into(),
        device: MacAddress::new([2, 0, 0, 0, 0, 1]),
        user_name: String::new(),
        address: None,
        grant: None,
        started_at: at(0),
        updated_at: at(updated_at),
        usage: Usage::default(),
        state: SessionState::Open,
        identification: SessionIdentification::default(),
        speed: Speed::Full,
    };
    let done = |outcome| OrderStep::Done { last: None, at: at(2_900), outcome };
    let disconnect = Some(OrderMethod::Disconnect);
    let next = again(OrderMethod::Disconnect, OrderAnswer::Acknowledged, 2_900);
    for (kind, method, reported_at, expected) in [
        (OrderKind::Change(Speed::Reduced), None, 1_990, next),
        (OrderKind::Change(Speed::Reduced), disconnect, 2_500, done(OrderOutcome::Ignored)),
        (OrderKind::Disconnect, None, 2_500, done(OrderOutcome::Ignored)),
        (OrderKind::Disconnect, None, 2_029, done(OrderOutcome::Acknowledged)),
        (OrderKind::Change(Speed::Full), None, 1_990, done(OrderOutcome::Acknowledged)),
    ] {
        let order = order(kind, method, 1);
        let step = unconfirmed(&order, at(2_000), &session(reported_at), &RULES, at(2_900));
        assert_eq!(step, expected, "{kind:?} {method:?} {reported_at}");
    }
}

#[test]
fn what_a_maker_can_do_in_no_way_is_over_at_once() {
    let rules = Rules { profile: NasProfile::Aruba, ..RULES };
    let order = order(OrderKind::Change(Speed::Full), None, 1);
    assert_eq!(method(&order, rules.profile), None);
    let step = settle(&order, Delivery::Acknowledged, &rules, at(2_000));
    assert_eq!(step, undeliverable(at(2_000)));
}
