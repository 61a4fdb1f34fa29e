use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;
use crate::Mos;
use crate::fixtures::{Dice, key, millis, origin};
use crate::stamp::{Format, Origin};

fn settings() -> Settings {
    Settings {
        session: SessionId(7),
        key: None,
        reflection: Reflection::Stateful,
        interval: millis(200),
        sizes: Sizes::Alternating([64, 1_400]),
        timeout: millis(2_000),
        remembered: NonZeroUsize::new(100).unwrap(),
    }
}

fn clock() -> ErrorEstimate {
    ErrorEstimate::unsynchronised(Format::Ntp, millis(10))
}

/// A sender, and the reflector of its packets, on a clock of the test.
struct Scene {
    sender: Sender,
    begin: Instant,
    /// What the two walls show ahead of 2024, in milliseconds.
    walls: (u64, u64),
    /// The number of the reflector's next answer.
    number: u32,
    error: ErrorEstimate,
}

impl Scene {
    fn new(settings: Settings) -> Self {
        Self::starting_at(0, settings)
    }

    fn starting_at(sequence: u64, settings: Settings) -> Self {
        let begin = origin();
        let sender = Sender::starting_at(sequence, settings, clock(), begin);
        Self { sender, begin, walls: (0, 0), number: 0, error: clock() }
    }

    fn wall(ahead: u64, at: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_704_067_200) + millis(ahead + at)
    }

    fn at(&self, at: u64) -> Reading {
        Reading { now: self.begin + millis(at), wall: Self::wall(self.walls.0, at) }
    }

    /// What is sent then.
    fn send(&mut self, at: u64) -> Option<SenderPacket> {
        let (mut packet, at) = ([0; 1_500], self.at(at));
        let length = self.sender.poll(at, &mut packet)?;
        let authentication = authentication(&self.sender.settings);
        Some(SenderPacket::parse(&packet[..length], authentication).unwrap())
    }

    /// The answer to a packet that arrives then, and is answered a millisecond later.
    fn reflect(&mut self, asked: SenderPacket, at: u64) -> ReflectorPacket {
        let stamp = |at| Timestamp::of(Self::wall(self.walls.1, at), self.error.format());
        let sequence = self.number;
        self.number += 1;
        ReflectorPacket {
            sequence,
            timestamp: stamp(at + 1),
            error: self.error,
            session: asked.session,
            received: stamp(at),
            origin: Origin {
                sequence: asked.sequence,
                timestamp: asked.timestamp,
                error: asked.error,
                ttl: 255,
            },
        }
    }

    fn receive(&mut self, answer: ReflectorPacket, at: u64) -> Result<Answer, AnswerError> {
        let mut octets = [0; 112];
        answer.write(authentication(&self.sender.settings), &mut octets).unwrap();
        self.sender.receive(&octets, self.at(at))
    }

    /// Sends one, and brings its answer after so long.
    fn exchange(&mut self, at: u64, after: u64) -> Answer {
        let asked = self.send(at).unwrap();
        let answer = self.reflect(asked, at + after / 2);
        self.receive(answer, at + after).unwrap()
    }

    fn report(&mut self, at: u64) -> Report {
        self.sender.report(self.begin + millis(at))
    }
}

#[test]
fn packets_go_out_each_interval_in_lengths_that_alternate() {
    let mut scene = Scene::new(settings());
    let mut lengths = Vec::new();
    for at in (0..1_000).step_by(50) {
        let (at, mut packet) = (scene.at(at), [0; 1_500]);
        lengths.extend(scene.sender.poll(at, &mut packet));
    }
    assert_eq!(lengths, [64, 1_400, 64, 1_400, 64]);
    assert_eq!(scene.sender.next_deadline(), scene.begin + millis(1_000));
}

#[test]
fn a_proved_packet_is_as_long_as_its_proof_needs() {
    let mut scene = Scene::new(Settings { key: Some(key()), ..settings() });
    let (at, mut packet) = (scene.at(0), [0; 1_500]);
    assert_eq!(scene.sender.poll(at, &mut packet), Some(112));
}

#[test]
fn time_that_nobody_called_is_not_made_good_for() {
    let mut scene = Scene::new(settings());
    assert!(scene.send(10_000).is_some());
    assert!(scene.send(10_000).is_none() && scene.send(10_199).is_none());
    assert!(scene.send(10_200).is_some());
}

#[test]
fn another_interval_takes_effect_at_once_and_keeps_what_is_known() {
    let mut scene = Scene::new(Settings { interval: millis(1_000), ..settings() });
    scene.exchange(0, 30);
    scene.sender.set_interval(millis(200));
    assert_eq!(scene.sender.next_deadline(), scene.begin + millis(200));
    assert_eq!(scene.send(200).unwrap().sequence, 1);
    scene.sender.set_interval(millis(1_000));
    assert!(scene.send(400).is_some() && scene.send(1_399).is_none());
    assert_eq!(scene.report(1_400).answered, 1);
}

#[test]
fn a_round_trip_is_without_what_the_reflector_needed() {
    let answer = Scene::new(settings()).exchange(0, 31);
    assert_eq!(answer.round_trip, Some(millis(30)));
    assert_eq!((answer.standing, answer.ttl), (Standing::InTime, 255));
}

#[test]
fn a_packet_that_left_later_is_measured_from_then() {
    let mut scene = Scene::new(settings());
    let asked = scene.send(0).unwrap();
    let left = scene.begin + millis(4);
    scene.sender.left(asked.sequence, left);
    scene.sender.left(asked.sequence, scene.begin);
    scene.sender.left(asked.sequence + 1, left);
    assert_eq!(scene.sender.next_deadline(), scene.begin + millis(200));
    let answer = scene.reflect(asked, 20);
    assert_eq!(scene.receive(answer, 41).unwrap().round_trip, Some(millis(36)));
}

#[test]
fn a_wall_clock_that_is_set_does_not_show_in_round_trips() {
    // Either wall goes forward an hour, or back one, while the packet is on its way.
    for (own, theirs) in [(3_600_000, 0), (0, 3_600_000), (7_200_000, 7_200_000)] {
        let mut scene = Scene::new(settings());
        scene.walls = (3_600_000, 3_600_000);
        let asked = scene.send(0).unwrap();
        scene.walls = (own, theirs);
        let answer = scene.reflect(asked, 10);
        assert_eq!(scene.receive(answer, 21).unwrap().round_trip, Some(millis(20)));
    }
}

#[test]
fn a_reflectors_clock_that_is_set_between_its_stamps_gives_no_round_trip() {
    for (received, sent) in [(10, 5), (10, 100_000)] {
        let mut scene = Scene::new(settings());
        let asked = scene.send(0).unwrap();
        let mut answer = scene.reflect(asked, 10);
        answer.received = Timestamp::of(Scene::wall(0, received), Format::Ntp);
        answer.timestamp = Timestamp::of(Scene::wall(0, sent), Format::Ntp);
        let told = scene.receive(answer, 21).unwrap();
        assert_eq!((told.standing, told.round_trip), (Standing::InTime, None));
        let report = scene.report(30);
        assert_eq!((report.answered, report.round_trips.len()), (1, 0));
    }
}

#[test]
fn delays_one_way_need_two_synchronised_clocks() {
    let good = |format| ErrorEstimate::synchronised(format, millis(1));
    for (own, theirs, expected) in [
        (clock(), good(Format::Ntp), None),
        (good(Format::Ntp), clock(), None),
        (good(Format::Ntp), good(Format::Ntp), Some((10, 20))),
        (good(Format::Ptp), good(Format::Ntp), Some((10, 20))),
        (good(Format::Ntp), good(Format::Ptp), Some((10, 20))),
    ] {
        let mut scene = Scene::new(settings());
        scene.sender.set_error(own);
        scene.error = theirs;
        let asked = scene.send(0).unwrap();
        let answer = scene.reflect(asked, 10);
        let told = scene.receive(answer, 31).unwrap().one_way;
        let expected =
            expected.map(|(there, back)| OneWay { forward: millis(there), backward: millis(back) });
        assert_eq!(told, expected, "{own:?} {theirs:?}");
    }
}

#[test]
fn clocks_that_cannot_both_be_right_give_no_delay_one_way() {
    // One of them counts TAI where it says UTC.
    for walls in [(0, 37_000), (37_000, 0)] {
        let mut scene = Scene::new(settings());
        scene.sender.set_error(ErrorEstimate::synchronised(Format::Ntp, millis(1)));
        (scene.walls, scene.error) = (walls, ErrorEstimate::synchronised(Format::Ntp, millis(1)));
        let asked = scene.send(0).unwrap();
        let answer = scene.reflect(asked, 10);
        assert_eq!(scene.receive(answer, 31).unwrap().one_way, None);
    }
}

#[test]
fn a_loss_is_told_with_its_direction() {
    let mut scene = Scene::new(settings());
    scene.exchange(0, 20);
    scene.send(200).unwrap();
    let lost_on_its_way_back = scene.send(400).unwrap();
    scene.reflect(lost_on_its_way_back, 410);
    let lost_too = scene.send(600).unwrap();
    scene.reflect(lost_too, 610);
    scene.exchange(800, 20);
    let report = scene.report(2_199);
    assert_eq!((report.sent, report.answered, report.lost), (5, 2, 0), "not yet");
    let report = scene.report(3_000);
    assert_eq!((report.lost, report.lost_forward, report.lost_backward), (3, 1, 2));
    assert_eq!(scene.sender.losses(), Losses { forward: 1, backward: 2 });
    assert_eq!(scene.report(4_000), Report::default());
}

#[test]
fn losses_before_which_nothing_or_after_which_nothing_is_answered_have_no_direction_yet() {
    let mut scene = Scene::new(settings());
    scene.exchange(0, 20);
    for at in (200..1_000).step_by(200) {
        scene.send(at).unwrap();
    }
    let report = scene.report(3_000);
    assert_eq!((report.lost, report.lost_forward, report.lost_backward), (4, 0, 0));
    scene.exchange(3_000, 20);
    let report = scene.report(3_100);
    assert_eq!((report.lost, report.lost_forward, report.lost_backward), (0, 4, 0));
}

#[test]
fn a_long_cut_in_one_direction_is_told_though_its_packets_are_forgotten() {
    for (arrives, expected) in [
        (false, Losses { forward: 500, backward: 0 }),
        (true, Losses { forward: 0, backward: 500 }),
    ] {
        let mut scene = Scene::new(settings());
        scene.exchange(0, 20);
        for number in 1..=500 {
            let asked = scene.send(number * 200).unwrap();
            if arrives {
                scene.reflect(asked, number * 200 + 10);
            }
        }
        scene.exchange(501 * 200, 20);
        scene.report(103_000);
        assert_eq!(scene.sender.losses(), expected);
    }
}

#[test]
fn a_late_answer_takes_the_verdict_back() {
    let mut scene = Scene::new(settings());
    scene.exchange(0, 20);
    let slow = scene.send(200).unwrap();
    let slow = scene.reflect(slow, 210);
    scene.exchange(400, 20);
    let report = scene.report(2_500);
    assert_eq!((report.lost, report.late, report.lost_backward), (1, 0, 1));
    let answer = scene.receive(slow, 2_600).unwrap();
    assert_eq!((answer.standing, answer.is_reordered), (Standing::Late, true));
    let report = scene.report(3_000);
    assert_eq!((report.answered, report.late, report.lost_backward), (0, 1, 0));
    assert!(report.round_trips.is_empty(), "it is no good round trip");
    assert_eq!(scene.sender.losses(), Losses::default());
    let lost_on_its_way_back = scene.send(3_000).unwrap();
    scene.reflect(lost_on_its_way_back, 3_010);
    scene.exchange(3_200, 20);
    assert_eq!(scene.report(6_000).lost_backward, 1, "the next is told as well");
}

#[test]
fn answers_that_all_come_late_and_in_disorder_leave_the_right_losses() {
    let mut scene = Scene::new(settings());
    let asked: Vec<_> = (0..5).filter_map(|number| scene.send(number * 200)).collect();
    // The network keeps them; the last but one is lost, and the first two change places.
    let answers = [1, 0, 2, 4].map(|number| scene.reflect(asked[number], 4_000));
    assert_eq!(scene.report(4_010).lost, 5);
    for (answer, at) in [(answers[2], 4_020), (answers[1], 4_021), (answers[3], 4_022)] {
        scene.receive(answer, at).unwrap();
    }
    let told = scene.sender.losses();
    assert_eq!(told, Losses { forward: 2, backward: 0 }, "nothing shows that the second arrived");
    scene.receive(answers[0], 4_023).unwrap();
    assert_eq!(scene.sender.losses(), Losses { forward: 1, backward: 0 });
    assert_eq!(scene.report(5_000).late, 4);
}

#[test]
fn what_overtakes_at_the_very_beginning_hides_no_later_loss() {
    let mut scene = Scene::new(settings());
    let (first, second) = (scene.send(0).unwrap(), scene.send(200).unwrap());
    let second = scene.reflect(second, 210);
    let first = scene.reflect(first, 211);
    scene.receive(second, 220).unwrap();
    scene.receive(first, 221).unwrap();
    let lost_on_its_way_back = scene.send(400).unwrap();
    scene.reflect(lost_on_its_way_back, 410);
    scene.exchange(600, 20);
    scene.report(3_000);
    assert_eq!(scene.sender.losses(), Losses { forward: 0, backward: 1 });
}

#[test]
fn what_is_no_longer_remembered_stays_lost() {
    let mut scene =
        Scene::new(Settings { remembered: NonZeroUsize::new(4).unwrap(), ..settings() });
    let slow = scene.send(0).unwrap();
    let slow = scene.reflect(slow, 10);
    for at in (200..=800).step_by(200) {
        scene.exchange(at, 20);
    }
    assert_eq!(scene.receive(slow, 850), Err(AnswerError::Unknown(0)));
    let report = scene.report(900);
    assert_eq!((report.sent, report.answered, report.lost), (5, 4, 1));
    scene.send(1_000).unwrap();
    assert_eq!(scene.report(3_000).lost, 1, "time goes on for the others");
}

#[test]
fn an_answer_twice_is_counted_once() {
    let mut scene = Scene::new(settings());
    scene.exchange(0, 20);
    let asked = scene.send(200).unwrap();
    let answer = scene.reflect(asked, 210);
    scene.receive(answer, 220).unwrap();
    assert_eq!(scene.receive(answer, 221).unwrap().standing, Standing::Duplicate);
    // Now the packet itself came twice, so that the reflector counts one more.
    let again = scene.reflect(asked, 222);
    assert_eq!(scene.receive(again, 230).unwrap().standing, Standing::Duplicate);
    scene.send(400).unwrap();
    scene.exchange(600, 20);
    let report = scene.report(3_000);
    assert_eq!((report.answered, report.duplicates, report.lost), (3, 2, 1));
    assert_eq!((report.lost_forward, report.lost_backward), (1, 0));
}

#[test]
fn packets_that_overtake_are_counted_and_not_lost() {
    let mut scene = Scene::new(settings());
    scene.exchange(0, 20);
    let (first, second) = (scene.send(200).unwrap(), scene.send(400).unwrap());
    let second = scene.reflect(second, 410);
    let first = scene.reflect(first, 411);
    assert!(!scene.receive(second, 420).unwrap().is_reordered);
    assert!(scene.receive(first, 421).unwrap().is_reordered);
    scene.exchange(600, 20);
    let report = scene.report(3_000);
    assert_eq!((report.answered, report.reordered, report.lost, report.restarts), (4, 1, 0, 0));
    assert_eq!(scene.sender.losses(), Losses::default());
}

#[test]
fn a_reflector_that_begins_anew_loses_nothing() {
    for lived in [1, 3, 50, 150, 400] {
        let mut scene = Scene::new(settings());
        for exchange in 0..lived {
            scene.exchange(exchange * 200, 20);
        }
        scene.number = 0;
        let answer = scene.exchange(lived * 200, 20);
        assert!(answer.is_restart, "{lived}");
        assert!(!scene.exchange((lived + 1) * 200, 20).is_restart);
        scene.send((lived + 2) * 200).unwrap();
        scene.exchange((lived + 3) * 200, 20);
        let report = scene.report((lived + 20) * 200);
        assert_eq!((report.restarts, report.lost), (1, 1), "{lived}");
        assert_eq!(scene.sender.losses(), Losses { forward: 1, backward: 0 }, "{lived}");
    }
}

#[test]
fn losses_in_one_life_of_the_reflector_are_kept_in_the_next() {
    let mut scene = Scene::new(settings());
    scene.exchange(0, 20);
    scene.send(200).unwrap();
    let slow = scene.send(400).unwrap();
    let slow = scene.reflect(slow, 410);
    scene.exchange(600, 20);
    scene.number = 0;
    assert!(scene.exchange(800, 20).is_restart);
    scene.report(3_000);
    assert_eq!(scene.sender.losses(), Losses { forward: 1, backward: 1 });
    scene.receive(slow, 3_010).unwrap();
    let told = scene.sender.losses();
    assert_eq!(told, Losses { forward: 1, backward: 0 }, "also of a life that is over");
    scene.send(3_200).unwrap();
    scene.exchange(3_400, 20);
    assert_eq!(scene.report(6_000).late, 1);
    assert_eq!(scene.sender.losses(), Losses { forward: 2, backward: 0 });
}

#[test]
fn a_stateless_reflector_gives_no_direction() {
    let mut scene = Scene::new(Settings { reflection: Reflection::Stateless, ..settings() });
    for (number, is_answered) in [true, false, true, false, true].into_iter().enumerate() {
        let at = number as u64 * 200;
        let asked = scene.send(at).unwrap();
        scene.number = asked.sequence;
        let answer = scene.reflect(asked, at + 10);
        if is_answered {
            scene.receive(answer, at + 20).unwrap();
        }
    }
    let report = scene.report(5_000);
    assert_eq!((report.answered, report.lost), (3, 2));
    assert_eq!(scene.sender.losses(), Losses::default());
}

#[test]
fn jitter_compares_packets_of_one_length() {
    // Long packets take 9 ms more on this path, always: that is no jitter.
    let mut scene = Scene::new(settings());
    for (number, after) in [21, 30, 21, 30, 23, 34].into_iter().enumerate() {
        scene.exchange(number as u64 * 200, after);
    }
    // 21 21 23 and 30 30 34: by 0, 2, 0, 4.
    assert_eq!(scene.report(1_300).jitter, Some(Duration::from_micros(1_500)));
    assert_eq!(scene.report(1_400).jitter, None);
}

#[test]
fn an_overtaken_packet_is_not_compared() {
    let mut scene = Scene::new(Settings { sizes: Sizes::One(64), ..settings() });
    scene.exchange(0, 21);
    let slow = scene.send(200).unwrap();
    let slow = scene.reflect(slow, 300);
    scene.exchange(400, 23);
    scene.receive(slow, 700).unwrap();
    scene.exchange(800, 27);
    // 21 23 27, without the one that took 500.
    assert_eq!(scene.report(1_000).jitter, Some(millis(3)));
}

#[test]
fn a_report_has_what_the_path_is_judged_by() {
    let mut scene = Scene::new(settings());
    for number in 0..8 {
        scene.exchange(number * 200, 21 + number);
    }
    scene.send(1_600).unwrap();
    scene.send(1_800).unwrap();
    let report = scene.report(4_000);
    assert_eq!((report.sent, report.answered, report.lost), (10, 8, 2));
    assert_eq!((report.least(), report.most()), (Some(millis(20)), Some(millis(27))));
    assert_eq!(report.loss(), 0.2);
    let expected = Mos::of(millis(24), report.jitter.unwrap(), 0.2);
    let told = report.mos().unwrap().hundredths();
    assert!(told.abs_diff(expected.hundredths()) <= 1, "{told} {expected}");
    assert_eq!(scene.report(4_000).mos(), None);
}

#[test]
fn only_answers_to_what_was_sent_are_taken() {
    let mut scene = Scene::new(settings());
    let asked = scene.send(0).unwrap();
    let answer = scene.reflect(asked, 10);
    let other = ReflectorPacket { session: SessionId(8), ..answer };
    assert_eq!(scene.receive(other, 20), Err(AnswerError::OtherSession(SessionId(8))));
    let mut other = answer;
    other.origin.timestamp = Timestamp::from_bits(answer.origin.timestamp.bits() ^ 1);
    assert_eq!(scene.receive(other, 20), Err(AnswerError::OtherStamp(0)));
    for sequence in [1, u32::MAX, 0x8000_0000] {
        let mut other = answer;
        other.origin.sequence = sequence;
        assert_eq!(scene.receive(other, 20), Err(AnswerError::Unknown(sequence)));
    }
    let old = ReflectorPacket { session: SessionId(0), ..answer };
    assert_eq!(scene.receive(old, 20).unwrap().standing, Standing::InTime, "RFC 8972 s3");
    assert_eq!(scene.receive(answer, 20).unwrap().standing, Standing::Duplicate);
}

/// What the network does with one packet.
#[derive(Debug, Clone, Copy)]
struct Fate {
    lost_forward: bool,
    lost_backward: bool,
}

/// Runs packets through a network that loses as told, and says what the sender found.
fn found(start: u64, first_number: u32, fates: &[Fate]) -> (Losses, u32, u32) {
    let mut scene = Scene::starting_at(start, settings());
    scene.number = first_number;
    let (mut lost, mut late) = (0, 0);
    for (number, fate) in fates.iter().enumerate() {
        let at = number as u64 * 200;
        let asked = scene.send(at).unwrap();
        if !fate.lost_forward {
            let answer = scene.reflect_wrapping(asked, at + 10);
            if !fate.lost_backward {
                scene.receive(answer, at + 20).unwrap();
            }
        }
        let report = scene.report(at + 50);
        lost += report.lost;
        late += report.late;
    }
    let report = scene.report(fates.len() as u64 * 200 + 5_000);
    (scene.sender.losses(), lost + report.lost, late + report.late)
}

impl Scene {
    fn reflect_wrapping(&mut self, asked: SenderPacket, at: u64) -> ReflectorPacket {
        let number = self.number;
        self.number = 0;
        let answer = self.reflect(asked, at);
        self.number = number.wrapping_add(1);
        ReflectorPacket { sequence: number, ..answer }
    }
}

proptest! {
    #[test]
    fn losses_are_told_exactly_in_each_direction_across_the_turn_of_numbers(
        start in prop_oneof![Just(0_u64), u64::from(u32::MAX) - 150..=u64::from(u32::MAX)],
        first_number in prop_oneof![Just(0_u32), u32::MAX - 150..=u32::MAX],
        losses in prop::collection::vec((0.0..1.0, 0.0..1.0), 0..200),
        (forward, backward) in (0.0..0.6, 0.0..0.6)
    ) {
        let kept = Fate { lost_forward: false, lost_backward: false };
        let mut fates = vec![kept];
        fates.extend(losses.iter().map(|(there, back)| Fate {
            lost_forward: *there < forward,
            lost_backward: *back < backward,
        }));
        fates.push(kept);
        let lost_forward = fates.iter().filter(|fate| fate.lost_forward).count() as u64;
        let lost = fates.iter().filter(|fate| fate.lost_forward || fate.lost_backward).count();
        let expected = Losses { forward: lost_forward, backward: lost as u64 - lost_forward };
        let told = found(start, first_number, &fates);
        prop_assert_eq!(told, (expected, lost as u32, 0));
    }

    #[test]
    fn a_bad_network_is_counted_right_in_the_end(seed in any::<u64>()) {
        let (told, expected) = storm(seed);
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn any_octets_are_taken_or_refused_without_panic(
        octets in prop::collection::vec(any::<u8>(), 0..160), proved in any::<bool>()
    ) {
        let mut scene = Scene::new(Settings { key: proved.then(key), ..settings() });
        scene.send(0).unwrap();
        let at = scene.at(20);
        let _ = scene.sender.receive(&octets, at);
    }
}

/// A network that loses, delays by up to 3 s, overtakes and repeats: what is told of it, and what was
/// so. Reports are added up as whoever keeps them does.
fn storm(seed: u64) -> ([u64; 5], [u64; 5]) {
    let (mut scene, mut dice) = (Scene::new(settings()), Dice::new(seed));
    let (mut arriving, mut coming) = (Vec::new(), Vec::new());
    let (mut lost_forward, mut lost_backward, mut late, mut repeated) = (0, 0, 0, 0);
    let mut told = [0; 5];
    let calm = |at: u64| !(400..60_000).contains(&at);
    for at in 0..70_000 {
        if at < 65_000
            && let Some(asked) = scene.send(at)
        {
            let delay = if dice.share() < 0.02 && !calm(at) {
                2_500
            } else {
                10 + (dice.share() * 5.0) as u64
            };
            match dice.share() {
                share if share < 0.1 && !calm(at) => lost_forward += 1,
                _ => arriving.push((at + delay, asked)),
            }
        }
        while let Some(place) = arriving.iter().position(|(due, _)| *due <= at) {
            let (_, asked) = arriving.remove(place);
            let answer = scene.reflect(asked, at);
            match dice.share() {
                share if share < 0.1 && !calm(at) => lost_backward += 1,
                share => {
                    let delay = 10 + (dice.share() * 400.0) as u64;
                    coming.push((at + if calm(at) { 10 } else { delay }, answer));
                    if share > 0.95 {
                        repeated += 1;
                        coming.push((at + 500, answer));
                    }
                }
            }
        }
        while let Some(place) = coming.iter().position(|(due, _)| *due <= at) {
            let (_, answer) = coming.remove(place);
            let answer = scene.receive(answer, at).unwrap();
            late += u64::from(answer.standing == Standing::Late);
        }
        if at % 1_000 == 0 || at == 69_999 {
            let report = scene.report(at);
            told[0] = told[0] + u64::from(report.lost) - u64::from(report.late);
            told[1] += u64::from(report.late);
            told[2] += u64::from(report.duplicates);
        }
    }
    let losses = scene.sender.losses();
    told[3..].copy_from_slice(&[losses.forward, losses.backward]);
    (told, [lost_forward + lost_backward, late, repeated, lost_forward, lost_backward])
}
