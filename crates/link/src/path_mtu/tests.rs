use proptest::prelude::*;

use super::*;
use crate::fixtures::{Dice, millis, origin};

/// A path, and the search on it.
struct Scene {
    search: PathMtu,
    begin: Instant,
    now: Instant,
    /// What passes.
    mtu: u16,
    /// Whether the next packet is lost whatever its size.
    is_lost: Box<dyn FnMut() -> bool>,
    sizes: Vec<u16>,
    /// What a router says of each packet that does not pass.
    says: Option<u16>,
}

impl Scene {
    fn new(limits: Limits, mtu: u16) -> Self {
        let begin = origin();
        let search = PathMtu::new(limits, begin);
        Self {
            search,
            begin,
            now: begin,
            mtu,
            is_lost: Box::new(|| false),
            sizes: Vec::new(),
            says: None,
        }
    }

    /// Goes to the next deadline; an answer takes 20 ms.
    fn step(&mut self) {
        self.now = self.now.max(self.search.next_deadline());
        if let Some(probe) = self.search.poll(self.now) {
            self.sizes.push(probe.size.0);
            if probe.size.0 <= self.mtu && !(self.is_lost)() {
                self.now += millis(20);
                self.search.answered(probe.number, self.now);
            } else if let Some(says) = self.says
                && probe.size.0 > self.mtu
            {
                self.now += millis(5);
                self.search.told(probe.number, said(says), self.now);
            }
        }
    }

    fn run_until(&mut self, is_done: impl Fn(Finding) -> bool) -> Finding {
        for _ in 0..20_000 {
            if is_done(self.search.finding()) {
                return self.search.finding();
            }
            self.step();
        }
        panic!("it does not end: {:?}", self.search);
    }

    fn run_for(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while self.search.next_deadline().max(self.now) < until {
            self.step();
        }
    }
}

fn said(most: u16) -> Said {
    Said { router: [192, 0, 2, 9].into(), most: PacketSize(most) }
}

fn is_confirmed(finding: Finding) -> bool {
    matches!(finding, Finding::Confirmed(_))
}

const fn confirmed(size: u16) -> Finding {
    Finding::Confirmed(PacketSize(size))
}

#[test]
fn a_plain_path_takes_two_probes() {
    let mut scene = Scene::new(Limits::default(), 1_500);
    assert_eq!(scene.run_until(is_confirmed), confirmed(1_500));
    assert_eq!(scene.sizes, [1_280, 1_500]);
    assert_eq!(scene.now - scene.begin, millis(40));
}

#[test]
fn a_tunnel_is_found_within_a_step() {
    let mut scene = Scene::new(Limits::default(), 1_420);
    let Finding::Confirmed(size) = scene.run_until(is_confirmed) else { panic!() };
    assert!((1_413..=1_420).contains(&size.0), "{size}");
    assert!(scene.sizes.iter().filter(|size| **size == 1_500).count() == 10);
}

#[test]
fn what_a_router_says_is_asked_for_and_not_believed() {
    // RFC 8899 s4.6.2.
    let mut scene = Scene::new(Limits::default(), 1_420);
    scene.says = Some(1_420);
    assert_eq!(scene.run_until(is_confirmed), confirmed(1_420));
    assert_eq!(scene.sizes, [1_280, 1_500, 1_420, 1_428, 1_420, 1_428, 1_420, 1_428, 1_420]);
    assert!(scene.now - scene.begin < millis(150), "nobody waits for what was told");
    assert_eq!(scene.search.said(), Some(said(1_420)));
    for lie in [0, 68, 575, 576, 1_279, 1_280, 1_281, 1_400, 1_427, 1_499, 9_000, u16::MAX] {
        let mut scene = Scene::new(Limits::default(), 1_420);
        scene.says = Some(lie);
        let Finding::Confirmed(size) = scene.run_until(is_confirmed) else { panic!() };
        assert!((1_413..=1_420).contains(&size.0), "{lie}: {size}");
        assert_eq!(scene.search.said().is_some(), lie == 1_427 && size.0 == 1_420, "{lie}");
    }
}

#[test]
fn who_says_less_than_every_path_takes_is_not_heard() {
    for (floor, heard) in [(576, 576), (1_280, 1_280)] {
        let limits =
            Limits { floor: PacketSize(floor), base: PacketSize(1_280), ..Limits::default() };
        let mut scene = Scene::new(limits, 1_500);
        scene.run_until(is_confirmed);
        for (most, is_heard) in
            [(0, false), (floor - 1, false), (heard, true), (1_499, true), (1_500, false)]
        {
            scene.now = scene.search.next_deadline();
            let probe = scene.search.poll(scene.now).unwrap();
            assert_eq!(probe.size.0, 1_500);
            scene.search.told(probe.number, said(most), scene.now);
            assert_eq!(scene.search.waiting.is_none(), is_heard, "{most} of {floor}");
            // It came through all the same.
            scene.search.answered(probe.number, scene.now + millis(20));
            scene.step();
            assert_eq!(scene.search.finding(), confirmed(1_500));
        }
    }
}

#[test]
fn what_somebody_makes_up_of_probes_that_are_answered_changes_nothing() {
    let mut scene = Scene::new(Limits::default(), 1_500);
    for _ in 0..60 {
        scene.now = scene.now.max(scene.search.next_deadline());
        let probe = scene.search.poll(scene.now).unwrap();
        for most in [576, 1_280, 1_300, 1_400] {
            scene.search.told(probe.number, said(most), scene.now);
            scene.search.told(probe.number.wrapping_add(7), said(most), scene.now);
        }
        scene.now += millis(20);
        scene.search.answered(probe.number, scene.now);
    }
    assert_eq!((scene.search.finding(), scene.search.said()), (confirmed(1_500), None));
}

#[test]
fn a_path_that_is_cut_is_no_small_path() {
    let mut scene = Scene::new(Limits::default(), 0);
    scene.run_for(3_600);
    assert_eq!(scene.search.finding(), Finding::Searching);
    assert_eq!(scene.search.sent.len(), PathMtu::REMEMBERED);
    scene.mtu = 1_500;
    assert_eq!(scene.run_until(is_confirmed), confirmed(1_500));
}

#[test]
fn a_cut_in_the_middle_of_the_search_leaves_no_trace() {
    for begins in 0..60 {
        for lasts in [1, 5, 21, 60] {
            let mut scene = Scene::new(Limits::default(), 1_500);
            // The first probes are lost for another reason: the search is where it is.
            let mut sent = 0;
            scene.is_lost = Box::new(move || {
                sent += 1;
                (begins..begins + lasts).contains(&sent)
            });
            assert_eq!(scene.run_until(is_confirmed), confirmed(1_500), "{begins} {lasts}");
        }
    }
}

#[test]
fn what_was_confirmed_is_asked_for_every_half_minute() {
    let mut scene = Scene::new(Limits::default(), 1_500);
    scene.run_until(is_confirmed);
    scene.sizes.clear();
    scene.run_for(300);
    assert!((9..=10).contains(&scene.sizes.len()) && scene.sizes.iter().all(|size| *size == 1_500));
}

#[test]
fn what_passes_no_longer_is_a_black_hole_until_another_size_is_confirmed() {
    let mut scene = Scene::new(Limits::default(), 1_500);
    scene.run_until(is_confirmed);
    scene.mtu = 1_400;
    let (since, is_hole) = (scene.now, |finding: Finding| !is_confirmed(finding));
    let hole = scene.run_until(is_hole);
    assert_eq!(hole, Finding::BlackHole { was: PacketSize(1_500) });
    assert!(scene.now - since < Duration::from_secs(45));
    let Finding::Confirmed(size) = scene.run_until(is_confirmed) else { panic!() };
    assert!((1_393..=1_400).contains(&size.0), "{size}");
}

#[test]
fn a_path_that_shrinks_where_a_router_says_so_is_found_at_the_next_confirmation() {
    let mut scene = Scene::new(Limits::default(), 1_500);
    scene.run_until(is_confirmed);
    (scene.mtu, scene.says) = (1_400, Some(1_400));
    let (since, is_it) = (scene.now, |finding| finding == confirmed(1_400));
    scene.sizes.clear();
    scene.run_until(is_it);
    assert!(scene.now - since < Duration::from_secs(31), "{:?}", scene.now - since);
    assert!(scene.sizes.len() <= 14, "{:?}", scene.sizes);
    assert_eq!(scene.search.said(), Some(said(1_400)));
    // It takes more again.
    scene.mtu = 1_500;
    scene.run_for(650);
    assert_eq!((scene.search.finding(), scene.search.said()), (confirmed(1_500), None));
}

#[test]
fn a_path_that_shrinks_below_the_base_is_found() {
    let mut scene = Scene::new(Limits::default(), 1_280);
    scene.run_until(is_confirmed);
    scene.mtu = 600;
    assert_eq!(
        scene.run_until(|finding| !is_confirmed(finding)),
        Finding::BlackHole { was: PacketSize(1_280) }
    );
    let Finding::Confirmed(size) = scene.run_until(is_confirmed) else { panic!() };
    assert!((593..=600).contains(&size.0), "{size}");
}

#[test]
fn a_confirmed_path_that_is_cut_keeps_its_size() {
    for mtu in [576, 1_280, 1_420, 1_500] {
        let mut scene = Scene::new(Limits::default(), mtu);
        let before = scene.run_until(is_confirmed);
        scene.mtu = 0;
        scene.run_for(3_600);
        assert_eq!(scene.search.finding(), before);
        scene.mtu = mtu;
        scene.run_for(300);
        assert_eq!(scene.search.finding(), before);
    }
}

#[test]
fn a_path_that_grows_is_noticed_when_it_is_asked_again() {
    let mut scene = Scene::new(Limits::default(), 1_400);
    scene.run_until(is_confirmed);
    scene.mtu = 1_500;
    scene.run_for(590);
    assert_ne!(scene.search.finding(), confirmed(1_500));
    scene.run_for(60);
    assert_eq!(scene.search.finding(), confirmed(1_500));
}

#[test]
fn while_it_is_asked_for_more_the_old_size_stands() {
    let mut scene = Scene::new(Limits::default(), 1_400);
    let found = scene.run_until(is_confirmed);
    for _ in 0..2_000 {
        scene.step();
        assert_eq!(scene.search.finding(), found);
    }
    assert!(scene.sizes.iter().filter(|size| **size == 1_500).count() > 10, "it was asked for");
}

#[test]
fn an_answer_after_its_time_counts_as_well() {
    let begin = origin();
    let mut search = PathMtu::new(Limits::default(), begin);
    let base = search.poll(begin).unwrap();
    search.answered(base.number, begin);
    let large = search.poll(begin).unwrap();
    let control = search.poll(begin + millis(1_000)).unwrap();
    assert_eq!((large.size, control.size), (PacketSize(1_500), PacketSize(1_280)));
    search.answered(large.number, begin + millis(1_200));
    assert_eq!(search.finding(), confirmed(1_500));
    // Neither twice, nor one that was never sent.
    search.answered(large.number, begin + millis(1_300));
    search.answered(77, begin + millis(1_300));
    assert_eq!(search.finding(), confirmed(1_500));
}

#[test]
fn an_answer_after_the_verdict_takes_it_back() {
    let mut scene = Scene::new(Limits { step: 100, ..Limits::default() }, 1_400);
    scene.run_until(is_confirmed);
    let large = scene.search.sent.iter().rfind(|probe| probe.size.0 > 1_400).copied().unwrap();
    scene.search.answered(large.number, scene.now);
    assert_eq!(scene.search.finding(), Finding::Confirmed(large.size));
}

#[test]
fn what_a_late_answer_told_is_not_asked_for_again() {
    let begin = origin();
    let mut search = PathMtu::new(Limits { most: PacketSize(9_000), ..Limits::default() }, begin);
    let base = search.poll(begin).unwrap();
    search.answered(base.number, begin);
    let most = search.poll(begin).unwrap();
    search.told(most.number, said(1_500), begin);
    let hinted = search.poll(begin).unwrap();
    let control = search.poll(begin + millis(1_000)).unwrap();
    search.answered(hinted.number, begin + millis(1_200));
    search.answered(control.number, begin + millis(1_300));
    assert_eq!(search.poll(begin + millis(1_300)).unwrap().size, PacketSize(1_508));
}

#[test]
fn the_smallest_size_is_no_black_hole_because_probes_of_it_are_lost() {
    let mut scene = Scene::new(Limits::default(), 576);
    scene.run_until(is_confirmed);
    let mut sent = 0;
    scene.is_lost = Box::new(move || {
        sent += 1;
        sent % 2 == 1
    });
    for _ in 0..200 {
        scene.step();
        assert_eq!(scene.search.finding(), confirmed(576));
    }
}

#[test]
fn limits_in_disorder_are_put_in_order() {
    let limits = Limits {
        floor: PacketSize(1_000),
        base: PacketSize(500),
        most: PacketSize(900),
        step: 0,
        attempts: 0,
        ..Limits::default()
    };
    assert_eq!(Scene::new(limits, 1_500).run_until(is_confirmed), confirmed(1_000));
}

/// Losses in the worst order that has three of any ten.
fn three_of_ten(offset: usize) -> impl FnMut() -> bool {
    let mut sent = offset;
    move || {
        sent += 1;
        [0, 2, 4].contains(&(sent % 10))
    }
}

proptest! {
    #[test]
    fn the_size_is_found_within_a_step_and_never_more_than_passes(
        mtu in 576_u16..=9_216, most in prop_oneof![Just(1_500_u16), Just(9_216)],
        base in prop_oneof![Just(1_200_u16), Just(1_280)], step in 1_u16..64,
        (share, seed) in (0.0..0.3, any::<u64>()), is_regular in any::<bool>(),
        tells in any::<bool>()
    ) {
        let (base, most) = (PacketSize(base), PacketSize(most));
        let mut scene = Scene::new(Limits { base, most, step, ..Limits::default() }, mtu);
        scene.says = tells.then_some(mtu);
        let mut dice = Dice::new(seed);
        scene.is_lost = if is_regular {
            Box::new(three_of_ten((seed % 10) as usize))
        } else {
            Box::new(move || dice.share() < share)
        };
        let Finding::Confirmed(size) = scene.run_until(is_confirmed) else { unreachable!() };
        let passes = mtu.min(most.0);
        prop_assert!(size.0 <= passes && passes - size.0 < step, "{size} of {passes}");
        // And so it stays.
        for _ in 0..500 {
            scene.step();
            let Finding::Confirmed(size) = scene.search.finding() else {
                return Err(TestCaseError::fail("it is no black hole"));
            };
            prop_assert!(size.0 <= passes && passes - size.0 < step);
        }
    }

    #[test]
    fn a_path_that_changes_is_followed(
        sizes in prop::collection::vec(576_u16..=1_500, 1..5), (share, seed) in (0.0..0.2, any::<u64>())
    ) {
        let mut scene = Scene::new(Limits::default(), 1_500);
        let mut dice = Dice::new(seed);
        scene.is_lost = Box::new(move || dice.share() < share);
        for mtu in sizes {
            scene.mtu = mtu;
            scene.run_for(1_800);
            let Finding::Confirmed(size) = scene.search.finding() else {
                return Err(TestCaseError::fail("it is found by now"));
            };
            prop_assert!(size.0 <= mtu && mtu - size.0 < 8, "{size} of {mtu}");
        }
    }
}
