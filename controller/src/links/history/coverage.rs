//! When agents told how their paths were, and when they did not run.

use std::time::Duration;

use domain::Timestamp;
use link::report::Cell;

use crate::links::span::{Span, Spans};

/// What is shorter is no silence: an agent that is started anew, or was busy.
const SHORTEST: Duration = Duration::from_secs(120);
/// What happened lately may still be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(300);

/// When a path was watched, by spans of one length in their order. One in which it was for nearly all the
/// time counts whole; of another the part beside a span before or after it does.
pub fn known<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Spans {
    let mut spans: Vec<Span> = Vec::new();
    for cell in cells {
        let begin = Timestamp::from_millis(i64::try_from(cell.begin).unwrap_or(i64::MAX));
        let length = Duration::from_secs(cell.span.into());
        let watched = Duration::from_secs(cell.tally.watched.into()).min(length);
        let goes_on = spans.last().is_some_and(|last| last.until >= begin);
        let span = if watched * 10 >= length * 9 {
            Span::new(begin, begin + length)
        } else if goes_on {
            Span::new(begin, begin + watched)
        } else {
            Span::new(begin + (length - watched), begin + length)
        };
        spans.push(span);
    }
    spans.into_iter().collect()
}

/// When nothing was told since somebody told something for the first time, within a period.
pub(super) fn gaps(known: &Spans, since: Timestamp, period: Span, now: Timestamp) -> Spans {
    let period = period.before(now);
    let watched = Spans::of(Span::new(since.max(period.from), period.until));
    let gaps = watched.without(known);
    let is_silence = |gap: &Span| {
        let is_late = gap.until == now && gap.length() < ON_ITS_WAY;
        gap.length() >= SHORTEST && !is_late
    };
    gaps.iter().filter(is_silence).collect()
}
