use domain::{GrantEnd, OrderKind, OrderReason, Speed};
use store::OrderFilter;
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::quota::disconnect;
use crate::stage::{FakeNas, Reply, Stage, Told, mac, nas};

const ADMIN: OrderReason = OrderReason::Admin;

fn dispatcher(
    stage: &Stage,
    replies: impl IntoIterator<Item = Reply>,
) -> (Arc<Dispatcher>, UnboundedReceiver<Told>) {
    let (store, clock) = stage.shared();
    let (nas, told) = FakeNas::new(replies);
    let patience = Patience {
        give_up_after: Duration::from_secs(86_400),
        confirm_within: Duration::from_secs(900),
    };
    (Arc::new(Dispatcher::new(store, clock, nas, patience, Reach::Everyone)), told)
}

/// Writes a Disconnect order for a session down.
async fn order(stage: &Stage, session: domain::SessionId) -> OrderId {
    let session = stage.store.find_session(session).await.unwrap().unwrap();
    let order = disconnect(&session, ADMIN, stage.clock.now());
    assert!(stage.store.add_order(&order).await.unwrap());
    order.id
}

/// Writes down that a visitor who used so much is to go on slower.
async fn slower(stage: &Stage, used: u64) -> (domain::SessionId, NasOrder) {
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, used).await;
    let known = stage.store.find_session(session).await.unwrap().unwrap();
    let kind = OrderKind::Change(Speed::Reduced);
    let change = crate::quota::order(&known, kind, ADMIN, stage.clock.now());
    assert!(stage.store.add_order(&change).await.unwrap());
    (session, change)
}

/// Delivers what is due and waits for every answer; returns who was told.
async fn deliver_due(
    dispatcher: &Arc<Dispatcher>,
    round: &mut Round,
    told: &mut UnboundedReceiver<Told>,
) -> Vec<String> {
    dispatcher.begin_due(round).await.unwrap();
    while let Some(done) = round.tasks.join_next_with_id().await {
        dispatcher.note(round, done).await;
    }
    std::iter::from_fn(|| told.try_recv().ok()).map(|told| told.nas).collect()
}

async fn quiet_city() -> Stage {
    Stage::new((None, None), (None, None)).await
}

#[tokio::test]
async fn an_order_is_tried_until_it_is_answered() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    order(&stage, session).await;
    let silence = || Reply::Says(Delivery::NoAnswer);
    let (dispatcher, mut told) = dispatcher(&stage, [silence(), silence(), silence()]);
    let mut round = Round::default();
    for (seconds, expected) in [(0, 1), (1, 0), (1, 1), (3, 0), (1, 1), (7, 0), (1, 1), (60, 0)] {
        stage.advance(seconds);
        let names = deliver_due(&dispatcher, &mut round, &mut told).await;
        assert_eq!(names.len(), expected, "at {}", stage.clock.now());
    }
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, None)], "not yet seen");
    stage.stop("gate", &phone, 70, 0).await;
    stage.advance(1);
    deliver_due(&dispatcher, &mut round, &mut told).await;
    let outcome = Some(OrderOutcome::Enforced);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

#[tokio::test]
async fn an_access_point_that_says_done_and_goes_on_is_found_out() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    order(&stage, session).await;
    let (dispatcher, mut told) = dispatcher(&stage, []);
    let mut round = Round::default();
    deliver_due(&dispatcher, &mut round, &mut told).await;
    stage.advance(600);
    stage.report("gate", &phone, 660, 0).await;
    deliver_due(&dispatcher, &mut round, &mut told).await;
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, None)]);
    stage.advance(300);
    deliver_due(&dispatcher, &mut round, &mut told).await;
    let outcome = Some(OrderOutcome::Ignored);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

#[tokio::test]
async fn who_cannot_be_slowed_down_is_cut() {
    let stage = Stage::slowing((None, Some(500))).await;
    let (_, change) = slower(&stage, 500).await;
    let (dispatcher, mut told) = dispatcher(&stage, [Reply::Says(Delivery::Refused(405))]);
    let mut round = Round::default();
    dispatcher.begin_due(&mut round).await.unwrap();
    let NasCommand::Change(terms) = told.recv().await.unwrap().command else { panic!("a change") };
    assert_eq!((terms.speed, terms.data), (Speed::Reduced, None));
    deliver_due(&dispatcher, &mut round, &mut told).await;
    let order = stage.store.find_order(change.id).await.unwrap().unwrap();
    assert_eq!(order.progress.answer, Some(OrderAnswer::Refused(405)));
    dispatcher.begin_due(&mut round).await.unwrap();
    assert_eq!(told.recv().await.unwrap().command, NasCommand::Disconnect);
}

#[tokio::test]
async fn a_change_that_is_not_wanted_any_more_is_not_told() {
    let stage = Stage::slowing((None, Some(500))).await;
    slower(&stage, 499).await;
    let (dispatcher, mut told) = dispatcher(&stage, []);
    let names = deliver_due(&dispatcher, &mut Round::default(), &mut told).await;
    assert_eq!(names, Vec::<String>::new());
    let outcome = Some(OrderOutcome::Overtaken);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

/// Tells an access point of that profile to slow a visitor down, dies before it is written down what came of
/// it, and takes the order up again when the visitor is to be as fast as before; what it tells then.
async fn taken_up_again(profile: NasProfile) -> (NasCommand, Option<OrderOutcome>) {
    let stage = Stage::slowing((None, Some(500))).await;
    let own = &mut |nas: &mut Nas| nas.profile = profile;
    stage.store.change_access_point(&"gate".parse().unwrap(), own).await.unwrap().unwrap();
    let (session, _) = slower(&stage, 499).await;
    let now = stage.clock.now();
    let begun = stage.store.claim_orders(now, now + CLAIM, 10, &Reach::Everyone).await.unwrap();
    assert_eq!(begun.len(), 1);
    let (dispatcher, mut told) = dispatcher(&stage, []);
    let mut round = Round::default();
    assert!(deliver_due(&dispatcher, &mut round, &mut told).await.is_empty(), "it is claimed");
    stage.clock.advance(CLAIM);
    dispatcher.begin_due(&mut round).await.unwrap();
    while let Some(done) = round.tasks.join_next_with_id().await {
        dispatcher.note(&mut round, done).await;
    }
    let command = told.try_recv().expect("it is told").command;
    let known = stage.store.find_session(session).await.unwrap().unwrap();
    assert_eq!(known.speed, Speed::Full, "it has what was told, not what was ordered");
    let orders = stage.orders().await;
    let [(_, _, outcome)] = orders[..] else { panic!("one order") };
    (command, outcome)
}

#[tokio::test]
async fn a_change_that_may_have_been_done_is_taken_back_when_it_is_not_wanted_any_more() {
    let (told, outcome) = taken_up_again(NasProfile::Generic).await;
    let NasCommand::Change(terms) = told else { panic!("{told:?}") };
    assert_eq!((terms.speed, outcome), (Speed::Full, None), "accounting will show it");
}

#[tokio::test]
async fn who_may_have_asked_for_a_change_asks_again_when_it_is_not_wanted_any_more() {
    let told = taken_up_again(NasProfile::Cisco).await;
    assert_eq!(told, (NasCommand::Reauthenticate, Some(OrderOutcome::Acknowledged)));
}

#[tokio::test]
async fn nobody_is_cut_for_a_change_that_was_refused_and_is_not_wanted_any_more() {
    let stage = Stage::slowing((None, Some(500))).await;
    let (_, change) = slower(&stage, 499).await;
    let now = stage.clock.now();
    stage.store.claim_orders(now, now + CLAIM, 10, &Reach::Everyone).await.unwrap();
    let (method, answer) = (OrderMethod::Disconnect, OrderAnswer::Refused(405));
    let cut = OrderStep::Again { method, answer, next_at: now };
    assert!(stage.store.advance_order(&change, &cut).await.unwrap());
    let (dispatcher, mut told) = dispatcher(&stage, []);
    let names = deliver_due(&dispatcher, &mut Round::default(), &mut told).await;
    assert_eq!(names, Vec::<String>::new());
    let outcome = Some(OrderOutcome::Overtaken);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

#[tokio::test]
async fn an_order_to_an_access_point_that_stays_silent_is_given_up_after_a_day() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    order(&stage, session).await;
    stage.advance(86_400);
    let (dispatcher, mut told) = dispatcher(&stage, [Reply::Says(Delivery::NoAnswer)]);
    deliver_due(&dispatcher, &mut Round::default(), &mut told).await;
    let outcome = Some(OrderOutcome::Undeliverable);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

#[tokio::test]
async fn a_clear_answer_ends_an_order() {
    for (delivery, outcome) in [
        (Delivery::Refused(404), OrderOutcome::Refused(404)),
        (Delivery::NoAddress, OrderOutcome::Undeliverable),
    ] {
        let stage = quiet_city().await;
        let phone = stage.sign_in(1, 1).await;
        let session = stage.report("gate", &phone, 60, 0).await;
        order(&stage, session).await;
        let (dispatcher, mut told) = dispatcher(&stage, [Reply::Says(delivery)]);
        let mut round = Round::default();
        dispatcher.begin_due(&mut round).await.unwrap();
        let expected = Told {
            nas: "gate".to_owned(),
            reason: ADMIN,
            command: NasCommand::Disconnect,
            device: mac(1),
            session: Some(session),
        };
        assert_eq!(told.recv().await, Some(expected));
        deliver_due(&dispatcher, &mut round, &mut told).await;
        assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, Some(outcome))]);
    }
}

#[tokio::test]
async fn a_session_that_ended_by_itself_needs_no_order() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    order(&stage, session).await;
    stage.stop("gate", &phone, 70, 0).await;
    let (dispatcher, mut told) = dispatcher(&stage, []);
    let names = deliver_due(&dispatcher, &mut Round::default(), &mut told).await;
    assert_eq!(names, Vec::<String>::new());
    let outcome = Some(OrderOutcome::Overtaken);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

#[tokio::test]
async fn an_order_to_an_access_point_that_was_removed_is_undeliverable() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    order(&stage, session).await;
    assert!(stage.store.remove_access_point(&"gate".parse().unwrap()).await.unwrap());
    let (dispatcher, mut told) = dispatcher(&stage, []);
    deliver_due(&dispatcher, &mut Round::default(), &mut told).await;
    let outcome = Some(OrderOutcome::Undeliverable);
    assert_eq!(stage.orders().await, [("gate".to_owned(), ADMIN, outcome)]);
}

#[tokio::test]
async fn a_silent_access_point_keeps_nobody_else_waiting() {
    let stage = quiet_city().await;
    for number in 1..=20 {
        let grant = stage.sign_in(number, number).await;
        let session = stage.report("gate", &grant, 60, 0).await;
        order(&stage, session).await;
    }
    let other = stage.sign_in(21, 21).await;
    let session = stage.report("pole", &other, 60, 0).await;
    order(&stage, session).await;

    let (dispatcher, mut told) = dispatcher(&stage, [Reply::Says(Delivery::NoAnswer)]);
    let mut round = Round::default();
    let mut names = Vec::new();
    for _ in 0..3 {
        names.extend(deliver_due(&dispatcher, &mut round, &mut told).await);
    }
    assert_eq!(names, ["gate", "pole"]);
}

#[tokio::test]
async fn a_delivery_that_breaks_down_is_tried_again_when_its_claim_is_over() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    order(&stage, session).await;
    let (dispatcher, mut told) = dispatcher(&stage, [Reply::Panics]);
    let mut round = Round::default();
    for (seconds, expected) in [(0, 1), (CLAIM.as_secs() - 1, 0), (1, 1)] {
        stage.advance(seconds);
        let names = deliver_due(&dispatcher, &mut round, &mut told).await;
        assert_eq!(names.len(), expected, "{seconds} s later");
    }
}

#[tokio::test]
async fn a_restart_resumes_what_was_on_its_way() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &phone, 60, 0).await;
    let id = order(&stage, session).await;

    let (first, mut told) = dispatcher(&stage, [Reply::Hangs]);
    let stop = CancellationToken::new();
    let running = tokio::spawn(first.run(stop.clone()));
    assert_eq!(told.recv().await.expect("it is delivered").nas, "gate");
    stop.cancel();
    running.await.unwrap();
    let order = stage.store.list_orders(&OrderFilter::latest(1)).await.unwrap().remove(0);
    let expected = OrderState::Waiting { attempts: 1, next_at: stage.clock.now() };
    assert_eq!((order.id, order.state), (id, expected));

    let (second, mut told) = dispatcher(&stage, []);
    let stop = CancellationToken::new();
    let running = tokio::spawn(second.run(stop.clone()));
    assert_eq!(told.recv().await.expect("it is delivered again").nas, "gate");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn an_order_wakes_the_delivery() {
    let stage = quiet_city().await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 0).await;
    let (dispatcher, mut told) = dispatcher(&stage, []);
    let stop = CancellationToken::new();
    let running = tokio::spawn(dispatcher.run(stop.clone()));
    let now = stage.clock.now();
    stage
        .store
        .end_grant(phone.id, GrantEnd::LoggedOut, OrderReason::LoggedOut, now)
        .await
        .unwrap();
    assert_eq!(told.recv().await.expect("it is delivered").reason, OrderReason::LoggedOut);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn an_admission_is_told_until_the_controller_takes_it() {
    let stage = Stage::new((None, None), (Some(7_200), Some(20_000))).await;
    let phone = stage.sign_in(1, 1).await;
    let told_by_api = &mut |nas: &mut Nas| nas.profile = NasProfile::UnifiApi;
    stage.store.change_access_point(&"gate".parse().unwrap(), told_by_api).await.unwrap().unwrap();
    let admission = NasOrder {
        id: crate::random::order_id(stage.clock.now()),
        nas: "gate".parse().unwrap(),
        kind: OrderKind::Reauthenticate,
        device: phone.device,
        session: None,
        reason: OrderReason::SignedIn,
        created_at: stage.clock.now(),
        progress: domain::OrderProgress::default(),
        state: OrderState::Waiting { attempts: 0, next_at: stage.clock.now() },
    };
    assert!(stage.store.add_order(&admission).await.unwrap());
    // The controller is away, does not see the device yet, and takes it at last.
    let not_yet = [Delivery::NoAnswer, Delivery::Refused(506)].map(Reply::Says);
    let (dispatcher, mut told) = dispatcher(&stage, not_yet);
    let mut round = Round::default();
    for seconds in [0, 2, 4] {
        stage.advance(seconds);
        dispatcher.begin_due(&mut round).await.unwrap();
        let NasCommand::Change(terms) = told.recv().await.unwrap().command else {
            panic!("the whole terms")
        };
        assert_eq!((terms.time.as_secs(), terms.speed), (7_200, Speed::Full));
        assert_eq!(terms.data, Some(domain::Octets::new(20_000)));
        deliver_due(&dispatcher, &mut round, &mut told).await;
    }
    let of_portal = |outcome| ("gate".to_owned(), OrderReason::SignedIn, Some(outcome));
    assert_eq!(stage.orders().await, [of_portal(OrderOutcome::Acknowledged)]);

    // Who has logged out meanwhile is not admitted any more.
    let again = NasOrder { id: crate::random::order_id(stage.clock.now()), ..admission };
    assert!(stage.store.add_order(&again).await.unwrap());
    let (why, reason) = (GrantEnd::LoggedOut, OrderReason::LoggedOut);
    assert!(stage.store.end_grant(phone.id, why, reason, stage.clock.now()).await.unwrap());
    assert_eq!(deliver_due(&dispatcher, &mut round, &mut told).await, Vec::<String>::new());
    let expected = [OrderOutcome::Acknowledged, OrderOutcome::Overtaken].map(of_portal);
    assert_eq!(stage.orders().await, expected);
}

#[tokio::test]
async fn nobody_is_told_of_more_time_than_until_the_site_closes() {
    let stage = Stage::new((None, None), (Some(7_200), None)).await;
    let grant = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &grant, 0, 0).await;
    let session = stage.store.find_session(session).await.unwrap().unwrap();
    let (store, clock) = stage.shared();
    let gate = nas("gate", "10.0.0.1/32");
    let told = async || {
        let terms = terms_of(store.as_ref(), session.device, &gate, clock.now()).await.unwrap();
        terms.map(|terms| terms.time.as_secs())
    };
    assert_eq!(told().await, Some(7_200));
    // It is noon.
    for (hours, expected) in [("daily 08:00-12:10", Some(600)), ("daily 08:00-12:00", None)] {
        let hours: domain::OpeningHours = vec![hours.parse().unwrap()].try_into().unwrap();
        let mut change = |site: &mut domain::Site| site.hours = hours.clone();
        stage.store.change_site(&gate.site, &mut change).await.unwrap().unwrap();
        assert_eq!(told().await, expected);
    }
}
