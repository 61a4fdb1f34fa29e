//! The report of a month, from what agents told, what people planned and what the centre concluded.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::{Timestamp, Zone};
use link::cause::{End, Line, Topology};
use store::{LinkSite, Store, StoreError};

use super::mapping::lines_now;
use super::settings::{LinkCentreSettings, own_name};
use super::told::{Asked, Qualities, of_site};
use super::windows;
use crate::links::availability::{Figures, LineHistory};
use crate::links::history::{
    Around, CauseKnown, Service, SiteTold, Told, Word, causes_of, line_history, office_history,
    service_history,
};
use crate::links::incident::Incident;
use crate::links::maintenance::MaintenanceWindow;
use crate::links::map::{LineNow, svg};
use crate::links::report::{
    CarriedReport, ExerciseReport, LineReport, OutageReport, Report, render,
};
use crate::links::span::Span;
use crate::links::wording::{Catalogue, Language};

/// The most incidents that are looked at for causes.
const INCIDENTS: NonZeroU32 = NonZeroU32::new(20_000).expect("not zero");
/// Work that began so long before may reach into a month.
const LONGEST_WORK: Duration = Duration::from_secs(31 * 86_400);
/// For how long after its end a month has the map of the present.
const PRESENT: Duration = Duration::from_secs(7 * 86_400);
/// What stands for the far ends of paths that are on no line.
pub(super) const ELSEWHERE: &str = "?";

/// A report, and how the lines were when it was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) report: Report,
    topology: Topology,
    now: BTreeMap<String, LineNow>,
}

/// A month by its name, such as `2026-10`, if it has begun.
pub(crate) fn month(name: &str, zone: &Zone, now: Timestamp) -> Option<Span> {
    let is_name = name.len() == "2026-10".len() && name.as_bytes().get(4) == Some(&b'-');
    let first = zone.read(&format!("{name}-01")).ok().filter(|first| is_name && *first < now)?;
    Some(Span::month(zone, first))
}

/// The name of the month of a moment.
pub(crate) fn name_of(zone: &Zone, moment: Timestamp) -> String {
    zone.write(moment).chars().take("2026-10".len()).collect()
}

/// The name of the month before that of a moment.
pub(crate) fn month_before(zone: &Zone, moment: Timestamp) -> String {
    let month = Span::month(zone, moment);
    name_of(zone, month.from - Duration::from_secs(3_600))
}

impl Made {
    /// The page in a language.
    pub(crate) fn page(&self, words: &Catalogue, language: Language) -> String {
        let is_present = self.report.made < self.report.month.until + PRESENT;
        let map = is_present.then(|| svg(&self.topology, &self.now, words, language));
        render(&Report { map, ..self.report.clone() }, words, language)
    }
}

/// Makes the report of a month.
pub(crate) async fn make(
    store: &Arc<dyn Store>,
    settings: &LinkCentreSettings,
    month: Span,
    now: Timestamp,
) -> Result<Made, StoreError> {
    let zone = &settings.zone;
    let asked = Asked { store, zone, period: month, now };
    let kept = store.list_link_sites().await?;
    let (mut sites, mut qualities) = (BTreeMap::new(), BTreeMap::new());
    for site in &kept {
        let (told, quality) = of_site(site, asked).await?;
        sites.insert(site.name.to_string(), told);
        qualities.insert(site.name.to_string(), quality);
    }
    let planned = windows::all(store, month.from - LONGEST_WORK).await?;
    let windows: Vec<MaintenanceWindow> =
        planned.into_iter().map(|planned| planned.window).collect();
    let causes = causes(store, month, now).await?;
    let around = Around { windows: &windows, causes: &causes, zone, period: month, now };
    let of_sites = sites.iter().map(|(site, told)| (site.as_str(), told.paths.as_slice()));
    let topology = whole(&settings.lines, of_sites);
    let lines: BTreeMap<&str, LineHistory> = topology
        .lines
        .iter()
        .map(|line| (line.name.as_str(), line_history(line, &sites, around)))
        .collect();
    let report = Report {
        city: settings.city.clone(),
        zone: zone.clone(),
        month,
        made: now,
        offices: offices(&topology, &lines, &sites, around),
        services: services(settings, &sites, around),
        lines: line_reports(&topology, &lines, (&sites, &qualities), around),
        outages: outages(&topology, &lines, month),
        exercises: exercises(&sites, month),
        map: None,
    };
    let states = lines_now(&topology, &kept, &windows, (zone, now));
    Ok(Made { report, topology, now: states })
}

/// The lines that are set, and every other path of an agent, of which the far end is not known.
pub(super) fn whole<'a>(
    lines: &[Line],
    paths: impl Iterator<Item = (&'a str, &'a [String])>,
) -> Topology {
    let mut topology = Topology { lines: lines.to_vec() };
    for (site, paths) in paths {
        for path in paths {
            if topology.of_end(site, path).is_some() {
                continue;
            }
            let name = own_name(site, path);
            let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
            let ends = [end(site, path), end(ELSEWHERE, &name)];
            let hub = Some(ELSEWHERE.to_owned());
            topology.lines.push(Line { name, ends, hub, sector: None, provider: None });
        }
    }
    topology
}

/// Why lines were lost, as incidents say.
async fn causes(
    store: &Arc<dyn Store>,
    month: Span,
    now: Timestamp,
) -> Result<Vec<CauseKnown>, StoreError> {
    let kept = store.list_link_incidents(false, INCIDENTS).await?;
    let mut causes = Vec::new();
    for kept in kept {
        let is_of_it = kept.begin_at < month.until
            && kept.ended_at.is_none_or(|ended| ended >= month.from - LONGEST_WORK);
        // One that a later version wrote has no cause here.
        if let Some(incident) =
            is_of_it.then(|| serde_json::from_str::<Incident>(&kept.incident).ok()).flatten()
        {
            causes.extend(causes_of(&incident, now));
        }
    }
    Ok(causes)
}

/// The offices with their lines in the order in which they prefer them; a hub is none.
fn offices(
    topology: &Topology,
    lines: &BTreeMap<&str, LineHistory>,
    sites: &BTreeMap<String, SiteTold>,
    around: Around<'_>,
) -> Vec<(String, Figures)> {
    let offices = topology.sites().into_iter().filter(|site| !topology.is_hub(site));
    let figures = offices.map(|site| {
        let told = sites.get(site);
        let place = |line: &&Line| {
            let own = line.ends.iter().find(|end| end.site == site);
            let place = |paths: &Vec<String>| {
                paths.iter().position(|path| Some(path) == own.map(|own| &own.path))
            };
            told.and_then(|told| place(&told.paths)).unwrap_or(usize::MAX)
        };
        let mut own: Vec<&Line> = topology.of_site(site).collect();
        own.sort_by_key(place);
        let own = own.iter().filter_map(|line| lines.get(line.name.as_str()).cloned()).collect();
        let history = office_history(site, own, told, around);
        (site.to_owned(), history.figures(around.period, around.now))
    });
    figures.collect()
}

fn services(
    settings: &LinkCentreSettings,
    sites: &BTreeMap<String, SiteTold>,
    around: Around<'_>,
) -> Vec<(String, Figures)> {
    let figures = settings.services.iter().map(|service| {
        let asked = Service { name: &service.name, site: &service.site, targets: &service.targets };
        let history = service_history(&asked, sites.get(&service.site), around);
        (service.name.clone(), history.figures(around.period, around.now))
    });
    figures.collect()
}

fn line_reports(
    topology: &Topology,
    lines: &BTreeMap<&str, LineHistory>,
    (sites, qualities): (&BTreeMap<String, SiteTold>, &BTreeMap<String, Qualities>),
    around: Around<'_>,
) -> Vec<LineReport> {
    let report = |line: &Line| {
        let history = lines.get(line.name.as_str())?;
        // What one end measured of both directions is enough.
        let measured = line.ends.iter().find_map(|end| {
            let days = qualities.get(&end.site)?.get(&end.path)?;
            (!days.is_empty()).then(|| days.clone())
        });
        Some(LineReport {
            name: line.name.clone(),
            figures: history.figures(around.period, around.now),
            days: measured.unwrap_or_default(),
            maintenance: history.maintenance.within(around.period),
            carried: carried(line, sites, around),
        })
    };
    topology.lines.iter().filter_map(report).collect()
}

/// What a line carried to the end, by the first of its ends that knows.
fn carried(
    line: &Line,
    sites: &BTreeMap<String, SiteTold>,
    around: Around<'_>,
) -> Option<CarriedReport> {
    line.ends.iter().find_map(|end| {
        let told = sites.get(&end.site)?.told.iter();
        let run = |told: &Told| match &told.word {
            Word::Filled { path, kbit } if *path == end.path && around.period.contains(told.at) => {
                Some((told.at, *kbit))
            }
            _ => None,
        };
        CarriedReport::of(&end.site, &told.filter_map(run).collect::<Vec<_>>(), around.zone)
    })
}

/// What was down in the month outside of work.
fn outages(
    topology: &Topology,
    lines: &BTreeMap<&str, LineHistory>,
    month: Span,
) -> Vec<OutageReport> {
    let histories = topology.lines.iter().filter_map(|line| lines.get(line.name.as_str()));
    let told = histories.flat_map(|history| {
        history.outages.iter().filter_map(|outage| {
            let until = outage.until.unwrap_or(month.until).min(month.until);
            let own = crate::links::span::Spans::of(Span::new(outage.from, until));
            let counts = own.within(month).without(&history.maintenance);
            (!counts.is_empty()).then(|| OutageReport {
                line: history.line.clone(),
                from: outage.from,
                until: outage.until,
                cause: outage.cause.clone(),
            })
        })
    });
    told.collect()
}

/// Exercises of a month, one after the other.
fn exercises(sites: &BTreeMap<String, SiteTold>, month: Span) -> Vec<ExerciseReport> {
    let told = sites.iter().flat_map(|(site, told)| told.told.iter().map(move |told| (site, told)));
    let exercise = |(site, told): (&String, &Told)| match &told.word {
        Word::Exercise { backup, outcome, said } if month.contains(told.at) => {
            Some(ExerciseReport {
                site: site.clone(),
                at: told.at,
                backup: backup.clone(),
                outcome: outcome.clone(),
                said: said.clone(),
            })
        }
        _ => None,
    };
    let mut exercises: Vec<_> = told.filter_map(exercise).collect();
    exercises.sort_by_key(|exercise| exercise.at);
    exercises
}

/// The sites that were heard, each with its paths.
pub(super) fn told_paths(sites: &[LinkSite]) -> Vec<(String, Vec<String>)> {
    sites.iter().map(|site| (site.name.to_string(), super::told::paths(site))).collect()
}

#[cfg(test)]
mod tests;
