//! RADIUS servers that run apart: who delivers what, and who dies over it.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{RadiusServer, Reach, ServerId};

use crate::fixtures::*;

/// For how long a claim holds, in seconds.
const CLAIM: u64 = 90;

fn id(name: &str) -> ServerId {
    ServerId::of_journal(name.into())
}

fn gate() -> NasName {
    "gate".parse().unwrap()
}

fn order(number: u8, nas: &str) -> NasOrder {
    NasOrder {
        id: OrderId::from_bytes([number; 16]),
        nas: nas.parse().unwrap(),
        kind: OrderKind::Disconnect,
        device: mac(number),
        session: None,
        reason: OrderReason::Admin,
        created_at: T0,
        progress: OrderProgress::default(),
        state: OrderState::Waiting { attempts: 0, next_at: T0 },
    }
}

/// A server that lives until `until`.
async fn open(store: &TestStore, name: &str, until: Timestamp) {
    let machine = format!("machine-{name}");
    let server = RadiusServer { id: id(name), machine, seen_at: at(0), held_until: until };
    store.open_radius_server(&server).await.unwrap();
}

async fn claimed(store: &TestStore, now: u64, reach: &Reach) -> Vec<u8> {
    let until = at(now) + Duration::from_secs(CLAIM);
    let orders = store.claim_orders(at(now), until, 10, reach).await.unwrap();
    let mut numbers: Vec<_> = orders.iter().map(|order| order.id.to_bytes()[0]).collect();
    numbers.sort_unstable();
    numbers
}

pub async fn an_order_is_taken_by_whose_connection_it_is(store: TestStore) {
    open(&store, "a", at(1_000)).await;
    open(&store, "b", at(1_000)).await;
    store.enter_connection(&id("a"), &gate(), at(0)).await.unwrap();
    let both = [order(1, "gate"), order(2, "pole")];
    for order in &both {
        assert!(store.add_order(order).await.unwrap());
    }
    let (here, elsewhere) = (Reach::ConnectedTo(id("a")), Reach::ConnectedTo(id("b")));
    for (reach, next) in [
        (&elsewhere, None),
        (&here, Some(T0)),
        (&Reach::Unconnected, Some(T0)),
        (&Reach::Everyone, Some(T0)),
    ] {
        assert_eq!(store.next_order_at(at(1), reach).await.unwrap(), next, "{reach:?}");
    }
    assert_eq!(claimed(&store, 1, &elsewhere).await, [0; 0]);
    assert_eq!(claimed(&store, 1, &Reach::Unconnected).await, [2]);
    assert_eq!(claimed(&store, 1, &here).await, [1]);
    for order in &both {
        store.postpone_order(order.id, at(2)).await.unwrap();
    }
    assert_eq!(claimed(&store, 2, &Reach::UnconnectedOr(id("b"))).await, [2]);
    assert_eq!(claimed(&store, 2, &Reach::UnconnectedOr(id("a"))).await, [1]);
    for order in &both {
        store.postpone_order(order.id, at(3)).await.unwrap();
    }
    assert_eq!(claimed(&store, 3, &Reach::Everyone).await, [1, 2]);
    let holders = store.list_holders(&gate(), at(3)).await.unwrap();
    assert_eq!(holders.iter().map(|held| held.machine.as_str()).collect::<Vec<_>>(), ["machine-a"]);
}

pub async fn a_server_that_dies_lets_go_of_connections_and_claims(store: TestStore) {
    open(&store, "a", at(20)).await;
    store.enter_connection(&id("a"), &gate(), at(0)).await.unwrap();
    assert!(store.add_order(&order(1, "gate")).await.unwrap());
    assert_eq!(claimed(&store, 10, &Reach::ConnectedTo(id("a"))).await, [1]);
    // It shows no more that it lives; what it claimed is let go when the claim is over.
    assert_eq!(claimed(&store, 20, &Reach::Unconnected).await, [0; 0]);
    assert_eq!(store.list_holders(&gate(), at(20)).await.unwrap(), []);
    // The access point is at another server now, which takes it up.
    open(&store, "b", at(1_000)).await;
    store.enter_connection(&id("b"), &gate(), at(21)).await.unwrap();
    assert_eq!(claimed(&store, 10 + CLAIM - 1, &Reach::ConnectedTo(id("b"))).await, [0; 0]);
    assert_eq!(claimed(&store, 10 + CLAIM, &Reach::ConnectedTo(id("a"))).await, [0; 0]);
    assert_eq!(claimed(&store, 10 + CLAIM, &Reach::ConnectedTo(id("b"))).await, [1]);
}

pub async fn a_server_that_lives_on_holds_on_and_one_that_begins_anew_holds_nothing(
    store: TestStore,
) {
    assert!(!store.renew_radius_server(&id("a"), at(1), at(21)).await.unwrap(), "never opened");
    open(&store, "a", at(20)).await;
    store.enter_connection(&id("a"), &gate(), at(0)).await.unwrap();
    store.enter_connection(&id("a"), &gate(), at(1)).await.unwrap();
    assert!(store.renew_radius_server(&id("a"), at(15), at(35)).await.unwrap());
    assert_eq!(store.list_holders(&gate(), at(34)).await.unwrap().len(), 1);
    open(&store, "a", at(60)).await;
    assert_eq!(store.list_holders(&gate(), at(40)).await.unwrap(), []);
    store.enter_connection(&id("a"), &gate(), at(41)).await.unwrap();
    store.leave_connection(&id("a"), &gate()).await.unwrap();
    assert_eq!(store.list_holders(&gate(), at(42)).await.unwrap(), []);
    store.enter_connection(&id("a"), &gate(), at(43)).await.unwrap();
    store.close_radius_server(&id("a"), at(44)).await.unwrap();
    assert_eq!(store.list_holders(&gate(), at(44)).await.unwrap(), []);
    // It is still told of, for a month.
    let known = store.list_radius_servers().await.unwrap();
    assert_eq!(known.iter().map(|server| server.seen_at).collect::<Vec<_>>(), [at(44)]);
    assert_eq!(store.prune_radius_servers(at(44)).await.unwrap(), 0);
    assert_eq!(store.prune_radius_servers(at(45)).await.unwrap(), 1);
    assert_eq!(store.list_radius_servers().await.unwrap(), []);
}

pub async fn who_connects_is_told_at_once_what_waits(store: TestStore) {
    open(&store, "a", at(1_000)).await;
    assert!(store.add_order(&order(1, "gate")).await.unwrap());
    assert_eq!(claimed(&store, 1, &Reach::Unconnected).await, [1]);
    // Nobody takes what somebody is at.
    store.enter_connection(&id("a"), &gate(), at(2)).await.unwrap();
    let here = Reach::ConnectedTo(id("a"));
    assert_eq!(claimed(&store, 2, &here).await, [0; 0]);
    store.leave_connection(&id("a"), &gate()).await.unwrap();
    store.postpone_order(order(1, "gate").id, at(60)).await.unwrap();
    store.enter_connection(&id("a"), &gate(), at(3)).await.unwrap();
    assert_eq!(store.next_order_at(at(3), &here).await.unwrap(), Some(at(3)));
    assert_eq!(claimed(&store, 3, &here).await, [1]);
}

pub async fn two_that_hold_the_same_access_point_take_each_order_once(store: TestStore) {
    for server in ["a", "b"] {
        open(&store, server, at(1_000)).await;
        store.enter_connection(&id(server), &gate(), at(0)).await.unwrap();
    }
    for number in 1..=8 {
        assert!(store.add_order(&order(number, "gate")).await.unwrap());
    }
    let reaches = ["a", "b"].map(|server| Reach::ConnectedTo(id(server)));
    let (one, other) =
        tokio::join!(claimed(&store, 1, &reaches[0]), claimed(&store, 1, &reaches[1]));
    let mut all = [one, other].concat();
    all.sort_unstable();
    let rest = claimed(&store, 1, &reaches[0]).await;
    all.extend(rest);
    all.sort_unstable();
    assert_eq!(all, (1..=8).collect::<Vec<_>>());
}

pub async fn each_try_of_an_order_is_kept_as_long_as_the_order(store: TestStore) {
    let order = order(1, "gate");
    let tried = |secs, answer| OrderTry { at: at(secs), method: OrderMethod::Disconnect, answer };
    let tries = [
        tried(1, Some(OrderAnswer::Nothing)),
        tried(3, None),
        tried(9, Some(OrderAnswer::Refused(503))),
    ];
    store.record_order_try(order.id, &tries[0]).await.unwrap();
    assert_eq!(store.list_order_tries(order.id, 10).await.unwrap(), [], "there is no such order");
    assert!(store.add_order(&order).await.unwrap());
    for tried in [&tries[0], &tries[0], &tries[1], &tries[2]] {
        store.record_order_try(order.id, tried).await.unwrap();
    }
    let kept = store.list_order_tries(order.id, 2).await.unwrap();
    assert_eq!(kept, [tries[2], tries[1]]);
    let outcome = OrderOutcome::Refused(503);
    let done = OrderStep::Done { last: None, at: at(9), outcome };
    assert!(store.advance_order(&order, &done).await.unwrap());
    assert_eq!(store.prune_orders(at(10)).await.unwrap(), 1);
    assert_eq!(store.list_order_tries(order.id, 10).await.unwrap(), []);
}
