use domain::{GrantState, Nas, NasProfile, OrderMethod, OrderOutcome, OrderReason, OrderStep};

use store::OrderFilter;

use super::*;
use crate::stage::Stage;

const USED_UP: OrderReason = OrderReason::AllowanceUsedUp;

fn watch(stage: &Stage) -> QuotaWatch {
    let (store, clock) = stage.shared();
    QuotaWatch::new(store, clock, Duration::from_secs(5))
}

fn waiting(nas: &str, reason: OrderReason) -> (String, OrderReason, Option<OrderOutcome>) {
    (nas.to_owned(), reason, None)
}

async fn state_of(stage: &Stage, grant: GrantId) -> GrantState {
    stage.store.find_grant_by_id(grant).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_used_up_day_cuts_every_session_of_the_person_and_keeps_the_grants() {
    let stage = Stage::new((None, None), (None, Some(1_000))).await;
    let (phone, laptop) = (stage.sign_in(1, 1).await, stage.sign_in(1, 2).await);
    let neighbour = stage.sign_in(2, 3).await;
    stage.report("gate", &phone, 60, 600).await;
    stage.report("pole", &laptop, 60, 399).await;
    stage.report("gate", &neighbour, 60, 999).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());

    watch.sweep(&mut memory).await.unwrap();
    assert_eq!(stage.orders().await, []);

    stage.report("pole", &laptop, 61, 400).await;
    watch.look_at(vec![phone.account, neighbour.account], &mut memory).await.unwrap();
    let mut orders = stage.orders().await;
    orders.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(orders, [waiting("gate", USED_UP), waiting("pole", USED_UP)]);
    assert_eq!(state_of(&stage, phone.id).await, GrantState::Live);
}

#[tokio::test]
async fn a_used_up_stay_ends_its_grant_and_no_other() {
    let stage = Stage::new((None, Some(500)), (None, Some(10_000))).await;
    let (phone, laptop) = (stage.sign_in(1, 1).await, stage.sign_in(1, 2).await);
    stage.report("gate", &phone, 60, 500).await;
    stage.report("pole", &laptop, 60, 499).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());

    watch.look_at(vec![phone.account], &mut memory).await.unwrap();
    assert_eq!(stage.orders().await, [waiting("gate", USED_UP)]);
    let why = GrantEnd::SessionUsedUp;
    let at = stage.clock.now();
    assert_eq!(state_of(&stage, phone.id).await, GrantState::Ended { at, why });
    assert_eq!(state_of(&stage, laptop.id).await, GrantState::Live);
}

#[tokio::test]
async fn time_runs_out_between_two_reports() {
    let stage = Stage::new((None, None), (Some(100), None)).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 0).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    for (seconds, expected) in [(0, 0), (39, 0), (1, 1)] {
        stage.advance(seconds);
        watch.sweep(&mut memory).await.unwrap();
        assert_eq!(stage.orders().await.len(), expected, "{seconds} s later");
    }
}

#[tokio::test]
async fn a_session_on_its_way_out_is_not_cut_again_at_once() {
    let stage = Stage::new((None, None), (None, Some(1_000))).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 1_000).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    watch.sweep(&mut memory).await.unwrap();
    let order = stage.store.list_orders(&OrderFilter::latest(1)).await.unwrap().remove(0);
    let now = stage.clock.now();
    let step = OrderStep::Done { last: None, at: now, outcome: OrderOutcome::Acknowledged };
    assert!(stage.store.advance_order(&order, &step).await.unwrap());

    stage.advance(10);
    watch.look_at(vec![phone.account], &mut memory).await.unwrap();
    assert_eq!(stage.orders().await.len(), 1, "its Stop is under way");

    stage.advance(REPEAT_AFTER.as_secs());
    watch.sweep(&mut memory).await.unwrap();
    assert_eq!(stage.orders().await.len(), 2, "the access point did not keep its word");
}

#[tokio::test]
async fn an_order_that_waits_is_not_doubled_after_a_restart() {
    let stage = Stage::new((None, None), (None, Some(1_000))).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 1_000).await;
    for _ in 0..2 {
        watch(&stage).sweep(&mut Memory::default()).await.unwrap();
    }
    assert_eq!(stage.orders().await, [waiting("gate", USED_UP)]);
}

#[tokio::test]
async fn a_session_whose_grant_does_not_hold_any_more_is_cut() {
    let stage = Stage::new((None, None), (None, None)).await;
    let (expired, logged_out) = (stage.sign_in(1, 1).await, stage.sign_in(2, 2).await);
    let now = stage.clock.now();
    let (why, reason) = (GrantEnd::LoggedOut, OrderReason::LoggedOut);
    assert!(stage.store.end_grant(logged_out.id, why, reason, now).await.unwrap());
    // Both sessions become known only now.
    stage.report("pole", &logged_out, 60, 0).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    watch.sweep(&mut memory).await.unwrap();
    assert_eq!(stage.orders().await, [waiting("pole", OrderReason::LoggedOut)]);

    stage.advance(30 * 86_400);
    stage.report("gate", &expired, 60, 0).await;
    watch.look_at(vec![expired.account], &mut memory).await.unwrap();
    let (logged_out, expired) = (OrderReason::LoggedOut, OrderReason::GrantExpired);
    assert_eq!(stage.orders().await, [waiting("pole", logged_out), waiting("gate", expired)]);
}

#[tokio::test]
async fn a_session_goes_on_when_its_device_has_signed_in_anew() {
    let stage = Stage::new((None, Some(500)), (None, None)).await;
    let first = stage.sign_in(1, 1).await;
    stage.report("gate", &first, 60, 400).await;
    stage.advance(10);
    let second = stage.sign_in(1, 1).await;
    assert_ne!(first.id, second.id);
    stage.report("gate", &first, 70, 450).await;
    watch(&stage).sweep(&mut Memory::default()).await.unwrap();
    assert_eq!(stage.orders().await, []);
}

#[tokio::test]
async fn a_changed_setup_makes_everybody_due() {
    let stage = Stage::new((None, None), (None, None)).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 0).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    watch.sweep(&mut memory).await.unwrap();
    let known = memory.online[&phone.account];
    assert_eq!(known.look_again, stage.clock.now() + LONGEST_PAUSE);
    watch.follow(Change::Setup, &mut memory).await.unwrap();
    assert!(memory.online.is_empty());
    stage.stop("gate", &phone, 61, 0).await;
    watch.sweep(&mut memory).await.unwrap();
    assert!(memory.online.is_empty(), "whoever is offline is forgotten");
}

#[tokio::test]
async fn a_used_up_day_slows_down_once_and_a_new_day_gives_full_speed_again() {
    let stage = Stage::slowing((None, Some(1_000))).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 1_000).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    for _ in 0..2 {
        watch.look_at(vec![phone.account], &mut memory).await.unwrap();
    }
    assert_eq!(stage.orders().await, [waiting("gate", USED_UP)]);
    let order = stage.store.list_orders(&OrderFilter::latest(1)).await.unwrap().remove(0);
    assert_eq!(order.kind, OrderKind::Change(Speed::Reduced));
    assert_eq!(state_of(&stage, phone.id).await, GrantState::Live);

    let at = stage.clock.now();
    let step = OrderStep::Acknowledged { method: OrderMethod::Change, at, check_at: at };
    assert!(stage.store.advance_order(&order, &step).await.unwrap());
    watch.look_at(vec![phone.account], &mut Memory::default()).await.unwrap();
    assert_eq!(stage.orders().await.len(), 1, "the access point knows it already");

    stage.advance(86_400);
    watch.look_at(vec![phone.account], &mut memory).await.unwrap();
    let order = stage.store.list_orders(&OrderFilter::latest(1)).await.unwrap().remove(0);
    assert_eq!(order.kind, OrderKind::Change(Speed::Full));
    assert_eq!(order.reason, OrderReason::AllowanceRenewed);
}

#[tokio::test]
async fn nobody_is_given_full_speed_by_an_order_where_only_a_login_brings_new_limits() {
    let stage = Stage::slowing((None, Some(1_000))).await;
    let mut change = |nas: &mut Nas| nas.profile = NasProfile::Uspot;
    let gate = "gate".parse().unwrap();
    stage.store.change_access_point(&gate, &mut change).await.unwrap();
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 1_000).await;
    let watch = watch(&stage);
    watch.look_at(vec![phone.account], &mut Memory::default()).await.unwrap();
    let order = stage.store.list_orders(&OrderFilter::latest(1)).await.unwrap().remove(0);
    assert_eq!(order.kind, OrderKind::Change(Speed::Reduced));
    let at = stage.clock.now();
    let step = OrderStep::Acknowledged { method: OrderMethod::Change, at, check_at: at };
    assert!(stage.store.advance_order(&order, &step).await.unwrap());

    stage.advance(86_400);
    watch.look_at(vec![phone.account], &mut Memory::default()).await.unwrap();
    assert_eq!(stage.orders().await.len(), 1);
}

#[tokio::test]
async fn only_what_may_use_something_up_is_looked_at() {
    let stage = Stage::new((None, None), (Some(3_600), Some(1_000))).await;
    let (phone, laptop) = (stage.sign_in(1, 1).await, stage.sign_in(1, 2).await);
    let account = phone.account;
    stage.report("gate", &phone, 60, 100).await;
    stage.report("gate", &laptop, 60, 100).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    let now = stage.clock.now();
    let usage = |octets, seconds, began| AccountUsage {
        octets: Octets::new(octets),
        time: Duration::from_secs(seconds),
        began,
        account,
    };
    assert!(memory.makes_due(&usage(1, 1, false), now), "nothing is known of them");
    for reports in [
        [(usage(799, 60, false), false), (usage(1, 1, false), true)],
        [(usage(0, 3_479, false), false), (usage(0, 1, false), true)],
        [(usage(0, 0, false), false), (usage(0, 0, true), true)],
    ] {
        watch.look_at(vec![account], &mut memory).await.unwrap();
        for (reported, expected) in reports {
            assert_eq!(memory.makes_due(&reported, now), expected, "{reported:?}");
        }
    }
    watch.look_at(vec![account], &mut memory).await.unwrap();
    // Both use the hour at the same time.
    let over = now + Duration::from_secs(3_600 / 2 - 60);
    let known = memory.online[&account];
    assert_eq!(known.look_again, over.min(now + LONGEST_PAUSE));
    assert!(memory.makes_due(&usage(0, 0, false), known.look_again));
}

async fn keep_hours(stage: &Stage, hours: &str) {
    let hours: domain::OpeningHours = vec![hours.parse().unwrap()].try_into().unwrap();
    let mut change = |site: &mut domain::Site| site.hours = hours.clone();
    stage.store.change_site(&"walkway".parse().unwrap(), &mut change).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_site_that_closes_ends_its_sessions_at_that_minute() {
    let stage = Stage::new((None, None), (None, None)).await;
    let park = domain::Site::new("park".parse().unwrap(), "visitor".parse().unwrap());
    stage.store.add_site(&park).await.unwrap();
    let tent = Nas { site: park.name, ..crate::stage::nas("tent", "10.0.0.3/32") };
    stage.store.add_access_point(&tent).await.unwrap();
    // It is noon.
    keep_hours(&stage, "daily 08:00-12:10").await;
    let (phone, laptop) = (stage.sign_in(1, 1).await, stage.sign_in(1, 2).await);
    stage.report("gate", &phone, 60, 0).await;
    stage.report("tent", &laptop, 60, 0).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    for (seconds, expected) in [(0, 0), (599, 0), (1, 1), (60, 1)] {
        stage.advance(seconds);
        watch.sweep(&mut memory).await.unwrap();
        assert_eq!(stage.orders().await.len(), expected, "{seconds} s later");
    }
    assert_eq!(stage.orders().await, [waiting("gate", OrderReason::SiteClosed)]);
    assert_eq!(state_of(&stage, phone.id).await, GrantState::Live);
}

#[tokio::test]
async fn hours_that_are_given_later_count_at_once() {
    let stage = Stage::new((None, None), (None, None)).await;
    let phone = stage.sign_in(1, 1).await;
    stage.report("gate", &phone, 60, 0).await;
    let (watch, mut memory) = (watch(&stage), Memory::default());
    watch.sweep(&mut memory).await.unwrap();
    keep_hours(&stage, "daily 08:00-11:00").await;
    watch.follow(Change::Setup, &mut memory).await.unwrap();
    watch.sweep(&mut memory).await.unwrap();
    assert_eq!(stage.orders().await, [waiting("gate", OrderReason::SiteClosed)]);
}
