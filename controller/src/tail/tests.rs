//! What is followed comes once and in order, whoever else reads.

use domain::Timestamp;
use store::{
    Archive, Journal, JournalSettings, Trail, TrailArchive, TrailEvent, TrailKind, TrailPort,
    TrailSettings,
};

use super::*;
use crate::admin::api::StepKind;
use crate::stage::{NOON, Stage, mac};

fn note(trail: &Trail, nas: &str, device: u8, at: Timestamp) {
    let what =
        TrailKind::Passed { port: TrailPort::Authentication, reason: "authenticator-mismatch" };
    let event = TrailEvent::new(at, what);
    trail.note(&TrailEvent { nas: Some(nas), device: Some(mac(device)), ..event });
}

#[tokio::test]
async fn what_comes_is_told_once_in_order_and_only_if_it_is_asked_for() {
    let stage = Stage::new((None, None), (None, None)).await;
    let grant = stage.sign_in(1, 1).await;
    let dir = tempfile::tempdir().unwrap();
    let (trail_dir, journal_dir) = (dir.path().join("trail"), dir.path().join("journal"));
    let settings = JournalSettings { min_free_octets: 0, ..JournalSettings::default() };
    let journal = Journal::open(&journal_dir, &settings).unwrap();
    let open = || {
        let settings = TrailSettings { min_free_octets: 0, ..TrailSettings::default() };
        Trail::open(&trail_dir, &settings).unwrap()
    };
    journal.append(vec![stage.record(&grant, 1)]).await.unwrap();
    let records = Records {
        trail: TrailArchive::new(&trail_dir),
        journal: Archive::new(&journal_dir),
        writing: None,
    };
    let begin = follow(&records, &TailQuestion::default()).unwrap();
    assert!(begin.steps.is_empty(), "what was before is not told");
    let ask = |after, nas: Option<&str>, device| {
        let nas = nas.map(|nas| nas.parse().unwrap());
        follow(&records, &TailQuestion { after: Some(after), nas, device }).unwrap()
    };
    assert!(ask(begin.after, None, None).steps.is_empty());

    let trail = open();
    note(&trail, "gate", 1, NOON);
    note(&trail, "pole", 2, NOON + std::time::Duration::from_secs(5));
    drop(trail);
    journal.append(vec![stage.record(&grant, 2)]).await.unwrap();
    let told = ask(begin.after, None, None);
    let kinds: Vec<_> = told.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::Passed, StepKind::Interim, StepKind::Passed]);
    assert!(!told.more);
    assert_eq!(ask(told.after, None, None), Tail { steps: Vec::new(), ..told.clone() });
    assert_eq!(ask(begin.after, Some("gate"), None).steps.len(), 2);
    assert_eq!(ask(begin.after, Some("pole"), None).steps.len(), 1);
    assert_eq!(ask(begin.after, None, Some(mac(2))).steps.len(), 1);
    // A later file goes on where the earlier one ended.
    note(&open(), "gate", 1, NOON);
    assert_eq!(ask(told.after, None, None).steps.len(), 1);
}

#[tokio::test]
async fn more_than_fits_is_told_in_portions() {
    let stage = Stage::new((None, None), (None, None)).await;
    let grant = stage.sign_in(1, 1).await;
    let dir = tempfile::tempdir().unwrap();
    let settings = JournalSettings { min_free_octets: 0, ..JournalSettings::default() };
    let journal = Journal::open(dir.path(), &settings).unwrap();
    let reports = (0..1_500).map(|second| stage.record(&grant, second)).collect();
    journal.append(reports).await.unwrap();
    let records = Records {
        trail: TrailArchive::new(&dir.path().join("trail")),
        journal: Archive::new(dir.path()),
        writing: None,
    };
    let start = JournalPlace { segment: 0, offset: 0 };
    let mut after = Cursor { trail: start, journal: start };
    let mut portions = Vec::new();
    loop {
        let question = TailQuestion { after: Some(after), ..TailQuestion::default() };
        let told = follow(&records, &question).unwrap();
        portions.push(told.steps.len());
        after = told.after;
        if !told.more {
            break;
        }
    }
    assert_eq!(portions, [1_000, 500]);
}
