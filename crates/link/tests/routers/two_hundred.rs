//! Two hundred sessions between one bfdd and us: what happens to some troubles no other.

use std::collections::BTreeMap;
use std::net::IpAddr;

use link::bfd::{Diagnostic, State};
use serde_json::Value;

use crate::crowd::{Crowd, Way};
use crate::frr::Frr;
use crate::ground::Ground;
use crate::with_frr::{is_up, ms, peer, settings};

/// So many packets of each session are heard before it is taken for steady.
const STEADY: usize = 10;

/// How many packets of FRR's we have to miss: of every other session so many that FRR is back from a
/// crash before.
const fn missing(at: usize) -> u8 {
    if is_patient(at) { 50 } else { 3 }
}

const fn is_patient(at: usize) -> bool {
    at % 2 == 1
}

/// What FRR says of each peer, by our address.
fn by_address(peers: &[Value]) -> BTreeMap<IpAddr, &Value> {
    let address = |peer: &Value| peer["peer"].as_str().unwrap().parse().unwrap();
    peers.iter().map(|peer| (address(peer), peer)).collect()
}

/// All are up on both sides, by the numbers that each has of the other, at the pace that was agreed.
fn all_are_up(crowd: &Crowd, router: &Frr<'_>, ways: &[Way]) {
    let is_settled = |peer: &Value| is_up(peer) && peer["remote-transmit-interval"] == 300;
    let seen = router
        .sees_all("sessions up", |peers| peers.len() == ways.len() && peers.iter().all(is_settled));
    let seen = by_address(&seen);
    for (at, standing) in crowd.standings().into_iter().enumerate() {
        let (way, session) = (ways[at], crowd.sessions[at]);
        let peer = seen[&way.ours];
        assert_eq!(standing.state, State::Up, "{way:?}");
        assert_eq!(standing.detection_time, Some(ms(300) * u32::from(missing(at))), "{way:?}");
        assert_eq!(peer["id"], standing.remote.unwrap().number(), "{way:?}");
        assert_eq!(peer["remote-id"], session.number(), "{way:?}");
        assert_eq!(peer["multihop"], way.is_afar(), "{way:?}");
    }
}

/// Many packets of all later nothing has changed on either side.
fn nothing_changes(crowd: &mut Crowd, router: &Frr<'_>, falls: &BTreeMap<IpAddr, u64>) {
    crowd.listen_anew();
    crowd.hears("steady packets", |_, log| log.heard >= STEADY);
    let changed = crowd.logs.iter().find(|log| !log.changes.is_empty());
    assert!(changed.is_none(), "{changed:?}");
    assert_eq!(router.falls_of_all(), *falls);
}

#[test]
fn of_two_hundred_sessions_those_that_fall_silent_go_down_and_all_survive_a_restart() {
    let ground = Ground::lay();
    let ways = Way::all();
    Crowd::lay(&ground, &ways);
    let line = |(at, way): (usize, &Way)| peer(&way.peer(), 300, 300, missing(at));
    let lines: String = ways.iter().enumerate().map(line).collect();
    let mut router = Frr::start(&ground, &lines);
    let mut crowd = Crowd::start(&ground, &ways, &settings(300, 300, 3));
    assert_eq!(crowd.sessions.len(), 200);
    crowd.hears("session up", |_, log| log.states().last() == Some(&State::Up));
    all_are_up(&crowd, &router, &ways);
    let mut falls: BTreeMap<_, _> = ways.iter().map(|way| (way.ours, 0)).collect();
    nothing_changes(&mut crowd, &router, &falls);

    // Every tenth falls silent, in both directions.
    let is_silent = |at: usize| at % 10 == 4;
    let silent = ways.iter().enumerate().filter(|(at, _)| is_silent(*at));
    let silent: Vec<_> = silent.map(|(_, way)| way.ours).collect();
    crowd.listen_anew();
    ground.silence(&silent);
    crowd.hears("silence", |at, log| {
        if is_silent(at) { !log.changes.is_empty() } else { log.heard >= STEADY }
    });
    let expired = Diagnostic::ControlDetectionTimeExpired;
    for (at, log) in crowd.logs.iter().enumerate() {
        let told: Vec<_> =
            log.changes.iter().map(|change| (change.to, change.diagnostic)).collect();
        let wanted: &[_] = if is_silent(at) { &[(State::Down, expired)] } else { &[] };
        assert_eq!(told, wanted, "{:?}", ways[at]);
        assert!(log.changes.iter().all(|change| change.silence >= Some(ms(900))), "{log:?}");
    }
    let seen = router.sees_all("silence", |peers| {
        peers.iter().filter(|peer| !is_up(peer)).count() >= silent.len()
    });
    for (address, peer) in by_address(&seen) {
        let is_silent = silent.contains(&address);
        assert_eq!(is_up(peer), !is_silent, "{peer}");
        if is_silent {
            assert_eq!(peer["diagnostic"], "control detection time expired", "{peer}");
        }
    }
    ground.end_silence();
    crowd.hears("session up again", |at, log| {
        !is_silent(at) || log.states().last() == Some(&State::Up)
    });
    all_are_up(&crowd, &router, &ways);
    falls.extend(silent.iter().map(|address| (*address, 1)));
    nothing_changes(&mut crowd, &router, &falls);

    // FRR crashes, and knows none of them when it is back.
    let before = crowd.standings();
    crowd.listen_anew();
    router.kill();
    router.start_again();
    crowd.hears("session anew", |_, log| {
        let states = log.states();
        matches!(
            states.as_slice(),
            [State::Down, State::Up] | [State::Down, State::Init, State::Up]
        )
    });
    all_are_up(&crowd, &router, &ways);
    for (at, (before, after)) in before.iter().zip(crowd.standings()).enumerate() {
        assert_ne!(before.remote, after.remote, "{:?}", ways[at]);
        let fall = crowd.logs[at].changes[0];
        let is_told = fall.diagnostic == Diagnostic::NeighborSignaledSessionDown;
        assert!(is_told || !is_patient(at) && fall.diagnostic == expired, "{fall:?}");
    }
    falls.values_mut().for_each(|falls| *falls = 0);
    nothing_changes(&mut crowd, &router, &falls);
    // Every packet found its session.
    crowd.act(|shell| {
        let dropped = shell.sessions.dropped().iter().filter(|(_, count)| *count > 0);
        assert_eq!(dropped.collect::<Vec<_>>(), []);
    });
}
