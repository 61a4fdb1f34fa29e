use proptest::prelude::*;

use super::*;
use crate::Histogram;
use crate::fixtures::{millis, origin};

const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;
const MBIT: fn(u64) -> BitRate = BitRate::from_megabits_per_second;
const SECS: fn(u64) -> Duration = Duration::from_secs;
const USUAL: Duration = millis(20);

fn second(round_trip: Duration, lost: u32) -> Second {
    let mut round_trips = Histogram::default();
    for _ in lost..5 {
        round_trips.record(round_trip);
    }
    Second { sent: 5, lost, round_trips, jitter: Duration::ZERO }
}

/// One second as the guard of a path of 20 Mbit/s is told of it.
#[derive(Debug, Clone, Copy)]
enum Told {
    Clean,
    Late,
    Lossy,
    Busy,
}

impl Told {
    fn to(self, guard: &mut Guard, now: Instant) -> Wanted {
        let (second, office) = match self {
            Self::Clean => (second(USUAL, 0), KBIT(100)),
            Self::Late => (second(millis(90), 0), KBIT(100)),
            Self::Lossy => (second(USUAL, 1), KBIT(100)),
            Self::Busy => (second(USUAL, 0), MBIT(17)),
        };
        guard.weigh(Felt { second: &second, usual: Some(USUAL), office }, now)
    }
}

fn guard() -> Guard {
    Guard::new(GuardPolicy::default(), MBIT(20))
}

#[test]
fn a_path_that_carries_less_to_the_end_has_less_for_visitors() {
    let ten = BitRate::from_megabits_per_second(10);
    let mut guard = Guard::new(GuardPolicy::default(), ten);
    let now = origin();
    for (carried, most) in [(Some(4), 2_000), (Some(40), 5_000), (None, 5_000)] {
        guard.bound(carried.map(BitRate::from_megabits_per_second));
        let ceil = guard.clamp(BitRate::default(), now).ceil;
        assert_eq!(ceil, Some(BitRate::from_kilobits_per_second(most)), "{carried:?}");
        guard.release(now);
        guard.expire(now + Duration::from_secs(600));
    }
}

#[test]
fn visitors_have_what_the_office_leaves_from_the_floor_to_half_of_the_path() {
    for (capacity, office, ceil) in [
        (MBIT(20), MBIT(10), MBIT(6)),
        (MBIT(20), MBIT(0), MBIT(10)),
        (MBIT(20), MBIT(2), MBIT(10)),
        (MBIT(20), MBIT(14), KBIT(800)),
        (MBIT(20), MBIT(15), KBIT(500)),
        (MBIT(20), MBIT(9_000), KBIT(500)),
        // Half of the path is less than the floor.
        (KBIT(800), MBIT(0), KBIT(400)),
        (MBIT(0), MBIT(1), KBIT(0)),
    ] {
        let mut guard = Guard::new(GuardPolicy::default(), capacity);
        assert_eq!(guard.wanted().ceil, None);
        let wanted = guard.clamp(office, origin());
        let expected =
            Wanted { ceil: Some(ceil), reason: GuardReason::OfficeCame, sign_ins: SignIns::Open };
        assert_eq!(wanted, expected, "{office} of {capacity}");
    }
}

#[test]
fn whatever_crowds_the_office_halves_visitors_down_to_the_floor() {
    for (told, crowding) in
        [(Told::Late, Crowding::Delay), (Told::Lossy, Crowding::Loss), (Told::Busy, Crowding::Busy)]
    {
        let (mut guard, begun) = (guard(), origin());
        guard.clamp(MBIT(10), begun);
        for (after, ceil) in [(1, 3_000), (2, 1_500), (3, 750), (4, 500), (5, 500)] {
            let wanted = told.to(&mut guard, begun + SECS(after));
            assert_eq!(wanted.ceil, Some(KBIT(ceil)), "{told:?} after {after} s");
            assert_eq!(wanted.reason, GuardReason::Crowded(crowding));
        }
    }
}

#[test]
fn what_is_just_within_the_limits_crowds_nobody() {
    for (second, office) in [
        (second(millis(69), 0), MBIT(1)),
        (second(USUAL, 0), MBIT(16)),
        (Second::default(), MBIT(1)),
    ] {
        let (mut guard, begun) = (guard(), origin());
        let before = guard.clamp(MBIT(10), begun);
        let felt = Felt { second: &second, usual: Some(USUAL), office };
        assert_eq!(guard.weigh(felt, begun + SECS(1)), before, "{felt:?}");
    }
}

#[test]
fn twenty_clean_seconds_give_a_quarter_more_up_to_half_of_the_path() {
    let (mut guard, begun) = (guard(), origin());
    guard.clamp(MBIT(10), begun);
    for after in 1..=80 {
        let wanted = Told::Clean.to(&mut guard, begun + SECS(after));
        let ceil = match after {
            0..20 => KBIT(6_000),
            20..40 => KBIT(7_500),
            40..60 => KBIT(9_375),
            _ => MBIT(10),
        };
        assert_eq!(wanted.ceil, Some(ceil), "after {after} s");
    }
}

#[test]
fn a_crowded_second_starts_the_clean_ones_anew() {
    let (mut guard, begun) = (guard(), origin());
    guard.clamp(MBIT(10), begun);
    for after in 1..=38 {
        let told = if after == 19 { Told::Late } else { Told::Clean };
        told.to(&mut guard, begun + SECS(after));
    }
    assert_eq!(guard.wanted().ceil, Some(MBIT(3)));
    assert_eq!(Told::Clean.to(&mut guard, begun + SECS(39)).ceil, Some(KBIT(3_750)));
}

#[test]
fn nobody_new_is_let_in_after_thirty_seconds_at_the_floor_until_it_is_clean() {
    let (mut guard, begun) = (guard(), origin());
    guard.clamp(MBIT(15), begun);
    for after in 1..=80 {
        let told = if after <= 40 { Told::Late } else { Told::Clean };
        let wanted = told.to(&mut guard, begun + SECS(after));
        let expected = if (31..60).contains(&after) { SignIns::Stopped } else { SignIns::Open };
        assert_eq!(wanted.sign_ins, expected, "after {after} s");
    }
}

#[test]
fn visitors_of_a_narrow_path_are_let_in_again_although_they_cannot_have_more() {
    let (mut guard, begun) = (Guard::new(GuardPolicy::default(), KBIT(800)), origin());
    guard.clamp(MBIT(0), begun);
    for after in 1..=60 {
        let told = if after <= 40 { Told::Late } else { Told::Clean };
        told.to(&mut guard, begun + SECS(after));
    }
    assert_eq!(guard.wanted().ceil, Some(KBIT(400)));
    assert_eq!(guard.wanted().sign_ins, SignIns::Open);
    let wanted = Told::Late.to(&mut guard, begun + SECS(61));
    assert_eq!(wanted.sign_ins, SignIns::Open, "one bad second is none of thirty");
}

#[test]
fn visitors_get_the_path_back_twice_as_much_every_ten_seconds() {
    let (mut guard, begun) = (guard(), origin());
    guard.clamp(MBIT(14), begun);
    guard.release(begun);
    for (after, ceil) in [
        (0, Some(800)),
        (9, Some(800)),
        (10, Some(1_600)),
        (20, Some(3_200)),
        (30, Some(6_400)),
        (39, Some(6_400)),
        (40, None),
    ] {
        let wanted = guard.expire(begun + SECS(after));
        assert_eq!(wanted.ceil, ceil.map(KBIT), "after {after} s");
    }
    assert_eq!(guard.wanted().reason, GuardReason::Free);
    assert_eq!(guard.next_deadline(), None);
}

#[test]
fn an_office_that_comes_again_meanwhile_gets_no_less_room_than_it_has() {
    let (mut guard, begun) = (guard(), origin());
    guard.clamp(MBIT(14), begun);
    guard.release(begun);
    guard.expire(begun + SECS(10));
    let wanted = guard.clamp(MBIT(1), begun + SECS(15));
    assert_eq!((wanted.ceil, wanted.reason), (Some(KBIT(1_600)), GuardReason::OfficeCame));
}

#[test]
fn a_path_that_is_free_stays_free_whatever_is_felt() {
    let (mut guard, begun) = (guard(), origin());
    for after in 1..=5 {
        let wanted = Told::Late.to(&mut guard, begun + SECS(after));
        assert_eq!(wanted.ceil, None);
        assert_eq!(guard.release(begun + SECS(after)).ceil, None);
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Clamp(BitRate),
    Release,
    Weigh(Told),
}

fn step() -> impl Strategy<Value = Step> {
    let told =
        prop_oneof![Just(Told::Clean), Just(Told::Late), Just(Told::Lossy), Just(Told::Busy)];
    prop_oneof![
        1 => (0_u64..40_000).prop_map(|office| Step::Clamp(KBIT(office))),
        1 => Just(Step::Release),
        20 => told.prop_map(Step::Weigh),
    ]
}

impl Step {
    fn take(self, guard: &mut Guard, now: Instant) -> Wanted {
        match self {
            Self::Clamp(office) => guard.clamp(office, now),
            Self::Release => guard.release(now),
            Self::Weigh(told) => told.to(guard, now),
        }
    }
}

proptest! {
    #[test]
    fn visitors_never_have_less_than_the_floor_nor_more_than_half_and_all_of_it_in_the_end(
        capacity in 0_u64..200_000,
        floor in 0_u64..5_000,
        steps in prop::collection::vec((step(), 100_u64..3_000), 0..300),
    ) {
        let (begun, capacity) = (origin(), KBIT(capacity));
        let policy = GuardPolicy { floor: KBIT(floor), ..GuardPolicy::default() };
        let mut guard = Guard::new(policy, capacity);
        let half = BitRate::from_bits_per_second(capacity.bits_per_second() / 2);
        let mut now = begun;
        for (step, after) in steps {
            now += millis(after);
            let wanted = step.take(&mut guard, now);
            if let Some(ceil) = wanted.ceil {
                prop_assert!(ceil <= half, "{} of {}", ceil, capacity);
                prop_assert!(ceil >= KBIT(floor).min(half), "{} of {}", ceil, capacity);
            }
            // The same second again changes nothing.
            if !matches!(step, Step::Clamp(_)) {
                prop_assert_eq!(step.take(&mut guard, now), wanted);
            }
            prop_assert_eq!(guard.expire(now), wanted);
        }
        let mut before = guard.release(now).ceil;
        while let Some(next) = guard.next_deadline() {
            prop_assert!(next - now <= SECS(10));
            now = next;
            let ceil = guard.expire(now).ceil;
            prop_assert!(ceil.is_none() || ceil > before, "{:?} after {:?}", ceil, before);
            before = ceil;
        }
        prop_assert_eq!(guard.wanted().ceil, None);
        prop_assert!(now - begun <= SECS(1_200));
    }
}

#[test]
fn what_offices_on_the_same_sector_leave_is_shared_by_the_visitors_of_all_links() {
    for (links, busy, used, office, ceil) in [
        // Nobody else goes there: as if the path were alone.
        (3, 0, 0, 2, KBIT(10_000)),
        // 16 are left, half of which is for the visitors of four links.
        (3, 1, 4, 0, KBIT(2_000)),
        (3, 1, 4, 10, KBIT(550)),
        // An equal part at least.
        (1, 1, 19, 0, KBIT(2_500)),
        (7, 7, 90, 2, KBIT(156)),
    ] {
        let siblings = Siblings { links, busy, used: used * 1_000_000 };
        let mut guard = guard();
        guard.share(siblings);
        let wanted = guard.clamp(MBIT(office), origin());
        let kbit = wanted.ceil.unwrap().bits_per_second() / 1_000;
        assert_eq!(KBIT(kbit), ceil, "{siblings:?}");
        // One that was clamped before has no more than that.
        let mut former = self::guard();
        former.clamp(MBIT(office), origin());
        let shared = former.share(siblings).ceil.unwrap();
        assert!(shared <= MBIT(10).max(ceil), "{siblings:?}");
        assert!(busy == 0 || shared < MBIT(10), "{siblings:?}");
    }
}
