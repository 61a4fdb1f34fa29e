//! What one end of a line says of it, and a target of itself.

use std::time::Duration;

use domain::Timestamp;
use link::cause::PathNow;

use super::coverage::gaps;
use super::{Around, SiteTold, Told, Word};
use crate::links::availability::Outage;
use crate::links::span::{Span, Spans};

/// What one end says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndHistory {
    /// Since when.
    pub since: Timestamp,
    /// When it carried nothing.
    pub down: Spans,
    /// When people had taken it out.
    pub planned: Spans,
    /// When it was proven to carry the office.
    pub proven: Spans,
    /// Whether it was ever tried.
    pub is_tried: bool,
    /// When nothing was told of it.
    pub silent: Spans,
}

/// How a path is, of what matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Down,
    Planned,
    Proven,
}

impl EndHistory {
    /// Of a path; `None` if nothing was ever told of it.
    pub fn of(path: &str, told: &SiteTold, around: Around<'_>) -> Option<Self> {
        let is_own = |word: &Word| match word {
            Word::Path { path: of, .. } | Word::Untried { path: of } => of == path,
            _ => false,
        };
        let first = told.told.iter().find(|told| is_own(&told.word)).map(|told| told.at);
        let since = first.into_iter().chain(told.since.get(path).copied()).min()?;
        let no_cells = Spans::default();
        let known = told.known.get(path).unwrap_or(&no_cells);
        let silent = gaps(known, since, around.period, around.now);
        let spans = |aspect| spans(told, path, aspect, around.now).without(&silent);
        let down = spans(Aspect::Down);
        let is_tried = told.told.iter().any(|told| {
            matches!(&told.word, Word::Path { path: of, now: PathNow::Fit | PathNow::Unfit { .. } }
                if of == path)
        });
        Some(Self {
            since,
            planned: spans(Aspect::Planned),
            proven: spans(Aspect::Proven).without(&down),
            down,
            is_tried,
            silent,
        })
    }
}

/// When a path was so, as far as its agent says; one that begins anew says nothing yet.
fn spans(told: &SiteTold, path: &str, aspect: Aspect, now: Timestamp) -> Spans {
    let changes = told.told.iter().filter_map(|told| {
        let is = match &told.word {
            Word::Began => Some(false),
            Word::Path { path: of, now } if of == path => aspect.is(*now),
            Word::Untried { path: of } if of == path && aspect == Aspect::Proven => Some(false),
            _ => None,
        };
        is.map(|is| (told, is))
    });
    along(changes, now)
}

impl Aspect {
    /// Whether it is so; `None` if that says nothing of it.
    const fn is(self, now: PathNow) -> Option<bool> {
        match (self, now) {
            (Self::Proven, PathNow::Fit) => Some(true),
            (Self::Proven, PathNow::Unfit { .. }) => Some(false),
            (Self::Proven, _) | (_, PathNow::Fit | PathNow::Unfit { .. }) => None,
            (Self::Down, PathNow::Lost(loss)) => Some(!loss.is_planned()),
            (Self::Planned, PathNow::Lost(loss)) => Some(loss.is_planned()),
            (Self::Down | Self::Planned, PathNow::Good | PathNow::Bad) => Some(false),
        }
    }
}

/// The spans from each word that it is so until the next that it is not.
pub(super) fn along<'a>(changes: impl Iterator<Item = (&'a Told, bool)>, now: Timestamp) -> Spans {
    let mut since = None;
    let mut spans = Vec::new();
    for (told, is) in changes {
        match (is, since) {
            (true, None) => since = Some(told.at),
            (false, Some(from)) => {
                spans.push(Span::new(from, told.at));
                since = None;
            }
            _ => {}
        }
    }
    spans.extend(since.map(|from| Span::new(from, now)));
    spans.into_iter().filter(|span| span.length() > Duration::ZERO).collect()
}

/// When a target did not answer.
pub(super) fn unanswered(target: &str, told: &SiteTold, around: Around<'_>) -> Vec<Outage> {
    let changes = told.told.iter().filter_map(|told| {
        let is = match &told.word {
            Word::Began => Some(false),
            Word::Target { target: of, answers } if of == target => Some(!answers),
            _ => None,
        };
        is.map(|is| (told, is))
    });
    let down = along(changes, around.now).without(&told.silent(around));
    let outage = |span: Span| Outage {
        from: span.from,
        until: (span.until < around.now).then_some(span.until),
        cause: "target".to_owned(),
    };
    down.iter().map(outage).collect()
}
