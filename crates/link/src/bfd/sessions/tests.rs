//! Deadlines that moved to an earlier time do not heap up.

use std::net::IpAddr;
use std::num::NonZeroU8;

use super::super::interval::Interval;
use super::super::packet::Packet;
use super::*;
use crate::fixtures::origin;

#[test]
fn a_flood_of_polls_leaves_no_more_deadlines_than_there_is_room_for() {
    let now = origin();
    let interval = Duration::from_millis(100);
    let mult = NonZeroU8::new(3).unwrap();
    let (peer, to) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
    let arrival = Arrival { interface: Interface(1), from: peer, to, ttl: 255, hops: Hops::Single };
    let mut sessions = Sessions::new(NonZeroUsize::MIN);
    let settings = Settings::new(interval, interval, mult).unwrap();
    let path = Path::SingleHop { interface: Interface(1), peer };
    let session = sessions.add(path, settings, 7, now).unwrap();
    let poll = Packet {
        diagnostic: Diagnostic::None,
        state: State::Init,
        is_poll: true,
        is_final: false,
        is_control_plane_independent: false,
        is_demand: false,
        detect_mult: mult,
        my_discriminator: Discriminator::new(9).unwrap(),
        your_discriminator: Some(session),
        desired_min_tx: Interval::SLOW,
        required_min_rx: Interval::SLOW,
        required_min_echo_rx: Interval::ZERO,
    }
    .encode();
    let mut most = 0;
    for _ in 0..1_000 {
        sessions.receive(&arrival, &poll, now).unwrap();
        while sessions.poll(now, 0).is_some() {}
        most = most.max(sessions.deadlines.len());
    }
    assert!(most > 10, "the flood does make void ones: {most}");
    assert!(most <= Deadlines::room(1), "{most}");
}
