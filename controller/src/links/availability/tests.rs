use domain::Zone;
use proptest::prelude::*;

use super::*;

/// A day that begins at midnight.
fn day() -> Span {
    Span::new(clock("00:00:00"), clock("00:00:00") + Duration::from_secs(86_400))
}

fn clock(text: &str) -> Timestamp {
    format!("2026-10-01T{text}Z").parse().unwrap()
}

fn late() -> Timestamp {
    clock("00:00:00") + Duration::from_secs(10 * 86_400)
}

fn spans(of: &[(&str, &str)]) -> Spans {
    of.iter().map(|(from, until)| Span::new(clock(from), clock(until))).collect()
}

fn outage(from: &str, until: &str, cause: &str) -> Outage {
    Outage { from: clock(from), until: Some(clock(until)), cause: cause.to_owned() }
}

fn line(outages: Vec<Outage>) -> LineHistory {
    LineHistory {
        line: "fibre".to_owned(),
        watched_since: Timestamp::from_millis(0),
        outages,
        silent: Spans::default(),
        maintenance: Spans::default(),
        proven: Spans::default(),
        clock_steps: Vec::new(),
    }
}

/// A list of outages of which every second is counted by hand.
fn scripted() -> LineHistory {
    LineHistory {
        // 00:00 to 00:10: nobody looked.
        watched_since: clock("00:10:00"),
        outages: vec![
            // 600 s, cut.
            outage("01:00:00", "01:10:00", "cut"),
            // Overlaps the next: 300 s alone, and the 300 s that both have.
            outage("02:00:00", "02:10:00", "radio-fade"),
            outage("02:05:00", "02:20:00", "cut"),
            // Maintenance from 03:30 to 04:00: 1,800 s before it, 600 s after it, one outage.
            outage("03:00:00", "04:10:00", "power"),
            // While the agent is silent, too: the other end says so. 900 s.
            outage("06:00:00", "06:15:00", "site-dark"),
            // An empty one, as a clock that was put back leaves.
            outage("08:00:00", "07:59:00", "unknown"),
        ],
        // 30 minutes, of which a quarter of an hour is down: 900 s unknown.
        silent: spans(&[("06:00:00", "06:30:00")]),
        // 1,800 s.
        maintenance: spans(&[("03:30:00", "04:00:00")]),
        // Two hours, of which half an hour is before anything else counts: 5,400 s.
        proven: spans(&[("03:00:00", "05:00:00")]),
        ..line(Vec::new())
    }
}

fn seconds(duration: Duration) -> u64 {
    assert_eq!(duration.subsec_nanos(), 0);
    duration.as_secs()
}

#[test]
fn a_scripted_day_is_counted_to_the_second() {
    let figures = scripted().figures(day(), late());
    assert_eq!(seconds(figures.unwatched), 600);
    assert_eq!(seconds(figures.excluded), 1_800);
    assert_eq!(seconds(figures.down), 600 + 1_200 + 2_400 + 900);
    assert_eq!(seconds(figures.unknown), 900);
    assert_eq!(seconds(figures.up), 86_400 - 600 - 1_800 - 5_100 - 900);
    let by_cause: Vec<(&str, u64)> =
        figures.by_cause.iter().map(|(cause, down)| (cause.as_str(), seconds(*down))).collect();
    // Each moment once: the fade began before the cut that overlaps it.
    assert_eq!(
        by_cause,
        [("cut", 1_200), ("power", 2_400), ("radio-fade", 600), ("site-dark", 900)]
    );
    assert_eq!((figures.outages, figures.repaired), (4, 4));
    assert_eq!(seconds(figures.mttr().unwrap()), 5_100 / 4);
    assert_eq!(seconds(figures.mtbf().unwrap()), 78_000 / 4);
    assert_eq!(seconds(figures.proven), 5_400);
    let availability = figures.availability().unwrap();
    assert!((availability - 78_000.0 / 83_100.0).abs() < 1e-12, "{availability}");
    let readiness = figures.readiness().unwrap();
    assert!((readiness - 5_400.0 / 83_100.0).abs() < 1e-12, "{readiness}");
}

#[test]
fn what_crosses_the_edge_of_a_period_is_cut_there() {
    let history = line(vec![outage("01:00:00", "03:00:00", "cut")]);
    let [early, late_half] = [("00:00:00", "02:00:00"), ("02:00:00", "06:00:00")]
        .map(|(from, until)| history.figures(Span::new(clock(from), clock(until)), late()));
    assert_eq!([seconds(early.down), seconds(late_half.down)], [3_600, 3_600]);
    assert_eq!([early.outages, late_half.outages], [1, 0], "it began once");
    assert_eq!([early.repaired, late_half.repaired], [0, 1]);
    assert_eq!(seconds(late_half.mttr().unwrap()), 7_200, "and took two hours");
    assert_eq!(early.mttr(), None);
}

#[test]
fn what_goes_on_counts_until_now_and_what_is_to_come_does_not() {
    let mut history = line(vec![outage("01:00:00", "02:00:00", "cut")]);
    history.outages[0].until = None;
    let figures = history.figures(day(), clock("01:30:00"));
    assert_eq!(seconds(figures.down), 1_800);
    assert_eq!(seconds(figures.unwatched), 86_400 - 5_400);
    assert_eq!((figures.outages, figures.repaired), (1, 0));
}

#[test]
fn an_office_is_up_while_any_line_is() {
    let fibre =
        line(vec![outage("01:00:00", "02:00:00", "cut"), outage("05:00:00", "05:10:00", "cut")]);
    let radio = LineHistory {
        outages: vec![
            outage("01:30:00", "01:40:00", "radio-fade"),
            // Without a fibre there is nothing left, from 05:05 to 05:10.
            outage("05:05:00", "05:20:00", "power"),
        ],
        // Nobody knows of the radio while the fibre is down: 300 s.
        silent: spans(&[("01:50:00", "01:55:00")]),
        // Only the radio is worked on, and the fibre carries.
        maintenance: spans(&[("10:00:00", "11:00:00")]),
        proven: spans(&[("00:00:00", "12:00:00")]),
        ..line(Vec::new())
    };
    let on_backup = spans(&[("01:00:00", "02:00:30"), ("05:00:00", "05:10:30")]);
    let office = ServiceHistory { site: "hofuf".to_owned(), lines: vec![fibre, radio], on_backup };
    let figures = office.figures(day(), late());
    assert_eq!(seconds(figures.down), 600 + 300);
    assert_eq!(seconds(figures.unknown), 300);
    assert_eq!(seconds(figures.excluded), 0);
    assert_eq!(seconds(figures.up), 86_400 - 1_200);
    assert_eq!(figures.by_cause["radio-fade"], Duration::from_secs(600));
    assert_eq!(figures.by_cause["power"], Duration::from_secs(300), "what failed last");
    assert_eq!((figures.outages, figures.repaired), (2, 2));
    assert_eq!(seconds(figures.on_backup), 3_630 + 630);
    assert_eq!(seconds(figures.proven), 43_200 - 300, "of what is known");
}

#[test]
fn an_office_in_maintenance_is_excluded_only_while_no_line_counts() {
    let both = |maintenance: Spans| LineHistory { maintenance, ..line(Vec::new()) };
    let work = spans(&[("10:00:00", "11:00:00")]);
    let lines = vec![both(work.clone()), both(work.clone())];
    let office = ServiceHistory { site: "hofuf".to_owned(), lines, on_backup: Spans::default() };
    assert_eq!(seconds(office.figures(day(), late()).excluded), 3_600);
    let failed = line(vec![outage("10:30:00", "10:40:00", "cut")]);
    let lines = vec![both(work), failed];
    let office = ServiceHistory { site: "hofuf".to_owned(), lines, on_backup: Spans::default() };
    let figures = office.figures(day(), late());
    assert_eq!(seconds(figures.excluded), 0, "the other line was to carry it");
    assert_eq!(seconds(figures.down), 600);
}

#[test]
fn a_clock_that_jumps_is_told_of_and_not_counted() {
    let live = |at: &str, heard: &str| Sample { at: clock(at), heard: Some(clock(heard)) };
    let late_told = |at: &str| Sample { at: clock(at), heard: None };
    let by = |before, after| clock_step("hofuf", before, after).map(|step| step.by / 1_000);
    for (before, after, expected) in [
        (live("01:00:00", "01:00:00"), live("01:00:10", "01:00:10"), None),
        (live("01:00:00", "01:00:00"), live("01:00:14", "01:00:10"), None),
        (live("01:00:00", "01:00:00"), live("02:00:10", "01:00:10"), Some(3_600)),
        (live("02:00:00", "01:00:00"), live("01:00:10", "01:00:10"), Some(-3_600)),
        // Told later with others: only what cannot be is seen.
        (late_told("01:00:00"), late_told("02:00:10"), None),
        (late_told("01:00:00"), live("02:00:10", "02:00:10"), None),
        (late_told("02:00:00"), late_told("01:00:00"), Some(-3_600)),
    ] {
        assert_eq!(by(before, after), expected, "{before:?} {after:?}");
    }
    // An outage of ten minutes in which the clock was put forward by an hour.
    let mut history = line(vec![outage("01:00:00", "02:10:00", "cut")]);
    let step = ClockStep { at: clock("01:05:00"), site: "hofuf".to_owned(), by: 3_600_000 };
    history.clock_steps.push(step.clone());
    let figures = history.figures(day(), late());
    assert_eq!(seconds(figures.down), 600);
    assert_eq!(seconds(figures.unknown), 3_600);
    assert_eq!(figures.outages, 1);
    assert_eq!(figures.clock_steps, [step]);
}

#[test]
fn a_month_is_that_of_the_zone() {
    let month = Span::month(&Zone::riyadh(), clock("12:00:00"));
    let history = line(vec![Outage {
        from: "2026-10-31T20:00:00Z".parse().unwrap(),
        until: Some("2026-10-31T22:00:00Z".parse().unwrap()),
        cause: "cut".to_owned(),
    }]);
    let figures = history.figures(month, "2026-12-01T00:00:00Z".parse().unwrap());
    assert_eq!(seconds(figures.down), 3_600);
    assert_eq!(seconds(figures.up), 31 * 86_400 - 3_600);
}

fn any_spans(most: usize) -> impl Strategy<Value = Spans> {
    prop::collection::vec((0..2_000_i64, 1..300_i64), 0..most).prop_map(|spans| {
        let span = |(from, length): (i64, i64)| {
            Span::new(Timestamp::from_secs(from), Timestamp::from_secs(from + length))
        };
        spans.into_iter().map(span).collect()
    })
}

fn any_line() -> impl Strategy<Value = LineHistory> {
    let cause = prop::sample::select(vec!["cut", "power", "unknown"]);
    let outage =
        (0..2_000_i64, prop::option::of(0..300_i64), cause).prop_map(|(from, length, cause)| {
            Outage {
                from: Timestamp::from_secs(from),
                until: length.map(|length| Timestamp::from_secs(from + length)),
                cause: cause.to_owned(),
            }
        });
    let step = (0..2_000_i64, -300..300_i64).prop_map(|(at, by)| ClockStep {
        at: Timestamp::from_secs(at),
        site: "hofuf".to_owned(),
        by: by * 1_000,
    });
    (
        0..500_i64,
        prop::collection::vec(outage, 0..8),
        any_spans(4),
        any_spans(4),
        any_spans(4),
        prop::collection::vec(step, 0..3),
    )
        .prop_map(|(watched, outages, silent, maintenance, proven, clock_steps)| LineHistory {
            line: "fibre".to_owned(),
            watched_since: Timestamp::from_secs(watched),
            outages,
            silent,
            maintenance,
            proven,
            clock_steps,
        })
}

fn check_sums(figures: &Figures, period: Span) -> Result<(), TestCaseError> {
    let sum = figures.excluded + figures.down + figures.unknown + figures.up + figures.unwatched;
    prop_assert_eq!(sum, period.length());
    prop_assert_eq!(figures.by_cause.values().sum::<Duration>(), figures.down);
    prop_assert!(figures.proven <= figures.up + figures.down);
    Ok(())
}

proptest! {
    #[test]
    fn shares_add_up_and_a_period_that_is_split_adds_up_to_the_same(
        lines in prop::collection::vec(any_line(), 1..4),
        on_backup in any_spans(4),
        (from, split, until) in (0..800_i64, 800..1_500_i64, 1_500..2_600_i64),
        now in 0..3_000_i64
    ) {
        let at = Timestamp::from_secs;
        let whole = Span::new(at(from), at(until));
        let halves = [Span::new(at(from), at(split)), Span::new(at(split), at(until))];
        let office = ServiceHistory { site: "hofuf".to_owned(), lines, on_backup };
        for figures in [
            &|period| office.figures(period, at(now)) as Figures,
            &|period| office.lines[0].figures(period, at(now)),
        ] as [&dyn Fn(Span) -> Figures; 2] {
            let all = figures(whole);
            check_sums(&all, whole)?;
            let [first, second] = halves.map(figures);
            let mut added = first.and_then(&second);
            added.clock_steps.sort();
            prop_assert_eq!(added, all);
        }
    }
}
