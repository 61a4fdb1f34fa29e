//! Orders about one session: the latest has the last word, whoever delivers them.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{JournalPosition, OrderFilter, Reach};

use crate::fixtures::*;

const SESSION: SessionId = SessionId::from_bytes([1; 16]);
const DONE: OrderOutcome = OrderOutcome::Superseded;

fn order(id: u8, kind: OrderKind, written: Timestamp) -> NasOrder {
    NasOrder {
        id: OrderId::from_bytes([id; 16]),
        nas: "gate".parse().unwrap(),
        kind,
        device: mac(1),
        session: Some(SESSION),
        reason: OrderReason::Admin,
        created_at: written,
        progress: OrderProgress::default(),
        state: OrderState::Waiting { attempts: 0, next_at: written },
    }
}

fn slower(id: u8, written: Timestamp) -> NasOrder {
    order(id, OrderKind::Change(Speed::Reduced), written)
}

fn faster(id: u8, written: Timestamp) -> NasOrder {
    order(id, OrderKind::Change(Speed::Full), written)
}

fn acknowledged(when: Timestamp) -> OrderStep {
    let method = OrderMethod::Change;
    OrderStep::Acknowledged { method, at: when, check_at: when + Duration::from_secs(900) }
}

async fn with_session(store: &TestStore) {
    set_up(store).await;
    report(store, at(0), 1).await;
}

async fn report(store: &TestStore, when: Timestamp, offset: u64) {
    let interim = record(when, 1, AccountingEvent::Interim, usage(0, 0, 0));
    store.apply("j", &[interim], JournalPosition { segment: 1, offset }).await.unwrap();
}

async fn found(store: &TestStore, id: u8) -> NasOrder {
    store.find_order(OrderId::from_bytes([id; 16])).await.unwrap().unwrap()
}

async fn claimed(store: &TestStore, now: Timestamp) -> Vec<u8> {
    let orders =
        store.claim_orders(now, now + Duration::from_secs(90), 10, &Reach::Everyone).await.unwrap();
    orders.iter().map(|order| order.id.to_bytes()[0]).collect()
}

pub async fn a_later_change_takes_the_place_of_an_earlier_one(store: TestStore) {
    with_session(&store).await;
    assert!(store.add_order(&slower(1, at(1))).await.unwrap());
    assert!(!store.add_order(&slower(2, at(2))).await.unwrap(), "the same still waits");
    assert!(store.add_order(&faster(3, at(3))).await.unwrap());
    let generations = [found(&store, 1).await, found(&store, 3).await]
        .map(|order| (order.progress.generation, order.state));
    let [(first, superseded), (second, _)] = generations;
    assert!(first < second);
    assert_eq!(superseded, OrderState::Done { at: at(3), outcome: DONE });
    assert_eq!(claimed(&store, at(4)).await, [3]);
}

pub async fn an_answer_to_an_older_order_settles_nothing_newer(store: TestStore) {
    with_session(&store).await;
    assert!(store.add_order(&slower(1, at(1))).await.unwrap());
    assert_eq!(claimed(&store, at(1)).await, [1]);
    assert!(store.add_order(&faster(2, at(2))).await.unwrap());
    assert!(claimed(&store, at(3)).await.is_empty(), "somebody is still at the older one");

    assert!(!store.advance_order(&slower(1, at(1)), &acknowledged(at(4))).await.unwrap());
    let session = store.find_session(SESSION).await.unwrap().unwrap();
    assert_eq!(session.speed, Speed::Full, "the older order's speed is not that of the session");
    assert_eq!(found(&store, 2).await.state, OrderState::Waiting { attempts: 0, next_at: at(2) });
    assert_eq!(claimed(&store, at(4)).await, [2]);
}

pub async fn who_dies_over_an_order_holds_the_next_up_no_longer_than_its_claim(store: TestStore) {
    with_session(&store).await;
    assert!(store.add_order(&slower(1, at(1))).await.unwrap());
    assert_eq!(claimed(&store, at(1)).await, [1]);
    let disconnect = order(2, OrderKind::Disconnect, at(2));
    assert!(store.add_order(&disconnect).await.unwrap());
    assert!(!store.add_order(&slower(3, at(3))).await.unwrap(), "the session is to end");
    assert!(claimed(&store, at(90)).await.is_empty());
    assert_eq!(claimed(&store, at(91)).await, [2]);
}

pub async fn what_was_acknowledged_is_enforced_once_accounting_shows_it(store: TestStore) {
    with_session(&store).await;
    let change = slower(1, at(1));
    assert!(store.add_order(&change).await.unwrap());
    assert_eq!(claimed(&store, at(1)).await, [1]);
    assert!(store.advance_order(&change, &acknowledged(at(2))).await.unwrap());
    let session = store.find_session(SESSION).await.unwrap().unwrap();
    assert_eq!(session.speed, Speed::Reduced);
    let unconfirmed = OrderState::Acknowledged { at: at(2), check_at: at(902) };
    assert_eq!(found(&store, 1).await.state, unconfirmed);
    assert_eq!(store.confirm_orders(at(3)).await.unwrap(), 0);
    assert!(claimed(&store, at(901)).await.is_empty(), "it may still be seen");

    report(&store, at(60), 2).await;
    assert_eq!(store.confirm_orders(at(61)).await.unwrap(), 1);
    let enforced = OrderState::Done { at: at(61), outcome: OrderOutcome::Enforced };
    assert_eq!(found(&store, 1).await.state, enforced);
    report(&store, at(120), 3).await;
    let session = store.find_session(SESSION).await.unwrap().unwrap();
    assert_eq!(session.speed, Speed::Reduced, "reports do not change it");
}

pub async fn who_was_made_to_ask_again_has_the_speed_that_it_was_to_be_given(store: TestStore) {
    with_session(&store).await;
    for (id, answer, outcome, speed) in [
        (1, OrderAnswer::Refused(401), OrderOutcome::Refused(401), Speed::Full),
        (2, OrderAnswer::Acknowledged, OrderOutcome::Acknowledged, Speed::Reduced),
    ] {
        let change = slower(id, at(u64::from(id)));
        assert!(store.add_order(&change).await.unwrap());
        let last = Some((OrderMethod::Reauthenticate, answer));
        let step = OrderStep::Done { last, at: at(9), outcome };
        assert!(store.advance_order(&change, &step).await.unwrap());
        let session = store.find_session(SESSION).await.unwrap().unwrap();
        assert_eq!(session.speed, speed);
    }
}

pub async fn a_disconnect_that_nothing_shows_is_looked_at_again(store: TestStore) {
    with_session(&store).await;
    let disconnect = order(1, OrderKind::Disconnect, at(1));
    assert!(store.add_order(&disconnect).await.unwrap());
    assert_eq!(claimed(&store, at(1)).await, [1]);
    let method = OrderMethod::Disconnect;
    let step = OrderStep::Acknowledged { method, at: at(2), check_at: at(902) };
    assert!(store.advance_order(&disconnect, &step).await.unwrap());
    report(&store, at(60), 2).await;
    assert_eq!(store.confirm_orders(at(61)).await.unwrap(), 0, "the session went on");
    assert_eq!(claimed(&store, at(902)).await, [1]);
}

pub async fn rivals_give_each_order_its_own_number_and_one_change_waits(store: TestStore) {
    with_session(&store).await;
    for round in 0..10_u8 {
        let (one, other) = (slower(round * 4 + 1, at(1)), faster(round * 4 + 2, at(1)));
        let again = order(round * 4 + 3, OrderKind::Reauthenticate, at(1));
        let ask_again = NasOrder { session: None, ..again };
        let (one, other, ask_again) = tokio::join!(
            store.add_order(&one),
            store.add_order(&other),
            store.add_order(&ask_again)
        );
        one.unwrap();
        other.unwrap();
        ask_again.unwrap();
    }
    let orders = store.list_orders(&OrderFilter::latest(100)).await.unwrap();
    let mut numbers: Vec<_> = orders.iter().map(|order| order.progress.generation).collect();
    numbers.sort_unstable();
    let expected: Vec<_> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "every number once, and none left out");
    let waiting =
        OrderFilter { waiting_only: true, session: Some(SESSION), ..OrderFilter::latest(9) };
    assert_eq!(store.list_orders(&waiting).await.unwrap().len(), 1);
}

pub async fn rivals_never_hold_two_orders_about_one_device(store: TestStore) {
    with_session(&store).await;
    for round in 0..20_u64 {
        let now = at(round * 100);
        let id = u8::try_from(round * 2 + 1).unwrap();
        store.add_order(&slower(id, now)).await.unwrap();
        let newer = faster(id + 1, now);
        let claim = || store.claim_orders(now, now + Duration::from_secs(90), 10, &Reach::Everyone);
        let (one, written, other) = tokio::join!(claim(), store.add_order(&newer), claim());
        written.unwrap();
        let held = [one.unwrap(), other.unwrap()].concat();
        assert!(held.len() <= 1, "{held:?}");
        for order in held {
            store.advance_order(&order, &acknowledged(now)).await.unwrap();
        }
    }
}
