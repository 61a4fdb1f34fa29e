//! What agents say of their offices and of visitors beside them, for the sites whose visitors use the
//! same path. Pure.
//!
//! An event tells of a change at once, and what an agent tells every ten seconds sets right what was
//! missed. Events that come late, from an agent that could not reach the centre, are over: how its links
//! are now says more.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{OfficeNeed, OfficePath, OfficeState, SignIns, Timestamp};
use link::report::{Event, STOPPED};
use serde::{Deserialize, Serialize};

/// An event that is older, by the clocks of both, says nothing of now.
const FRESH: Duration = Duration::from_secs(60);
/// An office whose agent is silent counts as gone between so long ...
const HOLDS: Duration = Duration::from_secs(20 * 60);
/// ... and this much earlier, so that sites are not told anew every ten seconds.
const STEP: Duration = Duration::from_secs(5 * 60);

/// How it is with an office, as far as its visitors are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Office {
    generation: u64,
    /// The path on which visitors make room, and since when.
    clamped: Option<(String, Timestamp)>,
    /// Paths that have no room for more of them.
    stopped: BTreeSet<String>,
    /// When it became so.
    changed_at: Option<Timestamp>,
}

/// What is needed of how an agent says that its links are.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Links {
    clamped: Option<String>,
    #[serde(default)]
    is_dry_run: bool,
    #[serde(default)]
    paths: Vec<Path>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Path {
    name: String,
    #[serde(default)]
    is_closed_to_visitors: bool,
}

impl Office {
    /// Takes an event in.
    pub(super) fn hear(&mut self, event: &Event, now: Timestamp) {
        let at = i64::try_from(event.at).map_or(now, Timestamp::from_millis);
        let age = now.since(at).max(at.since(now));
        if event.dry_run || age > FRESH {
            return;
        }
        let mut stopped = self.stopped.clone();
        match (event.what.as_str(), &event.path) {
            ("site", _) => self.become_so(event.clamped.clone(), stopped, now),
            ("visitors", Some(path)) => {
                match event.code.as_deref() == Some(STOPPED) {
                    true => stopped.insert(path.clone()),
                    false => stopped.remove(path),
                };
                let clamped = self.clamped.as_ref().map(|(path, _)| path.clone());
                self.become_so(clamped, stopped, now);
            }
            _ => {}
        }
    }

    /// Takes in how its agent said at `at` that its links are.
    pub(super) fn note(&mut self, state: &str, at: Timestamp, now: Timestamp) {
        if self.changed_at.is_some_and(|changed_at| at <= changed_at) {
            return;
        }
        let Ok(links) = serde_json::from_str::<Links>(state) else { return };
        let closed = links.paths.into_iter().filter(|path| path.is_closed_to_visitors);
        let stopped = closed.map(|path| path.name).collect();
        match links.is_dry_run {
            true => self.become_so(None, BTreeSet::new(), now),
            false => self.become_so(links.clamped, stopped, now),
        }
    }

    fn become_so(&mut self, clamped: Option<String>, stopped: BTreeSet<String>, now: Timestamp) {
        let same = self.clamped.as_ref().map(|(path, _)| path) == clamped.as_ref();
        if same && self.stopped == stopped {
            return;
        }
        if !same {
            self.clamped = clamped.map(|path| (path, now));
        }
        (self.stopped, self.changed_at) = (stopped, Some(now));
        // Also later than all before, should what is known have been lost.
        let millis = u64::try_from(now.as_millis()).unwrap_or_default();
        self.generation = millis.max(self.generation + 1);
    }

    /// The state of a site whose visitors use that path; the agent was last heard at `seen_at`.
    pub(super) fn state(&self, path: &OfficePath, seen_at: Timestamp) -> OfficeState {
        let clamped = self.clamped.as_ref().filter(|(clamped, _)| path.covers(clamped));
        let need = clamped.map(|(clamped, since)| OfficeNeed {
            since: *since,
            until: holds_until(seen_at),
            sign_ins: match self.stopped.contains(clamped) {
                true => SignIns::Stopped,
                false => SignIns::Open,
            },
        });
        OfficeState { generation: self.generation, need }
    }
}

fn holds_until(seen_at: Timestamp) -> Timestamp {
    let step = i64::try_from(STEP.as_millis()).unwrap_or(i64::MAX);
    let latest = (seen_at + HOLDS).as_millis();
    Timestamp::from_millis(latest - latest.rem_euclid(step))
}

#[cfg(test)]
mod tests;
