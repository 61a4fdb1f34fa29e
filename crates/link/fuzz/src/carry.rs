//! Carry tests: their messages, and a run of which bytes tell what comes of it.

use std::net::SocketAddr;
use std::time::Instant;

use link::Key;
use link::capacity::BitRate;
use link::carry::{
    CarryKey, Confirmation, Direction, Event, Interface, Known, MESSAGE_OCTETS, Outcome, Place,
    Plan, Progress, Query, Requirement, Run, RunId, Step,
};

use crate::proof;

/// Any octets are read or refused, and what is read is written again octet for octet. The first octet
/// chooses whether their proof is made right.
pub fn carry_confirmation(input: &[u8]) {
    let Some((&choice, octets)) = input.split_first() else { return };
    let key = CarryKey::of(&Key::new(proof::SECRET).expect("it is long enough"));
    let mut octets = octets.to_vec();
    if choice & 1 != 0 && octets.len() >= MESSAGE_OCTETS {
        octets.truncate(MESSAGE_OCTETS);
        octets[..6].copy_from_slice(&[b'S', b'b', b'C', b't', 1, choice >> 1 & 1]);
        let (proved, tag) = octets.split_at_mut(MESSAGE_OCTETS - 16);
        tag.copy_from_slice(&proof::of("sabeel carry confirmation 1", proved));
    }
    if let Ok(query) = Query::parse(&octets, &key) {
        assert_eq!(query.write(&key)[..], octets);
        let flow = SocketAddr::new(query.flow.ip().to_canonical(), query.flow.port());
        assert_eq!(query.flow, flow);
    }
    if let Ok(confirmation) = Confirmation::parse(&octets, &key) {
        assert_eq!(confirmation.write(&key)[..], octets);
        for place in [confirmation.arrived, confirmation.returned] {
            if let Place::Elsewhere(interface) = place {
                assert_eq!(Interface::new(interface.name()), Ok(interface));
            }
        }
    }
}

/// Whatever comes, a run goes through its steps in order, and only the last measurement makes ready.
#[allow(clippy::disallowed_methods, reason = "an Instant has no other constructor")]
pub fn carry_run(script: &[u8]) {
    let mut now = Instant::now();
    let plan = Plan::new(RunId([7; 16]), Requirement::default(), Known::default());
    let (mut run, _) = Run::begin(plan, now);
    let mut step = Step::Connect;
    for what in script {
        let progress = match event(*what) {
            Some(event) => run.handle(event, now),
            None => {
                now = run.deadline();
                run.expire(now)
            }
        };
        run = match progress {
            Progress::Wait(run) => run,
            Progress::Do(run, _) => run,
            Progress::Over(Outcome::Ready(_)) => return assert_eq!(step, Step::TrainDown),
            Progress::Over(Outcome::Unfit { .. }) => return,
        };
        assert!(run.step() >= step && run.deadline() >= now);
        step = run.step();
    }
}

fn event(what: u8) -> Option<Event> {
    let place = |which: u8| match which & 3 {
        0 => Place::Nowhere,
        1 => Place::Elsewhere(Interface::new("wan0").expect("it is a name")),
        _ => Place::OnPath,
    };
    Some(match what & 15 {
        0 => Event::Broken,
        1..=3 => Event::Connected,
        4 | 5 => Event::Echoed,
        6 => Event::DatagramReturned,
        7 => Event::Resolved,
        8..=10 => Event::Confirmed(Confirmation {
            run: RunId([7; 16]),
            arrived: place(what >> 4),
            returned: place(what >> 6),
        }),
        11 => Event::Measured(Direction::Up, BitRate::from_megabits_per_second(what.into())),
        12 => Event::Measured(Direction::Down, BitRate::from_megabits_per_second(what.into())),
        13 if what > 200 => Event::Refused,
        13 if what > 100 => Event::Altered,
        _ => return None,
    })
}
