use link::carry::Ready;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// A path that is paid for, or not, on a device that is not there.
fn tried(is_metered: bool, now: Instant) -> Tried {
    let path = format!(
        "name = 'lte'\ndevice = 'absent0'\nlocal = '192.0.2.1'\npeer = '192.0.2.2'\nmetered = {is_metered}"
    );
    let pair = Pair { own: [10, 1, 0, 250].into(), far: [10, 2, 0, 250].into(), other: None };
    let path = toml::from_str(&path).unwrap();
    Tried::new(
        (PathNumber::new(1), "hofuf/lte".to_owned()),
        path,
        pair,
        CarryTestSettings::default(),
        now,
    )
}

fn megabits(number: u64) -> BitRate {
    BitRate::from_bits_per_second(number * 1_000_000)
}

#[test]
fn the_more_of_a_budget_is_spent_the_later_a_trial_is_that_is_asked_for() {
    let now = Instant::now();
    for (is_metered, thrift, seconds) in [
        (false, Thrift::None, 2),
        (true, Thrift::None, 60),
        (true, Thrift::Thin, 600),
        (true, Thrift::UsedUp, 1_800),
    ] {
        let mut path = tried(is_metered, now);
        path.thrift = thrift;
        path.hurry(now);
        assert_eq!(path.next_run, now, "the first comes at once");
        (path.last_run, path.next_run) = (Some(now), now + DAY);
        path.hurry(now + Duration::from_secs(1));
        assert_eq!(path.next_run, now + Duration::from_secs(seconds), "{is_metered} {thrift:?}");
        path.hurry(now + DAY / 2);
        assert_eq!(path.next_run, now + Duration::from_secs(seconds), "none is put off");
    }
}

#[test]
fn a_path_is_tried_otherwise_once_that_is_changed_and_not_later_for_it() {
    let now = Instant::now();
    let mut path = tried(false, now);
    let of = |every_seconds: u64, at: Option<&str>| CarryTestSettings {
        every_seconds,
        bulk_at: at.map(str::to_owned),
        ..CarryTestSettings::default()
    };
    let secs = Duration::from_secs;
    (path.last_run, path.next_run) = (Some(now), now + secs(60));
    for (test, thrift, next) in [
        (of(60, None), Thrift::None, 60),
        (of(600, Some("02:00")), Thrift::None, 60),
        (of(30, Some("02:00")), Thrift::UsedUp, 60),
        (of(20, Some("02:00")), Thrift::Thin, 60),
        (of(12, None), Thrift::Thin, 48),
        (of(10, Some("03:00")), Thrift::None, 10),
    ] {
        path.thrift = thrift;
        path.reload(test.clone(), now);
        assert_eq!(path.next_run, now + secs(next), "{test:?} {thrift:?}");
        assert_eq!(path.test, test);
    }
}

#[test]
fn trials_of_a_path_come_at_a_quarter_of_their_pace_while_too_much_is_spent() {
    let now = Instant::now();
    let unfit = |reason| Outcome::Unfit { at: now, reason };
    let slow =
        Unfit::TooSlow { direction: Direction::Up, capacity: megabits(1), required: megabits(2) };
    for (is_metered, thrift, reason, seconds) in [
        (false, Thrift::None, slow, 60),
        (false, Thrift::None, Unfit::NoRoute, 10),
        (true, Thrift::None, slow, 60),
        (true, Thrift::None, Unfit::NoRoute, 300),
        (true, Thrift::Thin, slow, 240),
        (true, Thrift::Thin, Unfit::NoRoute, 1_200),
    ] {
        let mut path = tried(is_metered, now);
        path.thrift = thrift;
        path.settle(unfit(reason), Beside::Nobody, now);
        let pause = (path.next_run - now).as_secs_f64() / f64::from(seconds);
        assert!((0.9..=1.1).contains(&pause), "{is_metered} {thrift:?} {reason:?}: {pause}");
    }
}

#[test]
fn what_was_measured_does_while_too_much_is_spent_to_measure_again() {
    let at = Instant::now();
    let now = at + capacity::METERED_INTERVAL;
    let mut path = tried(true, at);
    let (up, down) = (megabits(20), megabits(50));
    path.capacity = Some(Measured { up, down, is_certain: true, at, beside: Beside::Nobody });
    assert!(path.measured(Beside::Nobody, now).is_none(), "it is old");
    for thrift in [Thrift::Thin, Thrift::UsedUp] {
        path.thrift = thrift;
        assert_eq!(path.measured(Beside::Nobody, now).unwrap().down, down, "{thrift:?}");
    }
    path.capacity = None;
    assert!(path.measured(Beside::Nobody, now).is_none(), "what is not known is measured");
}

#[test]
fn what_packets_hardly_agreed_on_is_measured_again_by_the_next_trial() {
    let at = Instant::now();
    let now = at + Duration::from_secs(60);
    let agreed = |confidence| Estimate { rate: megabits(9), confidence, ..Estimate::default() };
    for (is_metered, confidence, beside, is_kept) in [
        (false, Confidence::Good, Beside::Nobody, true),
        (false, Confidence::Fair, Beside::Nobody, true),
        (false, Confidence::Poor, Beside::Nobody, false),
        // Not in the way of others, nor for money.
        (false, Confidence::Poor, Beside::Offices, true),
        (true, Confidence::Poor, Beside::Nobody, true),
    ] {
        let mut path = tried(is_metered, at);
        path.is_measured = true;
        path.take_estimate(Direction::Up, &agreed(confidence));
        path.take_estimate(Direction::Down, &agreed(Confidence::Good));
        let ready = Ready {
            at,
            capacity_up: megabits(9),
            capacity_down: megabits(9),
            mtu: PacketSize(1_500),
            round_trip: Duration::from_millis(5),
            loss: 0,
            beside: Beside::Nobody,
        };
        path.settle(Outcome::Ready(ready), Beside::Nobody, at);
        assert_eq!(path.measured(beside, now).is_some(), is_kept, "{is_metered} {confidence:?}");
    }
}
