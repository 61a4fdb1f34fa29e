use std::net::SocketAddr;
use std::time::Instant;

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::capacity::BitRate;
use crate::fixtures::{key, millis, origin};
use crate::path_mtu::PacketSize;
use crate::sector::{Beside, Siblings};
use crate::{Key, Readiness};

const RUN: RunId = RunId([7; 16]);

const fn megabits(megabits: u64) -> BitRate {
    BitRate::from_megabits_per_second(megabits)
}

fn required() -> Requirement {
    Requirement { up: megabits(10), down: megabits(20), ..Requirement::default() }
}

fn plan() -> Plan {
    Plan::new(RUN, required(), Known { loss: 3, ..Known::default() })
}

fn wan() -> Interface {
    Interface::new("wan0").unwrap()
}

fn told(arrived: Place, returned: Place) -> Event {
    Event::Confirmed(Confirmation { run: RUN, arrived, returned })
}

/// What the world makes of what a run does; nothing, if it says nothing.
type World = fn(Action) -> Option<Event>;

fn good(action: Action) -> Option<Event> {
    Some(match action {
        Action::Connect => Event::Connected,
        Action::Echo(_) => Event::Echoed,
        Action::SendDatagram(_) => Event::DatagramReturned,
        Action::AskResolver => Event::Resolved,
        Action::Query(_) => told(Place::OnPath, Place::OnPath),
        Action::SendTrain(direction) => Event::Measured(direction, megabits(30)),
    })
}

/// What comes of a run, what it did, and how long it took; the world needs 20 ms for each answer.
fn carry(plan: Plan, world: World) -> (Outcome, Vec<Action>, Duration) {
    let begin = origin();
    let (mut now, mut actions) = (begin, Vec::new());
    let (mut run, mut action) = Run::begin(plan, now);
    loop {
        actions.push(action);
        let progress = match world(action) {
            Some(event) => {
                now += millis(20);
                run.handle(event, now)
            }
            None => {
                now = run.deadline();
                run.expire(now)
            }
        };
        (run, action) = match progress {
            Progress::Do(run, action) => (run, action),
            Progress::Over(outcome) => return (outcome, actions, now - begin),
            Progress::Wait(run) => panic!("{run:?} waits for what came"),
        };
    }
}

fn reason(world: World) -> Unfit {
    match carry(plan(), world).0 {
        Outcome::Unfit { reason, .. } => reason,
        Outcome::Ready(ready) => panic!("{ready:?}"),
    }
}

#[test]
fn a_path_that_carries_all_of_it_is_ready() {
    let (outcome, actions, took) = carry(plan(), good);
    let Outcome::Ready(ready) = outcome else { panic!("{outcome:?}") };
    let expected = Ready {
        at: ready.at,
        capacity_up: megabits(30),
        capacity_down: megabits(30),
        mtu: PacketSize(1_400),
        round_trip: millis(20),
        loss: 3,
        beside: Beside::Nobody,
    };
    assert_eq!((ready, took), (expected, millis(140)));
    assert_eq!(
        actions,
        [
            Action::Connect,
            Action::Echo(20_000),
            Action::SendDatagram(PacketSize(1_400)),
            Action::AskResolver,
            Action::Query(RUN),
            Action::SendTrain(Direction::Up),
            Action::SendTrain(Direction::Down),
        ]
    );
}

#[test]
fn what_was_measured_lately_is_not_measured_again() {
    let known = Known {
        capacity: Some((megabits(11), megabits(21))),
        mtu: Some(PacketSize(1_480)),
        loss: 0,
        ..Known::default()
    };
    let (outcome, actions, _) = carry(Plan { known, ..plan() }, good);
    let Outcome::Ready(ready) = outcome else { panic!("{outcome:?}") };
    assert_eq!((ready.capacity_up, ready.capacity_down), (megabits(11), megabits(21)));
    assert_eq!(ready.mtu, PacketSize(1_480));
    assert!(!actions.iter().any(|action| matches!(action, Action::SendTrain(_))));
}

#[test]
fn each_failure_has_its_reason() {
    let cases: [(&str, World, Unfit); 19] = [
        ("no route", |_| Some(Event::NoRoute), Unfit::NoRoute),
        ("refused", |_| Some(Event::Refused), Unfit::Refused),
        (
            "a rule on the far side drops the office's prefix before it is seen",
            |action| match action {
                Action::Query(_) => Some(told(Place::Nowhere, Place::Nowhere)),
                _ => None,
            },
            Unfit::HalfOpen { direction: Direction::Up },
        ),
        (
            "a rule on the far side drops it after it is seen",
            |action| match action {
                Action::Query(_) => Some(told(Place::OnPath, Place::Nowhere)),
                _ => None,
            },
            Unfit::HalfOpen { direction: Direction::Up },
        ),
        (
            "answers do not come back",
            |action| match action {
                Action::Query(_) => Some(told(Place::OnPath, Place::OnPath)),
                _ => None,
            },
            Unfit::HalfOpen { direction: Direction::Down },
        ),
        (
            "the mark is not there, so all went by the primary path",
            |action| match action {
                Action::Query(_) => Some(told(Place::Elsewhere(wan()), Place::OnPath)),
                action => good(action),
            },
            Unfit::NotArrivedOnPath { interface: wan() },
        ),
        (
            "the far end has no return route, and answers by its default",
            |action| match action {
                Action::Query(_) => Some(told(Place::OnPath, Place::Elsewhere(wan()))),
                _ => None,
            },
            Unfit::WrongReturnPath { interface: wan() },
        ),
        (
            "the same, and it reaches us all the same",
            |action| match action {
                Action::Query(_) => Some(told(Place::OnPath, Place::Elsewhere(wan()))),
                action => good(action),
            },
            Unfit::WrongReturnPath { interface: wan() },
        ),
        (
            "a box on the way answers itself",
            |action| match action {
                Action::Query(_) => Some(told(Place::Nowhere, Place::Nowhere)),
                action => good(action),
            },
            Unfit::AnsweredByOther,
        ),
        (
            "a box on the way changes what is sent",
            |action| match action {
                Action::Echo(_) => Some(Event::Altered),
                action => good(action),
            },
            Unfit::Altered,
        ),
        (
            "large packets vanish, and the stream with them",
            |action| match action {
                Action::Echo(_) | Action::SendDatagram(_) => None,
                action => good(action),
            },
            Unfit::Mtu { size: PacketSize(1_400), said: None },
        ),
        (
            "large packets vanish, and the stream adapts",
            |action| match action {
                Action::SendDatagram(_) => None,
                action => good(action),
            },
            Unfit::Mtu { size: PacketSize(1_400), said: None },
        ),
        (
            "the stream stops, and nothing tells why",
            |action| match action {
                Action::Echo(_) => Some(Event::Broken),
                Action::AskResolver => None,
                action => good(action),
            },
            Unfit::TimedOut { step: Step::Echo },
        ),
        (
            "the far resolver does not know this prefix",
            |action| match action {
                Action::AskResolver => None,
                action => good(action),
            },
            Unfit::NoDns,
        ),
        (
            "the resolver says that it cannot",
            |action| match action {
                Action::AskResolver => Some(Event::NotResolved),
                action => good(action),
            },
            Unfit::NoDns,
        ),
        (
            "the question left by the primary path",
            |action| match action {
                Action::AskResolver => Some(Event::NoRoute),
                action => good(action),
            },
            Unfit::NoRoute,
        ),
        (
            "its answer came by the primary path",
            |action| match action {
                Action::AskResolver => Some(Event::Strayed(wan())),
                action => good(action),
            },
            Unfit::WrongReturnPath { interface: wan() },
        ),
        ("nothing at all passes", |_| None, Unfit::TimedOut { step: Step::Connect }),
        (
            "the path is provisioned for 2 Mbit/s",
            |action| match action {
                Action::SendTrain(direction) => Some(Event::Measured(direction, megabits(2))),
                action => good(action),
            },
            Unfit::TooSlow {
                direction: Direction::Up,
                capacity: megabits(2),
                required: megabits(10),
            },
        ),
    ];
    for (story, world, expected) in cases {
        assert_eq!(reason(world), expected, "{story}");
    }
}

#[test]
fn the_direction_that_is_too_slow_is_named() {
    let slow = reason(|action| match action {
        Action::SendTrain(Direction::Down) => Some(Event::Measured(Direction::Down, megabits(19))),
        action => good(action),
    });
    let expected = "19.0 Mbit/s from the far end are less than the 20.0 Mbit/s that are needed";
    assert_eq!((slow.to_string().as_str(), slow.as_str()), (expected, "too-slow"));
}

#[test]
fn trains_and_words_that_do_not_come_time_out() {
    let of = |world| reason(world);
    assert_eq!(
        of(|action| (!matches!(action, Action::Query(_))).then(|| good(action)).flatten()),
        Unfit::TimedOut { step: Step::Confirm }
    );
    assert_eq!(
        of(|action| match action {
            Action::SendTrain(Direction::Down) => None,
            action => good(action),
        }),
        Unfit::TimedOut { step: Step::TrainDown }
    );
}

#[test]
fn datagrams_are_repeated_and_streams_are_not() {
    let (_, actions, took) = carry(plan(), |_| None);
    assert_eq!(actions.iter().filter(|action| **action == Action::Connect).count(), 1);
    assert_eq!(actions.iter().filter(|action| **action == Action::Query(RUN)).count(), 8);
    assert_eq!(took, millis(4_000 + 8 * 500));
}

#[test]
fn a_run_is_over_before_the_next_begins_whatever_is_lost() {
    let longest: Duration = [
        Step::Connect,
        Step::Echo,
        Step::Datagram,
        Step::Dns,
        Step::Confirm,
        Step::TrainUp,
        Step::TrainDown,
    ]
    .map(|step| step.patience().0 * u32::from(step.patience().1))
    .into_iter()
    .sum();
    assert_eq!(longest, Duration::from_secs(40));
    assert!(longest < INTERVAL);
}

#[test]
fn what_does_not_belong_to_the_step_changes_nothing() {
    let now = origin();
    let other = Confirmation {
        run: RunId([8; 16]),
        arrived: Place::Elsewhere(wan()),
        returned: Place::OnPath,
    };
    let strays = [
        Event::Echoed,
        Event::DatagramReturned,
        Event::Resolved,
        Event::NotResolved,
        Event::Confirmed(other),
        Event::Measured(Direction::Up, megabits(1)),
        Event::Altered,
    ];
    let (mut run, _) = Run::begin(plan(), now);
    for stray in strays {
        let Progress::Wait(still) = run.handle(stray, now) else { panic!("{stray:?}") };
        assert_eq!(still.step(), Step::Connect);
        run = still;
    }
    let Progress::Wait(run) = run.expire(now + millis(3_999)) else { panic!() };
    // Another run's confirmation, at the step where one is waited for.
    let Progress::Do(run, Action::Query(_)) = run.expire(now + millis(4_000)) else { panic!() };
    let Progress::Wait(run) = run.handle(Event::Confirmed(other), now + millis(4_010)) else {
        panic!("a confirmation of another run counts for nothing")
    };
    let told = run.handle(told(Place::Nowhere, Place::Nowhere), now + millis(4_020));
    assert!(matches!(told, Progress::Over(Outcome::Unfit { .. })));
}

fn ready(at: Instant) -> Ready {
    Ready {
        at,
        capacity_up: megabits(10),
        capacity_down: megabits(20),
        mtu: PacketSize(1_400),
        round_trip: millis(30),
        loss: 0,
        beside: Beside::Nobody,
    }
}

#[test]
fn what_others_use_of_a_sector_is_taken_off_what_was_measured_alone() {
    let siblings = Siblings { links: 2, busy: 1, used: 6_000_000 };
    for (beside, up, down) in [
        (Beside::Nobody, 5, 14),
        (Beside::Unknown, 5, 14),
        // They were measured, too.
        (Beside::Offices, 10, 20),
    ] {
        let left = Ready { beside, ..ready(origin()) }.left_by(siblings);
        assert_eq!((left.capacity_up, left.capacity_down), (megabits(up), megabits(down)));
        assert_eq!(left.falls_short_of(&required()).is_none(), beside == Beside::Offices);
    }
    let alone = ready(origin());
    assert_eq!(alone.left_by(Siblings::NONE), alone);
}

#[test]
fn a_path_is_judged_by_its_latest_run() {
    let at = origin();
    let judged = |outcome, after| judge(outcome, &required(), at + Duration::from_secs(after));
    let good = Outcome::Ready(ready(at));
    let bad = Outcome::Unfit { at, reason: Unfit::NoDns };
    let narrow = Outcome::Ready(Ready { mtu: PacketSize(1_399), ..ready(at) });
    let slow = Outcome::Ready(Ready { capacity_down: megabits(19), ..ready(at) });
    let too_slow = Judgement::Unfit(Unfit::TooSlow {
        direction: Direction::Down,
        capacity: megabits(19),
        required: megabits(20),
    });
    for (outcome, after, expected) in [
        (None, 0, Judgement::Stale),
        (Some(&good), 0, Judgement::Ready),
        (Some(&good), 120, Judgement::Ready),
        (Some(&good), 121, Judgement::Stale),
        (Some(&bad), 0, Judgement::Unfit(Unfit::NoDns)),
        (Some(&bad), 100_000, Judgement::Unfit(Unfit::NoDns)),
        (Some(&narrow), 0, Judgement::Unfit(Unfit::Mtu { size: PacketSize(1_400), said: None })),
        (Some(&slow), 0, too_slow),
        (Some(&slow), 121, too_slow),
    ] {
        assert_eq!(judged(outcome, after), expected, "{outcome:?} after {after} s");
    }
}

#[test]
fn a_judgement_is_what_a_site_goes_by() {
    for (judgement, expected) in [
        (Judgement::Ready, Readiness::Ready),
        (Judgement::Stale, Readiness::Stale),
        (Judgement::Unfit(Unfit::NoDns), Readiness::Unfit),
    ] {
        assert_eq!(Readiness::from(judgement), expected);
    }
}

fn flow(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 20, 0, 5], port))
}

#[test]
fn a_witness_tells_how_a_flow_came_and_went() {
    let (mut witness, now) = (Witness::default(), origin());
    let confirm = |witness: &Witness, port, after| {
        let told = witness.confirm(&Query { run: RUN, flow: flow(port) }, now + millis(after));
        assert_eq!(told.run, RUN);
        (told.arrived, told.returned)
    };
    assert_eq!(confirm(&witness, 1, 0), (Place::Nowhere, Place::Nowhere));
    witness.arrived(flow(1), Place::OnPath, now);
    assert_eq!(confirm(&witness, 1, 0), (Place::OnPath, Place::Nowhere));
    witness.returned(flow(1), Place::OnPath, now);
    assert_eq!(confirm(&witness, 1, 0), (Place::OnPath, Place::OnPath));
    assert_eq!(confirm(&witness, 2, 0), (Place::Nowhere, Place::Nowhere), "of another flow");
    // One packet that goes another way is told, though the next is right again.
    witness.returned(flow(1), Place::Elsewhere(wan()), now + millis(10));
    witness.returned(flow(1), Place::OnPath, now + millis(20));
    witness.arrived(flow(1), Place::Elsewhere(wan()), now + millis(20));
    witness.arrived(flow(1), Place::OnPath, now + millis(20));
    let both = (Place::Elsewhere(wan()), Place::Elsewhere(wan()));
    assert_eq!(confirm(&witness, 1, 60_020), both);
    assert_eq!(confirm(&witness, 1, 60_021), (Place::Nowhere, Place::Nowhere), "it is forgotten");
    witness.arrived(flow(1), Place::OnPath, now + millis(60_021));
    assert_eq!(confirm(&witness, 1, 60_021), (Place::OnPath, Place::Nowhere), "the port anew");
}

#[test]
fn a_witness_remembers_so_many_flows() {
    let (mut witness, now) = (Witness::default(), origin());
    for port in 1..=64 {
        witness.arrived(flow(port), Place::OnPath, now);
    }
    witness.arrived(flow(1), Place::OnPath, now);
    witness.arrived(flow(65), Place::OnPath, now);
    let arrived = |port| witness.confirm(&Query { run: RUN, flow: flow(port) }, now).arrived;
    assert_eq!(
        [1, 2, 3, 65].map(arrived),
        [Place::OnPath, Place::Nowhere, Place::OnPath, Place::OnPath]
    );
}

#[test]
fn interfaces_have_the_names_that_linux_gives() {
    for name in ["a", "wan0", "br-lan.10", "123456789012345", "wg_b@if5"] {
        assert_eq!(Interface::new(name).unwrap().name(), name);
    }
    for name in ["", "1234567890123456", "a b", "a/b", "a:b", "é", "a\0b", "a\n"] {
        assert_eq!(Interface::new(name), Err(NoInterface), "{name:?}");
    }
}

fn carries() -> CarryKey {
    CarryKey::of(&key())
}

fn hex(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn queries_stand_as_the_layout_says() {
    for (flow, proved) in [
        (
            "10.20.0.5:40000",
            "53624374 01 00 00 00 07070707070707070707070707070707
             00000000000000000000ffff0a140005 9c40 0000000000000000000000000000",
        ),
        (
            "[2001:db8::5]:40000",
            "53624374 01 00 00 00 07070707070707070707070707070707
             20010db8000000000000000000000005 9c40 0000000000000000000000000000",
        ),
    ] {
        let query = Query { run: RUN, flow: flow.parse().unwrap() };
        let octets = query.write(&carries());
        assert_eq!(HEXLOWER.encode(&octets[..56]), hex(proved));
        let tag = key().derived("sabeel carry confirmation 1").tag(&[&octets[..56]]);
        assert_eq!(octets[56..], tag);
        assert_eq!(Query::parse(&octets, &carries()), Ok(query));
    }
}

#[test]
fn confirmations_stand_as_the_layout_says() {
    for (arrived, returned, proved) in [
        (
            Place::OnPath,
            Place::Elsewhere(wan()),
            "53624374 01 01 01 02 07070707070707070707070707070707
             00000000000000000000000000000000 77616e30000000000000000000000000",
        ),
        (
            Place::Nowhere,
            Place::Nowhere,
            "53624374 01 01 00 00 07070707070707070707070707070707
             00000000000000000000000000000000 00000000000000000000000000000000",
        ),
    ] {
        let confirmation = Confirmation { run: RUN, arrived, returned };
        let octets = confirmation.write(&carries());
        assert_eq!(HEXLOWER.encode(&octets[..56]), hex(proved));
        assert_eq!(Confirmation::parse(&octets, &carries()), Ok(confirmation));
    }
}

#[test]
fn what_is_no_message_is_refused_with_its_reason() {
    let confirmation = Confirmation { run: RUN, arrived: Place::OnPath, returned: Place::OnPath };
    let sound = confirmation.write(&carries());
    for at in 0..MESSAGE_OCTETS {
        let mut octets = sound;
        octets[at] ^= 1;
        let expected =
            if at < 6 { ConfirmationError::Foreign } else { ConfirmationError::WrongProof };
        assert_eq!(Confirmation::parse(&octets, &carries()), Err(expected), "{at}");
    }
    let foreign = Err(ConfirmationError::Foreign);
    assert_eq!(Confirmation::parse(&sound[..71], &carries()), foreign);
    assert_eq!(Confirmation::parse(&[&sound[..], &[0]].concat(), &carries()), foreign);
    assert_eq!(Query::parse(&sound, &carries()).err(), foreign.err(), "one is not the other");
    let other = CarryKey::of(&Key::new(&[1; 16]).unwrap());
    assert_eq!(Confirmation::parse(&sound, &other), Err(ConfirmationError::WrongProof));
}

/// Octets with a right proof.
fn proved(mut octets: [u8; MESSAGE_OCTETS]) -> [u8; MESSAGE_OCTETS] {
    let (fields, tag) = octets.split_at_mut(56);
    tag.copy_from_slice(&key().derived("sabeel carry confirmation 1").tag(&[fields]));
    octets
}

#[test]
fn what_nobody_writes_is_refused_though_it_is_proved() {
    let query = Query { run: RUN, flow: flow(1) }.write(&carries());
    let confirmation = Confirmation { run: RUN, arrived: Place::OnPath, returned: Place::OnPath };
    let confirmation = confirmation.write(&carries());
    let with = |mut octets: [u8; MESSAGE_OCTETS], at: usize, octet| {
        octets[at] = octet;
        proved(octets)
    };
    let wrong = ConfirmationError::Inconsistent;
    for at in [6, 7, 42, 55] {
        assert_eq!(Query::parse(&with(query, at, 1), &carries()), Err(wrong), "{at}");
    }
    // No such place; a name without need; no name where there must be one.
    for (at, octet) in [(6, 3), (24, b'w'), (40, b'w'), (7, 2)] {
        let octets = with(confirmation, at, octet);
        assert_eq!(Confirmation::parse(&octets, &carries()), Err(wrong), "{at}");
    }
}

fn any_place() -> impl Strategy<Value = Place> {
    let elsewhere =
        "[a-z0-9.@_-]{1,15}".prop_map(|name| Place::Elsewhere(Interface::new(&name).unwrap()));
    prop_oneof![Just(Place::Nowhere), Just(Place::OnPath), elsewhere]
}

fn any_event() -> impl Strategy<Value = Event> {
    let direction = prop_oneof![Just(Direction::Up), Just(Direction::Down)];
    prop_oneof![
        Just(Event::Connected),
        Just(Event::Broken),
        Just(Event::Echoed),
        Just(Event::DatagramReturned),
        Just(Event::Resolved),
        (any_place(), any_place()).prop_map(|(arrived, returned)| told(arrived, returned)),
        (direction, 0..40_u64)
            .prop_map(|(direction, rate)| Event::Measured(direction, megabits(rate))),
    ]
}

proptest! {
    #[test]
    fn only_a_path_that_did_all_of_it_is_ready(
        events in prop::collection::vec(prop_oneof![any_event().prop_map(Some), Just(None)], 0..60)
    ) {
        let mut now = origin();
        let (mut run, _) = Run::begin(plan(), now);
        let (mut done, mut step) = (Vec::new(), Step::Connect);
        for event in events {
            now = match event {
                Some(_) => now + millis(1),
                None => run.deadline(),
            };
            let progress = match event {
                Some(event) => run.handle(event, now),
                None => run.expire(now),
            };
            match progress {
                Progress::Wait(still) => run = still,
                Progress::Do(next, _) => {
                    prop_assert!(next.step() >= step && next.deadline() > now);
                    if next.step() != step && event.is_some_and(|event| event != Event::Broken) {
                        done.push(step);
                    }
                    step = next.step();
                    run = next;
                }
                Progress::Over(Outcome::Unfit { .. }) => return Ok(()),
                Progress::Over(Outcome::Ready(ready)) => {
                    let all = [
                        Step::Connect,
                        Step::Echo,
                        Step::Datagram,
                        Step::Dns,
                        Step::Confirm,
                        Step::TrainUp,
                    ];
                    prop_assert_eq!(done, all);
                    prop_assert!(ready.falls_short_of(&required()).is_none());
                    prop_assert_eq!(event, Some(Event::Measured(Direction::Down, ready.capacity_down)));
                    return Ok(());
                }
            }
        }
    }

    #[test]
    fn messages_are_read_as_they_were_written(
        run in any::<[u8; 16]>(), arrived in any_place(), returned in any_place(),
        flow in any::<SocketAddr>()
    ) {
        let confirmation = Confirmation { run: RunId(run), arrived, returned };
        let octets = confirmation.write(&carries());
        prop_assert_eq!(Confirmation::parse(&octets, &carries()), Ok(confirmation));
        let flow = SocketAddr::new(flow.ip().to_canonical(), flow.port());
        let query = Query { run: RunId(run), flow };
        prop_assert_eq!(Query::parse(&query.write(&carries()), &carries()), Ok(query));
    }

    #[test]
    fn any_octets_are_read_or_refused_without_panic(
        octets in prop::collection::vec(any::<u8>(), MESSAGE_OCTETS - 1..=MESSAGE_OCTETS + 1),
        bent in any::<bool>(), kind in 0..2_u8
    ) {
        let mut octets = octets;
        if let Ok(mut whole) = <[u8; MESSAGE_OCTETS]>::try_from(octets.as_slice())
            && bent
        {
            whole[..6].copy_from_slice(&[b'S', b'b', b'C', b't', 1, kind]);
            octets = proved(whole).to_vec();
        }
        if let Ok(query) = Query::parse(&octets, &carries()) {
            prop_assert_eq!(&query.write(&carries())[..], &octets[..]);
        }
        if let Ok(confirmation) = Confirmation::parse(&octets, &carries()) {
            prop_assert_eq!(&confirmation.write(&carries())[..], &octets[..]);
        }
    }
}
