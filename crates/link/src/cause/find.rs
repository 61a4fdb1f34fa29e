//! Which troubles have one cause. Every rule only joins; which rules joined what is kept for the name.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{Group, Shared, name};
use super::trouble::{Seen, Sight, silent_access_points, troubles};
use super::{Ailment, CLOCKS, Cause, Evidence, Said, Subject, Topology};

/// Within how many milliseconds a site that goes dark loses its paths.
const DARK: u64 = 2_000;
/// Within how many milliseconds sites lose a hub, or lines what they share.
const AT_ONCE: u64 = 5_000;
/// How many sites lose a hub when it is the hub.
const SITES_OF_HUB: usize = 3;
/// For how many milliseconds a line is bad before it is lost to the same cause.
const FADING: u64 = 120_000;
/// Within how many milliseconds the silence of an agent belongs to the loss of its paths.
const SILENCE: u64 = 120_000;
/// And that of access points, which report only every few minutes.
const REPORTING: u64 = 600_000;

/// The cause of each trouble. Every trouble belongs to one; the same words give the same causes,
/// whatever came first.
pub fn find(topology: &Topology, evidence: &Evidence) -> Vec<Cause> {
    let seen = troubles(topology, evidence);
    let access_points = silent_access_points(evidence);
    let mut search = Search {
        topology,
        seen: &seen,
        access_points: &access_points,
        joined: (0..seen.len()).collect(),
        groups: Vec::new(),
    };
    search.fading();
    search.dark_sites();
    search.hubs();
    search.shared(|line| line.sector.clone(), Shared::Sector);
    search.shared(|line| line.provider.clone(), Shared::Provider);
    search.silences();
    search.causes()
}

struct Search<'a> {
    topology: &'a Topology,
    seen: &'a [Seen],
    access_points: &'a [Sight],
    /// The place of another trouble of the same cause; its own if it is the first.
    joined: Vec<usize>,
    groups: Vec<Group>,
}

impl Search<'_> {
    fn first_of(&self, mut place: usize) -> usize {
        while self.joined[place] != place {
            place = self.joined[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first_of(one), self.first_of(other));
        self.joined[one.max(other)] = one.min(other);
    }

    fn group(&mut self, shared: Shared, places: BTreeSet<usize>) {
        let Some(first) = places.first().copied() else { return };
        for place in &places {
            self.join(first, *place);
        }
        match self
            .groups
            .iter_mut()
            .find(|group| group.shared == shared && !group.places.is_disjoint(&places))
        {
            Some(group) => group.places.extend(places),
            None => self.groups.push(Group { shared, places }),
        }
    }

    fn of(&self, ailments: &[Ailment]) -> Vec<usize> {
        let wanted = |place: &usize| {
            let trouble = &self.seen[*place].trouble;
            ailments.contains(&trouble.ailment) && !trouble.is_planned
        };
        (0..self.seen.len()).filter(wanted).collect()
    }

    /// Of the losses, those on these lines that began with that one.
    fn lost_with(&self, place: usize, lines: &BTreeSet<&str>, window: u64) -> BTreeSet<usize> {
        let with = |other: &usize| {
            lines.contains(self.seen[*other].trouble.subject.name())
                && self.seen[place].began_with(&self.seen[*other], window)
        };
        self.of(&[Ailment::Lost]).into_iter().filter(with).collect()
    }

    fn names(&self, places: &BTreeSet<usize>) -> BTreeSet<&str> {
        places.iter().map(|place| self.seen[*place].trouble.subject.name()).collect()
    }

    /// A line that was bad, and then lost.
    fn fading(&mut self) {
        for lost in self.of(&[Ailment::Lost]) {
            for bad in self.of(&[Ailment::Bad]) {
                let (late, early) = (&self.seen[lost].trouble, &self.seen[bad].trouble);
                let is_before = late.subject == early.subject
                    && early.from <= late.from.after(CLOCKS)
                    && early.from >= late.from.before(FADING)
                    && early.until.is_none_or(|until| until >= late.from.before(CLOCKS));
                if is_before {
                    self.group(Shared::Fading, BTreeSet::from([lost, bad]));
                }
            }
        }
    }

    fn dark_sites(&mut self) {
        for site in self.topology.sites() {
            let lines: BTreeSet<&str> =
                self.topology.of_site(site).map(|line| line.name.as_str()).collect();
            for place in self.of(&[Ailment::Lost]) {
                if !lines.contains(self.seen[place].trouble.subject.name()) {
                    continue;
                }
                let lost = self.lost_with(place, &lines, DARK);
                let is_whole = self.names(&lost) == lines;
                let is_dark = lines.len() > 1 || self.silence_of(site, place).is_some();
                if is_whole && is_dark {
                    self.group(Shared::Dark(site.to_owned()), lost);
                }
            }
        }
    }

    /// A site lost a hub when it lost all lines to it.
    fn hubs(&mut self) {
        let hubs: BTreeSet<&str> =
            self.topology.lines.iter().filter_map(|line| line.hub.as_deref()).collect();
        for hub in hubs {
            let mut spokes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for line in self.topology.lines.iter().filter(|line| line.hub.as_deref() == Some(hub)) {
                for end in line.ends.iter().filter(|end| end.site != hub) {
                    spokes.entry(&end.site).or_default().insert(&line.name);
                }
            }
            for place in self.of(&[Ailment::Lost]) {
                let lost: Vec<_> = spokes
                    .values()
                    .map(|lines| (lines, self.lost_with(place, lines, AT_ONCE)))
                    .filter(|(lines, lost)| self.names(lost) == **lines)
                    .collect();
                if lost.len() >= SITES_OF_HUB {
                    let all = lost.into_iter().flat_map(|(_, lost)| lost).collect();
                    self.group(Shared::Hub(hub.to_owned()), all);
                }
            }
        }
    }

    /// Lines that share something, and are in trouble at once.
    fn shared(
        &mut self,
        of: impl Fn(&super::Line) -> Option<String>,
        shared: impl Fn(String) -> Shared,
    ) {
        let what = |place: usize| {
            let line = self.topology.line(self.seen[place].trouble.subject.name())?;
            of(line)
        };
        let mut by_what: BTreeMap<(String, Ailment), Vec<usize>> = BTreeMap::new();
        for place in self.of(&[Ailment::Lost, Ailment::Bad]) {
            let ailment = self.seen[place].trouble.ailment;
            if let Some(what) = what(place) {
                by_what.entry((what, ailment)).or_default().push(place);
            }
        }
        for ((what, _), places) in by_what {
            for place in &places {
                let began =
                    |other: &&usize| self.seen[*place].began_with(&self.seen[**other], AT_ONCE);
                let at_once: BTreeSet<usize> = places.iter().filter(began).copied().collect();
                if self.names(&at_once).len() > 1 {
                    self.group(shared(what.clone()), at_once);
                }
            }
        }
    }

    /// The silence of a site's agent that began about when that trouble did.
    fn silence_of(&self, site: &str, place: usize) -> Option<usize> {
        let trouble = &self.seen[place].trouble;
        (0..self.seen.len()).find(|other| {
            let silence = &self.seen[*other].trouble;
            silence.ailment == Ailment::Silent
                && silence.subject == Subject::Site(site.to_owned())
                && silence.from.apart(trouble.from) <= SILENCE
        })
    }

    /// An agent is silent because its site is cut off.
    fn silences(&mut self) {
        for place in self.of(&[Ailment::Lost]) {
            let line = self.topology.line(self.seen[place].trouble.subject.name());
            let Some(line) = line else { continue };
            for end in &line.ends {
                let lines: BTreeSet<&str> =
                    self.topology.of_site(&end.site).map(|line| line.name.as_str()).collect();
                let lost = self.lost_with(place, &lines, AT_ONCE);
                let is_cut_off = self.names(&lost) == lines;
                if let Some(silence) = self.silence_of(&end.site, place).filter(|_| is_cut_off) {
                    self.join(place, silence);
                }
            }
        }
    }

    fn causes(&self) -> Vec<Cause> {
        let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for place in 0..self.seen.len() {
            members.entry(self.first_of(place)).or_default().insert(place);
        }
        members.into_values().map(|places| self.cause(&places)).collect()
    }

    fn cause(&self, places: &BTreeSet<usize>) -> Cause {
        let groups: Vec<&Group> =
            self.groups.iter().filter(|group| !group.places.is_disjoint(places)).collect();
        let of_power = |site: &str| self.without_power(site, places);
        let kind = name(self.topology, self.seen, places, &groups, of_power);
        let mut evidence: BTreeSet<Said> = BTreeSet::new();
        for place in places {
            let sights = self.seen[*place].sights.iter();
            evidence.extend(sights.flat_map(|sight| &sight.said).cloned());
        }
        if let Some(site) = kind.about() {
            evidence.extend(self.without_power(site, places).into_iter().flatten().cloned());
        }
        let troubles = places.iter().map(|place| self.seen[*place].trouble.clone()).collect();
        Cause { kind, troubles, evidence: evidence.into_iter().collect() }
    }

    /// What was said of the access points of a site that fell silent with these troubles.
    fn without_power(&self, site: &str, places: &BTreeSet<usize>) -> Option<&[Said]> {
        let lost = places.iter().map(|place| &self.seen[*place].trouble);
        let mut lost = lost.filter(|trouble| trouble.ailment == Ailment::Lost);
        let begin = lost.by_ref().map(|trouble| trouble.from).min()?;
        let silent = self.access_points.iter().find(|sight| {
            sight.site == site
                && sight.from.apart(begin) <= REPORTING
                && sight.until.is_none_or(|until| until > begin)
        })?;
        Some(&silent.said)
    }
}
