//! What is the matter with a line or a site, and who saw it: words of both ends become one trouble.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CLOCKS, Evidence, Loss, Moment, PathNow, Said, Topology, What};

/// Within how many milliseconds the ends of a line notice the same, beside their clocks.
const NOTICED: u64 = 1_000;

/// What is the matter, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ailment {
    /// Visitors reach the offices.
    Breach,
    /// The line carries nothing.
    Lost,
    /// It carries badly.
    Bad,
    /// It would not carry the office.
    Unfit,
    /// The agent of the site is not heard.
    Silent,
    /// All is spent that may be spent on watching the line.
    UsedUp,
}

/// With what it is the matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A line, by its name.
    Line(String),
    /// A site.
    Site(String),
}

/// That something is or was the matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trouble {
    /// With what.
    pub subject: Subject,
    /// What.
    pub ailment: Ailment,
    /// Since when, by the first who saw it.
    pub from: Moment,
    /// Until when, if it is over.
    pub until: Option<Moment>,
    /// Whether people wanted it.
    pub is_planned: bool,
}

impl Subject {
    /// The name of the line or site.
    pub fn name(&self) -> &str {
        match self {
            Self::Line(name) | Self::Site(name) => name,
        }
    }
}

/// One sequence of words, of which each takes the place of the one before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Track {
    site: String,
    path: Option<String>,
    aspect: Aspect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Aspect {
    Health,
    Fitness,
    Breach,
    Channel,
    AccessPoints,
    Budget,
}

impl Track {
    /// To which it belongs.
    pub(super) fn of(said: &Said) -> Self {
        let (path, aspect) = match &said.what {
            What::Path { path, now: PathNow::Fit | PathNow::Unfit { .. } } => {
                (Some(path.clone()), Aspect::Fitness)
            }
            What::Path { path, .. } => (Some(path.clone()), Aspect::Health),
            What::UsedUp { path, .. } => (Some(path.clone()), Aspect::Budget),
            What::Breach(_) => (None, Aspect::Breach),
            What::ChannelSilent(_) => (None, Aspect::Channel),
            What::AccessPointsSilent(_) => (None, Aspect::AccessPoints),
        };
        Self { site: said.site.clone(), path, aspect }
    }

    /// Whether it says that nothing is the matter.
    pub(super) const fn is_well(what: &What) -> bool {
        match what {
            What::Path { now, .. } => matches!(now, PathNow::Good | PathNow::Fit),
            What::Breach(is)
            | What::ChannelSilent(is)
            | What::AccessPointsSilent(is)
            | What::UsedUp { is, .. } => !*is,
        }
    }
}

/// A span in which one end said that something was the matter.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub site: String,
    pub from: Moment,
    pub until: Option<Moment>,
    pub said: Vec<Said>,
}

/// A trouble with all who saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub trouble: Trouble,
    pub sights: Vec<Sight>,
}

impl Seen {
    /// Whether it and the other began within so many milliseconds, by one clock, or by two that may
    /// differ. More sights make it true, never false, so that later words join and never part.
    pub(super) fn began_with(&self, other: &Self, window: u64) -> bool {
        self.sights.iter().any(|own| {
            other.sights.iter().any(|theirs| {
                let slack = if own.site == theirs.site { 0 } else { CLOCKS };
                own.from.apart(theirs.from) <= window + slack
            })
        })
    }

    /// How the end of that site lost the other.
    pub(super) fn losses(&self, site: &str) -> BTreeSet<Loss> {
        let own = self.sights.iter().filter(|sight| sight.site == site);
        own.flat_map(|sight| &sight.said).filter_map(loss).collect()
    }

    pub(super) fn all_losses(&self) -> BTreeSet<Loss> {
        self.sights.iter().flat_map(|sight| &sight.said).filter_map(loss).collect()
    }
}

fn loss(said: &Said) -> Option<Loss> {
    match said.what {
        What::Path { now: PathNow::Lost(loss), .. } => Some(loss),
        _ => None,
    }
}

const fn ailment(what: &What) -> Option<Ailment> {
    match what {
        What::Path { now, .. } => match now {
            PathNow::Good | PathNow::Fit => None,
            PathNow::Bad => Some(Ailment::Bad),
            PathNow::Lost(_) => Some(Ailment::Lost),
            PathNow::Unfit { .. } => Some(Ailment::Unfit),
        },
        What::UsedUp { is: true, .. } => Some(Ailment::UsedUp),
        What::Breach(true) => Some(Ailment::Breach),
        What::ChannelSilent(true) | What::AccessPointsSilent(true) => Some(Ailment::Silent),
        _ => None,
    }
}

/// Spans in which the access points of each site were silent.
pub(super) fn silent_access_points(evidence: &Evidence) -> Vec<Sight> {
    let tracks = tracks(evidence);
    let own = tracks.into_iter().filter(|(track, _)| track.aspect == Aspect::AccessPoints);
    own.flat_map(|(_, said)| sights(&said)).map(|(_, sight)| sight).collect()
}

/// Every trouble of lines that are known and of sites, in order.
pub(super) fn troubles(topology: &Topology, evidence: &Evidence) -> Vec<Seen> {
    let mut seen: BTreeMap<(Subject, Ailment), Vec<Sight>> = BTreeMap::new();
    for (track, said) in tracks(evidence) {
        let subject = match &track.path {
            _ if track.aspect == Aspect::AccessPoints => continue,
            None => Subject::Site(track.site.clone()),
            Some(path) => match topology.of_end(&track.site, path) {
                Some(line) => Subject::Line(line.name.clone()),
                None => continue,
            },
        };
        for (ailment, sight) in sights(&said) {
            seen.entry((subject.clone(), ailment)).or_default().push(sight);
        }
    }
    let joined = seen.into_iter().flat_map(|((subject, ailment), sights)| {
        together(sights).into_iter().map(move |sights| seen_as(&subject, ailment, sights))
    });
    let mut all: Vec<Seen> = joined.collect();
    all.sort_by(|a, b| a.trouble.cmp(&b.trouble));
    all
}

fn tracks(evidence: &Evidence) -> BTreeMap<Track, Vec<Said>> {
    let mut tracks: BTreeMap<Track, Vec<Said>> = BTreeMap::new();
    for said in evidence.said() {
        tracks.entry(Track::of(said)).or_default().push(said.clone());
    }
    tracks
}

/// The spans of one track in which something was the matter, each with the word that ended it.
fn sights(said: &[Said]) -> Vec<(Ailment, Sight)> {
    let mut sights: Vec<(Ailment, Sight)> = Vec::new();
    for word in said {
        let now = ailment(&word.what);
        let open = sights.last_mut().filter(|(_, sight)| sight.until.is_none());
        if let Some((before, sight)) = open {
            if now == Some(*before) {
                sight.said.push(word.clone());
                continue;
            }
            sight.until = Some(word.at);
            if now.is_none() {
                sight.said.push(word.clone());
            }
        }
        if let Some(now) = now {
            let (site, said) = (word.site.clone(), vec![word.clone()]);
            sights.push((now, Sight { site, from: word.at, until: None, said }));
        }
    }
    sights
}

/// Those that began at the same time as far as clocks can tell, or before the others were over.
fn together(mut sights: Vec<Sight>) -> Vec<Vec<Sight>> {
    sights.sort_by(|a, b| (a.from, &a.site, a.until).cmp(&(b.from, &b.site, b.until)));
    let mut groups: Vec<Vec<Sight>> = Vec::new();
    for sight in sights {
        match groups.last_mut() {
            Some(group) if is_same(group, &sight) => group.push(sight),
            _ => groups.push(vec![sight]),
        }
    }
    groups
}

fn is_same(group: &[Sight], sight: &Sight) -> bool {
    let is_at_once =
        group.last().is_some_and(|last| sight.from.apart(last.from) <= CLOCKS + NOTICED);
    is_at_once || end_of(group).is_none_or(|end| end > sight.from)
}

/// Either end knows of both directions, so the first that has the other back tells the end of it.
fn end_of(sights: &[Sight]) -> Option<Moment> {
    let latest = sights.iter().map(|sight| sight.from).max().unwrap_or_default();
    sights.iter().filter_map(|sight| sight.until).filter(|until| *until >= latest).min()
}

fn seen_as(subject: &Subject, ailment: Ailment, sights: Vec<Sight>) -> Seen {
    let from = sights.iter().map(|sight| sight.from).min().unwrap_or_default();
    let until = end_of(&sights);
    let trouble = Trouble { subject: subject.clone(), ailment, from, until, is_planned: false };
    let mut seen = Seen { trouble, sights };
    seen.trouble.is_planned = seen.all_losses().iter().any(|loss| loss.is_planned());
    seen
}
