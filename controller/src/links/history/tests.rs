//! What follows from what agents told, by itself.

use std::time::Duration;

use link::cause::{End, Loss};
use link::report::{Cell, Tally};

use super::*;
use crate::links::incident::{Incident, IncidentId, Stage};

const HOUR: i64 = 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn spans(of: &[(i64, i64)]) -> Spans {
    of.iter().map(|(from, until)| Span::new(at(*from), at(*until))).collect()
}

fn cell(begin: i64, span: u32, watched: u32) -> Cell {
    Cell {
        number: 0,
        begin: u64::try_from(begin * 1_000).unwrap(),
        span,
        site: "hofuf".to_owned(),
        path: "fibre".to_owned(),
        tally: Tally { watched, ..Tally::default() },
        health: "up".to_owned(),
        readiness: None,
        seconds: Vec::new(),
    }
}

fn told(seconds: i64, word: Word) -> Told {
    Told { at: at(seconds), taken_at: at(seconds), word }
}

fn lost(seconds: i64, path: &str, loss: Loss) -> Told {
    told(seconds, Word::Path { path: path.to_owned(), now: PathNow::Lost(loss) })
}

fn well(seconds: i64, path: &str) -> Told {
    told(seconds, Word::Path { path: path.to_owned(), now: PathNow::Good })
}

/// A site with one path that told of all its time but this.
fn site(path: &str, told: Vec<Told>, silent: &[(i64, i64)]) -> SiteTold {
    let whole = spans(&[(0, 24 * HOUR)]);
    SiteTold {
        paths: vec![path.to_owned()],
        told,
        known: BTreeMap::from([(path.to_owned(), whole.without(&spans(silent)))]),
        since: BTreeMap::from([(path.to_owned(), at(0))]),
    }
}

fn around<'a>(zone: &'a Zone, causes: &'a [CauseKnown]) -> Around<'a> {
    let period = Span::new(at(0), at(24 * HOUR));
    Around { windows: &[], causes, zone, period, now: at(24 * HOUR) }
}

fn fibre() -> Line {
    let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
    Line {
        name: "hofuf-fibre".to_owned(),
        ends: [end("hofuf", "fibre"), end("amana", "hofuf")],
        hub: None,
        sector: None,
        provider: None,
    }
}

fn history(hofuf: SiteTold, amana: Option<SiteTold>, causes: &[CauseKnown]) -> LineHistory {
    let mut sites = BTreeMap::from([("hofuf".to_owned(), hofuf)]);
    sites.extend(amana.map(|amana| ("amana".to_owned(), amana)));
    line_history(&fibre(), &sites, around(&Zone::utc(), causes))
}

fn downs(history: &LineHistory) -> Vec<(i64, Option<i64>, &str)> {
    let told = history.outages.iter().map(|outage| {
        (outage.from.as_secs(), outage.until.map(Timestamp::as_secs), outage.cause.as_str())
    });
    told.collect()
}

#[test]
fn a_span_that_was_watched_in_part_counts_for_that_part() {
    for (cells, expected) in [
        (vec![cell(0, 900, 900), cell(900, 900, 820)], vec![(0, 1_800)]),
        // It ended there, began there, and was away in between.
        (vec![cell(0, 900, 900), cell(900, 900, 300)], vec![(0, 1_200)]),
        (vec![cell(0, 900, 300), cell(900, 900, 900)], vec![(600, 1_800)]),
        (vec![cell(0, 60, 60), cell(60, 60, 30), cell(300, 60, 20)], vec![(0, 90), (340, 360)]),
        (vec![cell(0, 60, 120)], vec![(0, 60)]),
        (Vec::new(), Vec::new()),
    ] {
        assert_eq!(known(&cells), spans(&expected), "{cells:?}");
    }
}

#[test]
fn a_line_is_down_while_either_end_says_so_and_for_the_cause_that_was_found() {
    let hofuf = || site("fibre", vec![lost(100, "fibre", Loss::Silent), well(200, "fibre")], &[]);
    let amana = || site("hofuf", vec![lost(101, "hofuf", Loss::Silent), well(230, "hofuf")], &[]);
    assert_eq!(downs(&history(hofuf(), None, &[])), [(100, Some(200), "unknown")]);
    assert_eq!(downs(&history(hofuf(), Some(amana()), &[])), [(100, Some(230), "cut")]);
    let known = |line: &str, from, until, cause: &str| CauseKnown {
        line: line.to_owned(),
        span: Span::new(at(from), at(until)),
        cause: cause.to_owned(),
    };
    let causes = [
        known("hofuf-fibre", 90, 110, "hub"),
        known("hofuf-fibre", 100, 230, "provider"),
        known("other", 0, 500, "power"),
    ];
    assert_eq!(downs(&history(hofuf(), Some(amana()), &causes)), [(100, Some(230), "provider")]);
    let open = site("fibre", vec![lost(100, "fibre", Loss::CarrierLost)], &[]);
    assert_eq!(downs(&history(open, None, &[])), [(100, None, "carrier")]);
}

#[test]
fn an_agent_that_does_not_run_says_nothing() {
    // It dies while its path is down, and knows nothing when it begins anew.
    let words = vec![
        lost(HOUR, "fibre", Loss::Silent),
        told(3 * HOUR, Word::Began),
        well(4 * HOUR, "fibre"),
    ];
    let dead = [(2 * HOUR, 3 * HOUR)];
    let alone = history(site("fibre", words.clone(), &dead), None, &[]);
    assert_eq!(downs(&alone), [(HOUR, Some(2 * HOUR), "unknown")]);
    assert_eq!(alone.silent, spans(&dead));
    // The other end does, so it is known what the line was.
    let amana =
        site("hofuf", vec![lost(HOUR, "hofuf", Loss::Silent), well(5 * HOUR, "hofuf")], &[]);
    let both = history(site("fibre", words, &dead), Some(amana), &[]);
    assert_eq!(downs(&both), [(HOUR, Some(5 * HOUR), "cut")]);
    assert!(both.silent.is_empty());
    // A short silence is none, and what is late may still come.
    let short = history(site("fibre", Vec::new(), &[(500, 600), (86_200, 86_400)]), None, &[]);
    assert!(short.silent.is_empty());
    let gone = history(site("fibre", Vec::new(), &[(80_000, 86_400)]), None, &[]);
    assert_eq!(gone.silent, spans(&[(80_000, 86_400)]));
}

#[test]
fn what_people_took_out_is_work_and_no_outage() {
    let words = vec![lost(100, "fibre", Loss::Maintenance), well(200, "fibre")];
    let history = history(site("fibre", words, &[]), None, &[]);
    assert_eq!(downs(&history), []);
    assert_eq!(history.maintenance, spans(&[(100, 200)]));
}

#[test]
fn a_path_is_proven_while_every_end_that_tries_it_says_so() {
    let fit = |seconds, path: &str, now| told(seconds, Word::Path { path: path.to_owned(), now });
    let unfit = PathNow::Unfit { is_half_open: false };
    let untried = |seconds| told(seconds, Word::Untried { path: "fibre".to_owned() });
    let hofuf = || {
        let words = vec![
            fit(100, "fibre", PathNow::Fit),
            lost(300, "fibre", Loss::Silent),
            well(400, "fibre"),
            untried(500),
            fit(700, "fibre", PathNow::Fit),
            told(800, Word::Began),
        ];
        site("fibre", words, &[])
    };
    assert_eq!(history(hofuf(), None, &[]).proven, spans(&[(100, 300), (400, 500), (700, 800)]));
    let amana = |words| Some(site("hofuf", words, &[]));
    let tries = vec![fit(200, "hofuf", PathNow::Fit), fit(450, "hofuf", unfit)];
    assert_eq!(history(hofuf(), amana(tries), &[]).proven, spans(&[(200, 300), (400, 450)]));
    let never = history(hofuf(), amana(vec![well(1, "hofuf")]), &[]).proven;
    assert_eq!(never, spans(&[(100, 300), (400, 500), (700, 800)]), "it tries nothing");
}

#[test]
fn an_office_is_on_its_backup_while_it_goes_by_another_path() {
    let by = |seconds, path: &str, preferred: Option<&str>| {
        let preferred = preferred.map(str::to_owned);
        told(seconds, Word::Office { path: path.to_owned(), preferred })
    };
    let office = |seconds, path: &str| by(seconds, path, None);
    let words = vec![
        office(100, "radio"),
        told(150, Word::Began),
        office(200, "radio"),
        office(300, "fibre"),
        office(80_000, "radio"),
    ];
    let zone = Zone::utc();
    let told = site("fibre", words, &[(70_000, 75_000), (85_000, 86_400)]);
    let history = office_history("hofuf", Vec::new(), Some(&told), around(&zone, &[]));
    assert_eq!(history.on_backup, spans(&[(100, 300), (80_000, 85_000)]));
    // Which one it prefers may change.
    let words = vec![
        by(100, "radio", Some("radio")),
        office(200, "fibre"),
        office(300, "radio"),
        by(500, "radio", Some("fibre")),
        by(600, "fibre", Some("fibre")),
    ];
    let told = site("fibre", words, &[]);
    let history = office_history("hofuf", Vec::new(), Some(&told), around(&zone, &[]));
    assert_eq!(history.on_backup, spans(&[(200, 300), (500, 600)]));
}

#[test]
fn a_service_is_there_while_any_of_its_targets_answers() {
    let target = |seconds, target: &str, answers| {
        told(seconds, Word::Target { target: target.to_owned(), answers })
    };
    let words = vec![
        target(1, "by-fibre", true),
        target(2, "by-radio", true),
        target(100, "by-fibre", false),
        target(200, "by-radio", false),
        target(260, "by-radio", true),
        target(900, "by-fibre", true),
    ];
    let told = site("fibre", words, &[]);
    let targets = ["by-fibre".to_owned(), "by-radio".to_owned()];
    let service = Service { name: "records", site: "hofuf", targets: &targets };
    let zone = Zone::utc();
    let around = around(&zone, &[]);
    let history = service_history(&service, Some(&told), around);
    let figures = history.figures(around.period, around.now);
    assert_eq!((figures.down, figures.outages), (Duration::from_secs(60), 1));
    assert_eq!(figures.by_cause, BTreeMap::from([("target".to_owned(), Duration::from_secs(60))]));
    let never = service_history(&service, None, around).figures(around.period, around.now);
    assert_eq!(never.unwatched, around.period.length());
}

#[test]
fn a_clock_that_jumps_is_told_apart_from_what_comes_late() {
    let word = |own: i64, taken: i64| Told {
        at: at(own),
        taken_at: at(taken),
        word: Word::Office { path: "fibre".to_owned(), preferred: None },
    };
    let steps = |words: Vec<Told>, silent: &[(i64, i64)]| {
        let history = history(site("fibre", words, silent), None, &[]);
        history.clock_steps.iter().map(|step| (step.at.as_secs(), step.by)).collect::<Vec<_>>()
    };
    // An hour forward: nothing is told of that hour.
    let forward = vec![word(100, 100), word(5_000, 1_400)];
    assert_eq!(steps(forward.clone(), &[(1_000, 4_600)]), [(1_000, 3_600_000)]);
    assert_eq!(steps(forward.clone(), &[]), [], "the first came late by itself");
    let [first, second] = &forward[..] else { panic!() };
    let began = vec![first.clone(), Told { word: Word::Began, ..second.clone() }];
    assert_eq!(steps(began, &[(1_000, 4_600)]), [], "the agent was away for an hour");
    // Back: what follows has an earlier time, however it came.
    assert_eq!(steps(vec![word(5_000, 5_000), word(1_500, 5_100)], &[]), [(5_000, -3_600_000)]);
    assert_eq!(steps(vec![word(5_000, 9_000), word(4_000, 9_000)], &[]), [(5_000, -1_000_000)]);
}

#[test]
fn an_incident_names_the_lines_that_were_lost() {
    let moment = |seconds: u64| Moment::from_millis(seconds * 1_000);
    let trouble = |subject, ailment, until: Option<u64>| link::cause::Trouble {
        subject,
        ailment,
        from: moment(10),
        until: until.map(moment),
        is_planned: false,
    };
    let line = |name: &str| Subject::Line(name.to_owned());
    let incident = Incident {
        id: IncidentId::new(1),
        kind: link::cause::Kind::Cut,
        troubles: vec![
            trouble(line("a"), Ailment::Lost, Some(20)),
            trouble(line("b"), Ailment::Bad, None),
            trouble(line("c"), Ailment::Lost, None),
            trouble(Subject::Site("d".to_owned()), Ailment::Silent, None),
        ],
        evidence: Vec::new(),
        begin: at(10),
        noticed: at(10),
        stage: Stage::Open,
        opened: None,
        acknowledged: None,
        notes: Vec::new(),
        reopened: 0,
    };
    let causes = causes_of(&incident, at(99));
    let causes: Vec<_> =
        causes.iter().map(|known| (known.line.as_str(), known.span.until.as_secs())).collect();
    assert_eq!(causes, [("a", 20), ("c", 99)]);
}
