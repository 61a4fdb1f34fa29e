//! Intervals changed while the session is up (RFC 5880 s6.5, s6.8.3), without a flap.

use std::time::Duration;

use link::bfd::{Diagnostic, Due, Interval, Packet, State};

use crate::world::{Bench, ms, packets, said, settings};

const ANSWER: fn() -> Packet = || Packet { is_final: true, ..said(State::Up) };

/// What the session tells and goes by.
fn told_and_used(bench: &mut Bench) -> (Packet, Duration, Duration) {
    let (_, packet) = bench.next_packet();
    let standing = bench.session.standing();
    (packet, standing.transmit_interval, standing.detection_time.unwrap())
}

#[test]
fn coming_up_asks_for_an_answer_and_speeds_up_at_once() {
    let mut bench = Bench::in_state(settings(50, 100, 3), State::Init);
    bench
        .take(Packet { required_min_rx: Interval::from_micros(50_000), ..said(State::Init) })
        .unwrap();
    let [first] = bench.packets()[..] else { panic!("one packet") };
    assert!(first.is_poll && !first.is_final);
    assert_eq!(first.desired_min_tx, Interval::from_micros(50_000));
    // Repeated on the packets that are sent anyway, until the answer is there.
    for _ in 0..3 {
        bench.hear(State::Up);
        let (after, packet) = bench.next_packet();
        assert!(after <= ms(100) && packet.is_poll);
    }
    bench.take(ANSWER()).unwrap();
    assert!(!bench.next_packet().1.is_poll);
}

#[test]
fn a_session_that_is_slow_anyway_asks_nothing_when_it_comes_up() {
    let mut bench = Bench::in_state(settings(2_000, 100, 3), State::Init);
    bench.hear(State::Init);
    assert!(!bench.packets()[0].is_poll);
}

#[test]
fn each_change_of_an_interval_takes_effect_when_it_may() {
    struct Case {
        name: &'static str,
        wish: (u64, u64),
        /// Transmit interval and detection time before the answer.
        asking: (u64, u64),
        /// And after it.
        answered: (u64, u64),
    }
    for case in [
        Case {
            name: "slower tx waits",
            wish: (500, 100),
            asking: (100, 300),
            answered: (500, 300),
        },
        Case { name: "faster tx at once", wish: (50, 100), asking: (50, 300), answered: (50, 300) },
        Case { name: "faster rx waits", wish: (100, 20), asking: (100, 300), answered: (100, 60) },
        Case {
            name: "slower rx at once",
            wish: (100, 400),
            asking: (100, 1_200),
            answered: (100, 1_200),
        },
        Case { name: "both wait", wish: (500, 20), asking: (100, 300), answered: (500, 60) },
        Case { name: "neither waits", wish: (50, 400), asking: (50, 1_200), answered: (50, 1_200) },
    ] {
        let name = case.name;
        let mut bench = Bench::up(settings(100, 100, 3));
        let quick = Interval::from_micros(10_000);
        let theirs = Packet { required_min_rx: quick, desired_min_tx: quick, ..said(State::Up) };
        bench.take(theirs).unwrap();
        bench.session.reconfigure(settings(case.wish.0, case.wish.1, 3));
        for _ in 0..3 {
            bench.take(theirs).unwrap();
            let (packet, tx, detection) = told_and_used(&mut bench);
            assert!(packet.is_poll, "{name}");
            assert_eq!(packet.desired_min_tx.duration(), ms(case.wish.0), "{name}");
            assert_eq!(packet.required_min_rx.duration(), ms(case.wish.1), "{name}");
            assert_eq!((tx, detection), (ms(case.asking.0), ms(case.asking.1)), "{name}");
        }
        bench.take(Packet { is_final: true, ..theirs }).unwrap();
        let standing = bench.session.standing();
        assert_eq!(standing.transmit_interval, ms(case.answered.0), "{name}");
        assert_eq!(standing.detection_time, Some(ms(case.answered.1)), "{name}");
        assert_eq!(standing.state, State::Up, "{name}");
    }
}

#[test]
fn a_change_during_a_poll_waits_for_a_packet_that_is_no_answer() {
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.session.reconfigure(settings(200, 100, 3));
    bench.session.reconfigure(settings(400, 100, 3));
    let (packet, tx, _) = told_and_used(&mut bench);
    assert_eq!((packet.desired_min_tx.duration(), tx), (ms(200), ms(100)));
    // The answer, and one to an earlier packet that asked: neither is about 400 ms.
    for _ in 0..2 {
        bench.take(ANSWER()).unwrap();
        let (packet, tx, _) = told_and_used(&mut bench);
        assert!(!packet.is_poll);
        assert_eq!((packet.desired_min_tx.duration(), tx), (ms(200), ms(200)));
    }
    bench.hear(State::Up);
    let (packet, tx, _) = told_and_used(&mut bench);
    assert!(packet.is_poll);
    assert_eq!((packet.desired_min_tx.duration(), tx), (ms(400), ms(200)));
    bench.take(ANSWER()).unwrap();
    assert_eq!(bench.session.standing().transmit_interval, ms(400));
}

#[test]
fn another_multiplier_is_told_without_a_poll() {
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.session.reconfigure(settings(100, 100, 7));
    let (packet, ..) = told_and_used(&mut bench);
    assert!(!packet.is_poll);
    assert_eq!(packet.detect_mult.get(), 7);
    assert_eq!(bench.session.standing().state, State::Up);
}

#[test]
fn other_settings_count_at_once_while_the_session_is_not_up() {
    for state in [State::AdminDown, State::Down, State::Init] {
        let mut bench = Bench::in_state(settings(100, 100, 3), state);
        for rx in [20, 400] {
            bench.session.reconfigure(settings(2_000, rx, 3));
            let (_, packet) = bench.next_packet();
            assert_eq!(packet.desired_min_tx.duration(), ms(2_000), "{state}");
            assert_eq!(packet.required_min_rx.duration(), ms(rx), "{state}");
        }
        assert_eq!(bench.session.standing().transmit_interval, ms(2_000));
    }
}

#[test]
fn going_down_is_slow_at_once_and_ends_what_waited_for_an_answer() {
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.session.reconfigure(settings(300, 20, 3));
    bench.take(Packet { diagnostic: Diagnostic::PathDown, ..said(State::Down) }).unwrap();
    let standing = bench.session.standing();
    assert_eq!(standing.transmit_interval, ms(1_000));
    assert_eq!(bench.packets()[0].required_min_rx.duration(), ms(20));
    // Up again, by the settings that never were answered: no slower packets to wait for.
    bench.hear(State::Init);
    assert_eq!(bench.session.standing().transmit_interval, ms(300));
}

#[test]
fn a_poll_is_answered_at_once_beside_the_packets_that_are_due() {
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.next_packet();
    bench.hear(State::Up);
    let (undisturbed, _) = bench.next_packet();
    bench.wait(ms(1));
    bench.take(Packet { is_poll: true, ..said(State::Up) }).unwrap();
    bench.take(Packet { is_poll: true, ..said(State::Up) }).unwrap();
    let answers = packets(&bench.due());
    assert_eq!(answers.len(), 1, "several are answered by one packet");
    assert!(answers[0].is_final && !answers[0].is_poll);
    let (after, _) = bench.next_packet();
    assert_eq!(after + ms(1), undisturbed, "the next packet keeps its time");
}

#[test]
fn other_intervals_are_told_at_once_and_once() {
    let mut bench = Bench::up(settings(10_000, 10_000, 3));
    bench.packets();
    bench.session.reconfigure(settings(100, 100, 3));
    let [told] = bench.packets()[..] else { panic!("one packet") };
    assert!(told.is_poll);
    assert_eq!(told.desired_min_tx.duration(), ms(100));
    assert_eq!(bench.packets(), []);
}

#[test]
fn an_answer_never_asks() {
    // RFC 5880 s6.5: Poll and Final are never set both.
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.session.reconfigure(settings(300, 100, 3));
    bench.take(Packet { is_poll: true, ..said(State::Up) }).unwrap();
    let [answer, asking] = bench.packets()[..] else { panic!("an answer, and what is new") };
    assert!(answer.is_final && !answer.is_poll);
    assert!(!asking.is_final && asking.is_poll);
    // It may tell the new interval already (s6.8.3), and the Poll goes on.
    assert_eq!(answer.desired_min_tx.duration(), ms(300));
    assert!(bench.next_packet().1.is_poll);
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut bench = Bench::up(settings(100, 100, 3));
    let before = bench.session.standing();
    bench.take(ANSWER()).unwrap();
    assert_eq!(bench.session.standing(), before);
    assert!(!bench.due().iter().any(|due| matches!(due, Due::Changed(_))));
}
