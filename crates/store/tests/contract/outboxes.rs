use domain::*;
use store::testing::TestStore;
use store::{JournalPosition, OrderFilter, Reach};

use crate::fixtures::*;

fn order(id: u8) -> NasOrder {
    NasOrder {
        id: OrderId::from_bytes([id; 16]),
        nas: "gate".parse().unwrap(),
        kind: OrderKind::Disconnect,
        device: mac(1),
        session: Some(SessionId::from_bytes([1; 16])),
        reason: OrderReason::Admin,
        created_at: T0,
        progress: OrderProgress::default(),
        state: OrderState::Waiting { attempts: 0, next_at: T0 },
    }
}

fn refused(cause: u32, at: Timestamp) -> OrderStep {
    let last = Some((OrderMethod::Disconnect, OrderAnswer::Refused(cause)));
    OrderStep::Done { last, at, outcome: OrderOutcome::Refused(cause) }
}

pub async fn an_order_is_written_once_and_claimed_by_one(store: TestStore) {
    assert!(store.add_order(&order(1)).await.unwrap());
    assert!(!store.add_order(&order(2)).await.unwrap(), "the same still waits");
    let reauthenticate = NasOrder { kind: OrderKind::Reauthenticate, session: None, ..order(3) };
    assert!(store.add_order(&reauthenticate).await.unwrap());
    assert!(
        !store
            .add_order(&NasOrder { id: OrderId::from_bytes([4; 16]), ..reauthenticate })
            .await
            .unwrap()
    );
    let (one, other) = tokio::join!(
        store.claim_orders(at(1), at(30), 10, &Reach::Everyone),
        store.claim_orders(at(1), at(30), 10, &Reach::Everyone)
    );
    let claimed = [one.unwrap(), other.unwrap()].concat();
    assert_eq!(claimed.len(), 2, "each order went to one of them");
    assert_eq!(store.next_order_at(at(1), &Reach::Everyone).await.unwrap(), Some(at(30)));
    store.postpone_order(order(1).id, at(5)).await.unwrap();
    assert_eq!(store.next_order_at(at(1), &Reach::Everyone).await.unwrap(), Some(at(5)));
    assert!(store.advance_order(&order(1), &refused(503, at(6))).await.unwrap());
    let finished = store
        .list_orders(&OrderFilter::latest(10))
        .await
        .unwrap()
        .into_iter()
        .find(|found| found.id == order(1).id)
        .unwrap();
    assert_eq!(finished.state, OrderState::Done { at: at(6), outcome: OrderOutcome::Refused(503) });
    assert!(store.add_order(&order(5)).await.unwrap(), "the earlier one is over");
    assert_eq!(store.prune_orders(at(100)).await.unwrap(), 1);
}

pub async fn ending_a_grant_orders_its_sessions_off(store: TestStore) {
    set_up(&store).await;
    let grant = store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap().grant;
    let report = record(at(60), 1, AccountingEvent::Interim, usage(60, 10, 100));
    store.apply("j", &[report], JournalPosition { segment: 1, offset: 10 }).await.unwrap();
    let end = |when| store.end_grant(grant.id, GrantEnd::LoggedOut, OrderReason::LoggedOut, when);
    assert!(end(at(70)).await.unwrap());
    assert!(!end(at(71)).await.unwrap());
    let orders = store.claim_orders(at(70), at(100), 10, &Reach::Everyone).await.unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!(
        (orders[0].session, orders[0].reason),
        (Some(SessionId::from_bytes([1; 16])), OrderReason::LoggedOut)
    );
    let ended = store.find_grant(mac(1)).await.unwrap().unwrap();
    assert_eq!(ended.state, GrantState::Ended { at: at(70), why: GrantEnd::LoggedOut });
}

pub async fn a_message_is_sent_once_and_then_forgotten(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    begin(&store, &new).await;
    begin(&store, &new_challenge(2, mac(2), T0, "555555")).await;
    let claimed = store.claim_messages(at(1), at(30), 1).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let message = &claimed[0];
    assert_eq!((&message.phone, message.attempts), (&phone(), 1));
    assert!(message.text.expose().starts_with("code "));
    let accepted = MessageState::Accepted { reference: Some("m1".into()) };
    store.finish_message(message.id, &accepted, at(2)).await.unwrap();
    assert_eq!(
        store.claim_messages(at(301), at(330), 10).await.unwrap().len(),
        0,
        "the other came too late"
    );
    let states = [
        store.message_state(new.challenge.id).await.unwrap().unwrap(),
        store.message_state(ChallengeId::from_bytes([2; 16])).await.unwrap().unwrap(),
    ];
    assert!(
        states.contains(&accepted)
            && states.iter().any(|state| matches!(state, MessageState::Failed { .. }))
    );
    assert_eq!(store.next_message_at().await.unwrap(), None);
    assert_eq!(store.prune_messages(at(1_000)).await.unwrap(), 2);
}

pub async fn a_device_that_gave_way_is_ordered_off(store: TestStore) {
    set_up(&store).await;
    store.sign_in(&sign_in(1, mac(1), at(1))).await.unwrap();
    store.sign_in(&sign_in(2, mac(2), at(2))).await.unwrap();
    let batch = [1, 2].map(|n| record(at(60), n, AccountingEvent::Interim, usage(60, 10, 100)));
    store.apply("j", &batch, JournalPosition { segment: 1, offset: 10 }).await.unwrap();
    let outcome = store.sign_in(&sign_in(3, mac(3), at(70))).await.unwrap();
    assert_eq!(outcome.retired.len(), 1);
    let orders = store.claim_orders(at(70), at(100), 10, &Reach::Everyone).await.unwrap();
    let said: Vec<_> =
        orders.iter().map(|order| (order.device, order.kind, order.reason)).collect();
    assert_eq!(said, [(mac(1), OrderKind::Disconnect, OrderReason::DeviceRetired)]);
}
