use std::collections::BTreeSet;

use link::cause::{
    End, Evidence, Kind, Line, Loss, Moment, PathNow, Said, Subject, Topology, What, find,
};
use proptest::prelude::*;

use super::*;

/// Milliseconds of the first moment of these stories.
const BEGIN: u64 = 1_795_651_200_000;

fn star(sites: &[&str]) -> Topology {
    let lines = sites.iter().flat_map(|site| {
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

/// A centre and the time that passes for it.
#[derive(Clone)]
struct Story {
    topology: Topology,
    in_maintenance: BTreeSet<Subject>,
    settings: IncidentSettings,
    evidence: Evidence,
    incidents: Incidents,
    /// Milliseconds since [`BEGIN`].
    now: u64,
}

impl Story {
    fn new() -> Self {
        Self {
            topology: star(&["hofuf", "mubarraz", "oyun"]),
            in_maintenance: BTreeSet::new(),
            settings: IncidentSettings::default(),
            evidence: Evidence::default(),
            incidents: Incidents::default(),
            now: 0,
        }
    }

    fn at(&self) -> Timestamp {
        timestamp_of(self.now)
    }

    /// Time passes until then, second by second.
    fn until(&mut self, seconds: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        while self.now < seconds * 1_000 {
            self.now += 1_000;
            changes.extend(self.look());
        }
        changes
    }

    fn look(&mut self) -> Vec<Change> {
        let causes = find(&self.topology, &self.evidence);
        let around = Surroundings {
            topology: &self.topology,
            in_maintenance: &self.in_maintenance,
            settings: &self.settings,
        };
        self.incidents.update(&causes, around, timestamp_of(self.now))
    }

    /// An agent says something now.
    fn hear(&mut self, site: &str, what: What) -> Vec<Change> {
        let at = Moment::from_millis(BEGIN + self.now);
        self.evidence.add(Said { at, site: site.to_owned(), what });
        self.look()
    }

    fn line(&mut self, line: &str, now: PathNow) -> Vec<Change> {
        self.hear("amana", What::Path { path: line.to_owned(), now })
    }

    fn lose(&mut self, line: &str) -> Vec<Change> {
        self.line(line, PathNow::Lost(Loss::Silent))
    }

    fn only(&self) -> &Incident {
        let all: Vec<_> = self.incidents.list().collect();
        assert_eq!(all.len(), 1, "{all:#?}");
        all[0]
    }
}

fn timestamp_of(millis: u64) -> Timestamp {
    crate::links::timestamp(Moment::from_millis(BEGIN + millis))
}

const FIRST: IncidentId = IncidentId::new(1);
const SECOND: IncidentId = IncidentId::new(2);
const OPENED: Change = Change::Opened { id: FIRST };
const ENDED: Change = Change::Ended { id: FIRST };

#[test]
fn people_are_told_after_the_grace_and_not_before() {
    let site = || "hofuf".to_owned();
    let path = |now| What::Path { path: "fibre".to_owned(), now };
    for (what, seconds) in [
        (path(PathNow::Lost(Loss::Silent)), 5),
        (path(PathNow::Bad), 60),
        (path(PathNow::Unfit { is_half_open: true }), 600),
        (What::ChannelSilent(true), 300),
    ] {
        let mut story = Story::new();
        assert_eq!(story.hear(&site(), what.clone()), [], "{what:?}");
        assert_eq!(story.incidents.next_deadline(), Some(timestamp_of(seconds * 1_000)));
        assert_eq!(story.until(seconds - 1), [], "{what:?}");
        assert_eq!(story.until(seconds), [OPENED], "{what:?}");
        assert_eq!(story.only().opened, Some(story.at()));
        assert_eq!(story.until(seconds + 100), [], "once");
    }
    let mut story = Story::new();
    assert_eq!(story.hear("hofuf", What::Breach(true)), [OPENED], "that cannot wait");
    assert_eq!(story.only().severity(), Severity::Critical);
}

#[test]
fn what_is_over_within_the_grace_was_nothing() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.until(4);
    assert_eq!(story.line("hofuf-fibre", PathNow::Good), []);
    assert_eq!(story.until(100), []);
    assert_eq!(story.incidents.list().count(), 0);
}

#[test]
fn an_outage_that_is_told_late_makes_an_incident_all_the_same() {
    let mut story = Story::new();
    story.now = 3_600_000;
    let path = |now| What::Path { path: "fibre".to_owned(), now };
    for (at, now) in [(0, PathNow::Lost(Loss::Silent)), (60_000, PathNow::Good)] {
        let at = Moment::from_millis(BEGIN + at);
        story.evidence.add(Said { at, site: "hofuf".to_owned(), what: path(now) });
    }
    assert_eq!(story.look(), [OPENED, ENDED]);
    assert_eq!(story.only().begin, timestamp_of(0));
    assert_eq!(story.only().end(), Some(timestamp_of(60_000)));
    assert_eq!(story.until(3_700), []);
}

#[test]
fn a_path_that_gets_worse_is_told_of_sooner() {
    let mut story = Story::new();
    story.line("hofuf-fibre", PathNow::Bad);
    story.until(30);
    story.lose("hofuf-fibre");
    assert_eq!(story.until(34), []);
    assert_eq!(story.until(35), [OPENED]);
}

#[test]
fn a_site_that_goes_dark_is_one_incident_and_is_named_better_later() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.until(1);
    story.lose("hofuf-radio");
    assert_eq!(story.until(6), [OPENED]);
    assert_eq!(story.only().kind, Kind::SiteDark { site: "hofuf".to_owned() });
    story.incidents.acknowledge(FIRST, "duty", story.at());
    let changes = story.hear("hofuf", What::AccessPointsSilent(true));
    let from = Kind::SiteDark { site: "hofuf".to_owned() };
    assert_eq!(changes, [Change::Refined { id: FIRST, from }]);
    assert_eq!(story.only().kind, Kind::Power { site: "hofuf".to_owned() });
    assert!(story.only().acknowledged.is_some(), "as bad as it was");
}

#[test]
fn two_incidents_that_turn_out_to_be_one_are_folded() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    assert_eq!(story.until(6), [OPENED]);
    // The other end tells late of the fibre of another site: by its clock all was at once.
    let told = |story: &mut Story, line: &str, at: u64| {
        let at = Moment::from_millis(BEGIN + at);
        let what = What::Path { path: line.to_owned(), now: PathNow::Lost(Loss::Silent) };
        story.evidence.add(Said { at, site: "amana".to_owned(), what });
        story.look()
    };
    story.incidents.note(FIRST, "duty", "called the provider", story.at());
    let second = told(&mut story, "mubarraz-fibre", 500);
    assert_eq!(second, [Change::Opened { id: SECOND }]);
    told(&mut story, "mubarraz-radio", 800);
    told(&mut story, "oyun-fibre", 700);
    told(&mut story, "oyun-radio", 700);
    let changes = told(&mut story, "hofuf-radio", 900);
    assert!(changes.contains(&Change::Folded { id: SECOND, into: FIRST }), "{changes:?}");
    assert_eq!(story.only().kind, Kind::Hub { hub: "amana".to_owned() });
    assert_eq!(story.only().troubles.len(), 6);
    assert_eq!(story.only().notes.len(), 1);
}

#[test]
fn who_takes_care_of_a_path_has_not_said_to_take_care_of_a_dark_site() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.until(6);
    assert!(story.incidents.acknowledge(FIRST, "duty", story.at()).is_some());
    let at = Moment::from_millis(BEGIN + 1_000);
    let what = What::Path { path: "hofuf-radio".to_owned(), now: PathNow::Lost(Loss::Silent) };
    story.evidence.add(Said { at, site: "amana".to_owned(), what });
    assert_eq!(story.look(), [Change::Refined { id: FIRST, from: Kind::Unknown }]);
    assert_eq!(story.only().acknowledged, None);
}

#[test]
fn what_comes_back_soon_is_the_same_incident() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.until(10);
    assert_eq!(story.line("hofuf-fibre", PathNow::Good), [ENDED]);
    story.until(500);
    assert_eq!(story.lose("hofuf-fibre"), []);
    assert_eq!(story.until(505), [Change::Reopened { id: FIRST }]);
    assert_eq!(story.only().reopened, 1);
    assert_eq!(story.line("hofuf-fibre", PathNow::Good), [ENDED]);
    // A moment of it is no reason to tell again.
    story.until(600);
    story.lose("hofuf-fibre");
    story.until(602);
    assert_eq!(story.line("hofuf-fibre", PathNow::Good), []);
    story.until(602 + 601);
    story.lose("hofuf-fibre");
    assert_eq!(story.until(1_300), [Change::Opened { id: SECOND }], "that is another one");
}

#[test]
fn what_a_larger_incident_explains_is_not_told() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.lose("hofuf-radio");
    assert_eq!(story.until(5), [OPENED]);
    story.until(60);
    story.hear(
        "hofuf",
        What::Path { path: "radio".to_owned(), now: PathNow::Unfit { is_half_open: false } },
    );
    assert_eq!(story.until(800), [], "of a dark site");
    let child = story.incidents.find(SECOND).unwrap();
    assert_eq!(child.stage, Stage::Suppressed { by: Explained::Parent(FIRST) });
    story.line("hofuf-fibre", PathNow::Good);
    assert_eq!(story.line("hofuf-radio", PathNow::Good), [ENDED]);
    assert_eq!(story.until(1_400), [Change::Opened { id: SECOND }], "600 s after its parent");
}

#[test]
fn what_people_want_is_not_told_and_what_is_left_afterwards_is() {
    let mut story = Story::new();
    story.line("hofuf-fibre", PathNow::Lost(Loss::Maintenance));
    assert_eq!(story.until(100), []);
    story.in_maintenance.insert(Subject::Site("oyun".to_owned()));
    story.lose("oyun-fibre");
    assert_eq!(story.until(200), []);
    story.in_maintenance.clear();
    assert_eq!(story.until(206), [Change::Opened { id: SECOND }]);
    story.in_maintenance.insert(Subject::Line("oyun-fibre".to_owned()));
    assert_eq!(story.until(210), [Change::Suppressed { id: SECOND }]);
    assert_eq!(story.line("oyun-fibre", PathNow::Good), [Change::Ended { id: SECOND }]);
}

#[test]
fn a_breach_is_told_whatever_explains_it() {
    let mut story = Story::new();
    story.in_maintenance.insert(Subject::Site("hofuf".to_owned()));
    assert_eq!(story.hear("hofuf", What::Breach(true)), [OPENED]);
}

#[test]
fn what_is_over_is_acknowledged_by_nobody() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.until(5);
    assert_eq!(
        story.incidents.acknowledge(FIRST, "duty", story.at()),
        Some(Change::Acknowledged { id: FIRST })
    );
    story.line("hofuf-fibre", PathNow::Good);
    assert_eq!(story.incidents.acknowledge(FIRST, "other", story.at()), None);
    assert_eq!(story.only().acknowledged.as_ref().unwrap().by, "duty");
    assert_eq!(story.incidents.acknowledge(SECOND, "duty", story.at()), None);
}

#[test]
fn notes_are_bounded_and_old_incidents_forgotten() {
    let mut story = Story::new();
    story.lose("hofuf-fibre");
    story.until(5);
    let mut taken = 0;
    while story.incidents.note(FIRST, "duty", "looking", story.at()) {
        taken += 1;
    }
    assert_eq!(taken, 100);
    story.line("hofuf-fibre", PathNow::Good);
    story.now += 2 * 86_400_000;
    assert_eq!(story.look(), []);
    assert_eq!(story.incidents.list().count(), 0);
    assert_eq!(story.look(), [], "it is not made again");
}

#[test]
fn a_clock_that_is_ahead_delays_nobody() {
    let mut story = Story::new();
    let at = Moment::from_millis(BEGIN + 7_200_000);
    let what = What::Path { path: "fibre".to_owned(), now: PathNow::Lost(Loss::Silent) };
    story.evidence.add(Said { at, site: "hofuf".to_owned(), what });
    story.look();
    assert_eq!(story.until(5), [OPENED]);
}

#[test]
fn a_value_out_of_range_is_named() {
    assert_eq!(IncidentSettings::default().validate(), Ok(()));
    let settings = IncidentSettings { down_seconds: 3_601, ..IncidentSettings::default() };
    let reason = settings.validate().unwrap_err().to_string();
    assert_eq!(reason, "`controller.links.incidents.down-seconds` is 3601, but must be 0 to 3600");
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Say(usize, bool, PathNow),
    Site(What),
    Maintain(usize),
    Over,
    Acknowledge(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let now = prop::sample::select(vec![
        PathNow::Good,
        PathNow::Bad,
        PathNow::Lost(Loss::Silent),
        PathNow::Lost(Loss::Maintenance),
        PathNow::Unfit { is_half_open: true },
    ]);
    let site = vec![What::ChannelSilent(true), What::ChannelSilent(false), What::Breach(true)];
    prop_oneof![
        4 => (1..400_u64).prop_map(Step::Wait),
        8 => (0..6_usize, any::<bool>(), now).prop_map(|(line, hub, now)| Step::Say(line, hub, now)),
        1 => prop::sample::select(site).prop_map(Step::Site),
        1 => (0..6_usize).prop_map(Step::Maintain),
        1 => Just(Step::Over),
        1 => (1..5_u64).prop_map(Step::Acknowledge),
    ]
}

impl Story {
    fn step(&mut self, step: &Step) -> Vec<Change> {
        match step {
            Step::Wait(seconds) => {
                self.now += seconds * 1_000;
                self.look()
            }
            Step::Say(line, is_hub, now) => {
                let line = self.topology.lines[*line].clone();
                let end = &line.ends[usize::from(*is_hub)];
                self.hear(&end.site, What::Path { path: end.path.clone(), now: *now })
            }
            Step::Site(what) => self.hear("hofuf", what.clone()),
            Step::Maintain(line) => {
                let name = self.topology.lines[*line].name.clone();
                self.in_maintenance.insert(Subject::Line(name));
                self.look()
            }
            Step::Over => {
                self.in_maintenance.clear();
                self.look()
            }
            Step::Acknowledge(id) => {
                let at = self.at();
                self.incidents.acknowledge(IncidentId::new(*id), "duty", at).into_iter().collect()
            }
        }
    }
}

proptest! {
    #[test]
    fn a_restart_at_any_step_changes_nothing(steps in prop::collection::vec(any_step(), 0..40)) {
        let (mut whole, mut restarted) = (Story::new(), Story::new());
        for step in &steps {
            let written = serde_json::to_string(&restarted.incidents).unwrap();
            restarted.incidents = serde_json::from_str(&written).unwrap();
            let evidence = serde_json::to_string(&restarted.evidence).unwrap();
            restarted.evidence = serde_json::from_str(&evidence).unwrap();
            prop_assert_eq!(whole.step(step), restarted.step(step));
        }
        prop_assert_eq!(whole.incidents, restarted.incidents);
    }

    /// Nothing is told of twice at a time, and who is told of an end was told of the beginning.
    #[test]
    fn each_trouble_is_in_one_incident_and_each_end_follows_a_beginning(
        steps in prop::collection::vec(any_step(), 0..40)
    ) {
        let mut story = Story::new();
        let mut told: BTreeSet<IncidentId> = BTreeSet::new();
        for step in &steps {
            for change in story.step(step) {
                match change {
                    Change::Opened { id } => prop_assert!(told.insert(id)),
                    Change::Reopened { id } | Change::Ended { id } | Change::Refined { id, .. } => {
                        prop_assert!(told.contains(&id));
                    }
                    Change::Folded { id, into } => {
                        prop_assert!(told.remove(&id));
                        told.insert(into);
                    }
                    Change::Suppressed { .. } | Change::Acknowledged { .. } => {}
                }
            }
            let going_on = story.incidents.list().filter(|incident| incident.end().is_none());
            let own = |incident: &Incident| -> BTreeSet<(Subject, Ailment)> {
                let open = incident.troubles.iter().filter(|trouble| trouble.until.is_none());
                open.map(|trouble| (trouble.subject.clone(), trouble.ailment)).collect()
            };
            let mut subjects: Vec<_> = going_on.flat_map(own).collect();
            let all = subjects.len();
            subjects.sort();
            subjects.dedup();
            prop_assert_eq!(subjects.len(), all, "{:#?}", story.incidents);
        }
    }
}
