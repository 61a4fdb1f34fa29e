//! A month that was written down by hand, through the store, against figures that were counted by hand.

use domain::Clock as _;
use link::cause::Subject;
use link::report::{Cell, Epoch, FINE_SPAN, Tally};
use link::{Histogram, Second};
use store::testing::TestStore;
use store::{LinkBatch, LinkEvent, LinkIncident};

use super::*;
use crate::link_centre::settings::ServiceSettings;
use crate::link_centre::windows::testing::plan;

/// The last twelve hours of October in Riyadh.
const BEGIN: &str = "2026-10-31T09:00:00Z";
const END: &str = "2026-10-31T21:00:00Z";

fn at(time: &str) -> Timestamp {
    format!("2026-10-31T{time}Z").parse().unwrap()
}

fn settings() -> LinkCentreSettings {
    let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
    LinkCentreSettings {
        city: "Al-Ahsa".to_owned(),
        lines: vec![Line {
            name: "hofuf-fibre".to_owned(),
            ends: [end("hofuf", "fibre"), end("amana", "hofuf")],
            hub: Some("amana".to_owned()),
            sector: None,
            provider: None,
        }],
        services: vec![ServiceSettings {
            name: "records".to_owned(),
            site: "hofuf".to_owned(),
            targets: vec!["records".to_owned()],
        }],
        ..LinkCentreSettings::deaf()
    }
}

/// What happened, in order: who told it, when, and what.
const SCRIPT: [(&str, &str, &str); 39] = [
    ("hofuf", "09:00:00", r#""what":"began""#),
    ("hofuf", "09:00:10", r#""what":"path","path":"fibre","to":"up""#),
    ("hofuf", "09:00:11", r#""what":"path","path":"radio","to":"up""#),
    ("amana", "09:00:12", r#""what":"path","path":"hofuf","to":"up""#),
    ("hofuf", "09:01:00", r#""what":"fitness","path":"radio","to":"ready""#),
    ("hofuf", "09:30:00", r#""what":"bulk","path":"radio","to":"begins""#),
    ("hofuf", "09:30:07", r#""what":"bulk","path":"radio","to":"over","carried-kbit":[8000,7000]"#),
    ("hofuf", "09:40:00", r#""what":"bulk","path":"radio","to":"over","carried-kbit":[7960,7990]"#),
    ("amana", "09:50:00", r#""what":"bulk","path":"hofuf","to":"over","carried-kbit":[90000,800]"#),
    // 20 minutes and a half by whoever saw more of it.
    ("hofuf", "10:00:00", r#""what":"path","path":"fibre","to":"down","code":"silent""#),
    ("hofuf", "10:00:01", r#""what":"site","to":"on-backup","routes":["radio","radio"]"#),
    ("amana", "10:00:02", r#""what":"path","path":"hofuf","to":"down","code":"silent""#),
    ("hofuf", "10:20:00", r#""what":"path","path":"fibre","to":"up""#),
    ("amana", "10:20:30", r#""what":"path","path":"hofuf","to":"up""#),
    ("hofuf", "10:21:00", r#""what":"site","to":"primary","routes":["fibre","fibre"]"#),
    // Within work that was planned, of which agents know nothing.
    ("hofuf", "12:10:00", r#""what":"path","path":"fibre","to":"down","code":"silent""#),
    ("amana", "12:10:01", r#""what":"path","path":"hofuf","to":"down","code":"silent""#),
    ("hofuf", "12:10:01", r#""what":"site","to":"on-backup","routes":["radio","radio"]"#),
    ("hofuf", "12:40:00", r#""what":"path","path":"fibre","to":"up""#),
    ("amana", "12:40:00", r#""what":"path","path":"hofuf","to":"up""#),
    ("hofuf", "12:40:01", r#""what":"site","to":"primary","routes":["fibre","fibre"]"#),
    // The agent of Hofuf dies for 34 minutes, which the other end notices of the fibre.
    ("amana", "14:00:01", r#""what":"path","path":"hofuf","to":"down","code":"silent""#),
    ("hofuf", "14:34:00", r#""what":"began""#),
    ("hofuf", "14:34:10", r#""what":"path","path":"radio","to":"up""#),
    ("hofuf", "14:34:11", r#""what":"path","path":"fibre","to":"up""#),
    ("amana", "14:34:30", r#""what":"path","path":"hofuf","to":"up""#),
    ("hofuf", "14:35:00", r#""what":"fitness","path":"radio","to":"ready""#),
    // First the radio, then the fibre, too.
    ("hofuf", "16:00:00", r#""what":"path","path":"radio","to":"down","code":"silent""#),
    ("hofuf", "16:02:00", r#""what":"path","path":"fibre","to":"down","code":"silent""#),
    ("hofuf", "16:05:00", r#""what":"path","path":"radio","to":"up""#),
    ("hofuf", "16:05:00", r#""what":"site","to":"on-backup","routes":["radio","radio"]"#),
    ("hofuf", "16:10:00", r#""what":"path","path":"fibre","to":"up""#),
    ("hofuf", "16:10:30", r#""what":"site","to":"primary","routes":["fibre","fibre"]"#),
    ("hofuf", "18:00:00", r#""what":"target","target":"records","path":"fibre","to":"down""#),
    ("hofuf", "18:07:00", r#""what":"target","target":"records","path":"fibre","to":"up""#),
    (
        "hofuf",
        "19:30:00",
        r#""what":"drill","path":"radio","from":"fibre","to":"passed","why":"good""#,
    ),
    // And one that goes on into November.
    ("hofuf", "20:50:00", r#""what":"path","path":"fibre","to":"down","code":"carrier-lost""#),
    ("hofuf", "20:50:00", r#""what":"site","to":"on-backup","routes":["radio","radio"]"#),
    (
        "amana",
        "20:50:02",
        r#""what":"site","to":"primary","routes":["hofuf","hofuf"],"dry-run":true"#,
    ),
];

async fn tell(store: &TestStore) {
    let mut first = BTreeMap::from([("hofuf", 1), ("amana", 1)]);
    for (site, time, what) in SCRIPT {
        let (at, number) = (at(time), first[site]);
        first.insert(site, number + 1);
        let millis = at.as_millis();
        let line = format!(r#"{{"number":{number},"at":{millis},"site":"{site}",{what}}}"#);
        let site = site.parse().unwrap();
        let batch =
            LinkBatch { site, epoch: Epoch::new(1), first: number, is_rest_gone: false, at };
        store.take_link_events(&batch, &[LinkEvent { at, line }]).await.unwrap();
    }
}

/// How the paths were, ten seconds after ten seconds; nothing while the agent of Hofuf is dead.
async fn watch(store: &TestStore) {
    let mut tally = Tally { watched: FINE_SPAN, alive: FINE_SPAN, ..Tally::default() };
    let mut round_trips = Histogram::default();
    for micros in [3_900, 4_000, 4_000, 9_000] {
        round_trips.record(Duration::from_micros(micros));
    }
    tally.add(&Second { sent: 5, lost: 1, round_trips, jitter: Duration::ZERO });
    let [begin, end]: [Timestamp; 2] = [BEGIN, END].map(|time| time.parse().unwrap());
    let dead = at("14:00:00")..at("14:34:00");
    for (log, (site, path)) in
        (1..).zip([("hofuf", "fibre"), ("hofuf", "radio"), ("amana", "hofuf")])
    {
        let mut cells = Vec::new();
        let mut begins = begin;
        while begins < end {
            if site == "amana" || !dead.contains(&begins) {
                cells.push(Cell {
                    number: cells.len() as u64 + 1,
                    begin: u64::try_from(begins.as_millis()).unwrap(),
                    span: FINE_SPAN,
                    site: site.to_owned(),
                    path: path.to_owned(),
                    tally: tally.clone(),
                    health: "up".to_owned(),
                    readiness: None,
                    seconds: Vec::new(),
                });
            }
            begins = begins + Duration::from_secs(FINE_SPAN.into());
        }
        let epoch = Epoch::new(log);
        let site: link::report::Name = site.parse().unwrap();
        let batch = LinkBatch { site, epoch, first: 1, is_rest_gone: false, at: end };
        store.take_link_cells(&batch, &cells, NonZeroU32::MAX).await.unwrap();
        while store.merge_link_cells(&batch.site, EVERYTHING).await.unwrap() > 0 {}
    }
}

const EVERYTHING: NonZeroU32 = NonZeroU32::new(5_000).unwrap();

/// The centre found out whose fault the first was.
async fn conclude(store: &TestStore) {
    let millis = |time| u64::try_from(at(time).as_millis()).unwrap();
    let incident = serde_json::json!({
        "id": 1, "kind": {"kind": "provider", "provider": "city"}, "evidence": [], "notes": [],
        "troubles": [{
            "subject": {"line": "hofuf-fibre"}, "ailment": "lost", "from": millis("10:00:00"),
            "until": millis("10:20:30"), "is-planned": false
        }],
        "begin": millis("10:00:00"), "noticed": millis("10:00:00"), "opened": null,
        "stage": {"stage": "ended", "at": millis("10:20:30")}, "acknowledged": null, "reopened": 0
    });
    let kept = LinkIncident {
        number: 1,
        begin_at: at("10:00:00"),
        ended_at: Some(at("10:20:30")),
        incident: incident.to_string(),
    };
    assert!(store.keep_link_conclusion(0, "{}", &[kept], &[]).await.unwrap());
}

/// Seconds excluded, down, unknown and up; outages that began and that ended, and how long those took.
fn counted(figures: &Figures) -> [u64; 7] {
    let Figures { excluded, down, unknown, up, outages, repaired, repair_time, .. } = figures;
    let [excluded, down, unknown, up, time] =
        [excluded, down, unknown, up, repair_time].map(Duration::as_secs);
    [excluded, down, unknown, up, (*outages).into(), (*repaired).into(), time]
}

async fn a_month_is_as_it_was_counted_by_hand(store: TestStore) {
    tell(&store).await;
    watch(&store).await;
    conclude(&store).await;
    let work = Span::new(at("12:00:00"), at("13:00:00"));
    plan(&store, Subject::Line("hofuf-fibre".to_owned()), work).await;
    let (settings, now) = (settings(), "2026-11-01T06:00:00Z".parse().unwrap());
    let month = month("2026-10", &settings.zone, now).unwrap();
    let made = make(&store.shared(), &settings, month, now).await.unwrap();
    for language in Language::ALL {
        let page = made.page(&Catalogue::new(), language);
        assert!(page.contains("7.9 / 7.0") && page.contains("90.0 / 0.8"), "{language:?}");
    }
    let report = made.report;

    let [fibre, radio] = &report.lines[..] else { panic!("{:?}", report.lines) };
    assert_eq!((fibre.name.as_str(), radio.name.as_str()), ("hofuf-fibre", "hofuf/radio"));
    // 1230 + 2069 + 480 + 600 s down; the last goes on.
    assert_eq!(counted(&fibre.figures), [3_600, 4_379, 0, 35_221, 4, 3, 3_779]);
    assert_eq!(counted(&radio.figures), [0, 300, 2_040, 40_860, 1, 1, 300]);
    let seconds = |seconds| Duration::from_secs(seconds);
    assert_eq!(fibre.figures.unwatched, seconds(30 * 86_400 + 43_200));
    let causes: Vec<_> = fibre
        .figures
        .by_cause
        .iter()
        .map(|(cause, time)| (cause.as_str(), time.as_secs()))
        .collect();
    assert_eq!(causes, [("carrier", 600), ("provider", 1_230), ("unknown", 2_549)]);
    // Ready from 09:01 to the death, from 14:35 to 16:00 and from 16:05.
    assert_eq!(radio.figures.proven, seconds(17_940 + 5_100 + 17_700));
    assert_eq!(fibre.figures.proven, seconds(0), "it was never tried");
    let carried = |line: &LineReport| {
        let of = line.carried.as_ref().unwrap();
        (of.site.clone(), of.nights, of.last, of.median, of.lowest)
    };
    let of_radio = ("hofuf".to_owned(), 1, [7_960, 7_990], [7_960, 7_000], [7_960, 7_000]);
    assert_eq!(carried(radio), of_radio);
    assert_eq!(carried(fibre).0, "amana", "one end is enough");

    let [(office, figures)] = &report.offices[..] else { panic!("{:?}", report.offices) };
    assert_eq!(office, "hofuf");
    // For three minutes both were gone; of 2039 s nobody knows.
    assert_eq!(counted(figures), [0, 180, 2_039, 40_981, 1, 1, 180]);
    assert_eq!(figures.on_backup, seconds(1_259 + 1_800 + 330 + 600));
    assert_eq!(figures.proven, seconds(40_740));
    assert_eq!(figures.mttr(), Some(seconds(180)));

    let [(service, figures)] = &report.services[..] else { panic!("{:?}", report.services) };
    assert_eq!(service, "records");
    assert_eq!(counted(figures), [0, 420, 2_040, 40_740, 1, 1, 420]);

    let told: Vec<_> =
        report.outages.iter().map(|outage| (outage.line.as_str(), outage.from)).collect();
    let from = |line, time| (line, at(time));
    assert_eq!(
        told,
        [
            from("hofuf-fibre", "10:00:00"),
            from("hofuf-fibre", "14:00:01"),
            from("hofuf-fibre", "16:02:00"),
            from("hofuf-fibre", "20:50:00"),
            from("hofuf/radio", "16:00:00"),
        ],
        "work is none"
    );
    let exercise = ExerciseReport {
        site: "hofuf".to_owned(),
        at: at("19:30:00"),
        backup: "radio".to_owned(),
        outcome: "passed".to_owned(),
        said: "good".to_owned(),
    };
    assert_eq!(report.exercises, [exercise]);
    let days: Vec<_> = fibre.days.keys().copied().collect();
    assert_eq!(days, [31]);
    let quality = fibre.days[&31];
    assert!((quality.loss - 0.2).abs() < 1e-9 && quality.median.as_micros().abs_diff(4_000) < 300);
    assert!(fibre.figures.clock_steps.is_empty(), "{:?}", fibre.figures.clock_steps);
    // In November the last goes on until somebody says that it is over: until now.
    let november = Span::new(month.until, month.until + seconds(30 * 86_400));
    let report = make(&store.shared(), &settings, november, now).await.unwrap().report;
    let fibre = &report.lines[0].figures;
    assert_eq!((fibre.down, fibre.outages), (seconds(0), 0), "nobody tells anything any more");
    assert!(fibre.unknown > seconds(8 * 3_600), "{fibre:?}");
}

#[tokio::test]
async fn a_month_is_as_it_was_counted_by_hand_on_sqlite() {
    a_month_is_as_it_was_counted_by_hand(store::testing::sqlite().await).await;
}

#[tokio::test]
async fn a_month_is_as_it_was_counted_by_hand_on_postgres() {
    a_month_is_as_it_was_counted_by_hand(store::testing::postgres().await).await;
}

#[tokio::test]
async fn a_city_of_which_nothing_is_known_has_a_report() {
    let store = store::testing::sqlite().await;
    let clock = domain::ManualClock::new(at("12:00:00"));
    let settings = settings();
    let month = month("2026-10", &settings.zone, clock.now()).unwrap();
    let made = make(&store.shared(), &settings, month, clock.now()).await.unwrap();
    let line = &made.report.lines[0].figures;
    assert_eq!((line.unwatched, line.availability()), (month.length(), None));
    assert_eq!(made.report.offices[0].1.availability(), None);
    for language in Language::ALL {
        let page = made.page(&Catalogue::new(), language);
        assert!(page.contains("Al-Ahsa") && page.contains("<svg") && page.contains("records"));
    }
}

#[test]
fn a_month_has_a_name_and_has_begun() {
    let zone = Zone::riyadh();
    let now = at("21:30:00");
    assert_eq!(name_of(&zone, now), "2026-11");
    assert_eq!(month_before(&zone, now), "2026-10");
    let october = month("2026-10", &zone, now).unwrap();
    assert_eq!(october.until, at("21:00:00"));
    assert!(month("2026-11", &zone, now).is_some());
    for name in ["2026-12", "2026-13", "2026-1", "2026-10-01", "october", ""] {
        assert_eq!(month(name, &zone, now), None, "{name}");
    }
}
