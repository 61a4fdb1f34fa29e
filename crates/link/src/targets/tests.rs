use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::fixtures::{millis, origin};

const SECOND: Duration = Duration::from_secs(1);
const POLICY: TargetPolicy =
    TargetPolicy { every: SECOND, timeout: SECOND, missing: 3, of: 4, answered: 2 };
const FIRST: TargetNumber = TargetNumber(0);

/// One target and the time that passes for it.
struct Story {
    targets: Targets,
    now: Instant,
}

impl Story {
    fn new() -> Self {
        let now = origin();
        Self { targets: Targets::new([POLICY], now), now }
    }

    /// The probe of the next second; what was not answered before is lost.
    fn probe(&mut self) -> Probe {
        self.now = self.targets.next_deadline().unwrap();
        loop {
            if let Some(probe) = self.targets.poll(self.now) {
                return probe;
            }
            self.now = self.targets.next_deadline().unwrap();
        }
    }

    /// Probes of which some are answered (`+`), some are lost (`-`), and some are refused (`!`); the
    /// changes that follow.
    fn probes(&mut self, outcomes: &str) -> Vec<State> {
        for outcome in outcomes.chars() {
            let Probe { target, sequence } = self.probe();
            match outcome {
                '+' => {
                    self.targets.answer(target, Which::Number(sequence), self.now + millis(20));
                }
                '!' => self.targets.fail(Probe { target, sequence }, Failure::Refused, self.now),
                _ => {
                    self.now += POLICY.timeout;
                    // The last expires before the next is sent, as both are due then.
                    self.targets.fail(Probe { target, sequence }, Failure::Silent, self.now);
                }
            }
        }
        self.targets.take_changes().into_iter().map(|change| change.to).collect()
    }
}

#[test]
fn a_target_is_up_and_down_by_its_last_probes() {
    use State::{Down, Up};
    for (outcomes, changes) in [
        ("+", vec![]),
        ("++", vec![Up]),
        ("++--", vec![Up]),
        ("++---", vec![Up, Down]),
        ("++--+-", vec![Up, Down]),
        ("++-+-+-+-+", vec![Up]),
        ("---", vec![Down]),
        ("---+", vec![Down]),
        ("---++", vec![Down, Up]),
        ("---++-", vec![Down, Up]),
        ("---++---", vec![Down, Up, Down]),
        ("++!!!", vec![Up, Down]),
    ] {
        assert_eq!(Story::new().probes(outcomes), changes, "{outcomes}");
    }
}

#[test]
fn why_a_target_is_down_is_told() {
    let mut story = Story::new();
    story.probes("++!!");
    let Probe { target, sequence } = story.probe();
    story.targets.fail(Probe { target, sequence }, Failure::Status(503), story.now);
    let change = story.targets.take_changes()[0];
    assert_eq!(change.failure, Some(Failure::Status(503)));
    assert_eq!(change.failure.unwrap().to_string(), "it answers with status 503");
    assert_eq!((change.from, change.to), (State::Up, State::Down));
}

#[test]
fn a_way_is_open_while_the_latest_probe_of_which_it_is_known_was_answered() {
    for (outcomes, after, is_open) in [
        ("", 0, false),
        ("+", 1, true),
        ("---+", 1, true),
        ("+++-", 1, false),
        ("+++!", 1, false),
        ("+", 15, true),
        ("+", 16, false),
    ] {
        let mut story = Story::new();
        story.probes(outcomes);
        let now = story.now + after * SECOND;
        assert_eq!(story.targets.is_answering(FIRST, now), is_open, "{outcomes} {after}");
    }
    let mut story = Story::new();
    story.probes("+");
    story.probe();
    assert!(story.targets.is_answering(FIRST, story.now), "the last one is under way");
}

#[test]
fn a_probe_that_nobody_answers_is_lost_after_the_timeout() {
    let mut story = Story::new();
    for _ in 0..3 {
        story.probe();
    }
    assert_eq!(story.targets.state(FIRST), State::Unknown);
    story.probe();
    assert_eq!(story.targets.state(FIRST), State::Down);
    assert_eq!(story.targets.failure(FIRST), Some(Failure::Silent));
}

#[test]
fn an_answer_that_is_late_takes_the_loss_back() {
    let mut story = Story::new();
    let first = story.probe();
    let sent = story.now;
    story.probe();
    story.probe();
    assert_eq!(story.targets.record(FIRST).unwrap().loss_per_mille(), Some(1_000));
    story.targets.answer(FIRST, Which::Number(first.sequence), sent + millis(1_900));
    assert_eq!(story.targets.last(FIRST), Some(millis(1_900)));
    story.targets.answer(FIRST, Which::Number(first.sequence + 1), story.now);
    assert_eq!(story.targets.state(FIRST), State::Up);
    let record = story.targets.record(FIRST).unwrap();
    assert_eq!((record.loss_per_mille(), record.round_trips().len()), (Some(0), 2));
}

#[test]
fn a_refusal_is_not_taken_back_and_no_answer_counts_twice() {
    let mut story = Story::new();
    let probe = story.probe();
    story.targets.fail(probe, Failure::Refused, story.now);
    story.targets.answer(FIRST, Which::Number(probe.sequence), story.now);
    let probe = story.probe();
    for _ in 0..2 {
        story.targets.answer(FIRST, Which::Number(probe.sequence), story.now);
    }
    let record = story.targets.record(FIRST).unwrap();
    assert_eq!((record.loss_per_mille(), record.round_trips().len()), (Some(500), 1));
}

#[test]
fn an_answer_that_names_no_probe_is_that_of_the_latest() {
    let mut story = Story::new();
    story.probe();
    story.targets.answer(FIRST, Which::Any, story.now + millis(3));
    assert_eq!(story.targets.last(FIRST), Some(millis(3)));
    story.targets.answer(FIRST, Which::Any, story.now + millis(9));
    assert_eq!(story.targets.last(FIRST), Some(millis(3)), "there was one question");
}

#[test]
fn a_probe_that_had_no_room_says_nothing() {
    let mut story = Story::new();
    for _ in 0..10 {
        let probe = story.probe();
        story.targets.withdraw(probe);
    }
    assert_eq!(story.targets.state(FIRST), State::Unknown);
    assert_eq!(story.targets.record(FIRST).unwrap().loss_per_mille(), None);
}

#[test]
fn ten_thousand_targets_are_no_burst() {
    let begun = origin();
    let mut targets = Targets::new(std::iter::repeat_n(POLICY, 10_000), begun);
    for tick in 1..=300 {
        let now = begun + tick * millis(10);
        let mut asked = 0;
        while let Some(probe) = targets.poll(now) {
            targets.answer(probe.target, Which::Number(probe.sequence), now);
            asked += 1;
        }
        assert!((95..=105).contains(&asked), "{asked} at once");
    }
}

#[test]
fn times_that_nobody_looked_at_are_not_made_up_for() {
    let begun = origin();
    let mut targets = Targets::new([POLICY; 3], begun);
    let late = begun + 100 * SECOND;
    let mut asked = Vec::new();
    while let Some(probe) = targets.poll(late) {
        asked.push(probe.target.0);
    }
    asked.sort_unstable();
    assert_eq!(asked, [0, 1, 2]);
    assert!(targets.next_deadline().unwrap() > late);
}

#[test]
fn after_a_pause_and_with_any_intervals_all_are_asked_in_their_order() {
    let begun = origin();
    let intervals = [1_000, 700, 1_000, 300, 1_000, 700];
    let policies = intervals.map(|every| TargetPolicy { every: millis(every), ..POLICY });
    let mut targets = Targets::new(policies, begun);
    let mut asked = vec![Vec::new(); intervals.len()];
    let pauses = [millis(650), millis(2_350), 7 * SECOND, millis(10)];
    let mut now = begun;
    for pause in pauses.into_iter().chain(std::iter::repeat_n(millis(10), 1_000)) {
        now += pause;
        while let Some(probe) = targets.poll(now) {
            asked[probe.target.0 as usize].push(now);
            targets.withdraw(probe);
        }
        assert!(targets.next_deadline().unwrap() > now);
    }
    let mut seen = std::collections::BTreeSet::new();
    for (every, asked) in intervals.into_iter().zip(asked) {
        let regular = asked.iter().filter(|at| **at > begun + 10 * SECOND + millis(10));
        let regular: Vec<_> = regular.collect();
        let expected = 10_000 / every as usize;
        assert!((expected - 1..=expected + 1).contains(&regular.len()), "{every}: {regular:?}");
        let is_even =
            |pair: &[&Instant]| (*pair[1] - *pair[0]).abs_diff(millis(every)) <= millis(10);
        assert!(regular.windows(2).all(is_even), "{every}: {regular:?}");
        // Each has its own place in the interval, and nobody waits for the turn of another.
        assert!(regular.iter().all(|at| seen.insert((every, **at))), "{every}: {regular:?}");
    }
}

#[test]
fn who_waits_for_many_answers_asks_no_more() {
    let policy = TargetPolicy { every: millis(100), timeout: 100 * SECOND, ..POLICY };
    let begun = origin();
    let mut targets = Targets::new([policy], begun);
    let mut asked = 0;
    for tick in 0..50 {
        asked += usize::from(targets.poll(begun + tick * millis(100)).is_some());
    }
    assert_eq!(asked, 16);
}

#[test]
fn a_quorum_is_what_enough_targets_say() {
    use State::{Down, Unknown, Up};
    for (states, need, told) in [
        ([Up, Up, Up], 2, Some(true)),
        ([Up, Up, Down], 2, Some(true)),
        ([Up, Down, Down], 2, Some(false)),
        ([Up, Unknown, Unknown], 2, None),
        ([Unknown, Down, Down], 2, Some(false)),
        ([Unknown, Unknown, Down], 1, None),
        ([Down, Down, Down], 1, Some(false)),
        ([Up, Down, Down], 9, Some(false)),
        ([Up, Down, Down], 0, Some(true)),
    ] {
        let begun = origin();
        let mut targets = Targets::new([POLICY; 3], begun);
        for tick in 0..400 {
            while let Some(probe) = targets.poll(begun + tick * millis(10)) {
                let Probe { target, sequence } = probe;
                match states[target.0 as usize] {
                    Up => targets.answer(target, Which::Number(sequence), begun),
                    Down => targets.fail(probe, Failure::Refused, begun),
                    Unknown => targets.withdraw(probe),
                }
            }
        }
        let mut quorum = Quorum::new((0..3).map(TargetNumber).collect(), need);
        assert_eq!(quorum.look(&targets), told, "{need} of {states:?}");
    }
}

proptest! {
    #[test]
    fn a_target_changes_only_for_as_many_probes_as_are_set(outcomes in "[+-]{1,200}") {
        let mut story = Story::new();
        let changes = story.probes(&outcomes);
        prop_assert!(changes.windows(2).all(|pair| pair[0] != pair[1]));
        let lost = outcomes.matches('-').count();
        let downs = changes.iter().filter(|state| **state == State::Down).count();
        prop_assert!(downs * usize::from(POLICY.missing) <= lost, "{downs} of {lost}");
    }

    #[test]
    fn whatever_comes_a_target_keeps_few_probes(
        answers in prop::collection::vec((0_u32..40, 0_u64..3_000), 1..200)
    ) {
        let mut story = Story::new();
        for (sequence, after) in answers {
            story.probe();
            let at = story.now + millis(after);
            story.targets.answer(FIRST, Which::Number(sequence), at);
            let record = story.targets.record(FIRST).unwrap();
            prop_assert!(record.loss_per_mille().unwrap_or_default() <= 1_000);
        }
    }
}
