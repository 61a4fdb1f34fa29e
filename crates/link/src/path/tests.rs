use proptest::prelude::*;

use super::*;
use crate::fixtures::origin;
use crate::{Histogram, PenaltyPolicy};

const SECOND: Duration = Duration::from_secs(1);

/// A path and the time that passes for it.
struct Story {
    path: Path,
    begun: Instant,
    now: Instant,
}

impl Story {
    fn new(policy: PathPolicy) -> Self {
        let begun = origin();
        Self { path: Path::new(policy, begun), begun, now: begun }
    }

    /// A path that carries well.
    fn up() -> Self {
        let mut story = Self::new(PathPolicy::default());
        story.hear(Liveness::Up);
        assert_eq!(story.seconds(2, 5, 0), [(Health::Init, Health::Up, Why::Clean)]);
        story
    }

    /// One that failed just now.
    fn down() -> Self {
        let mut story = Self::up();
        story.hear(Liveness::Expired);
        assert_eq!(story.path.health(), Health::Down);
        story
    }

    fn hear(&mut self, liveness: Liveness) -> Vec<(Health, Health, Why)> {
        self.told(&Heard::Liveness(liveness))
    }

    fn told(&mut self, heard: &Heard) -> Vec<(Health, Health, Why)> {
        let changes = self.path.hear(heard, self.now);
        changes.into_iter().map(|change| (change.from, change.to, change.why)).collect()
    }

    fn pass(&mut self, time: Duration) -> Vec<(Health, Health, Why)> {
        self.now += time;
        let changes = self.path.expire(self.now);
        changes.into_iter().map(|change| (change.from, change.to, change.why)).collect()
    }

    /// So many seconds of probes, each of which shows the same, while heartbeats come.
    fn seconds(&mut self, seconds: u32, sent: u32, lost: u32) -> Vec<(Health, Health, Why)> {
        let mut changes = Vec::new();
        for _ in 0..seconds {
            changes.extend(self.pass(SECOND));
            changes.extend(self.told(&Heard::Second(second(sent, lost))));
        }
        changes
    }
}

fn second(sent: u32, lost: u32) -> Second {
    let mut round_trips = Histogram::default();
    for _ in lost..sent {
        round_trips.record(Duration::from_millis(20));
    }
    Second { sent, lost, round_trips, jitter: Duration::ZERO }
}

const fn loss(per_mille: u16) -> Why {
    Why::Bad(Fault::Loss { per_mille })
}

#[test]
fn a_path_comes_up_after_ten_good_probes() {
    let mut story = Story::new(PathPolicy::default());
    assert_eq!(story.hear(Liveness::Up), []);
    assert_eq!(story.seconds(1, 5, 0), []);
    assert_eq!(story.seconds(1, 5, 0), [(Health::Init, Health::Up, Why::Clean)]);
}

#[test]
fn a_path_that_is_bad_from_the_first_is_degraded_after_its_patience() {
    let mut story = Story::new(PathPolicy::default());
    story.hear(Liveness::Up);
    assert_eq!(story.seconds(29, 100, 10), []);
    assert_eq!(story.seconds(1, 100, 10), [(Health::Init, Health::Degraded, loss(100))]);
}

#[test]
fn a_path_that_is_never_heard_is_down_without_a_penalty() {
    let mut story = Story::new(PathPolicy::default());
    let due = story.path.next_deadline(story.now).expect("it is waited for");
    assert_eq!(due - story.begun, Duration::from_secs(30));
    let change = (Health::Init, Health::Down, Why::NeverHeard);
    assert_eq!(story.pass(Duration::from_secs(30)), [change]);
    assert!(story.path.penalty(story.now) < 1.0);
}

#[test]
fn a_path_without_probes_goes_by_its_heartbeats() {
    let policy = PathPolicy { quality: None, ..PathPolicy::default() };
    let mut story = Story::new(policy);
    assert_eq!(story.hear(Liveness::Up), [(Health::Init, Health::Up, Why::Heard)]);
    assert_eq!(story.seconds(5, 5, 5), [], "nobody asked for probes");
    story.hear(Liveness::Expired);
    assert_eq!(story.hear(Liveness::Up), [(Health::Down, Health::Recovering, Why::Heard)]);
    let due = story.path.next_deadline(story.now).expect("it comes back");
    assert_eq!(story.pass(due - story.now), [(Health::Recovering, Health::Up, Why::Clean)]);
}

#[test]
fn a_late_heartbeat_makes_it_suspect_and_the_next_one_clears_it() {
    for (mut story, before) in [(Story::up(), Health::Up), (degraded(), Health::Degraded)] {
        let change = (before, Health::Suspect, Why::HeartbeatMissed);
        assert_eq!(story.hear(Liveness::Missed), [change]);
        assert_eq!(story.hear(Liveness::Missed), []);
        assert_eq!(story.hear(Liveness::Heartbeat), [(Health::Suspect, before, Why::Heard)]);
    }
}

fn degraded() -> Story {
    let mut story = Story::up();
    let change = (Health::Up, Health::Degraded, loss(200));
    assert_eq!(story.seconds(2, 5, 1), [change]);
    story
}

#[test]
fn silence_the_peer_and_the_carrier_bring_it_down() {
    for (liveness, why) in [(Liveness::Expired, Why::Silent), (Liveness::PeerDown, Why::PeerDown)] {
        let mut story = Story::up();
        assert_eq!(story.hear(liveness), [(Health::Up, Health::Down, why)]);
        assert!(!story.path.is_alive());
        let mut story = degraded();
        story.hear(Liveness::Missed);
        assert_eq!(story.hear(liveness), [(Health::Suspect, Health::Down, why)]);
    }
}

#[test]
fn a_carrier_that_stays_away_for_fifty_milliseconds_brings_it_down() {
    let mut story = Story::up();
    let change = (Health::Up, Health::Suspect, Why::CarrierLost);
    assert_eq!(story.told(&Heard::Carrier(false)), [change]);
    assert_eq!(story.pass(Duration::from_millis(49)), []);
    let change = (Health::Suspect, Health::Down, Why::CarrierLost);
    assert_eq!(story.pass(Duration::from_millis(1)), [change]);
    assert!(!story.path.is_alive());
    story.told(&Heard::Carrier(true));
    let change = (Health::Down, Health::Recovering, Why::Heard);
    assert_eq!(story.hear(Liveness::Heartbeat), [change], "the session never went down");
}

#[test]
fn a_carrier_that_comes_back_at_once_changes_nothing() {
    let mut story = Story::up();
    story.told(&Heard::Carrier(false));
    story.pass(Duration::from_millis(30));
    story.told(&Heard::Carrier(true));
    let change = (Health::Suspect, Health::Up, Why::Heard);
    assert_eq!(story.hear(Liveness::Heartbeat), [change]);
    assert_eq!(story.pass(SECOND), []);
}

#[test]
fn two_of_three_bad_seconds_degrade_and_one_does_not() {
    let mut story = Story::up();
    for _ in 0..10 {
        assert_eq!(story.seconds(1, 5, 1), []);
        assert_eq!(story.seconds(2, 5, 0), []);
    }
    assert_eq!(story.seconds(1, 5, 1), []);
    assert_eq!(story.seconds(1, 5, 0), []);
    assert_eq!(story.seconds(1, 5, 1), [(Health::Up, Health::Degraded, loss(200))]);
}

#[test]
fn a_bad_path_is_good_after_thirty_calm_seconds_in_a_row() {
    let mut story = degraded();
    assert_eq!(story.seconds(29, 100, 0), []);
    assert_eq!(story.seconds(1, 100, 3), [], "half of the threshold is not calm");
    assert_eq!(story.seconds(30, 100, 2), []);
    assert_eq!(story.seconds(1, 100, 0), [(Health::Degraded, Health::Up, Why::Clean)]);
}

#[test]
fn each_failure_doubles_the_time_that_it_has_to_be_clean() {
    let mut story = Story::down();
    for (clean, at_last) in [(30, Health::Up), (60, Health::Up)] {
        let change = (Health::Down, Health::Recovering, Why::Heard);
        assert_eq!(story.hear(Liveness::Up), [change]);
        assert_eq!(story.seconds(clean - 1, 5, 0), []);
        assert_eq!(story.seconds(1, 5, 0), [(Health::Recovering, at_last, Why::Clean)]);
        story.hear(Liveness::Expired);
    }
    assert_eq!(story.path.recovery(), Duration::from_secs(120));
}

#[test]
fn a_fault_while_it_recovers_begins_the_time_anew() {
    let mut story = Story::down();
    story.hear(Liveness::Up);
    assert_eq!(story.seconds(29, 5, 0), []);
    assert_eq!(story.seconds(1, 5, 1), []);
    assert_eq!(story.seconds(29, 5, 0), []);
    assert_eq!(story.seconds(1, 5, 0), [(Health::Recovering, Health::Up, Why::Clean)]);
}

#[test]
fn no_recovery_takes_longer_than_the_longest() {
    let penalty = PenaltyPolicy { hold_at: f64::INFINITY, ..PenaltyPolicy::default() };
    let mut story = Story::new(PathPolicy { penalty, ..PathPolicy::default() });
    for _ in 0..100 {
        story.hear(Liveness::Up);
        story.hear(Liveness::Expired);
    }
    assert_eq!(story.path.recovery(), Duration::from_secs(15 * 60));
}

#[test]
fn a_failure_long_after_the_last_is_as_the_first() {
    let mut story = Story::down();
    story.hear(Liveness::Up);
    story.seconds(600, 5, 0);
    story.hear(Liveness::Expired);
    assert_eq!(story.path.recovery(), Duration::from_secs(30));
}

#[test]
fn a_path_that_flaps_is_held_and_let_go_after_ten_minutes() {
    let mut story = Story::down();
    story.hear(Liveness::Up);
    story.hear(Liveness::Expired);
    story.hear(Liveness::Up);
    let held = story.hear(Liveness::Expired);
    let down = (Health::Recovering, Health::Down, Why::Silent);
    assert_eq!(held, [down, (Health::Down, Health::Held, Why::Flapping)]);
    assert_eq!(story.hear(Liveness::Up), []);
    assert!(story.path.is_alive(), "it may be the last resort");
    assert_eq!(story.seconds(599, 5, 0), []);
    let change = (Health::Held, Health::Recovering, Why::Released);
    assert_eq!(story.seconds(1, 5, 0), [change]);
}

#[test]
fn a_path_that_is_let_go_while_it_is_silent_is_down() {
    let mut story = Story::down();
    for _ in 0..2 {
        story.hear(Liveness::Up);
        story.hear(Liveness::Expired);
    }
    let due = story.path.next_deadline(story.now).expect("it is let go");
    assert_eq!(story.pass(due - story.now), [(Health::Held, Health::Down, Why::Released)]);
}

#[test]
fn a_path_that_flaps_on_while_it_is_held_is_held_for_half_an_hour_after_the_last_time() {
    let mut story = Story::down();
    for _ in 0..50 {
        story.hear(Liveness::Up);
        story.hear(Liveness::Expired);
    }
    assert_eq!(story.path.health(), Health::Held);
    let due = story.path.next_deadline(story.now).expect("it is let go");
    assert_eq!((due - story.now).as_secs(), 30 * 60);
}

#[test]
fn a_trial_that_fails_adds_to_the_penalty() {
    let mut story = Story::up();
    for _ in 0..5 {
        assert_eq!(story.told(&Heard::TrialFailed), []);
    }
    let change = (Health::Up, Health::Held, Why::Flapping);
    assert_eq!(story.told(&Heard::TrialFailed), [change]);
}

#[test]
fn maintenance_hides_failures_and_ends_by_itself() {
    let mut story = Story::up();
    let until = story.now + Duration::from_secs(600);
    let change = (Health::Up, Health::Maintenance, Why::Maintenance);
    assert_eq!(story.told(&Heard::Maintenance { until: Some(until) }), [change]);
    assert_eq!(story.hear(Liveness::Expired), []);
    assert_eq!(story.told(&Heard::Carrier(false)), []);
    assert_eq!(story.pass(SECOND), []);
    assert!(story.path.penalty(story.now) < 1.0);
    story.told(&Heard::Carrier(true));
    story.hear(Liveness::Up);
    let change = (Health::Maintenance, Health::Init, Why::MaintenanceOver);
    assert_eq!(story.pass(until - story.now), [change]);
    assert_eq!(story.seconds(2, 5, 0), [(Health::Init, Health::Up, Why::Clean)]);
}

#[test]
fn maintenance_ends_when_people_say_so() {
    let mut story = Story::up();
    story.told(&Heard::Maintenance { until: None });
    assert_eq!(story.path.next_deadline(story.now), None);
    let change = (Health::Maintenance, Health::Init, Why::MaintenanceOver);
    assert_eq!(story.told(&Heard::MaintenanceOver), [change]);
    assert_eq!(story.told(&Heard::MaintenanceOver), []);
}

#[test]
fn work_that_was_planned_sets_a_path_aside_for_no_shorter_than_people_did() {
    let mut story = Story::up();
    let after = |story: &Story, seconds| story.now + Duration::from_secs(seconds);
    let work = Heard::Work { until: after(&story, 600) };
    assert_eq!(story.told(&work), [(Health::Up, Health::Maintenance, Why::Work)]);
    assert_eq!(story.path.next_deadline(story.now), Some(after(&story, 600)));
    for (people, planned, until) in
        [(Some(300), 600, Some(600)), (Some(900), 600, Some(900)), (None, 600, None)]
    {
        let until_people = people.map(|seconds| after(&story, seconds));
        story.told(&Heard::Maintenance { until: until_people });
        assert_eq!(story.told(&Heard::Work { until: after(&story, planned) }), []);
        let until = until.map(|seconds| after(&story, seconds));
        assert_eq!(story.path.next_deadline(story.now), until);
    }
    let mut story = Story::up();
    story.hear(Liveness::PeerMaintenance);
    story.told(&Heard::Work { until: after(&story, 60) });
    assert_eq!(story.hear(Liveness::Up), [], "by now it is ours");
    let over = (Health::Maintenance, Health::Init, Why::MaintenanceOver);
    assert_eq!(story.pass(Duration::from_secs(60)), [over]);
    assert!(story.path.penalty(story.now) < 1.0);
}

#[test]
fn whether_a_path_lives_on_which_people_work_is_known_by_its_probes() {
    for is_peers in [false, true] {
        let mut story = Story::up();
        match is_peers {
            true => story.hear(Liveness::PeerMaintenance),
            false => story.told(&Heard::Maintenance { until: None }),
        };
        // Its session says nothing any more.
        story.hear(Liveness::Expired);
        assert!(story.path.is_alive());
        for (sent, lost, is_alive) in
            [(5, 0, true), (5, 4, true), (5, 5, false), (0, 0, false), (1, 0, true)]
        {
            story.seconds(1, sent, lost);
            assert_eq!(story.path.is_alive(), is_alive, "{lost} of {sent}");
        }
        story.told(&Heard::Carrier(false));
        assert!(!story.path.is_alive());
        story.told(&Heard::Carrier(true));
        assert_eq!(story.pass(SECOND), [], "nothing of it is a failure");
        // Once it is over heartbeats count again.
        let over = [(Health::Maintenance, Health::Init, Why::MaintenanceOver)];
        let told = match is_peers {
            true => story.hear(Liveness::Up),
            false => story.told(&Heard::MaintenanceOver),
        };
        assert_eq!((&told[..], story.path.is_alive()), (&over[..], is_peers));
    }
    let policy = PathPolicy { quality: None, ..PathPolicy::default() };
    let mut unknown = Story::new(policy);
    unknown.hear(Liveness::Up);
    unknown.told(&Heard::Maintenance { until: None });
    assert!(unknown.path.is_alive(), "what lives by its targets does");
    unknown.hear(Liveness::Expired);
    assert!(!unknown.path.is_alive(), "of the others nobody knows");
}

#[test]
fn the_other_end_may_have_its_maintenance() {
    let mut story = Story::up();
    let change = (Health::Up, Health::Maintenance, Why::PeerMaintenance);
    assert_eq!(story.hear(Liveness::PeerMaintenance), [change]);
    assert!(story.path.penalty(story.now) < 1.0);
    let change = (Health::Maintenance, Health::Init, Why::MaintenanceOver);
    assert_eq!(story.hear(Liveness::Up), [change]);
    story.told(&Heard::Maintenance { until: None });
    assert_eq!(story.hear(Liveness::PeerMaintenance), [], "it is ours already");
    assert_eq!(story.hear(Liveness::Up), [], "ours goes on");
}

#[test]
fn two_minutes_up_and_two_minutes_down_end_on_the_other_path() {
    let mut story = Story::up();
    let mut times_up = 0;
    for _ in 0..30 {
        story.hear(Liveness::Expired);
        story.pass(Duration::from_secs(120));
        story.hear(Liveness::Up);
        let changes = story.seconds(120, 5, 0);
        times_up += changes.iter().filter(|(_, to, _)| *to == Health::Up).count();
    }
    assert_eq!(times_up, 4, "within two hours");
}

fn heard() -> impl Strategy<Value = (Heard, u64)> {
    let liveness = prop_oneof![
        Just(Liveness::Heartbeat),
        Just(Liveness::Missed),
        Just(Liveness::Up),
        Just(Liveness::Expired),
        Just(Liveness::PeerDown),
        Just(Liveness::PeerMaintenance),
    ];
    let any = prop_oneof![
        4 => liveness.prop_map(Heard::Liveness),
        1 => any::<bool>().prop_map(Heard::Carrier),
        4 => (0_u32..20, 0_u32..20).prop_map(|(sent, lost)| Heard::Second(second(sent, lost.min(sent)))),
        1 => Just(Heard::MaintenanceOver),
        1 => (0_u64..100).prop_map(|seconds| Heard::Work { until: origin() + SECOND * seconds as u32 }),
        1 => Just(Heard::TrialFailed),
    ];
    (any, 0_u64..20_000)
}

proptest! {
    #[test]
    fn changes_follow_one_another_whatever_is_heard(all in prop::collection::vec(heard(), 0..200)) {
        let mut story = Story::new(PathPolicy::default());
        let mut is = Health::Init;
        for (heard, after) in all {
            let mut changes = story.pass(Duration::from_millis(after));
            changes.extend(story.told(&heard));
            for (from, to, _) in changes {
                prop_assert_eq!(from, is);
                prop_assert!(from != to);
                is = to;
            }
            prop_assert_eq!(story.path.health(), is);
            let is_late = story.path.next_deadline(story.now).is_some_and(|due| due <= story.now);
            prop_assert!(!is_late, "{is} waits for what is past");
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_was_a_path_that_is_good_for_an_hour_is_up(
        all in prop::collection::vec(heard(), 0..100)
    ) {
        let mut story = Story::new(PathPolicy::default());
        for (heard, after) in all {
            story.pass(Duration::from_millis(after));
            story.told(&heard);
        }
        story.told(&Heard::MaintenanceOver);
        story.told(&Heard::Carrier(true));
        story.hear(Liveness::Up);
        story.hear(Liveness::Heartbeat);
        story.seconds(3_600, 5, 0);
        prop_assert_eq!(story.path.health(), Health::Up);
    }

    #[test]
    fn nobody_makes_a_path_come_up_often(gaps in prop::collection::vec((1_u64..900, 1_u32..900), 1..40)) {
        let mut story = Story::up();
        let (mut up, begun) = (Vec::new(), story.now);
        for (silent, alive) in gaps {
            story.hear(Liveness::Expired);
            story.pass(Duration::from_secs(silent));
            story.hear(Liveness::Up);
            for _ in 0..alive {
                if story.seconds(1, 5, 0).iter().any(|(_, to, _)| *to == Health::Up) {
                    up.push(story.now.duration_since(begun).as_secs());
                }
            }
        }
        // With one failure in thirty seconds it would come up thirty times.
        for window in up.windows(6) {
            prop_assert!(window[5] - window[0] > 900, "six times within {window:?}");
        }
    }
}
