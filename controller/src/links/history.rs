//! From what agents told to what lines, offices and services were.
//!
//! Each end of a line tells of it by itself. It says nothing while its agent does not run, which is seen
//! by the spans of time of which it told nothing; a centre that was not reached meanwhile is no silence.

mod clocks;
mod coverage;
mod end;

use std::collections::BTreeMap;

use domain::{Timestamp, Zone};
use link::cause::{Ailment, Evidence, Line, Moment, PathNow, Said, Subject, Topology, What, find};

pub use coverage::known;
pub use end::EndHistory;

use super::availability::{ClockStep, LineHistory, Outage, ServiceHistory};
use super::maintenance::{MaintenanceWindow, spans_of};
use super::span::{Span, Spans};
use super::timestamp;

/// Something that an agent told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When it happened, by the clock of the router.
    pub at: Timestamp,
    /// When the centre had it.
    pub taken_at: Timestamp,
    /// What.
    pub word: Word,
}

/// What matters of it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The agent began to run.
    Began,
    /// How a path is, or whether it would carry the office.
    Path {
        /// Which.
        path: String,
        /// How.
        now: PathNow,
    },
    /// A path was not tried for long.
    Untried {
        /// Which.
        path: String,
    },
    /// The office goes by another path.
    Office {
        /// By which now.
        path: String,
        /// Which one it prefers from now on, if that is told.
        preferred: Option<String>,
    },
    /// What runs no agent answers, or does not any more.
    Target {
        /// What it is called.
        target: String,
        /// Whether it answers.
        answers: bool,
    },
    /// The office used its backup as an exercise, or was to.
    Exercise {
        /// The path that it went to, or would not leave.
        backup: String,
        /// `passed`, `failed` or `refused`.
        outcome: String,
        /// How it was, in sentences.
        said: String,
    },
    /// A path was filled to know what it carries to the end.
    Filled {
        /// Which.
        path: String,
        /// What it carried to the far end and from there, in kbit/s.
        kbit: [u64; 2],
    },
    /// Anything else.
    Other,
}

/// What the agent of a site told.
#[derive(Debug, Clone, Default)]
pub struct SiteTold {
    /// Its paths, the preferred one first.
    pub paths: Vec<String>,
    /// All of it, in the order in which the agent wrote it down.
    pub told: Vec<Told>,
    /// When it told how each of its paths was, as far as the period goes.
    pub known: BTreeMap<String, Spans>,
    /// When it told that of a path for the first time, also before the period.
    pub since: BTreeMap<String, Timestamp>,
}

/// What people and the centre know beside it.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Work that was planned.
    pub windows: &'a [MaintenanceWindow],
    /// Lines that were lost for a cause that was found.
    pub causes: &'a [CauseKnown],
    /// By whose clocks work comes again.
    pub zone: &'a Zone,
    /// What is asked for.
    pub period: Span,
    /// The end of what is known.
    pub now: Timestamp,
}

/// Why a line was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseKnown {
    /// Which line.
    pub line: String,
    /// When.
    pub span: Span,
    /// As [`link::cause::Kind::as_str`].
    pub cause: String,
}

/// A service of an office that targets ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service<'a> {
    /// What people call it.
    pub name: &'a str,
    /// The site whose agent asks.
    pub site: &'a str,
    /// The targets; it is there while any of them answers.
    pub targets: &'a [String],
}

impl SiteTold {
    /// When the agent did not run, in the period: nothing was told of any path.
    fn silent(&self, around: Around<'_>) -> Spans {
        let told = self.known.values().fold(Spans::default(), |all, known| all.or(known));
        let since = self.since.values().min().copied().unwrap_or(around.now);
        coverage::gaps(&told, since, around.period, around.now)
    }

    fn clock_steps(&self, site: &str, around: Around<'_>) -> Vec<ClockStep> {
        clocks::steps(site, &self.told, &self.silent(around))
    }
}

/// What a line was.
pub fn line_history(
    line: &Line,
    sites: &BTreeMap<String, SiteTold>,
    around: Around<'_>,
) -> LineHistory {
    let told = line.ends.iter().filter_map(|end| Some((end, sites.get(&end.site)?)));
    let ends: Vec<_> = told
        .filter_map(|(end, told)| Some((told, EndHistory::of(&end.path, told, around)?)))
        .collect();
    let both = |of: fn(&EndHistory) -> &Spans| {
        let spans = ends.iter().map(|(_, end)| of(end).clone());
        spans.reduce(|all, own| all.and(&own)).unwrap_or_default()
    };
    let tried = ends.iter().filter(|(_, end)| end.is_tried).map(|(_, end)| end.proven.clone());
    let mut subjects = vec![Subject::Line(line.name.clone())];
    let named = line.ends.iter().map(|end| &end.site).chain(&line.hub);
    subjects.extend(named.map(|site| Subject::Site(site.clone())));
    let planned = spans_of(around.windows, &subjects, around.zone, around.long_period());
    let taken_out = ends.iter().fold(planned, |all, (_, end)| all.or(&end.planned));
    let mut steps: Vec<ClockStep> = Vec::new();
    for end in &line.ends {
        if let Some(told) = sites.get(&end.site) {
            steps.extend(told.clock_steps(&end.site, around));
        }
    }
    steps.sort_unstable();
    steps.dedup();
    LineHistory {
        line: line.name.clone(),
        watched_since: ends.iter().map(|(_, end)| end.since).min().unwrap_or(around.now),
        outages: outages(line, &ends, sites, around),
        silent: both(|end| &end.silent),
        maintenance: taken_out,
        proven: tried.reduce(|all, own| all.and(&own)).unwrap_or_default(),
        clock_steps: steps,
    }
}

/// When the line was down by either end, and why.
fn outages(
    line: &Line,
    ends: &[(&SiteTold, EndHistory)],
    sites: &BTreeMap<String, SiteTold>,
    around: Around<'_>,
) -> Vec<Outage> {
    let down = ends.iter().fold(Spans::default(), |all, (_, end)| all.or(&end.down));
    let outage = |span: Span| Outage {
        from: span.from,
        until: (span.until < around.now).then_some(span.until),
        cause: cause(line, span, sites, around.causes),
    };
    down.iter().map(outage).collect()
}

/// The cause that the centre found, or else what both ends say of that line alone.
fn cause(
    line: &Line,
    span: Span,
    sites: &BTreeMap<String, SiteTold>,
    causes: &[CauseKnown],
) -> String {
    let overlap = |known: &CauseKnown| {
        Spans::of(known.span).within(Span::new(span.from, span.until)).length()
    };
    let own = causes.iter().filter(|known| known.line == line.name && !overlap(known).is_zero());
    if let Some(known) = own.max_by_key(|known| overlap(known)) {
        return known.cause.clone();
    }
    let mut evidence = Evidence::default();
    for end in &line.ends {
        for told in sites.get(&end.site).into_iter().flat_map(|site| &site.told) {
            let Word::Path { path, now } = &told.word else { continue };
            if *path == end.path && span.contains(told.at) {
                let at = Moment::from_millis(u64::try_from(told.at.as_millis()).unwrap_or(0));
                let what = What::Path { path: path.clone(), now: *now };
                evidence.add(Said { at, site: end.site.clone(), what });
            }
        }
    }
    let alone = Topology { lines: vec![line.clone()] };
    let found = find(&alone, &evidence);
    let lost = found.iter().find(|cause| cause.ailment() == Ailment::Lost);
    lost.map_or("unknown", |cause| cause.kind.as_str()).to_owned()
}

/// What an office had by its lines, the preferred one first.
pub fn office_history(
    site: &str,
    lines: Vec<LineHistory>,
    told: Option<&SiteTold>,
    around: Around<'_>,
) -> ServiceHistory {
    let on_backup = told.map(|told| {
        let mut preferred = told.paths.first();
        let changes = told.told.iter().filter_map(|told| match &told.word {
            Word::Office { path, preferred: other } => {
                preferred = other.as_ref().or(preferred);
                Some((told, preferred.is_some_and(|preferred| preferred != path)))
            }
            _ => None,
        });
        let away = end::along(changes, around.now);
        away.without(&told.silent(around))
    });
    ServiceHistory { site: site.to_owned(), lines, on_backup: on_backup.unwrap_or_default() }
}

/// What a service was, by the targets that ask for it.
pub fn service_history(
    service: &Service<'_>,
    told: Option<&SiteTold>,
    around: Around<'_>,
) -> ServiceHistory {
    let subjects = [Subject::Site(service.site.to_owned())];
    let maintenance = spans_of(around.windows, &subjects, around.zone, around.long_period());
    let target = |target: &String| LineHistory {
        line: target.clone(),
        watched_since: told
            .and_then(|told| told.since.values().min().copied())
            .unwrap_or(around.now),
        outages: told.map(|told| end::unanswered(target, told, around)).unwrap_or_default(),
        silent: told.map(|told| told.silent(around)).unwrap_or_default(),
        maintenance: maintenance.clone(),
        proven: Spans::default(),
        clock_steps: told.map(|told| told.clock_steps(service.site, around)).unwrap_or_default(),
    };
    ServiceHistory {
        site: service.name.to_owned(),
        lines: service.targets.iter().map(target).collect(),
        on_backup: Spans::default(),
    }
}

impl Around<'_> {
    /// The period with what reaches into it.
    fn long_period(self) -> Span {
        let before = std::time::Duration::from_secs(31 * 86_400);
        Span::new(self.period.from - before, self.period.until)
    }
}

/// The lines that troubles of an incident say were lost, with the name of its cause.
pub fn causes_of(incident: &super::incident::Incident, now: Timestamp) -> Vec<CauseKnown> {
    let lost = incident.troubles.iter().filter(|trouble| trouble.ailment == Ailment::Lost);
    let known = lost.filter_map(|trouble| match &trouble.subject {
        Subject::Line(line) => Some(CauseKnown {
            line: line.clone(),
            span: Span::new(timestamp(trouble.from), trouble.until.map_or(now, timestamp)),
            cause: incident.kind.as_str().to_owned(),
        }),
        Subject::Site(_) => None,
    });
    known.collect()
}

#[cfg(test)]
mod tests;
