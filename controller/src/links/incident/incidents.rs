//! All incidents, and how causes change them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use link::cause::{Ailment, Cause, Kind, Line, Said, Subject, Topology, Trouble};
use serde::{Deserialize, Serialize};

use super::{
    Acknowledgement, Change, Explained, Incident, IncidentId, IncidentSettings, Note, Severity,
    Stage,
};
use crate::links::timestamp;

/// For how long after its end an outage of which an agent tells late still makes an incident.
const LATE: Duration = Duration::from_secs(86_400);
/// For how long an incident that is over is known here; longer than [`LATE`], so that none is made twice.
const KNOWN: Duration = Duration::from_secs(2 * 86_400);
/// The most notes of one incident.
const MOST_NOTES: usize = 100;

/// All incidents that are not long over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Incidents {
    last: u64,
    known: BTreeMap<IncidentId, Incident>,
}

/// What else decides whether people are told.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Which lines there are.
    pub topology: &'a Topology,
    /// Lines and sites that people take care of now.
    pub in_maintenance: &'a BTreeSet<Subject>,
    /// For how long something is the matter before people are told.
    pub settings: &'a IncidentSettings,
}

/// What causes say of one incident.
#[derive(Debug)]
struct News {
    kind: Kind,
    troubles: BTreeSet<Trouble>,
    evidence: BTreeSet<Said>,
}

impl Incidents {
    /// That one, if it is not long over.
    pub fn find(&self, id: IncidentId) -> Option<&Incident> {
        self.known.get(&id)
    }

    /// All of them, the oldest first.
    pub fn list(&self) -> impl Iterator<Item = &Incident> {
        self.known.values()
    }

    /// Takes in what is known of all causes now. Has to be called again at [`Self::next_deadline`].
    pub fn update(
        &mut self,
        causes: &[Cause],
        around: Surroundings<'_>,
        now: Timestamp,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let news = self.assign(causes, around, now, &mut changes);
        for (id, news) in &news {
            self.take(*id, news, &mut changes);
        }
        // The larger ones first, for they explain others.
        let mut order: Vec<IncidentId> = self.known.keys().copied().collect();
        order.sort_by_key(|id| self.known.get(id).map(|incident| incident.kind.clone()));
        for id in order {
            let is_gone = !news.contains_key(&id);
            self.advance(id, is_gone, around, now, &mut changes);
        }
        self.known.retain(|_, incident| incident.end().is_none_or(|end| now.since(end) < KNOWN));
        changes
    }

    /// When something changes although nothing is heard.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.known.values().filter_map(Incident::due).min()
    }

    /// Somebody takes care of it; `None` if it is over or not known.
    pub fn acknowledge(&mut self, id: IncidentId, by: &str, now: Timestamp) -> Option<Change> {
        let incident = self.known.get_mut(&id).filter(|incident| incident.end().is_none())?;
        incident.acknowledged = Some(Acknowledgement { by: by.to_owned(), at: now });
        Some(Change::Acknowledged { id })
    }

    /// Somebody writes something down; whether there was room for it.
    pub fn note(&mut self, id: IncidentId, by: &str, text: &str, now: Timestamp) -> bool {
        let incident = self.known.get_mut(&id);
        let Some(incident) = incident.filter(|incident| incident.notes.len() < MOST_NOTES) else {
            return false;
        };
        incident.notes.push(Note { by: by.to_owned(), at: now, text: text.to_owned() });
        true
    }

    /// Which incident each cause belongs to. An incident keeps its troubles together, also if they
    /// turn out to have two causes, so that nobody is told twice.
    fn assign(
        &mut self,
        causes: &[Cause],
        around: Surroundings<'_>,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) -> BTreeMap<IncidentId, News> {
        let mut news: BTreeMap<IncidentId, News> = BTreeMap::new();
        for cause in causes {
            let same: Vec<IncidentId> = self
                .known
                .values()
                .filter(|incident| is_same(&incident.troubles, &cause.troubles))
                .map(|incident| incident.id)
                .collect();
            let id = match same.split_first() {
                Some((id, others)) => {
                    for other in others {
                        self.fold(*other, *id, changes);
                        if let Some(other) = news.remove(other) {
                            news.entry(*id).and_modify(|news| news.join(&other)).or_insert(other);
                        }
                    }
                    *id
                }
                None if is_long_over(cause, around.settings, now) => continue,
                None => self
                    .find_former(cause, around.settings, now)
                    .unwrap_or_else(|| self.begin(cause, around.settings, now)),
            };
            let own = News::of(cause);
            news.entry(id).and_modify(|news| news.join(&own)).or_insert(own);
        }
        news
    }

    /// One that ended shortly before the same began again.
    fn find_former(
        &mut self,
        cause: &Cause,
        settings: &IncidentSettings,
        now: Timestamp,
    ) -> Option<IncidentId> {
        let begin = timestamp(cause.begin()).min(now);
        let subjects: BTreeSet<_> = cause.troubles.iter().map(|trouble| &trouble.subject).collect();
        let is_former = |incident: &&mut Incident| {
            let is_soon = incident
                .end()
                .is_some_and(|end| end <= begin && begin.since(end) <= settings.reopening());
            is_soon
                && incident.opened.is_some()
                && incident.ailment() == cause.ailment()
                && incident.subjects().iter().any(|subject| subjects.contains(subject))
        };
        let former = self.known.values_mut().rev().find(is_former)?;
        former.reopened = former.reopened.saturating_add(1);
        former.acknowledged = None;
        former.stage = Stage::waiting(begin, settings.grace(cause.ailment()));
        Some(former.id)
    }

    fn begin(&mut self, cause: &Cause, settings: &IncidentSettings, now: Timestamp) -> IncidentId {
        self.last += 1;
        let id = IncidentId::new(self.last);
        let begin = timestamp(cause.begin());
        let stage = Stage::waiting(begin.min(now), settings.grace(cause.ailment()));
        let incident = Incident {
            id,
            kind: cause.kind.clone(),
            troubles: cause.troubles.clone(),
            evidence: cause.evidence.clone(),
            begin,
            noticed: now,
            stage,
            opened: None,
            acknowledged: None,
            notes: Vec::new(),
            reopened: 0,
        };
        self.known.insert(id, incident);
        id
    }

    /// Two incidents are one.
    fn fold(&mut self, id: IncidentId, into: IncidentId, changes: &mut Vec<Change>) {
        let Some(other) = self.known.remove(&id) else { return };
        let Some(own) = self.known.get_mut(&into) else { return };
        own.begin = own.begin.min(other.begin);
        own.noticed = own.noticed.min(other.noticed);
        own.reopened = own.reopened.max(other.reopened);
        own.acknowledged = own.acknowledged.take().or(other.acknowledged);
        own.notes.extend(other.notes);
        own.notes.sort_by_key(|note| note.at);
        own.notes.truncate(MOST_NOTES);
        if other.opened.is_some() {
            changes.push(Change::Folded { id, into });
            own.opened = own.opened.or(other.opened);
            if matches!(own.stage, Stage::Waiting { .. }) {
                own.stage = other.stage;
            }
        }
    }

    fn take(&mut self, id: IncidentId, news: &News, changes: &mut Vec<Change>) {
        let Some(incident) = self.known.get_mut(&id) else { return };
        let was_worse = incident.troubles.iter().map(|trouble| trouble.ailment).min();
        incident.troubles = news.troubles.iter().cloned().collect();
        incident.evidence = news.evidence.iter().cloned().collect();
        let begin = news.troubles.iter().map(|trouble| timestamp(trouble.from)).min();
        incident.begin = begin.map_or(incident.begin, |begin| begin.min(incident.begin));
        if incident.kind == news.kind {
            return;
        }
        let from = std::mem::replace(&mut incident.kind, news.kind.clone());
        let is_worse = Severity::of(&from) < incident.severity();
        if is_worse || was_worse > Some(incident.ailment()) {
            // Whoever takes care of a lost path has not said to take care of a dark site.
            incident.acknowledged = None;
        }
        if incident.is_open() {
            changes.push(Change::Refined { id, from });
        }
    }

    /// Brings an incident to the stage that it is in now.
    fn advance(
        &mut self,
        id: IncidentId,
        is_gone: bool,
        around: Surroundings<'_>,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let Some(incident) = self.known.get(&id) else { return };
        if matches!(incident.stage, Stage::Ended { .. }) {
            return;
        }
        let grace = around.settings.grace(incident.ailment());
        let end = if is_gone { Some(now) } else { end_of(incident) };
        let explained = self.explained(incident, around);
        let Some(incident) = self.known.get_mut(&id) else { return };
        let due = match incident.stage {
            Stage::Waiting { since, .. } => {
                // What got worse meanwhile counts from then; a clock that is ahead counts for nothing.
                let worse = incident.worse_since().filter(|worse| *worse <= now);
                incident.stage =
                    Stage::waiting(worse.map_or(since, |worse| worse.max(since)), grace);
                incident.due().unwrap_or(now)
            }
            _ => now + grace,
        };
        match (end, explained, incident.stage) {
            (Some(end), _, Stage::Waiting { .. }) if end < due => self.pass(id, end),
            (Some(end), None, Stage::Waiting { .. }) => {
                incident.open(now, changes);
                incident.finish(end, changes);
            }
            (Some(end), _, _) => incident.finish(end, changes),
            (None, Some(by), Stage::Open) => {
                incident.stage = Stage::Suppressed { by };
                changes.push(Change::Suppressed { id });
            }
            (None, Some(by), _) => incident.stage = Stage::Suppressed { by },
            (None, None, Stage::Waiting { .. } | Stage::Suppressed { .. }) if due <= now => {
                incident.open(now, changes);
            }
            (None, None, Stage::Suppressed { .. }) => incident.stage = Stage::waiting(now, grace),
            (None, None, _) => {}
        }
    }

    /// It was over before anybody had to know: as if it had not been, unless it is known already.
    fn pass(&mut self, id: IncidentId, end: Timestamp) {
        let Some(incident) = self.known.get_mut(&id) else { return };
        if incident.opened.is_some() {
            incident.stage = Stage::Ended { at: end };
        } else {
            self.known.remove(&id);
        }
    }

    /// What explains it, so that nobody needs to be told.
    fn explained(&self, incident: &Incident, around: Surroundings<'_>) -> Option<Explained> {
        let going_on = || incident.troubles.iter().filter(|trouble| trouble.until.is_none());
        let topology = around.topology;
        let is_through = |line: &Line, hub: &str| line.hub.as_deref() == Some(hub);
        let touched = |subject: &Subject, site: &str| match subject {
            Subject::Site(name) => {
                name == site || topology.of_site(name).any(|line| is_through(line, site))
            }
            Subject::Line(name) => {
                topology.line(name).is_some_and(|line| line.touches(site) || is_through(line, site))
            }
        };
        let is_wanted = |trouble: &Trouble| {
            trouble.is_planned
                || around.in_maintenance.contains(&trouble.subject)
                || around.in_maintenance.iter().any(|wanted| {
                    matches!(wanted, Subject::Site(site) if touched(&trouble.subject, site))
                })
        };
        let is_breach = incident.ailment() == Ailment::Breach;
        if going_on().next().is_none() || is_breach {
            return None;
        }
        if going_on().all(is_wanted) {
            return Some(Explained::Maintenance);
        }
        let explains = |parent: &&Incident| {
            let (Kind::Hub { .. } | Kind::Power { .. } | Kind::SiteDark { .. }) = &parent.kind
            else {
                return false;
            };
            let Some(place) = parent.kind.about() else { return false };
            parent.id != incident.id
                && matches!(parent.stage, Stage::Open | Stage::Waiting { .. })
                && incident.kind > parent.kind
                && going_on().all(|trouble| touched(&trouble.subject, place))
        };
        self.known.values().find(explains).map(|parent| Explained::Parent(parent.id))
    }
}

impl Stage {
    fn waiting(since: Timestamp, grace: Duration) -> Self {
        Self::Waiting { since, due: since + grace }
    }
}

impl Incident {
    const fn due(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Waiting { due, .. } => Some(due),
            _ => None,
        }
    }

    /// Since when it is as bad as it is.
    fn worse_since(&self) -> Option<Timestamp> {
        let worst = self.ailment();
        let of_worst = self
            .troubles
            .iter()
            .filter(|trouble| trouble.ailment == worst && trouble.until.is_none());
        of_worst.map(|trouble| timestamp(trouble.from)).min()
    }

    fn open(&mut self, now: Timestamp, changes: &mut Vec<Change>) {
        self.stage = Stage::Open;
        changes.push(match self.opened {
            Some(_) => Change::Reopened { id: self.id },
            None => Change::Opened { id: self.id },
        });
        self.opened = self.opened.or(Some(now));
    }

    fn finish(&mut self, end: Timestamp, changes: &mut Vec<Change>) {
        self.stage = Stage::Ended { at: end };
        if self.opened.is_some() {
            changes.push(Change::Ended { id: self.id });
        }
    }
}

impl News {
    fn of(cause: &Cause) -> Self {
        Self {
            kind: cause.kind.clone(),
            troubles: cause.troubles.iter().cloned().collect(),
            evidence: cause.evidence.iter().cloned().collect(),
        }
    }

    /// Of two causes, the larger one gives the name.
    fn join(&mut self, other: &Self) {
        self.troubles.extend(other.troubles.iter().cloned());
        self.evidence.extend(other.evidence.iter().cloned());
        if other.kind < self.kind {
            self.kind = other.kind.clone();
        }
    }
}

/// Whether something is in both: the same is the matter with the same, at the same time.
fn is_same(some: &[Trouble], others: &[Trouble]) -> bool {
    some.iter().any(|one| {
        others.iter().any(|other| {
            one.subject == other.subject
                && one.ailment == other.ailment
                && (one.from == other.from
                    || one.until.is_none_or(|until| other.from < until)
                        && other.until.is_none_or(|until| one.from < until))
        })
    })
}

/// Whether it is over and need not be told any more: too short, or too long ago.
fn is_long_over(cause: &Cause, settings: &IncidentSettings, now: Timestamp) -> bool {
    let (begin, Some(end)) = (timestamp(cause.begin()), cause.end()) else { return false };
    let end = timestamp(end);
    now.since(end) > LATE || end.since(begin) < settings.grace(cause.ailment())
}

fn end_of(incident: &Incident) -> Option<Timestamp> {
    let ends: Option<Vec<_>> =
        incident.troubles.iter().map(|trouble| trouble.until.map(timestamp)).collect();
    ends?.into_iter().max()
}
