//! Work on paths that is planned at the centre: what it hands out, and when an agent sets which path aside.
//!
//! The centre hands out spans of Unix time with the time by its own clock, which the agent carries on by one
//! that nobody sets. An agent that has not heard the centre since it began goes by its own clock, unless that
//! stands before the plan was made. Whatever clocks do, work that has begun is over after its own length.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::report::Name;

/// How far ahead the centre hands out work.
pub const AHEAD: Duration = Duration::from_secs(35 * 86_400);
/// The most that it hands out to an office, the soonest first.
pub const MOST: usize = 256;
/// The longest that a path is set aside at once.
pub const LONGEST: Duration = Duration::from_secs(31 * 86_400);
/// What is over sooner does not begin any more.
const LEAST: Duration = Duration::from_secs(1);
/// By so much the end of work that goes on is put right only.
const NEWS: Duration = Duration::from_secs(2);

/// Work on a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Window {
    /// On which one.
    pub path: Name,
    /// From when on, in milliseconds of Unix time.
    pub from: u64,
    /// Until before then.
    pub until: u64,
    /// What people call it.
    pub why: String,
}

/// What the centre hands out to the agent of an office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Planned {
    /// The time by the centre's clock, in milliseconds of Unix time.
    pub now: u64,
    /// The work of the next weeks, in any order.
    pub windows: Vec<Window>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A path is set aside, and comes back by itself then.
    Begin {
        /// For what.
        window: Window,
        /// Until when.
        until: Instant,
    },
    /// A path that was set aside has come back by itself.
    Over {
        /// What is over.
        window: Window,
    },
    /// A path that is set aside is to come back now.
    End {
        /// What does not take place, or at another time.
        window: Window,
    },
}

/// What an agent knows of planned work.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    planned: Planned,
    /// When it was `now` at the centre, if it was heard.
    heard: Option<Instant>,
    current: BTreeMap<Name, (Window, Instant)>,
    /// What has been, as long as only our own clock says that it would be now.
    over: BTreeSet<Window>,
}

impl Calendar {
    /// With what was kept of what the centre handed out before.
    pub fn kept(planned: Planned) -> Self {
        Self { planned, ..Self::default() }
    }

    /// The centre handed that out just now; whether it is anything new.
    pub fn hear(&mut self, mut planned: Planned, now: Instant) -> bool {
        planned.windows.truncate(MOST);
        let is_new = planned.windows != self.planned.windows;
        (self.planned, self.heard) = (planned, Some(now));
        self.over.retain(|window| self.planned.windows.contains(window));
        is_new
    }

    /// What was handed out last.
    pub const fn planned(&self) -> &Planned {
        &self.planned
    }

    /// What is to be done now; `unix` is the time by our own clock.
    pub fn look(&mut self, unix: Duration, now: Instant) -> Vec<Step> {
        let mut steps = Vec::new();
        let due = self.current.extract_if(.., |_, (_, until)| *until <= now);
        let due: Vec<_> = due.map(|(_, (window, _))| window).collect();
        for window in due {
            self.over.insert(window.clone());
            steps.push(Step::Over { window });
        }
        let Some(time) = self.time(unix, now) else { return steps };
        for path in self.paths() {
            let wanted = self.wanted(&path, time, now);
            let is_kept = self.current.get(&path).is_some_and(|(window, _)| self.goes_on(window));
            match (self.current.get(&path), wanted) {
                (Some(current), Some(wanted)) if is_same(current, &wanted) => {}
                (Some(_), None) if is_kept => {}
                (Some((window, _)), None) => {
                    steps.push(Step::End { window: window.clone() });
                    self.current.remove(&path);
                }
                (before, Some((window, until))) => {
                    let former = before.map(|(window, _)| Step::End { window: window.clone() });
                    steps.extend(former);
                    steps.push(Step::Begin { window: window.clone(), until });
                    self.current.insert(path, (window, until));
                }
                (None, None) => {}
            }
        }
        steps
    }

    /// Whether work goes on although it is not planned for now: by our own clock, which may have been set.
    fn goes_on(&self, window: &Window) -> bool {
        self.heard.is_none() && self.planned.windows.contains(window)
    }

    /// The time in Unix time, if it is known.
    fn time(&self, unix: Duration, now: Instant) -> Option<Duration> {
        let made = Duration::from_millis(self.planned.now);
        match self.heard {
            Some(heard) => Some(made + now.saturating_duration_since(heard)),
            None => (unix >= made).then_some(unix),
        }
    }

    fn paths(&self) -> BTreeSet<Name> {
        let planned = self.planned.windows.iter().map(|window| &window.path);
        planned.chain(self.current.keys()).cloned().collect()
    }

    /// For what a path is to be set aside at a time, and until when: of several, for that which ends last.
    fn wanted(&self, path: &Name, time: Duration, now: Instant) -> Option<(Window, Instant)> {
        let of_path = self.planned.windows.iter().filter(|window| window.path == *path);
        let is_open = |window: &&Window| {
            let (from, until) = (window.begin(), window.end());
            let is_left = until.saturating_sub(time) >= LEAST;
            from <= time && is_left && (self.heard.is_some() || !self.over.contains(*window))
        };
        let last = of_path.filter(is_open).max_by_key(|window| window.until)?;
        let left = last.end().saturating_sub(time).min(LONGEST).min(last.length());
        Some((last.clone(), now + left))
    }
}

impl Window {
    fn begin(&self) -> Duration {
        Duration::from_millis(self.from)
    }

    fn end(&self) -> Duration {
        Duration::from_millis(self.until)
    }

    fn length(&self) -> Duration {
        self.end().saturating_sub(self.begin())
    }
}

fn is_same((window, until): &(Window, Instant), (wanted, then): &(Window, Instant)) -> bool {
    let off = until.saturating_duration_since(*then).max(then.saturating_duration_since(*until));
    window == wanted && off <= NEWS
}

#[cfg(test)]
mod tests;
