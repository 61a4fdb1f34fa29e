//! Stories from made-up rows, events and records.

use domain::{Clock, GrantEnd, MacAddress, OrderReason};
use store::{Journal, JournalSettings, RadiusServer, ServerId, TrailEvent, TrailSettings};
use tempfile::TempDir;

use super::*;
use crate::admin::api::Mark;
use crate::stage::{NOON, Stage, mac};

/// A trail with what RADIUS would have decided.
struct Square {
    stage: Stage,
    files: TempDir,
}

impl Square {
    async fn new() -> Self {
        let stage = Stage::new((None, None), (Some(7_200), None)).await;
        Self { stage, files: tempfile::tempdir().unwrap() }
    }

    fn records(&self) -> Records {
        Records {
            trail: TrailArchive::new(&self.files.path().join("trail")),
            journal: Archive::new(&self.files.path().join("journal")),
            writing: None,
        }
    }

    /// The clock of these stories is not that of the disk.
    fn date_files(&self, folder: &str) {
        for entry in std::fs::read_dir(self.files.path().join(folder)).unwrap() {
            let file = std::fs::File::options().append(true).open(entry.unwrap().path()).unwrap();
            let noon = u64::try_from(NOON.as_secs()).unwrap() + 7_200;
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(noon)).unwrap();
        }
    }

    fn rejected(&self, device: MacAddress, seconds: &[u64]) {
        let settings = TrailSettings { min_free_octets: 0, ..TrailSettings::default() };
        let trail = Trail::open(&self.files.path().join("trail"), &settings).unwrap();
        for second in seconds {
            let what = TrailKind::Rejected { rule: "rejected-used-up", renews: Some((0, 0)) };
            let at = NOON + Duration::from_secs(*second);
            trail.note(&TrailEvent {
                nas: Some("gate"),
                device: Some(device),
                ..TrailEvent::new(at, what)
            });
        }
        drop(trail);
        self.date_files("trail");
    }

    async fn tell(&self, of: Subject, limit: Option<u32>) -> Result<Story, WhyError> {
        let question = WhyQuestion { of, since: None, limit };
        let (store, clock) = self.stage.shared();
        tell(store.as_ref(), Some(&self.records()), &question, clock.now()).await
    }
}

fn kinds(story: &Story) -> Vec<StepKind> {
    story.steps.iter().map(|step| step.kind).collect()
}

#[tokio::test]
async fn rows_and_trail_meet_on_one_line_and_the_latest_steps_are_told() {
    let square = Square::new().await;
    let grant = square.stage.sign_in(1, 1).await;
    square.stage.sign_in(2, 2).await;
    square.stage.advance(10);
    let session = square.stage.report("gate", &grant, 5, 1_000).await;
    square.stage.advance(50);
    square.stage.stop("gate", &grant, 55, 2_000).await;
    let store = &square.stage.store;
    let why = (GrantEnd::Revoked, OrderReason::Admin);
    store.end_grant(grant.id, why.0, why.1, square.stage.clock.now()).await.unwrap();
    square.stage.advance(60);
    square.rejected(mac(1), &[90, 100]);
    square.rejected(mac(2), &[95]);

    let expected = [
        StepKind::Grant,
        StepKind::Start,
        StepKind::Stop,
        StepKind::GrantEnd,
        StepKind::Reject,
        StepKind::Reject,
    ];
    let phone = "966512345601".parse().unwrap();
    for of in [Subject::Phone(phone), Subject::Device(mac(1))] {
        let story = square.tell(of, None).await.unwrap();
        assert_eq!(kinds(&story), expected);
        assert_eq!((story.zone.clone(), story.left_out), (Zone::riyadh(), 0));
        let bad = story.steps.iter().filter(|step| step.mark == Mark::Bad).count();
        assert_eq!(bad, 3, "{story:?}");
        let last = story.steps.last().unwrap();
        assert!(last.text.contains("used up until 00:00"), "{}", last.text);
    }
    let story = square.tell(Subject::Device(mac(1)), Some(2)).await.unwrap();
    assert_eq!((kinds(&story), story.left_out), (expected[4..].to_vec(), 4));
    // A session has its permission and what is around it.
    for of in [Subject::Session(session), Subject::AcctSessionId("gate-02:00:00:00:00:01".into())] {
        assert_eq!(kinds(&square.tell(of, None).await.unwrap()), expected);
    }
}

#[tokio::test]
async fn who_is_not_known_is_said_and_limits_have_limits() {
    let square = Square::new().await;
    for (of, reason) in [
        (Subject::Phone("966512345609".parse().unwrap()), "nothing is known of that number"),
        (Subject::Device(mac(9)), "nothing is known of that device"),
        (Subject::AcctSessionId("x".into()), "nothing is known of that session"),
    ] {
        assert_eq!(square.tell(of, None).await.unwrap_err().to_string(), reason);
    }
    for limit in [0, 10_001] {
        let error = square.tell(Subject::Device(mac(1)), Some(limit)).await.unwrap_err();
        assert!(matches!(error, WhyError::Limit(_)), "{error}");
    }
}

#[tokio::test]
async fn reports_that_follow_each_other_are_one_step() {
    let square = Square::new().await;
    let journal = Journal::open(
        &square.files.path().join("journal"),
        &JournalSettings { min_free_octets: 0, ..JournalSettings::default() },
    )
    .unwrap();
    let grant = square.stage.sign_in(1, 1).await;
    let records: Vec<_> = (1..=60).map(|minute| square.stage.record(&grant, minute * 60)).collect();
    journal.append(records).await.unwrap();
    square.date_files("journal");
    square.stage.advance(3_600);
    let story = square.tell(Subject::Device(mac(1)), None).await.unwrap();
    assert_eq!(kinds(&story), [StepKind::Grant, StepKind::Interim]);
    let step = story.steps.last().unwrap();
    assert_eq!(step.at, NOON + Duration::from_secs(3_600));
    assert!(step.text.contains("the last of 60 reports"), "{}", step.text);
    // Elsewhere it is said that there is more.
    let question = WhyQuestion { of: Subject::Device(mac(1)), since: None, limit: None };
    let (store, clock) = square.stage.shared();
    let story = tell(store.as_ref(), None, &question, clock.now()).await.unwrap();
    assert_eq!(kinds(&story), [StepKind::Grant]);
    let [note] = story.notes.as_slice() else { panic!("{:?}", story.notes) };
    assert!(note.ends_with("`sabeel why` on its machine"), "{note}");
}

#[tokio::test]
async fn machines_whose_records_are_not_shown_are_named() {
    let square = Square::new().await;
    square.stage.sign_in(1, 1).await;
    let journal =
        Journal::open(&square.files.path().join("journal"), &JournalSettings::default()).unwrap();
    let (store, clock) = square.stage.shared();
    let own = ServerId::of_journal(journal.id());
    for (id, machine) in [(own, "radius-1"), (ServerId::of_journal("other".into()), "radius-2")] {
        let (machine, seen_at) = (machine.to_owned(), clock.now());
        let server = RadiusServer { id, machine, seen_at, held_until: seen_at };
        store.open_radius_server(&server).await.unwrap();
    }
    let question = WhyQuestion { of: Subject::Device(mac(1)), since: None, limit: None };
    let story = tell(store.as_ref(), None, &question, clock.now()).await.unwrap();
    assert_eq!(story.elsewhere, ["radius-1", "radius-2"]);
    assert!(story.notes[0].ends_with("`sabeel why` on radius-1, radius-2"), "{:?}", story.notes);
    let story = square.tell(Subject::Device(mac(1)), None).await.unwrap();
    assert_eq!(story.elsewhere, ["radius-2"]);
    assert!(story.notes[0].ends_with("`sabeel why` on radius-2"), "{:?}", story.notes);
}

/// The trail is where the order was delivered; its tries are known everywhere.
#[tokio::test]
async fn tries_of_an_order_are_told_wherever_they_were_made_and_once() {
    let square = Square::new().await;
    let grant = square.stage.sign_in(1, 1).await;
    let session = square.stage.report("gate", &grant, 60, 0).await;
    let (store, clock) = square.stage.shared();
    let session = store.find_session(session).await.unwrap().unwrap();
    let order = crate::quota::disconnect(&session, OrderReason::Admin, clock.now());
    assert!(store.add_order(&order).await.unwrap());
    let method = domain::OrderMethod::Disconnect;
    for (later, answer) in
        [(1, domain::OrderAnswer::Nothing), (3, domain::OrderAnswer::Acknowledged)]
    {
        let (at, answer) = (clock.now() + Duration::from_secs(later), Some(answer));
        let tried = domain::OrderTry { at, method, answer };
        store.record_order_try(order.id, &tried).await.unwrap();
    }
    let question = WhyQuestion { of: Subject::Device(mac(1)), since: None, limit: None };
    let story = tell(store.as_ref(), None, &question, clock.now()).await.unwrap();
    let told: Vec<_> = story.steps.iter().filter(|step| step.kind == StepKind::Told).collect();
    let words: Vec<_> = told.iter().map(|step| step.text.as_str()).collect();
    assert_eq!(words, ["disconnect: no answer", "disconnect: acknowledged"]);
    assert!(told.iter().all(|step| step.order == Some(order.id)));
}
