//! Two ends and a queue between them that loses, delays, doubles and disorders what they send.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use link::bfd::{
    Algorithm, Arrival, Authentication, Diagnostic, Discriminator, Hops, Interface, KeyId, Keys,
    Output, Path, Role, Secret, Sessions, Settings, Standing, State,
};
use proptest::prelude::*;

use crate::world::{ms, origin, registry, settings};

/// How long packets take when nothing is wrong.
const TRAVEL: Duration = ms(2);
/// For how long the queue misbehaves.
const TROUBLE: Duration = ms(20_000);

/// What becomes of a packet.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Lost,
    Delayed(u64),
    Doubled(u64),
}

/// What people do at an end.
#[derive(Clone, Debug)]
enum Act {
    Disable,
    Enable,
    Restart,
    Reconfigure(u64, u64, u8),
}

struct End {
    sessions: Sessions,
    session: Discriminator,
    arrival: Arrival,
}

impl End {
    fn new(own: u8, settings: Settings, now: Instant) -> Self {
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let (interface, peer) = (Interface(1), address(1 - own));
        let mut sessions = registry(1);
        let entropy = u64::from(own) << 8 | 0xabc_0000_0100_0005;
        let path = Path::SingleHop { interface, peer };
        let session = sessions.add(path, settings, entropy, now).unwrap();
        let arrival =
            Arrival { interface, from: peer, to: address(own), ttl: 255, hops: Hops::Single };
        Self { sessions, session, arrival }
    }

    fn standing(&self) -> Standing {
        self.sessions.find(self.session).unwrap()
    }

    fn is_up(&self) -> bool {
        self.standing().state == State::Up
    }
}

struct World {
    ends: [End; 2],
    /// By when they arrive, and in which order they were sent: whom they are for, and what they are.
    queue: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
    fates: Vec<Fate>,
    sent: u64,
    now: Instant,
    start: Instant,
    entropy: u64,
    /// Changes from Up to another state.
    falls: u32,
}

impl World {
    fn new(settings: [Settings; 2], fates: Vec<Fate>) -> Self {
        let start = origin();
        let [first, second] = settings;
        let ends = [End::new(0, first, start), End::new(1, second, start)];
        let queue = BTreeMap::new();
        Self { ends, queue, fates, sent: 0, now: start, start, entropy: 1, falls: 0 }
    }

    fn send(&mut self, to: usize, octets: &[u8]) {
        let is_trouble = self.now < self.start + TROUBLE;
        let fate = match self.fates.len() {
            0 => Fate::Arrives,
            count => self.fates[usize::try_from(self.sent).unwrap() % count],
        };
        let arrivals: &[u64] = match fate {
            _ if !is_trouble => &[0],
            Fate::Arrives => &[0],
            Fate::Lost => &[],
            Fate::Delayed(delay) => &[delay],
            Fate::Doubled(delay) => &[0, delay],
        };
        for delay in arrivals {
            self.sent += 1;
            let at = self.now + TRAVEL + ms(*delay);
            self.queue.insert((at, self.sent), (to, octets.to_vec()));
        }
        self.sent += 1;
    }

    /// Goes on until then, and checks that nobody is up for longer than may be.
    fn run(&mut self, until: Instant) {
        loop {
            self.settle();
            let arrival = self.queue.keys().next().map(|(at, _)| *at);
            let deadlines = self.ends.iter_mut().filter_map(|end| end.sessions.next_deadline());
            let next = deadlines.chain(arrival).min().filter(|next| *next <= until);
            let Some(next) = next else { break };
            assert!(next > self.now, "what is due is done");
            self.now = next;
        }
        self.now = until;
    }

    /// All that is due now.
    fn settle(&mut self) {
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= self.now
        {
            let (to, octets) = entry.remove();
            let end = &mut self.ends[to];
            let was_up = end.is_up();
            _ = end.sessions.receive(&end.arrival, &octets, self.now);
            self.falls += u32::from(was_up && !end.is_up());
        }
        for own in 0..2 {
            self.entropy = self.entropy.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(3);
            while let Some(output) = self.ends[own].sessions.poll(self.now, self.entropy >> 33) {
                match output {
                    Output::Transmit { datagram, .. } => self.send(1 - own, &datagram),
                    Output::Changed { change, .. } => {
                        self.falls += u32::from(change.from == State::Up);
                    }
                    Output::Late { .. } | Output::Elsewhere { .. } | Output::Removed { .. } => {}
                }
            }
            let standing = self.ends[own].standing();
            if standing.state == State::Up {
                let silence = self.now - standing.heard.unwrap();
                assert!(silence < standing.detection_time.unwrap(), "{silence:?} {standing:?}");
            }
        }
    }

    fn act(&mut self, own: usize, act: &Act, theirs: &Settings) {
        let End { sessions, session, .. } = &mut self.ends[own];
        match act {
            Act::Disable => {
                sessions.disable(*session, Diagnostic::AdministrativelyDown, self.now);
            }
            Act::Enable => {
                sessions.enable(*session, self.now);
            }
            Act::Restart => {
                sessions.restart(*session, Diagnostic::ForwardingPlaneReset, self.now);
            }
            Act::Reconfigure(..) => sessions.reconfigure(*session, wish(act, theirs)),
        }
    }

    fn are_up(&self) -> bool {
        self.ends.iter().all(End::is_up)
    }
}

/// What an act asks for, by the role and authentication that are.
fn wish(act: &Act, settings_before: &Settings) -> Settings {
    let Act::Reconfigure(tx, rx, mult) = *act else { return settings_before.clone() };
    settings_before.clone().with_times(ms(tx), ms(rx), crate::world::mult(mult)).unwrap()
}

fn authentication() -> impl Strategy<Value = Authentication> {
    let on = |algorithm| {
        let key = (KeyId(1), Secret::new(b"between the two").unwrap());
        Authentication::On(Keys::new(algorithm, key, vec![]).unwrap())
    };
    prop_oneof![
        Just(Authentication::Off),
        Just(on(Algorithm::SimplePassword)),
        Just(on(Algorithm::KeyedSha1)),
        Just(on(Algorithm::MeticulousKeyedSha1)),
    ]
}

fn times() -> impl Strategy<Value = (u64, u64, u8)> {
    let wish = || prop::sample::select(vec![10_u64, 20, 50, 100, 300, 1_500]);
    (wish(), wish(), 1..6_u8)
}

/// Both ends, of which one speaks first at least.
fn ends() -> impl Strategy<Value = [Settings; 2]> {
    (times(), times(), authentication(), 0..3_u8).prop_map(
        |(first, second, authentication, roles)| {
            let end = |(tx, rx, mult), is_passive| {
                let role = if is_passive { Role::Passive } else { Role::Active };
                settings(tx, rx, mult).with_role(role).with_authentication(authentication.clone())
            };
            [end(first, roles == 1), end(second, roles == 2)]
        },
    )
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        3 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => (1..3_000_u64).prop_map(Fate::Delayed),
        1 => (1..3_000_u64).prop_map(Fate::Doubled),
    ];
    prop::collection::vec(fate, 0..40)
}

fn reconfigure() -> impl Strategy<Value = Act> {
    times().prop_map(|(tx, rx, mult)| Act::Reconfigure(tx, rx, mult))
}

fn acts() -> impl Strategy<Value = Vec<(u64, usize, Act)>> {
    let act = prop_oneof![Just(Act::Disable), Just(Act::Enable), Just(Act::Restart), reconfigure()];
    prop::collection::vec((0..20_000_u64, 0..2_usize, act), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn once_the_queue_is_clean_both_come_up_and_stay(
        ends in ends(),
        fates in fates(),
        mut acts in acts(),
    ) {
        let mut world = World::new(ends.clone(), fates);
        acts.sort_by_key(|(at, ..)| *at);
        for (at, own, act) in acts {
            world.run(world.start + ms(at));
            world.act(own, &act, &ends[own]);
        }
        world.run(world.start + TROUBLE);
        for (own, settings) in ends.iter().enumerate() {
            world.act(own, &Act::Enable, settings);
        }
        // What was delayed; twice the longest detection time, for numbers to be forgotten; a few
        // packets at the slow rate.
        world.run(world.now + ms(3_000 + 2 * 5 * 1_500 + 5_000));
        prop_assert!(world.are_up(), "{:?} {:?}", world.ends[0].standing(), world.ends[1].standing());
        world.falls = 0;
        world.run(world.now + ms(60_000));
        prop_assert!(world.are_up());
        prop_assert_eq!(world.falls, 0);
    }

    #[test]
    fn other_intervals_and_multipliers_never_take_a_session_down(
        ends in ends(),
        changes in prop::collection::vec((0..3_000_u64, 0..2_usize, reconfigure()), 0..15),
    ) {
        let mut world = World::new(ends.clone(), vec![]);
        world.run(world.now + ms(4_000));
        prop_assert!(world.are_up());
        for (wait, own, act) in changes {
            world.run(world.now + ms(wait));
            world.act(own, &act, &ends[own]);
        }
        world.run(world.now + ms(20_000));
        prop_assert!(world.are_up());
        prop_assert_eq!(world.falls, 0);
    }

    #[test]
    fn a_cut_of_one_direction_or_both_is_found_within_the_detection_time(
        ends in ends(),
        cut in 1..4_usize,
        when in 5_000..6_000_u64,
    ) {
        let mut world = World::new(ends.clone(), vec![]);
        world.run(world.start + ms(when));
        prop_assert!(world.are_up());
        let is_passive = |own: usize| ends[own].is_passive();
        let patience = [0, 1].map(|own: usize| world.ends[own].standing().detection_time.unwrap());
        let cut_at = world.now;
        // Bit 0: to the first end; bit 1: to the second.
        let is_deaf = |own: usize| cut & (1 << own) != 0;
        // Whoever is deaf finds it after its own detection time and tells the other, but for one that
        // must not speak before it hears.
        let finds = |own: usize| match (is_deaf(own), is_passive(own)) {
            (true, false) => patience[own],
            (true, true) => patience[0] + patience[1],
            (false, _) => ms(0),
        };
        let slowest = finds(0).max(finds(1));
        while world.now < cut_at + slowest + 2 * TRAVEL {
            world.queue.retain(|_, (to, _)| !is_deaf(*to));
            let next = world.ends.iter_mut().filter_map(|end| end.sessions.next_deadline()).min();
            let next = next.into_iter().chain(world.queue.keys().next().map(|(at, _)| *at)).min();
            world.now = next.unwrap();
            world.settle();
        }
        for own in 0..2 {
            prop_assert!(!world.ends[own].is_up(), "{own} {:?}", world.ends[own].standing());
        }
    }
}

#[test]
fn both_are_up_within_two_and_a_half_seconds_of_a_start_without_trouble() {
    let mut world = World::new([settings(100, 100, 3), settings(100, 100, 3)], vec![]);
    world.run(world.start + ms(2_500));
    assert!(world.are_up());
}
