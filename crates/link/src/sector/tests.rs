use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::fixtures::origin;

const STEP: Duration = Duration::from_millis(250);
const UNIX: Duration = Duration::from_secs(1_795_597_200);
const NOWHERE: Use = Use { ends: None, office: None };

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn east() -> Name {
    name("east")
}

fn question(wish: Wish) -> Question {
    Question { path: name("radio"), sector: east(), wish }
}

/// A centre that has been there for long, with these offices on a sector.
fn centre(offices: &[&str], now: Instant) -> Sectors {
    let mut sectors = Sectors::new(0, now - ALONE_AFTER);
    for office in offices {
        sectors.note(&east(), (name(office), name("radio")), NOWHERE, now);
        sectors.answer(&name(office), &question(Wish::News), now, UNIX);
    }
    sectors
}

#[test]
fn turns_are_given_one_at_a_time_and_in_the_order_of_asking() {
    let now = origin();
    let mut sectors = centre(&["a", "b", "c"], now);
    let mut ask = |office: &str, wish: Wish, millis: u64| {
        let at = Duration::from_millis(millis);
        let answer = sectors.answer(&name(office), &question(wish), now + at, UNIX + at);
        answer.unwrap().turn.map(|turn| (turn.number, turn.millis))
    };
    assert_eq!(ask("a", Wish::Turn, 0), Some((1, 20_000)));
    assert_eq!(ask("c", Wish::Turn, 1_000), None);
    assert_eq!(ask("b", Wish::Turn, 1_500), None);
    assert_eq!(ask("a", Wish::Turn, 2_000), Some((1, 18_000)), "the answer was lost");
    assert_eq!(ask("c", Wish::Done(1), 2_100), None, "it is not its own");
    assert_eq!(ask("c", Wish::Turn, 2_200), None);
    assert_eq!(ask("a", Wish::Done(1), 3_000), None);
    assert_eq!(ask("a", Wish::Turn, 3_000), None, "others came before");
    assert_eq!(ask("b", Wish::Turn, 3_500), None);
    assert_eq!(ask("c", Wish::Turn, 4_000), Some((2, 20_000)));
    // It says nothing more of it.
    assert_eq!(ask("b", Wish::News, 22_000), None);
    assert_eq!(ask("c", Wish::News, 22_500), None);
    assert_eq!(ask("a", Wish::Turn, 23_000), None);
    assert_eq!(ask("a", Wish::Turn, 24_500), Some((3, 20_000)));
    assert_eq!(ask("c", Wish::Done(2), 24_600), None, "late");
    assert_eq!(ask("b", Wish::Turn, 24_700), None, "so the turn is still a's");
    let unknown = sectors.answer(&name("z"), &question(Wish::Turn), now, UNIX);
    assert_eq!(unknown, None);
}

#[test]
fn a_centre_that_begins_gives_no_turn_until_all_former_ones_are_over() {
    let now = origin();
    let mut sectors = Sectors::new(0, now);
    sectors.note(&east(), (name("a"), name("radio")), NOWHERE, now);
    let mut ask = |after: Duration| {
        sectors.answer(&name("a"), &question(Wish::Turn), now + after, UNIX + after).unwrap().turn
    };
    assert_eq!(ask(LEASE), None);
    assert!(ask(LEASE + ASK_EVERY * 5).is_some());
}

#[test]
fn the_slot_of_who_is_not_heard_is_kept_for_it() {
    let now = origin();
    // "b" has the second of two slots, and is silent from the beginning.
    let mut sectors = Sectors::new(0, now - ALONE_AFTER);
    for office in ["a", "b"] {
        sectors.note(&east(), (name(office), name("radio")), NOWHERE, now);
    }
    let mut asked = |second: u64| {
        let at = Duration::from_secs(second);
        let turn =
            sectors.answer(&name("a"), &question(Wish::Turn), now + at, UNIX + at).unwrap().turn;
        if let Some(turn) = turn {
            sectors.answer(&name("a"), &question(Wish::Done(turn.number)), now + at, UNIX + at);
        }
        turn.map(|turn| turn.millis)
    };
    for (second, expected) in
        [(0, Some(9_000)), (3, Some(6_000)), (5, None), (12, None), (19, None), (20, Some(9_000))]
    {
        assert_eq!(asked(second), expected, "{second}");
    }
    for second in 0..20 {
        let lasts =
            Slot::new(1, 2).lasts(UNIX + Duration::from_secs(second)).map(|of| of.as_secs());
        assert_eq!(lasts, (11..19).contains(&second).then_some(19 - second.max(1)), "{second}");
    }
}

#[test]
fn an_agent_that_hears_no_centre_tries_in_its_slot() {
    let now = origin();
    let (site, path) = (name("a"), name("radio"));
    let mut seat = Seat::told((&site, &path), now);
    let slot = Some(Slot::new(1, 2));
    assert_eq!(seat.begin(now, UNIX), None);
    assert_eq!(seat.question(now), Some(Wish::Turn));
    seat.hear((Wish::Turn, now), &Answer { slot, ..Answer::default() });
    assert_eq!(seat.beside(now), Beside::Nobody);
    let alone = now + ALONE_AFTER;
    assert_eq!(seat.begin(alone - STEP, UNIX + SLOT + CLOCKS), None);
    assert_eq!(seat.begin(alone, UNIX), None, "that is the other's");
    let until = alone + SLOT - CLOCKS * 2;
    assert_eq!(seat.begin(alone, UNIX + SLOT + CLOCKS), Some(until));
    assert_eq!(seat.beside(alone), Beside::Unknown);
    assert_eq!(seat.question(until - STEP), None, "the slot would not be its own any more");
    assert_eq!(seat.question(until), Some(Wish::News));
    seat.hear_nothing(until);
    assert_eq!((seat.question(until + ALONE_AFTER), seat.beside(until)), (None, Beside::Unknown));
    let mut hermit = Seat::alone((&site, &path), now);
    let slots = (0..u64::from(u8::MAX))
        .filter(|second| hermit.begin(now, UNIX + Duration::from_secs(*second)).is_some());
    assert_eq!(slots.count(), 8, "one of 32");
}

#[test]
fn what_others_use_is_taken_off_and_leaves_an_equal_part() {
    let now = origin();
    let mut sectors = Sectors::new(0, now);
    let at = |last: u8| IpAddr::from([10, 0, 0, last]);
    let office =
        |own: u8, other: u8, office: Option<u64>| Use { ends: Some((at(own), at(other))), office };
    for (site, told) in [
        ("a", office(1, 2, Some(9_000_000))),
        ("hub-a", office(2, 1, Some(9_000_000))),
        ("b", office(5, 6, Some(2_000_000))),
        ("hub-b", office(6, 5, Some(3_000_000))),
        ("c", office(9, 10, None)),
    ] {
        sectors.note(&east(), (name(site), name("radio")), told, now);
    }
    let mut ask = |site: &str, at| {
        sectors.answer(&name(site), &question(Wish::News), at, UNIX).unwrap().siblings
    };
    // The other end of its own link is none of them.
    assert_eq!(ask("a", now), Siblings { links: 2, busy: 1, used: 5_000_000 });
    assert_eq!(ask("c", now), Siblings { links: 2, busy: 2, used: 23_000_000 });
    assert_eq!(ask("c", now + ALONE_AFTER), Siblings { links: 2, busy: 0, used: 0 });
    let megabits = BitRate::from_megabits_per_second;
    for (links, busy, used, left, part) in [
        (0, 0, 0, 20, 20),
        (3, 0, 0, 20, 20),
        (3, 1, 5, 15, 5),
        (3, 1, 15, 10, 5),
        (3, 3, 99, 5, 5),
    ] {
        let siblings = Siblings { links, busy, used: used * 1_000_000 };
        assert_eq!(siblings.left(megabits(20)), megabits(left), "{siblings:?}");
        assert_eq!(siblings.part(megabits(20)), megabits(part), "{siblings:?}");
    }
}

/// An agent, and what is on its way between it and the centre.
struct Agent {
    site: Name,
    seat: Seat,
    is_connected: bool,
    /// What its clock is ahead.
    ahead: Duration,
    to_centre: VecDeque<(Instant, Wish, Instant)>,
    from_centre: VecDeque<(Instant, Wish, Instant, Answer)>,
    wants_at: Instant,
    /// Until when it tries, and until when it may fill the path.
    trying: Option<(Instant, Instant)>,
    tried: u32,
}

impl Agent {
    fn new(number: usize, now: Instant) -> Self {
        let site = name(&format!("office-{number}"));
        Self {
            seat: Seat::told((&site, &name("radio")), now),
            site,
            is_connected: true,
            ahead: Duration::from_millis(300 * number as u64),
            to_centre: VecDeque::new(),
            from_centre: VecDeque::new(),
            wants_at: now,
            trying: None,
            tried: 0,
        }
    }

    /// Lets a quarter of a second pass; what is drawn says how long things take.
    fn step(&mut self, sectors: &mut Sectors, now: Instant, unix: Duration, drawn: u64) {
        let delay = STEP * (drawn % 8) as u32;
        while let Some((_, wish, asked)) = self.to_centre.pop_front_if(|(at, ..)| *at <= now) {
            let answer = sectors.answer(&self.site, &question(wish), now, unix).unwrap();
            if self.is_connected {
                self.from_centre.push_back((now + delay, wish, asked, answer));
            }
        }
        while let Some((_, wish, asked, answer)) =
            self.from_centre.pop_front_if(|(at, ..)| *at <= now)
        {
            self.seat.hear((wish, asked), &answer);
        }
        if self.trying.is_some_and(|(until, _)| now >= until) {
            self.trying = None;
            self.seat.end();
        }
        if self.trying.is_none()
            && now >= self.wants_at
            && let Some(until) = self.seat.begin(now, unix + self.ahead)
        {
            let lasts = STEP * (1 + drawn % 60) as u32;
            self.trying = Some((now + lasts, until));
            self.wants_at = now + Duration::from_secs(30);
            self.tried += 1;
        }
        let is_idle = self.to_centre.is_empty() && self.from_centre.is_empty();
        let wish = if self.is_connected && is_idle { self.seat.question(now) } else { None };
        self.to_centre.extend(wish.map(|wish| (now + delay, wish, now)));
    }

    fn fills(&self, now: Instant) -> bool {
        self.trying.is_some_and(|(over, until)| now < over.min(until))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_two_agents_fill_a_sector_at_once_and_nobody_waits_for_ever(
        count in 2_usize..5,
        troubles in prop::collection::vec((0_usize..5, 4_u64..400), 0..12),
        mut drawn: u64,
    ) {
        let start = origin();
        let (mut now, mut unix) = (start, UNIX);
        let mut agents: Vec<_> = (0..count).map(|number| Agent::new(number, now)).collect();
        let mut sectors = Sectors::new(drawn, now);
        let note = |sectors: &mut Sectors, agents: &[Agent], now| {
            for agent in agents {
                sectors.note(&east(), (agent.site.clone(), name("radio")), NOWHERE, now);
            }
        };
        note(&mut sectors, &agents, now);
        // Everybody is told its slot first; what happens then goes on for so many steps; then all is well.
        let quiet = [(9, 400)].into_iter();
        for (trouble, steps) in quiet.chain(troubles).chain([(8, 0)]) {
            match trouble {
                // The centre begins anew, and knows from its store who was there.
                4 => {
                    sectors = Sectors::new(drawn, now);
                    note(&mut sectors, &agents, now);
                }
                8 => agents.iter_mut().for_each(|agent| agent.is_connected = true),
                _ => {
                    if let Some(agent) = agents.get_mut(trouble) {
                        agent.is_connected = !agent.is_connected;
                        agent.from_centre.clear();
                    }
                }
            }
            let before: Vec<_> = agents.iter().map(|agent| agent.tried).collect();
            let steps = if trouble == 8 { 4 * 300 } else { steps };
            for _ in 0..steps {
                for agent in &mut agents {
                    drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    agent.step(&mut sectors, now, unix, drawn >> 33);
                }
                let filling = agents.iter().filter(|agent| agent.fills(now)).count();
                prop_assert!(filling <= 1, "{filling} at {:?}", now - start);
                now += STEP;
                unix += STEP;
            }
            for (agent, before) in agents.iter().zip(before).filter(|_| steps >= 4 * 300) {
                prop_assert!(agent.tried > before, "{} never", agent.site);
            }
        }
    }
}
