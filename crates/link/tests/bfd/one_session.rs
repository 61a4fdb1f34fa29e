//! Every transition of a session, and when it sends.

use link::bfd::{Diagnostic, DropReason, Due, Interval, Packet, Role, State};

use crate::world::{Bench, discriminator, ms, mult, packets, said, settings};

#[test]
fn each_state_makes_of_each_received_one_what_the_rules_say() {
    use State::{AdminDown, Down, Init, Up};
    // RFC 5880 s6.8.6, in its order.
    for (own, received, next) in [
        (AdminDown, AdminDown, None),
        (AdminDown, Down, None),
        (AdminDown, Init, None),
        (AdminDown, Up, None),
        (Down, AdminDown, None),
        (Down, Down, Some(Init)),
        (Down, Init, Some(Up)),
        (Down, Up, None),
        (Init, AdminDown, Some(Down)),
        (Init, Down, None),
        (Init, Init, Some(Up)),
        (Init, Up, Some(Up)),
        (Up, AdminDown, Some(Down)),
        (Up, Down, Some(Down)),
        (Up, Init, None),
        (Up, Up, None),
    ] {
        let mut bench = Bench::in_state(settings(100, 100, 3), own);
        let change = bench.hear(received);
        assert_eq!(change.map(|change| change.to), next, "{own} hears {received}");
        let standing = bench.session.standing();
        assert_eq!(standing.state, next.unwrap_or(own), "{own} hears {received}");
        assert_eq!(standing.remote_state, received);
        if let Some(change) = change {
            assert_eq!(change.from, own);
            let expected = match change.to {
                Down => Diagnostic::NeighborSignaledSessionDown,
                _ => Diagnostic::None,
            };
            assert_eq!(change.diagnostic, expected, "{own} hears {received}");
            let sent = bench.packets();
            assert_eq!(sent[0].state, change.to, "a change is told at once");
        }
    }
}

#[test]
fn silence_for_the_detection_time_takes_a_living_session_down() {
    for (own, goes_down) in
        [(State::AdminDown, false), (State::Down, false), (State::Init, true), (State::Up, true)]
    {
        let mut bench = Bench::in_state(settings(100, 100, 3), own);
        bench
            .take(Packet {
                diagnostic: Diagnostic::PathDown,
                ..said(match own {
                    State::Up => State::Up,
                    State::Init => State::Down,
                    State::AdminDown | State::Down => State::AdminDown,
                })
            })
            .unwrap();
        bench.due();
        let detection_time = bench.session.standing().detection_time.unwrap();
        let heard = bench.now;
        let mut changes = Vec::new();
        while bench.now < heard + 2 * detection_time {
            changes.extend(bench.step().into_iter().filter_map(|due| match due {
                Due::Changed(change) => Some((bench.now - heard, change)),
                Due::Transmit(_) | Due::Late(_) | Due::Elsewhere(_) => None,
            }));
        }
        assert_eq!(changes.len(), usize::from(goes_down), "{own}");
        for (after, change) in changes {
            assert_eq!(after, detection_time, "{own}");
            assert_eq!((change.from, change.to), (own, State::Down));
            assert_eq!(change.diagnostic, Diagnostic::ControlDetectionTimeExpired);
            assert_eq!(change.remote_diagnostic, Diagnostic::PathDown, "as it was last told");
            assert_eq!(change.detection_time, Some(detection_time));
            assert_eq!(change.silence, Some(detection_time));
        }
        let standing = bench.session.standing();
        assert_eq!(standing.remote, None, "s6.8.1: forgotten in every state");
        assert_eq!(standing.remote_state, State::Down);
    }
}

#[test]
fn the_detection_time_is_the_other_sides_multiplier_by_the_slower_of_both_wishes() {
    // RFC 5880 s6.8.4: own Required Min RX, their Desired Min TX and Detect Mult.
    for (rx, tx, detect_mult, expected) in [
        (100, 100, 3, 300),
        (100, 50, 3, 300),
        (50, 100, 3, 300),
        (10, 10, 3, 30),
        (300, 2_000, 3, 6_000),
        (50, 100, 5, 500),
        (100, 0, 1, 100),
        (100, 4_000_000, 255, 1_020_000_000),
    ] {
        let mut bench = Bench::up(settings(700, rx, 9));
        let packet = Packet {
            desired_min_tx: Interval::from_micros(tx * 1_000),
            detect_mult: mult(detect_mult),
            ..said(State::Up)
        };
        bench.take(packet).unwrap();
        let standing = bench.session.standing();
        assert_eq!(standing.detection_time, Some(ms(expected)), "{rx} {tx} {detect_mult}");
        assert_eq!(standing.receive_interval, Some(ms(rx.max(tx.into()))));
    }
}

#[test]
fn a_peer_that_ignores_the_wish_and_sends_every_two_seconds_stays_up() {
    // A peer whose timers are not what was configured (oxidecomputer/maghemite#798).
    let mut bench = Bench::up(settings(300, 300, 3));
    let packet = Packet { desired_min_tx: Interval::from_micros(2_000_000), ..said(State::Up) };
    bench.take(packet).unwrap();
    for _ in 0..50 {
        bench.wait(ms(2_000));
        let due = bench.due();
        assert!(!due.iter().any(|due| matches!(due, Due::Changed(_))), "{due:?}");
        assert_eq!(bench.take(packet), Ok(None));
    }
    assert_eq!(bench.session.standing().detection_time, Some(ms(6_000)));
}

#[test]
fn packets_are_a_second_apart_until_the_session_is_up() {
    for state in [State::AdminDown, State::Down, State::Init] {
        let mut bench = Bench::in_state(settings(10, 10, 3), state);
        for entropy in [0, 123, 250, u64::MAX] {
            if state != State::Down {
                bench.hear(State::Down);
            }
            let before = bench.now;
            bench.now = bench.session.next_deadline().unwrap();
            let due: Vec<_> =
                std::iter::from_fn(|| bench.session.poll(bench.now, entropy)).collect();
            let [packet] = packets(&due)[..] else { panic!("{due:?}") };
            assert_eq!(packet.desired_min_tx, Interval::SLOW, "{state}");
            let wait = bench.now - before;
            assert!((ms(900)..=ms(1_000)).contains(&wait), "{state} {wait:?}");
        }
    }
}

#[test]
fn a_wish_slower_than_a_second_is_kept_while_down() {
    let mut bench = Bench::new(settings(3_000, 100, 3));
    assert_eq!(bench.packets()[0].desired_min_tx, Interval::from_micros(3_000_000));
}

#[test]
fn the_slower_side_determines_the_interval_and_jitter_takes_a_tenth_off_at_most() {
    for (own, theirs, detect_mult, shortest, longest) in [
        (100, 100, 3, 90_000, 100_000),
        (100, 20, 3, 90_000, 100_000),
        (20, 100, 3, 90_000, 100_000),
        (10, 10, 3, 9_000, 10_000),
        (100, 100, 2, 90_000, 100_000),
        // One missed packet ends such a session, so that each must come in time.
        (100, 100, 1, 75_000, 90_000),
    ] {
        let mut bench = Bench::up(settings(own, 100, detect_mult));
        let wish = Interval::from_micros(theirs * 1_000);
        bench.take(Packet { required_min_rx: wish, ..said(State::Up) }).unwrap();
        let mut seen = (u128::MAX, 0);
        for entropy in 0..2_000_u64 {
            let before = bench.now;
            while packets(&{
                bench.now = bench.session.next_deadline().unwrap();
                std::iter::from_fn(|| bench.session.poll(bench.now, entropy)).collect::<Vec<_>>()
            })
            .is_empty()
            {}
            if entropy > 0 {
                let wait = (bench.now - before).as_micros();
                seen = (seen.0.min(wait), seen.1.max(wait));
            }
            bench.take(Packet { required_min_rx: wish, ..said(State::Up) }).unwrap();
        }
        assert_eq!(seen, (shortest, longest), "{own} {theirs} {detect_mult}");
    }
}

#[test]
fn a_peer_that_takes_packets_faster_is_sent_them_faster_from_the_last_one_on() {
    // RFC 5880 s6.8.3: honoured immediately.
    let mut bench = Bench::up(settings(10, 2_000, 3));
    let slow = Packet {
        required_min_rx: Interval::from_micros(1_000_000),
        desired_min_tx: Interval::from_micros(2_000_000),
        ..said(State::Up)
    };
    bench.take(slow).unwrap();
    bench.next_packet();
    bench.wait(ms(5));
    bench.take(Packet { required_min_rx: Interval::from_micros(10_000), ..slow }).unwrap();
    let (after, _) = bench.next_packet();
    assert!(after <= ms(5), "{after:?}");
}

#[test]
fn a_peer_that_takes_nothing_is_sent_nothing_but_answers() {
    // RFC 5880 s6.8.7, s6.8.18.
    let mut bench = Bench::up(settings(100, 100, 3));
    let nothing = Packet { required_min_rx: Interval::ZERO, ..said(State::Up) };
    bench.take(nothing).unwrap();
    for _ in 0..20 {
        bench.wait(ms(100));
        bench.take(nothing).unwrap();
        assert_eq!(bench.packets(), []);
    }
    bench.take(Packet { is_poll: true, ..nothing }).unwrap();
    let [answer] = bench.packets()[..] else { panic!("one answer") };
    assert!(answer.is_final);
    // Once it is gone for a detection time, it is spoken to again.
    bench.wait(ms(300));
    let sent = bench.packets();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].state, sent[0].your_discriminator), (State::Down, None));
}

#[test]
fn a_peer_in_demand_mode_is_sent_nothing_but_answers_and_polls() {
    // RFC 5880 s6.6.
    let demand = Packet { is_demand: true, ..said(State::Up) };
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.take(demand).unwrap();
    for _ in 0..20 {
        bench.wait(ms(100));
        bench.take(demand).unwrap();
        assert_eq!(bench.packets(), []);
    }
    bench.take(Packet { is_poll: true, ..demand }).unwrap();
    let [answer] = bench.packets()[..] else { panic!("one answer") };
    assert!(answer.is_final && !answer.is_poll && !answer.is_demand);

    // What changes is told by a Poll Sequence, repeated until it is answered.
    bench.session.reconfigure(settings(100, 100, 5));
    for _ in 0..3 {
        bench.wait(ms(100));
        bench.take(demand).unwrap();
        let [poll] = bench.packets()[..] else { panic!("one poll") };
        assert!(poll.is_poll);
        assert_eq!(poll.detect_mult, mult(5));
    }
    bench.take(Packet { is_final: true, ..demand }).unwrap();
    for _ in 0..3 {
        bench.wait(ms(100));
        bench.take(demand).unwrap();
        assert_eq!(bench.packets(), []);
    }
    // It ends when the other side does not wish it any more, or is not up any more.
    bench.hear(State::Up);
    assert_eq!(bench.packets().len(), 1);
    bench.take(demand).unwrap();
    bench.wait(ms(100));
    bench.take(Packet { is_demand: true, ..said(State::Down) }).unwrap();
    assert_eq!(bench.packets()[0].state, State::Down);
    assert!(bench.session.next_deadline().is_some());
}

#[test]
fn a_peer_that_wishes_demand_mode_before_both_are_up_is_sent_packets() {
    let mut bench = Bench::in_state(settings(2_000, 100, 3), State::Up);
    let demand = Packet { is_demand: true, ..said(State::Init) };
    bench.take(demand).unwrap();
    bench.wait(ms(2_000));
    bench.take(demand).unwrap();
    assert_eq!(bench.packets().len(), 1);
}

#[test]
fn the_passive_side_speaks_when_it_is_spoken_to() {
    let mut bench = Bench::new(settings(100, 100, 3).with_role(Role::Passive));
    assert_eq!(bench.session.next_deadline(), None);
    bench.wait(ms(60_000));
    assert_eq!(bench.due(), []);
    bench.hear(State::Down);
    let sent = bench.packets();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].state, State::Init);
    // And falls silent when it hears nothing more.
    while bench.session.next_deadline().is_some() {
        bench.step();
        assert!(bench.elapsed() < ms(70_000));
    }
    assert_eq!(bench.session.standing().state, State::Down);
}

#[test]
fn a_peer_that_starts_again_takes_the_session_down_and_up() {
    let mut bench = Bench::up(settings(100, 100, 3));
    let anew = Packet {
        my_discriminator: discriminator(0x33),
        your_discriminator: None,
        ..said(State::Down)
    };
    let change = bench.take(anew).unwrap().unwrap();
    assert_eq!(
        (change.to, change.diagnostic),
        (State::Down, Diagnostic::NeighborSignaledSessionDown)
    );
    assert_eq!(bench.packets()[0].your_discriminator, Some(discriminator(0x33)));
    let init = Packet { my_discriminator: discriminator(0x33), ..said(State::Init) };
    assert_eq!(bench.take(init).unwrap().unwrap().to, State::Up);
}

#[test]
fn what_is_known_of_the_peer_is_kept_for_a_detection_time_after_it_went_down() {
    // RFC 5880 s6.8.1, s6.8.18; FRRouting/frr#18593 and #23062 forget too early.
    let mut bench = Bench::up(settings(100, 100, 3));
    let last = Packet {
        required_min_rx: Interval::from_micros(9_000_000),
        desired_min_tx: Interval::from_micros(2_000_000),
        ..said(State::AdminDown)
    };
    bench.take(last).unwrap();
    let first = bench.packets();
    assert_eq!(first[0].your_discriminator, Some(discriminator(0x22)));
    bench.wait(ms(5_999));
    assert_eq!(bench.due(), [], "its wish for a packet in 9 s is respected");
    assert_eq!(bench.session.standing().remote, Some(discriminator(0x22)));
    bench.wait(ms(1));
    let [next] = bench.packets()[..] else { panic!("one packet, as it takes any rate again") };
    assert_eq!(next.your_discriminator, None);
}

#[test]
fn admin_down_is_told_at_once_and_for_as_long_as_it_lasts() {
    let mut bench = Bench::up(settings(100, 100, 3));
    let change = bench.session.disable(Diagnostic::AdministrativelyDown, bench.now).unwrap();
    assert_eq!((change.from, change.to), (State::Up, State::AdminDown));
    assert_eq!(bench.session.disable(Diagnostic::AdministrativelyDown, bench.now), None);
    let mut told = bench.packets();
    for _ in 0..10 {
        bench.hear(State::Down);
        told.push(bench.next_packet().1);
    }
    for packet in told {
        assert_eq!(packet.state, State::AdminDown);
        assert_eq!(packet.diagnostic, Diagnostic::AdministrativelyDown);
        assert_eq!(packet.desired_min_tx, Interval::SLOW);
        assert_eq!(packet.your_discriminator, Some(discriminator(0x22)));
    }
    // A Poll is answered in every state (s6.8.7).
    bench.take(Packet { is_poll: true, ..said(State::Down) }).unwrap();
    let answer = bench.packets()[0];
    assert!(answer.is_final && answer.state == State::AdminDown);

    let change = bench.session.enable(bench.now).unwrap();
    assert_eq!((change.from, change.to), (State::AdminDown, State::Down));
    assert_eq!(bench.session.enable(bench.now), None);
    assert_eq!(bench.packets()[0].state, State::Down);
    assert_eq!(bench.hear(State::Down).unwrap().to, State::Init);
}

#[test]
fn a_state_that_is_told_already_is_not_told_before_its_time() {
    // Held down and back up while the other side wants to hear nothing.
    let mut bench = Bench::in_state(settings(100, 100, 3), State::Down);
    let nothing = Packet { required_min_rx: Interval::ZERO, ..said(State::Up) };
    bench.take(nothing).unwrap();
    bench.session.disable(Diagnostic::None, bench.now);
    bench.session.enable(bench.now);
    bench.hear(State::Up);
    assert_eq!(bench.packets(), []);
}

#[test]
fn a_session_that_others_know_to_be_broken_says_so() {
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.session.disable(Diagnostic::PathDown, bench.now);
    assert_eq!(bench.packets()[0].diagnostic, Diagnostic::PathDown);
    // The reason may become another one, which is told and is no change of state.
    assert_eq!(bench.session.disable(Diagnostic::AdministrativelyDown, bench.now), None);
    assert_eq!(bench.packets()[0].diagnostic, Diagnostic::AdministrativelyDown);

    for (own, goes_down) in
        [(State::AdminDown, false), (State::Down, false), (State::Init, true), (State::Up, true)]
    {
        let mut bench = Bench::in_state(settings(100, 100, 3), own);
        let change = bench.session.restart(Diagnostic::ForwardingPlaneReset, bench.now);
        assert_eq!(change.is_some(), goes_down, "{own}");
        if goes_down {
            assert_eq!(bench.packets()[0].diagnostic, Diagnostic::ForwardingPlaneReset);
            assert_eq!(bench.session.standing().state, State::Down);
        }
    }
}

#[test]
fn a_missing_packet_is_told_once_half_an_interval_after_its_time() {
    let mut bench = Bench::up(settings(5_000, 100, 3));
    bench.hear(State::Up);
    let heard = bench.now;
    assert_eq!(bench.step(), [Due::Late(ms(150))]);
    assert_eq!(bench.now - heard, ms(150));
    bench.wait(ms(149));
    assert_eq!(bench.due(), [], "once");
    bench.hear(State::Up);
    assert_eq!(bench.step(), [Due::Late(ms(150))]);
    // Where one missing packet is the end, there is nothing to tell before.
    bench.take(Packet { detect_mult: mult(1), ..said(State::Up) }).unwrap();
    assert!(matches!(bench.step()[..], [Due::Changed(_), ..]));
}

#[test]
fn our_own_packets_that_come_back_are_dropped() {
    let mut bench = Bench::plain();
    let Due::Transmit(own) = bench.due()[0] else { panic!("a packet") };
    assert_eq!(bench.take_octets(&own), Err(DropReason::Looped));
    assert_eq!(bench.session.standing().remote, None);
}

#[test]
fn nobody_is_offered_an_echo() {
    let mut bench = Bench::up(settings(100, 100, 3));
    let asked = Interval::from_micros(10_000);
    bench.take(Packet { required_min_echo_rx: asked, ..said(State::Up) }).unwrap();
    assert_eq!(bench.next_packet().1.required_min_echo_rx, Interval::ZERO);
}

#[test]
fn changes_tell_how_long_the_peer_was_silent_before() {
    let mut bench = Bench::up(settings(100, 100, 3));
    bench.hear(State::Up);
    bench.wait(ms(42));
    let packet = Packet { diagnostic: Diagnostic::AdministrativelyDown, ..said(State::AdminDown) };
    let change = bench.take(packet).unwrap().unwrap();
    assert_eq!(change.silence, Some(ms(42)));
    assert_eq!(change.remote_state, State::AdminDown);
    assert_eq!(change.remote_diagnostic, Diagnostic::AdministrativelyDown);
}
