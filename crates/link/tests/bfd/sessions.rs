//! Many sessions: whose a packet is, who is next, and the bounds.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use link::bfd::{
    AddError, Arrival, Diagnostic, Discriminator, DropReason, Frame, Hops, Interface, Interval,
    Output, Packet, Path, Sessions, State,
};

use crate::wire::{WRONG, octets};
use crate::world::{discriminator, ms, origin, registry, said, settings};

const ETH: Interface = Interface(2);
const RADIO: Interface = Interface(3);

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn neighbour(interface: Interface, last: u8) -> Path {
    Path::SingleHop { interface, peer: address(last) }
}

fn far(minimum_ttl: u8) -> Path {
    Path::MultiHop { local: address(1), peer: address(200), minimum_ttl }
}

/// From the neighbour with that address.
fn from(interface: Interface, last: u8) -> Arrival {
    Arrival { interface, from: address(last), to: address(1), ttl: 255, hops: Hops::Single }
}

fn from_afar(ttl: u8) -> Arrival {
    Arrival { interface: ETH, from: address(200), to: address(1), ttl, hops: Hops::Multiple }
}

/// To whoever is at that address.
fn to(session: impl Into<Option<Discriminator>>, state: State) -> Packet {
    Packet { your_discriminator: session.into(), ..said(state) }
}

fn add(sessions: &mut Sessions, path: Path, now: Instant) -> Discriminator {
    sessions.add(path, settings(100, 100, 3), 77, now).unwrap()
}

fn due(sessions: &mut Sessions, now: Instant) -> Vec<Output> {
    std::iter::from_fn(|| sessions.poll(now, 5)).collect()
}

#[test]
fn a_packet_finds_its_session_by_number_and_before_that_by_where_it_came_from() {
    let now = origin();
    let mut sessions = registry(10);
    let wired = add(&mut sessions, neighbour(ETH, 9), now);
    let radio = add(&mut sessions, neighbour(RADIO, 9), now);
    let other = add(&mut sessions, neighbour(ETH, 10), now);
    let far = add(&mut sessions, far(250), now);
    for (name, packet, arrival, expected) in [
        ("by interface", to(None, State::Down), from(ETH, 9), Ok(wired)),
        ("by interface", to(None, State::Down), from(RADIO, 9), Ok(radio)),
        ("by address", to(None, State::Down), from(ETH, 10), Ok(other)),
        ("by both addresses", to(None, State::Down), from_afar(255), Ok(far)),
        ("by both addresses, AdminDown", to(None, State::AdminDown), from_afar(255), Ok(far)),
        ("by number", to(radio, State::Down), from(RADIO, 9), Ok(radio)),
        ("by number, from another address", to(radio, State::Down), from(RADIO, 77), Ok(radio)),
        ("by number, from afar", to(far, State::Init), from_afar(250), Ok(far)),
        (
            "nobody's number",
            to(discriminator(1), State::Down),
            from(ETH, 9),
            Err(DropReason::UnknownDiscriminator),
        ),
        (
            "no number in Init",
            to(None, State::Init),
            from(ETH, 9),
            Err(DropReason::YourDiscriminatorZero),
        ),
        (
            "no number in Up",
            to(None, State::Up),
            from(ETH, 9),
            Err(DropReason::YourDiscriminatorZero),
        ),
        ("a stranger", to(None, State::Down), from(ETH, 11), Err(DropReason::UnknownPeer)),
        (
            "a stranger's interface",
            to(None, State::Down),
            from(Interface(4), 9),
            Err(DropReason::UnknownPeer),
        ),
        (
            "a neighbour on the port of several hops",
            to(None, State::Down),
            Arrival { hops: Hops::Multiple, ..from(ETH, 9) },
            Err(DropReason::UnknownPeer),
        ),
        (
            "another local address",
            to(None, State::Down),
            Arrival { to: address(2), ..from_afar(255) },
            Err(DropReason::UnknownPeer),
        ),
        // What came by the backup says nothing of the path that is watched.
        ("by another interface", to(wired, State::Up), from(RADIO, 9), Err(DropReason::WrongPath)),
        (
            "on the other port",
            to(wired, State::Up),
            Arrival { hops: Hops::Multiple, ..from(ETH, 9) },
            Err(DropReason::WrongPath),
        ),
        (
            "on the other port, from afar",
            to(far, State::Up),
            Arrival { hops: Hops::Single, ..from_afar(255) },
            Err(DropReason::WrongPath),
        ),
        // RFC 5881 s5, RFC 5883 s5.
        (
            "routed",
            to(None, State::Down),
            Arrival { ttl: 254, ..from(ETH, 9) },
            Err(DropReason::Ttl),
        ),
        (
            "routed, by number",
            to(wired, State::Up),
            Arrival { ttl: 254, ..from(ETH, 9) },
            Err(DropReason::Ttl),
        ),
        ("from too far", to(far, State::Up), from_afar(249), Err(DropReason::Ttl)),
        (
            "our own",
            Packet { my_discriminator: wired, ..to(None, State::Down) },
            from(ETH, 9),
            Err(DropReason::Looped),
        ),
        ("authenticated by nobody's wish", to(None, State::Down), from(ETH, 9), Ok(wired)),
    ] {
        let before = expected.err().map(|reason| sessions.dropped().of(reason));
        let received = sessions.receive(&arrival, &packet.encode(), now);
        assert_eq!(received.map(|received| received.session), expected, "{name}");
        if let (Err(reason), Some(before)) = (expected, before) {
            assert_eq!(sessions.dropped().of(reason), before + 1, "{name}");
        }
    }
}

#[test]
fn malformed_packets_are_counted_by_reason() {
    let mut sessions = registry(1);
    for (clause, hex, reason) in WRONG {
        let before = sessions.dropped().of(reason);
        assert_eq!(
            sessions.receive(&from(ETH, 9), &octets(hex), origin()),
            Err(reason),
            "{clause}"
        );
        assert_eq!(sessions.dropped().of(reason), before + 1, "{clause}");
    }
    let all: u64 = sessions.dropped().iter().map(|(_, count)| count).sum();
    assert_eq!(all, WRONG.len() as u64);
}

#[test]
fn an_ipv4_address_in_an_ipv6_one_is_the_same() {
    let now = origin();
    let mut sessions = registry(2);
    let wired = add(&mut sessions, neighbour(ETH, 9), now);
    let mapped = Ipv4Addr::new(192, 0, 2, 9).to_ipv6_mapped();
    let arrival = Arrival { from: mapped.into(), ..from(ETH, 9) };
    let received = sessions.receive(&arrival, &to(None, State::Down).encode(), now).unwrap();
    assert_eq!(received.session, wired);
    let again = Path::SingleHop { interface: ETH, peer: mapped.into() };
    assert_eq!(sessions.find_by_path(&again), Some(wired));
}

#[test]
fn numbers_are_their_entropy_and_never_zero_or_anothers() {
    let now = origin();
    let mut sessions = registry(100);
    let mut numbers = std::collections::BTreeSet::new();
    for last in 0..50 {
        // The worst that entropy can do.
        let entropy = if last % 2 == 0 { 0 } else { 0x1234_5678_0000_0001 };
        let path = neighbour(ETH, last);
        let session = sessions.add(path, settings(100, 100, 3), entropy, now).unwrap();
        assert!(numbers.insert(session));
    }
    assert!(numbers.contains(&discriminator(1)));
}

#[test]
fn there_are_never_more_than_the_bound_and_one_for_a_path() {
    let now = origin();
    let mut sessions = registry(2);
    let first = add(&mut sessions, neighbour(ETH, 1), now);
    let add = |sessions: &mut Sessions, last| {
        sessions.add(neighbour(ETH, last), settings(100, 100, 3), 3, now)
    };
    assert_eq!(add(&mut sessions, 1), Err(AddError::PathTaken(first)));
    let second = add(&mut sessions, 2).unwrap();
    assert_eq!(add(&mut sessions, 3), Err(AddError::Full(2)));
    assert_eq!(sessions.len(), 2);
    // One that is about to end makes room, for its own path and for others.
    sessions.remove(first, now);
    assert_eq!(sessions.find_by_path(&neighbour(ETH, 1)), None);
    let again = add(&mut sessions, 1).unwrap();
    assert_ne!(again, first);
    sessions.remove(second, now);
    assert!(add(&mut sessions, 3).is_ok());
    assert_eq!(sessions.find_by_path(&neighbour(ETH, 2)), None);
    assert_eq!(sessions.len(), 2);
}

/// A session that is up with the neighbour at that address.
fn up(sessions: &mut Sessions, path: Path, arrival: &Arrival, now: Instant) -> Discriminator {
    let session = add(sessions, path, now);
    let said = to(session, State::Init);
    let change = sessions.receive(arrival, &said.encode(), now).unwrap().change.unwrap();
    assert_eq!(change.to, State::Up);
    due(sessions, now);
    session
}

#[test]
fn a_session_that_is_removed_tells_the_other_side_for_as_long_as_it_waits_for_packets() {
    let mut now = origin();
    let mut sessions = registry(2);
    let session = up(&mut sessions, neighbour(ETH, 9), &from(ETH, 9), now);
    let removed = now;
    let change = sessions.remove(session, now).unwrap();
    assert_eq!((change.from, change.to), (State::Up, State::AdminDown));
    assert_eq!(sessions.remove(session, now), None);
    let mut told = Vec::new();
    loop {
        for output in due(&mut sessions, now) {
            match output {
                Output::Transmit { datagram, .. } => {
                    told.push(*Frame::parse(&datagram).unwrap().packet());
                }
                Output::Removed { session: gone } => assert_eq!(gone, session),
                Output::Changed { .. } | Output::Late { .. } | Output::Elsewhere { .. } => {
                    panic!("{output:?}")
                }
            }
        }
        // The other side goes on until it hears of it.
        let answer = to(session, State::Down).encode();
        let Some(next) = sessions.next_deadline() else { break };
        sessions.receive(&from(ETH, 9), &answer, now).unwrap();
        assert_eq!(sessions.enable(session, now), None, "its end is decided");
        now = next;
    }
    assert_eq!(now - removed, ms(3_000));
    assert!(told.len() >= 3, "{told:?}");
    assert!(told.iter().all(|packet| packet.state == State::AdminDown));
    assert!(sessions.is_empty());
    let late = sessions.receive(&from(ETH, 9), &to(session, State::Up).encode(), now);
    assert_eq!(late, Err(DropReason::UnknownDiscriminator));
    let anew = sessions.receive(&from(ETH, 9), &to(None, State::Down).encode(), now);
    assert_eq!(anew, Err(DropReason::UnknownPeer));
}

#[test]
fn a_session_that_was_never_heard_is_removed_at_once() {
    let now = origin();
    let mut sessions = registry(2);
    let session = add(&mut sessions, neighbour(ETH, 9), now);
    sessions.remove(session, now);
    let outputs = due(&mut sessions, now);
    assert_eq!(outputs.last(), Some(&Output::Removed { session }));
    assert_eq!(sessions.next_deadline(), None);
}

#[test]
fn a_session_is_held_down_brought_back_and_changed_by_its_number() {
    let now = origin();
    let mut sessions = registry(2);
    let session = up(&mut sessions, far(1), &from_afar(9), now);
    let state = |sessions: &Sessions| sessions.find(session).unwrap().state;
    let first = |outputs: Vec<Output>| match outputs[..] {
        [Output::Transmit { session: whose, path, datagram }, ..] => {
            assert_eq!((whose, path), (session, far(1)));
            *Frame::parse(&datagram).unwrap().packet()
        }
        _ => panic!("{outputs:?}"),
    };
    sessions.disable(session, Diagnostic::PathDown, now).unwrap();
    assert_eq!(first(due(&mut sessions, now)).diagnostic, Diagnostic::PathDown);
    sessions.enable(session, now).unwrap();
    assert_eq!(state(&sessions), State::Down);
    due(&mut sessions, now);
    sessions.receive(&from_afar(9), &to(session, State::Init).encode(), now).unwrap();
    assert_eq!(
        sessions.restart(session, Diagnostic::ForwardingPlaneReset, now).unwrap().to,
        State::Down
    );
    due(&mut sessions, now);
    sessions.receive(&from_afar(9), &to(session, State::Init).encode(), now).unwrap();
    due(&mut sessions, now);
    let answer = Packet { is_final: true, ..to(session, State::Up) };
    for packet in [answer, to(session, State::Up)] {
        sessions.receive(&from_afar(9), &packet.encode(), now).unwrap();
    }
    sessions.reconfigure(session, settings(20, 20, 5));
    assert_eq!(state(&sessions), State::Up);
    let told = first(due(&mut sessions, now + ms(100)));
    assert_eq!((told.desired_min_tx, told.detect_mult.get()), (Interval::from_micros(20_000), 5));
    let unknown = discriminator(1);
    assert_eq!(sessions.disable(unknown, Diagnostic::PathDown, now), None);
    assert_eq!(sessions.find(unknown), None);
}

#[test]
fn what_a_packet_makes_due_is_not_late_for_what_was_due_before() {
    let start = origin();
    let mut sessions = registry(2);
    // The deadline of another session is the first.
    add(&mut sessions, neighbour(ETH, 8), start);
    due(&mut sessions, start);
    let session = add(&mut sessions, neighbour(ETH, 9), start + ms(50));
    due(&mut sessions, start + ms(50));
    let next = sessions.next_deadline().unwrap();
    assert!(next >= start + ms(750));
    let now = start + ms(100);
    sessions.receive(&from(ETH, 9), &to(session, State::Down).encode(), now).unwrap();
    assert!(sessions.next_deadline().unwrap() <= now);
    let outputs = due(&mut sessions, now);
    let [Output::Transmit { datagram, .. }] = outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(Frame::parse(&datagram).unwrap().packet().state, State::Init);
}

#[test]
fn a_peer_that_takes_packets_seldom_keeps_no_session_that_is_removed_for_long() {
    let now = origin();
    let mut sessions = registry(2);
    let session = up(&mut sessions, neighbour(ETH, 9), &from(ETH, 9), now);
    let seldom = Packet {
        required_min_rx: Interval::from_micros(u32::MAX),
        desired_min_tx: Interval::from_micros(u32::MAX),
        ..to(session, State::Up)
    };
    sessions.receive(&from(ETH, 9), &seldom.encode(), now).unwrap();
    sessions.remove(session, now);
    let outputs = due(&mut sessions, now + ms(59_999));
    assert!(!outputs.contains(&Output::Removed { session }));
    assert_eq!(due(&mut sessions, now + ms(60_000)), [Output::Removed { session }]);
}

#[test]
fn what_the_peer_misses_is_told_before_it_is_gone() {
    let mut now = origin();
    let mut sessions = registry(2);
    let session = up(&mut sessions, neighbour(ETH, 9), &from(ETH, 9), now);
    let heard = now;
    sessions.receive(&from(ETH, 9), &to(session, State::Up).encode(), now).unwrap();
    let mut told = Vec::new();
    while now < heard + ms(300) {
        now = sessions.next_deadline().unwrap();
        told.extend(due(&mut sessions, now).into_iter().filter_map(|output| match output {
            Output::Late { silence, .. } => Some((now - heard, Ok(silence))),
            Output::Changed { change, .. } => Some((now - heard, Err(change.diagnostic))),
            Output::Transmit { .. } | Output::Elsewhere { .. } | Output::Removed { .. } => None,
        }));
    }
    let expired = Diagnostic::ControlDetectionTimeExpired;
    assert_eq!(told, [(ms(150), Ok(ms(150))), (ms(300), Err(expired))]);
}

/// From then on what other paths say of a session is believed.
const SETTLED: Duration = ms(2_000);

/// Two sessions of which the first is up for so long, and the second in that state.
fn two(other: State, age: Duration, now: Instant) -> (Sessions, Discriminator) {
    let mut sessions = registry(2);
    let begun = now - age;
    let session = up(&mut sessions, neighbour(ETH, 9), &from(ETH, 9), begun);
    if other == State::Up {
        let radio = up(&mut sessions, neighbour(RADIO, 9), &from(RADIO, 9), begun);
        sessions.receive(&from(RADIO, 9), &to(radio, State::Up).encode(), now).unwrap();
    } else {
        add(&mut sessions, neighbour(RADIO, 9), begun);
    }
    sessions.receive(&from(ETH, 9), &to(session, State::Up).encode(), now).unwrap();
    (sessions, session)
}

#[test]
fn a_word_of_another_path_that_may_be_about_a_former_session_is_not_believed() {
    let now = origin();
    for (age, is_believed) in [(ms(0), false), (SETTLED - ms(1), false), (SETTLED, true)] {
        let (mut sessions, session) = two(State::Up, age, now);
        let down = to(session, State::Down).encode();
        let received = sessions.receive(&from(RADIO, 9), &down, now);
        assert_eq!(received.is_ok(), is_believed, "up for {age:?}");
        due(&mut sessions, now);
        let expected = if is_believed { State::Down } else { State::Up };
        assert_eq!(sessions.find(session).unwrap().state, expected, "up for {age:?}");
    }
}

#[test]
fn what_the_peer_lost_is_believed_by_the_path_of_another_session_and_nothing_else_is() {
    let now = origin();
    let (lost, by_radio) = (to(discriminator(77), State::Down), from(RADIO, 9));
    for (name, other, packet, arrival, is_believed) in [
        ("it is lost", State::Up, lost, by_radio, true),
        ("by one that is not up", State::Down, lost, by_radio, false),
        ("by a stranger", State::Up, lost, from(RADIO, 10), false),
        ("by another interface", State::Up, lost, from(Interface(4), 9), false),
        ("over a router", State::Up, lost, Arrival { ttl: 254, ..by_radio }, false),
        (
            "of another's session",
            State::Up,
            Packet { my_discriminator: discriminator(4_711), ..lost },
            by_radio,
            false,
        ),
        ("it is up", State::Up, to(discriminator(77), State::Up), by_radio, false),
        ("it is taken out", State::Up, to(discriminator(77), State::AdminDown), by_radio, false),
    ] {
        let (mut sessions, session) = two(other, SETTLED, now);
        let later = now + ms(10);
        let received = sessions.receive(&arrival, &packet.encode(), later);
        let lost = due(&mut sessions, later).into_iter().find_map(|output| match output {
            Output::Changed { change, .. } => Some((change.to, change.diagnostic)),
            _ => None,
        });
        if is_believed {
            assert_eq!(received.map(|received| received.change), Ok(None), "{name}");
            assert_eq!(lost, Some((State::Down, Diagnostic::PathDown)), "{name}");
        } else {
            assert_eq!((received, lost), (Err(DropReason::WrongPath), None), "{name}");
        }
        let standing = sessions.find(session).unwrap();
        assert_eq!(standing.heard, Some(now), "{name}: that is no sign of life");
    }
}

#[test]
fn news_by_the_own_path_that_came_as_well_says_more() {
    let now = origin();
    let (mut sessions, session) = two(State::Up, SETTLED, now);
    let down = to(session, State::Down).encode();
    sessions.receive(&from(RADIO, 9), &down, now).unwrap();
    let change = sessions.receive(&from(ETH, 9), &down, now).unwrap().change.unwrap();
    assert_eq!(change.diagnostic, Diagnostic::NeighborSignaledSessionDown);
    let changes = |output: &Output| matches!(output, Output::Changed { .. });
    assert_eq!(due(&mut sessions, now).iter().filter(|output| changes(output)).count(), 0);
}

#[test]
fn a_session_that_is_lost_is_told_by_its_own_path_and_then_by_others() {
    let mut now = origin();
    let (mut sessions, session) = two(State::Up, SETTLED, now);
    sessions.receive(&from(ETH, 9), &to(session, State::Up).encode(), now).unwrap();
    let end = now + ms(300);
    let other = from(RADIO, 9);
    let radio = sessions.find_by_path(&neighbour(RADIO, 9)).unwrap();
    let mut told = Vec::new();
    while now < end {
        now = sessions.next_deadline().unwrap();
        sessions.receive(&other, &to(radio, State::Up).encode(), now).unwrap();
        let outputs = due(&mut sessions, now).into_iter();
        told.extend(outputs.filter_map(|output| match output {
            Output::Changed { .. } => Some(("changed", None)),
            Output::Transmit { session: of, datagram, .. } if of == session && now == end => {
                Some(("by its own path", Some(datagram)))
            }
            Output::Elsewhere { datagram, .. } => Some(("elsewhere", Some(datagram))),
            _ => None,
        }));
    }
    let order: Vec<_> = told.iter().map(|(what, _)| *what).collect();
    assert_eq!(order, ["changed", "by its own path", "elsewhere"]);
    let packet = told[2].1.unwrap();
    let packet = *Frame::parse(&packet).unwrap().packet();
    assert_eq!((packet.state, packet.my_discriminator), (State::Down, session));
    let theirs = to(session, State::Up).my_discriminator;
    assert_eq!(packet.your_discriminator, Some(theirs), "or nobody knew what is meant");
}

#[test]
fn a_thousand_sessions_at_ten_milliseconds_keep_their_times() {
    const FIRST: u64 = 1_000;
    let start = origin();
    let mut sessions = registry(1_000);
    let arrival = |number: u16| {
        let [high, low] = number.to_be_bytes();
        Arrival { from: IpAddr::from([10, 0, high, low]), ..from(ETH, 0) }
    };
    let quick = Interval::from_micros(10_000);
    let hello = |session| Packet {
        desired_min_tx: quick,
        required_min_rx: quick,
        ..to(session, State::Up)
    };
    let mut known = Vec::new();
    for number in 0..1_000_u16 {
        let path = Path::SingleHop { interface: ETH, peer: arrival(number).from };
        let entropy = u64::from(number) + FIRST;
        let session = sessions.add(path, settings(10, 10, 3), entropy, start).unwrap();
        let init = Packet { state: State::Init, ..hello(session) };
        sessions.receive(&arrival(number), &init.encode(), start).unwrap();
        known.push((session, arrival(number)));
    }
    // Half a second of all of them: everyone is heard every 9 ms, in turn.
    let mut sent = vec![(0_u32, start); 1_000];
    let mut entropy = 1_u64;
    let mut now = start;
    let mut heard = 0_u64;
    while now < start + ms(500) {
        let hearing = start + Duration::from_micros(heard * 9);
        now = hearing.min(sessions.next_deadline().unwrap());
        if now == hearing {
            let (session, arrival) = known[usize::try_from(heard % 1_000).unwrap()];
            sessions.receive(&arrival, &hello(session).encode(), now).unwrap();
            heard += 1;
        }
        while let Some(output) = sessions.poll(now, entropy) {
            entropy = entropy
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let Output::Transmit { session, .. } = output else { panic!("{output:?}") };
            let (count, last) =
                &mut sent[usize::try_from(u64::from(session.number()) - FIRST).unwrap()];
            assert!(*count < 2 || now - *last <= ms(10), "{:?}", now - *last);
            (*count, *last) = (*count + 1, now);
        }
    }
    for (count, last) in sent {
        assert!((50..=70).contains(&count), "{count}");
        assert!(now - last <= ms(10));
    }
    assert!(sessions.iter().all(|(_, _, standing)| standing.state == State::Up));
}
