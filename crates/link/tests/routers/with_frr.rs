//! What is told and done between FRR and us.

use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use link::bfd::{Diagnostic, DropReason, Role, Settings, State};

use crate::agent::Agent;
use crate::eventually;
use crate::frr::Frr;
use crate::ground::Ground;
use crate::shell::Told;

/// Our end as FRR knows it on the wire.
const ON_THE_WIRE: &str = "peer 10.0.0.2 interface wire";
/// And over IPv6.
const ON_THE_WIRE_V6: &str = "peer fd00::2 interface wire";
/// And over the router.
const AFAR: &str = "peer 10.2.0.2 multihop local-address 10.1.0.1";

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn settings(tx: u64, rx: u64, detect_mult: u8) -> Settings {
    Settings::new(ms(tx), ms(rx), NonZeroU8::new(detect_mult).unwrap()).unwrap()
}

/// FRR's lines about a peer with these milliseconds to send and to receive, and that multiplier.
pub fn peer(peer: &str, tx: u64, rx: u64, detect_mult: u8) -> String {
    format!(
        " {peer}\n  transmit-interval {tx}\n  receive-interval {rx}\n  \
         detect-multiplier {detect_mult}\n exit\n"
    )
}

pub fn is_up(peer: &serde_json::Value) -> bool {
    peer["status"] == "up"
}

#[test]
fn a_session_is_up_within_two_seconds_and_fast_when_its_poll_is_answered() {
    let ground = Ground::lay();
    let router = Frr::start(&ground, &peer(ON_THE_WIRE, 200, 200, 5));
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    let (start, _) = agent.hears("first packet", |told| matches!(told, Told::Sent(_)));
    let (at, change) = agent.becomes(State::Up);
    assert!(at - start < ms(2_000), "{:?}", at - start);
    assert_eq!(change.diagnostic, Diagnostic::None);
    agent.hears("Poll", |told| matches!(told, Told::Sent(packet) if packet.is_poll));
    agent.hears("answer", |told| matches!(told, Told::Heard(packet) if packet.is_final));
    let standing = agent.stands("fast pace", |standing| {
        !standing.is_polling && standing.receive_interval == Some(ms(200))
    });
    assert_eq!(standing.transmit_interval, ms(200));
    assert_eq!(standing.detection_time, Some(ms(1_000)));
    let seen =
        router.sees("our end", |peer| is_up(peer) && peer["remote-transmit-interval"] == 200);
    assert_eq!(seen["remote-id"], agent.session.number());
    assert_eq!(seen["id"], standing.remote.unwrap().number());
    assert_eq!(seen["remote-receive-interval"], 200);
    assert_eq!(seen["remote-echo-receive-interval"], 0);
    assert_eq!(agent.changes(), []);
}

#[test]
fn a_session_is_up_over_ipv6_beside_one_over_ipv4() {
    let ground = Ground::lay();
    let lines = peer(ON_THE_WIRE, 200, 200, 5) + &peer(ON_THE_WIRE_V6, 200, 200, 5);
    let router = Frr::start(&ground, &lines);
    let agents = [
        Agent::on_the_wire(&ground, settings(200, 200, 5)),
        Agent::on_the_wire_v6(&ground, settings(200, 200, 5)),
    ];
    for (agent, address) in agents.iter().zip(["10.0.0.2", "fd00::2"]) {
        agent.becomes(State::Up);
        router.sees_of(address, "session", is_up);
        let standing = agent.stands("fast pace", |standing| {
            !standing.is_polling && standing.receive_interval == Some(ms(200))
        });
        assert_eq!(standing.state, State::Up);
    }
}

#[test]
fn each_direction_has_its_own_interval_and_multiplier() {
    let ground = Ground::lay();
    let router = Frr::start(&ground, &peer(ON_THE_WIRE, 150, 400, 8));
    let agent = Agent::on_the_wire(&ground, settings(300, 170, 4));
    agent.becomes(State::Up);
    let standing =
        agent.stands("what was agreed", |standing| standing.detection_time == Some(ms(1_360)));
    assert_eq!(standing.transmit_interval, ms(400));
    assert_eq!(standing.receive_interval, Some(ms(170)));
    let seen =
        router.sees("our wishes", |peer| is_up(peer) && peer["remote-transmit-interval"] == 300);
    assert_eq!(seen["remote-receive-interval"], 170);
    assert_eq!(seen["remote-detect-multiplier"], 4);
}

#[test]
fn intervals_are_changed_on_either_side_without_a_flap() {
    let ground = Ground::lay();
    let router = Frr::start(&ground, &peer(ON_THE_WIRE, 200, 200, 5));
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    agent.becomes(State::Up);
    router.sees("session", is_up);
    // Slower and faster, in both of our directions.
    for (tx, rx, detect_mult) in [(800, 100, 5), (100, 800, 7), (200, 200, 5)] {
        agent.reconfigure(settings(tx, rx, detect_mult));
        router.sees("our new wishes", |peer| {
            (&peer["remote-transmit-interval"], &peer["remote-receive-interval"])
                == (&tx.into(), &rx.into())
        });
        agent.stands("new pace", |standing| {
            !standing.is_polling && standing.transmit_interval == ms(tx.max(200))
        });
    }
    // And in both of theirs.
    for (tx, rx, detect_mult) in [(800, 120, 5), (100, 600, 6)] {
        let lines = [
            format!("transmit-interval {tx}"),
            format!("receive-interval {rx}"),
            format!("detect-multiplier {detect_mult}"),
        ];
        router.configure(ON_THE_WIRE, &lines.each_ref().map(String::as_str));
        agent.hears("their Poll", |told| matches!(told, Told::Heard(packet) if packet.is_poll));
        agent.hears("our answer", |told| matches!(told, Told::Sent(packet) if packet.is_final));
        agent.hears(
            "its end",
            |told| matches!(told, Told::Heard(packet) if !packet.is_poll && !packet.is_final),
        );
        agent.stands("their new wishes", |standing| {
            standing.transmit_interval == ms(rx.max(200))
                && standing.receive_interval == Some(ms(tx.max(200)))
                && standing.detection_time == Some(ms(tx.max(200)) * detect_mult)
        });
    }
    assert_eq!(agent.changes(), []);
    assert_eq!(router.falls(), 0);
}

#[test]
fn each_side_is_told_that_the_other_holds_the_session_down() {
    let ground = Ground::lay();
    let router = Frr::start(&ground, &peer(ON_THE_WIRE, 200, 200, 5));
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    agent.becomes(State::Up);
    router.sees("session", is_up);
    let session = agent.session;
    agent.act(move |shell| {
        shell.sessions.disable(session, Diagnostic::AdministrativelyDown, Instant::now())
    });
    let seen = router.sees("that we hold it down", |peer| peer["status"] == "down");
    assert_eq!(seen["diagnostic"], "neighbor signaled session down");
    assert_eq!(seen["remote-diagnostic"], "administratively down");
    agent.act(move |shell| shell.sessions.enable(session, Instant::now()));
    agent.becomes(State::Up);
    router.sees("session again", is_up);

    router.configure(ON_THE_WIRE, &["shutdown"]);
    let (_, change) = agent.becomes(State::Down);
    assert_eq!(change.diagnostic, Diagnostic::NeighborSignaledSessionDown);
    assert_eq!(change.remote_state, State::AdminDown);
    router.configure(ON_THE_WIRE, &["no shutdown"]);
    agent.becomes(State::Up);
    router.sees("session for the third time", is_up);
}

#[test]
fn a_session_over_a_router_is_up_where_its_time_to_live_allows() {
    let ground = Ground::lay();
    let lines = peer(AFAR, 200, 200, 5).replace(" exit", "  minimum-ttl 254\n exit");
    let router = Frr::start(&ground, &lines);
    let near = Agent::afar(&ground, settings(200, 200, 5), 255);
    eventually("packets that have crossed a router", || {
        let dropped = near.act(|shell| shell.sessions.dropped().of(DropReason::Ttl));
        (dropped > 1).then_some(())
    });
    assert_eq!(near.standing().heard, None);
    drop(near);
    let agent = Agent::afar(&ground, settings(200, 200, 5), 254);
    agent.becomes(State::Up);
    router.sees("session", is_up);
    // What has crossed one router more.
    agent.act(|shell| shell.set_ttl(254));
    let seen = router.sees("silence", |peer| peer["status"] == "down");
    assert_eq!(seen["diagnostic"], "control detection time expired");
    agent.act(|shell| shell.set_ttl(255));
    router.sees("session again", is_up);
}

#[test]
fn a_neighbour_whose_packets_were_routed_is_not_heard() {
    let ground = Ground::lay();
    let router = Frr::start(&ground, &peer(ON_THE_WIRE, 200, 200, 5));
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    agent.becomes(State::Up);
    agent.act(|shell| shell.set_ttl(254));
    let (_, change) = agent.becomes(State::Down);
    assert_eq!(change.remote_state, State::Down);
    assert_eq!(change.remote_diagnostic, Diagnostic::ControlDetectionTimeExpired);
    eventually("its log", || router.said().contains("invalid TTL: 254 expected 255").then_some(()));
    agent.act(|shell| shell.set_ttl(255));
    agent.becomes(State::Up);
    router.sees("session", is_up);
}

#[test]
fn a_loss_of_one_direction_is_told_to_the_other_side_and_both_come_back() {
    let ground = Ground::lay();
    let router = Frr::start(&ground, &peer(ON_THE_WIRE, 200, 200, 5));
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    agent.becomes(State::Up);
    agent.stands("pace", |standing| standing.detection_time == Some(ms(1_000)));
    ground.deafen_us(true);
    let (_, change) = agent.becomes(State::Down);
    assert_eq!(change.diagnostic, Diagnostic::ControlDetectionTimeExpired);
    router.sees("our word", |peer| {
        !is_up(peer) && peer["remote-diagnostic"] == "control detection time expired"
    });
    ground.deafen_us(false);
    agent.becomes(State::Up);
    router.sees("session", is_up);
}

#[test]
fn either_side_may_crash_and_come_back() {
    let ground = Ground::lay();
    let mut router = Frr::start(&ground, &peer(ON_THE_WIRE, 200, 200, 5));
    let mut agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    agent.becomes(State::Up);
    let standing = agent.stands("pace", |standing| standing.detection_time == Some(ms(1_000)));
    router.kill();
    let (_, change) = agent.becomes(State::Down);
    assert_eq!(change.diagnostic, Diagnostic::ControlDetectionTimeExpired);
    assert!(change.silence >= Some(ms(1_000)), "{change:?}");
    router.start_again();
    agent.becomes(State::Up);
    assert_ne!(agent.standing().remote, standing.remote);
    router.sees("session", is_up);

    let before = agent.session;
    agent.begin_anew(settings(200, 200, 5));
    assert_ne!(agent.session, before);
    agent.becomes(State::Up);
    let now = agent.session.number();
    router.sees("our new session", |peer| is_up(peer) && peer["remote-id"] == now);
    assert_eq!(router.falls(), 1);
}

#[test]
fn either_side_may_wait_to_be_spoken_to() {
    let ground = Ground::lay();
    let lines = peer(ON_THE_WIRE, 200, 200, 5).replace(" exit", "  passive-mode\n exit");
    let router = Frr::start(&ground, &lines);
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5));
    agent.becomes(State::Up);
    router.sees("session", is_up);
    drop(agent);
    router.sees("silence", |peer| peer["status"] == "down");

    router.configure(ON_THE_WIRE, &["no passive-mode"]);
    let agent = Agent::on_the_wire(&ground, settings(200, 200, 5).with_role(Role::Passive));
    let told = agent.hears("first packet", |told| matches!(told, Told::Sent(_) | Told::Heard(_)));
    assert!(matches!(told.1, Told::Heard(_)), "{told:?}");
    agent.becomes(State::Up);
    router.sees("session", is_up);
}
