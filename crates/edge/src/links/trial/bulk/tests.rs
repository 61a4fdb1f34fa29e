use super::*;
use crate::links::status::{PathStatus, Status};

/// An office on its fibre, with a radio path of that health and another one of that.
fn office(radio: &str, lte: &str) -> Status {
    let path = |name: &str, health: &str| PathStatus {
        name: name.to_owned(),
        health: health.to_owned(),
        is_alive: true,
        ..PathStatus::default()
    };
    Status {
        mode: "primary".to_owned(),
        routes: ["fibre".to_owned(), "fibre".to_owned()],
        paths: vec![path("fibre", lte), path("radio", radio)],
        ..Status::default()
    }
}

fn standing(office: &Status) -> Standing {
    Standing::of(&office.paths[1], office, Thrift::None)
}

#[test]
fn no_path_is_filled_that_somebody_needs_or_that_suffers() {
    let on_radio = ["fibre".to_owned(), "radio".to_owned()];
    let returning = Status { mode: "returning".to_owned(), ..office("up", "up") };
    for (office, thrift, why) in [
        (office("up", "up"), Thrift::None, None),
        (Status { routes: on_radio, ..office("up", "up") }, Thrift::None, Some("office goes by")),
        (returning, Thrift::None, Some("office goes by")),
        (office("suspect", "up"), Thrift::None, Some("not good")),
        (office("maintenance", "up"), Thrift::None, Some("not good")),
        (office("up", "down"), Thrift::None, Some("no other")),
        (office("up", "maintenance"), Thrift::None, Some("no other")),
        (office("up", "up"), Thrift::Thin, Some("budget")),
        (office("up", "up"), Thrift::UsedUp, Some("budget")),
    ] {
        let told = hindrance(&Standing::of(&office.paths[1], &office, thrift));
        assert_eq!(told.is_some(), why.is_some(), "{told:?}");
        assert!(told.unwrap_or_default().contains(why.unwrap_or_default()), "{told:?}");
    }
    let tried = Standing { is_tried: true, ..standing(&office("up", "up")) };
    assert!(hindrance(&tried).is_some());
}

#[test]
fn a_run_of_the_night_is_tried_three_times_and_one_that_people_want_once() {
    let begun = Instant::now();
    let bad = standing(&office("down", "up"));
    for (wanted, count) in [(TIMES, 3), (1, 1)] {
        let mut bulk = Bulk::new();
        bulk.wanted = Some((begun, wanted));
        let (mut now, mut told) = (begun, 0);
        for _ in 0..600 {
            told += u32::from(bulk.may_begin(&bad, now).is_err());
            now += Duration::from_secs(1);
        }
        assert_eq!(told, count);
        assert_eq!(bulk.next_deadline(now), None);
    }
}

#[test]
fn who_does_not_want_a_run_yet_is_asked_again_for_a_while() {
    let (begun, rate) = (Instant::now(), BitRate::from_bits_per_second(8_000_000));
    let ms = Duration::from_millis;
    for (after, has_begun, is_asked) in [
        (ms(210), false, true),
        (ms(2_690), false, true),
        (ms(2_700), false, false),
        (ms(210), true, false),
    ] {
        let mut bulk = Bulk::new();
        bulk.begin([rate; 2], begun);
        let (now, running) = (begun + after, bulk.running.as_mut().unwrap());
        let run = running.run;
        let mut receiver = BulkReceiver::new(run, now);
        if has_begun {
            receiver.receive(&BulkPacket { run, index: 0, payload: 1_000 }, Duration::ZERO, now);
        }
        running.role = Role::Receives(receiver);
        let told = bulk.hear_report(&BulkReport::stopped(run), now);
        assert_eq!(told.is_none(), is_asked, "{told:?} after {after:?}");
        assert_eq!(bulk.is_running(), is_asked);
        assert!(!is_asked || bulk.next_deadline(now) == Some(now + ASK_EVERY));
    }
}

#[test]
fn a_night_has_one_run_whichever_end_began_it() {
    let now = Instant::now();
    let soon = |unix: Timestamp| Some(unix + Duration::from_secs(60));
    for (last, is_wanted) in
        [(None, true), (Some(now), false), (Some(now - Duration::from_secs(13 * 3_600)), true)]
    {
        let mut bulk = Bulk::new();
        if let Some(last) = last {
            bulk.recall(now - last, now);
        }
        bulk.look(soon, now);
        assert_eq!(bulk.wanted, None, "it is not time yet");
        bulk.due = Some(Timestamp::from_secs(1));
        bulk.look(soon, now);
        assert_eq!(bulk.wanted.is_some(), is_wanted);
        assert!(bulk.due.is_some_and(|due| due > Timestamp::from_secs(1)), "and the next");
        // At another time from now on, or not at all.
        bulk.forget_due();
        bulk.look(|_| None, now);
        assert_eq!((bulk.due, bulk.wanted.is_some()), (None, is_wanted));
    }
}
