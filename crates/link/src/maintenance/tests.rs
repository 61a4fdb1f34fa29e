use proptest::prelude::*;

use super::*;
use crate::fixtures::origin;

const SECS: fn(u64) -> Duration = Duration::from_secs;
/// When the plan is made, in seconds of Unix time.
const MADE: u64 = 1_795_597_200;

fn window(path: &str, from: u64, until: u64) -> Window {
    let path = path.parse().unwrap();
    let (from, until) = ((MADE + from) * 1_000, (MADE + until) * 1_000);
    Window { path, from, until, why: "splice".to_owned() }
}

fn planned(after: u64, windows: &[Window]) -> Planned {
    Planned { now: (MADE + after) * 1_000, windows: windows.to_vec() }
}

/// A router, its clock that nobody sets, and how far its other clock is off.
struct Router {
    calendar: Calendar,
    begun: Instant,
    off: i64,
}

impl Router {
    /// Which heard the centre when the plan was made.
    fn told(windows: &[Window]) -> Self {
        let (mut calendar, begun) = (Calendar::default(), origin());
        assert!(calendar.hear(planned(0, windows), begun));
        Self { calendar, begun, off: 0 }
    }

    /// Which has the plan on its disk.
    fn alone(windows: &[Window]) -> Self {
        Self { calendar: Calendar::kept(planned(0, windows)), begun: origin(), off: 0 }
    }

    /// What is done so many seconds after the plan was made.
    fn at(&mut self, after: u64) -> Vec<String> {
        let begun = self.begun;
        let now = begun + SECS(after);
        let unix = SECS((MADE + after).checked_add_signed(self.off).unwrap());
        let told = |step| match step {
            Step::Begin { window, until } => {
                format!("{} until {}", window.path.as_str(), (until - begun).as_secs())
            }
            Step::Over { window } => format!("{} is over", window.path.as_str()),
            Step::End { window } => format!("{} back", window.path.as_str()),
        };
        self.calendar.look(unix, now).into_iter().map(told).collect()
    }

    fn hear(&mut self, after: u64, windows: &[Window]) {
        self.calendar.hear(planned(after, windows), self.begun + SECS(after));
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_path_is_set_aside_for_as_long_as_work_is_planned_with_and_without_the_centre() {
    let windows = [window("fibre", 100, 400), window("radio", 400, 500)];
    for mut router in [Router::told(&windows), Router::alone(&windows)] {
        for (after, steps) in [
            (0, &[][..]),
            (99, &[]),
            (100, &["fibre until 400"]),
            (200, &[]),
            (399, &[]),
            (400, &["fibre is over", "radio until 500"]),
            (500, &["radio is over"]),
            (501, &[]),
        ] {
            assert_eq!(router.at(after), steps, "{after}");
        }
    }
}

#[test]
fn an_agent_that_begins_within_work_sets_the_path_aside_for_the_rest_of_it() {
    let windows = [window("fibre", 100, 400)];
    assert_eq!(Router::alone(&windows).at(300), ["fibre until 400"]);
    assert_eq!(Router::told(&windows).at(300), ["fibre until 400"]);
    assert_eq!(Router::told(&windows).at(399), ["fibre until 400"]);
    assert_eq!(Router::told(&windows).at(400), NOTHING);
}

#[test]
fn work_that_is_cancelled_moved_or_made_longer_is_at_the_next_word_of_the_centre() {
    let windows = [window("fibre", 100, 400)];
    for (news, steps) in [
        (&[][..], &["fibre back"][..]),
        (&[window("fibre", 100, 600)], &["fibre back", "fibre until 600"]),
        (&[window("fibre", 300, 400)], &["fibre back"]),
        (&[window("fibre", 100, 400), window("fibre", 190, 250)], &[]),
        (
            &[window("fibre", 100, 400), window("fibre", 190, 500)],
            &["fibre back", "fibre until 500"],
        ),
        (&[window("radio", 150, 300)], &["fibre back", "radio until 300"]),
        (&windows, &[]),
    ] {
        for mut router in [Router::told(&windows), Router::alone(&windows)] {
            router.at(100);
            router.hear(200, news);
            assert_eq!(router.at(200), steps, "{news:?}");
        }
    }
}

#[test]
fn a_clock_that_is_wrong_does_not_matter_once_the_centre_was_heard() {
    for off in [-4_000_000, -250, 250, 4_000_000] {
        let mut router = Router::told(&[window("fibre", 100, 400)]);
        router.off = off;
        assert_eq!(router.at(99), NOTHING);
        assert_eq!(router.at(100), ["fibre until 400"], "{off}");
        router.off = -off;
        assert_eq!(router.at(250), NOTHING);
        assert_eq!(router.at(400), ["fibre is over"]);
    }
}

#[test]
fn a_clock_before_the_plan_was_made_sets_nothing_aside() {
    let mut router = Router::alone(&[window("fibre", 0, 400)]);
    router.off = -60;
    assert_eq!(router.at(50), NOTHING);
    assert_eq!(router.at(60), ["fibre until 460"]);
}

#[test]
fn work_by_a_wrong_clock_takes_no_longer_than_it_would_and_is_put_right_by_the_centre() {
    let windows = [window("fibre", 1_000, 1_300)];
    let mut early = Router::alone(&windows);
    early.off = 900;
    assert_eq!(early.at(100), ["fibre until 400"]);
    // The clock is set back and forth meanwhile: it goes on, and once.
    early.off = 0;
    assert_eq!(early.at(200), NOTHING);
    assert_eq!(early.at(400), ["fibre is over"]);
    early.off = 900;
    assert_eq!(early.at(401), NOTHING, "it has been");
    early.off = 700;
    assert_eq!(early.at(402), NOTHING, "it has been");
    early.hear(500, &windows);
    assert_eq!(early.at(500), NOTHING);
    assert_eq!(early.at(1_000), ["fibre until 1300"], "now it is, by the clock that counts");
    let mut early = Router::alone(&windows);
    early.off = 900;
    assert_eq!(early.at(150), ["fibre until 400"]);
    early.hear(160, &windows);
    assert_eq!(early.at(160), ["fibre back"], "it is not yet");
    assert_eq!(early.at(1_000), ["fibre until 1300"]);
    let mut late = Router::alone(&windows);
    late.off = -100;
    assert_eq!(late.at(1_150), ["fibre until 1400"]);
    late.hear(1_200, &windows);
    assert_eq!(late.at(1_200), ["fibre back", "fibre until 1300"]);
}

#[test]
fn no_path_is_set_aside_for_longer_than_the_longest_work() {
    let endless = window("fibre", 0, 90 * 86_400);
    let mut router = Router::told(&[endless]);
    let month = LONGEST.as_secs();
    assert_eq!(router.at(10), [format!("fibre until {}", month + 10)]);
    let many: Vec<_> = (0..1_000).map(|n| window("fibre", 10 * n, 10 * n + 1)).collect();
    let router = Router::told(&many);
    assert_eq!(router.calendar.planned().windows.len(), MOST);
}

proptest! {
    #[test]
    fn a_path_that_is_set_aside_comes_back_whatever_clocks_do(
        windows in prop::collection::vec((0_u64..1_000, 1_u64..500), 1..10),
        looks in prop::collection::vec((1_u64..60, -5_000_i64..5_000, 0_u8..10), 1..60),
        is_told in any::<bool>(),
    ) {
        let windows: Vec<_> =
            windows.into_iter().map(|(from, length)| window("fibre", from, from + length)).collect();
        let longest = windows.iter().map(Window::length).max().unwrap();
        let mut router = if is_told { Router::told(&windows) } else { Router::alone(&windows) };
        let (mut after, mut aside): (u64, Option<Instant>) = (0, None);
        for (pause, off, news) in looks {
            after += pause;
            let now = router.begun + SECS(after);
            if news == 0 {
                router.hear(after, &windows);
            }
            let unix = SECS((MADE + after).checked_add_signed(off).unwrap());
            for step in router.calendar.look(unix, now) {
                match step {
                    Step::Begin { until, .. } => {
                        prop_assert!(aside.is_none(), "it was set aside already");
                        prop_assert!(until > now && until - now <= longest);
                        aside = Some(until);
                    }
                    Step::Over { .. } | Step::End { .. } => prop_assert!(aside.take().is_some()),
                }
            }
            prop_assert!(aside.is_none_or(|until| until > now));
        }
    }
}
