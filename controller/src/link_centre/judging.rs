//! What the centre concludes from what agents tell: evidence, causes, and incidents for people.
//!
//! All of it is one value in the store, which is read, changed and kept only if nobody else changed it
//! meanwhile. So a controller that is restarted goes on where it was, and of two only one concludes.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Timestamp, Zone};
use link::cause::{End, Evidence, Line, Moment, Said, Subject, Topology, What, find};
use link::report::{Event, Name};
use serde::{Deserialize, Serialize};
use store::{LinkConclusion, LinkIncident, LinkSite, Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::beside::{Beside, Heard};
use super::hearing::said;
use super::offices::Office;
use super::settings::{LinkCentreSettings, own_name};
use super::windows;
use crate::links::alert::{AlertSettings, Alerts};
use crate::links::incident::{
    Change, Explained, Incident, IncidentId, Incidents, Stage, Surroundings,
};
use crate::links::wording::Catalogue;
use crate::rounds;

const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);
const AT_ONCE: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
/// An agent that was not heard for so long is silent: it speaks every ten seconds.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// For how long what is over may still matter.
const MATTERS: Duration = Duration::from_secs(2 * 86_400);
/// How often somebody may be faster before an acknowledgement is given up.
pub(super) const TRIES: usize = 10;

/// What is known, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Known {
    /// Up to which event of each office it goes.
    heard: BTreeMap<Name, u64>,
    /// The offices whose agents are silent.
    silent: BTreeSet<Name>,
    /// Those whose visitors' access points are.
    dark: BTreeSet<Name>,
    /// What offices need of their visitors.
    pub(super) offices: BTreeMap<Name, Office>,
    evidence: Evidence,
    pub(super) incidents: Incidents,
    /// On what people work.
    in_maintenance: BTreeSet<Subject>,
    /// What people are told, and what is still to be sent.
    pub(super) alerts: Alerts,
}

/// The part of the controller that concludes.
pub(crate) struct Judging {
    settings: LinkCentreSettings,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    words: Catalogue,
    started_at: Timestamp,
    beside: Beside,
}

impl Judging {
    pub(crate) fn new(
        settings: LinkCentreSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let started_at = clock.now();
        let (words, beside) = (Catalogue::new(), Beside::new(started_at));
        Self { settings, store, clock, words, started_at, beside }
    }

    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        rounds::work(BETWEEN_ROUNDS, stop, "incidents of links are looked at again later", || {
            self.conclude()
        })
        .await;
    }

    /// Takes in what is new, and keeps what follows from it.
    pub(crate) async fn conclude(&self) -> Result<Vec<Change>, StoreError> {
        let LinkConclusion { version, state } = self.store.find_link_conclusion().await?;
        let before = read(&state)?;
        let mut known = before.clone();
        let sites = self.store.list_link_sites().await?;
        let now = self.clock.now();
        for site in &sites {
            self.hear(site, &mut known).await?;
            self.listen(site, &mut known, now);
        }
        known.in_maintenance = windows::worked_on(&self.store, &self.settings.zone, now).await?;
        let store = self.store.as_ref();
        for (name, heard_at) in self.beside.access_points(store, now).await? {
            note_access_points(name, heard_at, &mut known);
        }
        let due = [known.incidents.next_deadline(), known.alerts.next_deadline()];
        let is_due = due.into_iter().flatten().any(|due| due <= now);
        if known == before && !is_due {
            self.beside.tell(store, (&known.offices, &sites), now).await?;
            return Ok(Vec::new());
        }
        let matters = u64::try_from((now - MATTERS).as_millis()).unwrap_or_default();
        known.evidence.forget(Moment::from_millis(matters));
        let topology = topology(&self.settings.lines, &known.evidence);
        let around = Surroundings {
            topology: &topology,
            in_maintenance: &known.in_maintenance,
            settings: &self.settings.incidents,
        };
        let causes = find(&topology, &known.evidence);
        let changes = known.incidents.update(&causes, around, now);
        self.alert(&changes, &mut known, now);
        if !keep(&self.store, version, &before, &known).await? {
            tracing::debug!("somebody else concluded before");
            return Ok(Vec::new());
        }
        for change in &changes {
            tell(change, &known.incidents);
        }
        self.beside.tell(store, (&known.offices, &sites), now).await?;
        Ok(changes)
    }

    /// Has people told of changes, and of what is due.
    fn alert(&self, changes: &[Change], known: &mut Known, now: Timestamp) {
        let Known { incidents, alerts, .. } = known;
        let (zone, with) = (&self.settings.zone, (&self.settings.alerts, &self.words));
        // What is to be sent stays with the alerts until it was.
        for change in changes {
            if let Some(incident) = incidents.find(change.subject()) {
                alerts.tell(change, (incident, zone), with, now);
            }
        }
        alerts.tick(with.0, with.1, now);
    }

    /// Takes in the events of an office that came since.
    async fn hear(&self, site: &LinkSite, known: &mut Known) -> Result<(), StoreError> {
        let now = self.clock.now();
        let heard = known.heard.entry(site.name.clone()).or_default();
        let office = known.offices.entry(site.name.clone()).or_default();
        // One that was forgotten begins anew.
        *heard = (*heard).min(site.events);
        while *heard < site.events {
            let events = self.store.list_link_events(&site.name, *heard, AT_ONCE).await?;
            let Some(last) = events.last() else {
                *heard = site.events;
                break;
            };
            *heard = last.position;
            for told in &events {
                let Ok(event) = serde_json::from_str::<Event>(&told.event.line) else { continue };
                // Whoever told it speaks for that office alone.
                let event = Event { site: site.name.to_string(), ..event };
                office.hear(&event, now);
                if let Some(said) = said(&event) {
                    known.evidence.add(said);
                }
            }
        }
        if let Some((state, at)) = &site.state {
            office.note(state, *at, now);
        }
        Ok(())
    }

    /// Notes that an agent fell silent, or speaks again. While the centre was down nobody was.
    fn listen(&self, site: &LinkSite, known: &mut Known, now: Timestamp) {
        let since = site.seen_at.max(self.started_at);
        let is_silent = now.since(since) >= SILENT_AFTER;
        let at = if is_silent { since } else { site.seen_at };
        let is_new = match is_silent {
            true => known.silent.insert(site.name.clone()),
            false => known.silent.remove(&site.name),
        };
        if is_new {
            let at = Moment::from_millis(u64::try_from(at.as_millis()).unwrap_or_default());
            let what = What::ChannelSilent(is_silent);
            known.evidence.add(Said { at, site: site.name.to_string(), what });
        }
    }
}

/// Notes that the access points beside an office fell silent, or are heard again.
fn note_access_points(office: Name, heard: Heard, known: &mut Known) {
    let (at, is_silent) = match heard {
        Heard::At(at) => (at, false),
        Heard::NotSince(at) => (at, true),
    };
    let is_new = match is_silent {
        true => known.dark.insert(office.clone()),
        false => known.dark.remove(&office),
    };
    if is_new {
        let at = Moment::from_millis(u64::try_from(at.as_millis()).unwrap_or_default());
        let what = What::AccessPointsSilent(is_silent);
        known.evidence.add(Said { at, site: office.to_string(), what });
    }
}

/// Somebody takes care of an incident; whether there is one that is not over.
pub(crate) async fn acknowledge(
    store: &Arc<dyn Store>,
    id: IncidentId,
    (by, note): (&str, Option<&str>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    for _ in 0..TRIES {
        let LinkConclusion { version, state } = store.find_link_conclusion().await?;
        let before = read(&state)?;
        let mut known = before.clone();
        let Some(change) = known.incidents.acknowledge(id, by, now) else { return Ok(false) };
        if let Some(incident) = known.incidents.find(id) {
            // Nobody new is told of that, so nobody's settings matter.
            let nobody = (&AlertSettings::default(), &Catalogue::new());
            known.alerts.tell(&change, (incident, &Zone::riyadh()), nobody, now);
        }
        if let Some(note) = note {
            known.incidents.note(id, by, note, now);
        }
        if keep(store, version, &before, &known).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn read(state: &str) -> Result<Known, StoreError> {
    if state.is_empty() {
        return Ok(Known::default());
    }
    serde_json::from_str(state).map_err(|_| StoreError::Corrupt { what: "conclusion of links" })
}

/// Keeps what is known now, unless somebody else kept something since.
pub(super) async fn keep(
    store: &Arc<dyn Store>,
    version: u64,
    before: &Known,
    known: &Known,
) -> Result<bool, StoreError> {
    let state = serde_json::to_string(known).expect("what is known has a form in JSON");
    // What people wanted is told to nobody, and to be seen all the same.
    let is_wanted = |incident: &Incident| {
        matches!(incident.stage, Stage::Suppressed { by: Explained::Maintenance })
    };
    let changed = known.incidents.list().filter(|incident| {
        let former = before.incidents.find(incident.id);
        let is_shown =
            incident.opened.is_some() || is_wanted(incident) || former.is_some_and(is_wanted);
        is_shown && former != Some(*incident)
    });
    let changed: Vec<_> = changed
        .map(|incident| LinkIncident {
            number: incident.id.number(),
            begin_at: incident.begin,
            ended_at: incident.end(),
            incident: serde_json::to_string(incident).expect("an incident has a form in JSON"),
        })
        .collect();
    // One that is part of another is no more; one that ended long ago is only not looked at any more.
    let gone = before
        .incidents
        .list()
        .filter(|incident| incident.end().is_none() && known.incidents.find(incident.id).is_none());
    let gone: Vec<_> = gone.map(|incident| incident.id.number()).collect();
    store.keep_link_conclusion(version, &state, &changed, &gone).await
}

/// The lines that are set; every other path of which something was said is a line by itself, of which
/// the other end is not known.
fn topology(lines: &[Line], evidence: &Evidence) -> Topology {
    let mut topology = Topology { lines: lines.to_vec() };
    let paths: BTreeSet<_> = evidence
        .said()
        .filter_map(|said| match &said.what {
            What::Path { path, .. } => Some((said.site.clone(), path.clone())),
            _ => None,
        })
        .collect();
    for (site, path) in paths {
        if topology.of_end(&site, &path).is_none() {
            let name = own_name(&site, &path);
            let unknown = End { site: String::new(), path: name.clone() };
            let ends = [End { site, path }, unknown];
            topology.lines.push(Line { name, ends, hub: None, sector: None, provider: None });
        }
    }
    topology
}

fn tell(change: &Change, incidents: &Incidents) {
    let (id, what) = match change {
        Change::Opened { id } => (*id, "opened"),
        Change::Reopened { id } => (*id, "reopened"),
        Change::Refined { id, .. } => (*id, "refined"),
        Change::Folded { id, .. } => (*id, "folded"),
        Change::Suppressed { id } => (*id, "suppressed"),
        Change::Acknowledged { id } => (*id, "acknowledged"),
        Change::Ended { id } => (*id, "ended"),
    };
    let kind = incidents.find(id).map_or("-", |incident| incident.kind.as_str());
    tracing::warn!(incident = id.number(), kind, what, "links.incident");
}

#[cfg(test)]
mod tests {
    use domain::ManualClock;
    use link::report::Epoch;
    use store::testing::TestStore;
    use store::{Act, Actor, AuditEntry, AuditSubject, LinkBatch, LinkEvent};

    use super::*;
    use crate::link_centre::windows::testing::plan;
    use crate::links::span::Span;
    use crate::stage::NOON;

    const MANY: NonZeroU32 = NonZeroU32::new(100).unwrap();

    struct City {
        store: TestStore,
        clock: Arc<ManualClock>,
        told: u64,
    }

    impl City {
        async fn new() -> Self {
            let store = store::testing::sqlite().await;
            Self { store, clock: Arc::new(ManualClock::new(NOON)), told: 0 }
        }

        fn judging(&self, lines: &[Line]) -> Judging {
            let settings =
                LinkCentreSettings { lines: lines.to_vec(), ..LinkCentreSettings::deaf() };
            Judging::new(settings, self.store.shared(), self.clock.clone())
        }

        /// An agent tells now how a path is.
        async fn hear(&mut self, site: &str, path: &str, to: &str) {
            self.told += 1;
            let at = self.clock.now();
            let line = format!(
                r#"{{"number":1,"at":{},"site":"x","what":"path","path":"{path}","to":"{to}","code":"silent"}}"#,
                at.as_millis()
            );
            let site = site.parse().unwrap();
            let epoch = Epoch::new(self.told);
            let batch = LinkBatch { site, epoch, first: 1, is_rest_gone: false, at };
            let event = [LinkEvent { at, line }];
            self.store.take_link_events(&batch, &event).await.unwrap();
        }

        fn pass(&self, seconds: u64) {
            self.clock.advance(Duration::from_secs(seconds));
        }

        async fn kept(&self) -> Vec<Incident> {
            let kept = self.store.list_link_incidents(false, MANY).await.unwrap();
            kept.iter().map(|kept| serde_json::from_str(&kept.incident).unwrap()).collect()
        }
    }

    fn line(name: &str, site: &str, path: &str) -> Line {
        let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
        let ends = [end(site, path), end("amana", name)];
        Line {
            name: name.to_owned(),
            ends,
            hub: Some("amana".to_owned()),
            sector: None,
            provider: None,
        }
    }

    const FIRST: IncidentId = IncidentId::new(1);

    #[tokio::test]
    async fn a_cut_is_one_incident_over_restarts_of_the_centre_and_ends_with_it() {
        let mut city = City::new().await;
        let lines = [line("hofuf-fibre", "hofuf", "fibre")];
        city.hear("hofuf", "fibre", "down").await;
        assert_eq!(city.judging(&lines).conclude().await.unwrap(), []);
        city.hear("amana", "hofuf-fibre", "down").await;
        city.pass(6);
        // Another process goes on.
        let judging = city.judging(&lines);
        assert_eq!(judging.conclude().await.unwrap(), [Change::Opened { id: FIRST }]);
        assert_eq!(judging.conclude().await.unwrap(), []);
        assert_eq!(city.judging(&lines).conclude().await.unwrap(), []);
        let [incident] = &city.kept().await[..] else { panic!("there is one") };
        assert_eq!((incident.kind.as_str(), incident.begin), ("cut", NOON));
        let by = ("duty", Some("called the provider"));
        let entry = AuditEntry {
            actor: Actor::Service,
            act: Act::LinkIncidentAcknowledged,
            subject: AuditSubject::None,
            detail: serde_json::Map::new(),
            at: city.clock.now(),
        };
        let on_record = city.store.shared().on_record(entry);
        assert!(acknowledge(&on_record, FIRST, by, city.clock.now()).await.unwrap());
        let links = city.store.list_audit_links(0, 10).await.unwrap();
        assert_eq!(links[0].act, "link-incident-acknowledged");
        city.pass(60);
        city.hear("hofuf", "fibre", "up").await;
        city.hear("amana", "hofuf-fibre", "up").await;
        let changes = city.judging(&lines).conclude().await.unwrap();
        assert_eq!(changes, [Change::Ended { id: FIRST }]);
        let [incident] = &city.kept().await[..] else { panic!("there is one") };
        assert!(matches!(incident.stage, Stage::Ended { .. }));
        assert_eq!(incident.notes.len(), 1);
        let again = acknowledge(&city.store.shared(), FIRST, by, city.clock.now()).await;
        assert!(!again.unwrap(), "it is over");
    }

    #[tokio::test]
    async fn a_path_of_which_only_one_end_is_known_makes_an_incident_too() {
        let mut city = City::new().await;
        city.hear("hofuf", "fibre", "down").await;
        city.pass(6);
        let judging = city.judging(&[]);
        assert_eq!(judging.conclude().await.unwrap(), [Change::Opened { id: FIRST }]);
        assert_eq!(city.kept().await[0].subjects()[0].name(), "hofuf/fibre");
    }

    #[tokio::test]
    async fn work_that_was_planned_is_an_incident_of_which_nobody_is_told_until_it_lasts_longer() {
        let mut city = City::new().await;
        let lines = [line("hofuf-fibre", "hofuf", "fibre")];
        let judging = city.judging(&lines);
        let span = Span::new(NOON, NOON + Duration::from_secs(3_600));
        let number = plan(&city.store, Subject::Line("hofuf-fibre".to_owned()), span).await;
        assert_eq!(judging.conclude().await.unwrap(), []);
        city.hear("hofuf", "fibre", "down").await;
        city.hear("amana", "hofuf-fibre", "down").await;
        for _ in 0..3 {
            city.pass(300);
            assert_eq!(city.judging(&lines).conclude().await.unwrap(), []);
        }
        let [incident] = &city.kept().await[..] else { panic!("there is one") };
        let stage = Stage::Suppressed { by: Explained::Maintenance };
        assert_eq!((incident.kind.as_str(), incident.stage), ("cut", stage));
        // Somebody ends the work, and it does not come back.
        windows::testing::cancel(&city.store, number, city.clock.now()).await;
        assert_eq!(judging.conclude().await.unwrap(), []);
        city.pass(6);
        assert_eq!(judging.conclude().await.unwrap(), [Change::Opened { id: FIRST }]);
        assert!(city.kept().await[0].is_open());
    }

    #[tokio::test]
    async fn what_was_worked_on_and_is_well_in_time_is_over_and_was_told_to_nobody() {
        let mut city = City::new().await;
        let judging = city.judging(&[]);
        let span = Span::new(NOON, NOON + Duration::from_secs(3_600));
        plan(&city.store, Subject::Site("hofuf".to_owned()), span).await;
        city.hear("hofuf", "fibre", "down").await;
        judging.conclude().await.unwrap();
        city.pass(60);
        city.hear("hofuf", "fibre", "up").await;
        assert_eq!(judging.conclude().await.unwrap(), []);
        let [incident] = &city.kept().await[..] else { panic!("there is one") };
        assert!(matches!(incident.stage, Stage::Ended { .. }) && incident.opened.is_none());
        city.pass(3_600);
        assert_eq!(judging.conclude().await.unwrap(), []);
    }

    #[tokio::test]
    async fn an_agent_that_falls_silent_makes_an_incident_and_a_centre_that_was_down_makes_none() {
        let mut city = City::new().await;
        city.hear("hofuf", "fibre", "up").await;
        city.pass(7_200);
        let judging = city.judging(&[]);
        assert_eq!(judging.conclude().await.unwrap(), [], "the centre was down");
        city.pass(29);
        assert_eq!(judging.conclude().await.unwrap(), []);
        city.pass(300);
        judging.conclude().await.unwrap();
        let changes = judging.conclude().await.unwrap();
        let kept = city.kept().await;
        assert_eq!(kept.len(), 1, "{changes:?}");
        assert_eq!(kept[0].kind.as_str(), "agent-silent");
        city.hear("hofuf", "fibre", "up").await;
        assert_eq!(judging.conclude().await.unwrap(), [Change::Ended { id: FIRST }]);
    }
}
