use domain::*;
use store::testing::TestStore;
use store::{
    AcceptedMessage, Attempt, Begun, Budget, Elsewhere, JournalPosition, NewChallenge, OrderFilter,
    OutgoingMessage, Proof, Reach, ReceiptEnd, ReceiptOf, RouteTold, Sought,
};

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
    store.finish_message(message.id, &"main".parse().unwrap(), &accepted, at(2)).await.unwrap();
    assert_eq!(
        store.claim_messages(at(301), at(330), 10).await.unwrap().len(),
        0,
        "the other came too late"
    );
    let states = [
        store.latest_message(new.challenge.id).await.unwrap().unwrap().state,
        store.latest_message(ChallengeId::from_bytes([2; 16])).await.unwrap().unwrap().state,
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

fn main_route() -> RouteName {
    "main".parse().unwrap()
}

fn elsewhere(message: MessageId, code: Option<&str>, seconds: u64) -> Elsewhere {
    Elsewhere {
        message,
        reason: "no answer".to_owned(),
        from: main_route(),
        to: "second".parse().unwrap(),
        code: code.map(|digits| digits.parse().unwrap()),
        at: at(seconds),
        charge: None,
    }
}

pub async fn a_message_that_is_put_back_keeps_the_route_that_tries(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    let claimed = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    assert_eq!(
        (claimed.code.expose(), &claimed.route, claimed.tried_since),
        ("482913", &None, None)
    );
    store.postpone_message(claimed.id, (&main_route(), at(1)), at(3)).await.unwrap();
    let again = store.claim_messages(at(3), at(33), 1).await.unwrap().remove(0);
    assert_eq!((again.route, again.tried_since), (Some(main_route()), Some(at(1))));
}

pub async fn another_route_carries_another_code_and_both_are_good(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    begin(&store, &new).await;
    begin(&store, &new_challenge(2, mac(2), at(1), "555555")).await;
    let first = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    assert!(store.send_elsewhere(&elsewhere(first.id, Some("071155"), 12)).await.unwrap());
    assert!(!store.send_elsewhere(&elsewhere(first.id, Some("123456"), 12)).await.unwrap(), "once");

    let told = store.latest_message(new.challenge.id).await.unwrap().unwrap();
    assert!(told.rerouted && told.state == MessageState::Waiting);
    assert_eq!(store.messages_ahead(new.challenge.id).await.unwrap(), Some(0), "its place is kept");
    let second = store.claim_messages(at(12), at(40), 1).await.unwrap().remove(0);
    assert_eq!(second.text.expose(), "code 071155");
    assert_eq!((second.code.expose(), second.phone), ("071155", phone()));
    assert_eq!((second.route.unwrap().as_str(), second.tried_since), ("second", None));
    assert_eq!(second.expires_at, at(600), "as long as no gateway has it");
    let main = "second".parse().unwrap();
    let taken = MessageState::Accepted { reference: None };
    store.finish_message(second.id, &main, &taken, at(20)).await.unwrap();

    // Attempts are counted over both codes, and the visitor's own resend is not used up.
    let open = store.find_open_challenge(&new.challenge.binding).await.unwrap().unwrap();
    assert_eq!((open.sends, open.sent_at, open.code_expires_at), (1, T0, at(320)));
    let attempt = |text, seconds| (code(text), at(seconds));
    for (text, seconds, expected) in [
        ("999999", 20, Err(Verdict::Wrong { left: 4 })),
        ("482913", 313, Err(Verdict::Wrong { left: 3 })),
        ("071155", 313, Ok(())),
    ] {
        let (code, at) = attempt(text, seconds);
        let attempt =
            Attempt { challenge: Sought::Id(new.challenge.id), proof: Proof::Code(&code), at };
        let policy = ChallengePolicy::default();
        let verdict = store.verify(&attempt, Purpose::SignIn, &policy).await.unwrap();
        assert_eq!(verdict.map(drop), expected, "{text}");
    }
}

pub async fn another_route_carries_the_same_code_where_no_gateway_took_it(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    begin(&store, &new).await;
    let first = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    assert!(store.send_elsewhere(&elsewhere(first.id, None, 2)).await.unwrap());
    let second = store.claim_messages(at(2), at(32), 1).await.unwrap().remove(0);
    assert_eq!((second.text.expose(), second.expires_at), ("code 482913", first.expires_at));
    let of_device = store::ChallengesOf::Device(mac(1));
    let told = store.list_challenges(&of_device, T0, 1).await.unwrap().remove(0).messages;
    let states: Vec<_> = told.iter().map(|told| (told.rerouted, &told.state)).collect();
    let failed = MessageState::Failed { reason: "no answer".to_owned() };
    assert_eq!(states, [(false, &failed), (true, &MessageState::Waiting)]);
}

pub async fn nothing_is_sent_elsewhere_once_nobody_waits_for_it(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    begin(&store, &new).await;
    let first = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    let attempt = Attempt {
        challenge: Sought::Id(new.challenge.id),
        proof: Proof::Code(&code("482913")),
        at: at(5),
    };
    let policy = ChallengePolicy::default();
    store.verify(&attempt, Purpose::SignIn, &policy).await.unwrap().unwrap();
    assert!(!store.send_elsewhere(&elsewhere(first.id, Some("071155"), 12)).await.unwrap());
    assert_eq!(store.next_message_at().await.unwrap(), None, "and it waits no more");
}

/// A message of device 1 that the main route has taken as `m1`, whose receipt is waited for.
async fn watched(store: &TestStore) -> (MessageId, ChallengeId) {
    set_up(store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    begin(store, &new).await;
    let message = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    accept(store, message.id, "m1", 1).await;
    (message.id, new.challenge.id)
}

/// The main route's gateway takes a message, whose receipt is waited for for 25 s.
async fn accept(store: &TestStore, message: MessageId, reference: &str, when: u64) {
    let accepted = AcceptedMessage {
        message,
        route: main_route(),
        reference: Some(reference.to_owned()),
        at: at(when),
        watch_until: Some(at(when + 25)),
    };
    store.accept_messages(&[accepted]).await.unwrap();
}

async fn told(store: &TestStore, of: &ReceiptOf, receipt: Receipt, when: u64) -> ReceiptEnd {
    store.record_receipt(&main_route(), of, receipt, at(when)).await.unwrap()
}

pub async fn receipts_may_come_twice_and_in_any_order(store: TestStore) {
    let (id, challenge) = watched(&store).await;
    let by_name = ReceiptOf::Reference("m1".to_owned());
    let receipt = async || store.latest_message(challenge).await.unwrap().unwrap().receipt;
    let undelivered = Receipt::Undelivered;
    assert_eq!(told(&store, &by_name, undelivered, 5).await, ReceiptEnd::Recorded);
    assert_eq!(told(&store, &by_name, undelivered, 6).await, ReceiptEnd::Known);
    assert_eq!(receipt().await, Some((undelivered, at(5))));
    let by_id = ReceiptOf::Message(id);
    assert_eq!(told(&store, &by_id, Receipt::Delivered, 7).await, ReceiptEnd::Recorded);
    assert_eq!(told(&store, &by_name, undelivered, 8).await, ReceiptEnd::Known);
    assert_eq!(told(&store, &by_name, Receipt::Delivered, 9).await, ReceiptEnd::Known);
    assert_eq!(receipt().await, Some((Receipt::Delivered, at(7))), "one that arrived stays so");
    assert_eq!(store.next_message_at().await.unwrap(), None, "nothing is waited for any more");
}

pub async fn a_receipt_of_what_nobody_sent_is_not_written(store: TestStore) {
    let (id, challenge) = watched(&store).await;
    for of in
        [ReceiptOf::Reference("m2".to_owned()), ReceiptOf::Message(MessageId::from_bytes([9; 16]))]
    {
        assert_eq!(told(&store, &of, Receipt::Delivered, 5).await, ReceiptEnd::Unknown, "{of:?}");
    }
    let other = "second".parse().unwrap();
    for of in [ReceiptOf::Reference("m1".to_owned()), ReceiptOf::Message(id)] {
        let end = store.record_receipt(&other, &of, Receipt::Delivered, at(5)).await.unwrap();
        assert_eq!(end, ReceiptEnd::Unknown, "another route's message: {of:?}");
    }
    assert_eq!(store.latest_message(challenge).await.unwrap().unwrap().receipt, None);
}

pub async fn a_receipt_may_overtake_the_answer_of_its_gateway(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    begin(&store, &new).await;
    let message = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    let of = ReceiptOf::Message(message.id);
    assert_eq!(told(&store, &of, Receipt::Delivered, 2).await, ReceiptEnd::Recorded);
    accept(&store, message.id, "m1", 3).await;
    let told = store.latest_message(new.challenge.id).await.unwrap().unwrap();
    assert_eq!(told.state, MessageState::Accepted { reference: None });
    assert_eq!(told.receipt, Some((Receipt::Delivered, at(2))));
    assert_eq!(store.next_message_at().await.unwrap(), None, "it is not sent again");
}

pub async fn a_missing_receipt_counts_only_where_some_came(store: TestStore) {
    let (_, challenge) = watched(&store).await;
    assert_eq!(store.next_message_at().await.unwrap(), Some(at(26)));
    let unreceipted = async |when: u64, since: u64| {
        store.claim_unreceipted((at(when), at(since)), at(when + 30), 10).await.unwrap()
    };
    assert_eq!(unreceipted(25, 0).await.len(), 0, "it is not over");
    assert_eq!(unreceipted(26, 0).await.len(), 0, "the route never gave one");
    assert_eq!(store.next_message_at().await.unwrap(), None, "and its words are gone");
    let accepted = MessageState::Accepted { reference: Some("m1".to_owned()) };
    let story = store.latest_message(challenge).await.unwrap().unwrap();
    assert_eq!((story.state, story.receipt), (accepted, None));

    begin(&store, &new_challenge(2, mac(2), at(40), "555555")).await;
    let message = store.claim_messages(at(41), at(60), 1).await.unwrap().remove(0);
    accept(&store, message.id, "m2", 41).await;
    let late = ReceiptOf::Reference("m1".to_owned());
    assert_eq!(told(&store, &late, Receipt::Delivered, 50).await, ReceiptEnd::Recorded);
    let due = unreceipted(66, 49).await.pop().expect("now it does");
    assert_eq!((due.id, due.code.expose()), (message.id, "555555"));
    assert_eq!(unreceipted(66, 49).await.len(), 0, "one has it");
    assert!(store.send_elsewhere(&elsewhere(due.id, Some("071155"), 66)).await.unwrap());
    let of_device = store::ChallengesOf::Device(mac(2));
    let story = store.list_challenges(&of_device, T0, 1).await.unwrap().remove(0).messages;
    let accepted = MessageState::Accepted { reference: Some("m2".to_owned()) };
    let states: Vec<_> = story.iter().map(|told| (told.rerouted, &told.state)).collect();
    assert_eq!(states, [(false, &accepted), (true, &MessageState::Waiting)]);
}

pub async fn a_message_that_did_not_arrive_is_due_at_once(store: TestStore) {
    watched(&store).await;
    let of = ReceiptOf::Reference("m1".to_owned());
    assert_eq!(told(&store, &of, Receipt::Undelivered, 5).await, ReceiptEnd::Recorded);
    let due = store.claim_unreceipted((at(5), at(0)), at(35), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    store.forget_message(due[0].id).await.unwrap();
    assert_eq!(store.next_message_at().await.unwrap(), None, "where there is no other route");
}

pub async fn what_routes_did_is_counted(store: TestStore) {
    watched(&store).await;
    begin(&store, &new_challenge(2, mac(2), at(40), "555555")).await;
    let message = store.claim_messages(at(41), at(60), 1).await.unwrap().remove(0);
    assert!(store.send_elsewhere(&elsewhere(message.id, None, 41)).await.unwrap());
    let of = ReceiptOf::Reference("m1".to_owned());
    told(&store, &of, Receipt::Delivered, 50).await;
    let route = |name: &str, [waiting, taken, not_taken, delivered]: [u32; 4]| RouteTold {
        route: name.parse().unwrap(),
        waiting,
        taken,
        not_taken,
        delivered,
        undelivered: 0,
    };
    let second = route("second", [1, 0, 0, 0]);
    let counted = store.list_routes_told(T0).await.unwrap();
    assert_eq!(counted, [route("main", [0, 1, 1, 1]), second.clone()]);
    let counted = store.list_routes_told(at(40)).await.unwrap();
    assert_eq!(counted, [route("main", [0, 0, 1, 0]), second], "only the later ones");
}

pub async fn a_code_lives_from_when_the_gateway_took_it(store: TestStore) {
    set_up(&store).await;
    let policy = ChallengePolicy::default();
    let accepted = MessageState::Accepted { reference: None };
    // Taken at once, after four minutes, and when little of the ten minutes is left.
    for (device, taken, lives_until) in [(1, 1, 301), (2, 240, 540), (3, 590, 600)] {
        let new = new_challenge(device, mac(device), T0, "482913");
        let code_expires_at = policy.good_until(T0, None);
        let challenge = Challenge { code_expires_at, ..new.challenge.clone() };
        begin(&store, &NewChallenge { challenge, ..new }).await;
        let message = store.claim_messages(at(taken), at(taken + 9), 1).await.unwrap().remove(0);
        store.finish_message(message.id, &main_route(), &accepted, at(taken)).await.unwrap();
        let id = ChallengeId::from_bytes([device; 16]);
        let again = store.finish_message(message.id, &main_route(), &accepted, at(599)).await;
        again.expect("taking it twice changes nothing");
        for (when, expected) in [(lives_until, Err(Verdict::Expired)), (lives_until - 1, Ok(()))] {
            let attempt = Attempt {
                challenge: Sought::Id(id),
                proof: Proof::Code(&code("482913")),
                at: at(when),
            };
            let verdict = store.verify(&attempt, Purpose::SignIn, &policy).await.unwrap();
            assert_eq!(verdict.map(drop), expected, "taken at {taken}, tried at {when}");
        }
    }
}

pub async fn a_receipt_before_the_answer_begins_the_life_of_a_code(store: TestStore) {
    set_up(&store).await;
    let policy = ChallengePolicy::default();
    let new = new_challenge(1, mac(1), T0, "482913");
    let challenge =
        Challenge { code_expires_at: policy.good_until(T0, None), ..new.challenge.clone() };
    let binding = challenge.binding.clone();
    begin(&store, &NewChallenge { challenge, ..new }).await;
    let message = store.claim_messages(at(1), at(30), 1).await.unwrap().remove(0);
    let of = ReceiptOf::Message(message.id);
    assert_eq!(told(&store, &of, Receipt::Delivered, 2).await, ReceiptEnd::Recorded);
    let open = store.find_open_challenge(&binding).await.unwrap().unwrap();
    assert_eq!(open.code_expires_at, at(302));
}

pub async fn many_messages_are_accepted_at_once_each_at_its_own_time(store: TestStore) {
    set_up(&store).await;
    let policy = ChallengePolicy::default();
    let mut accepted = Vec::new();
    for device in 1..=5 {
        let new = new_challenge(device, mac(device), T0, "482913");
        let code_expires_at = policy.good_until(T0, None);
        let challenge = Challenge { code_expires_at, ..new.challenge.clone() };
        begin(&store, &NewChallenge { challenge, ..new }).await;
        let when = u64::from(device) * 10;
        let message = store.claim_messages(at(when), at(900), 1).await.unwrap().remove(0).id;
        let reference = (device > 1).then(|| format!("m{device}"));
        let watch_until = (device > 2).then(|| at(when + 25));
        accepted.push(AcceptedMessage {
            message,
            route: main_route(),
            reference,
            at: at(when),
            watch_until,
        });
    }
    // The first one was ended before.
    let failed = MessageState::Failed { reason: "refused".to_owned() };
    store.finish_message(accepted[0].message, &main_route(), &failed, at(11)).await.unwrap();
    store.accept_messages(&accepted).await.unwrap();
    assert_eq!(store.next_message_at().await.unwrap(), Some(at(55)), "the first that is watched");
    for (device, state, lives_until) in [
        (1, failed, 600),
        (2, MessageState::Accepted { reference: Some("m2".to_owned()) }, 320),
        (5, MessageState::Accepted { reference: Some("m5".to_owned()) }, 350),
    ] {
        let id = ChallengeId::from_bytes([device; 16]);
        assert_eq!(store.latest_message(id).await.unwrap().unwrap().state, state);
        let binding = Binding::SignIn { site: "walkway".parse().unwrap(), device: mac(device) };
        let open = store.find_open_challenge(&binding).await.unwrap().unwrap();
        assert_eq!(open.code_expires_at, at(lives_until), "of device {device}");
    }
    store.accept_messages(&[]).await.unwrap();
}

pub async fn who_begins_a_challenge_may_claim_its_message(store: TestStore) {
    set_up(&store).await;
    let new = new_challenge(1, mac(1), T0, "482913");
    let claimed =
        NewChallenge { claim_until: Some(at(30)), ..new_challenge(1, mac(1), T0, "482913") };
    let policy = ChallengePolicy::default();
    let begun = store.begin_challenge(&claimed, &Budget::NONE, &policy).await.unwrap();
    let Begun::Claimed(message) = begun else { panic!("{begun:?}") };
    assert_eq!((message.attempts, &message.phone), (1, &new.challenge.phone));
    assert!(store.claim_messages(at(29), at(60), 10).await.unwrap().is_empty(), "it is claimed");
    // Who claimed it died.
    let again = store.claim_messages(at(30), at(60), 10).await.unwrap().remove(0);
    assert_eq!(again, OutgoingMessage { attempts: 2, ..*message });
}
