use domain::{
    BitRate, NasCommand, NasProfile, OfficeNeed, OfficeState, OrderMethod, OrderStep, Plan, SignIns,
};
use store::{Reach, terms_of};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::*;
use crate::delivery::{Dispatcher, Patience};
use crate::nas_control::Delivery;
use crate::quota::QuotaWatch;
use crate::stage::{FakeNas, Reply, Stage, Told};

const CLAIM: Duration = Duration::from_secs(90);

const fn kbit(down: u64, up: u64) -> RatePair {
    RatePair { down: Some(BitRate::new(down * 1_000)), up: Some(BitRate::new(up * 1_000)) }
}

/// What is left to a device beside the office.
const BESIDE: RatePair = kbit(1_000, 500);

async fn city() -> Stage {
    let stage = Stage::new((None, None), (Some(7_200), None)).await;
    change(&stage, |site| {
        site.office = Some("hofuf/radio".parse().unwrap());
        site.office_speed = Some(BESIDE);
    })
    .await;
    stage
}

async fn change(stage: &Stage, mut how: impl FnMut(&mut Site) + Send) {
    stage.store.change_site(&"walkway".parse().unwrap(), &mut how).await.unwrap().unwrap();
}

/// The office comes to the radio, or leaves it.
async fn office(stage: &Stage, is_there: bool) {
    let now = stage.clock.now();
    let need = is_there.then(|| OfficeNeed {
        since: now,
        until: now + Duration::from_secs(900),
        sign_ins: SignIns::Open,
    });
    change(stage, |site| {
        let generation = site.office_state.generation + 1;
        site.office_state = site.office_state.or_later(OfficeState { generation, need });
    })
    .await;
}

fn watch(stage: &Stage) -> YieldingWatch {
    let (store, clock) = stage.shared();
    YieldingWatch::new(store, clock)
}

/// The orders that wait, as access point, device and speed, in the order in which they are told.
async fn waiting(stage: &Stage) -> Vec<(String, u8, Speed)> {
    let filter = OrderFilter { waiting_only: true, ..OrderFilter::latest(200) };
    let mut orders = stage.store.list_orders(&filter).await.unwrap();
    orders.sort_by_key(|order| order.created_at);
    let told = |order: NasOrder| {
        let speed = order.kind.speed().unwrap();
        (order.nas.to_string(), order.device.octets()[5], speed)
    };
    orders.into_iter().map(told).collect()
}

#[tokio::test]
async fn who_uses_most_is_slowed_down_first_and_no_more_are_told_in_a_second_than_can_be() {
    let stage = city().await;
    let mut memory = Memory::default();
    for number in 1..=60 {
        let grant = stage.sign_in(number, number).await;
        // The middle ones use most.
        let octets = 1_000 * u64::from(if number > 30 { 100 - number } else { number });
        stage.report("gate", &grant, 60, octets).await;
    }
    let other = stage.sign_in(61, 61).await;
    stage.report("pole", &other, 60, 1).await;
    assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 0, "no office is there");
    office(&stage, true).await;
    assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 51);
    let orders = waiting(&stage).await;
    let gate: Vec<_> = orders.iter().filter(|(nas, ..)| nas == "gate").collect();
    assert_eq!(gate.len(), 50);
    assert_eq!(gate.first().map(|(_, device, _)| *device), Some(31));
    assert_eq!(gate.last().map(|(_, device, _)| *device), Some(11));
    assert!(orders.iter().all(|(.., speed)| *speed == Speed::Yielding));
    assert_eq!(orders.iter().filter(|(nas, ..)| nas == "pole").count(), 1);
    let filter = OrderFilter { nas: Some("gate".parse().unwrap()), ..OrderFilter::latest(200) };
    let all = stage.store.list_orders(&filter).await.unwrap();
    let last = all.iter().map(|order| order.created_at).max().unwrap();
    assert_eq!(last.since(stage.clock.now()), Duration::from_millis(980), "20 ms apart");
    stage.advance(1);
    assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 10);
    stage.advance(1);
    assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 0);
    // Another process knows nothing of that, and what waits is not doubled.
    watch(&stage).look(&mut Memory::default()).await.unwrap();
    assert_eq!(waiting(&stage).await.len(), 61);
}

#[tokio::test]
async fn only_who_has_more_than_is_left_is_slowed_down() {
    let stage = Stage::slowing((None, Some(500))).await;
    let mut memory = Memory::default();
    let (fast, slow) = (stage.sign_in(1, 1).await, stage.sign_in(2, 2).await);
    stage.report("gate", &fast, 60, 100).await;
    stage.report("gate", &slow, 60, 500).await;
    change(&stage, |site| {
        site.office = Some("hofuf".parse().unwrap());
        site.office_speed = Some(kbit(1_000, 1_000));
    })
    .await;
    office(&stage, true).await;
    watch(&stage).look(&mut memory).await.unwrap();
    let wanted = [("gate".to_owned(), 2, Speed::Reduced), ("gate".to_owned(), 1, Speed::Yielding)];
    let mut orders = waiting(&stage).await;
    orders.sort_by_key(|(_, device, _)| std::cmp::Reverse(*device));
    assert_eq!(orders, wanted, "512 kbit/s is less than what is left beside the office");
    change(&stage, |site| site.office_speed = Some(kbit(256, 256))).await;
    watch(&stage).look(&mut Memory::default()).await.unwrap();
    let orders = waiting(&stage).await;
    assert!(orders.contains(&("gate".to_owned(), 2, Speed::ReducedYielding)), "{orders:?}");
}

/// A controller's delivery, at work.
struct AtWork {
    stop: CancellationToken,
    done: JoinHandle<()>,
}

impl AtWork {
    /// Begins with access points that answer so.
    fn begin(
        stage: &Stage,
        replies: impl IntoIterator<Item = Reply>,
    ) -> (Self, UnboundedReceiver<Told>) {
        let (store, clock) = stage.shared();
        let (nas, told) = FakeNas::new(replies);
        let day = Duration::from_secs(86_400);
        let patience = Patience { give_up_after: day, confirm_within: day };
        let dispatcher = Dispatcher::new(store, clock, nas, patience, Reach::Everyone);
        let stop = CancellationToken::new();
        let done = tokio::spawn(Arc::new(dispatcher).run(stop.clone()));
        (Self { stop, done }, told)
    }

    async fn end(self) {
        self.stop.cancel();
        self.done.await.unwrap();
    }
}

#[tokio::test]
async fn an_access_point_is_told_everything_that_holds_then_and_again_when_the_office_has_left() {
    let stage = city().await;
    let grant = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &grant, 200, 0).await;
    let (delivery, mut told) = AtWork::begin(&stage, []);
    office(&stage, true).await;
    watch(&stage).look(&mut Memory::default()).await.unwrap();
    let slowed = told.recv().await.unwrap();
    assert_eq!((slowed.session, slowed.reason), (Some(session), OrderReason::OfficeCame));
    let NasCommand::Change(terms) = slowed.command else { panic!("a change") };
    assert_eq!((terms.rate, terms.speed), (BESIDE, Speed::Yielding));
    assert_eq!(terms.time, Duration::from_secs(7_000), "the rest is as ever");
    while stage.store.find_session(session).await.unwrap().unwrap().speed != Speed::Yielding {
        tokio::task::yield_now().await;
    }
    // Meanwhile the visitor uses something; another process sees the office leave.
    stage.advance(100);
    stage.report("gate", &grant, 300, 0).await;
    office(&stage, false).await;
    watch(&stage).look(&mut Memory::default()).await.unwrap();
    let restored = told.recv().await.unwrap();
    assert_eq!(restored.reason, OrderReason::OfficeGone);
    let NasCommand::Change(terms) = restored.command else { panic!("a change") };
    let plan = Plan::visitor("visitor".parse().unwrap());
    assert_eq!((terms.rate, terms.speed), (plan.rate, Speed::Full));
    assert_eq!(terms.time, Duration::from_secs(6_900), "what is left now, not what was then");
    delivery.end().await;
}

#[tokio::test]
async fn an_office_that_comes_back_soon_is_made_room_for_again() {
    let stage = city().await;
    let grant = stage.sign_in(1, 1).await;
    let session = stage.report("gate", &grant, 200, 0).await;
    let (delivery, mut told) = AtWork::begin(&stage, []);
    let mut memory = Memory::default();
    for (is_there, reason, speed) in [
        (true, OrderReason::OfficeCame, Speed::Yielding),
        (false, OrderReason::OfficeGone, Speed::Full),
        (true, OrderReason::OfficeCame, Speed::Yielding),
    ] {
        stage.advance(10);
        office(&stage, is_there).await;
        assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 1, "{reason:?}");
        assert_eq!(told.recv().await.unwrap().reason, reason);
        while stage.store.find_session(session).await.unwrap().unwrap().speed != speed {
            tokio::task::yield_now().await;
        }
        // Who watches over allowances sees nothing to change.
        let (store, clock) = stage.shared();
        let quota = QuotaWatch::new(store, clock, Duration::from_secs(5));
        let before = stage.store.list_orders(&OrderFilter::latest(200)).await.unwrap();
        quota.sweep(&mut crate::quota::Memory::default()).await.unwrap();
        let after = stage.store.list_orders(&OrderFilter::latest(200)).await.unwrap();
        assert_eq!(before.len(), after.len(), "{after:?}");
    }
    delivery.end().await;
}

#[tokio::test]
async fn who_refuses_is_noted_asked_no_more_and_never_cuts_anybody_off() {
    let stage = city().await;
    for number in 1..=2 {
        let grant = stage.sign_in(number, number).await;
        stage.report("gate", &grant, 60, 0).await;
    }
    let refused = |cause| Reply::Says(Delivery::Refused(cause));
    let (delivery, mut told) = AtWork::begin(&stage, [refused(401), refused(401)]);
    office(&stage, true).await;
    let mut memory = Memory::default();
    watch(&stage).look(&mut memory).await.unwrap();
    stage.advance(1);
    for _ in 0..2 {
        assert!(matches!(told.recv().await.unwrap().command, NasCommand::Change(_)));
    }
    let refused = OrderFilter { waiting_only: true, ..OrderFilter::latest(9) };
    while !stage.store.list_orders(&refused).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let third = stage.sign_in(3, 3).await;
    stage.report("gate", &third, 60, 0).await;
    for memory in [&mut memory, &mut Memory::default()] {
        stage.advance(301);
        assert_eq!(watch(&stage).look(memory).await.unwrap(), 0);
        assert!(memory.unable.contains_key(&"gate".parse::<NasName>().unwrap()));
    }
    assert!(told.try_recv().is_err(), "nobody was cut off");
    // The next time it is asked again.
    office(&stage, false).await;
    watch(&stage).look(&mut memory).await.unwrap();
    stage.advance(1);
    office(&stage, true).await;
    assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 3);
    delivery.end().await;
}

#[tokio::test]
async fn an_access_point_that_learns_limits_at_login_alone_is_left_alone() {
    let stage = city().await;
    let at_login = &mut |nas: &mut Nas| nas.profile = NasProfile::Uspot;
    stage.store.change_access_point(&"gate".parse().unwrap(), at_login).await.unwrap().unwrap();
    let grant = stage.sign_in(1, 1).await;
    stage.report("gate", &grant, 60, 0).await;
    office(&stage, true).await;
    let mut memory = Memory::default();
    assert_eq!(watch(&stage).look(&mut memory).await.unwrap(), 0);
    assert_eq!(memory.unable.len(), 1);
}

#[tokio::test]
async fn an_office_whose_agent_is_not_heard_any_more_counts_as_gone() {
    let stage = city().await;
    let grant = stage.sign_in(1, 1).await;
    stage.report("gate", &grant, 60, 0).await;
    office(&stage, true).await;
    let mut world = World { stage, at_gate: kbit(0, 0), flying: None };
    world.settle().await;
    assert_eq!(world.at_gate, BESIDE);
    world.stage.advance(901);
    world.settle().await;
    assert_eq!(world.at_gate, Plan::visitor("visitor".parse().unwrap()).rate);
}

/// An access point and what is on its way to it, as the delivery does it, step by step.
struct World {
    stage: Stage,
    /// What the access point gives the session.
    at_gate: RatePair,
    /// What was written into a packet that has not arrived yet.
    flying: Option<(NasOrder, RatePair)>,
}

impl World {
    /// Takes an order and writes its packet, unless it is not wanted any more.
    async fn send(&mut self) {
        let (store, now) = (&self.stage.store, self.stage.clock.now());
        if self.flying.is_some() {
            return;
        }
        let claimed = store.claim_orders(now, now + CLAIM, 1, &Reach::Everyone).await.unwrap();
        let Some(order) = claimed.into_iter().next() else { return };
        let nas = store.find_access_point(&order.nas).await.unwrap().unwrap();
        let shared = self.stage.shared().0;
        let terms = terms_of(shared.as_ref(), order.device, &nas, now).await.unwrap().unwrap();
        if Some(terms.speed) == order.kind.speed() {
            self.flying = Some((order, terms.rate));
            return;
        }
        let outcome = OrderOutcome::Overtaken;
        let step = OrderStep::Done { last: None, at: now, outcome };
        store.advance_order(&order, &step).await.unwrap();
    }

    /// The packet arrives, and so does the answer.
    async fn arrive(&mut self) {
        let Some((order, rate)) = self.flying.take() else { return };
        self.at_gate = rate;
        let now = self.stage.clock.now();
        let method = OrderMethod::Change;
        let check_at = now + Duration::from_secs(900);
        let step = OrderStep::Acknowledged { method, at: now, check_at };
        self.stage.store.advance_order(&order, &step).await.unwrap();
    }

    /// Lets everything come to rest.
    async fn settle(&mut self) {
        let mut memory = Memory::default();
        for _ in 0..6 {
            watch(&self.stage).look(&mut memory).await.unwrap();
            self.stage.advance(1);
            self.send().await;
            self.arrive().await;
        }
    }
}

/// Numbers that look drawn, the same in each run.
struct Drawn(u64);

impl Drawn {
    fn next(&mut self, of: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % of
    }
}

#[tokio::test]
async fn an_old_clamp_never_wins_whatever_happens_in_between() {
    for seed in 0..24 {
        let mut drawn = Drawn(seed);
        let stage = city().await;
        let grant = stage.sign_in(1, 1).await;
        stage.report("gate", &grant, 60, 0).await;
        let full = Plan::visitor("visitor".parse().unwrap()).rate;
        let mut world = World { stage, at_gate: full, flying: None };
        let (mut memory, mut steps) = (Memory::default(), Vec::new());
        let mut is_there = false;
        for _ in 0..25 {
            let step = drawn.next(8);
            steps.push(step);
            match step {
                0 => is_there = true,
                1 => is_there = false,
                2 => memory = Memory::default(),
                3 | 4 => drop(watch(&world.stage).look(&mut memory).await.unwrap()),
                5 => world.send().await,
                6 => world.arrive().await,
                _ => world.stage.advance(1),
            }
            if step < 2 {
                office(&world.stage, is_there).await;
            }
        }
        world.settle().await;
        let expected = if is_there { BESIDE } else { full };
        assert_eq!(world.at_gate, expected, "{seed}: {steps:?}");
    }
}
