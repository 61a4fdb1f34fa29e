//! The monthly report of links: what it tells, and that Chromium prints it.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use controller::links::availability::{ClockStep, LineHistory, Outage, ServiceHistory};
use controller::links::map::{LineNow, State, svg};
use controller::links::report::{
    CarriedReport, DayQuality, ExerciseReport, LineReport, OutageReport, Report, render,
};
use controller::links::span::{Span, Spans};
use controller::links::wording::{Catalogue, Language};
use domain::{Timestamp, Zone};
use link::Histogram;
use link::cause::{End, Line, Topology};

const SITES: [&str; 4] = ["hofuf", "mubarraz", "oyun", "jafr"];

fn at(day: u32, clock: &str) -> Timestamp {
    Zone::riyadh().read(&format!("2026-10-{day:02} {clock}")).unwrap()
}

fn topology() -> Topology {
    let lines = SITES.iter().flat_map(|site| {
        ["fibre", "radio"].map(|path| Line {
            name: format!("{site}-{path}"),
            ends: [
                End { site: (*site).to_owned(), path: path.to_owned() },
                End { site: "amana".to_owned(), path: format!("{site}-{path}") },
            ],
            hub: Some("amana".to_owned()),
            sector: None,
            provider: None,
        })
    });
    Topology { lines: lines.collect() }
}

/// The history of a line, the number of which makes it like no other.
fn history(name: &str, number: u32) -> LineHistory {
    let mut outages = vec![Outage {
        from: at(5, "12:00:00"),
        until: Some(at(5, "13:00:00")),
        cause: "cut".to_owned(),
    }];
    if number % 2 == 1 {
        outages = (0..number * 3)
            .map(|day| Outage {
                from: at(1 + day, "03:00:00"),
                until: Some(at(1 + day, "05:20:10")),
                cause: if day % 2 == 0 { "radio-fade" } else { "power" }.to_owned(),
            })
            .collect();
    }
    LineHistory {
        line: name.to_owned(),
        watched_since: at(1, "00:00:00"),
        outages,
        silent: Spans::of(Span::new(
            at(20, "00:00:00"),
            at(20, "00:00:00") + Duration::from_secs(u64::from(number) * 40_000),
        )),
        maintenance: match number {
            3 => Spans::of(Span::new(at(14, "22:00:00"), at(15, "04:00:00"))),
            _ => Spans::default(),
        },
        proven: Spans::of(Span::new(at(1, "00:00:00"), at(25, "00:00:00"))),
        clock_steps: match number {
            2 => vec![ClockStep {
                at: at(9, "08:00:00"),
                site: "mubarraz".to_owned(),
                by: 3_600_000,
            }],
            _ => Vec::new(),
        },
    }
}

fn quality(number: u32, day: u32) -> DayQuality {
    let mut round_trips = Histogram::default();
    for trip in 0..200_u32 {
        let micros = 2_000 + number * 900 + trip * 7 + (day % 9) * 400 + (trip / 190) * 9_000;
        round_trips.record(Duration::from_micros(micros.into()));
    }
    DayQuality::of(&round_trips, 8_640, u64::from(number * (day % 7) * 3)).unwrap()
}

fn sample(language: Language) -> Report {
    let month = Span::month(&Zone::riyadh(), at(10, "00:00:00"));
    let made = month.until + Duration::from_secs(600);
    let topology = topology();
    let histories: Vec<LineHistory> =
        (0..).zip(&topology.lines).map(|(number, line)| history(&line.name, number)).collect();
    let offices = SITES.iter().zip(histories.chunks(2)).map(|(site, lines)| {
        let on_backup = lines[0].outages.iter().map(|it| Span::new(it.from, it.until.unwrap()));
        let on_backup = on_backup.collect();
        let service = ServiceHistory { site: (*site).to_owned(), lines: lines.to_vec(), on_backup };
        ((*site).to_owned(), service.figures(month, made))
    });
    let lines = (0..).zip(&histories).map(|(number, history)| LineReport {
        name: history.line.clone(),
        figures: history.figures(month, made),
        days: (1..=31).filter(|day| *day != 20).map(|day| (day, quality(number, day))).collect(),
        maintenance: history.maintenance.clone(),
        carried: history.line.strip_suffix("-radio").and_then(|site| {
            let runs =
                [(at(3, "02:10:00"), [38_200, 40_050]), (at(4, "02:10:00"), [39_000, 41_000])];
            CarriedReport::of(site, &runs, &Zone::riyadh())
        }),
    });
    let outages = histories.iter().flat_map(|history| {
        history.outages.iter().map(|outage| OutageReport {
            line: history.line.clone(),
            from: outage.from,
            until: outage.until,
            cause: outage.cause.clone(),
        })
    });
    let states = [State::Up, State::Degraded, State::Down, State::Maintenance, State::Unknown];
    let now: BTreeMap<String, LineNow> = topology
        .lines
        .iter()
        .zip(states.into_iter().cycle())
        .map(|(line, state)| {
            let round_trip = (state != State::Down).then_some(Duration::from_micros(3_240));
            (line.name.clone(), LineNow { state, round_trip })
        })
        .collect();
    Report {
        city: "Al-Ahsa <b>&</b>".to_owned(),
        zone: Zone::riyadh(),
        month,
        made,
        offices: offices.collect(),
        services: vec![("records".to_owned(), histories[0].figures(month, made))],
        lines: lines.collect(),
        outages: outages.collect(),
        exercises: vec![ExerciseReport {
            site: "oyun".to_owned(),
            at: at(6, "10:10:52"),
            backup: "radio".to_owned(),
            outcome: "passed".to_owned(),
            said: "oyun: passed, 600 s on radio without fibre".to_owned(),
        }],
        map: Some(svg(&topology, &now, &Catalogue::new(), language)),
    }
}

fn page(language: Language) -> String {
    render(&sample(language), &Catalogue::new(), language)
}

#[test]
fn a_report_needs_nothing_else_and_escapes_everything() {
    for language in Language::ALL {
        let html = page(language);
        for foreign in ["<script", "src=", "url(", "@import", "<link", "<b>", "href"] {
            assert!(!html.contains(foreign), "{foreign}");
        }
        assert!(html.contains("Al-Ahsa &lt;b&gt;&amp;&lt;/b&gt;"));
        for key in ["cause-", "report-", "column-", "state-", "legend-"] {
            assert!(!html.contains(&format!(">{key}")), "{key} is no word");
        }
        for element in ["svg", "bdi", "table", "section"] {
            let opened = html.matches(&format!("<{element}")).count();
            assert!(opened > 0 && opened == html.matches(&format!("</{element}>")).count());
        }
    }
}

#[test]
fn a_report_tells_its_figures_in_both_languages() {
    let [arabic, english] = Language::ALL.map(page);
    for figure in [
        "99.865 %",
        "1:00:00",
        "2026-10-05 12:00:00",
        "+1:00:00",
        "2026-11-01 00:10",
        "39.0 / 41.0",
        "38.2 / 40.0",
    ] {
        for html in [&english, &arabic] {
            let isolated = format!("<bdi dir=\"ltr\">{figure}</bdi>");
            assert!(html.contains(&isolated), "{figure}");
        }
    }
    assert!(english.contains("<html lang='en' dir='ltr'>") && english.contains("radio fading"));
    assert!(arabic.contains("<html lang='ar' dir='rtl'>") && arabic.contains("ضعف اللاسلكي"));
}

#[test]
fn a_month_in_which_nothing_is_known_is_a_report_too() {
    let report = Report {
        offices: Vec::new(),
        services: Vec::new(),
        lines: Vec::new(),
        outages: Vec::new(),
        exercises: Vec::new(),
        map: None,
        ..sample(Language::English)
    };
    let html = render(&report, &Catalogue::new(), Language::English);
    assert!(html.contains("None.") && !html.contains("NaN"));
}

#[test]
fn chromium_prints_a_report_on_pages_with_text() {
    let folder = tempfile::tempdir().unwrap();
    for language in Language::ALL {
        let (source, pdf) = (folder.path().join("report.html"), folder.path().join("report.pdf"));
        std::fs::write(&source, page(language)).unwrap();
        let printed = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"])
            .args(["--no-pdf-header-footer"])
            .arg(format!("--user-data-dir={}", folder.path().join(language.as_str()).display()))
            .arg(format!("--print-to-pdf={}", pdf.display()))
            .arg(format!("file://{}", source.display()))
            .output()
            .expect("chromium is there");
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let octets = std::fs::read(&pdf).unwrap();
        let text = String::from_utf8_lossy(&octets);
        assert!(text.starts_with("%PDF-"));
        let pages = text.matches("/Type /Page").count() - text.matches("/Type /Pages").count();
        assert!((3..=12).contains(&pages), "{pages} pages");
        // Letters that can be found and copied, not pictures of letters.
        assert!(text.contains("/ToUnicode") && text.contains("/Font"));
    }
}
